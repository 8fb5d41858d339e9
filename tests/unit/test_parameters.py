"""Parameters of a list: what is asked is read to the letter; what breaks a rule is named, never ignored."""

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecord.bundles_api.parameters import (
    PARAMETERS_LIMIT,
    VALUE_LIMIT,
    check_no_parameters,
    parameter_names,
    read_list_request,
)
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS as LIST
from carecord.clinical_store.statements import Test as Compared
from carecord.kernel.errors import BadRequest


def refused(query: str) -> list[str]:
    with pytest.raises(BadRequest) as refusal:
        read_list_request(LIST, query.encode())
    return [error.field for error in refusal.value.errors]


def test_without_parameters_it_is_the_first_page_in_the_declared_order() -> None:
    request = read_list_request(LIST, b"")
    assert (request.page_number, request.page_size, request.offset) == (1, 25, 0)
    assert (request.selection.conditions, request.selection.order, request.values) == ((), (), ())


def test_a_page_is_named_by_number_and_size() -> None:
    request = read_list_request(LIST, b"PageNumber=3&PageSize=200")
    assert (request.page_size, request.offset) == (200, 400)


def test_filters_and_sorts_are_kept_in_the_order_they_were_given() -> None:
    request = read_list_request(
        LIST,
        b"SortRubric=desc&FilterRubric=asp&SortDate=asc&FilterDateFrom=2024-01-01&FilterDateTo=2024-02-01",
    )
    order = [(leaf.name, descending) for leaf, descending in request.selection.order]
    assert order == [("Rubric", True), ("Date", False)]
    tests = [(condition.leaf.name, condition.test) for condition in request.selection.conditions]
    assert tests == [("Rubric", Compared.CONTAINS), ("Date", Compared.FROM), ("Date", Compared.TO_END_OF_DAY)]
    assert request.values == ("asp", "2024-01-01", "2024-02-01")


def test_names_pay_no_heed_to_case() -> None:
    assert read_list_request(LIST, b"pagesize=7").page_size == 7


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("Rubric=x", ["Rubric"]),
        ("FilterReadCode=x", ["FilterReadCode"]),
        ("FilterRubicr=x", ["FilterRubicr"]),
        ("PageSize=0", ["PageSize"]),
        ("PageSize=201", ["PageSize"]),
        ("PageSize=1_0", ["PageSize"]),
        ("PageSize=%D9%A1", ["PageSize"]),
        ("PageNumber=1000001", ["PageNumber"]),
        ("PageNumber=", ["PageNumber"]),
        ("SortDate=", ["SortDate"]),
        ("FilterDate=2024-02-30", ["FilterDate"]),
        ("FilterDateFrom=2024-01-01T00:00:00Z", ["FilterDateFrom"]),
        ("FilterQuantity=1e400000000", ["FilterQuantity"]),
        ("FilterRubric=%00", ["FilterRubric"]),
        ("FilterRubric=" + "x" * (VALUE_LIMIT + 1), ["FilterRubric"]),
        ("FilterRubric=a&filterrubric=b", ["FilterRubric"]),
        ("PageSize=0&Nonsense=1", ["PageSize", "Nonsense"]),
    ],
)
def test_what_breaks_a_rule_is_named_and_never_ignored(query: str, fields: list[str]) -> None:
    assert refused(query) == fields


def test_more_parameters_than_anyone_needs_are_refused_unread() -> None:
    assert refused("&".join(f"P{n}=1" for n in range(PARAMETERS_LIMIT + 1))) == []


def test_an_operation_without_parameters_takes_none() -> None:
    check_no_parameters(b"")
    with pytest.raises(BadRequest):
        check_no_parameters(b"PageSize=1")


@given(st.text() | st.sampled_from(parameter_names(LIST)), st.text(), st.booleans())
def test_no_query_is_more_than_refused(name: str, value: str, encoded: bool) -> None:
    query = f"{quote(name)}={quote(value)}" if encoded else f"{name}={value}"
    with contextlib.suppress(BadRequest):
        read_list_request(LIST, query.encode())
