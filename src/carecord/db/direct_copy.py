"""Rows brought in at the least cost: COPY straight to libpq, on the connection of the caller's transaction.

psycopg's own takes twice the processor time for a dozen rows. Not within a pipeline.
"""

from select import POLLIN, POLLOUT, poll
from typing import Any

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult


def copy_in(connection: psycopg.Connection[Any], statement: str, lines: bytes) -> None:
    """Bring in the lines of a COPY FROM STDIN in text form; raises psycopg.Error."""
    libpq = connection.pgconn
    begun = libpq.exec_(statement.encode())
    if begun.status != pq.ExecStatus.COPY_IN:
        raise psycopg.errors.error_from_result(begun)
    libpq.put_copy_data(lines)
    libpq.put_copy_end()
    ended = _await_result(libpq)
    while _await_result(libpq) is not None:
        pass
    assert ended is not None
    if ended.status != pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(ended)


def _await_result(libpq: PGconn) -> PGresult | None:
    # libpq would wait by itself, but with Python's lock held: no other thread would run meanwhile.
    socket = poll()
    unsent = libpq.flush()
    while unsent or libpq.is_busy():
        socket.register(libpq.socket, POLLIN | POLLOUT if unsent else POLLIN)
        socket.poll()
        libpq.consume_input()
        unsent = libpq.flush()
    return libpq.get_result()
