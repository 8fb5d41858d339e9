"""The mistakes of a feed, and the numbers and days that its records are made of."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import nhs

from carecord.kernel.errors import BadRequest
from carecord.population import write
from carecord.population.chance import seeded
from carecord.population.dates import age_on, between, later, years_after
from carecord.population.linkage import birth_date, nhs_number
from carecord.population.mistakes import mistyped, swapped
from carecord.population.names import nickname
from carecord.population.numbers import MOST_PEOPLE, nhs_numbers, scattered
from carecord.population.organisations import region

days = st.dates(date(1900, 1, 1), date(2026, 10, 31))


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12), st.integers())
def test_a_typing_error_is_one_slip(name: str, seed: int) -> None:
    wrong = mistyped(name, seeded(seed))
    assert abs(len(wrong) - len(name)) <= 1
    gone = sum((Counter(name) - Counter(wrong)).values())
    come = sum((Counter(wrong) - Counter(name)).values())
    assert gone + come <= 1


@given(days)
def test_swapping_day_and_month_twice_gives_the_day_back(day: date) -> None:
    assert swapped(swapped(day)) == day


@given(days, days, st.integers())
def test_a_day_between_two_lies_between_them(first: date, last: date, seed: int) -> None:
    found = between(first, last, seeded(seed))
    assert found == first if last <= first else first <= found <= last


@given(days, st.integers(0, 100))
def test_a_birthday_makes_one_year_older(born: date, years: int) -> None:
    birthday = years_after(born, years)
    leap_day = (born.month, born.day) == (2, 29) and birthday.day == 28
    assert age_on(birthday, born) == years - leap_day


def test_later_goes_over_midnight() -> None:
    assert later("2024-02-28T23:50:00", minutes=15) == "2024-02-29T00:05:00"


def test_numbers_scatter_without_meeting() -> None:
    assert len({scattered(number, by=3) for number in range(20_000)}) == 20_000


def test_nhs_numbers_are_valid_of_the_test_range_and_each_once() -> None:
    numbers = nhs_numbers(4, ["9990123454"])
    found = [next(numbers) for _ in range(5_000)]
    assert len(set(found)) == 5_000
    assert all(number.startswith("999") and nhs.is_valid(number) for number in found)


def test_there_are_numbers_for_as_many_people_as_may_be_asked_for() -> None:
    valid = sum(-nhs.checksum(f"999{body:06}0") % 11 < 10 for body in range(0, 1_000_000, 100))
    assert valid * 100 > MOST_PEOPLE


def test_more_people_than_there_are_numbers_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BadRequest):
        write(MOST_PEOPLE + 1, seed=1, out=tmp_path_factory.mktemp("out"))


def test_a_nickname_is_known_for_a_common_forename_and_none_for_others() -> None:
    assert nickname("William", seeded(1)) in {"Bill", "Will", "Billy"}
    assert nickname("Xanthippe", seeded(1)) is None


@pytest.mark.parametrize(("people", "practices"), [(0, 3), (24_000, 3), (24_001, 4), (100_000, 13)])
def test_there_is_a_practice_for_every_eight_thousand_people(people: int, practices: int) -> None:
    assert len(region(people).practices) == practices


def test_every_system_has_a_tenancy_and_a_file_of_its_own() -> None:
    systems = list(region(900_000).systems())
    assert len({system.tenancy_id for system in systems}) == len(systems)
    assert len({system.file_name for system in systems}) == len(systems)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (None, (None, "07")),
        ("", (None, "07")),
        ("999 012 3454", ("9990123454", "02")),
        ("9990123455", (None, "03")),
        ("99901234", (None, "03")),
    ],
)
def test_a_number_of_a_linkage_set_is_kept_when_its_check_digit_holds(
    text: str | None, kept: tuple[str | None, str]
) -> None:
    assert nhs_number(text) == kept


@pytest.mark.parametrize("text", [None, "", "1946-13-40", "17/05/1946", "unknown"])
def test_a_birth_date_that_is_no_day_is_left_out(text: str | None) -> None:
    assert birth_date(text) is None
