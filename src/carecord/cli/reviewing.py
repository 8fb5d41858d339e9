"""`carecord index`, for stewards: what waits for them, what they say of it, and how they take it back."""

import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from psycopg import Connection
from rich import box
from rich.markup import escape
from rich.table import Table

from carecord.access.audit import AuditEvent, EventName, Outcome, record
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.errors import Conflict
from carecord.kernel.settings import Settings
from carecord.patient_index import links, reviewing
from carecord.patient_index.links import LINK_BARRED, StoredWord, Word
from carecord.patient_index.reviewing import Answer, Kind, ReviewTask, Signed
from carecord.patient_index.side_by_side import Line, SideBySide, set_side_by_side

_LONDON = ZoneInfo("Europe/London")
_DIFFERS = "bold yellow"
_MOST = 12
"""Most IDs that a line names."""
_QUESTIONS = {
    "link": "One patient?",
    "unlink": "Still one patient?",
    "overlay": "Still the patient it was?",
}
_KINDS: dict[Kind, tuple[str, str]] = {
    "overlay": ("record that turned into somebody else", "records that turned into somebody else"),
    "possible": ("possible link", "possible links"),
    "proposal": ("proposal", "proposals"),
}


def _said(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("must say something")
    try:
        text.encode()
    except UnicodeEncodeError:
        # Bytes that are no text arrive as halves of characters, which no column can hold.
        raise typer.BadParameter("must be text in UTF-8") from None
    return text.strip()


Reason = Annotated[str, typer.Option(prompt=True, callback=_said, help="Why; kept with the decision.")]
By = Annotated[str, typer.Option(default_factory=getpass.getuser, callback=_said, help="Who decides.")]
Looking = Annotated[
    str, typer.Option(default_factory=getpass.getuser, callback=_said, help="Who looks, for the audit.")
]
SeeSealed = Annotated[
    bool, typer.Option("--sealed", help="Show what concerns sealed decisions too. The audit marks it.")
]
Seal = Annotated[
    bool,
    typer.Option(
        "--sealed", help="Adoption, gender reassignment, protection: seal the decision. The audit marks it."
    ),
]
OverSealed = Annotated[
    bool,
    typer.Option(
        "--sealed",
        help="As the index lead: over what others have said too, sealed or not. The audit marks it.",
    ),
]
On = Annotated[list[str], typer.Argument(metavar="TASK | RECORD RECORD", help="A task, or two records.")]


def tasks(
    by: Looking,
    kind: Annotated[Kind | None, typer.Option(help="Only these.")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="Tasks to list.")] = 20,
    after: Annotated[str | None, typer.Option(help="The last task of the page before.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a task.")] = False,
    sealed: SeeSealed = False,
) -> None:
    """List what waits for a steward, the most useful first. Shows no patient's details."""
    with _at_the_index() as connection, connection.transaction():
        found = reviewing.waiting(connection, kind=kind, limit=most + 1, after=after, may_see_sealed=sealed)
        counts = reviewing.count_waiting(connection, may_see_sealed=sealed)
        page = found[:most]
        record(
            connection,
            AuditEvent(
                event=EventName.LINK_TASKS_LISTED,
                user_id=by,
                patient_detail_ids=sorted({one for task in page for one in task.records}),
                restricted=sealed,
            ),
        )
    if as_json:
        for task in page:
            out.print(_as_json(task), soft_wrap=True, markup=False)
        return
    if page:
        out.print(_task_table(page))
    waits = ", ".join(
        f"{counts[kind]:,} {words[counts[kind] > 1]}" for kind, words in _KINDS.items() if counts[kind]
    )
    out.print(f"Waiting: {waits}." if waits else "Nothing waits.")
    if page:
        out.print(f"Look at one: carecord index task {page[0].task_id}")
    if len(found) > most:
        more = f" --kind {kind}" if kind else ""
        out.print(f"The next: carecord index tasks{more} --after {page[-1].task_id}")


