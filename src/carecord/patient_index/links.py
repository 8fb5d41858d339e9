"""What stewards say of links: it holds against all weights, until a steward says otherwise."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.linking import STEWARD, Decision, lock_index, relink

queries = load_queries(__package__)
own = load_queries(__package__, "reviewing.sql")
merging = load_queries(__package__, "merging.sql")

LINK_BARRED = "link_barred"
"""Why a link was refused: somebody has said that the two are different patients."""


@dataclass(frozen=True, slots=True)
class StoredWord:
    """A steward's decision on one pair, as it is kept. A `sealed` one is for those with the right alone."""

    decision_id: int
    record_a: int
    record_b: int
    decision: Decision
    decided_by: str
    decided_at: datetime
    reason: str | None
    sealed: bool

    @property
    def pair(self) -> Pair:
        return self.record_a, self.record_b


@dataclass(frozen=True, slots=True)
class Word:
    """What a steward's word did."""

    decisions: tuple[int, ...]
    """The decisions that were written, or taken back."""
    together: tuple[int, ...]
    """All records that are one person with the first that the word named."""
    apart: tuple[int, ...]
    """All that are one person with the other, where that is not the same."""
    overridden: tuple[StoredWord, ...] = ()
    """Words that gave way to this one, unsealed unless the steward may see sealed ones."""
    touched: tuple[int, ...] = ()
    """Every record that is, or was, of the persons that the word named: whom the audit names."""


def link(
    connection: Connection[Any],
    a: int,
    b: int,
    *,
    decided_by: str,
    reason: str | None,
    may_see_sealed: bool = False,
) -> Word:
    """Say that two records are one person's, and with them their persons. A lasting decision.

    It supersedes every "different people" of the same steward between the two persons. One of anybody else,
    sealed or not, is a Conflict that does not tell which, unless the steward may see sealed ones.
    """
    if a == b:
        raise Conflict("A record cannot be linked with itself.")
    lock_index(connection)
    ours, theirs = person_of(connection, a), person_of(connection, b)
    bars = [word for word in words_between(connection, ours, theirs) if word.decision == "not linked"]
    if not may_see_sealed and any(bar.sealed or bar.decided_by != decided_by for bar in bars):
        raise _refused()
    said: dict[Pair, Decision] = dict.fromkeys([*(bar.pair for bar in bars), pair(a, b)], "linked")
    return _say(
        connection,
        said,
        named=(a, b),
        before={*ours, *theirs},
        decided_by=decided_by,
        reason=reason,
        over_sealed=may_see_sealed,
    )


def unlink(
    connection: Connection[Any],
    leaving: Sequence[int],
    *,
    decided_by: str,
    reason: str | None,
    sealed: bool = False,
) -> Word:
    """Take these records out of their person; they stay together as one. A lasting decision.

    Of each pair across the line a steward has said that they are different people.
    """
    leaving = list(dict.fromkeys(leaving))
    lock_index(connection)
    together = person_of(connection, leaving[0])
    strangers = set(leaving) - set(together)
    if strangers:
        raise Conflict(f"Not of one person with {leaving[0]}: {', '.join(map(str, sorted(strangers)))}")
    staying = [record for record in together if record not in leaving]
    if not staying:
        raise Conflict("Nothing of the person would be left behind.")
    _check_no_merge(connection, leaving, staying)
    said: dict[Pair, Decision] = {pair(a, b): "not linked" for a in leaving for b in staying}
    said |= {pair(leaving[0], b): "linked" for b in leaving[1:]}
    return _say(
        connection,
        said,
        named=(leaving[0], staying[0]),
        before=set(together),
        decided_by=decided_by,
        reason=reason,
        sealed=sealed,
    )


