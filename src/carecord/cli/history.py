"""`carecord index history` and `as-of`: how a record's group came to be, and what it was at a time."""

from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from carecord.access.audit import AuditEvent, EventName, record
from carecord.bundles_api.link_answers import encode, group_answer, history_answer
from carecord.cli.explaining import TIME, SeeSealed, links_table
from carecord.cli.reviewing import Looking
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.local_time import UK
from carecord.kernel.settings import Settings
from carecord.patient_index.history import Event, GroupAt, History, Step, read_group_at, read_history
from carecord.patient_index.instants import parse_instant
from carecord.patient_index.seeing import Viewer, reading_at_once

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_STYLES = {"linked": "green", "not linked": "red", "possible": "yellow"}
_SAID = {
    "came": "first sent",
    "not linked": "different people",
    "possible": "a steward is asked",
}
_MOST = 12
"""Most records of a group that a line names."""


def history(
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    by: Looking,
    as_json: AsJson = False,
    sealed: SeeSealed = False,
) -> None:
    """Show how the record's group came to be: every decision, and who came and who left.

    It shows no patient's details. The audit keeps who looked.
    """
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        with reading_at_once(connection):
            found = read_history(connection, patient_detail_id, viewer=Viewer(may_see_sealed=sealed))
        answer = history_answer(found)
        shown = [int(one.patient_detail_id) for one in answer.records]
        record(connection, _look(by, shown, sealed=sealed))
    if as_json:
        out.print(encode(answer).decode(), soft_wrap=True, markup=False)
    else:
        _print_history(found)


def as_of(
    time: Annotated[
        str,
        typer.Argument(help="Such as '2024-03-01 10:30': UK local, or with an offset such as +01:00."),
    ],
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    by: Looking,
    as_json: AsJson = False,
    sealed: SeeSealed = False,
) -> None:
    """Show which records were one patient's with this one at a time, and the links between them.

    It shows no patient's details. The audit keeps who looked.
    """
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        with reading_at_once(connection):
            found = read_group_at(
                connection,
                patient_detail_id,
                parse_instant(time),
                viewer=Viewer(may_see_sealed=sealed),
            )
        record(connection, _look(by, [one.patient_detail_id for one in found.records], sealed=sealed))
    if as_json:
        out.print(encode(group_answer(found)).decode(), soft_wrap=True, markup=False)
    else:
        _print_group(found)


def _look(by: str, patient_detail_ids: list[int], *, sealed: bool) -> AuditEvent:
    return AuditEvent(
        event=EventName.LINK_EXPLAINED, user_id=by, patient_detail_ids=patient_detail_ids, restricted=sealed
    )


def _print_history(found: History) -> None:
    out.print(f"[bold]Record {found.record.patient_detail_id}[/] ({escape(found.record.source)})")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("when", no_wrap=True)
    table.add_column("what happened", overflow="fold")
    table.add_column("by", overflow="fold")
    table.add_column("the group from then on", overflow="fold")
    for step in found.steps:
        for place, event in enumerate(step.events or (None,)):
            table.add_row(
                f"{step.at.astimezone(UK):{TIME}}" if place == 0 else "",
                _what(event, found),
                escape(event.by or "") if event else "",
                _group(step, found) if place == 0 else "",
            )
    out.print(table)
    last = found.steps[-1].group if found.steps else ()
    out.print(f"Now one patient: {_listed(last)}.")


def _what(event: Event | None, found: History) -> Text:
    if event is None:
        return Text("what happened may not be shown", style="dim")
    records = " – ".join(str(one) for one in event.records)
    said = _SAID.get(event.what, event.what)
    words = Text.assemble((said, _STYLES.get(event.what, "bold")), f" {records}")
    if len(event.records) == 1:
        words.append(f" ({found.sources[event.records[0]].source})", style="dim")
    if event.sealed:
        words.append(" sealed", style="magenta")
    basis = [event.rule or ""]
    if event.weight is not None and event.relative_weight is not None:
        basis = [f"{event.rule}: {event.weight:+.1f}, against relatives {event.relative_weight:+.1f}"]
        basis.append(event.model or "")
    because = [", ".join(text for text in basis if text), event.reason or ""]
    because += [guard.words for guard in event.guards]
    for text in because:
        if text:
            words.append(f"\n{text}", style="dim")
    return words


def _group(step: Step, found: History) -> Text:
    first = next((one for one in found.steps if one.group), None)
    if not step.came and not step.left and step is not first:
        return Text("")
    words = Text(_listed(step.group))
    if step.came:
        words.append(f"\n+ {_listed(step.came)}", style="green")
    if step.left:
        words.append(f"\n− {_listed(step.left)}", style="red")
    return words


def _listed(ids: tuple[int, ...]) -> str:
    more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
    return ", ".join(str(one) for one in ids[:_MOST]) + more


def _print_group(found: GroupAt) -> None:
    at = f"{found.at.astimezone(UK):{TIME}}"
    out.print(f"[bold]One patient at {at}[/]")
    records = Table(box=box.SIMPLE_HEAD)
    records.add_column("record", justify="right")
    records.add_column("source", overflow="fold")
    for one in found.records:
        asked = one.patient_detail_id == found.record.patient_detail_id
        records.add_row(str(one.patient_detail_id), escape(one.source), style="bold" if asked else "")
    out.print(records)
    if not found.links:
        out.print("It was linked with no other.", style="dim")
        return
    out.print("[bold]Held together by[/]")
    out.print(links_table(found.links))
