"""A source deletes its record of a patient: it is shown to nobody, and nothing of it is lost.

HL7 v2.4 §3.3.23 (A23) and §3.3.29 (A29). The record stands alone, no face shows it, its entries stay stored
and its ID its own. When the source sends it again it is back under that ID, and what stewards said of it is
in force again. A line that is older than the deletion does not bring it back, though it come later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.linking import DECIDED_BY, STEWARD, lock_index, read_identity, relink
from carecord.patient_index.scoring import model_in_force, score

queries = load_queries(__package__, "deletion.sql")
keys = load_queries(__package__, "keys.sql")

WORDS_AT_ODDS = "words_at_odds"
"""Why a link is asked for: while one of the two was deleted, something was said that goes against it."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A source's word that it deleted its record; `source_updated_at` is UK local, or not told."""

    source_key: str
    source_updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Of records that a source sends, those to file, and the IDs of those that are back."""

    records: Sequence[SourceRecord]
    returned: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    patient_detail_id: int | None
    source_updated_at: datetime | None
    withdrawal_id: int | None
    withdrawn_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class _Word:
    """What a steward has said of a record that goes and another."""

    other: int
    decision: str
    decided_by: str
    reason: str | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class _Returning:
    """A word on records that are back, which could be in force again."""

    decision_id: int
    record_a: int
    record_b: int
    decision: str
    is_merge: bool

    @property
    def pair(self) -> Pair:
        return self.record_a, self.record_b


def delete_records(
    connection: Connection[Any],
    tenancy_id: int,
    deletions: Sequence[Deletion],
    *,
    deleted_by: str,
    reason: str | None = None,
) -> list[int]:
    """Delete records of a source, each named once, in the caller's transaction. Gives back those that went.

    A deletion older than its record changes nothing; one of a record that nobody has sent is remembered, if
    it is dated, against older lines to come.
    """
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    lock_index(connection)
    rows = connection.execute(
        queries.records_to_delete,
        {"tenancy_id": tenancy_id, "source_keys": [one.source_key for one in deletions]},
    )
    known = {row[0]: _Known(*row[1:]) for row in rows}
    going: dict[str, tuple[int | None, datetime | None]] = {}
    later: dict[int, datetime] = {}
    for one in deletions:
        found = known[one.source_key]
        said_at = datetime.fromisoformat(one.source_updated_at) if one.source_updated_at else None
        if found.withdrawal_id is not None:
            if said_at and (found.withdrawn_as_of is None or found.withdrawn_as_of < said_at):
                later[found.withdrawal_id] = said_at
        elif found.patient_detail_id is None:
            if said_at:
                going[one.source_key] = None, said_at
        elif not (said_at and found.source_updated_at and said_at < found.source_updated_at):
            going[one.source_key] = found.patient_detail_id, said_at or found.source_updated_at
    if later:
        connection.execute(
            queries.postpone_withdrawals,
            {"withdrawal_ids": list(later), "as_of": list(later.values())},
        )
    if going:
        _delete(connection, tenancy_id, going, deleted_by=deleted_by, reason=reason)
    return [record for record, _ in going.values() if record is not None]


def delete_record(
    connection: Connection[Any], patient_detail_id: int, *, as_of: str, deleted_by: str, reason: str
) -> None:
    """Delete one record, as its source would; NotFound where it is not there, or no longer.

    `as_of` is UK local: what the source said before that does not bring the record back.
    """
    tenancy_id, source_key, deleted, _ = _find(connection, patient_detail_id)
    if deleted:
        raise _unknown(patient_detail_id)
    one = Deletion(source_key, as_of)
    if not delete_records(connection, tenancy_id, [one], deleted_by=deleted_by, reason=reason):
        raise Conflict("The record is dated later than its deletion.", reason="older")


def restore_record(connection: Connection[Any], patient_detail_id: int) -> None:
    """Take back a deletion that was a mistake, in the caller's transaction."""
    tenancy_id, _, deleted, withdrawal_id = _find(connection, patient_detail_id)
    if not deleted:
        raise Conflict(f"Record {patient_detail_id} is not deleted.", reason="not_deleted")
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    lock_index(connection)
    _bring_back(connection, {withdrawal_id: patient_detail_id})
    relink(connection, [patient_detail_id])


