"""`carecord client`: who may call, with which products and keys."""

import getpass
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from carecord.access import clients, subscriptions
from carecord.access.scopes import SCOPES_BESIDES
from carecord.access.smart_scopes import is_smart_scope
from carecord.bundles_api.index_operations import PATIENT_INDEX
from carecord.catalogue import BUNDLES
from carecord.cli.terminal import failing_clearly, open_database, out
from carecord.kernel.settings import Settings

app = typer.Typer(help="Clients, their products and keys.", no_args_is_help=True)

EVERYTHING = "everything"
"""The product that holds every bundle."""

By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who does it, for the audit.")]


def all_read_scopes() -> list[str]:
    """Every scope that lets a client read, the restricted ones too."""
    reading = [bundle for bundle in BUNDLES if bundle.scope.endswith(".read")]
    return [scope for bundle in reading for scope in (bundle.scope, bundle.restricted_scope)]


@app.command("add")
def add(
    client_id: Annotated[str, typer.Argument(help="Lower-case words with hyphens.")],
    by: By,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="A scope; without, all that read.")] = None,
    tenancy: Annotated[
        list[int] | None, typer.Option(help="A source it may see; without, all.", min=1, max=2**31 - 1)
    ] = None,
    bundle: Annotated[list[str] | None, typer.Option(help="A bundle it may call; without, all.")] = None,
    own_tenancy: Annotated[
        int | None,
        typer.Option(help="The source that it is itself: what it writes through FHIR goes there.", min=1),
    ] = None,
) -> None:
    """Register a client with a product and a subscription. Secret and keys are shown this once."""
    # The patient index is no bundle of the catalogue; whoever holds its scopes calls it by the same key.
    families = (*BUNDLES, PATIENT_INDEX)
    every_bundle = [one.slug for one in families]
    every_scope = [of for one in families for of in (one.scope, one.restricted_scope)]
    _check_words("--bundle", bundle or [], every_bundle)
    others = [one for one in scope or [] if not is_smart_scope(one)]
    _check_words("--scope", others, [*every_scope, *SCOPES_BESIDES])
    bundles = bundle or every_bundle
    product = EVERYTHING if not bundle else f"{client_id}-bundles"
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        # A client without the subscription that goes with it would have a secret that nobody was shown.
        connection.transaction(),
    ):
        secret = clients.register_client(
            connection,
            client_id,
            name=name or client_id,
            scopes=scope or all_read_scopes(),
            tenancies=tenancy,
            own_tenancy_id=own_tenancy,
            by=by,
        )
        subscriptions.put_product(connection, product, name=product, bundles=bundles, by=by)
        made = subscriptions.subscribe(connection, client_id, product, by=by)
    told = {
        "client": client_id,
        "secret": secret,
        "subscription": made.subscription_id,
        "primary key": made.primary_key,
        "secondary key": made.secondary_key,
    }
    for what, value in told.items():
        # Whole, however narrow the terminal: it is shown this once.
        out.print(f"{what:<14} {value}", soft_wrap=True)


def _check_words(option: str, given: list[str], known: list[str]) -> None:
    """A misspelt word would make a client that is refused wherever it calls."""
    for word in given:
        if word not in known:
            raise typer.BadParameter(f"{word!r} is none of {', '.join(known)}.", param_hint=option)


@app.command("list")
def list_all() -> None:
    """Show every client and its subscriptions."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        table = Table()
        for column in ("client", "name", "state", "tenancies", "subscription", "product", "key state"):
            table.add_column(column, overflow="fold")
        for client in clients.list_clients(connection):
            state = "disabled" if client.disabled_at else "enabled"
            seen = "all" if client.tenancies is None else ", ".join(map(str, client.tenancies))
            own = subscriptions.list_subscriptions(connection, client.client_id)
            subscribed: list[tuple[str, str, str]] = [
                (one.subscription_id, one.product_id, one.state) for one in own
            ]
            for row in subscribed or [("", "", "")]:
                table.add_row(client.client_id, escape(client.name), state, seen, *row)
    out.print(table)


@app.command("disable")
def disable(client_id: str, by: By) -> None:
    """Refuse a client from now on; it takes hold within seconds."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        clients.disable_client(connection, client_id, by=by)
    out.print(f"{client_id} is disabled.")


@app.command("enable")
def enable(client_id: str, by: By) -> None:
    """Let a disabled client call again."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        clients.enable_client(connection, client_id, by=by)
    out.print(f"{client_id} is enabled.")


@app.command("new-secret")
def new_secret(client_id: str, by: By) -> None:
    """Give a client a new secret, shown this once; the old one stops."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        out.print(clients.replace_secret(connection, client_id, by=by))


@app.command("new-key")
def new_key(
    subscription_id: str,
    by: By,
    which: Annotated[str, typer.Option(help="primary or secondary")] = "primary",
) -> None:
    """Make one of a subscription's two keys anew, shown this once."""
    if which not in ("primary", "secondary"):
        raise typer.BadParameter("primary or secondary", param_hint="--which")
    key: Literal["primary", "secondary"] = "primary" if which == "primary" else "secondary"
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        out.print(subscriptions.replace_key(connection, subscription_id, key, by=by))


@app.command("suspend")
def suspend(subscription_id: str, by: By) -> None:
    """Refuse a subscription's keys until it is resumed."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        subscriptions.suspend(connection, subscription_id, by=by)
    out.print(f"{subscription_id} is suspended.")


@app.command("resume")
def resume(subscription_id: str, by: By) -> None:
    """Let a suspended subscription's keys count again."""
    with failing_clearly(), open_database(Settings()) as database, database.connect() as connection:
        subscriptions.resume(connection, subscription_id, by=by)
    out.print(f"{subscription_id} is active.")