def tell_apart(
    connection: Connection[Any], a: int, b: int, *, decided_by: str, reason: str | None, sealed: bool = False
) -> Word:
    """Say that two records are different people's. A lasting decision, on these two alone.

    Whoever else was linked with both goes where the weights lead. Conflict where words on other pairs, or a
    merge, hold the two together: they must be taken back first.
    """
    if a == b:
        raise Conflict("A record cannot be parted from itself.")
    lock_index(connection)
    ours, theirs = person_of(connection, a), person_of(connection, b)
    if b in ours:
        _check_no_merge(connection, [a], [b])
        _check_not_held_by_others(connection, ours, pair(a, b))
    said: dict[Pair, Decision] = {pair(a, b): "not linked"}
    return _say(
        connection,
        said,
        named=(a, b),
        before={*ours, *theirs},
        decided_by=decided_by,
        reason=reason,
        sealed=sealed,
    )


def withdraw(
    connection: Connection[Any],
    decision_id: int,
    *,
    withdrawn_by: str,
    reason: str,
    may_see_sealed: bool = False,
) -> Word:
    """Take back the word that a decision is part of: from now on the weights decide again.

    Nothing is erased. What the word overrode stays ended. A word on a deleted record does not come back with
    it. NotFound where there is no such word, Conflict where it is no longer in force or a merge rests on it.
    """
    lock_index(connection)
    rows = connection.execute(
        own.word_of, {"decision_id": decision_id, "may_see_sealed": may_see_sealed}
    ).fetchall()
    if not rows:
        raise NotFound(f"L{decision_id} is no decision of a steward.")
    word = [StoredWord(*row[:8]) for row in rows if row[8]]
    if not rows[0][8]:
        raise Conflict(f"L{decision_id} is no longer in force.", reason="not_in_force")
    for one in word:
        if one.decision == "linked":
            _check_no_merge(connection, [one.record_a], [one.record_b])
    before = {record for one in word for end in one.pair for record in _there(connection, end)}
    decisions = [one.decision_id for one in word]
    taken_back = {
        "decision_ids": [*decisions, *_hanging_on(connection, decisions)],
        "withdrawn_by": withdrawn_by,
        "reason": reason,
        "at": _present(connection),
    }
    connection.execute(own.withdraw_words, taken_back)
    relink(connection, sorted(before))
    overridden = connection.execute(
        own.overridden_by, {"decision_ids": decisions, "may_see_sealed": may_see_sealed}
    ).fetchall()
    return _outcome(
        connection, decisions, named=word[0].pair, before=before, overridden=map_words(overridden)
    )


def words_between(
    connection: Connection[Any], ours: Collection[int], theirs: Collection[int]
) -> list[StoredWord]:
    """The words in force on pairs with one record on each side, sealed ones too, the oldest first."""
    return map_words(
        connection.execute(own.words_between, {"ours": list(ours), "theirs": list(theirs)}).fetchall()
    )


def bar_again(connection: Connection[Any], bars: Iterable[Sequence[Any]]) -> None:
    """Put bars in force: two records, who said it and why, whether it is sealed, and the word it is part of.

    Where somebody has spoken of a pair since, that stands. Conflict where words contradict each other.
    """
    for record_a, record_b, decided_by, reason, sealed, word_id in bars:
        bar = {
            "record_a": record_a,
            "record_b": record_b,
            "decided_by": decided_by,
            "reason": reason,
            "sealed": sealed,
            "word_id": word_id,
            "steward": STEWARD,
        }
        connection.execute(merging.end_weights_on, bar)
        connection.execute(merging.say_again, bar)
        check_words_agree(connection, record_a)


def check_words_agree(connection: Connection[Any], patient_detail_id: int) -> None:
    """Conflict where words hold a record to one that another word parts it from."""
    rows = connection.execute(own.joined_with, {"patient_detail_id": patient_detail_id})
    joined = [row[0] for row in rows]
    for word in words_between(connection, [patient_detail_id], joined):
        if word.decision == "not linked":
            _check_not_held_by_others(connection, joined, word.pair)


def map_words(rows: Sequence[Sequence[Any]]) -> list[StoredWord]:
    return [StoredWord(*row) for row in rows]


