"""What the commands share at the terminal: consoles, the database of the settings, and how they fail."""

import contextlib
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.markup import escape

from carecord.db.connect import Database, database
from carecord.db.migrate import is_current, migrate
from carecord.kernel.errors import CareRecordError
from carecord.kernel.settings import Settings

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextlib.contextmanager
def failing_clearly() -> Iterator[None]:
    """An error of ours becomes one line and exit status 1."""
    try:
        yield
    except CareRecordError as error:
        err.print(f"[bold red]{error.title}:[/] {escape(error.detail)}", soft_wrap=True)
        for one in error.errors:
            err.print(f"  {one.field}: {one.message}", soft_wrap=True, markup=False)
        raise typer.Exit(1) from error


@contextlib.contextmanager
def open_database(settings: Settings, *, migrated: bool = True) -> Iterator[Database]:
    """The database of these settings; its schema is brought up to date when it is embedded."""
    with failing_clearly(), database(settings) as opened:
        if migrated and opened.held is not None and not is_current(opened.url):
            migrate(opened.url)
        yield opened
