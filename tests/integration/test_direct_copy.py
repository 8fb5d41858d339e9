"""Rows that are brought in straight through libpq."""

import psycopg
import pytest
from psycopg.errors import UniqueViolation

from carecord.db.direct_copy import copy_in


@pytest.fixture
def table(connection: psycopg.Connection) -> str:
    connection.execute("CREATE TABLE brought_in (number integer PRIMARY KEY, said text)")
    return "COPY brought_in (number, said) FROM STDIN"


def test_lines_are_brought_in_with_the_transaction_or_not_at_all(
    connection: psycopg.Connection, table: str
) -> None:
    with connection.transaction():
        copy_in(connection, table, b"1\tone\n2\t\\N\n")
    with pytest.raises(UniqueViolation), connection.transaction():
        copy_in(connection, table, b"3\tthree\n1\tagain\n")
    rows = connection.execute("SELECT number, said FROM brought_in ORDER BY number").fetchall()
    assert rows == [(1, "one"), (2, None)]


def test_more_lines_than_any_buffer_holds_are_brought_in(connection: psycopg.Connection, table: str) -> None:
    count = 20_000
    copy_in(connection, table, b"".join(b"%d\t%b\n" % (n, b"x" * 1000) for n in range(count)))
    assert connection.execute("SELECT count(*) FROM brought_in").fetchone() == (count,)


def test_the_connection_serves_on_after_a_row_that_cannot_be_read(
    connection: psycopg.Connection, table: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        copy_in(connection, table, b"one\tone\n")
    assert connection.execute("SELECT count(*) FROM brought_in").fetchone() == (0,)


def test_a_table_that_is_none_is_told(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        copy_in(connection, "COPY nowhere FROM STDIN", b"")
