"""The router finds an operation by its path, and knows a path that takes another method."""

import pytest

from carecord.bundles_api.router import Router
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from carecord.kernel.errors import MethodNotAllowed

router = Router(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_every_operation_is_found_at_its_path_with_its_values(operation: Operation) -> None:
    words = [word for word in operation.path.split("/") if word.startswith("{")]
    path = operation.path
    for number, word in enumerate(words, start=1):
        path = path.replace(word, str(number))
    values = {word[1:-1]: str(number) for number, word in enumerate(words, start=1)}
    assert router.find(operation.method, path) == (operation, values)


@pytest.mark.parametrize(
    "path", ["/", "", "/gp", "/gp/patients/1", "/gp/patients//problems", "/gp/patients/1/problems/", "*"]
)
def test_a_path_of_no_operation_is_none(path: str) -> None:
    assert router.find("GET", path) is None


def test_another_method_names_those_that_the_path_takes() -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        router.find("DELETE", "/gp/patients/1/gp-medications/repeat")
    assert refusal.value.headers == {"Allow": "GET, HEAD"}
    with pytest.raises(MethodNotAllowed) as refusal:
        router.find("GET", "/demographics/patients/search")
    assert refusal.value.headers == {"Allow": "POST"}
