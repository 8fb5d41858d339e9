"""What waits for a steward, in the order it is worth looking at, and what a steward says of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from carecord.kernel.errors import BadRequest, Conflict, FieldError, NotAllowed, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index import links, overlays
from carecord.patient_index.deciding import NO_CLEAR_LEAD, NOT_COMPATIBLE
from carecord.patient_index.deletion import WORDS_AT_ODDS
from carecord.patient_index.groups import Pair
from carecord.patient_index.guards import GUARDS
from carecord.patient_index.linking import lock_index
from carecord.patient_index.links import Word
from carecord.patient_index.scoring import Model, model_in_force

queries = load_queries(__package__, "reviewing.sql")

Kind = Literal["possible", "overlay", "proposal"]
Asks = Literal["link", "unlink", "overlay"]
Answer = Literal["same", "different"]

KIND_OF_LETTER: dict[str, Kind] = {"L": "possible", "O": "overlay", "P": "proposal"}
_LETTERS = {kind: letter for letter, kind in KIND_OF_LETTER.items()}
_TASK_ID = re.compile(r"([LOP])([1-9][0-9]{0,17})", re.IGNORECASE)

_TASKS = {"L": queries.possible_tasks, "O": queries.overlay_tasks, "P": queries.proposal_tasks}
_WAITING = {"L": queries.possible_waiting, "O": queries.overlay_waiting, "P": queries.proposal_waiting}
_NUMBERED = {
    "L": "d.decision_id = %(one)s",
    "O": "o.overlay_id = %(one)s",
    "P": "p.proposal_id = %(one)s",
}

REASONS = {guard.name: guard.words for guard in GUARDS} | {
    NOT_COMPATIBLE: "other records of the two groups speak against each other",
    NO_CLEAR_LEAD: "somebody else is about as likely",
    WORDS_AT_ODDS: "a steward joined them, and while one was deleted parted whom that would join",
}
"""What a steward reads in place of a reason's name."""

