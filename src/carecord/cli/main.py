"""The `carecord` command."""

import sys

import typer
from pydantic import ValidationError

from carecord.cli import audit, catalogue, clients, database, demo, fhir, index, load, population, server
from carecord.cli.terminal import err
from carecord.kernel.settings import Settings

app = typer.Typer(
    name="carecord",
    help="The open shared care record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve")(server.serve)
app.command("demo")(demo.demo)
app.command("load")(load.load)
app.command("population")(population.population)
app.add_typer(database.app, name="db")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(index.app, name="index")
app.add_typer(fhir.app, name="fhir")
app.add_typer(clients.app, name="client")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """The command, with a setting that breaks its rule told in a line and exit status 2."""
    try:
        app()
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(one["loc"][0]).upper()
            variable = name if name == "DATABASE_URL" else f"CARECORD_{name}"
            err.print(f"{variable}: {one['msg']}", soft_wrap=True, markup=False)
        sys.exit(2)
