"""Exports on disk: a folder each, with what was asked for, how far it is, and the files that came of it.

All server processes of a machine share them, so that any of them can tell of an export or end it.
"""

import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

LIFETIME_S = 24 * 3600
"""An export that is done can be fetched for so long."""
SILENCE_S = 120
"""An export that has not told of itself for so long has broken off with its process."""
RUNNING_OF_A_CLIENT = 3
RUNNING_IN_ALL = 8

_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
_FILE = re.compile(r"[A-Za-z]{1,64}\.[0-9]{1,9}\.ndjson")
_NOTE = "export.json"


class Output(msgspec.Struct):
    """One file: resources of one type, one a line."""

    type: str
    file: str
    count: int


class Job(msgspec.Struct):
    """An export. `rights` is a digest of what the client might see when it asked."""

    id: str
    client_id: str
    user_id: str | None
    rights: str
    request: str
    types: tuple[str, ...]
    since: str | None
    level: str
    members: tuple[int, ...]
    trace_id: str
    started_at: float
    state: str = "running"
    """running, done or failed."""
    transaction_time: str | None = None
    told_at: float = 0.0
    ended_at: float | None = None
    type: str = ""
    """The type that is being written."""
    resources: int = 0
    outputs: list[Output] = []

    def is_running(self, now: float) -> bool:
        return self.state == "running" and now - self.told_at < SILENCE_S

    def has_broken_off(self, now: float) -> bool:
        return self.state == "failed" or (self.state == "running" and not self.is_running(now))

    def expires_at(self) -> float:
        return (self.ended_at or self.told_at) + LIFETIME_S


def new_id() -> str:
    return secrets.token_urlsafe(24)


class ExportFolder:
    """Where exports are kept."""

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder / "exports"

    def add(self, job: Job) -> None:
        self._of(job.id).mkdir(mode=0o700, parents=True)
        self._write(job)

    def tell(self, job: Job) -> bool:
        """Keep how far a job is; False where it was ended meanwhile, and is not to go on."""
        job.told_at = time.time()
        if not (self._of(job.id) / _NOTE).exists():
            return False
        try:
            self._write(job)
        except FileNotFoundError:
            return False
        return True

    def find(self, job_id: str) -> Job | None:
        """The export of this id, unless it was ended or its time is over."""
        if not _ID.fullmatch(job_id):
            return None
        job = self._read(self._of(job_id))
        if job is None or job.expires_at() < time.time():
            return None
        return job

    def end(self, job_id: str) -> None:
        """Take an export and its files away; one that runs stops at its next page."""
        shutil.rmtree(self._of(job_id), ignore_errors=True)

    def running(self) -> list[Job]:
        """Those under way. What is over its time is taken away in passing."""
        now = time.time()
        found = []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            job = self._read(folder)
            if job is not None and job.is_running(now):
                found.append(job)
            elif job is not None and job.expires_at() < now:
                self.end(job.id)
        return found

    def file(self, job: Job, name: str) -> Path | None:
        """The path of one of its files."""
        if not _FILE.fullmatch(name) or name not in {one.file for one in job.outputs}:
            return None
        return self._of(job.id) / name

    def new_file(self, job: Job, name: str) -> Path:
        return self._of(job.id) / name

    def _of(self, job_id: str) -> Path:
        return self._folder / job_id

    def _write(self, job: Job) -> None:
        """Whole or not at all: whoever reads it at the same time finds the one before."""
        folder = self._of(job.id)
        handle, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(job))
        os.replace(draft, folder / _NOTE)

    def _read(self, folder: Path) -> Job | None:
        try:
            return msgspec.json.decode((folder / _NOTE).read_bytes(), type=Job)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None
