"""What a population writes: lines that fit the catalogue, the same for the same seed."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from carecord.catalogue import submissions_by_target
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.submission import InvalidItem
from carecord.ingest.feed_lines import parse_line
from carecord.population import write
from carecord.population.dates import AS_AT
from tests.spec.population.conftest import Population


def fingerprint(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_every_line_is_taken_at_the_door(town: Population, nobody: Population) -> None:
    last_day = (AS_AT - timedelta(days=1)).isoformat()
    refused: Counter[str] = Counter()
    for population in (town, nobody):
        for path in (feed.path for feed in population.written.feeds):
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                try:
                    parse_line(line, line=number, today=last_day)
                except InvalidItem as invalid:
                    collection = json.loads(line).get("Collection")
                    refused.update(
                        f"{collection}: {error.field}: {error.message}" for error in invalid.errors
                    )
    assert refused.most_common(40) == []


def test_a_record_is_introduced_before_its_entries(town: Population) -> None:
    introduced = set()
    for tenancy_id, line in town.lines():
        if "Patient" in line:
            introduced.add((tenancy_id, line["SourcePatientId"]))
        elif "Collection" in line:
            assert (tenancy_id, line["SourcePatientId"]) in introduced


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write(300, seed=5, out=tmp_path / "first")
    write(300, seed=5, out=tmp_path / "second")
    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "second")


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        program = (
            "from pathlib import Path; from carecord.population import write;"
            f"write(60, seed=5, out=Path({str(tmp_path / hash_seed)!r}))"
        )
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert fingerprint(tmp_path / "1") == fingerprint(tmp_path / "2")


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    write(60, seed=5, out=tmp_path / "first")
    write(60, seed=6, out=tmp_path / "second")
    assert (tmp_path / "first" / "truth.csv").read_bytes() != (tmp_path / "second" / "truth.csv").read_bytes()


def test_the_truth_names_every_record_once(town: Population) -> None:
    with (town.out / "truth.csv").open(encoding="utf-8") as truth:
        named = [(int(row["tenancy_id"]), row["source_patient_id"]) for row in csv.DictReader(truth)]
    assert len(named) == len(set(named)) == town.written.records
    assert set(named) == {(t, line["SourcePatientId"]) for t, line in town.lines() if "Patient" in line}


def test_an_id_comes_again_only_for_the_same_entry(town: Population) -> None:
    before: dict[tuple[object, ...], str | None] = {}
    for tenancy_id, line in town.lines():
        if "Item" in line:
            store = submissions_by_target[line["Collection"]].store
            assert store is not None
            entry = (tenancy_id, line["SourcePatientId"], store.name, line["SourceItemId"])
            sent_again = line["Collection"] == before.setdefault(entry, None)
            assert not sent_again or line["Collection"] == "GpTestResultsList", entry
            before[entry] = line["Collection"]


def test_every_collection_that_a_feed_may_send_has_rows(town: Population) -> None:
    sent = Counter(line["Collection"] for _, line in town.lines() if "Collection" in line)
    assert set(submissions_by_target) - set(sent) == {DEMOGRAPHICS_DETAILS.target}
