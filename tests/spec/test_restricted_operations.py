"""What is restricted is for those who hold the bundle's restricted scope; the audit says that it was seen."""

import psycopg
import pytest

from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from tests.support.samples import path_for
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

RESTRICTED = [
    operation for operation in OPERATIONS if operation.restricted and "{patientDetailId}" in operation.path
]


def test_social_care_and_maternity_are_restricted() -> None:
    assert {operation.bundle.slug for operation in RESTRICTED} >= {"social-care", "maternity"}


@pytest.mark.parametrize("operation", RESTRICTED, ids=lambda operation: operation.path.rsplit("/", 1)[-1])
def test_it_needs_both_scopes_of_its_bundle(
    sandpit: Sandpit, connection: psycopg.Connection, operation: Operation
) -> None:
    sandpit.load(tenancy_line(1), patient_line("P-1"))
    path = path_for(operation, sandpit.detail_id(1, "P-1"))
    secret = sandpit.add_client("plain", scopes=[operation.scope])
    headers = sandpit.headers_of("plain", secret, sandpit.subscribe("plain").primary_key)

    statuses = [sandpit.get(path, headers=headers).status_code, sandpit.get(path).status_code]

    assert statuses == [403, 200]
    seen = connection.execute(
        "SELECT client_id, outcome, restricted FROM audit.event WHERE operation_id = %s ORDER BY at",
        (operation.operation_id,),
    ).fetchall()
    assert seen == [("plain", "refused", True), ("reader", "allowed", True)]
