"""Statements that read resources, made once for each reach of scopes, and their answers as `Kept`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.pq.abc import PGresult

from carecord.db.direct import Question, number_parameters
from carecord.db.readers import Readers
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.fhir_api.searching.remembering import remembering
from carecord.fhir_api.searching.sight import is_plain
from carecord.fhir_api.visibility import values_of, visible
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "reading.sql")

_ALL = (Grant(Context.SYSTEM, "*", frozenset({Deed.READ})),)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _updated_us(alias: str) -> sql.Composed:
    return sql.SQL("(extract(epoch FROM {}.last_updated) * 1000000)::bigint").format(sql.Identifier(alias))


_COLUMNS = sql.SQL(queries.columns).format(updated_us=_updated_us("v"))


@dataclass(frozen=True, slots=True)
class Statement:
    """A question, the names of its parameters by number, and the values that scopes bring."""

    question: Question
    parameters: tuple[str, ...]
    scoped: Mapping[str, Any]

    def size(self) -> int:
        """Bytes of its text and values."""
        return len(self.question.text) + len(repr(self.scoped))

    async def ask(self, readers: Readers, values: Mapping[str, Any]) -> PGresult:
        every = {**self.scoped, **values}
        return await readers.ask(self.question, [as_text(every[name]) for name in self.parameters])


def plain(text: str) -> Statement:
    """A statement without any caller's sight."""
    numbered, names = number_parameters(text)
    return Statement(Question(numbered, stays=True), names, {})


def read_statement(rights: Rights, type_name: str) -> Statement:
    """The version in force, if the caller may see it."""
    return _statement("read", rights.grants, type_name, bound=rights.patient is not None)


def history_statement(name: str, rights: Rights, type_name: str) -> Statement:
    """`version`, `history_of_instance` or `history_of_type`, over what the caller may see."""
    return _statement(name, rights.grants, type_name, bound=rights.patient is not None)


def absent_statement(rights: Rights, type_name: str) -> Statement:
    """Whether a resource was deleted that the caller might see else; and whether it may be yet to be made."""
    return _statement("absent", rights.grants, type_name, bound=rights.patient is not None)


def values_for(rights: Rights, **values: Any) -> dict[str, Any]:
    """The values of a call, with those that its sight brings."""
    return {**values_of(rights), **values}


def kept_of(found: PGresult, place: int) -> Kept:
    """A row of the columns that all these statements begin with."""
    value = found.get_value
    patient = value(place, 2)
    return Kept(
        version=int(value(place, 0)),  # type: ignore[arg-type]
        last_updated=_EPOCH + timedelta(microseconds=int(value(place, 1))),  # type: ignore[arg-type]
        patient_detail_id=None if patient is None else int(patient),
        tenancy_id=int(value(place, 3)),  # type: ignore[arg-type]
        restricted=value(place, 4) == b"t",
        body=value(place, 5),
        type=value(place, 6).decode(),  # type: ignore[union-attr]
        id=value(place, 7).decode(),  # type: ignore[union-attr]
    )


def as_text(value: Any) -> bytes | None:
    """A parameter as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return b"{%b}" % b",".join([_element(one) for one in value])
    return str(value).encode()


def _element(value: Any) -> bytes:
    if isinstance(value, str):
        return b'"%b"' % value.replace("\\", "\\\\").replace('"', '\\"').encode()
    return str(value).encode()


@remembering(Statement.size)
def _statement(name: str, grants: tuple[Grant, ...], type_name: str, *, bound: bool) -> Statement:
    rights = Rights.of_scopes(grants, bound=bound)
    make = {"read": _make_read, "absent": _make_absent}.get(name, _make_history)
    text, values = make(name, rights, type_name)
    numbered, names = number_parameters(text.as_string())
    of_callers = values_of(rights)
    scoped = {name: value for name, value in values.items() if name not in of_callers}
    # Of scopes that restrict there is no end: statements of plain ones alone stay prepared.
    return Statement(Question(numbered, stays=is_plain(grants)), names, scoped)


_Made = tuple[sql.Composed, Mapping[str, Any]]


def _make_read(_: str, rights: Rights, type_name: str) -> _Made:
    seen = visible(rights, Deed.READ, type_name)
    text = sql.SQL(queries.read).format(updated_us=_updated_us("r"), visible=seen.condition)
    return text, seen.parameters


def _make_history(name: str, rights: Rights, type_name: str) -> _Made:
    condition, values = _seen_versions(rights, type_name)
    text = sql.SQL(getattr(queries, name))
    slots = {"columns": _COLUMNS, "visible": condition, "same_version": sql.SQL(queries.same_version)}
    return text.format(**slots), values


def _make_absent(_: str, rights: Rights, type_name: str) -> _Made:
    condition, values = _seen_versions(rights, type_name)
    grants = rights.grants_for(Deed.READ, type_name)
    if any(one.context is not Context.PATIENT and not one.restriction for one in grants):
        withdrawn = sql.SQL(queries.withdrawn)
        condition = sql.SQL("({} OR {})").format(condition, withdrawn)
    return sql.SQL(queries.absent).format(visible=condition), values


def _seen_versions(rights: Rights, type_name: str) -> tuple[sql.Composable, Mapping[str, Any]]:
    """What the caller may see of versions, which are found by nothing.

    Where a scope reaches only resources that match, what it reaches is the version in force: whether an
    earlier one matched, nothing tells.
    """
    grants = rights.grants_for(Deed.READ, type_name)
    whole = tuple(one for one in grants if not one.restriction)
    seen = visible(replace(rights, grants=whole), Deed.READ, type_name, alias="v")
    by_anybody = visible(replace(rights, grants=_ALL), Deed.READ, type_name)
    since = sql.SQL(queries.open_since).format(visible=by_anybody.condition)
    also = sql.SQL(queries.links_known) if type_name == "Patient" else sql.SQL("true")
    values = seen.parameters
    condition: sql.Composable = seen.condition
    if len(whole) < len(grants):
        now = visible(rights, Deed.READ, type_name)
        in_force = sql.SQL(queries.in_force).format(visible=now.condition)
        condition = sql.SQL("(({}) OR {})").format(condition, in_force)
        values = {**values, **now.parameters}
    return sql.SQL("{} AND {} AND {}").format(condition, since, also), values
