"""Required bindings: codes that R4 lists whole, in codes, Codings and CodeableConcepts."""

from collections.abc import Sequence
from typing import Any

from carecord.fhir_api.definitions import value_set
from carecord.fhir_api.kept import Json
from carecord.fhir_api.validating.places import Examination, Place
from carecord.fhir_api.validating.primitives import Rule

_FEW = 12


def codes_rule(url: str, rule: Rule) -> Rule:
    """The rule of a `code` element: it must be of the value set, where R4 lists that."""
    by_system = value_set(url)
    if by_system is None:
        return rule
    codes = frozenset().union(*by_system.values())
    said = _said(url, codes)

    def of_the_set(value: Any) -> str | None:
        if type(value) is str and value in codes:
            return None
        return rule(value) or said

    return of_the_set


def check_concept(value: Json, url: str, place: Place, exam: Examination) -> None:
    """Check a CodeableConcept whose structure is right already: one of its codings must be of the set."""
    _check_codings(value.get("coding", ()), url, place, exam)


def check_coding(value: Json, url: str, place: Place, exam: Examination) -> None:
    """Check a Coding whose structure is right already."""
    _check_codings((value,), url, place, exam)


def _check_codings(codings: Sequence[Json], url: str, place: Place, exam: Examination) -> None:
    by_system = value_set(url)
    if by_system is None:
        return
    if not any(one.get("code") in by_system.get(one.get("system", ""), ()) for one in codings):
        codes = frozenset().union(*by_system.values())
        exam.error(place, "code-invalid", f"{_said(url, codes)}, with its system")


def _said(url: str, codes: frozenset[str]) -> str:
    listed = f": {', '.join(sorted(codes))}" if len(codes) <= _FEW else ""
    return f"must be a code of {url}{listed}"
