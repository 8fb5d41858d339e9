"""Rules that stand above the weights: what must never be linked by arithmetic alone.

Weights take traits to be independent, and in a family they are not. A guard sends a pair to a steward,
however high its weight, or keeps it apart. Each has a test in tests/spec/linking that shows what it is for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from carecord.patient_index.comparing import COMPARISONS, NOTHING
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Score

Effect = Literal["review", "apart"]

_PLACE = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
_NUMBER, _BIRTH, _FORENAME = _PLACE["nhs_number"], _PLACE["birth"], _PLACE["forename"]
_MIDDLE, _SURNAME, _SEX = _PLACE["middle"], _PLACE["surname"], _PLACE["sex"]
_HOME, _PHONE = _PLACE["home"], _PLACE["phone"]

NUMBER_AGREES = 0
BIRTH_AGREES = frozenset({0, 1})
BIRTH_BUT_FOR_ORDER = frozenset({0, 1, 2})
BIRTH_NEARLY = frozenset({0, 1, 2, 3, 4})
BIRTHS_DIFFER = 6
FORENAMES_DIFFER = 7
FORENAME_AGREES = frozenset({0, 2})
FORENAME_FITS = frozenset({0, 1, 2, 3, 4})
SPELT_ALIKE = 3
MIDDLE_AS_FORENAME = 5
SOMEWHAT_ALIKE = 6
FORENAME_OTHER = frozenset({5, 6, 7})
MIDDLES_DIFFER = 2
MIDDLE_FITS = frozenset({0, 1})
PART_OF_SURNAME = 3
SEXES_DIFFER = 1
HOME_AGREES = frozenset({0, 1, 2, 3, 4})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two identities and how they compare."""

    a: Identity
    b: Identity
    score: Score

    def at(self, place: int) -> int:
        return self.score.levels[place]

    @property
    def number_agrees(self) -> bool:
        return self.at(_NUMBER) == NUMBER_AGREES

    @property
    def numbers_differ(self) -> bool:
        return self.at(_NUMBER) > NUMBER_AGREES


@dataclass(frozen=True, slots=True)
class Guard:
    """A reviewed rule: its constant name, what a steward reads, whom it stops, and what becomes of them."""

    name: str
    words: str
    effect: Effect
    stops: Callable[[Pair], bool]
    divides: bool = False
    """Whether two whom it stops are not brought together by others between them either."""


def _two_verified_numbers(pair: Pair) -> bool:
    return pair.numbers_differ and pair.a.nhs_verified and pair.b.nhs_verified


def _numbers_differ(pair: Pair) -> bool:
    """Unless all else agrees: a superseded number, or one of another patient taken by mistake."""
    if not pair.numbers_differ:
        return False
    vouched = pair.at(_MIDDLE) in MIDDLE_FITS
    forename_fits = pair.at(_FORENAME) in (FORENAME_FITS if vouched else FORENAME_AGREES)
    named = forename_fits and pair.at(_BIRTH) in BIRTH_BUT_FOR_ORDER
    place = pair.at(_HOME) in HOME_AGREES or pair.at(_PHONE) == 0
    same_surname = pair.at(_SURNAME) in (0, 1, 2)
    return not (named and same_surname and (place or vouched))


def _other_forename(pair: Pair) -> bool:
    """Twins and brothers. A middle name used as forename, or a form that no list knows, may pass."""
    if pair.number_agrees:
        return False
    if pair.at(_FORENAME) == SPELT_ALIKE:
        # Daniel and Danielle.
        return pair.at(_SEX) == SEXES_DIFFER
    if pair.at(_FORENAME) not in FORENAME_OTHER:
        return False
    if pair.numbers_differ or pair.at(_BIRTH) not in BIRTH_AGREES or pair.at(_SEX) == SEXES_DIFFER:
        return True
    used = pair.at(_FORENAME) == MIDDLE_AS_FORENAME
    somewhat = pair.at(_FORENAME) == SOMEWHAT_ALIKE and pair.at(_MIDDLE) in MIDDLE_FITS
    return not (used or somewhat)


def _unnamed_newborn(pair: Pair) -> bool:
    """Baby Smith may be either twin."""
    return (
        not pair.number_agrees and (pair.a.newborn or pair.b.newborn) and pair.at(_MIDDLE) not in MIDDLE_FITS
    )


