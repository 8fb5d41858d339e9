"""Fixtures of the tests that speak to a running server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from carecord.access.clients import register_client
from carecord.access.subscriptions import put_product, subscribe
from carecord.catalogue import BUNDLES
from carecord.cli.clients import all_read_scopes
from carecord.db.connect import Database
from tests.support.served import Served, serve


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Served]:
    """The server on the test's database."""
    with serve(database, tmp_path) as running:
        yield running


@pytest.fixture
def credentials(database: Database) -> tuple[str, str, str]:
    """A client that may read everything: its id, its secret and a subscription key."""
    with database.connect() as connection:
        secret = register_client(
            connection, "reader", name="reader", scopes=all_read_scopes(), tenancies=None, by="test"
        )
        bundles = [bundle.slug for bundle in BUNDLES]
        put_product(connection, "everything", name="everything", bundles=bundles, by="test")
        return "reader", secret, subscribe(connection, "reader", "everything", by="test").primary_key
