"""Create, update and delete: of a Patient a source record's, of all others as `writing` says."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from carecord.fhir_api.kept import Json
from carecord.fhir_api.storing.patient_writing import create_patient, put_patient, remove_patient
from carecord.fhir_api.storing.writer import Occasion, Writer, Written, begin, put_waiting
from carecord.fhir_api.storing.writing import create_all, put, remove
from carecord.kernel.errors import MethodNotAllowed

_PATIENT = "Patient"


def create(
    connection: Connection[Any],
    resource: Json,
    writer: Writer,
    *,
    wanted_id: str | None = None,
    occasion: Occasion | None = None,
) -> Written:
    """Create a resource that has been checked, in the caller's transaction.

    `wanted_id` is one of `allocate_ids`, or the client's own, which holds a letter and may be that of a
    resource that it has deleted. With an `occasion` the writer has begun before, and
    brings into force what waits in it.
    """
    if resource["resourceType"] == _PATIENT:
        if wanted_id is not None:
            raise MethodNotAllowed(
                "A Patient's ID is the server's to give: create it by POST.", reason="own_id"
            )
        own_occasion = occasion or begin(connection, writer)
        written = create_patient(connection, resource, writer, own_occasion)
        if occasion is None:
            put_waiting(connection, own_occasion)
        return written
    if wanted_id is not None and not wanted_id.isdecimal():
        return put(connection, resource, wanted_id, writer, expected_version=None)
    ids = None if wanted_id is None else [wanted_id]
    return create_many(connection, [resource], writer, ids=ids, occasion=occasion)[0]


def create_many(
    connection: Connection[Any],
    resources: Sequence[Json],
    writer: Writer,
    *,
    ids: Sequence[str] | None = None,
    occasion: Occasion | None = None,
) -> list[Written]:
    """Create resources that have been checked, in the caller's transaction and in few statements; in step.

    `ids` come of `allocate_ids`, so that the resources can name one another. Patients are not among them:
    each has its ID once it is created. With an `occasion` the writer has begun before.
    """
    assert all(one["resourceType"] != _PATIENT for one in resources)
    return create_all(connection, resources, writer, occasion or begin(connection, writer), ids=ids)


def update(
    connection: Connection[Any],
    resource: Json,
    id: str,
    writer: Writer,
    *,
    expected_version: str | None = None,
) -> Written:
    """Replace a resource of the client's own, or make one under an ID of its own.

    PreconditionFailed where `expected_version` is not the newest. A body that is the same changes nothing.
    """
    if resource["resourceType"] == _PATIENT:
        return put_patient(connection, resource, id, writer, expected_version=expected_version)
    return put(connection, resource, id, writer, expected_version=expected_version)


def delete(
    connection: Connection[Any],
    type_name: str,
    id: str,
    writer: Writer,
    *,
    expected_version: str | None = None,
) -> Written:
    """Delete a resource of the client's own; one that is deleted stays so. NotFound where it never was."""
    if type_name == _PATIENT:
        return remove_patient(connection, id, writer, expected_version=expected_version)
    return remove(connection, type_name, id, writer, expected_version=expected_version)
