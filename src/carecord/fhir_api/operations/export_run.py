"""The work of an export: page by page from the database to files, in a thread of its own."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg
import structlog
from psycopg import sql
from psycopg.rows import kwargs_row
from psycopg_pool import ConnectionPool

from carecord.access.audit import AuditEvent, EventName, record
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.operations.export_jobs import ExportFolder, Job, Output
from carecord.fhir_api.operations.export_recall import linked_records, name_line, names_beside
from carecord.fhir_api.operations.sight import sight_of
from carecord.fhir_api.rights import Deed, Rights
from carecord.fhir_api.storing.asking import freshen_all
from carecord.fhir_api.storing.links import without_unknown_links_in
from carecord.fhir_api.visibility import known_update
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "exporting.sql")
log = structlog.get_logger()

PAGE_SIZE = 1000
FILE_SIZE = 100_000
"""Resources in one file at most."""
_IDS_IN_A_ROW = 1000
"""Patients that one audit row names at most."""

LEVELS = {"system": queries.of_system, "patient": queries.of_patients, "group": queries.of_group}


class Ended(Exception):
    """The client has ended the export."""


def run(job: Job, folder: ExportFolder, pool: ConnectionPool[Any], rights: Rights) -> None:
    """Write all files, then who was shown into the audit, then that it is done. Never raises."""
    try:
        _Run(job, folder, pool, rights).write()
    except Ended:
        log.info("export_ended", trace_id=job.trace_id)
    except Exception as error:  # noqa: BLE001  Nobody is there to catch it; its text may hold a value.
        log.error("export_failed", trace_id=job.trace_id, kind=type(error).__name__)
        job.state = "failed"
        folder.tell(job)


class _Run:
    """One export under way. `_shown` are the patients in the files so far, with their sources."""

    def __init__(self, job: Job, folder: ExportFolder, pool: ConnectionPool[Any], rights: Rights) -> None:
        self._job = job
        self._folder = folder
        self._pool = pool
        self._rights = rights
        self._shown: dict[int, int] = {}
        self._restricted = False

    def write(self) -> None:
        for _ in freshen_all(self._pool):
            self._tell()
        with self._pool.connection() as connection:
            row = connection.execute(queries.begin).fetchone()
        assert row is not None
        until, told = row
        for type_name in self._job.types:
            self._write_type(type_name, until)
        self._record()
        self._job.transaction_time = told.isoformat()
        self._job.ended_at = told.timestamp()
        self._job.state = "done"
        self._tell()

    def _write_type(self, type_name: str, until: datetime) -> None:
        self._job.type = type_name
        self._tell()
        sight = sight_of(self._rights, Deed.READ, (type_name,))
        statement = sql.SQL(queries.page).format(
            level=sql.SQL(LEVELS[self._job.level]),
            visible=sql.SQL(sight.text),
            updated=known_update(sql.Identifier("r")),
        )
        lists = {name: list(one) if isinstance(one, tuple) else one for name, one in sight.values.items()}
        values: dict[str, Any] = lists | {
            "type": type_name,
            "since": self._job.since,
            "until": until,
            "members": list(self._job.members),
            "limit": PAGE_SIZE,
            "after": "",
        }
        with ExitStack() as stack:
            output: Output | None = None
            file: IO[bytes] | None = None
            names: IO[bytes] | None = None
            while page := self._page(statement, values):
                rows, linked = page
                if output is None or file is None or names is None or output.count >= FILE_SIZE:
                    output, file, names = self._next_files(stack, type_name)
                for one in rows:
                    assert one.body is not None
                    file.write(one.body + b"\n")
                    names.write(name_line(one, linked.get(one.id, ())))
                    if one.patient_detail_id is not None:
                        self._shown[one.patient_detail_id] = one.tenancy_id
                    self._restricted |= one.restricted
                values["after"] = rows[-1].id
                output.count += len(rows)
                self._job.resources += len(rows)
                self._tell()

    def _next_files(self, stack: ExitStack, type_name: str) -> tuple[Output, IO[bytes], IO[bytes]]:
        """The file of resources that comes next, and the one that names them."""
        number = sum(one.type == type_name for one in self._job.outputs) + 1
        output = Output(type=type_name, file=f"{type_name}.{number}.ndjson", count=0)
        path: Path = self._folder.new_file(self._job, output.file)
        try:
            file = stack.enter_context(path.open("wb"))
            names = stack.enter_context(names_beside(path).open("wb"))
        except FileNotFoundError as error:
            raise Ended from error
        self._job.outputs.append(output)
        return output, file, names

    def _page(
        self, statement: sql.Composed, values: Mapping[str, Any]
    ) -> tuple[list[Kept], Mapping[str, list[int]]] | None:
        """Resources, and by the ids of Patients whom they are linked with; None where there are no more."""
        # A connection is held for one page only: those who write through FHIR need them too.
        with self._pool.connection() as connection:
            with connection.cursor(row_factory=kwargs_row(_kept)) as cursor:
                kept = cursor.execute(statement, values).fetchall()
            if not kept:
                return None
            shown = without_unknown_links_in(connection, kept, self._rights)
            return shown, linked_records(connection, shown, self._rights)

    def _tell(self) -> None:
        if not self._folder.tell(self._job):
            raise Ended

    def _record(self) -> None:
        """Who is in the files stands in the audit before the client learns where they are."""
        shown = sorted(self._shown)
        with self._pool.connection() as connection, connection.transaction():
            for start in range(0, len(shown), _IDS_IN_A_ROW):
                self._record_some(connection, shown[start : start + _IDS_IN_A_ROW])

    def _record_some(self, connection: psycopg.Connection[Any], ids: list[int]) -> None:
        record(
            connection,
            AuditEvent(
                event=EventName.PATIENT_READ,
                client_id=self._job.client_id,
                user_id=self._job.user_id,
                operation_id="fhir.$export",
                patient_detail_ids=ids,
                tenancies=sorted({self._shown[one] for one in ids}),
                restricted=self._restricted,
                trace_id=self._job.trace_id,
            ),
        )


def _kept(body: str, **columns: Any) -> Kept:
    return Kept(body=body.encode(), **columns)
