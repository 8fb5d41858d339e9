"""In which order resources come: `_sort`, newest first where nothing is asked, and how pages go on."""

import re
from collections.abc import Sequence

from psycopg import sql

from carecord.fhir_api.indexing import either_of, parameters_of
from carecord.fhir_api.searching.literals import BadValue
from carecord.fhir_api.searching.model import SortKey, Term, Updated

DATES = {
    "AllergyIntolerance": ("onset", "date"),
    "Appointment": ("date",),
    "AuditEvent": ("date",),
    "CarePlan": ("date",),
    "CareTeam": ("date",),
    "Communication": ("sent", "received"),
    "Composition": ("date",),
    "Condition": ("onset-date", "recorded-date"),
    "Consent": ("date",),
    "DiagnosticReport": ("date", "issued"),
    "DocumentReference": ("date", "period"),
    "Encounter": ("date",),
    "EpisodeOfCare": ("date",),
    "FamilyMemberHistory": ("date",),
    "Flag": ("date",),
    "Goal": ("start-date",),
    "ImagingStudy": ("started",),
    "Immunization": ("date",),
    "List": ("date",),
    "MedicationAdministration": ("effective-time",),
    "MedicationDispense": ("whenhandedover", "whenprepared"),
    "MedicationRequest": ("authoredon",),
    "MedicationStatement": ("effective",),
    "Observation": ("date",),
    "Procedure": ("date",),
    "Provenance": ("recorded",),
    "QuestionnaireResponse": ("authored",),
    "RiskAssessment": ("date",),
    "ServiceRequest": ("authored", "occurrence"),
    "Slot": ("start",),
    "Specimen": ("collected",),
    "Task": ("authored-on", "modified"),
}
"""By type: what newest first goes by where no order is asked; of several the first that a resource has.

Other types, and searches that nothing but `_lastUpdated` narrows, go by when they were last updated.
"""

UPDATED = SortKey(("_lastUpdated",), "date", descending=True)

_SORTED_KINDS = ("date", "number", "quantity", "reference", "string", "token", "uri")


def default_order(type_name: str, terms: Sequence[Term]) -> tuple[SortKey, ...]:
    """Newest first."""
    if type_name in DATES and not all(isinstance(term, Updated) for term in terms):
        return (SortKey(DATES[type_name], "date", descending=True),)
    return (UPDATED,)


def sort_key(type_name: str, text: str) -> SortKey:
    """One key of `_sort`: a parameter, descending after a hyphen."""
    code = text.strip().removeprefix("-")
    found = parameters_of(type_name).get(code)
    if found is None:
        raise BadValue(f"it names no parameter of {type_name}")
    if (type_name, code) == ("Patient", "link"):
        # The order would tell of links to records that a caller may not know of.
        raise BadValue(f"{code} has no order")
    if code != "_id" and found.type not in _SORTED_KINDS:
        raise BadValue(f"{code} has no order")
    either = either_of(type_name, code)
    descending = text.strip().startswith("-")
    return SortKey(either or (code,), found.type, descending=descending, together=bool(either))


def sort_value(key: SortKey, alias: sql.Identifier, updated: sql.Composable) -> sql.Composable:
    """What a resource stands by; of several values the lowest, or the highest where it descends.

    `updated` is when it was last updated, as far as the caller knows.
    """
    found = [_value(code, key, alias, updated) for code in key.parameters]
    if len(found) == 1:
        return found[0]
    pick = ("greatest({})" if key.descending else "least({})") if key.together else "coalesce({})"
    return sql.SQL(pick).format(sql.SQL(", ").join(found))


