"""Operations in the form that the generator takes as it is: names of arguments, one body, the successes, the module.

References to parameters, bodies and answers are followed here, and of several media types the one to use is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from . import naming
from .documents import METHODS, Json
from .errors import At, GenerationError, refusal
from .made import inside
from .parts import Parts, types_of
from .portal.rules import PREVIEW
from .shapes import Shapes

MAX_OPERATIONS: Final = 2_000
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_IS_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json|text/json", re.I)
_PLACES: Final = ("path", "query", "header", "cookie")
# The client sets these itself; OpenAPI has them ignored.
_OWN_HEADERS: Final = frozenset({"accept", "authorization", "content-type"})
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
# What a range such as 2XX stands for where a body is expected, and where none is.
_SUCCESSES: Final = (200, 201, 202, 203, 206)
_SUCCESSES_WITHOUT: Final = (200, 201, 202, 203, 204, 205)


@dataclass(frozen=True)
class Argument:
    """A parameter of an operation.

    Attributes:
        name: As it is documented.
        place: Where it goes: path, query, header or cookie.
        python_name: The name of the argument.
        required: Whether it has to be given.
        description: What it is for.
        shape: Its type, in the form of `Shapes`.
        style: How a list or an object is written: form, simple, deepObject, ..., or json.
        explode: Whether each of its values stands alone.
        slashes: Whether its value, a part of the path, may have slashes in it.
    """

    name: str
    place: str
    python_name: str
    required: bool
    description: str
    shape: Json
    style: str
    explode: bool
    slashes: bool = False


@dataclass(frozen=True)
class Body:
    """The body of a request: `json`, `form`, `multipart` or `bytes`."""

    kind: str
    types: list[str]
    required: bool
    shape: Json


@dataclass(frozen=True)
class Success:
    """What a success holds: `nothing`, `bytes`, or JSON of some shape."""

    status: int
    kind: str
    shape: Json


@dataclass
class Call:
    """Everything about one operation."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    accept: str
    arguments: list[Argument]
    body: Body | None
    successes: list[Success]
    preview: bool = False
    module: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.method.upper()} {self.path}"


def id_of(node: Json, method: str, path: str) -> str:
    """The id of an operation; one without an operationId is called after its method and path."""
    written = node.get("operationId")
    return written if isinstance(written, str) and written.strip() else naming.module_name(f"{method} {path}")


