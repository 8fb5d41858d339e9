"""Blocking keys made anew for every record, as a model with other blocking rules needs them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.linking import lock_index, read_identity
from carecord.patient_index.scoring import Model

queries = load_queries(__package__, "keys.sql")

AT_ONCE = 5_000
"""Records of one transaction: who files records waits for no more than these."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How many records were looked at, and how many have other keys now."""

    records: int
    changed: int


def make_keys_anew(
    connection: Connection[Any],
    *,
    model: Model,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rekeyed:
    """Give every record the blocking keys of this model, in transactions of its own. Nobody is linked by it.

    Broken off, it may be run again. Records that arrive meanwhile have the keys of the model that their
    process has in force: set CARECORD_INDEX_MODEL and start those processes anew first.
    """
    row = connection.execute(queries.count_records).fetchone()
    total = row[0] if row else 0
    after = records = changed = 0
    while True:
        with connection.transaction():
            lock_index(connection)
            batch = connection.execute(queries.records_after, {"after": after, "most": AT_ONCE}).fetchall()
            if not batch:
                return Rekeyed(records, changed)
            changed += _give_keys(connection, batch, model)
        after, records = batch[-1][0], records + len(batch)
        on_progress(records, max(total, records))


def _give_keys(connection: Connection[Any], batch: list[tuple[int, str, list[int]]], model: Model) -> int:
    others = {
        record: keys
        for record, identity, before in batch
        if (keys := blocking_keys(read_identity(identity), model.blocking)) != before
    }
    if others:
        connection.execute(queries.hide, {"ids": list(others)})
        as_text = ["{%s}" % ",".join(map(str, keys)) for keys in others.values()]  # noqa: UP031
        connection.execute(queries.change_keys, {"ids": list(others), "keys": as_text})
    # Those whose keys were right, and not all kept, are found again too.
    connection.execute(queries.find_again, {"ids": [record for record, *_ in batch]})
    return len(others)
