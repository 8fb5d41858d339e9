"""Spark says of pairs what DuckDB says: Splink on a cluster of one worker, with processes of its own."""

import shutil
from typing import Any

import pytest
from psycopg import Connection

from carecord.patient_index.relinking.on_duckdb import OnDuckDB
from carecord.patient_index.relinking.on_spark import OnSpark
from carecord.patient_index.relinking.predicting import Compared, Engine
from carecord.patient_index.relinking.run import relink_index
from carecord.patient_index.relinking.snapshot import Progress, Snapshot
from carecord.patient_index.scoring import Model, load_model
from tests.support.index_records import file_all, made_up

pytest.importorskip("splink")
pytest.importorskip("pyspark", reason="pyspark is not installed: carecord[spark]")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, and there is none here"),
]

CLUSTER = "local-cluster[1,1,1024]"


class Overheard:
    """An engine, and what it said of each pair."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.pairs: dict[tuple[int, int], dict[str, Any]] = {}

    def compare(self, snapshot: Snapshot, *, model: Model, on_progress: Progress) -> Compared:
        from pyarrow import parquet

        compared = self._engine.compare(snapshot, model=model, on_progress=on_progress)
        rows = parquet.read_table(snapshot.pairs).to_pylist()
        self.pairs = {(row.pop("a"), row.pop("b")): row for row in rows}
        return compared


def test_spark_compares_as_duckdb_does_and_proposes_the_same(connection: Connection) -> None:
    records = file_all(connection, made_up(330, seed=11))
    connection.execute("UPDATE patient_index.patient_record SET person_id = patient_detail_id")
    connection.execute("UPDATE patient_index.link_decision SET superseded_at = now()")
    model = load_model()
    duckdb, spark = Overheard(OnDuckDB()), Overheard(OnSpark(master=CLUSTER))

    first = relink_index(connection, duckdb, model=model)
    second = relink_index(connection, spark, model=model)

    assert len(records) > 1900
    assert (second.pairs_compared, second.proposals) == (first.pairs_compared, first.proposals)
    assert first.kept is not None
    assert second.kept is not None
    assert first.kept.made > 500
    assert (second.kept.made, second.kept.unchanged, second.kept.withdrawn) == (0, first.kept.made, 0)
    assert spark.pairs.keys() == duckdb.pairs.keys()
    for pair, expected in duckdb.pairs.items():
        assert spark.pairs[pair].pop("weight") == pytest.approx(expected.pop("weight"), abs=1e-6)
        assert spark.pairs[pair] == expected
