"""Bulk export ($export): asked for, looked after, fetched and ended (HL7 Bulk Data Access 2.0)."""

import asyncio
import hashlib
import threading
import time
from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import msgspec

from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.instants import instant
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.operations.asked import Asked, read_asked, refuse
from carecord.fhir_api.operations.everything import KEPT
from carecord.fhir_api.operations.export_jobs import (
    RUNNING_IN_ALL,
    RUNNING_OF_A_CLIENT,
    ExportFolder,
    Job,
    new_id,
)
from carecord.fhir_api.operations.export_recall import is_recalled, records_in
from carecord.fhir_api.operations.export_run import run
from carecord.fhir_api.operations.groups import read_group
from carecord.fhir_api.outcomes import Issue, outcome
from carecord.fhir_api.rights import Deed, Rights
from carecord.fhir_api.storing.asking import freshen_asked
from carecord.kernel.errors import BadRequest, CareRecordError, Gone, NotAllowed, NotFound, TooManyRequests

NDJSON = "application/fhir+ndjson"
_FORMATS = (NDJSON, "application/ndjson", "ndjson")
_CHUNK = 256 * 1024
_PARAMETERS = ("_type", "_since", "_outputFormat")


async def export_system(call: Call) -> Reply:
    return await _begin(call, level="system")


async def export_patients(call: Call) -> Reply:
    return await _begin(call, level="patient")


async def export_group(call: Call) -> Reply:
    """The records of the members of a Group, and those linked with them."""
    members = await read_group(call)
    return await _begin(call, level="group", members=members)


async def _begin(call: Call, *, level: str, members: tuple[int, ...] = ()) -> Reply:
    if not call.preferences.respond_async:
        raise BadRequest("An export is asked for with the header Prefer: respond-async.", reason="not_async")
    asked = await read_asked(call)
    folder = ExportFolder(call.parts.data_folder)
    job = Job(
        id=new_id(),
        client_id=call.client_id,
        user_id=call.rights.caller.user_id,
        rights=_digest(call.rights),
        request=_address(call),
        types=_types(call, asked, level),
        since=None if (since := asked.since("_since")) is None else since.isoformat(),
        level=level,
        members=members,
        trace_id=call.trace_id,
        started_at=time.time(),
        told_at=time.time(),
    )
    await asyncio.to_thread(_add, folder, job)
    threading.Thread(
        target=run, args=(job, folder, call.parts.writing_pool, call.rights), name="export", daemon=True
    ).start()
    said = outcome([Issue("information", "informational", "The export has begun.")])
    return Reply(
        encode(said), status=202, headers={"Content-Location": f"{call.base}/$export-status/{job.id}"}
    )


def _types(call: Call, asked: Asked, level: str) -> tuple[str, ...]:
    """The types to be exported: those named, else all that the caller may read."""
    asked.check_known(*_PARAMETERS)
    if (asked.text("_outputFormat") or NDJSON).replace(" ", "+") not in _FORMATS:
        raise refuse("_outputFormat", f"must be {NDJSON}")
    named = asked.types("_type")
    for one in named or ():
        if not call.rights.may(Deed.READ, one):
            raise NotAllowed(f"The token has no scope to read {one}.", reason="scope_missing")
    permitted = tuple(one for one in KEPT if call.rights.may(Deed.READ, one))
    if not permitted:
        raise NotAllowed("The token has no scope to read any type.", reason="scope_missing")
    return tuple(one for one in permitted if named is None or one in named)


def _add(folder: ExportFolder, job: Job) -> None:
    running = folder.running()
    of_client = sum(one.client_id == job.client_id for one in running)
    if of_client >= RUNNING_OF_A_CLIENT or len(running) >= RUNNING_IN_ALL:
        raise TooManyRequests(
            "Too many exports are under way; wait for one to end.", headers={"Retry-After": "30"}
        )
    folder.add(job)


async def export_status(call: Call) -> Reply:
    """How far an export is; when it is done, where its files are. DELETE ends it and takes its files away."""
    folder = ExportFolder(call.parts.data_folder)
    job = await asyncio.to_thread(_own_job, call, folder)
    if call.method == "DELETE":
        await asyncio.to_thread(folder.end, job.id)
        return Reply(status=202)
    now = time.time()
    if job.has_broken_off(now):
        raise CareRecordError("The export has broken off; ask for it again.", reason="export_failed")
    if job.state == "running":
        progress = f"{job.type or 'preparing'}, {job.resources} resources written"
        wait = "1" if now - job.started_at < 10 else "5"
        return Reply(status=202, headers={"X-Progress": progress, "Retry-After": wait})
    expires = formatdate(job.expires_at(), usegmt=True)
    return Reply(
        msgspec.json.encode(_manifest(call, job)), media_type="application/json", headers={"Expires": expires}
    )


def _manifest(call: Call, job: Job) -> dict[str, Any]:
    told = datetime.fromisoformat(job.transaction_time or "")
    return {
        "transactionTime": instant(told),
        "request": job.request,
        "requiresAccessToken": True,
        "output": [
            {"type": one.type, "url": f"{call.base}/$export-file/{job.id}/{one.file}", "count": one.count}
            for one in job.outputs
        ],
        "error": [],
    }


async def export_file(call: Call) -> Reply:
    """One of the files, read from disk in pieces."""
    folder = ExportFolder(call.parts.data_folder)
    job = await asyncio.to_thread(_own_job, call, folder)
    path = folder.file(job, call.rest[1]) if len(call.rest) == 2 and job.state == "done" else None
    if path is None:
        raise _unknown()
    if job.rights != _digest(call.rights):
        raise NotAllowed(
            "What this client may see has changed since the export; export anew.", reason="rights_changed"
        )
    await _check_recalled(call, path)
    return Reply(chunks=_pieces(path), media_type=NDJSON)


async def _check_recalled(call: Call, path: Path) -> None:
    """Gone where the file holds what this client may no longer be told, be it since just now."""
    pool, type_name = call.parts.writing_pool, path.name.split(".")[0]
    try:
        await freshen_asked(pool, await asyncio.to_thread(records_in, pool, path, type_name, call.rights))
        recalled = await asyncio.to_thread(is_recalled, pool, path, type_name, call.rights)
    except FileNotFoundError:
        # Ended meanwhile, or of a release that did not note what its files hold.
        recalled = True
    if recalled:
        raise Gone(
            "Something in this file has been refused, restricted or withdrawn since; export anew.",
            reason="export_recalled",
        )


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece


def _own_job(call: Call, folder: ExportFolder) -> Job:
    """The export of the path; NotFound where it is none, or another client's or user's."""
    job = folder.find(call.rest[0]) if call.rest else None
    owner = call.client_id, call.rights.caller.user_id
    if job is None or (job.client_id, job.user_id) != owner:
        raise _unknown()
    return job


def _unknown() -> NotFound:
    return NotFound("There is no such export of this client.", reason="unknown_export")


def _digest(rights: Rights) -> str:
    """Equal for equal sight, whoever's token it is."""
    grants = sorted(
        [one.context, one.type, "".join(sorted(one.deeds)), *map("=".join, one.restriction)]
        for one in rights.grants
    )
    seen = [grants, rights.tenancies, rights.patient, sorted(rights.restricted_bundles)]
    return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()


def _address(call: Call) -> str:
    """The address that was asked for, as the manifest repeats it."""
    place = "/".join(one for one in (call.type, call.id) if one)
    query = "&".join(f"{name}={value}" for name, value in call.parameters)
    return f"{call.base}/{place + '/' if place else ''}$export{'?' + query if query else ''}"
