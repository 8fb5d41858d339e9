"""`carecord index rekey`: blocking keys for another model."""

from typing import Annotated

import typer
from rich.progress import Progress

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index.rekeying import make_keys_anew
from carecord.patient_index.scoring import find_model


def command(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="The model whose keys to make.", show_default="the one in force"
        ),
    ] = None,
) -> None:
    """Make the blocking keys of every record anew, as another model needs them. It links nobody.

    Set CARECORD_INDEX_MODEL first, and start the processes that file records anew. `carecord index relink`
    then proposes what the model would link otherwise.
    """
    with failing_clearly():
        chosen = find_model(model or Settings().index_model)
        with (
            open_database(Settings()) as database,
            database.connect() as connection,
            Progress(console=err, transient=True) as progress,
        ):
            task = progress.add_task("Making keys", total=None)
            made = make_keys_anew(
                connection,
                model=chosen,
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    out.print(
        f"{made.changed:,} of {made.records:,} records have other keys now ({chosen.name} {chosen.version})."
    )