def is_deleted(connection: Connection[Any], patient_detail_id: int) -> bool:
    """Whether the record, which is known, has been deleted."""
    return _find(connection, patient_detail_id)[2]


def admit(connection: Connection[Any], tenancy_id: int, records: Sequence[SourceRecord]) -> Admitted:
    """Which of the records that a source sends are to be filed: none that is older than its deletion.

    To be called before they are filed, in the same transaction. Those that were deleted are there again; the
    caller links them anew, whether or not filing changes them.
    """
    asked = {"tenancy_id": tenancy_id, "source_keys": [record.source_key for record in records]}
    if not connection.execute(queries.open_withdrawals, asked).fetchone():
        return Admitted(records)
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    lock_index(connection)
    deleted = {row[0]: row[1:] for row in connection.execute(queries.open_withdrawals, asked)}
    admitted, back = [], {}
    for record in records:
        withdrawal_id, as_of, patient_detail_id = deleted.get(record.source_key, (None, None, None))
        said_at = datetime.fromisoformat(record.source_updated_at) if record.source_updated_at else None
        if said_at and as_of and said_at < as_of:
            continue
        admitted.append(record)
        if withdrawal_id is not None:
            back[withdrawal_id] = patient_detail_id
    _bring_back(connection, back)
    return Admitted(admitted, [record for record in back.values() if record is not None])


def _find(connection: Connection[Any], patient_detail_id: int) -> tuple[int, str, bool, int]:
    row = connection.execute(queries.deleted_record, {"patient_detail_id": patient_detail_id}).fetchone()
    if row is None:
        raise _unknown(patient_detail_id)
    return row[0], row[1], row[2], row[3]


def _unknown(patient_detail_id: int) -> NotFound:
    return NotFound(f"There is no patient detail ID {patient_detail_id}.")


def _delete(
    connection: Connection[Any],
    tenancy_id: int,
    going: Mapping[str, tuple[int | None, datetime | None]],
    *,
    deleted_by: str,
    reason: str | None,
) -> None:
    """Delete what is `going`: by source key the patient detail ID, if there is one, and the time of it."""
    ids = [record for record, _ in going.values() if record is not None]
    others = dict(connection.execute(queries.left_behind, {"ids": ids}).fetchall())
    for record in ids:
        _carry_words(connection, record)
    connection.execute(
        queries.insert_withdrawals,
        {
            "tenancy_id": tenancy_id,
            "source_keys": list(going),
            "ids": [record for record, _ in going.values()],
            "as_of": [as_of for _, as_of in going.values()],
            "withdrawn_by": deleted_by,
            "reason": reason,
        },
    )
    connection.execute(queries.end_decisions_on, {"ids": ids})
    connection.execute(keys.hide, {"ids": ids})
    connection.execute(queries.delete_records, {"ids": ids})
    lowest: dict[int, int] = {}
    for other, person in others.items():
        lowest[person] = min(other, lowest.get(person, other))
    connection.execute(
        queries.close_ranks,
        {"ids": list(others), "persons": [lowest[person] for person in others.values()], "gone": ids},
    )
    relink(connection, list(others))


def _carry_words(connection: Connection[Any], going: int) -> None:
    """What stewards' words on a record that goes come to for those that stay.

    Those that were joined with it are one person's without it too, and none of its person is theirs whom it
    was parted from.
    """
    rows = connection.execute(queries.words_on, {"id": going, "steward": STEWARD})
    words = [_Word(*row) for row in rows]
    joined = [word for word in words if word.decision == "linked"]
    for one, other in combinations(joined, 2):
        _carry(connection, going, one.other, other, sealed=one.sealed or other.sealed)
    sealed = {word.other: word.sealed for word in joined}
    fellows = [row[0] for row in connection.execute(queries.fellows_of, {"id": going})]
    for one in dict.fromkeys([*sealed, *fellows]):
        for other in words:
            if other.decision == "not linked" and other.other != one:
                _carry(connection, going, one, other, sealed=sealed.get(one, False) or other.sealed)


