"""Source records that clients submit: found by local number or ID, replaced, and linked like any other."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from psycopg import Connection

from carecord.catalogue.checks import check_source_time
from carecord.catalogue.submission import InvalidItem
from carecord.kernel.errors import Conflict, FieldError
from carecord.kernel.sql import load_queries
from carecord.patient_index.deletion import is_deleted
from carecord.patient_index.demographics import parse_patient
from carecord.patient_index.name_keys import name_key
from carecord.patient_index.source_records import file_records

queries = load_queries(__package__)

_SEARCHED = ("PatientNumber", "Surname", "Forename", "PostCode", "GPCode", "GPPracticeCode")
_SEARCHED_LIMIT = 200
"""Longest text, in characters, of a field that records are found by."""

_FOLLOWS = {
    "EthnicCategoryDesc": ("EthnicCategoryCode",),
    "MaritalStatusDesc": ("MaritalStatusCode",),
    "DeathNotificationStatus": ("DateOfDeath",),
    "GPName": ("GPCode",),
    "GPPracticeName": ("GPPracticeCode",),
    "Uprn": ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "AddressLine5", "PostCode"),
}
"""What a submission cannot say of a record, and the fields with which it would change."""


_PROTECTION = "SensitiveAddress"


class Outcome(StrEnum):
    """What became of a submitted source record."""

    CREATED = "Created"
    UPDATED = "Updated"
    UNCHANGED = "Unchanged"
    IGNORED = "Ignored"


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A source record that a client may change. `merged_into` is the record that answers in its place."""

    patient_detail_id: int
    tenancy_id: int
    tenancy_description: str
    merged_into: int | None


def find_own_record(
    connection: Connection[Any], patient_detail_id: int, *, tenancies: Sequence[int] | None
) -> OwnRecord | None:
    """The record, when it is of one of these sources (None for any).

    Whoever writes for a source knows its records: a patient's refusal to share hides none from it.
    """
    row = connection.execute(
        queries.own_record,
        {
            "patient_detail_id": patient_detail_id,
            "tenancies": None if tenancies is None else list(tenancies),
        },
    ).fetchone()
    return OwnRecord(*row) if row else None


def find_description(connection: Connection[Any], tenancy_id: int) -> str | None:
    """What the source system is called; None where there is none."""
    row = connection.execute(queries.describe_tenancy, {"tenancy_id": tenancy_id}).fetchone()
    return row[0] if row else None


def find_by_number(connection: Connection[Any], tenancy_id: int, number: str) -> int | None:
    """The record whose present local number this is; Conflict where the number cannot tell.

    Records of the source cannot change their numbers until the caller's transaction ends.
    """
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    rows = connection.execute(
        queries.records_of_number, {"tenancy_id": tenancy_id, "number": number}
    ).fetchall()
    present = [record for record, is_minor in rows if not is_minor]
    if len(present) > 1:
        raise _number_conflict("is the number of several records of this source")
    if not present and rows:
        raise _number_conflict("is a former number, or one merged away, of another record of this source")
    return present[0] if present else None


def check_number_is_free(connection: Connection[Any], tenancy_id: int, number: str, *, own: int) -> None:
    """Conflict where the number is, or was, another record's."""
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    rows = connection.execute(
        queries.records_of_number, {"tenancy_id": tenancy_id, "number": number}
    ).fetchall()
    if any(record != own for record, _ in rows) and own not in {r for r, is_minor in rows if not is_minor}:
        raise _number_conflict("is a number of another record of this source")


