"""The reference of FHIR is held to the declarations: which types are made of which rows, and what is kept."""

import re
from collections.abc import Iterator
from pathlib import Path

from carecord.catalogue import OPERATIONS
from carecord.fhir_api.bundle_entries import MOST_ENTRIES
from carecord.fhir_api.definitions.served import FROM_THE_CATALOGUE, KEPT_AS_SENT
from carecord.fhir_api.incoming.places import NO_PLACES
from carecord.fhir_api.searching.finding import TOLD_AT_MOST
from carecord.fhir_api.searching.including import MOST_INCLUDED
from carecord.fhir_api.searching.parsing import DEFAULT_COUNT, MOST_PARAMETERS
from carecord.fhir_api.searching.showing import LARGEST_COUNT, MOST_SORT_KEYS
from carecord.fhir_api.storing.asking import PATIENCE_S
from carecord.fhir_api.validating.places import MOST_ISSUES
from carecord.kernel.settings import Settings
from tests.spec.test_fhir_examples import PLACES
from tests.support.fhir_filed import CASES

PAGE = (Path(__file__).parents[2] / "docs/reference/fhir.md").read_text("utf-8")

SHOWN_OTHERWISE = {"ServiceRequest": {"orders"}, "DocumentReference": {"content"}, "Patient": {"details"}}
"""Where a client's goes beside the lists that the cases tell of."""


def rows(width: int) -> Iterator[list[str]]:
    """The rows of the tables of so many columns that begin with a type."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == width and cells[0] in {*FROM_THE_CATALOGUE, *KEPT_AS_SENT}:
            yield cells


def collections(cell: str) -> dict[str, bool]:
    """The collections that a cell names, and whether each is marked as restricted."""
    return {name: bool(mark) for name, mark in re.findall(r"`([^`]+)`(\\\*)?", cell)}


def made_of(type_name: str) -> dict[str, bool]:
    return {
        operation.target: operation.restricted
        for operation in OPERATIONS
        if operation.submitted and any(one.type == type_name for one in operation.fhir)
    }


def test_it_tells_of_each_type_that_rows_become_where_it_comes_from_and_goes() -> None:
    told = {cells[0]: (collections(cells[1]), set(collections(cells[2]))) for cells in rows(5)}

    assert set(told) == set(FROM_THE_CATALOGUE)
    for type_name, (comes_from, goes_to) in told.items():
        assert comes_from == made_of(type_name), type_name
        of_cases = [case for case in CASES if case.resource["resourceType"] == type_name]
        tried = {one for case in of_cases for one in (case.target, case.target_then) if one}
        assert goes_to == tried | SHOWN_OTHERWISE.get(type_name, set()), type_name
        assert bool(goes_to) == (type_name not in NO_PLACES), type_name


def test_it_tells_of_each_type_that_is_kept_as_fhir_alone() -> None:
    told = {cells[0]: collections(cells[1]) for cells in rows(3)}

    assert told == {type_name: made_of(type_name) for type_name in KEPT_AS_SENT}


def test_it_counts_the_examples_as_the_tests_find_them() -> None:
    told = {cells[0]: cells[4] for cells in rows(5) if cells[4] != "–"} | {
        cells[0]: cells[2] for cells in rows(3) if cells[2] != "–"
    }
    found = {
        type_name: " / ".join(map(str, counts))
        if type_name in FROM_THE_CATALOGUE
        else f"{counts[1]} of {sum(counts)}"
        for type_name, counts in PLACES.items()
    }
    shown, alone, refused = (sum(counts[place] for counts in PLACES.values()) for place in range(3))

    assert told == found
    assert f"{shown} show in a bundle, {alone} are kept as FHIR alone, {refused} break" in PAGE


def test_its_limits_are_those_of_the_code() -> None:
    limit = Settings.model_fields["submission_limit_bytes"].default // 1024**2

    for words in (
        f"| {limit} MiB (`CARECORD_SUBMISSION_LIMIT_BYTES`)",
        f"steps of a patch; values of a parameter | {MOST_ENTRIES} |",
        f"| {MOST_PARAMETERS}; {MOST_SORT_KEYS} |",
        f"| {DEFAULT_COUNT} unless asked, {LARGEST_COUNT:,} at most;",
        f"| {MOST_INCLUDED:,} a page",
        f"| exact up to {TOLD_AT_MOST:,};",
        f"| {PATIENCE_S:.0f} seconds, then 503",
        f"OperationOutcome | {MOST_ISSUES} |",
    ):
        assert words in PAGE, words
