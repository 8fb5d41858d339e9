"""Overlays: a source record that turns into somebody else is a task, not a silent new link.

A clerk who opens one patient and types in another leaves a record whose entries are the first one's and whose
name is the second's. Until a steward has decided, no weight links such a record (see `linking`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from msgspec.json import encode
from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.comparing import COMPARISONS, NOTHING, compare
from carecord.patient_index.deciding import judge
from carecord.patient_index.linking import DECIDED_BY, STEWARD, lock_index, read_identity, relink
from carecord.patient_index.links import bar_again, check_words_agree
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, Score, model_in_force, score

queries = load_queries(__package__, "overlays.sql")

Decision = Literal["same person", "another person"]

STEPS_H = 24
"""A turn that takes several messages is seen as one where they come within so many hours. A record that was
emptied in between is held to what it last said, however long ago."""

ANOTHER = -10.0
"""Bits. Of a thousand changes that a source makes to a record, fewer than one makes it somebody else's: the
change itself must speak a thousand to one against one person."""

_PLACE = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
_LAST = {comparison.name: len(comparison.levels) - 1 for comparison in COMPARISONS}
_NUMBER, _BIRTH, _FORENAME = _PLACE["nhs_number"], _PLACE["birth"], _PLACE["forename"]
_SURNAME, _SEX, _MIDDLE = _PLACE["surname"], _PLACE["sex"], _PLACE["middle"]
_OTHER_BIRTH = (_LAST["birth"] - 1, _LAST["birth"])
"""Two of its three parts agree, which may be chance, or fewer do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A source record that is compared otherwise than before."""

    patient_detail_id: int
    before: Identity
    after: Identity


@dataclass(frozen=True, slots=True)
class _Former:
    """Who a record was, and until when; None where it was so until now."""

    identity: Identity
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """What a look at changes made of them: records that are tasks now, and records that no longer are."""

    opened: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.undone)


def turns_into_another(model: Model, before: Identity, after: Identity) -> bool:
    """Whether a change of a record leaves nothing of the patient it was about.

    Name and date of birth are others, and the model's weights, against a stranger or against a relative in
    one home, speak a thousand to one against one person. A date of birth that stays excuses all: adoption and
    a change of gender bring new names and a new number, and a task would tell of them. Only a twin is noticed
    in spite of it, by number and forename, where surname and sex stay. An NHS number that stays excuses one
    other name or birth date; where both are others, a clerk has left it standing, and it does not count.
    """
    scored = score(model, before, after)
    if _is_twin(before, after, scored.levels):
        return True
    return _is_another(scored.levels) and _against(model, scored) <= ANOTHER


def _against(model: Model, scored: Score) -> float:
    """What all but an NHS number that stays says for one person."""
    weight, relative = scored.weight - model.prior, scored.relative_weight
    if scored.levels[_NUMBER] == 0:
        weight -= model.weights[_NUMBER][0]
        relative -= model.relative_weights[_NUMBER][0]
    return min(weight, relative)


def _is_another(levels: Sequence[int]) -> bool:
    if levels[_NUMBER] == 0:
        return levels[_FORENAME] == _LAST["forename"] and levels[_BIRTH] == _LAST["birth"]
    turned = levels[_FORENAME] == _LAST["forename"] or (
        levels[_FORENAME] == NOTHING and levels[_SURNAME] == _LAST["surname"]
    )
    if levels[_BIRTH] == NOTHING:
        return turned and levels[_SURNAME] == _LAST["surname"] and levels[_NUMBER] == _LAST["nhs_number"]
    return turned and levels[_BIRTH] in _OTHER_BIRTH


def _is_twin(before: Identity, after: Identity, levels: Sequence[int]) -> bool:
    return (
        before.nhs_verified
        and after.nhs_verified
        and levels[_NUMBER] == _LAST["nhs_number"]
        and levels[_FORENAME] == _LAST["forename"]
        and levels[_MIDDLE] in (NOTHING, _LAST["middle"])
        and levels[_SURNAME] == 0
        and levels[_SEX] == 0
    )


def _is_again(model: Model, former: Identity, now: Identity) -> bool:
    """Whether a record tells of its former patient again. One that was only emptied does not."""
    levels = compare(former, now)
    told = levels[_FORENAME] not in (NOTHING, _LAST["forename"]) or levels[_BIRTH] not in (
        NOTHING,
        *_OTHER_BIRTH,
    )
    return (told or former == now) and not turns_into_another(model, former, now)


def note(connection: Connection[Any], changes: Sequence[Change], *, model: Model) -> Noted:
    """Make tasks of the records that turned into somebody else, in the transaction that changes them.

    To be called before they are linked anew, while their persons are the former ones. Where a source sends
    the former patient again, an open task closes by itself.
    """
    if not changes:
        return Noted()
    ids = {"ids": [change.patient_detail_id for change in changes]}
    before = dict(connection.execute(queries.open_overlays, ids).fetchall())
    undone = [
        change.patient_detail_id
        for change in changes
        if (text := before.get(change.patient_detail_id))
        and _is_again(model, read_identity(text), change.after)
    ]
    if undone:
        connection.execute(queries.undo_overlays, {"ids": undone, "decided_by": DECIDED_BY})
    earlier = _earlier_identities(connection, [c for c in changes if c.patient_detail_id not in before])
    opened = []
    for change in changes:
        if change.patient_detail_id in before:
            continue
        former = next(
            (
                one
                for one in (_Former(change.before), *earlier.get(change.patient_detail_id, ()))
                if turns_into_another(model, one.identity, change.after)
            ),
            None,
        )
        if former is not None:
            connection.execute(
                queries.open_overlay,
                {
                    "patient_detail_id": change.patient_detail_id,
                    "identity_before": encode(former.identity).decode(),
                    "until": former.until,
                },
            )
            opened.append(change.patient_detail_id)
    return Noted(tuple(opened), tuple(undone))


def _earlier_identities(connection: Connection[Any], changes: Sequence[Change]) -> dict[int, list[_Former]]:
    """By patient detail ID, the oldest first."""
    found: dict[int, list[_Former]] = {}
    if changes:
        rows = connection.execute(
            queries.earlier_identities,
            {"ids": [change.patient_detail_id for change in changes], "hours": STEPS_H},
        )
        for record, text, until in rows:
            found.setdefault(record, []).append(_Former(read_identity(text), until))
    return found


def decide(
    connection: Connection[Any],
    patient_detail_id: int,
    decision: Decision,
    *,
    decided_by: str,
    reason: str,
) -> list[int]:
    """Decide on a record that turned into somebody else, in the caller's transaction.

    "same person": the change was a correction, and weights decide as ever. "another person": it is never to
    be linked with the records of its former person again, but for those that agree with what it says now.
    Gives back the records that this bears on.
    Conflict where nothing waits, or a merge or words on other pairs hold the two together; NotFound where
    there is no such record.
    """
    lock_index(connection)
    closed = connection.execute(
        queries.close_overlay,
        {
            "patient_detail_id": patient_detail_id,
            "decision": decision,
            "decided_by": decided_by,
            "reason": reason,
        },
    ).fetchone()
    if closed is None:
        raise _nothing_waits(connection, patient_detail_id)
    rows = connection.execute(
        queries.former_person, {"patient_detail_id": patient_detail_id, "former_records": closed[0]}
    ).fetchall()
    former = [row[0] for row in rows]
    if decision == "another person":
        now = read_identity(closed[1])
        others = [
            row[0] for row in rows if judge(model_in_force(), now, read_identity(row[1])).outcome != "link"
        ]
        parted = _hand_on_bars(connection, patient_detail_id, [one for one in closed[0] if one in others])
        _bar(connection, patient_detail_id, others, decided_by=decided_by, reason=reason)
        former += [one for one in parted if one not in (patient_detail_id, *former)]
    relink(connection, [patient_detail_id, *former])
    check_words_agree(connection, patient_detail_id)
    return [patient_detail_id, *former]


def _nothing_waits(connection: Connection[Any], patient_detail_id: int) -> Conflict | NotFound:
    known = connection.execute(queries.was_overlaid, {"patient_detail_id": patient_detail_id}).fetchone()
    if known is None:
        return NotFound(f"There is no patient detail ID {patient_detail_id}.")
    if known[0]:
        return Conflict(f"Record {patient_detail_id} has been decided on already.", reason="decided")
    return Conflict(f"Record {patient_detail_id} has not turned into somebody else.", reason="no_overlay")


def _bar(
    connection: Connection[Any],
    patient_detail_id: int,
    former: Sequence[int],
    *,
    decided_by: str,
    reason: str,
) -> None:
    if not former:
        return
    across: dict[str, Any] = {"patient_detail_id": patient_detail_id, "others": list(former)}
    if connection.execute(queries.merges_of, across).fetchone():
        raise Conflict(
            "A merge of the source holds the record and its former person together; undo the merge first.",
            reason="merged",
        )
    words = across | {"steward": STEWARD, "decided_by": decided_by, "reason": reason}
    ended = connection.execute(queries.end_words_with, words).fetchall()
    written = connection.execute(queries.bar_from, words).fetchall()
    connection.execute(
        queries.name_successors,
        {"ended": [row[0] for row in ended], "written": [row[0] for row in written]},
    )


def _hand_on_bars(connection: Connection[Any], patient_detail_id: int, former: Sequence[int]) -> list[int]:
    """Hold the records of the former person to the bars that were said of the one that left it.

    Gives back the records that this bears on.
    """
    asked: dict[str, Any] = {"patient_detail_id": patient_detail_id, "former": former, "steward": STEWARD}
    bars = connection.execute(queries.bars_to_hand_on, asked).fetchall()
    bar_again(connection, bars)
    return sorted({record for bar in bars for record in bar[:2]})
