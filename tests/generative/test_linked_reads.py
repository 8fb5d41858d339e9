"""Whatever the links: every linked ID gives one answer, and it is what the records give alone, together."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.bundles_api.handlers import handlers
from carecord.catalogue import OPERATIONS, submissions_by_target
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, LINKED_RECORDS
from carecord.catalogue.model import ListOperation
from carecord.catalogue.pathology import ORDERS_SUMMARY
from carecord.db.embedded import Held
from carecord.patient_index.groups import connected_parts, pair
from carecord.patient_index.links import link, unlink
from tests.support.postgres import new_database
from tests.support.samples import path_for, sample_line, variants_of
from tests.support.sandpit import Sandpit, open_sandpit, patient_line, tenancy_line

RECORDS = 6
SERVED = handlers()
LISTS = [
    operation
    for operation in OPERATIONS
    if operation in SERVED
    and isinstance(operation, ListOperation)
    and "{patientDetailId}" in operation.path
    # A linked record is no row of a store, and an order's result may stand in another record.
    and operation not in (LINKED_RECORDS, ORDERS_SUMMARY)
]

Link = tuple[int, int]
links = st.lists(st.tuples(st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1)), max_size=RECORDS)


@pytest.fixture(scope="module")
def record(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandpit]:
    """Six unlinked records of three sources, each with some rows of every kind, no two with the same ones."""
    with (
        new_database(migrated_template) as database,
        open_sandpit(database, tmp_path_factory.mktemp("links")) as sandpit,
    ):
        for tenancy_id in (1, 2, 3):
            lines: list[dict[str, Any]] = [tenancy_line(tenancy_id)]
            for number in (n for n in range(RECORDS) if n % 3 == tenancy_id - 1):
                lines.append(patient_line(f"P-{number}"))
                lines += rows_of_record(number)
            loaded = sandpit.load(*lines)
            assert loaded.rejects is None, loaded.rejects.read_text()
        yield sandpit


def rows_of_record(number: int) -> Iterator[dict[str, Any]]:
    for target, operation in submissions_by_target.items():
        if operation is DEMOGRAPHICS_DETAILS:
            continue
        for position, item in enumerate(variants_of(operation)):
            if (number + position) % 4 < 2:
                yield sample_line(f"P-{number}", target, **item) | {"SourceItemId": f"{target}-{position}"}


def set_links(sandpit: Sandpit, wanted: list[Link], ids: list[int]) -> dict[int, int]:
    """Have a steward part all records, then link these; gives the person that each belongs to."""
    said: Any = {"decided_by": "steward", "reason": None}
    with sandpit.database.connect() as connection, connection.transaction():
        for one in ids[:-1]:
            row = connection.execute(
                "SELECT count(*) FROM patient_index.patient_record JOIN patient_index.patient_record asked"
                " USING (person_id) WHERE asked.patient_detail_id = %s",
                (one,),
            ).fetchone()
            if row != (1,):
                unlink(connection, [one], **said)
        for a, b in wanted:
            if a != b:
                link(connection, ids[a], ids[b], **said)
    return connected_parts(ids, [pair(ids[a], ids[b]) for a, b in wanted if a != b])


def answer(sandpit: Sandpit, operation: ListOperation, patient_detail_id: int) -> dict[str, Any]:
    got = sandpit.get(path_for(operation, patient_detail_id), params={"PageSize": 200})
    assert got.status_code == 200, got.text
    body: dict[str, Any] = got.json()
    return body


def as_multiset(rows: list[Any]) -> list[str]:
    return sorted(map(repr, rows))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=links, operation=st.sampled_from(LISTS))
def test_the_answer_is_one_and_the_union_of_what_each_gives_alone(
    record: Sandpit, wanted: list[Link], operation: ListOperation
) -> None:
    ids = [record.detail_id(n % 3 + 1, f"P-{n}") for n in range(RECORDS)]
    set_links(record, [], ids)
    alone = {one: answer(record, operation, one)[operation.collection] for one in ids}

    person = set_links(record, wanted, ids)

    for one in ids:
        linked = [other for other in ids if person[other] == person[one]]
        together = answer(record, operation, one)
        assert together == answer(record, operation, linked[0])
        expected = [row for other in linked for row in alone[other]]
        assert as_multiset(together[operation.collection]) == as_multiset(expected)
        assert together["TotalItemCount"] == len(expected)
