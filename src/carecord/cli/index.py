"""`carecord index`: links between records."""

import typer

from carecord.cli import (
    changing,
    doctoring,
    evaluating,
    explaining,
    history,
    rekeying,
    relinking,
    reviewing,
    training,
)

app = typer.Typer(help="Whose record is it: links between records.", no_args_is_help=True)
app.command("doctor")(doctoring.command)
app.command("evaluate")(evaluating.command)
app.command("explain")(explaining.command)
app.command("history")(history.history)
app.command("as-of")(history.as_of)
app.command("tasks")(reviewing.tasks)
app.command("task")(reviewing.task)
app.command("same")(reviewing.same)
app.command("different")(reviewing.different)
app.command("link")(reviewing.link)
app.command("unlink")(reviewing.unlink)
app.command("withdraw")(reviewing.withdraw)
app.command("relink")(relinking.command)
app.command("rekey")(rekeying.command)
app.command("train")(training.command)
app.command("overlay")(changing.overlay)
app.command("unmerge")(changing.unmerge)
app.command("withdraw-record")(changing.withdraw_record)
app.command("restore-record")(changing.restore_record)
app.command("superseded")(changing.superseded)
