"""What a caller may see of many types at once, as a condition, and statements that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from carecord.db.direct import Question, number_parameters
from carecord.fhir_api.rights import Deed, Grant, Rights
from carecord.fhir_api.searching.remembering import remembering
from carecord.fhir_api.searching.sight import is_plain, visible_itself, with_targets
from carecord.fhir_api.visibility import values_of


@dataclass(frozen=True, slots=True)
class Sight:
    """A condition on a row `r` of fhir_api.resource, with the values of its named parameters."""

    text: str
    values: dict[str, Any]
    is_plain: bool
    """Whether no scope restricts it: statements of plain sights are few, and stay prepared."""


def sight_of(rights: Rights, deed: Deed, types: tuple[str, ...]) -> Sight:
    """That the row is of these types, and the caller may do this with it. Equal rights make equal text."""
    text, values = _text(rights.grants, rights.patient is not None, deed, types)
    return Sight(text, {**values, **values_of(rights)}, is_plain(rights.grants))


def _size(made: tuple[str, Mapping[str, Any]]) -> int:
    return len(repr(made))


@remembering(_size)
def _text(
    grants: tuple[Grant, ...], bound: bool, deed: Deed, types: tuple[str, ...]
) -> tuple[str, Mapping[str, Any]]:
    """The text, and the values that restrictions of scopes bring into it, whoever asks."""
    rights = Rights.of_scopes(grants, bound=bound)
    types_by_condition: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for one in types:
        if rights.may(deed, one):
            found = visible_itself(rights, deed, one)
            types_by_condition.setdefault(found.condition.as_string(), []).append(one)
            values |= found.parameters
    ways = [
        sql.SQL("(r.type = ANY ({}) AND {})").format(
            sql.Literal(some),
            sql.SQL(condition),
        )
        for condition, some in types_by_condition.items()
    ]
    if not ways:
        return "false", {}
    text = with_targets(sql.SQL("({})").format(sql.SQL(" OR ").join(ways)), types, "r").as_string()
    return text, {name: value for name, value in values.items() if name not in values_of(rights)}


@dataclass(frozen=True, slots=True)
class Statement:
    """A question, with the names of its parameters in the order of their numbers."""

    question: Question
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, composed: sql.Composed, *, stays: bool) -> "Statement":
        numbered, names = number_parameters(composed.as_string())
        return cls(Question(numbered, stays=stays), names)

    def size(self) -> int:
        """Bytes of its text."""
        return len(self.question.text)

    def arguments(self, values: Mapping[str, Any]) -> list[bytes | None]:
        """The values in the order of the parameters, as PostgreSQL reads them."""
        return [_as_text(values[name]) for name in self.parameters]


def _as_text(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return b"{%b}" % b",".join([_element(one) for one in value])
    if isinstance(value, bool):
        return b"t" if value else b"f"
    return str(value).encode()


def _element(value: Any) -> bytes:
    if isinstance(value, str):
        return b'"%b"' % value.replace("\\", "\\\\").replace('"', '\\"').encode()
    return str(value).encode()
