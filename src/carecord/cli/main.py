"""The `carecord` command."""

import typer

from carecord.cli import audit, catalogue, clients, database, demo, index, load, population, server

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
app.add_typer(clients.app, name="client")
app.add_typer(audit.app, name="audit")
