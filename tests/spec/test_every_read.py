"""What every reading operation of a patient promises alike, held for each of them by its own sample."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from carecord.bundles_api.handlers import handlers
from carecord.bundles_api.parameters import parameter_names
from carecord.catalogue import OPERATIONS, submissions_by_target
from carecord.catalogue.adt import CURRENT_INPATIENT_STATUS
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, LINKED_RECORDS, SHARING_STATUS
from carecord.catalogue.model import (
    ComposedOperation,
    Holds,
    Kind,
    Leaf,
    ListOperation,
    Operation,
    SingleOperation,
)
from carecord.catalogue.samples import sample_of
from carecord.catalogue.shapes import answer_shape
from carecord.catalogue.submission import is_time
from carecord.db.embedded import Held
from tests.support.postgres import new_database
from tests.support.samples import named_source, path_for, submission_of, variants_of
from tests.support.sandpit import Sandpit, entry_line, open_sandpit, patient_line, tenancy_line

SERVED = handlers()
READS = [
    operation
    for operation in OPERATIONS
    if operation in SERVED
    and operation.method == "GET"
    and "{patientDetailId}" in operation.path
    and operation not in (DEMOGRAPHICS_DETAILS, LINKED_RECORDS)
]
LISTS = [operation for operation in READS if isinstance(operation, ListOperation)]
SINGLES = [operation for operation in READS if isinstance(operation, SingleOperation)]
SUBMITTED = [operation for operation in READS if operation.submitted]
STORES = {
    target: operation
    for target, operation in submissions_by_target.items()
    if operation is not DEMOGRAPHICS_DETAILS
}

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def by_id(operation: Operation) -> str:
    return operation.operation_id.split("_")[0] + "-" + operation.path.rsplit("/", 1)[-1].strip("{}")


@pytest.fixture(scope="module")
def record(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandpit]:
    """One linked in three sources, each with every kind of row; one in a single source; one with nothing.

    And for each kind of row, a patient with the sample of it and nothing else, and one with its variants.
    """
    with (
        new_database(migrated_template) as database,
        open_sandpit(database, tmp_path_factory.mktemp("reads")) as sandpit,
    ):
        for tenancy_id in (1, 2, 3):
            loaded = sandpit.load(
                tenancy_line(tenancy_id),
                patient_line("LINKED", **SAME),
                *every_kind_of_row("LINKED", f"T{tenancy_id}"),
            )
            assert loaded.rejected == 0
        lines = [
            tenancy_line(4),
            patient_line("ALONE"),
            *every_kind_of_row("ALONE", "A"),
            patient_line("EMPTY"),
        ]
        for target, operation in STORES.items():
            sample, varied = f"SAMPLE-{target}", f"VARIED-{target}"
            lines += [patient_line(sample), entry_line(sample, target, submission_of(operation))]
            lines += [patient_line(varied)]
            lines += [
                entry_line(varied, target, item, SourceItemId=f"{number}")
                for number, item in enumerate(variants_of(operation))
            ]
        loaded = sandpit.load(*lines)
        assert loaded.rejects is None, loaded.rejects.read_text()
        yield sandpit


def every_kind_of_row(patient: str, source_item_id: str) -> list[dict[str, Any]]:
    return [
        entry_line(patient, target, submission_of(operation), SourceItemId=f"{source_item_id}-{target}")
        for target, operation in STORES.items()
    ]


def read_all(record: Sandpit, operation: Operation, patient_detail_id: int) -> Any:
    answer = record.get(path_for(operation, patient_detail_id))
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(
    record: Sandpit, operation: ListOperation, patient_detail_id: int, query: dict[str, Any] | None = None
) -> list[Any]:
    answer = record.get(path_for(operation, patient_detail_id), params={"PageSize": 200} | (query or {}))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == [operation.collection, "TotalItemCount"]
    assert body["TotalItemCount"] == len(body[operation.collection])
    rows: list[Any] = body[operation.collection]
    return rows


def check_shape(operation: Operation, item: Any, leave_out: tuple[str, ...] = ()) -> None:
    """The exposed fields in their order, and of their types."""
    shape = answer_shape(operation, leave_out)
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(item, shape, strict=True))) == item
    assert list(item) == [f.name for f in operation.item.fields if f.exposed and f.name not in leave_out]
    for field in operation.item.fields:
        if field.exposed and field.name not in leave_out and not field.nullable:
            assert item[field.name] is not None, field.name


@pytest.mark.parametrize("operation", READS, ids=by_id)
@pytest.mark.parametrize(("tenancy_id", "patient"), [(1, "LINKED"), (4, "ALONE"), (4, "EMPTY")], ids=str)
def test_it_answers_in_its_declared_shape(
    record: Sandpit, operation: Operation, tenancy_id: int, patient: str
) -> None:
    detail_id = record.detail_id(tenancy_id, patient)
    answer = record.get(path_for(operation, detail_id))

    if isinstance(operation, ListOperation):
        rows = rows_of(record, operation, detail_id)
        assert bool(rows) == (patient != "EMPTY")
        for row in rows:
            check_shape(operation, row)
    elif isinstance(operation, ComposedOperation):
        body = answer.json()
        own = [field.name for field in operation.item.fields]
        assert list(body) == own + [section.name for section in operation.sections]
        check_shape(operation, {name: body[name] for name in own})
        for section in operation.sections:
            if body[section.name] is None:
                assert section.null_when_empty
                continue
            assert list(body[section.name]) == [section.array, "TotalItemCount"]
            for row in body[section.name][section.array]:
                check_shape(section.of, row, section.leave_out)
    elif patient != "EMPTY" or operation is CURRENT_INPATIENT_STATUS:
        assert answer.status_code == 200
        check_shape(operation, answer.json())
    else:
        names_its_row = "{documentId}" in operation.path
        assert (answer.status_code, answer.content == b"") == ((404, False) if names_its_row else (204, True))


@pytest.mark.parametrize("operation", READS, ids=by_id)
def test_every_linked_id_gives_the_same_answer(record: Sandpit, operation: Operation) -> None:
    answers = [record.get(path_for(operation, record.detail_id(t, "LINKED"))).json() for t in (1, 2, 3)]
    for answer in answers:
        answer.pop("AsAtDate", None)

    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_a_linked_person_has_the_rows_of_every_source(record: Sandpit, operation: ListOperation) -> None:
    alone = rows_of(record, operation, record.detail_id(4, "ALONE"))
    linked = rows_of(record, operation, record.detail_id(1, "LINKED"))

    expected = [named_source(row, f"Source {t}") for row in alone for t in (1, 2, 3)]
    assert sorted(map(str, linked)) == sorted(map(str, expected))


@pytest.mark.parametrize("operation", SUBMITTED, ids=by_id)
def test_a_sample_comes_back_field_for_field(record: Sandpit, operation: Operation) -> None:
    detail_id = record.detail_id(4, f"SAMPLE-{operation.target}")
    sample = named_source(sample_of(operation).item, "Source 4")

    if isinstance(operation, ListOperation):
        assert rows_of(record, operation, detail_id) == [sample]
    elif isinstance(operation, ComposedOperation):
        assert read_all(record, operation, detail_id)["Summary"] == sample["Summary"]
    else:
        assert read_all(record, operation, detail_id) == sample


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_a_page_past_the_end_is_empty_and_tells_the_true_total(
    record: Sandpit, operation: ListOperation
) -> None:
    path = path_for(operation, record.detail_id(1, "LINKED"))
    total = record.get(path).json()["TotalItemCount"]

    answer = record.get(f"{path}?PageNumber=1000&PageSize=200")

    assert answer.status_code == 200
    assert answer.json() == {operation.collection: [], "TotalItemCount": total}
    assert total >= 3


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_pages_put_together_are_the_whole(record: Sandpit, operation: ListOperation) -> None:
    path = path_for(operation, record.detail_id(1, "LINKED"))
    whole = rows_of(record, operation, record.detail_id(1, "LINKED"))

    pages = [
        record.get(f"{path}?PageNumber={number}&PageSize=2").json()[operation.collection]
        for number in range(1, len(whole) // 2 + 3)
    ]

    assert [row for page in pages for row in page] == whole


@pytest.mark.parametrize("operation", READS, ids=by_id)
def test_an_unknown_parameter_is_refused_by_name(record: Sandpit, operation: Operation) -> None:
    answer = record.get(path_for(operation, record.detail_id(4, "ALONE")) + "?Colour=red")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["Colour"]


@pytest.mark.parametrize("operation", READS, ids=by_id)
def test_a_record_that_nobody_sent_is_not_found(record: Sandpit, operation: Operation) -> None:
    assert record.get(path_for(operation, 999_999)).status_code == 404


def value_at(item: Any, leaf: Leaf) -> Any:
    for name in leaf.name.split("."):
        item = item[name]
    return item


def is_number(leaf: Leaf) -> bool:
    return leaf.field.kind is Kind.INTEGER or leaf.field.holds is Holds.DECIMAL


def comparable(leaf: Leaf, value: Any) -> Any:
    """What an answer's value is ordered by."""
    if is_number(leaf):
        return float(value)
    if is_time(leaf):
        return value if len(value) > 10 else f"{value}T00:00:00"
    return value if isinstance(value, bool) else value.lower()