def person_of(connection: Connection[Any], patient_detail_id: int) -> list[int]:
    """The records of a record's person, itself among them; NotFound where there is no such record."""
    person = _there(connection, patient_detail_id)
    if not person:
        raise NotFound(f"There is no patient detail ID {patient_detail_id}.")
    return person


def _there(connection: Connection[Any], patient_detail_id: int) -> list[int]:
    rows = connection.execute(queries.person_of, {"patient_detail_id": patient_detail_id})
    return [row[0] for row in rows]


def _hanging_on(connection: Connection[Any], decisions: Sequence[int]) -> list[int]:
    """The words on a deleted record that these stand for, and those that stand for these."""
    asked = {"decision_ids": list(decisions)}
    hidden = connection.execute(own.words_of_deleted, asked).fetchall()
    for _, a, b in hidden:
        _check_no_merge(connection, [a], [b])
    stand_ins = connection.execute(own.carried_from, asked).fetchall()
    return [row[0] for row in (*hidden, *stand_ins)]


def _say(
    connection: Connection[Any],
    said: Mapping[Pair, Decision],
    *,
    named: Pair,
    before: set[int],
    decided_by: str,
    reason: str | None,
    sealed: bool = False,
    over_sealed: bool = False,
) -> Word:
    """Write a word, end what gives way to it, and link anew all that it touches."""
    standing = {word.decision_id: word for word in words_between(connection, before, before)}
    columns = {
        "record_a": [a for a, _ in said],
        "record_b": [b for _, b in said],
        "decision": list(said.values()),
        "decided_by": decided_by,
        "reason": reason,
        "sealed": sealed,
        "over_sealed": sealed or over_sealed,
        "at": _present(connection),
    }
    ended = [row[0] for row in connection.execute(own.give_way, columns)]
    written = [row[0] for row in connection.execute(own.write_words, columns)]
    connection.execute(own.name_word, {"word_id": min(written), "written": written})
    if ended:
        connection.execute(own.name_successors, {"ended": ended, "written": written})
    connection.execute(own.close_proposals, columns)
    relink(connection, sorted(before))
    overridden = [standing[one] for one in sorted(ended) if one in standing]
    return _outcome(connection, written, named=named, before=before, overridden=overridden)


def _outcome(
    connection: Connection[Any],
    decisions: Sequence[int],
    *,
    named: Pair,
    before: set[int],
    overridden: Sequence[StoredWord],
) -> Word:
    together = _there(connection, named[0]) or [named[0]]
    apart = [] if named[1] in together else _there(connection, named[1]) or [named[1]]
    return Word(
        decisions=tuple(decisions),
        together=tuple(together),
        apart=tuple(apart),
        overridden=tuple(overridden),
        touched=tuple(sorted({*before, *together, *apart})),
    )


def _present(connection: Connection[Any]) -> datetime:
    row = connection.execute(own.present).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def _refused() -> Conflict:
    # One text whoever barred it and why: that there is a sealed decision is itself not to be told.
    return Conflict("These records cannot be linked: ask the index lead.", reason=LINK_BARRED)


def _check_no_merge(connection: Connection[Any], ours: Sequence[int], theirs: Sequence[int]) -> None:
    merges = connection.execute(own.merges_between, {"ours": list(ours), "theirs": list(theirs)})
    if merges.fetchone():
        raise Conflict("A merge in their source holds the two together: undo that first.", reason="merged")


def _check_not_held_by_others(connection: Connection[Any], person: Sequence[int], parted: Pair) -> None:
    joins = [word for word in words_between(connection, person, person) if word.decision == "linked"]
    part = connected_parts(person, [word.pair for word in joins if word.pair != parted])
    if part[parted[0]] == part[parted[1]]:
        holding = [f"L{word.decision_id}" for word in joins if part[word.record_a] == part[parted[0]]]
        raise Conflict(
            f"Words of stewards on other pairs hold the two together ({', '.join(holding)}):"
            " take them back first, or unlink the records that leave.",
            reason="held_by_words",
        )
