"""Spark says of pairs what DuckDB says: Splink on a cluster of one worker, with processes of its own."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from carecord.patient_index.relinking.on_duckdb import OnDuckDB
from carecord.patient_index.relinking.on_spark import OnSpark
from carecord.patient_index.relinking.predicting import Engine
from carecord.patient_index.relinking.run import relink_index
from carecord.patient_index.relinking.snapshot import take_snapshot
from carecord.patient_index.scoring import load_model
from tests.support.index_records import file_all, made_up

pytest.importorskip("splink")
pytest.importorskip("pyspark", reason="pyspark is not installed: carecord[spark]")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none here"),
]

CLUSTER = "local-cluster[1,1,1024]"


def told(connection: Connection, engine: Engine, folder: Path) -> tuple[Any, dict[tuple[int, int], Any]]:
    """What an engine says of the pairs of the index."""
    from pyarrow import parquet

    folder.mkdir()
    model = load_model()
    with connection.transaction():
        snapshot = take_snapshot(connection, folder, model=model, on_progress=lambda *told: None)
    compared = engine.compare(snapshot, model=model, on_progress=lambda *told: None)
    rows = parquet.read_table(snapshot.pairs).to_pylist()
    return compared, {(row.pop("a"), row.pop("b")): row for row in rows}


def test_spark_compares_as_duckdb_does_and_proposes_the_same(connection: Connection, tmp_path: Path) -> None:
    records = file_all(connection, made_up(330, seed=11))
    assert len(records) > 1900

    on_duckdb, by_duckdb = told(connection, OnDuckDB(), tmp_path / "duckdb")
    on_spark, by_spark = told(connection, OnSpark(master=CLUSTER), tmp_path / "spark")

    assert on_spark == on_duckdb
    assert by_spark.keys() == by_duckdb.keys()
    for pair, expected in by_duckdb.items():
        assert by_spark[pair].pop("weight") == pytest.approx(expected.pop("weight"), abs=1e-6)
        assert by_spark[pair] == expected


def test_a_run_on_spark_ends_as_one_on_duckdb(connection: Connection) -> None:
    file_all(connection, made_up(20, seed=12))
    connection.execute("UPDATE patient_index.patient_record SET person_id = patient_detail_id")
    connection.execute("UPDATE patient_index.link_decision SET superseded_at = now()")
    model = load_model()
    first = relink_index(connection, OnDuckDB(), model=model)

    second = relink_index(connection, OnSpark(master=CLUSTER), model=model)

    assert first.kept is not None
    assert second.kept is not None
    assert first.kept.made > 5
    assert (second.kept.made, second.kept.unchanged, second.kept.withdrawn) == (0, first.kept.made, 0)
    assert second.proposals == first.proposals