def task(
    by: Looking,
    task_id: Annotated[
        str | None, typer.Argument(metavar="TASK", help="Such as L12; the first that waits unless given.")
    ] = None,
    sealed: SeeSealed = False,
) -> None:
    """Show the two sides of a task beside each other, and what they add up to. The audit keeps who looked."""
    with _at_the_index() as connection, connection.transaction():
        found = _find_task(connection, task_id, sealed=sealed)
        if found is None:
            out.print("Nothing waits.")
            return
        sides = set_side_by_side(connection, found)
        record(
            connection,
            AuditEvent(
                event=EventName.PATIENT_READ,
                user_id=by,
                operation_id="index task",
                patient_detail_ids=found.records,
                reason=found.task_id,
                restricted=found.sealed,
            ),
        )
    _print_task(found, sides)


def same(on: On, reason: Reason, by: By, sealed: OverSealed = False) -> None:
    """Say that two records are one patient's. A lasting decision, which can be taken back.

    Of a record that changed beyond recognition: that it is still the patient's it was.
    """
    _print_word(_answer(on, "same", reason=reason, by=by, seal=False, sealed=sealed), sealed=sealed)


def different(on: On, reason: Reason, by: By, sealed: Seal = False) -> None:
    """Say that two records are different patients'. A lasting decision, which can be taken back.

    It is of these two alone: whoever else was linked with both goes where the weights lead.
    """
    _print_word(_answer(on, "different", reason=reason, by=by, seal=sealed, sealed=sealed), sealed=sealed)


def link(
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    linked_patient_detail_id: Annotated[int, typer.Argument(help="Another of the same patient.")],
    reason: Reason,
    by: By,
    sealed: OverSealed = False,
) -> None:
    """Say that two records, and all that they are linked with, are one patient's. A lasting decision."""
    pair = (patient_detail_id, linked_patient_detail_id)
    word = _say(
        lambda connection: links.link(connection, *pair, decided_by=by, reason=reason, may_see_sealed=sealed),
        by=by,
        what="linked",
        named=pair,
        restricted=sealed,
    )
    _print_word(word, sealed=sealed)


def unlink(
    patient_detail_ids: Annotated[
        list[int], typer.Argument(help="Records that leave their person; they stay together.")
    ],
    reason: Reason,
    by: By,
    sealed: Seal = False,
) -> None:
    """Say that these records are not of the same patient as the others they are linked with.

    A lasting decision: no later load links them again. Every patient detail ID and entry ID stays.
    """
    word = _say(
        lambda connection: links.unlink(
            connection, patient_detail_ids, decided_by=by, reason=reason, sealed=sealed
        ),
        by=by,
        what="not linked",
        named=patient_detail_ids,
        restricted=sealed,
    )
    _print_word(word, sealed=sealed)


def withdraw(
    decision: Annotated[str, typer.Argument(help="A decision of a steward, such as L15.")],
    reason: Reason,
    by: By,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="A sealed decision too. The audit marks it.")
    ] = False,
) -> None:
    """Take back what a steward said: the weights decide again. The history keeps both.

    All that the steward said at that moment is taken back with it, such as an un-link from several records.
    """
    number = decision.upper().removeprefix("L")
    if not number.isdecimal():
        raise typer.BadParameter("A decision is a number, such as L15.", param_hint="DECISION")
    word = _say(
        lambda connection: links.withdraw(
            connection, int(number), withdrawn_by=by, reason=reason, may_see_sealed=sealed
        ),
        by=by,
        what="withdrawn",
        named=(),
        restricted=sealed,
        event=EventName.LINK_WITHDRAWN,
    )
    out.print(f"Taken back: {_numbered(word.decisions)}. The weights decide again.")
    _print_groups(word)
    for one in word.overridden:
        command = "different" if one.decision == "not linked" else "same"
        out.print(
            f"It had overridden {_described(one)}, which does not come back by itself:"
            f" carecord index {command} {one.record_a} {one.record_b}",
            soft_wrap=True,
        )


