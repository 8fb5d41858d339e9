"""`carecord index`: overlays, merges undone, records that their sources delete, superseded NHS numbers."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from psycopg import Connection

from carecord.access.audit import AuditEvent, EventName, record
from carecord.cli.reviewing import By, Reason
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.errors import BadRequest
from carecord.kernel.nhs_number import without_spaces
from carecord.kernel.settings import Settings
from carecord.patient_index import aliases, deletion, overlays, source_decisions

_COLUMNS = ("superseded", "current")

Record = Annotated[int, typer.Argument(metavar="RECORD", help="A patient detail ID.")]


def overlay(
    patient_detail_id: Record,
    same: Annotated[
        bool,
        typer.Option("--same/--another", help="Still the patient it was of, or another.", show_default=False),
    ],
    reason: Reason,
    by: By,
) -> None:
    """Decide on a record that turned into somebody else.

    The same: it was a correction, and the weights decide.

    Another: it is never linked with the records of its former person again.

    Every patient detail ID and entry ID stays.
    """
    decision: overlays.Decision = "same person" if same else "another person"
    with _changing_the_index() as connection:
        touched = overlays.decide(connection, patient_detail_id, decision, decided_by=by, reason=reason)
        _note(connection, EventName.LINK_DECIDED, touched, by=by, reason=decision)
    others = touched[1:]
    if same:
        out.print(f"Record {patient_detail_id} is still the patient it was of. Links are decided anew.")
    elif others:
        out.print(f"Record {patient_detail_id} is another patient's than {_listed(others)}, for good.")
    else:
        out.print(f"Record {patient_detail_id} is another patient's than before. It was linked with nobody.")


def unmerge(
    major: Annotated[int, typer.Argument(metavar="MAJOR", help="The record that the other was merged into.")],
    minor: Annotated[int, typer.Argument(metavar="MINOR", help="The record that was merged away.")],
    reason: Reason,
    by: By,
) -> None:
    """Undo a merge that was a mistake: each record has its own numbers again, and links are decided anew."""
    with _changing_the_index() as connection:
        touched = source_decisions.unmerge_records(connection, major, minor, undone_by=by, reason=reason)
        _note(connection, EventName.RECORD_UNMERGED, touched, by=by)
    out.print(f"Record {minor} is no longer merged into record {major}.")


def withdraw_record(patient_detail_id: Record, reason: Reason, by: By) -> None:
    """Delete a record as its source would: nobody is shown it until its source sends it again.

    Nothing is lost, and its ID stays its own. `restore-record` takes it back.
    """
    now = datetime.now(ZoneInfo("Europe/London")).replace(tzinfo=None).isoformat(timespec="seconds")
    with _changing_the_index() as connection:
        deletion.delete_record(connection, patient_detail_id, as_of=now, deleted_by=by, reason=reason)
        _note(connection, EventName.RECORD_WITHDRAWN, [patient_detail_id], by=by)
    out.print(f"Record {patient_detail_id} is shown to nobody until its source sends it again.")


def restore_record(patient_detail_id: Record, by: By) -> None:
    """Show a record again that was deleted by mistake, and link it anew."""
    with _changing_the_index() as connection:
        deletion.restore_record(connection, patient_detail_id)
        _note(connection, EventName.RECORD_RESTORED, [patient_detail_id], by=by)
    out.print(f"Record {patient_detail_id} is shown again.")


def superseded(
    reason: Reason,
    by: By,
    old: Annotated[
        str | None, typer.Argument(metavar="[OLD]", help="The NHS number that is superseded.")
    ] = None,
    new: Annotated[str | None, typer.Argument(metavar="[NEW]", help="The one that took its place.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Many: a CSV with the columns superseded, current.",
        ),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what was told by mistake.")] = False,
) -> None:
    """Say that one NHS number took the place of another, as PDS does for a patient who had been given two.

    Records that hold the old number are compared by the new one; what their sources sent stays as it is.

    Never for adoption, a change of gender or protection: there two numbers part two lives.
    """
    with _changing_the_index() as connection:
        pairs = _pairs(old, new, file)
        if forget:
            touched = [
                one
                for pair in pairs
                for one in aliases.forget_superseded(connection, *pair).patient_detail_ids
            ]
            count = len(pairs)
        else:
            noted = aliases.note_all_superseded(connection, pairs, told_by=by, reason=reason)
            touched, count = list(noted.patient_detail_ids), noted.aliases
        why = f"forgotten: {reason}" if forget else "told"
        _note(connection, EventName.NUMBER_SUPERSEDED, sorted(set(touched)), by=by, reason=why)
    told = "Forgotten" if forget else "Told anew"
    out.print(
        f"{told}: {count:,} of {len(pairs):,}. Records compared by another number: {len(set(touched)):,}."
    )


def _pairs(old: str | None, new: str | None, file: Path | None) -> list[tuple[str, str]]:
    if file is None and old is not None and new is not None:
        return [(without_spaces(old), without_spaces(new))]
    if file is None or old is not None:
        raise BadRequest("Give two NHS numbers, or a file.")
    try:
        return _read_pairs(file)
    except UnicodeDecodeError:
        # Not from the error: its text holds the whole line, and with it the patients' numbers.
        raise BadRequest("The file must be a CSV in UTF-8.") from None
    except csv.Error:
        raise BadRequest("The file must be a CSV of NHS numbers: a field is too long, or broken.") from None


def _read_pairs(file: Path) -> list[tuple[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as text:
        rows = csv.DictReader(text)
        if not set(_COLUMNS) <= set(rows.fieldnames or ()):
            raise BadRequest(f"The first line of the file must name the columns {', '.join(_COLUMNS)}.")
        return [
            (
                without_spaces((row["superseded"] or "").strip()),
                without_spaces((row["current"] or "").strip()),
            )
            for row in rows
        ]


@contextmanager
def _changing_the_index() -> Iterator[Connection[Any]]:
    """A connection whose one transaction is whole or nothing, the audit in it."""
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        connection.transaction(),
    ):
        yield connection


def _note(
    connection: Connection[Any],
    event: EventName,
    patient_detail_ids: Sequence[int],
    *,
    by: str,
    reason: str | None = None,
) -> None:
    record(
        connection,
        AuditEvent(event=event, user_id=by, patient_detail_ids=list(patient_detail_ids), reason=reason),
    )


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
