"""Splink on DuckDB, on this machine."""

from pathlib import Path
from typing import Any

from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries
from carecord.patient_index.relinking.predicting import (
    Compared,
    levels_sql,
    predict,
    settings_to_predict,
    terms,
)
from carecord.patient_index.relinking.snapshot import Progress, Snapshot
from carecord.patient_index.scoring import Model

queries = load_queries(__package__, "pairs.sql")

MEMORY = "5GB"


class OnDuckDB:
    """The engine of one machine. What does not fit into `memory` goes to the snapshot's folder."""

    name = "duckdb"

    def __init__(self, *, memory: str = MEMORY) -> None:
        self._memory = memory

    def compare(self, snapshot: Snapshot, *, model: Model, on_progress: Progress) -> Compared:
        with open_duckdb(snapshot.folder, memory=self._memory) as database:
            on_progress("Pairing", 0, 0)
            compared = _pair(database, snapshot, hot=model.hot)
            on_progress("Comparing", 0, 0)
            _compare(database, snapshot, model)
        return compared


def open_duckdb(folder: Path, *, memory: str = MEMORY) -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise SetUpError("Linking in bulk needs DuckDB: install carecord[linkage].") from error
    return duckdb.connect(config={"memory_limit": memory, "temp_directory": str(folder / "spilled")})


def _pair(database: Any, snapshot: Snapshot, *, hot: int) -> Compared:
    """Make the table of candidate pairs."""
    database.read_parquet(str(snapshot.record)).create_view("record")
    database.execute(f"CREATE TABLE blocking_key AS {queries.blocking_keys}")
    database.execute(f"CREATE TABLE hot_key AS {queries.hot_keys.format(hot=hot)}")
    database.execute(f"CREATE TABLE candidate AS {queries.candidates.format(hot=hot)}")
    database.execute("DROP TABLE blocking_key")
    [(count,)] = database.execute("SELECT count(*) FROM candidate").fetchall()
    return Compared(count, dict(database.execute("SELECT key, of_record FROM hot_key").fetchall()))


def _compare(database: Any, snapshot: Snapshot, model: Model) -> None:
    from splink import DuckDBAPI

    database.read_parquet(str(snapshot.frequency)).create_view("frequency")
    for term in terms(model):
        database.execute(f"CREATE TABLE tf_{term} AS {queries.frequencies.format(term=term)}")
    predicted = predict(
        DuckDBAPI(database),
        settings_to_predict(model),
        model,
        record="record",
        candidates="candidate",
        frequencies={term: f"tf_{term}" for term in terms(model)},
    )
    snapshot.pairs.mkdir()
    compared = queries.compared.format(levels=levels_sql(), predicted=predicted.physical_name)
    database.execute(f"COPY ({compared}) TO '{snapshot.pairs / 'pairs.parquet'}' (FORMAT PARQUET)")