def submit_record(
    connection: Connection[Any],
    tenancy_id: int,
    patient_detail_id: int | None,
    demographics: Mapping[str, Any],
    *,
    source_updated_at: str | None,
    today: str,
) -> tuple[int, Outcome]:
    """Make a record (no ID) or replace one's demographics, in the caller's transaction; raises InvalidItem.

    `demographics` is by JSON name. What they cannot say stays as the source said it before.
    """
    _check(demographics, source_updated_at, today)
    source_key, stored, stored_at = f"submitted:{uuid.uuid4()}", {}, None
    if patient_detail_id is not None:
        row = connection.execute(queries.stored_record, {"patient_detail_id": patient_detail_id}).fetchone()
        assert row is not None
        source_key, stored, stored_at = row
    given_at = datetime.fromisoformat(source_updated_at) if source_updated_at else None
    record = parse_patient(
        msgspec.json.encode(_replaced(stored, demographics)),
        source_key=source_key,
        source_updated_at=source_updated_at,
        today=today,
    )
    if patient_detail_id is not None and given_at and stored_at and given_at < stored_at:
        return patient_detail_id, Outcome.IGNORED
    was_deleted = patient_detail_id is not None and is_deleted(connection, patient_detail_id)
    filed = file_records(connection, tenancy_id, [record])
    if patient_detail_id is None:
        return filed.made[source_key], Outcome.CREATED
    if was_deleted:
        # To whoever asks, there was no such record; it comes back under its own ID.
        still = is_deleted(connection, patient_detail_id)
        return patient_detail_id, Outcome.IGNORED if still else Outcome.CREATED
    if filed.made_or_changed:
        return patient_detail_id, Outcome.UPDATED
    if given_at:
        connection.execute(
            queries.note_source_time, {"patient_detail_id": patient_detail_id, "source_updated_at": given_at}
        )
    return patient_detail_id, Outcome.UNCHANGED


def find_linked(
    connection: Connection[Any],
    patient_detail_id: int,
    *,
    tenancies: Sequence[int] | None,
    named: Sequence[int] = (),
) -> list[int]:
    """The records of the person that the caller may know of, this one left out.

    Those whose patient refuses to share them are left out too, unless the caller named them itself.
    """
    rows = connection.execute(
        queries.linked_to_tell,
        {
            "patient_detail_id": patient_detail_id,
            "tenancies": None if tenancies is None else list(tenancies),
            "named": list(named),
        },
    )
    return [row[0] for row in rows]


def count_possible(
    connection: Connection[Any], patient_detail_id: int, *, tenancies: Sequence[int] | None
) -> int:
    """How many possible links of the record with records that the caller may know of wait for a steward.

    Those that a sealed decision hides from ordinary stewards are not counted either.
    """
    row = connection.execute(
        queries.count_possible,
        {
            "patient_detail_id": patient_detail_id,
            "tenancies": None if tenancies is None else list(tenancies),
        },
    ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def _check(demographics: Mapping[str, Any], source_updated_at: str | None, today: str) -> None:
    """The rules of a submission that the declaration of Patient - Demographics does not hold."""
    errors = [
        FieldError(name, f"must not be longer than {_SEARCHED_LIMIT} characters")
        for name in _SEARCHED
        if len(name_key(demographics.get(name) or "")) > _SEARCHED_LIMIT
        or len(demographics.get(name) or "") > _SEARCHED_LIMIT
    ]
    born, died = demographics.get("DateOfBirth"), demographics.get("DateOfDeath")
    for name, day in (("DateOfBirth", born), ("DateOfDeath", died)):
        if day and day > today:
            errors.append(FieldError(name, "must not lie in the future"))
    if born and died and died < born:
        errors.append(FieldError("DateOfDeath", "must not lie before DateOfBirth"))
    rule = check_source_time(source_updated_at, today)
    if rule is not None:
        errors.append(FieldError("SourceUpdatedDate", rule))
    if errors:
        raise InvalidItem(errors)


def _replaced(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    kept, given = dict(stored), dict(given)
    if not given.get(_PROTECTION):
        # Left out, it must not lift a protection that the source has asked for.
        given.pop(_PROTECTION, None)
    for name, leaders in _FOLLOWS.items():
        if any((stored.get(leader) or None) != (given.get(leader) or None) for leader in leaders):
            kept.pop(name, None)
    return {**kept, **{name: value for name, value in given.items() if value is not None or name in kept}}


def _number_conflict(rule: str) -> Conflict:
    return Conflict(
        "The local number is taken.", errors=[FieldError("PatientNumber", rule)], reason="number_taken"
    )
