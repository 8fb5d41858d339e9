"""Exports on disk: who finds them, when they are over, and what ends them."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from carecord.fhir_api.operations import export_jobs
from carecord.fhir_api.operations.export_jobs import LIFETIME_S, SILENCE_S, ExportFolder, Job, Output, new_id


@dataclass(frozen=True, slots=True)
class Shelf:
    """An export under way, and the folder that it is in."""

    folder: ExportFolder
    job: Job


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    now = time.time()
    job = Job(
        id=new_id(),
        client_id="fhir",
        user_id=None,
        rights="",
        request="/$export",
        types=("Patient",),
        since=None,
        level="system",
        members=(),
        trace_id="",
        started_at=now,
        told_at=now,
    )
    folder = ExportFolder(tmp_path)
    folder.add(job)
    return Shelf(folder, job)


def test_an_export_tells_how_far_it_is_to_whoever_has_its_id(shelf: Shelf) -> None:
    shelf.job.resources = 17
    shelf.folder.tell(shelf.job)

    found = shelf.folder.find(shelf.job.id)

    assert found == shelf.job
    assert [one.id for one in shelf.folder.running()] == [shelf.job.id]


@pytest.mark.parametrize("name", ["", "..", "../exports", "a/b", "x" * 65])
def test_what_is_no_id_finds_nothing(shelf: Shelf, name: str) -> None:
    assert shelf.folder.find(name) is None


def test_an_export_that_was_ended_is_told_not_to_go_on(shelf: Shelf) -> None:
    shelf.folder.end(shelf.job.id)

    assert not shelf.folder.tell(shelf.job)
    assert shelf.folder.find(shelf.job.id) is None


def test_an_export_whose_process_is_gone_has_broken_off(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time() + SILENCE_S + 1
    monkeypatch.setattr(export_jobs.time, "time", lambda: later)

    assert shelf.job.has_broken_off(later)
    assert shelf.folder.running() == []


def test_an_export_is_taken_away_when_its_time_is_over(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.job.state, shelf.job.ended_at = "done", time.time()
    shelf.folder.tell(shelf.job)
    path = shelf.folder.new_file(shelf.job, "export.json")
    later = time.time() + LIFETIME_S + 1
    monkeypatch.setattr(export_jobs.time, "time", lambda: later)

    assert shelf.folder.find(shelf.job.id) is None
    assert shelf.folder.running() == []
    assert not path.exists()


def test_only_the_files_of_an_export_are_given_out(shelf: Shelf) -> None:
    shelf.job.outputs.append(Output(type="Patient", file="Patient.1.ndjson", count=1))

    assert shelf.folder.file(shelf.job, "Patient.1.ndjson") is not None
    assert shelf.folder.file(shelf.job, "Patient.2.ndjson") is None
    assert shelf.folder.file(shelf.job, "../export.json") is None
