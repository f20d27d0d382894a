"""The public API of Python source, read from its syntax tree: nothing is imported or executed."""

from __future__ import annotations

import ast
import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator, Mapping

from codegen.python_source import AnyFunction, imports, module_name

Union = frozenset[str]  # the members of an annotation


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a function."""

    name: str
    kind: str  # positional or keyword
    annotation: str
    default: str | None


@dataclasses.dataclass
class Function:
    """A function or method."""

    parameters: tuple[Parameter, ...]
    returns: str
    is_async: bool
    decorators: tuple[str, ...]
    doc: str
    body: str


@dataclasses.dataclass(frozen=True)
class Attribute:
    """An annotated attribute of a class; with attrs, in its order a parameter of the constructor."""

    name: str
    annotation: str
    default: str | None
    init: bool = True
    mask: str = ""


@dataclasses.dataclass
class Class:
    """A class: a model, an enum, or any other."""

    name: str
    bases: tuple[str, ...]
    attributes: dict[str, Attribute] = dataclasses.field(default_factory=dict[str, Attribute])
    members: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    methods: dict[str, Function] = dataclasses.field(default_factory=dict[str, Function])
    doc: str = ""
    twice: tuple[str, ...] = ()  # names that are defined twice
    readers: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict[str, tuple[str, ...]])

    @property
    def is_enum(self) -> bool:
        """Whether instances are a fixed set of members."""
        return any(base.rpartition(".")[2] in ("Enum", "StrEnum", "IntEnum", "OpenEnum") for base in self.bases)

    @property
    def is_error(self) -> bool:
        """Whether it is raised: what it says is for people."""
        return any(name.endswith(("Error", "Exception")) for name in (self.name, *self.bases))

    @property
    def fields(self) -> list[Attribute]:
        """The parameters of the constructor in their order."""
        return [attribute for attribute in self.attributes.values() if attribute.init]


@dataclasses.dataclass
class Module:
    """A module."""

    name: str
    classes: dict[str, Class] = dataclasses.field(default_factory=dict[str, Class])
    functions: dict[str, Function] = dataclasses.field(default_factory=dict[str, Function])
    constants: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    exports: frozenset[str] = frozenset()
    operation: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    doc: str = ""
    rest: str = ""  # everything without docstrings, to notice what else has changed
    imports: tuple[tuple[str, str], ...] = ()  # module and name, of relative imports


Snapshot = dict[str, Module]


def snapshot(sources: Mapping[str, str]) -> tuple[Snapshot, list[str]]:
    """The API of the modules in `sources` (path to text), and the paths that are not valid Python."""
    modules: Snapshot = {}
    invalid: list[str] = []
    for path, text in sorted(sources.items()):
        module = _read(path, text)
        if module is None:
            invalid.append(path)
        else:
            modules[module.name] = module
    return modules, invalid


@functools.lru_cache(maxsize=4096)
def _read(path: str, text: str) -> Module | None:
    """The API of a module; None if it is not valid Python. Most modules are the same on both sides of a comparison."""
    try:
        tree = ast.parse(text, path)
        compile(text, path, "exec", dont_inherit=True)  # finds what the grammar allows: a keyword given twice
    except (SyntaxError, ValueError):
        return None
    return _module(path, tree)


def _module(path: str, tree: ast.Module) -> Module:
    is_package = path.endswith("__init__.py")
    module = Module(module_name(path), doc=ast.get_docstring(tree) or "")
    exports: set[str] = set()
    declared: set[str] | None = None
    for node in tree.body:
        match node:
            case ast.ClassDef():
                module.classes[node.name] = _class(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.functions[node.name] = _function(node)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.Tuple(elts=names) | ast.List(elts=names)):
                declared = {
                    each.value for each in names if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
            case ast.AnnAssign(target=ast.Name(id="OPERATION"), value=ast.Call(keywords=keywords)):
                module.operation = dict(_operation(keywords))
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
            ):
                module.constants[target] = ast.unparse(value)
            case ast.ImportFrom(names=names):
                exports |= {each.asname or each.name for each in names} if is_package else set()
            case _:
                pass
    module.exports = frozenset(exports if declared is None else declared)
    module.imports = tuple(
        (source, each.name) for node, source in imports(path, tree) if node.level for each in node.names
    )
    module.rest = _dump(tree.body)
    return module


def _operation(keywords: list[ast.keyword]) -> Iterator[tuple[str, str]]:
    """What an OPERATION says; of its answers, which statuses there are, and how each of them is read."""
    for each in keywords:
        if each.arg == "answers" and isinstance(each.value, ast.Dict):
            readers = {ast.unparse(key): ast.unparse(value) for key, value in _items(each.value)}
            yield "answers", ", ".join(readers)
            yield from readers.items()
        elif each.arg:
            yield each.arg, _literal(each.value)


def _items(node: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    return ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None)


def _literal(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _class(node: ast.ClassDef) -> Class:
    result = Class(node.name, tuple(map(ast.unparse, node.bases)), doc=ast.get_docstring(node) or "")
    seen: list[str] = []
    for child in node.body:
        match child:
            case ast.AnnAssign(target=ast.Name(id=name)):
                seen.append(name)
                result.attributes[name] = _attribute(name, child)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                seen.append(name)
                result.members[name] = _literal(value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if not any(ast.unparse(each).endswith((".setter", "overload")) for each in child.decorator_list):
                    seen.append(child.name)
                result.methods[child.name] = _function(child, is_quiet=_is_error(node))
                result.readers.update(_readers(child))
                if child.name == "__init__":
                    result.methods = dict(_set_by(child)) | result.methods
            case _:
                pass
    if any("kw_only=True" in ast.unparse(each) for each in node.decorator_list):
        result.attributes = {name: dataclasses.replace(each, init=False) for name, each in result.attributes.items()}
    result.twice = tuple(sorted({name for name in seen if seen.count(name) > 1}))
    return result


def _set_by(init: AnyFunction) -> Iterator[tuple[str, Function]]:
    """Public attributes that a constructor sets and whose type can be told: to their users, what properties are."""
    given = {each.arg: each.annotation for each in [*init.args.args, *init.args.kwonlyargs] if each.annotation}
    for node in ast.walk(init):
        match node:
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=kind):
                pass
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)],
                value=ast.Call(func=ast.Name(id=called) as kind),
            ) if called[:1].isupper():
                pass
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Name(id=parameter)
            ) if parameter in given:
                kind = given[parameter]
            case _:
                continue
        if not name.startswith("_"):
            yield name, Function((), annotation_text(kind), is_async=False, decorators=("property",), doc="", body="")


def _attribute(name: str, node: ast.AnnAssign) -> Attribute:
    # Generated models name each other by way of their package.
    annotation = annotation_text(node.annotation).replace("_models.", "")
    if not isinstance(node.value, ast.Call) or not ast.unparse(node.value.func).endswith("field"):
        return Attribute(name, annotation, None if node.value is None else ast.unparse(node.value))
    given = {each.arg: ast.unparse(each.value) for each in node.value.keywords if each.arg}
    default = given.get("default", given.get("factory", given.get("default_factory")))
    positional = given.get("init") != "False" and given.get("kw_only") != "True"
    return Attribute(name, annotation, default, positional, given.get("repr", ""))


def _readers(function: AnyFunction) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Of every function that reads a union, the variants in the order in which it tries them."""
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("read_"):
            yield (
                node.name,
                tuple(
                    ast.unparse(each.value) for each in ast.walk(node) if isinstance(each, ast.Return) and each.value
                ),
            )