@contextmanager
def _at_the_index() -> Iterator[Connection[Any]]:
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        yield connection


def _find_task(connection: Connection[Any], task_id: str | None, *, sealed: bool) -> ReviewTask | None:
    if task_id is not None:
        return reviewing.find_task(connection, task_id, may_see_sealed=sealed)
    return next(iter(reviewing.waiting(connection, limit=1, may_see_sealed=sealed)), None)


def _answer(on: list[str], answer: Answer, *, reason: str, by: str, seal: bool, sealed: bool) -> Word:
    what = "linked" if answer == "same" else "not linked"
    signed = Signed(decided_by=by, reason=reason, sealed=seal, may_see_sealed=sealed)
    if len(on) == 1 and not on[0].isdecimal():
        return _say(
            lambda connection: reviewing.answer_task(connection, on[0], answer, signed),
            by=by,
            what=f"{what}, {on[0].upper()}",
            restricted=sealed,
        )
    if len(on) != 2 or not all(one.isdecimal() for one in on):
        raise typer.BadParameter("Name a task, such as L12, or two patient detail IDs.")
    a, b = (int(one) for one in on)
    return _say(
        lambda connection: reviewing.answer_pair(connection, a, b, answer, signed),
        by=by,
        what=what,
        named=(a, b),
        restricted=sealed,
    )


def _say(
    say: Callable[[Connection[Any]], Word],
    *,
    by: str,
    what: str,
    restricted: bool,
    named: Sequence[int] = (),
    event: EventName = EventName.LINK_DECIDED,
) -> Word:
    """Say a word, and write it down in the same transaction. One that is barred is written down too."""
    with _at_the_index() as connection:
        try:
            with connection.transaction():
                word = say(connection)
                record(connection, _event(event, by, what, word.touched, restricted=restricted))
        except Conflict as refusal:
            if refusal.reason == LINK_BARRED:
                refused = _event(event, by, LINK_BARRED, named, restricted=restricted)
                with connection.transaction():
                    record(connection, replace(refused, outcome=Outcome.REFUSED))
            raise
    return word


def _event(event: EventName, by: str, what: str, records: Sequence[int], *, restricted: bool) -> AuditEvent:
    return AuditEvent(event=event, user_id=by, patient_detail_ids=records, reason=what, restricted=restricted)


def _print_word(word: Word, *, sealed: bool) -> None:
    _print_groups(word)
    for one in word.overridden:
        out.print(f"This overrides {_described(one)}.", soft_wrap=True)
    if word.decisions:
        flag = " --sealed" if sealed else ""
        out.print(
            f"Kept as {_numbered(word.decisions)}."
            f" To take it back: carecord index withdraw L{word.decisions[0]}{flag}",
            soft_wrap=True,
        )


def _print_groups(word: Word) -> None:
    out.print(f"One patient: {_listed(word.together)}.", soft_wrap=True)
    if word.apart:
        out.print(f"Another: {_listed(word.apart)}.", soft_wrap=True)


def _described(word: StoredWord) -> str:
    said = f"L{word.decision_id}, {word.decision}: {word.record_a} and {word.record_b}"
    sealed = ", sealed" if word.sealed else ""
    because = f": {word.reason}" if word.reason else ""
    return escape(f"{said}{sealed}, by {word.decided_by}, {_when(word.decided_at)}{because}")


