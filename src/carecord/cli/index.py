"""`carecord index`: links between records."""

import getpass
from typing import Annotated

import typer

from carecord.access.audit import AuditEvent, EventName, record
from carecord.cli import doctoring, evaluating, explaining
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index import links

app = typer.Typer(help="Whose record is it: links between records.", no_args_is_help=True)
app.command("doctor")(doctoring.command)
app.command("evaluate")(evaluating.command)
app.command("explain")(explaining.command)

Reason = Annotated[str, typer.Option(prompt=True, help="Why; kept with the decision.")]
By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who decides.")]


@app.command("unlink")
def unlink(
    patient_detail_ids: Annotated[
        list[int], typer.Argument(help="Records that leave their person; they stay together.")
    ],
    reason: Reason,
    by: By,
) -> None:
    """Say that these records are not of the same patient as the others they are linked with.

    A lasting decision: no later load links them again. Every patient detail ID and entry ID stays.
    """
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        connection.transaction(),
    ):
        left = links.unlink(connection, patient_detail_ids, decided_by=by, reason=reason)
        record(
            connection,
            AuditEvent(
                event=EventName.LINK_DECIDED,
                user_id=by,
                patient_detail_ids=[*patient_detail_ids, *left],
                reason="not linked",
            ),
        )
    out.print(f"{_listed(patient_detail_ids)} no longer linked with {_listed(left)}.")


@app.command("link")
def link(
    patient_detail_id: Annotated[int, typer.Argument(help="A record.")],
    linked_patient_detail_id: Annotated[int, typer.Argument(help="Another of the same patient.")],
    reason: Reason,
    by: By,
) -> None:
    """Say that two records, and all that they are linked with, are one patient's. A lasting decision."""
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        connection.transaction(),
    ):
        together = links.link(
            connection, patient_detail_id, linked_patient_detail_id, decided_by=by, reason=reason
        )
        record(
            connection,
            AuditEvent(
                event=EventName.LINK_DECIDED, user_id=by, patient_detail_ids=together, reason="linked"
            ),
        )
    out.print(f"Linked: {_listed(together)}.")


def _listed(ids: list[int]) -> str:
    return ", ".join(str(one) for one in ids)