class Calls:
    """Reads the operations of one document."""

    def __init__(self, document: Json, shapes: Shapes, report: Callable[[GenerationError], None]) -> None:
        self._document = document
        self._shapes = shapes
        self._parts = Parts(document, shapes.wanted)
        self._report = report

    def all(self) -> list[Call]:
        """Every operation that can be expressed; the others are reported."""
        paths = self._document.get("paths", {})
        if not isinstance(paths, dict):
            raise refusal(("paths",), "it is not an object")
        found: list[Call] = []
        for path, written in cast(Json, paths).items():
            if path.startswith("x-"):
                continue
            at: At = ("paths", path)
            try:
                item, at = self._object(written, at)
                for method in METHODS:
                    if method in item:
                        found += self._reported(path, method, item, at)
            except GenerationError as error:
                self._report(error)
        if len(found) > MAX_OPERATIONS:
            raise refusal(
                ("paths",), f"{len(found)} operations are more than {MAX_OPERATIONS}", "can remove what is not needed"
            )
        modules = naming.assigned({call.key: naming.module_name(call.id) for call in found})
        for call in found:
            call.module = modules[call.key]
        return found

    def _reported(self, path: str, method: str, item: Json, at: At) -> list[Call]:
        try:
            call = self._call(path, method, item, at)
            self._shapes.finish()
        except GenerationError as error:
            self._report(error)
            return []
        return [call]

    def _call(self, path: str, method: str, item: Json, at: At) -> Call:
        node, place = self._object(item[method], (*at, method))
        if "#" in path:
            raise refusal(place, "its path has a fragment, which is not sent to servers")
        identity = id_of(node, method, path)
        owner = naming.class_name(naming.module_name(identity))
        tags = node.get("tags")
        first = tags[0] if isinstance(tags, list) and tags else "default"
        successes, accept = self._successes(node, method, place, owner)
        call = Call(
            id=identity,
            method=method,
            path=path,
            tag=naming.module_name(str(first), "tag"),
            summary=_text(node, "summary") or _line(identity),
            description=_text(node, "description"),
            accept=accept,
            arguments=self._arguments(path, [(item, at), (node, place)], owner),
            body=self._body(node, place, owner),
            successes=successes,
            preview=node.get("x-maturity") == PREVIEW,
        )
        if method == "trace":
            raise refusal(place, "the method TRACE cannot be sent")
        return call

    def _object(self, node: Any, at: At) -> tuple[Json, At]:
        """An object, references followed, and where it stands."""
        target, place = self._parts.target(node, at) if isinstance(node, dict) else (node, at)
        if not isinstance(target, dict):
            raise refusal(at, "it is not an object")
        return cast(Json, target), place

    # Parameters

    def _arguments(self, path: str, owners: list[tuple[Json, At]], owner: str) -> list[Argument]:
        declared: dict[tuple[str, str], tuple[Json, At]] = {}
        for node, at in owners:
            written = node.get("parameters", [])
            if not isinstance(written, list):
                raise refusal((*at, "parameters"), "it is not a list")
            for index, each in enumerate(written):
                parameter, place = self._object(each, (*at, "parameters", str(index)))
                name, where = parameter.get("name"), parameter.get("in")
                if not isinstance(name, str) or where not in _PLACES:
                    raise refusal(place, "it needs a name, and a place: path, query, header or cookie")
                if where != "header" or name.lower() not in _OWN_HEADERS:
                    declared[str(where), name.lower() if where == "header" else name] = parameter, place
        in_path = re.findall(r"{([^}]*)}", path)
        for name in in_path:  # some definitions leave it at the template
            undeclared: Json = {"name": name, "in": "path", "schema": {"type": "string"}}
            declared.setdefault(("path", name), (undeclared, owners[-1][1]))
        kept = [(key, each) for key, each in declared.items() if key[0] != "path" or key[1] in in_path]
        ordered = sorted(
            kept, key=lambda each: (_PLACES.index(each[0][0]), in_path.index(each[0][1]) if each[0][0] == "path" else 0)
        )
        found = [self._argument(parameter, place, owner) for _, (parameter, place) in ordered]
        return _named(found, [parameter for _, (parameter, _) in ordered])

    def _argument(self, parameter: Json, at: At, owner: str) -> Argument:
        name, place = str(parameter["name"]), str(parameter["in"])
        if place in {"header", "cookie"} and not _TOKEN.fullmatch(name):
            raise refusal(at, f"{name!a} cannot be the name of a {place}")
        shared = at[:2] == ("components", "parameters")
        wanted = naming.class_name(at[2]) if shared else inside(owner, name)
        style = str(parameter.get("style") or ("form" if place in {"query", "cookie"} else "simple"))
        if style in {"label", "matrix"}:
            raise refusal(at, f"the style {style} is not supported", "can set `style: simple`")
        content = parameter.get("content")
        if "schema" in parameter or not isinstance(content, dict) or not content:
            shape = self._shapes.shape(parameter.get("schema", {}), (*at, "schema"), wanted)
        else:
            media_type, media = next(iter(cast(Json, content).items()))
            style = "json" if _IS_JSON.fullmatch(media_type) else style
            schema = cast(Json, media).get("schema", {}) if isinstance(media, dict) else {}
            shape = self._shapes.shape(schema, (*at, "content", media_type, "schema"), wanted)
        explode = parameter.get("explode")
        return Argument(
            name=name,
            place=place,
            python_name="",
            required=place == "path" or parameter.get("required") is True,
            description=_text(parameter, "description"),
            shape=shape,
            style=style,
            explode=explode if isinstance(explode, bool) else style == "form",
            slashes=parameter.get("x-allow-slash") is True,
        )

    # Bodies

    def _body(self, node: Json, at: At, owner: str) -> Body | None:
        if "requestBody" not in node:
            return None
        body, place = self._object(node["requestBody"], (*at, "requestBody"))
        written = body.get("content")
        if not isinstance(written, dict) or not written:
            return None
        content = cast(Json, written)
        required = body.get("required") is True
        shared = place[:2] == ("components", "requestBodies")
        wanted = (
            inside(naming.class_name(place[2]), "" if place[2].lower().endswith("body") else "Body")
            if shared
            else inside(owner, "Body")
        )
        kinds = {media_type: self._kind(media_type, content[media_type], place) for media_type in content}
        for kind in ("json", "bytes", "multipart", "form"):
            types = sorted(
                (each for each in kinds if kinds[each] == kind),
                key=lambda each: (each != JSON, list(content).index(each)),
            )
            if not types:
                continue
            schema, schema_at = self._schema(content[types[0]], (*place, "content", types[0]))
            if kind in {"json", "form"}:
                shape = self._shapes.shape(schema, schema_at, wanted)
                return Body(kind, [JSON if "*" in types[0] else types[0]], required, shape)
            return Body(kind, types if kind == "bytes" else types[:1], required, {})
        return None

    def _kind(self, media_type: str, media: Any, at: At) -> str:
        """How a body of some media type is handled."""
        plain = media_type.partition(";")[0].strip().lower()
        if _IS_JSON.fullmatch(plain) or ("*" in plain and not plain.startswith(("image", "text", "audio", "video"))):
            schema, place = self._schema(media, (*at, "content", media_type))
            return "bytes" if self._is_binary(schema, place, anything="*" in plain) else "json"
        if plain == FORM:
            return "form"
        return "multipart" if plain.startswith("multipart/") else "bytes"

    def _schema(self, media: Any, at: At) -> tuple[Any, At]:
        if not isinstance(media, dict):
            raise refusal(at, "it is not an object")
        return cast(Json, media).get("schema", {}), (*at, "schema")

    def _is_binary(self, schema: Any, at: At, *, anything: bool) -> bool:
        """Whether a body is a file whatever its media type says."""
        target, _ = self._parts.target(schema, at) if isinstance(schema, dict) else (schema, at)
        if not isinstance(target, dict):
            return False
        is_text = "string" in types_of(cast(Json, target)) or "file" in types_of(cast(Json, target))
        return (
            (is_text and (anything or target.get("format") == "binary"))
            or "file" in types_of(cast(Json, target))
            or (anything and not target)
        )

    # Answers

    def _successes(self, node: Json, method: str, at: At, owner: str) -> tuple[list[Success], str]:
        written = node.get("responses", {})
        if not isinstance(written, dict):
            raise refusal((*at, "responses"), "it is not an object")
        answers = {
            str(code).upper(): self._object(each, (*at, "responses", str(code)))
            for code, each in cast(Json, written).items()
        }
        ranked = sorted(answers, key=lambda code: (code.endswith("X"), code))  # exact statuses come before ranges
        codes = [code for code in ranked if re.fullmatch("2(?:[0-9][0-9]|XX)", code)]
        codes = codes or [code for code in ranked if code == "DEFAULT"]
        found: dict[int, Success] = {}
        accepted: list[str] = []
        for code in codes:
            media_type, success = self._success(code, *answers[code], owner, method)
            accepted += [media_type] if media_type else []
            statuses = (
                (int(code),) if code.isdigit() else _SUCCESSES_WITHOUT if success.kind == "nothing" else _SUCCESSES
            )
            for status in statuses:
                found.setdefault(status, replace(success, status=status))
        if not codes:  # nothing says what a success holds, so that it is taken as it comes
            found = {status: Success(status, "bytes", {}) for status in _SUCCESSES}
            found[204] = Success(204, "nothing", {})
            accepted = ["*/*"] if not any(_contents(answer) for answer, _ in answers.values()) else []
        if not accepted:
            accepted = [
                media_type
                for code in ranked
                if code not in codes
                for media_type in list(_contents(answers[code][0]))[:1]
            ][:1]
        return list(found.values()), ", ".join(dict.fromkeys(accepted)) or JSON

    def _success(self, code: str, answer: Json, at: At, owner: str, method: str) -> tuple[str, Success]:
        content = _contents(answer)
        if not content:
            return "", Success(0, "nothing", {})
        kinds = {media_type: self._kind(media_type, content[media_type], at) for media_type in content}
        chosen = next((each for each in kinds if kinds[each] == "json"), next(iter(kinds)))
        if method == "head":
            return chosen, Success(0, "nothing", {})
        if kinds[chosen] != "json":
            return chosen, Success(0, "bytes", {})
        shared = at[:2] == ("components", "responses")
        wanted = (
            inside(naming.class_name(at[2]), "" if at[2].lower().endswith("response") else "Response")
            if shared
            else inside(owner, f"Response{'' if code == 'DEFAULT' else code}")
        )
        schema, place = self._schema(content[chosen], (*at, "content", chosen))
        return chosen, Success(0, "json", self._shapes.shape(schema, place, wanted))


def _contents(answer: Json) -> Json:
    content = answer.get("content")
    return cast(Json, content) if isinstance(content, dict) else {}


def _named(arguments: list[Argument], nodes: list[Json]) -> list[Argument]:
    """The arguments under names of their own: those of the path first, then those of the query, and so on."""
    wanted: dict[str, dict[str, str]] = {place: {} for place in _PLACES}
    for argument, node in zip(arguments, nodes, strict=True):
        ours = node.get("x-python-name")
        name = naming.chosen_argument(ours) if isinstance(ours, str) else naming.argument_name(argument.name)
        wanted[argument.place][argument.name] = name
    taken: set[str] = set()
    found: dict[tuple[str, str], str] = {}
    for place, each in wanted.items():
        unlike = {key: f"{name.rstrip('_')}_{place}" if name in taken else name for key, name in each.items()}
        names = naming.assigned(unlike, taken=taken)
        taken |= set(names.values())
        found |= {(place, key): name for key, name in names.items()}
    return [replace(each, python_name=found[each.place, each.name]) for each in arguments]


def _text(node: Json, key: str) -> str:
    value = node.get(key)
    return _line(value) if isinstance(value, str) else ""


def _line(text: str) -> str:
    return " ".join(naming.visible(text).split())
