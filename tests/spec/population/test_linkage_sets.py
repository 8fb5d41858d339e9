"""Feeds made from a linkage set: every record as it is, mistakes included, and loadable."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carecord.ingest.feed_lines import parse_line
from carecord.kernel.errors import Unprocessable
from carecord.population import write_from
from carecord.population.linkage import birth_date

NAMES = (
    "rec_id",
    "person_id",
    "source",
    "nhs_number",
    "forename",
    "surname",
    "dob",
    "sex",
    "postcode",
    "mobile",
)
SET: list[dict[str, Any]] = [
    dict(zip(NAMES, row, strict=True))
    for row in (
        (1, 7, "GP", "9990123454", "DOT", "HERITAGE", "1946-05-17", "F", "ZZ99 3CZ", None),
        (2, 7, "ACUTE", "9990123455", None, None, "1946-05-32", "U", None, "07700900123"),
        (3, 8, "GP", None, "A", "NASH", None, "M", None, None),
    )
]


def patients(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in folder.glob("*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            read = json.loads(line)
            found[read["SourcePatientId"]] = read["Patient"]
    return found


@pytest.fixture(params=["parquet", "csv"])
def linkage_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"set.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(SET), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as table:
            writer = csv.DictWriter(table, NAMES)
            writer.writeheader()
            writer.writerows(SET)
    return path


def test_a_feed_is_made_for_every_source(linkage_file: Path, tmp_path: Path) -> None:
    written = write_from(linkage_file, tmp_path / "out", seed=1)
    assert [feed.path.name for feed in written.feeds] == ["101-acute.ndjson", "102-gp.ndjson"]
    assert (written.people, written.records, written.entries) == (2, 3, 0)


def test_a_whole_record_is_kept_as_it_is(linkage_file: Path, tmp_path: Path) -> None:
    write_from(linkage_file, tmp_path / "out", seed=1)
    patient = patients(tmp_path / "out")["1"]
    del patient["PatientNumber"]
    assert patient == {
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "02",
        "Forename": "DOT",
        "Surname": "HERITAGE",
        "DateOfBirth": "1946-05-17",
        "Gender": "2",
        "PostCode": "ZZ99 3CZ",
    }


def test_what_the_catalogue_cannot_hold_is_left_out_and_said(linkage_file: Path, tmp_path: Path) -> None:
    write_from(linkage_file, tmp_path / "out", seed=1)
    patient = patients(tmp_path / "out")["2"]
    del patient["PatientNumber"]
    assert patient == {
        "NhsNumberVerificationStatus": "03",
        "Surname": "UNKNOWN",
        "Gender": "X",
        "MobileTelephone": "07700900123",
    }


def test_every_line_is_taken_at_the_door(linkage_file: Path, tmp_path: Path) -> None:
    written = write_from(linkage_file, tmp_path / "out", seed=1)
    for feed in written.feeds:
        for number, line in enumerate(feed.path.read_bytes().splitlines(), 1):
            parse_line(line, line=number, today="2026-11-01")


def test_the_truth_is_the_person_id(linkage_file: Path, tmp_path: Path) -> None:
    write_from(linkage_file, tmp_path / "out", seed=1)
    truth = (tmp_path / "out" / "truth.csv").read_text(encoding="utf-8").splitlines()
    assert truth == ["tenancy_id,source_patient_id,person_id", "102,1,7", "101,2,7", "102,3,8"]


def test_a_table_without_the_columns_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("rec_id,given_name\n1,A\n", encoding="utf-8")
    with pytest.raises(Unprocessable) as refused:
        write_from(path, tmp_path / "out", seed=1)
    assert [error.field for error in refused.value.errors] == ["person_id", "source"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1946-05-17", "1946-05-17"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-02", None),
        ("2062-05-17", None),
        ("1946-05-32", None),
        ("", None),
        (None, None),
    ],
)
def test_a_birth_date_is_a_day_that_has_been(text: str | None, day: str | None) -> None:
    assert birth_date(text) == day
