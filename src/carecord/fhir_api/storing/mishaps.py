"""What goes wrong as one resource is made costs that resource alone, and is told in the log."""

from collections.abc import Callable
from typing import TypeVar

from carecord.fhir_api import indexing
from carecord.fhir_api.kept import Json, SearchValues
from carecord.kernel.faults import log_fault

T = TypeVar("T")


def attempt(make: Callable[[], T], what: str) -> T | None:
    """What is made; None where that fails, for a reason that only a change of the program can mend.

    The log names it by `what`. One row that nobody foresaw must not keep all others from being shown.
    """
    try:
        return make()
    except Exception as error:  # noqa: BLE001  Whatever it is, it stands in the log, and the others go on.
        log_fault(error, f"fhir resource of {what}")
        return None


def search_values_of(resource: Json, what: str) -> SearchValues:
    """What a resource is found by; where that cannot be told, it is found by its id alone."""
    found = attempt(lambda: indexing.search_values(resource), what)
    return SearchValues((), {}) if found is None else found