def varied(record: Sandpit, operation: ListOperation) -> int:
    """One who has the variants of this list's rows; one who has every kind, where it takes none itself."""
    patient = f"VARIED-{operation.target}" if operation.submitted else "ALONE"
    return record.detail_id(4, patient)


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_every_sort_orders_the_rows(record: Sandpit, operation: ListOperation) -> None:
    detail_id = varied(record, operation)
    for leaf in operation.leaves:
        if not leaf.field.sortable:
            continue
        for word in ("asc", "desc"):
            rows = rows_of(record, operation, detail_id, {f"Sort{leaf.parameter}": word})
            values = [value_at(row, leaf) for row in rows]
            told = [comparable(leaf, value) for value in values if value is not None]
            assert values[len(told) :] == [None] * (len(values) - len(told)), leaf.parameter
            assert told == sorted(told, reverse=word == "desc"), leaf.parameter


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_every_filter_keeps_exactly_the_rows_that_match(record: Sandpit, operation: ListOperation) -> None:
    detail_id = varied(record, operation)
    whole = rows_of(record, operation, detail_id)
    for leaf in operation.leaves:
        if not leaf.field.filterable:
            continue
        name = f"Filter{leaf.parameter}"
        values = [value_at(row, leaf) for row in whole]
        for value in {value for value in values if value not in (None, "")}:
            wanted = [row for row, other in zip(whole, values, strict=True) if matches(leaf, other, value)]
            assert rows_of(record, operation, detail_id, {name: value}) == wanted, name
            if is_time(leaf):
                later = [
                    row
                    for row, other in zip(whole, values, strict=True)
                    if other is not None and other >= value
                ]
                sooner = [
                    row
                    for row, other in zip(whole, values, strict=True)
                    if other is not None and other <= value
                ]
                assert rows_of(record, operation, detail_id, {f"{name}From": value}) == later, name
                assert rows_of(record, operation, detail_id, {f"{name}To": value}) == sooner, name
        nothing = "1066-10-14" if is_time(leaf) else "-71" if is_number(leaf) else "no such words"
        if leaf.field.kind is not Kind.BOOLEAN:
            assert rows_of(record, operation, detail_id, {name: nothing}) == [], name


