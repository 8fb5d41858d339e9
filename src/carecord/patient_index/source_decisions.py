"""What a source may decide of links and merges: it undoes no decision of anybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index import links
from carecord.patient_index.linking import STEWARD, lock_index, relink

queries = load_queries(__package__)
merging = load_queries(__package__, "merging.sql")


@dataclass(frozen=True, slots=True)
class _Decision:
    record_a: int
    record_b: int
    decision: str
    rule: str
    decided_by: str


def link_records(connection: Connection[Any], a: int, b: int, *, decided_by: str, reason: str | None) -> None:
    """Say that two records are one person's; a lasting decision, in the caller's transaction.

    Conflict where somebody else has said of the two, or of records linked with them, that they are not.
    """
    lock_index(connection)
    ours, theirs = _person_of(connection, a), _person_of(connection, b)
    across = _decisions_across(connection, ours, theirs)
    if any(d.decision == "not linked" and d.decided_by != decided_by for d in across):
        raise Conflict(
            # The one text for every barrier: neither who barred it nor whether it is sealed is told.
            "These records cannot be linked: ask the index lead.",
            reason=links.LINK_BARRED,
        )
    said = {(d.record_a, d.record_b) for d in across if d.decision == "linked" and d.rule == STEWARD}
    if b in ours and (min(a, b), max(a, b)) in said:
        return
    links.link(connection, a, b, decided_by=decided_by, reason=reason)


def unlink_records(
    connection: Connection[Any], a: int, b: int, *, decided_by: str, reason: str | None
) -> None:
    """Take `b`, and what was merged into it, out of the person of `a`; a lasting decision.

    NotFound where the two are not linked; Conflict where a merge, or a decision of somebody else, holds them
    together. Two that the same source has parted before stay as they are.
    """
    lock_index(connection)
    together = _person_of(connection, a)
    if b not in together:
        words = links.words_between(connection, [a], [b])
        own = [word for word in words if word.decided_by == decided_by and not word.sealed]
        if any(word.decision == "not linked" for word in own):
            return
        raise NotFound("The two are not linked.", reason="not_linked")
    leaving = [row[0] for row in connection.execute(queries.merged_with, {"patient_detail_id": b})]
    staying = [record for record in together if record not in leaving]
    merges = connection.execute(queries.merges_across, {"leaving": leaving, "staying": staying})
    if a in leaving or merges.fetchone():
        raise Conflict("A merge holds the two together; support can undo a merge.", reason="merged")
    across = _decisions_across(connection, leaving, staying)
    if any(d.decision == "linked" and d.rule == STEWARD and d.decided_by != decided_by for d in across):
        raise Conflict(
            "Somebody else has decided that the two are one patient; a steward can undo that.",
            reason="linked_by_another",
        )
    links.unlink(connection, leaving, decided_by=decided_by, reason=reason)


def find_merge_target(connection: Connection[Any], patient_detail_id: int) -> int | None:
    """The record that this one was merged into; None where it stands for itself."""
    row = connection.execute(queries.merged_into, {"patient_detail_id": patient_detail_id}).fetchone()
    return row[0] if row else None


def find_merge_minor(connection: Connection[Any], tenancy_id: int, major: int, number: str) -> int | None:
    """The record that a merge names by its number: its present one, or the one it had when it was merged.

    Conflict where several records have the number.
    """
    rows = connection.execute(
        queries.records_to_merge, {"tenancy_id": tenancy_id, "number": number, "major": major}
    ).fetchall()
    if len(rows) > 1:
        raise Conflict(
            "Several records have this number; name the minor record by its ID.", reason="ambiguous"
        )
    return rows[0][0] if rows else None


def merge_records(
    connection: Connection[Any],
    major: int,
    minor: int,
    *,
    tenancy_id: int,
    decided_by: str,
    reason: str | None,
) -> None:
    """Merge a record of a source into another of it: linked for good, its numbers minor numbers of the other.

    HL7 v2.4 §3.3.40 (A40). No ID changes and no entry moves. Both must be of `tenancy_id`. Conflict where
    either is merged already.
    """
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    lock_index(connection)
    into = find_merge_target(connection, minor)
    if into == major:
        return
    if into is not None:
        raise Conflict("The minor record is merged into another.", reason="merged")
    if find_merge_target(connection, major) is not None:
        raise Conflict("The major record is itself merged into another.", reason="merged")
    across = {
        "ours": _person_of(connection, major),
        "theirs": _person_of(connection, minor),
        "steward": STEWARD,
    }
    before = connection.execute(merging.words_across, across).fetchall()
    link_records(connection, major, minor, decided_by=decided_by, reason=reason)
    made = [row[0] for row in connection.execute(merging.words_across, across) if row not in before]
    merge = {"major": major, "minor": minor, "decided_by": decided_by, "reason": reason}
    connection.execute(queries.retire_merged_numbers, merge)
    taken = [row[0] for row in connection.execute(merging.take_over_numbers, merge)]
    connection.execute(merging.insert_merge, merge | {"link_decisions": made, "numbers_taken": taken})


def unmerge_records(
    connection: Connection[Any], major: int, minor: int, *, undone_by: str, reason: str
) -> list[int]:
    """Undo a merge: each record has its own numbers again, and links are decided as if it had never been.

    HL7 v2.4 §3.3.37 (A37). No ID changes and no entry moves. What stewards have said of the two besides stays
    said. Gives back the records that this bears on. NotFound where the one is not merged into the other;
    Conflict where the major record is merged further: that must be undone first.
    """
    lock_index(connection)
    both = {"major": major, "minor": minor, "steward": STEWARD}
    merge = connection.execute(merging.merge_in_force, both).fetchone()
    if merge is None:
        raise NotFound(f"Record {minor} is not merged into record {major}.", reason="not_merged")
    if find_merge_target(connection, major) is not None:
        raise Conflict("The major record is itself merged into another; undo that first.", reason="merged")
    merge_id, numbers_taken, decisions = merge
    bears_on = {*_person_of(connection, major), *_person_of(connection, minor)}
    connection.execute(merging.end_merge, {"merge_id": merge_id, "undone_by": undone_by, "reason": reason})
    connection.execute(merging.give_back_numbers, both | {"numbers_taken": numbers_taken})
    connection.execute(merging.revive_number, both)
    _take_back(connection, decisions, withdrawn_by=undone_by, reason=reason)
    relink(connection, sorted(bears_on))
    return sorted(bears_on)


def _take_back(
    connection: Connection[Any], decisions: Sequence[int], *, withdrawn_by: str, reason: str
) -> None:
    """End these words, and let those speak again that they had put an end to."""
    if not decisions:
        return
    words = {"decisions": list(decisions), "steward": STEWARD}
    bars = connection.execute(merging.overridden, words).fetchall()
    links.withdraw(connection, decisions[0], withdrawn_by=withdrawn_by, reason=reason, may_see_sealed=True)
    links.bar_again(connection, bars)


def _person_of(connection: Connection[Any], patient_detail_id: int) -> list[int]:
    return [row[0] for row in connection.execute(queries.person_of, {"patient_detail_id": patient_detail_id})]


def _decisions_across(
    connection: Connection[Any], ours: Sequence[int], theirs: Sequence[int]
) -> list[_Decision]:
    rows = connection.execute(queries.decisions_across, {"ours": list(ours), "theirs": list(theirs)})
    return [_Decision(*row) for row in rows]
