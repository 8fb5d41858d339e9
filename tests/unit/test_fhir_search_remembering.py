"""What is made for searches and scopes is remembered up to a size, whatever the length of each."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from carecord.fhir_api import admission
from carecord.fhir_api.operations import sight as operations_sight
from carecord.fhir_api.operations.everything import _statement as everything
from carecord.fhir_api.operations.patient_summary import _statement as summary
from carecord.fhir_api.operations.shown import _statement as shown
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.fhir_api.searching import sight, statements
from carecord.fhir_api.searching.parsing import parse
from carecord.fhir_api.searching.remembering import Remembering
from carecord.fhir_api.storing import statements as reading

A_KEY = len(repr((("",),)))
"""What the words around an argument take."""


def of_length(length: int) -> str:
    return "x" * length


def remembering(*, most_bytes: int) -> tuple[Remembering[[str], bytes], list[int]]:
    """Asked with a text, it makes as many bytes; the list tells of which lengths."""
    made: list[int] = []

    def make(text: str) -> bytes:
        made.append(len(text))
        return text.encode()

    return Remembering(make, len, most_bytes=most_bytes), made


def test_what_was_asked_for_last_is_made_once() -> None:
    remembered, made = remembering(most_bytes=1000)

    assert remembered(of_length(10)) is remembered(of_length(10))
    assert made == [10]
    assert remembered.size == 10 + 10 + A_KEY


def test_the_bytes_of_all_that_is_remembered_are_bounded() -> None:
    remembered, made = remembering(most_bytes=1000)

    for length in range(30, 50):
        remembered(of_length(length))
        assert remembered.size <= 1000

    remembered(of_length(49))
    remembered(of_length(30))
    assert made == [*range(30, 50), 30]


def test_one_that_is_too_large_drives_no_others_out() -> None:
    remembered, made = remembering(most_bytes=1000)
    remembered(of_length(10))

    remembered(of_length(10_000))
    remembered(of_length(10))

    assert made == [10, 10_000]
    assert remembered.size == 10 + 10 + A_KEY


# What tokens bring: scopes of any number and length

SHAPE = parse("Observation", (("status", "final"),), strict=True).shape


def rights(grants: tuple[Grant, ...]) -> Rights:
    return Rights.of_scopes(grants, bound=False)


def sight_text(grants: tuple[Grant, ...]) -> str:
    return operations_sight._text(grants, False, Deed.READ, ("Observation", "Condition"))[0]


REMEMBERED: dict[str, tuple[Remembering[..., Any], Callable[[tuple[Grant, ...]], object]]] = {
    "grants": (
        admission._grants,
        lambda grants: admission._grants(frozenset(map(str, grants)), frozenset({"system/*.cruds"})),
    ),
    "condition": (sight._condition, lambda grants: sight._condition(grants, "Observation", "r")),
    "page": (
        statements.page_statement,
        lambda grants: statements.page_statement(
            SHAPE, grants, statements.Counting.NOT, None, knows_all=True
        ),
    ),
    "count": (statements.count_statement, lambda grants: statements.count_statement(SHAPE, grants)),
    "ids": (statements.ids_statement, lambda grants: statements.ids_statement(SHAPE, grants)),
    "along": (statements.along_statement, lambda grants: statements.along_statement(grants, reverse=True)),
    "sight": (operations_sight._text, sight_text),
    "shown": (shown, lambda grants: shown(sight_text(grants), stays=False)),
    "everything": (everything, lambda grants: everything(sight_text(grants), stays=False)),
    "summary": (summary, lambda grants: summary(sight_text(grants), stays=False)),
    "read": (reading._statement, lambda grants: reading.read_statement(rights(grants), "Observation")),
    "history": (
        reading._statement,
        lambda grants: reading.history_statement("version", rights(grants), "Observation"),
    ),
    "absent": (reading._statement, lambda grants: reading.absent_statement(rights(grants), "Observation")),
}


@pytest.mark.parametrize("name", list(REMEMBERED))
def test_however_many_sets_of_scopes_tokens_bring_what_is_remembered_of_them_is_bounded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, ask = REMEMBERED[name]
    monkeypatch.setattr(function, "_kept", OrderedDict())
    monkeypatch.setattr(function, "_bytes", 0)
    ask(scopes(0))
    first = function.size
    monkeypatch.setattr(function, "_most_bytes", 10 * first)

    sizes = []
    for number in range(1, 30):
        ask(scopes(number))
        sizes.append(function.size)

    assert first > 300
    assert 5 * first < max(sizes) <= 10 * first
    assert len(function._kept) < 20


def scopes(number: int) -> tuple[Grant, ...]:
    """Scopes of another kind for each number: their statements differ, not only the values in these."""
    restriction = tuple(
        (f"{name}:not" if number & 1 << place else name, "c" * 100)
        for place, name in enumerate(("category", "code", "identifier", "method", "status"))
    )
    return (Grant(Context.SYSTEM, "*", frozenset(Deed), restriction),)


def test_what_restricted_scopes_bring_does_not_stay_prepared() -> None:
    restricted = (Grant(Context.SYSTEM, "*", frozenset(Deed), (("category", "laboratory"),)),)
    plain = (Grant(Context.SYSTEM, "*", frozenset(Deed)),)

    for grants, stays in ((restricted, False), (plain, True)):
        assert reading.read_statement(rights(grants), "Observation").question.stays is stays
        assert statements.along_statement(grants, reverse=False).question.stays is stays
        assert operations_sight.sight_of(rights(grants), Deed.READ, ("Observation",)).is_plain is stays
