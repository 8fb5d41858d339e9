"""To say again that two records are one person's says nothing of a third."""

import psycopg

from carecord.patient_index.links import link, unlink
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


def test_linking_two_that_are_linked_leaves_one_that_a_steward_took_out_where_it_is(
    sandpit: Sandpit, connection: psycopg.Connection
) -> None:
    same = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}
    sandpit.load(tenancy_line(1), *(patient_line(f"P-{number}", **same) for number in range(3)))
    first, second, third = (sandpit.detail_id(1, f"P-{number}") for number in range(3))
    with connection.transaction():
        unlink(connection, [third], decided_by="steward", reason=None)

    with connection.transaction():
        linked = link(connection, first, second, decided_by="steward", reason=None)

    assert linked.together == (first, second)