def _function(node: AnyFunction, *, is_quiet: bool = False) -> Function:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [ast.unparse(each) for each in arguments.defaults]
    parameters = [
        Parameter(each.arg, "positional", annotation_text(each.annotation), default)
        for each, default in zip(positional, defaults, strict=True)
    ]
    if arguments.vararg:
        parameters.append(
            Parameter(f"*{arguments.vararg.arg}", "positional", annotation_text(arguments.vararg.annotation), "()")
        )
    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(
            Parameter(
                each.arg, "keyword", annotation_text(each.annotation), None if value is None else ast.unparse(value)
            )
        )
    if arguments.kwarg:
        parameters.append(
            Parameter(f"**{arguments.kwarg.arg}", "keyword", annotation_text(arguments.kwarg.annotation), "{}")
        )
    return Function(
        tuple(each for each in parameters if each.name not in ("self", "cls")),
        annotation_text(node.returns),
        isinstance(node, ast.AsyncFunctionDef),
        tuple(map(ast.unparse, node.decorator_list)),
        ast.get_docstring(node) or "",
        _dump([_Silent().visit(each) for each in node.body] if is_quiet else node.body),
    )


def _dump(body: list[ast.stmt]) -> str:
    """Statements without imports, docstrings and what errors say, in a form to compare."""
    return "\n".join(ast.dump(_OnlyCode().visit(node)) for node in body if not _says_nothing(node))


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, (ast.Import, ast.ImportFrom))


class _OnlyCode(ast.NodeTransformer):
    """Leaves out docstrings, and what errors say: both are for people."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self.generic_visit(_Silent().visit(node) if _is_error(node) else node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return self.generic_visit(_Silent().visit(node))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func).rpartition(".")[2]
        return self.generic_visit(_Silent().visit(node) if name.endswith(("Error", "Exception")) else node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        is_advice = any("advice" in ast.unparse(target).lower() for target in node.targets)
        return self.generic_visit(_Silent().visit(node) if is_advice else node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return self.generic_visit(_Silent().visit(node) if "advice" in (node.arg or "") else node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if (
                ast.get_docstring(node) is not None
            ):
                node.body = node.body[1:]
            case _:
                pass
        return node


def _is_error(node: ast.ClassDef) -> bool:
    return any(name.endswith(("Error", "Exception")) for name in (node.name, *map(ast.unparse, node.bases)))


class _Silent(ast.NodeTransformer):
    """Leaves out sentences."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) and (" " in node.value or not node.value) else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)  # docstrings come later

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [each for each in node.values if isinstance(each, ast.FormattedValue)]
        return ast.JoinedStr([*parts])


# Annotations.


def annotation_text(node: ast.expr | None) -> str:
    """An annotation in one spelling: unquoted, `X | None` for Optional, members of unions sorted."""
    if node is None:
        return "Any"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        quoted = node.value
        try:
            node = ast.parse(quoted, mode="eval").body
        except SyntaxError:
            return repr(quoted)
    return _joined(_members(node))


def _joined(members: Iterable[str]) -> str:
    return " | ".join(sorted(set(members), key=lambda member: (member == "None", member)))


def _members(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [annotation_text(node)]
    if isinstance(node, ast.Subscript):
        base = ast.unparse(node.value).rpartition(".")[2]
        if base == "Literal":
            return [ast.unparse(node)]
        inner: list[ast.expr] = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if base == "Optional":
            return [*_members(inner[0]), "None"]
        if base == "Union":
            return [member for each in inner for member in _members(each)]
        return [f"{base}[{', '.join(annotation_text(each) for each in inner)}]"]
    return [ast.unparse(node)]


def union(annotation: str) -> Union:
    """The members of an annotation."""
    members: list[str] = []
    depth = 0
    for part in re.split(r"( \| )", annotation):
        if part == " | " and not depth:
            members.append("")
            continue
        depth += part.count("[") - part.count("]")
        members = [*members[:-1], members[-1] + part] if members else [part]
    return frozenset(members)
