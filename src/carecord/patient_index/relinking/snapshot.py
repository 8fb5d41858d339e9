"""The index of one moment, as files in a folder that an engine reads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from psycopg import Connection

from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries
from carecord.patient_index.as_splink import splink_table
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.comparing import COMPARISONS
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model

if TYPE_CHECKING:
    import pyarrow as pa

queries = load_queries(__package__)

AT_ONCE = 50_000
"""Records held in memory while they are written."""

Progress = Callable[[str, int, int], None]
"""Told of a stage, how much of it is done, and how much there is; 0 of 0 where nobody knows."""

_decode = msgspec.json.Decoder(Identity).decode


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Files of the index, and how many records they hold."""

    folder: Path
    records: int
    newest_decision: int

    @property
    def record(self) -> Path:
        return self.folder / "record.parquet"

    @property
    def decision(self) -> Path:
        return self.folder / "decision.parquet"

    @property
    def frequency(self) -> Path:
        """How often names occur, by the model: term, name, frequency."""
        return self.folder / "frequency.parquet"

    @property
    def pairs(self) -> Path:
        """Where an engine writes the pairs that it has compared."""
        return self.folder / "pairs"


def take_snapshot(
    connection: Connection[Any], folder: Path, *, model: Model, on_progress: Progress
) -> Snapshot:
    """Write the files. Within a transaction that sees one moment."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise SetUpError("Linking in bulk needs Splink: install carecord[linkage].") from error
    snapshot = Snapshot(
        folder,
        records=_number(connection, queries.count_records),
        newest_decision=_number(connection, queries.newest_decision),
    )
    _write(snapshot.record, _record_tables(connection, model, snapshot.records, on_progress))
    _write(snapshot.decision, _decision_tables(connection))
    _write(snapshot.frequency, iter([_frequencies(model, pa)]))
    return snapshot


def _number(connection: Connection[Any], query: Any) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _write(path: Path, tables: "Iterator[pa.Table]") -> None:
    from pyarrow import parquet

    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _record_tables(
    connection: Connection[Any], model: Model, total: int, on_progress: Progress
) -> "Iterator[pa.Table]":
    overlaid = {row[0] for row in connection.execute(queries.overlaid_records)}
    keys_hold = _keys_are_of(connection, model)
    types = ["int8", "int8", "text", "int8", "text", "int8[]", "bool"]
    done = 0
    for rows in _copied(connection, queries.copy_records, types):
        yield _record_table(rows, overlaid, model=None if keys_hold else model)
        done += len(rows)
        on_progress("Reading the index", done, total)


def _keys_are_of(connection: Connection[Any], model: Model) -> bool:
    """Whether the keys that records are found by are those of this model; else they are made anew."""
    return all(
        blocking_keys(_decode(text), model.blocking) == sorted(keys)
        for text, keys in connection.execute(queries.sample_keys)
    )


def _record_table(rows: Sequence[Any], overlaid: set[int], *, model: Model | None) -> "pa.Table":
    import pyarrow as pa

    identities = [_decode(row[2]) for row in rows]
    keys = [blocking_keys(one, model.blocking) for one in identities] if model else [row[5] for row in rows]
    # A record that its source has deleted is found by no key.
    keys = [[] if row[6] else own for row, own in zip(rows, keys, strict=True)]
    added: dict[str, tuple[Any, Any]] = {
        "person_id": ([row[1] for row in rows], pa.int64()),
        "namesake": ([row[3] for row in rows], pa.int64()),
        "postcode_key": ([row[4] for row in rows], pa.string()),
        "blocking_keys": (keys, pa.list_(pa.int64())),
        "held": ([row[6] or row[0] in overlaid for row in rows], pa.bool_()),
        "nhs_verified": ([one.nhs_verified for one in identities], pa.bool_()),
        "newborn": ([one.newborn for one in identities], pa.bool_()),
    }
    table = splink_table(identities, unique_id=pa.array([row[0] for row in rows], pa.int64()))
    for name, (values, kind) in added.items():
        table = table.append_column(name, pa.array(values, kind))
    return table


def _decision_tables(connection: Connection[Any]) -> "Iterator[pa.Table]":
    import pyarrow as pa

    names = ["a", "b", "decision", "by_steward"]
    kinds = [pa.int64(), pa.int64(), pa.string(), pa.bool_()]
    for rows in _copied(connection, queries.copy_decisions, ["int8", "int8", "text", "bool"]):
        columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]
        yield pa.table(dict(zip(names, columns, strict=True)))


def _copied(connection: Connection[Any], query: Any, types: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a binary COPY, many at once, and once none where there are none."""
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(types)
        rows = copy.rows()
        some = list(islice(rows, AT_ONCE))
        yield some
        while some := list(islice(rows, AT_ONCE)):
            yield some


def _frequencies(model: Model, pa: Any) -> "pa.Table":
    rows = [
        (comparison.term, name, frequency)
        for comparison, frequencies in zip(COMPARISONS, model.frequencies, strict=True)
        if comparison.term and frequencies is not None
        for name, frequency in frequencies.items()
    ]
    kinds = {"term": pa.string(), "name": pa.string(), "frequency": pa.float64()}
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(kinds.items())
        }
    )