def _carry(connection: Connection[Any], going: int, one: int, other: _Word, *, sealed: bool) -> None:
    a, b = pair(one, other.other)
    by_way = f"by way of record {going}, which its source has deleted"
    word = {
        "a": a,
        "b": b,
        "going": going,
        "steward": STEWARD,
        "sealed": sealed,
        "decision": other.decision,
        "decided_by": other.decided_by,
        "reason": f"{other.reason} ({by_way})" if other.reason else by_way,
    }
    connection.execute(queries.end_weights_on, word)
    connection.execute(queries.carry_word, word)


def _bring_back(connection: Connection[Any], back: Mapping[int, int | None]) -> None:
    """End these withdrawals, each with its patient detail ID, if there is one."""
    ids = {"ids": [record for record in back.values() if record is not None]}
    connection.execute(queries.end_withdrawals, {"withdrawal_ids": list(back)})
    connection.execute(queries.undelete_records, ids)
    connection.execute(keys.find_again, ids)
    _say_again(connection, ids | {"steward": STEWARD})


def _say_again(connection: Connection[Any], back: Mapping[str, Any]) -> None:
    """What stewards have said of these records is in force again, and what stood for it over.

    Words that would join two whom somebody has parted meanwhile are not: which of them errs nobody knows.
    """
    returning = [_Returning(*row) for row in connection.execute(queries.words_of_returned, back)]
    at_odds = _at_odds(connection, returning)
    withheld = {
        "decision_ids": [word.decision_id for word in at_odds],
        "withdrawn_by": DECIDED_BY,
        "reason": "While the record was deleted, two whom this would join were parted.",
    }
    connection.execute(queries.withhold, withheld)
    for word in at_odds:
        _ask_again(connection, word.pair)
    connection.execute(queries.end_carried, back)
    connection.execute(queries.keep_carried, back)
    again = [word.decision_id for word in returning if word not in at_odds]
    connection.execute(queries.say_again, {"decision_ids": again})


def _ask_again(connection: Connection[Any], asked: Pair) -> None:
    model = model_in_force()
    rows = connection.execute(queries.identities_of, {"ids": list(asked)})
    identities = {record: read_identity(text) for record, text in rows}
    scored = score(model, identities[asked[0]], identities[asked[1]])
    proposal = {
        "record_a": asked[0],
        "record_b": asked[1],
        "model": f"{model.name} {model.version}",
        "engine": DECIDED_BY,
        "weight": round(scored.weight, 3),
        "relative_weight": round(scored.relative_weight, 3),
        "levels": list(scored.levels),
        "reasons": [WORDS_AT_ODDS],
    }
    connection.execute(queries.propose_link, proposal)


def _at_odds(connection: Connection[Any], returning: Sequence[_Returning]) -> list[_Returning]:
    """The joining words, no merge's, that with the others in force bring a barred pair together."""
    asked = {"ids": [end for word in returning for end in word.pair], "steward": STEWARD}
    words: list[tuple[Pair, str]] = [(word.pair, word.decision) for word in returning]
    words += [((row[0], row[1]), row[2]) for row in connection.execute(queries.words_around, asked)]
    barred = {p for p, decision in words if decision == "not linked"}
    joined = {p for p, decision in words if decision == "linked"} - barred
    part = connected_parts({end for p, _ in words for end in p}, joined)
    torn = {part[a] for a, b in barred if part[a] == part[b]}
    return [w for w in returning if w.pair in joined and not w.is_merge and part[w.pair[0]] in torn]
