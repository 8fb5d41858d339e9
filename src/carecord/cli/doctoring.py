"""`carecord index doctor`: groups of records that need somebody's attention."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer
from psycopg import Connection
from rich.progress import Progress
from rich.table import Table

from carecord.access.audit import AuditEvent, EventName, record
from carecord.cli.reviewing import Looking
from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index.checks import CHECKS, CHECKS_BY_NAME, Check, Examination, Limits
from carecord.patient_index.doctoring import examine, keep

_LIMITS = Limits()
_LONGEST = 36_500


def command(
    by: Looking,
    show: Annotated[
        list[str] | None, typer.Option(help="List the records that this check found. May be given again.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="Findings of a check to list.")] = 100,
    largest: Annotated[int, typer.Option(min=1, help="Records that one person may have.")] = _LIMITS.largest,
    of_one_source: Annotated[
        int, typer.Option(min=1, help="Records that one person may have in one source.")
    ] = _LIMITS.of_one_source,
    days_held: Annotated[
        int,
        typer.Option(
            min=0, max=_LONGEST, help="Days that a record which turned into somebody else may wait."
        ),
    ] = _LIMITS.days_held,
    days_waiting: Annotated[
        int, typer.Option(min=0, max=_LONGEST, help="Days that a pair may wait for a steward.")
    ] = _LIMITS.days_waiting,
    every_person: Annotated[
        bool, typer.Option(help="Compare anew those of few records too that the model in force has linked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look the whole index over, and say what needs attention. The counts are kept, for the metrics.

    The exit status is 1 where something is that must never be. Sealed decisions are counted and never listed.
    """
    shown = [_check(name) for name in show or []]
    limits = Limits(
        largest=largest, of_one_source=of_one_source, days_held=days_held, days_waiting=days_waiting
    )
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        found = _examine(connection, limits, most, every_person=every_person)
        with connection.transaction():
            keep(connection, found)
            _write_down(connection, found, shown, by=by)
    if as_json:
        out.print_json(msgspec.json.encode(_as_json(found, shown)).decode())
    else:
        _print(found, shown)
    if found.broken:
        raise typer.Exit(1)


def _check(name: str) -> Check:
    found = CHECKS_BY_NAME.get(name.replace("-", "_"))
    if found is None:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(CHECKS_BY_NAME)}.", param_hint="--show")
    return found


def _examine(connection: Connection[Any], limits: Limits, most: int, *, every_person: bool) -> Examination:
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Looking")
        return examine(
            connection,
            limits=limits,
            most=most,
            every_person=every_person,
            on_progress=lambda what, done, total: progress.update(
                task, description=what, completed=done, total=total or 1
            ),
        )


def _write_down(connection: Connection[Any], found: Examination, shown: Sequence[Check], *, by: str) -> None:
    """Whoever is told of records has looked at patients."""
    for check in shown:
        ids = {one for finding in found.found[check.name].first for one in finding.patient_detail_ids}
        record(
            connection,
            AuditEvent(
                event=EventName.INDEX_EXAMINED,
                user_id=by,
                patient_detail_ids=sorted(ids),
                reason=check.name,
            ),
        )


def _print(found: Examination, shown: Sequence[Check]) -> None:
    table = Table(
        title=f"{found.records:,} records of {found.persons:,} persons, model {found.model}",
        title_justify="left",
    )
    table.add_column("check", no_wrap=True)
    table.add_column("looks for")
    table.add_column("found", justify="right", no_wrap=True)
    for place, check in enumerate(CHECKS):
        if place and CHECKS[place - 1].breaks and not check.breaks:
            table.add_section()
        table.add_row(check.name, check.words, _count(check, found.found[check.name].count))
    out.print(table)
    for check in shown:
        _list(check, found)
    if found.broken:
        out.print("[bold red]The index is not what it must be.[/] What to do: docs/how-to/watch-the-index.md")


def _count(check: Check, count: int) -> str:
    if not count:
        return "[dim]none[/]"
    return f"[bold red]{count:,}[/]" if check.breaks else f"[yellow]{count:,}[/]"


def _list(check: Check, found: Examination) -> None:
    of_check = found.found[check.name]
    if not of_check.first:
        return
    table = Table(title=check.words, title_justify="left")
    table.add_column("patient detail IDs", overflow="fold")
    table.add_column("note", overflow="fold")
    for finding in of_check.first:
        table.add_row(", ".join(map(str, finding.patient_detail_ids)), finding.note or "")
    out.print(table)
    if of_check.count > len(of_check.first):
        out.print(
            f"There are {of_check.count:,}; these are the first {len(of_check.first):,} that may be listed."
        )


def _as_json(found: Examination, shown: Sequence[Check]) -> dict[str, Any]:
    return {
        "model": found.model,
        "records": found.records,
        "persons": found.persons,
        "broken": found.broken,
        "checks": [
            {"name": check.name, "breaks": check.breaks, "found": found.found[check.name].count}
            | ({"findings": found.found[check.name].first} if check in shown else {})
            for check in CHECKS
        ],
    }
