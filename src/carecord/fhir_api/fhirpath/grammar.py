"""Reads the text of a FHIRPath expression into a tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple


class NotSupported(ValueError):
    """The expression breaks FHIRPath's grammar, or asks for what R4's own expressions never ask for."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | bool | Decimal
    type: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """`{}`."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`$this`, `%resource`, `%ucum`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`name` of what stands before the point; with nothing before it, of what is looked at."""

    of: "Tree | None"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    of: "Tree | None"
    name: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Index:
    of: "Tree"
    at: "Tree"


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`x is Patient`, `x as Quantity`."""

    of: "Tree"
    operator: str
    type_name: str


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: "Tree"
    right: "Tree"


Tree = Literal | Nothing | Variable | Member | Call | Index | TypeTest | Binary


@cache
def parse(expression: str) -> Tree:
    """The tree of this expression; NotSupported where it has none."""
    parser = _Parser(expression)
    tree = parser.expression(0)
    parser.expect("end", "")
    return tree


class _Token(NamedTuple):
    kind: str
    text: str


_TOKENS = re.compile(
    r"""
    \s+
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<date>@[0-9T:+Z.-]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | `(?P<quoted>[^`]+)`
    | (?P<variable>\$this | %[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<sign><=|>=|!=|!~|[-+|&=<>~.,()\[\]{}])
    """,
    re.VERBOSE,
)

_STRENGTH = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    ">": 6,
    "<=": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
}
_STRONGEST = 10


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    while at < len(expression):
        found = _TOKENS.match(expression, at)
        if found is None:
            raise NotSupported(f"no FHIRPath at position {at}: {expression}")
        at = found.end()
        if found.lastgroup:
            yield _Token(found.lastgroup, found[found.lastgroup])
    yield _Token("end", "")


class _Parser:
    """By strength of operators: an expression is a term and what binds to it more strongly than asked."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._tokens = list(_tokens(expression))
        self._at = 0

    def expression(self, strength: int) -> Tree:
        tree = self._path()
        while (bound := self._operator_strength()) > strength:
            operator = self._take().text
            if operator in ("is", "as"):
                tree = TypeTest(tree, operator, self._type_name())
            else:
                tree = Binary(operator, tree, self.expression(bound))
        return tree

    def expect(self, kind: str, text: str) -> None:
        token = self._take()
        if token != (kind, text):
            raise NotSupported(f"{text or kind} expected, not {token.text or token.kind}: {self._text}")

    def _operator_strength(self) -> int:
        token = self._tokens[self._at]
        return _STRENGTH.get(token.text, 0) if token.kind in ("sign", "name") else 0

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _next_is(self, sign: str) -> bool:
        """Whether this sign comes next; if so it is taken."""
        if self._tokens[self._at] != ("sign", sign):
            return False
        self._at += 1
        return True

    def _path(self) -> Tree:
        tree = self._term()
        while True:
            if self._next_is("."):
                tree = self._step(tree, self._take())
            elif self._next_is("["):
                at = self.expression(0)
                self.expect("sign", "]")
                tree = Index(tree, at)
            else:
                return tree

    def _term(self) -> Tree:
        token = self._take()
        match token.kind:
            case "string":
                return Literal(_unescaped(token.text[1:-1]), "string")
            case "number" if "." in token.text:
                return Literal(Decimal(token.text), "decimal")
            case "number":
                return Literal(int(token.text), "integer")
            case "date":
                return _date(token.text[1:])
            case "variable":
                return Variable(token.text)
            case "name" if token.text in ("true", "false"):
                return Literal(token.text == "true", "boolean")
            case "sign" if token.text == "(":
                tree = self.expression(0)
                self.expect("sign", ")")
                return tree
            case "sign" if token.text == "{":
                self.expect("sign", "}")
                return Nothing()
            case "sign" if token.text == "-":
                return Binary("-", Literal(0, "integer"), self.expression(_STRONGEST))
        return self._step(None, token)

    def _step(self, of: Tree | None, token: _Token) -> Tree:
        if token.kind not in ("name", "quoted"):
            raise NotSupported(f"a name expected, not {token.text or token.kind}: {self._text}")
        if token.kind == "quoted" or not self._next_is("("):
            return Member(of, token.text)
        arguments: list[Tree] = []
        while not self._next_is(")"):
            if arguments:
                self.expect("sign", ",")
            arguments.append(self.expression(0))
        return Call(of, token.text, tuple(arguments))

    def _type_name(self) -> str:
        tree = self._step(None, self._take())
        while self._next_is("."):
            tree = self._step(tree, self._take())
        return type_name(tree)


def type_name(tree: Tree) -> str:
    """The type that a tree names: `Patient`, `FHIR.Patient`, `System.String`."""
    match tree:
        case Member(None | Member(None, "FHIR" | "System"), name):
            return name
    raise NotSupported("a type is a name, with FHIR or System before it at most")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\(u[0-9A-Fa-f]{4}|.)",
        lambda found: chr(int(found[1][1:], 16)) if len(found[1]) == 5 else _ESCAPES.get(found[1], found[1]),
        text,
    )


def _date(text: str) -> Literal:
    if text.startswith("T"):
        return Literal(text[1:], "time")
    return Literal(text.rstrip("T"), "dateTime" if "T" in text else "date")
