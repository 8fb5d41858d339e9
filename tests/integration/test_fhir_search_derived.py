"""Parameters for which nothing is kept: those that answer together find what R4 says that they find."""

from collections.abc import Iterator
from typing import Any

import pytest

from carecord.db.embedded import Held
from carecord.fhir_api.kept import Json
from tests.support.fhir_shelf import Shelf, open_shelf
from tests.support.postgres import new_database


def concept(code: str) -> Json:
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": f"Test {code}"}]}


def observation(id: str, **more: Any) -> Json:
    return {"resourceType": "Observation", "id": id, "status": "final", **more}


@pytest.fixture(scope="module")
def shelf(migrated_template: Held) -> Iterator[Shelf]:
    """Observations with a value of their own, with components alone, with both, and with a code alone."""
    low, high = {"valueQuantity": {"value": 2}}, {"valueQuantity": {"value": 9}}
    with new_database(migrated_template) as database, open_shelf(database) as shelf:
        shelf.add(observation("own", code=concept("a"), **low))
        shelf.add(observation("parts", code=concept("p"), component=[{"code": concept("a"), **high}]))
        shelf.add(
            observation("both", code=concept("b"), **high, component=[{"code": concept("a"), **low}]),
        )
        shelf.add(observation("bare", code=concept("c"), valueCodeableConcept=concept("v")))
        shelf.add(observation("dated", code=concept("a"), valueDateTime="2026-01-02"))
        yield shelf


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("combo-code=a", {"own", "parts", "both", "dated"}),
        ("combo-code=http://loinc.org|b", {"both"}),
        ("combo-code:not=a", {"bare"}),
        ("combo-code:text=test c", {"bare"}),
        ("combo-code:missing=true", set()),
        ("combo-value-quantity=9", {"parts", "both"}),
        ("combo-value-quantity=lt9", {"own", "both"}),
        ("combo-value-quantity:missing=true", {"bare", "dated"}),
        ("combo-value-quantity:missing=false", {"own", "parts", "both"}),
        ("combo-value-concept=v", {"bare"}),
        ("code-value-quantity=a$2", {"own"}),
        ("code-value-quantity=a$2,b$gt8", {"own", "both"}),
        ("code-value-quantity=b$2", set()),
        ("code-value-quantity:missing=false", {"own", "both"}),
        ("code-value-quantity:missing=true", {"parts", "bare", "dated"}),
        ("code-value-concept=c$v", {"bare"}),
        ("code-value-date=a$2026-01", {"dated"}),
        ("combo-code-value-quantity=a$2", {"own", "both"}),
        ("combo-code-value-quantity=a$9", {"parts"}),
        ("combo-code-value-quantity:missing=true", {"bare", "dated"}),
        ("combo-code-value-quantity:missing=false", {"own", "parts", "both"}),
    ],
)
def test_what_is_found(shelf: Shelf, asked: str, found: set[str]) -> None:
    assert set(shelf.ids(f"Observation?{asked}")) == found


def test_one_is_sorted_by_all_that_answer_for_it(shelf: Shelf) -> None:
    few = "combo-value-quantity:missing=false"
    assert shelf.ids(f"Observation?{few}&_sort=combo-value-quantity,_id") == ["both", "own", "parts"]
    assert shelf.ids(f"Observation?{few}&_sort=-combo-value-quantity,_id") == ["both", "parts", "own"]