def _task_table(page: Sequence[ReviewTask]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("task", no_wrap=True, style="bold")
    table.add_column("records", no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column("question", overflow="fold", ratio=3)
    table.add_column("\nbits", justify="right", no_wrap=True)
    table.add_column("against\nrelatives", justify="right", no_wrap=True)
    table.add_column("\nwaits", justify="right", no_wrap=True)
    now = datetime.now(UTC)
    for one in page:
        sides = zip(one.records, one.fellows, one.sources, strict=True)
        table.add_row(
            one.task_id,
            "\n".join(f"{_counted(record, fellows)}  {escape(source)}" for record, fellows, source in sides),
            _question(one),
            _bits(one.weight),
            _bits(one.relative_weight),
            _age(now - one.since),
        )
    return table


def _counts(counts: Mapping[Kind, int]) -> str:
    waits = [f"{counts[kind]:,} {words[counts[kind] > 1]}" for kind, words in _KINDS.items() if counts[kind]]
    return f"Waiting: {', '.join(waits)}." if waits else "Nothing waits."


def _question(task: ReviewTask) -> str:
    sealed = " [red](sealed)[/]" if task.sealed else ""
    return f"{_QUESTIONS[task.asks]}{sealed}\n[dim]{escape(_joined(task.words))}[/]"


def _print_task(task: ReviewTask, sides: SideBySide) -> None:
    sealed = " [red](sealed)[/]" if task.sealed else ""
    out.print(f"[bold]{task.task_id}[/]  {_QUESTIONS[task.asks]}{sealed}")
    out.print(f"Waits since {_when(task.since)}: {escape(_joined(task.words))}.\n", soft_wrap=True)
    if task.formerly_with:
        out.print(f"It was linked with {_listed(task.formerly_with)}.\n", soft_wrap=True)
    out.print(_sides_table(sides))
    out.print()
    out.print(_weights_table(sides))
    out.print()
    for guard in sides.explained.guards:
        out.print(f"Stopped by a guard: {escape(guard.words)}.\n", soft_wrap=True)
    out.print(f'\nOne patient:        carecord index same {task.task_id} --reason "…"')
    out.print(f'Different patients: carecord index different {task.task_id} --reason "…"')
    if task.asks != "overlay":
        out.print(f"More:               carecord index explain {' '.join(map(str, task.records))}")


def _sides_table(sides: SideBySide) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    for heading in sides.headings:
        table.add_column(escape(heading), overflow="fold", ratio=1)
    for line in sides.lines:
        table.add_row(line.trait, *_marked(line))
    return table


def _marked(line: Line) -> tuple[str, str]:
    # By a sign and not by colour alone: for whoever sees no colours, and for what is printed.
    mark, style = ("≠ ", f"[{_DIFFERS}]") if line.differs else ("  ", "[default]")
    left, right = (f"{style}{mark if text else ''}{escape(text)}[/]" for text in (line.left, line.right))
    return left, right


def _weights_table(sides: SideBySide) -> Table:
    explained = sides.explained
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("found")
    table.add_column("bits", justify="right")
    table.add_column("against relatives", justify="right")
    table.add_row("before anything is compared", _bits(explained.prior), "")
    for one in explained.contributions:
        table.add_row(one.found, _bits(one.weight), _bits(one.relative_weight))
    table.add_section()
    table.add_row("in all", _bits(explained.weight), _bits(explained.relative_weight), style="bold")
    bars = explained.thresholds
    table.add_row("linked from", _bits(bars.join), _bits(bars.relative_join))
    return table


def _as_json(task: ReviewTask) -> str:
    said = {name: getattr(task, name) for name in task.__dataclass_fields__ if name != "sealed"}
    said |= {"kind": task.kind, "words": task.words}
    named = {"".join(part.title() for part in name.split("_")): value for name, value in said.items()}
    return msgspec.json.encode(named).decode()


def _counted(record: int, fellows: int) -> str:
    return f"{record} +{fellows}" if fellows else f"{record}"


def _joined(words: Sequence[str]) -> str:
    return "; ".join(words)


def _bits(weight: float | None) -> str:
    return "" if weight is None else f"{weight:+.1f}"


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h" if hours else "now"


def _when(at: datetime) -> str:
    return f"{at.astimezone(_LONDON):%-d %b %Y %H:%M}"


def _numbered(decisions: Sequence[int]) -> str:
    more = f" and {len(decisions) - _MOST} more" if len(decisions) > _MOST else ""
    return ", ".join(f"L{one}" for one in decisions[:_MOST]) + more


def _listed(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
    return ", ".join(str(one) for one in ids[:_MOST]) + more