def matches(leaf: Leaf, other: Any, value: Any) -> bool:
    if other is None:
        return False
    if is_time(leaf) or is_number(leaf):
        return bool(comparable(leaf, other) == comparable(leaf, value))
    return comparable(leaf, value) in comparable(leaf, other)


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_no_parameter_is_left_untried(operation: ListOperation) -> None:
    tried = {"PageNumber", "PageSize"}
    for leaf in operation.leaves:
        if leaf.field.sortable:
            tried.add(f"Sort{leaf.parameter}")
        if leaf.field.filterable:
            tried |= {
                f"Filter{leaf.parameter}{end}" for end in (["", "From", "To"] if is_time(leaf) else [""])
            }

    assert set(parameter_names(operation)) == tried


@pytest.mark.parametrize("operation", [one for one in READS if one is not SHARING_STATUS], ids=by_id)
def test_a_caller_of_other_sources_finds_no_such_record(record: Sandpit, operation: Operation) -> None:
    headers = caller_of(record, "of-source-4", tenancies=[4])

    answer = record.get(path_for(operation, record.detail_id(1, "LINKED")), headers=headers)

    assert answer.status_code == 404


@pytest.mark.parametrize("operation", LISTS, ids=by_id)
def test_a_caller_of_one_source_sees_its_rows_alone(record: Sandpit, operation: ListOperation) -> None:
    headers = caller_of(record, "of-source-2", tenancies=[2])

    answer = record.get(path_for(operation, record.detail_id(2, "LINKED")), headers=headers).json()

    alone = rows_of(record, operation, record.detail_id(4, "ALONE"))
    assert answer[operation.collection] == [named_source(row, "Source 2") for row in alone]


_callers: dict[tuple[int, str], dict[str, str]] = {}


def caller_of(record: Sandpit, client_id: str, *, tenancies: list[int]) -> dict[str, str]:
    """The headers of a client that may see only these sources."""
    key = (id(record), client_id)
    if key not in _callers:
        secret = record.add_client(client_id, tenancies=tenancies)
        _callers[key] = record.headers_of(client_id, secret, record.subscribe(client_id).primary_key)
    return _callers[key]
