"""A feed is written, loaded and looked at: what was refused, and what then stands in the record."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carecord.db.connect import Database
from carecord.ingest.load import Loaded, load_file

TODAY = date(2026, 11, 1)

Refused = tuple[int, str, str]
"""Line, field, rule."""


@dataclass(frozen=True)
class Feeds:
    """Loads feeds into the test's database."""

    connection: psycopg.Connection[Any]
    folder: Path

    def load(self, *lines: dict[str, Any] | bytes, name: str = "feed.ndjson") -> Loaded:
        """Load a feed of these lines; bytes stand as they are."""
        return self.load_bytes(b"\n".join(_line(line) for line in lines) + b"\n", name=name)

    def load_bytes(self, content: bytes, *, name: str = "feed.ndjson") -> Loaded:
        file = self.folder / name
        file.write_bytes(content)
        return load_file(
            self.connection, file, rejects=self.folder / "loads" / f"{name}.rejects", today=TODAY
        )

    def refused(self, loaded: Loaded) -> list[Refused]:
        """What the reject file says."""
        if loaded.rejects is None:
            return []
        rejects = [json.loads(line) for line in loaded.rejects.read_bytes().splitlines()]
        assert len(rejects) == loaded.rejected
        return [(r["Line"], error["Field"], error["Rule"]) for r in rejects for error in r["Errors"]]

    def items(self, source_patient_id: str = "P1", *, store: str | None = None) -> list[dict[str, Any]]:
        """The stored items of a source record without their nulls, in order of their source keys."""
        rows = self.connection.execute(
            "SELECT e.item FROM clinical_store.entry e JOIN patient_index.patient_record r"
            " USING (patient_detail_id) WHERE r.source_key = %s AND (e.collection = %s OR %s::text IS NULL)"
            " ORDER BY e.collection, e.source_key",
            (source_patient_id, store, store),
        )
        return [{name: value for name, value in row[0].items() if value is not None} for row in rows]

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that a load writes, down to the time of its last change."""
        return {
            table: self.connection.execute(f"SELECT t.*::text FROM {table} t ORDER BY 1").fetchall()
            for table in (
                "patient_index.tenancy",
                "patient_index.patient_record",
                "patient_index.patient_number",
                "patient_index.link_decision",
                "clinical_store.entry",
                "clinical_store.entry_version",
            )
        }

    def value(self, query: str, *parameters: Any) -> Any:
        """The first column of the first row."""
        row = self.connection.execute(query, parameters).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


@pytest.fixture
def feeds(database: Database, tmp_path: Path) -> Iterator[Feeds]:
    with database.connect() as connection:
        yield Feeds(connection, tmp_path)


def _line(line: dict[str, Any] | bytes) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line).encode()
