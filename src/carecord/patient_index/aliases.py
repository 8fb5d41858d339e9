"""Superseded NHS numbers: records that hold one are compared by the number that took its place.

PDS says so by `replacedBy`, where one patient had been given two numbers. It never does where a patient was
given a new number to part two lives (adoption, change of gender, protection): such a pair must never be told
here.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.json import encode
from msgspec.structs import replace
from psycopg import Connection

from carecord.kernel.errors import Conflict, FieldError, NotFound, Unprocessable
from carecord.kernel.nhs_number import is_nhs_number, is_placeholder
from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.linking import lock_index, read_identity, relink
from carecord.patient_index.scoring import model_in_force

queries = load_queries(__package__, "aliases.sql")
keys = load_queries(__package__, "keys.sql")


@dataclass(frozen=True, slots=True)
class Noted:
    """What telling of superseded numbers changed: aliases that are new, and records compared otherwise."""

    aliases: int = 0
    patient_detail_ids: Sequence[int] = ()


def current_numbers(connection: Connection[Any], numbers: Collection[str]) -> dict[str, str]:
    """For those of the numbers that have been superseded, the one that is current today.

    Who tells of more has the whole index locked: whoever stores the answer holds a lock of the index too.
    """
    if not numbers:
        return {}
    return dict(connection.execute(queries.chains, {"numbers": list(numbers)}).fetchall())


def numbers_of(records: Sequence[SourceRecord]) -> list[str]:
    """The NHS numbers that these records are compared by."""
    return list({number for record in records if (number := record.identity.nhs_number)})


def with_current_numbers(
    records: Sequence[SourceRecord], current: Mapping[str, str]
) -> Sequence[SourceRecord]:
    """The records, compared by `current` numbers; what their sources sent stays as it is."""
    if not current:
        return records
    return [
        dataclasses.replace(record, identity=replace(record.identity, nhs_number=current.get(number, number)))
        if (number := record.identity.nhs_number)
        else record
        for record in records
    ]


def note_all_superseded(
    connection: Connection[Any],
    pairs: Sequence[tuple[str, str]],
    *,
    told_by: str,
    reason: str | None,
) -> Noted:
    """Keep pairs of a superseded and a current number, in the caller's transaction.

    Told again they change nothing. Unprocessable for what is no NHS number; Conflict for a number that
    another has superseded already, and for a circle. Errors name the place of a pair, from 1, but no number.
    """
    for place, pair in enumerate(pairs, 1):
        _check(place, pair)
    lock_index(connection)
    new = [pair for place, pair in enumerate(pairs, 1) if _insert(connection, place, pair, told_by, reason)]
    return Noted(len(new), _compare_anew(connection, [old for old, _ in new]))


def forget_superseded(connection: Connection[Any], old: str, new: str) -> Noted:
    """Take back an alias that was told by mistake; the records that hold the number are compared anew."""
    lock_index(connection)
    if not connection.execute(queries.delete_alias, {"superseded": old, "current": new}).rowcount:
        raise NotFound("Nobody has told that the one number superseded the other.")
    return Noted(1, _compare_anew(connection, [old]))


def _check(place: int, pair: tuple[str, str]) -> None:
    errors = [
        FieldError(f"pair {place}, {name} number", "must be an NHS number")
        for name, number in zip(("superseded", "current"), pair, strict=True)
        if not is_nhs_number(number) or is_placeholder(number)
    ]
    if errors:
        raise Unprocessable("What is no NHS number cannot be superseded.", errors=errors)
    if pair[0] == pair[1]:
        raise _conflict(place, "cannot supersede itself")


def _insert(
    connection: Connection[Any], place: int, pair: tuple[str, str], told_by: str, reason: str | None
) -> bool:
    """Whether the pair is new."""
    old, new = pair
    known = connection.execute(queries.alias_of, {"superseded": old}).fetchone()
    if known is not None:
        if known[0] != new:
            raise _conflict(place, "has been superseded by another number already")
        return False
    if current_numbers(connection, [new]).get(new) == old:
        raise _conflict(place, "is itself what the other has been superseded by")
    connection.execute(
        queries.insert_alias, {"superseded": old, "current": new, "told_by": told_by, "reason": reason}
    )
    return True


def _conflict(place: int, rule: str) -> Conflict:
    return Conflict(
        "The numbers contradict each other, or what is stored.",
        errors=[FieldError(f"pair {place}, superseded number", rule)],
        reason="alias",
    )


def _compare_anew(connection: Connection[Any], numbers: Sequence[str]) -> list[int]:
    """Compare the records that were sent with these numbers, or with any before them, by the current ones."""
    if not numbers:
        return []
    earlier = [row[0] for row in connection.execute(queries.leading_to, {"numbers": list(numbers)})]
    current = current_numbers(connection, earlier)
    rows = connection.execute(queries.records_with, {"numbers": earlier}).fetchall()
    moved = _moved(rows, current)
    if moved:
        connection.execute(
            queries.set_identities,
            {
                "ids": list(moved),
                "identities": [identity for identity, _, _ in moved.values()],
                "keys": [" ".join(map(str, sorted(own))) for _, own, _ in moved.values()],
            },
        )
        gone = [(key, record) for record, (_, _, lost) in moved.items() for key in lost]
        connection.execute(
            keys.drop_keys, {"keys": [key for key, _ in gone], "ids": [record for _, record in gone]}
        )
        connection.execute(keys.find_again, {"ids": list(moved)})
        relink(connection, list(moved))
    return list(moved)


def _moved(
    rows: Sequence[Sequence[Any]], current: Mapping[str, str]
) -> dict[int, tuple[str, set[int], set[int]]]:
    """By patient detail ID: the identity, its blocking keys, and the keys it no longer has."""
    rules = model_in_force().blocking
    moved = {}
    for record, number, text, old_keys in rows:
        before = read_identity(text)
        # One that counts for nothing, as after a trace that failed, does not begin to count.
        if before.nhs_number is None or before.nhs_number == current.get(number, number):
            continue
        after = replace(before, nhs_number=current.get(number, number))
        new = set(blocking_keys(after, rules))
        moved[record] = encode(after).decode(), new, set(old_keys) - new
    return moved