_BOUNDS = sql.SQL("(SELECT {pick}({of}) FROM jsonb_array_elements({alias}.search->{code}) AS v)")
_WORDS = sql.SQL('(SELECT {pick}(v COLLATE "C") FROM jsonb_array_elements_text({alias}.search->{code}) AS v)')
_OF = {
    "date": sql.SQL("coalesce((v->>0)::bigint, (v->>1)::bigint)"),
    "number": sql.SQL(
        "coalesce((v->>0)::numeric + (v->>1)::numeric, 2 * coalesce((v->>0)::numeric, (v->>1)::numeric))"
    ),
    "quantity": sql.SQL("coalesce((v->>2)::numeric, (v->>0)::numeric, (v->>1)::numeric)"),
}


def _value(code: str, key: SortKey, alias: sql.Identifier, updated: sql.Composable) -> sql.Composable:
    if code == "_id":
        return sql.SQL("{}.id").format(alias)
    if code == "_lastUpdated":
        return sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(updated)
    pick = sql.SQL("max" if key.descending else "min")
    if key.kind in _OF:
        return _BOUNDS.format(pick=pick, of=_OF[key.kind], alias=alias, code=sql.Literal(code))
    return _WORDS.format(pick=pick, alias=alias, code=sql.Literal(code))


def cast_of(key: SortKey) -> sql.SQL:
    """The type that a place in this order is told by."""
    if key.kind == "date" and key.parameters != ("_id",):
        return sql.SQL("bigint")
    return sql.SQL("numeric" if key.kind in ("number", "quantity") else "text")


def is_place(key: SortKey, value: object) -> bool:
    """Whether a cursor's value may be one of this key."""
    if value is None:
        return True
    return isinstance(value, str) and _PLACES[cast_of(key).as_string()].fullmatch(value) is not None


_PLACES = {
    "bigint": re.compile(r"-?\d{1,18}", re.ASCII),
    "numeric": re.compile(r"-?\d{1,400}(\.\d{1,400})?", re.ASCII),
    "text": re.compile(r"[^\0]*", re.DOTALL),
}


def order_by(sort: Sequence[SortKey], columns: Sequence[sql.Identifier]) -> sql.Composable:
    """The ORDER BY of these columns, and then of the ID, in the direction of the last of them."""
    keys = [
        sql.SQL("{} {} NULLS LAST").format(column, sql.SQL("DESC" if key.descending else "ASC"))
        for key, column in zip(sort, columns, strict=True)
    ]
    last = sql.SQL("{} {}").format(sql.Identifier("id"), sql.SQL("DESC" if sort[-1].descending else "ASC"))
    return sql.SQL(", ").join([*keys, last])


def after(
    sort: Sequence[SortKey], columns: Sequence[sql.Identifier], nulls: Sequence[bool]
) -> sql.Composable:
    """Whether a row comes after the place whose keys are `after_0` … and whose ID is `after_id`."""
    condition: sql.Composable = sql.SQL("{} {} {}::text").format(
        sql.Identifier("id"),
        sql.SQL("<" if sort[-1].descending else ">"),
        sql.Placeholder("after_id"),
    )
    for position in reversed(range(len(sort))):
        column, key = columns[position], sort[position]
        if nulls[position]:
            condition = sql.SQL("({c} IS NULL AND {rest})").format(c=column, rest=condition)
            continue
        condition = sql.SQL(
            "({c} {past} {at}::{kind} OR {c} IS NULL OR ({c} = {at}::{kind} AND {rest}))"
        ).format(
            c=column,
            past=sql.SQL("<" if key.descending else ">"),
            at=sql.Placeholder(f"after_{position}"),
            kind=cast_of(key),
            rest=condition,
        )
    return condition


def after_update(key: SortKey) -> sql.Composable:
    """The same where rows come straight from the index on when they were last updated."""
    at = sql.SQL("('epoch'::timestamptz + {}::bigint * interval '1 microsecond')").format(
        sql.Placeholder("after_0")
    )
    return sql.SQL(
        "r.last_updated {past}= {at} AND (r.last_updated {past} {at} OR r.id {past} {id}::text)"
    ).format(past=sql.SQL("<" if key.descending else ">"), at=at, id=sql.Placeholder("after_id"))
