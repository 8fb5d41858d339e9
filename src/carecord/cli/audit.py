"""`carecord audit`: whether the trail is as it was written, and who saw whose record."""

import getpass
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from carecord.access.audit import AuditEvent, EventName, record
from carecord.access.audit_reading import WrittenEvent, decode_heads, encode_heads, find_events
from carecord.access.chain_verification import Break, list_heads, verify
from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.kernel.settings import Settings

app = typer.Typer(help="The audit trail: is it whole, and who saw whose record.", no_args_is_help=True)

_LONDON = ZoneInfo("Europe/London")
_DAYS = 30
_IDS = 8
"""Most patient detail IDs of one event that are shown."""
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who looks, for the audit.")]


@app.command("verify")
def verify_trail(
    against: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, readable=True, help="A note of heads to check against too."
        ),
    ] = None,
    note: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the heads here when the trail is whole.")
    ] = None,
) -> None:
    """Walk every chain and name each row that was changed, taken out or cut off; then the exit status is 1.

    A chain alone cannot show that its end is gone. So note the heads where nobody can write who can write to
    the database, and check against that note the next time.
    """
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        noted = decode_heads(against.read_bytes()) if against else []
        # Taken before the walk: a head that is noted has been walked over.
        heads = list_heads(connection)
        breaks = verify(connection, noted)
    if breaks:
        out.print(_breaks(breaks))
        raise typer.Exit(1)
    rows = sum(head.seq for head in heads)
    checked = f", {len(noted):,} noted heads are there" if against else ""
    out.print(f"The trail is whole: {rows:,} rows in {len(heads):,} chains{checked}.")
    if note:
        _write(note, encode_heads(heads))
        out.print(f"Heads noted in {note}.", soft_wrap=True)


@app.command("show")
def show(
    by: By,
    patient: Annotated[int | None, typer.Option(help="Patient detail ID: events of that record.")] = None,
    client: Annotated[str | None, typer.Option(help="Client ID: events of that client.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=_TIMES, help="UK local time.", show_default=f"{_DAYS} days ago"),
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="Rows to show, the newest.")] = 100,
) -> None:
    """Show who saw or changed what, the newest first. This look is written down too."""
    start = since.replace(tzinfo=_LONDON) if since else datetime.now(_LONDON) - timedelta(days=_DAYS)
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        connection.transaction(),
    ):
        events = find_events(
            connection, since=start, most=most + 1, patient_detail_id=patient, client_id=client
        )
        looked_at = [patient] if patient is not None else []
        reason = f"client {client}" if client else None
        record(
            connection,
            AuditEvent(event=EventName.AUDIT_READ, user_id=by, patient_detail_ids=looked_at, reason=reason),
        )
    out.print(_events(events[:most]))
    if len(events) > most:
        err.print(f"There are more; these are the newest {most:,}.")


def _breaks(breaks: list[Break]) -> Table:
    table = Table(title="The trail is broken")
    for column in ("chain", "row", "what is wrong"):
        table.add_column(column, overflow="fold")
    for one in breaks:
        table.add_row(str(one.chain_id), f"{one.seq:,}", one.fault)
    return table


def _events(events: list[WrittenEvent]) -> Table:
    table = Table(show_lines=False)
    table.add_column("UK time", no_wrap=True)
    for column in ("event", "who", "operation", "records", "outcome"):
        table.add_column(column, overflow="fold")
    for one in events:
        who = " for ".join(filter(None, (one.client_id, one.user_id)))
        outcome = ", ".join(filter(None, (one.outcome, one.reason, "restricted" if one.restricted else None)))
        table.add_row(
            f"{one.at.astimezone(_LONDON):%Y-%m-%d %H:%M:%S}",
            one.event,
            who,
            one.operation_id or "",
            _listed(one.patient_detail_ids),
            outcome,
        )
    return table


def _listed(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _IDS} more" if len(ids) > _IDS else ""
    return ", ".join(str(one) for one in ids[:_IDS]) + more


def _write(path: Path, content: bytes) -> None:
    """In one step: a note that is cut off would look like a trail that is."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