def _other_middle_name(pair: Pair) -> bool:
    """Twins called Mohammed Ali and Mohammed Hassan. Of two surnames one may stand as middle name."""
    if pair.number_agrees or pair.at(_SURNAME) == PART_OF_SURNAME:
        return False
    return pair.at(_MIDDLE) == MIDDLES_DIFFER and pair.at(_FORENAME) in FORENAME_FITS


def _too_little_said(pair: Pair) -> bool:
    """A brother or a twin without a forename, a father without a birth date."""
    return not pair.number_agrees and NOTHING in (pair.at(_FORENAME), pair.at(_BIRTH))


def _other_birthday(pair: Pair) -> bool:
    """Father and son of one name, at one address."""
    return not pair.number_agrees and pair.at(_BIRTH) > max(BIRTH_NEARLY)


def _one_number_two_people(pair: Pair) -> bool:
    """A number taken for another patient's: a twin's, a mother's. PDS too asks for part of the birth date."""
    if not pair.number_agrees:
        return False
    if pair.at(_BIRTH) == BIRTHS_DIFFER:
        return True
    if pair.a.newborn != pair.b.newborn and pair.at(_BIRTH) == NOTHING:
        return True
    if pair.at(_FORENAME) == FORENAMES_DIFFER and pair.at(_MIDDLE) == MIDDLES_DIFFER:
        return True
    other = pair.at(_FORENAME) in FORENAME_OTHER or pair.at(_FORENAME) == SPELT_ALIKE
    return other and pair.at(_SEX) == SEXES_DIFFER


def _one_number_two_names(pair: Pair) -> bool:
    """Twins, or one who goes by a middle name that only one of the records has: another record may tell.

    Numbers that are both verified were traced with these details.
    """
    if not pair.number_agrees or (pair.a.nhs_verified and pair.b.nhs_verified):
        return False
    return pair.at(_FORENAME) == FORENAMES_DIFFER and pair.at(_MIDDLE) == NOTHING


GUARDS = (
    Guard(
        "two_verified_numbers",
        "each has a verified NHS number, and they differ",
        "review",
        _two_verified_numbers,
        divides=True,
    ),
    Guard(
        "numbers_differ",
        "the NHS numbers differ, and not all else agrees",
        "review",
        _numbers_differ,
        divides=True,
    ),
    Guard("other_forename", "the forename is another, and no NHS number agrees", "review", _other_forename),
    Guard(
        "other_middle_name",
        "the middle name is another, and no NHS number agrees",
        "review",
        _other_middle_name,
        divides=True,
    ),
    Guard(
        "too_little_said",
        "no NHS number agrees, and one has no forename or no date of birth",
        "review",
        _too_little_said,
    ),
    Guard(
        "unnamed_newborn",
        "a newborn without a name, and no NHS number agrees",
        "review",
        _unnamed_newborn,
        divides=True,
    ),
    Guard(
        "other_birthday",
        "the birthday is another, and no NHS number agrees",
        "review",
        _other_birthday,
        divides=True,
    ),
    Guard(
        "one_number_two_people",
        "one NHS number, but not one person's details",
        "review",
        _one_number_two_people,
        divides=True,
    ),
    Guard(
        "one_number_two_names",
        "one NHS number, not verified in both, but two forenames and nothing to vouch for either",
        "review",
        _one_number_two_names,
    ),
)


_BY_NAME = {guard.name: guard for guard in GUARDS}


def guards_against(names: Sequence[str], a: Identity, b: Identity, score: Score) -> tuple[Guard, ...]:
    """Of the guards that a model names, those that stop this pair from being linked by its weight."""
    pair = Pair(a, b, score)
    return tuple(guard for name in names if (guard := _BY_NAME[name]).stops(pair))


def divided(names: Sequence[str], a: Identity, b: Identity, score: Score) -> bool:
    """Whether two records cannot be one person's even where others between them would bring them together.

    A record without a forename agrees with either twin, one without a birth date with father and son.
    """
    pair = Pair(a, b, score)
    if "other_forename" in names and pair.at(_MIDDLE) not in MIDDLE_FITS and _other_forename(pair):
        return True
    return any(guard.divides and guard.stops(pair) for guard in map(_BY_NAME.__getitem__, names))


def certain(score: Score) -> bool:
    """The rule before weights: NHS number and birth date agree, and the forename does not speak against it.

    So a patient who has moved and married since is still found.
    """
    levels = score.levels
    return (
        levels[_NUMBER] == NUMBER_AGREES
        and levels[_BIRTH] in BIRTH_AGREES
        and levels[_FORENAME] not in FORENAME_OTHER
    )
