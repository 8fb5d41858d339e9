"""Splink on Spark, over as many machines as there are; every one of them must see the folder of the files."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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

MASTER = "local[*]"
"""This machine alone, all its cores."""


class OnSpark:
    """The engine of many machines. Its Jaro-Winkler is that of Splink's own library for Spark.

    That library counts an odd letter out of place as half a transposition, where Python and DuckDB do not: of
    200,000 names compared a few end on the neighbouring level. What is left open is settled in Python anyway.
    """

    name = "spark"

    def __init__(self, *, master: str = MASTER) -> None:
        self._master = master

    def compare(self, snapshot: Snapshot, *, model: Model, on_progress: Progress) -> Compared:
        on_progress("Starting Spark", 0, 0)
        with _session(self._master, snapshot.folder) as session:
            on_progress("Pairing", 0, 0)
            compared = _pair(session, snapshot, hot=model.hot)
            on_progress("Comparing", 0, 0)
            _compare(session, snapshot, model)
        return compared


@contextmanager
def _session(master: str, folder: Path) -> Iterator[Any]:
    if shutil.which("java") is None:
        raise SetUpError("Spark needs Java, and there is none on this machine.")
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError as error:
        raise SetUpError("Linking on Spark needs carecord[spark].") from error
    builder = SparkSession.builder.master(master).appName("carecord index relink")
    settings = {
        "spark.jars": similarity_jar_location(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    if master.startswith("local"):
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": "4",
            "spark.default.parallelism": "4",
        }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setCheckpointDir(str(folder / "checkpoint"))
    try:
        yield session
    finally:
        session.stop()


def _pair(session: Any, snapshot: Snapshot, *, hot: int) -> Compared:
    """Make the table of candidate pairs."""
    from carecord.patient_index.relinking.spark_words import for_spark

    session.read.parquet(str(snapshot.record)).createOrReplaceTempView("record")
    for name, query in (
        ("blocking_key", queries.blocking_keys),
        ("hot_key", queries.hot_keys),
        ("candidate", queries.candidates),
    ):
        _keep(session, name, for_spark(query.format(hot=hot)), snapshot.folder)
    hot_keys = session.table("hot_key").collect()
    return Compared(session.table("candidate").count(), {row.key: row.of_record for row in hot_keys})


def _compare(session: Any, snapshot: Snapshot, model: Model) -> None:
    from pyarrow import parquet, types
    from splink import SparkAPI

    from carecord.patient_index.relinking.spark_words import for_spark, settings_for_spark

    session.read.parquet(str(snapshot.frequency)).createOrReplaceTempView("frequency")
    for term in terms(model):
        _keep(session, f"tf_{term}", for_spark(queries.frequencies.format(term=term)), snapshot.folder)
    lists = [field.name for field in parquet.read_schema(snapshot.record) if types.is_list(field.type)]
    predicted = predict(
        SparkAPI(spark_session=session),  # type: ignore[no-untyped-call]
        settings_for_spark(settings_to_predict(model), lists=lists),
        model,
        record="record",
        candidates="candidate",
        frequencies={term: f"tf_{term}" for term in terms(model)},
    )
    compared = queries.compared.format(levels=levels_sql(), predicted=predicted.physical_name)
    session.sql(for_spark(compared)).write.parquet(str(snapshot.pairs))


def _keep(session: Any, name: str, query: str, folder: Path) -> None:
    """Work a table out once, and keep it beside the other files."""
    path = str(folder / f"{name}.spark")
    session.sql(query).write.parquet(path)
    session.read.parquet(path).createOrReplaceTempView(name)
