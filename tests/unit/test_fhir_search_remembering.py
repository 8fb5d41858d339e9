"""Statements of searches are remembered up to a size, whatever the length of each."""

from carecord.db.direct import Question
from carecord.fhir_api.searching.remembering import Remembering


def remembering(*, most_bytes: int) -> tuple[Remembering[[int], Question], list[int]]:
    made: list[int] = []

    def make(length: int) -> Question:
        made.append(length)
        return Question(b"x" * length, stays=False)

    return Remembering(make, lambda question: question, most_bytes=most_bytes), made


def test_what_was_asked_for_last_is_made_once() -> None:
    statement, made = remembering(most_bytes=1000)

    assert statement(10) is statement(10)
    assert made == [10]


def test_the_bytes_of_all_that_is_remembered_are_bounded() -> None:
    statement, made = remembering(most_bytes=1000)

    for length in range(90, 120):
        statement(length)
        assert statement.size <= 1000

    statement(119)
    statement(90)
    assert made == [*range(90, 120), 90]


def test_one_that_is_too_large_drives_no_others_out() -> None:
    statement, made = remembering(most_bytes=1000)
    statement(10)

    statement(10_000)
    statement(10)

    assert (made, statement.size) == ([10, 10_000], 10)