_UNREASONED: dict[tuple[Kind, Asks], str] = {
    ("overlay", "overlay"): "the source's record has turned into somebody else",
    ("possible", "link"): "too much alike to pass over, too little to link",
    ("proposal", "link"): "linking the whole index anew would link them",
    ("proposal", "unlink"): "linking the whole index anew would not link them",
}


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """A question to a steward. Holds no values of patients'."""

    task_id: str
    """L12 is a possible link, O3 a record that turned into somebody else, P7 a proposal."""
    asks: Asks
    records: tuple[int, ...]
    """Patient detail IDs: two, or the one that turned into somebody else."""
    sources: tuple[str, ...]
    """Of each record, what its source system is called."""
    fellows: tuple[int, ...]
    """Of each record, how many others are linked with it."""
    formerly_with: tuple[int, ...]
    """The other records of the person that a record was of before it turned into somebody else."""
    weight: float | None
    relative_weight: float | None
    reasons: tuple[str, ...]
    """Names of the guards, and of what else kept the pair from being linked."""
    since: datetime
    sealed: bool
    """It concerns a person on one side of a sealed decision."""

    @property
    def kind(self) -> Kind:
        return KIND_OF_LETTER[self.task_id[0]]

    @property
    def words(self) -> tuple[str, ...]:
        """Why it waits, to be read."""
        return tuple(say_reason(one) for one in self.reasons) or (_UNREASONED[self.kind, self.asks],)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who says something, why, and by which right: none is without a name and a reason."""

    decided_by: str
    reason: str
    may_see_sealed: bool = False
    sealed: bool = False
    """Of "different people": that whoever lacks the right to see sealed decisions never sees it."""

    def __post_init__(self) -> None:
        said = {"by": self.decided_by, "reason": self.reason}
        errors = [FieldError(field, "must say something") for field, text in said.items() if not text.strip()]
        if errors:
            raise BadRequest("Every decision has a name and a reason.", errors=errors)
        if self.sealed and not self.may_see_sealed:
            raise NotAllowed("A sealed decision needs the right to see sealed ones.", reason="sealed")


def say_reason(name: str) -> str:
    return REASONS.get(name, name.replace("_", " "))


def waiting(
    connection: Connection[Any],
    *,
    kind: Kind | None = None,
    limit: int = 20,
    after: str | None = None,
    may_see_sealed: bool = False,
    model: Model | None = None,
) -> list[ReviewTask]:
    """The tasks that wait, a page of them; `after` is the last task ID of the page before.

    First the records that turned into somebody else, which nothing links until somebody decides, the oldest
    first; then links in force that a run over the whole index would not make, the weakest first; then
    possible links, those nearest to being made first.
    """
    letters = [_LETTERS[kind]] if kind else list(KIND_OF_LETTER)
    parameters = _bars(model) | {"may_see_sealed": may_see_sealed, "limit": limit}
    parameters |= dict.fromkeys(("place", "rank", "letter", "number"))
    if after is not None:
        letter, number = parse_task_id(after)
        row = connection.execute(
            _query(queries.place_of_task, letter, _NUMBERED[letter]), parameters | {"one": number}
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no task {after.upper()}.")
        parameters |= {"place": row[0], "rank": row[1], "letter": letter, "number": number}
    rows = connection.execute(_waiting(queries.list_tasks, letters), parameters)
    return [_task(row) for row in rows]


def count_waiting(
    connection: Connection[Any], *, may_see_sealed: bool = False, model: Model | None = None
) -> dict[Kind, int]:
    """How many tasks of each kind wait."""
    rows = connection.execute(
        _waiting(queries.count_tasks, list(KIND_OF_LETTER)), _bars(model) | {"may_see_sealed": may_see_sealed}
    )
    counted = dict(rows.fetchall())
    return {kind: counted.get(letter, 0) for letter, kind in KIND_OF_LETTER.items()}


def find_task(connection: Connection[Any], task_id: str, *, may_see_sealed: bool = False) -> ReviewTask:
    """The task, while it waits; NotFound where there never was one, Conflict where it no longer waits.

    Who may not see a sealed task hears the same of it as of one that is done.
    """
    letter, number = parse_task_id(task_id)
    parameters = _bars(None) | {"may_see_sealed": may_see_sealed, "limit": 1, "one": number}
    parameters |= dict.fromkeys(("place", "rank", "letter", "number"))
    condition = f"{_WAITING[letter]} AND {_NUMBERED[letter]}"
    row = connection.execute(_query(queries.list_tasks, letter, condition), parameters).fetchone()
    if row is not None:
        return _task(row)
    known = connection.execute(_query(queries.place_of_task, letter, _NUMBERED[letter]), parameters)
    if known.fetchone() is None:
        raise NotFound(f"There is no task {task_id.upper()}.")
    raise Conflict(
        f"Task {task_id.upper()} no longer waits: it is decided, or has become idle.", reason="done"
    )


def parse_task_id(text: str) -> tuple[str, int]:
    """The letter and number of a task ID such as L12; BadRequest where it is none."""
    match = _TASK_ID.fullmatch(text.strip())
    if match is None:
        raise BadRequest("A task is a letter of L, O and P and a number, such as L12.")
    return match[1].upper(), int(match[2])


def answer_task(connection: Connection[Any], task_id: str, answer: Answer, signed: Signed) -> Word:
    """Say "same person" or "different people" on a task. Of two stewards at once the second gets a Conflict.

    Of an overlay, "same" is that the record is still of the patient it was of.
    """
    lock_index(connection)
    task = find_task(connection, task_id, may_see_sealed=signed.may_see_sealed)
    if task.asks == "overlay":
        return _answer_overlay(connection, task, answer, signed)
    return _answer(connection, (task.records[0], task.records[1]), answer, signed)


def answer_pair(connection: Connection[Any], a: int, b: int, answer: Answer, signed: Signed) -> Word:
    """Say "same person" or "different people" of two records, whether a task asks or not.

    Conflict where just that has been said of the two already.
    """
    lock_index(connection)
    decision = "linked" if answer == "same" else "not linked"
    for word in links.words_between(connection, [a], [b]):
        if word.decision == decision and word.sealed == signed.sealed:
            raise Conflict(
                f"That has been said already, in L{word.decision_id} by {word.decided_by}.", reason="said"
            )
    return _answer(connection, (a, b), answer, signed)


def _answer(connection: Connection[Any], records: Pair, answer: Answer, signed: Signed) -> Word:
    if answer == "different":
        return links.tell_apart(
            connection,
            *records,
            decided_by=signed.decided_by,
            reason=signed.reason,
            sealed=signed.sealed,
        )
    return links.link(
        connection,
        *records,
        decided_by=signed.decided_by,
        reason=signed.reason,
        may_see_sealed=signed.may_see_sealed,
    )


def _answer_overlay(connection: Connection[Any], task: ReviewTask, answer: Answer, signed: Signed) -> Word:
    if signed.sealed:
        raise BadRequest("Of a record that turned into somebody else no sealed word can be said.")
    (record,) = task.records
    touched = overlays.decide(
        connection,
        record,
        decision="same person" if answer == "same" else "another person",
        decided_by=signed.decided_by,
        reason=signed.reason,
    )
    said = connection.execute(queries.said_now, {"record": record, "decided_by": signed.decided_by})
    together = links.person_of(connection, record)
    return Word(
        decisions=tuple(row[0] for row in said),
        together=tuple(together),
        apart=tuple(one for one in touched if one not in together),
        touched=tuple(sorted({*touched, *together})),
    )


def _bars(model: Model | None) -> dict[str, Any]:
    bars = (model or model_in_force()).thresholds
    return {"join": bars.join, "relative_join": bars.relative_join}


def _query(outer: str, letter: str, condition: str) -> Any:
    return _with_tasks(outer, _TASKS[letter].replace("{which}", condition))


def _waiting(outer: str, letters: Sequence[str]) -> Any:
    each = [_TASKS[letter].replace("{which}", _WAITING[letter]) for letter in letters]
    return _with_tasks(outer, "\n    UNION ALL\n    ".join(each))


def _with_tasks(outer: str, tasks: str) -> Any:
    return outer.replace("{guarded_tasks}", queries.guarded_tasks).replace("{tasks}", tasks)


def _task(row: Sequence[Any]) -> ReviewTask:
    letter, number, asks, records, concerns, sources, fellows, *weighed, reasons, since, sealed = row
    return ReviewTask(
        task_id=f"{letter}{number}",
        asks=asks,
        records=tuple(records),
        sources=tuple(sources),
        fellows=tuple(fellows),
        formerly_with=tuple(one for one in concerns if one not in records),
        weight=weighed[0],
        relative_weight=weighed[1],
        reasons=tuple(reasons),
        since=since,
        sealed=sealed,
    )
