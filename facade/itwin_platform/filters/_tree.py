"""Expressions as trees, and how they are written: in OData, and as the Python that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from ._values import Value, literal

ArgumentOrder = Literal["value-first", "property-first"]
Brackets = Literal["[]", "()"]

OPERATORS: Final = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
METHODS: Final = {"contains": "contains", "startswith": "starts_with", "endswith": "ends_with"}
_MAX_DEPTH: Final = 50


@dataclass(frozen=True)
class Style:
    """How an operation has those things written that OData leaves open, or that it has in its own way."""

    argument_order: ArgumentOrder = "value-first"
    brackets: Brackets = "[]"
    quoted_guids: bool = True


@dataclass(frozen=True)
class Comparison:
    """A property beside a value; the word is one of OPERATORS."""

    name: str
    word: str
    value: Value


@dataclass(frozen=True)
class Membership:
    """A property that has one of several values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class TextTest:
    """A property with a text in it; the function is one of METHODS. An order of None is that of the operation."""

    function: str
    name: str
    text: str
    argument_order: ArgumentOrder | None


@dataclass(frozen=True)
class Join:
    """Two expressions or more with `and` or `or` between them; none of them is a join of the same word."""

    word: Literal["and", "or"]
    terms: tuple[Node, ...]

    @cached_property
    def depth(self) -> int:
        """How many levels there are."""
        return 1 + max(map(_depth, self.terms))


@dataclass(frozen=True)
class Negation:
    """The opposite of an expression."""

    term: Node

    @cached_property
    def depth(self) -> int:
        """How many levels there are."""
        return 1 + _depth(self.term)


Node = Comparison | Membership | TextTest | Join | Negation


def joined(word: Literal["and", "or"], first: Node, second: Node) -> Node:
    """Both with a word between them.

    Raises:
        ValueError: That is too deep.
    """
    terms: list[Node] = []
    for each in (first, second):
        terms += each.terms if isinstance(each, Join) and each.word == word else (each,)
    return _bounded(Join(word, tuple(terms)))


def negated(term: Node) -> Node:
    """The opposite.

    Raises:
        ValueError: That is too deep.
    """
    return term.term if isinstance(term, Negation) else _bounded(Negation(term))


def as_text(node: Node, style: Style) -> str:
    """An expression in OData, with parentheses where they are needed."""
    match node:
        case Comparison(name, word, value):
            return f"{name} {word} {_literal(value, style)}"
        case Membership(name, values):
            opening, closing = style.brackets
            return f"{name} in {opening}{','.join(_literal(value, style) for value in values)}{closing}"
        case TextTest(function, name, text, order):
            arguments = [_literal(text, style), name]
            if (order or style.argument_order) == "property-first":
                arguments.reverse()
            return f"{function}({','.join(arguments)})"
        case Join(word, terms):
            parts = (as_text(term, style) for term in terms)
            # `and` binds more tightly than `or`.
            return f" {word} ".join(
                f"({part})" if word == "and" and isinstance(term, Join) else part
                for term, part in zip(terms, parts, strict=True)
            )
        case Negation(term):
            # `not` binds more tightly than comparisons do.
            return f"not {as_text(term, style)}" if isinstance(term, TextTest) else f"not ({as_text(term, style)})"


def as_python(node: Node) -> str:
    """The Python that makes an expression."""
    match node:
        case Comparison(name, word, value):
            return f"where({name!r}) {OPERATORS[word]} {value!r}"
        case Membership(name, values):
            return f"where({name!r}).in_({list(values)!r})"
        case TextTest(function, name, text, order):
            argument = f", argument_order={order!r}" if order else ""
            return f"where({name!r}).{METHODS[function]}({text!r}{argument})"
        case Join(word, terms):
            return {"and": " & ", "or": " | "}[word].join(map(_operand, terms))
        case Negation(term):
            return f"~{_operand(term)}"


def _operand(node: Node) -> str:
    return f"({as_python(node)})" if isinstance(node, Comparison | Join) else as_python(node)


def _literal(value: Value, style: Style) -> str:
    return literal(value, quoted_guids=style.quoted_guids)


def _depth(node: Node) -> int:
    return node.depth if isinstance(node, Join | Negation) else 0


def _bounded(node: Join | Negation) -> Node:
    if node.depth > _MAX_DEPTH:
        raise ValueError(f"a filter cannot be nested more than {_MAX_DEPTH} levels deep")
    return node
