"""How two identities are compared: for each trait, how well they agree, in Python and in Splink's SQL.

The two say the same; a test compares them on the same pairs. A level's place in its comparison is its name in
stored explanations: append, never reorder, without a new model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from carecord.patient_index.normalise import Identity
from carecord.patient_index.short_forms import forms, is_known
from carecord.patient_index.sounds import SHORTEST_SOUND, sound, sounds_alike

NOTHING = -1
"""The level of a comparison that one of the two says nothing of: it adds nothing."""

_slips = DamerauLevenshtein.distance
_likeness = JaroWinkler.similarity

ALIKE = 0.92
SOMEWHAT_ALIKE = 0.85
SHORTEST_TO_SLIP = 4
"""In a shorter word one letter is too much of it."""
SHORTEST_PART = 4
SHORTEST_START = 3
NEW_YEAR = "0101"


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement: what a steward reads, and the condition that Splink tests."""

    label: str
    sql: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One trait: its levels, best first, the last for everything else; and which of them a pair is at."""

    name: str
    nothing_sql: str
    levels: tuple[Level, ...]
    judge: Callable[[Identity, Identity], int]
    term: str | None = None
    """The column whose frequency weighs full agreement: a rare name says more than a common one."""


WORD_BITS = 60
WORDS = 3
"""So many numbers of so many bits hold the letter triplets of an address."""
LINE_ALIKE = 50
PLACES_ALIKE = 60
PLACES_PARTLY_ALIKE = 30
"""Per cent: the letter triplets that two addresses share, of all that they have."""


@lru_cache(maxsize=65_536)
def triplets(text: str) -> int:
    """The triplets of letters of each word, whatever the order of the words, as bits of a number."""
    bits = 0
    for word in text.split():
        padded = f"  {word} "
        for place in range(len(padded) - 2):
            bits |= 1 << crc32(padded[place : place + 3].encode()) % (WORDS * WORD_BITS)
    return bits


@lru_cache(maxsize=65_536)
def place_triplets(lines: tuple[str, ...]) -> int:
    return triplets(" ".join(lines))


def in_words(bits: int) -> tuple[int, ...]:
    """As numbers that a database column holds."""
    return tuple(bits >> WORD_BITS * word & ((1 << WORD_BITS) - 1) for word in range(WORDS))


@lru_cache(maxsize=65_536)
def house_number(line: str) -> str | None:
    return next((word for word in line.split() if word[0].isdigit()), None)


def nhs_number_level(a: Identity, b: Identity) -> int:
    if a.nhs_number is None or b.nhs_number is None:
        return NOTHING
    return 0 if a.nhs_number == b.nhs_number else 1


def birth_level(a: Identity, b: Identity) -> int:
    x, y = a.birth, b.birth
    if x is None or y is None:
        return NOTHING
    if x == y:
        return 1 if x[4:] == NEW_YEAR else 0
    same_year = x[:4] == y[:4]
    if same_year and x[4:6] == y[6:] and x[6:] == y[4:6]:
        return 2
    if same_year and (x[4:] == NEW_YEAR or y[4:] == NEW_YEAR):
        return 4
    if _slips(x, y, score_cutoff=1) <= 1:
        return 3
    if (same_year + (x[4:6] == y[4:6]) + (x[6:] == y[6:])) == 2:
        return 5
    return 6


def forename_level(a: Identity, b: Identity) -> int:
    x, y = a.forename, b.forename
    if x is None or y is None:
        return NOTHING
    if x == y:
        return 0
    if x == b.surname or y == a.surname:
        return 1
    if not forms(x).isdisjoint(forms(y)):
        return 2
    alike = _alike(x, y)
    # Ellie and Elsie are two names, and twins may have them; Mohamed and Mohammed are one.
    if alike and (sound(x) == sound(y) or not (is_known(x) and is_known(y))):
        return 3
    if (len(x) == 1 or len(y) == 1) and x[0] == y[0]:
        return 4
    if x == b.middle or y == a.middle:
        return 5
    return 6 if alike or _starts(x, y) or _somewhat_alike(x, y) else 7


def middle_level(a: Identity, b: Identity) -> int:
    x, y = a.middle, b.middle
    if x is None or y is None:
        return NOTHING
    if x == y:
        return 0
    if (len(x) == 1 or len(y) == 1) and x[0] == y[0]:
        return 1
    return 1 if _alike(x, y) else 2


def surname_level(a: Identity, b: Identity) -> int:
    x, y = a.surname, b.surname
    if x is None or y is None:
        return NOTHING
    if x == y:
        return 0
    if x == b.forename or y == a.forename:
        return 1
    if _alike(x, y):
        return 2
    if _share_part(x, a.surname_parts, y, b.surname_parts) or x == b.middle or y == a.middle:
        return 3
    return 4 if _somewhat_alike(x, y) else 5


def sex_level(a: Identity, b: Identity) -> int:
    if a.sex is None or b.sex is None:
        return NOTHING
    return 0 if a.sex == b.sex else 1


def home_level(a: Identity, b: Identity) -> int:
    x, y = a.postcode, b.postcode
    lines = _line_level(a.address, b.address)
    if x is None or y is None:
        if lines == _NO_LINE:
            return NOTHING
        return _LEVEL_OF_LINE[lines]
    if x == y:
        return lines if lines < _STREET else 2
    if lines < _STREET:
        return 3 + lines
    if _slips(x, y, score_cutoff=1) <= 1:
        return 5
    if x[:-3] == y[:-3]:
        return 7 if lines != _STREET else 6
    return _LEVEL_OF_LINE[lines]


_STREET, _OTHER_LINE, _NO_LINE = 2, 3, 4
_LEVEL_OF_LINE = (3, 4, 6, 8, 8)


def _line_level(x: str | None, y: str | None) -> int:
    if x is None or y is None:
        return _NO_LINE
    if x == y:
        return 0
    if not _share(triplets(x), triplets(y), LINE_ALIKE):
        return _OTHER_LINE
    number, other = house_number(x), house_number(y)
    return 1 if number is None or other is None or number == other else _STREET


def places_level(a: Identity, b: Identity) -> int:
    x, y = a.places, b.places
    if not x or not y:
        return NOTHING
    if x == y:
        return 0
    ours, theirs = place_triplets(x), place_triplets(y)
    if _share(ours, theirs, PLACES_ALIKE):
        return 1
    return 2 if _share(ours, theirs, PLACES_PARTLY_ALIKE) else 3


def _share(x: int, y: int, least: int) -> bool:
    return 100 * (x & y).bit_count() >= least * (x | y).bit_count()


def phone_level(a: Identity, b: Identity) -> int:
    if not a.phones or not b.phones:
        return NOTHING
    return 1 if set(a.phones).isdisjoint(b.phones) else 0


def _alike(x: str, y: str) -> bool:
    if _likeness(x, y, score_cutoff=ALIKE) >= ALIKE:
        return True
    return min(len(x), len(y)) >= SHORTEST_TO_SLIP and _slips(x, y, score_cutoff=1) <= 1


def _somewhat_alike(x: str, y: str) -> bool:
    return _likeness(x, y, score_cutoff=SOMEWHAT_ALIKE) >= SOMEWHAT_ALIKE or sounds_alike(x, y)


def _starts(x: str, y: str) -> bool:
    return min(len(x), len(y)) >= SHORTEST_START and (x.startswith(y) or y.startswith(x))


def _share_part(x: str, x_parts: tuple[str, ...], y: str, y_parts: tuple[str, ...]) -> bool:
    if y in x_parts or x in y_parts or not set(x_parts).isdisjoint(y_parts):
        return True
    if min(len(x), len(y)) < SHORTEST_PART:
        return False
    return x.startswith(y) or y.startswith(x) or x.endswith(y) or y.endswith(x)


def _no(*columns: str) -> str:
    return " OR ".join(f'"{column}_l" IS NULL OR "{column}_r" IS NULL' for column in columns)


def _alike_sql(column: str) -> str:
    x, y = f'"{column}_l"', f'"{column}_r"'
    return (
        f"(jaro_winkler_similarity({x}, {y}) >= {ALIKE} OR (least(length({x}), length({y})) >= "
        f"{SHORTEST_TO_SLIP} AND damerau_levenshtein({x}, {y}) <= 1))"
    )


def _somewhat_alike_sql(column: str) -> str:
    return (
        f'(jaro_winkler_similarity("{column}_l", "{column}_r") >= {SOMEWHAT_ALIKE} OR '
        f'(length("{column}_sound_l") >= {SHORTEST_SOUND} AND "{column}_sound_l" = "{column}_sound_r"))'
    )


def _initial_sql(column: str) -> str:
    x, y = f'"{column}_l"', f'"{column}_r"'
    return f"(least(length({x}), length({y})) = 1 AND {x}[1] = {y}[1])"


def _either_starts_sql(column: str, shortest: int, *, ends: bool = False) -> str:
    x, y = f'"{column}_l"', f'"{column}_r"'
    tests = [f"starts_with({x}, {y})", f"starts_with({y}, {x})"]
    if ends:
        tests += [f"ends_with({x}, {y})", f"ends_with({y}, {x})"]
    return f"(least(length({x}), length({y})) >= {shortest} AND ({' OR '.join(tests)}))"


def _share_sql(column: str, least: int) -> str:
    both, either = (
        " + ".join(
            f'CAST(bit_count("{column}_{word}_l" {sign} "{column}_{word}_r") AS INT)' for word in range(WORDS)
        )
        for sign in ("&", "|")
    )
    return f"coalesce(100 * ({both}) >= {least} * ({either}), false)"


_ALIKE_LINE = _share_sql("address", LINE_ALIKE)
_SAME_NUMBER = 'coalesce("address_number_l" = "address_number_r", true)'
_SWAPPED_NAMES = '"forename_l" = "surname_r" OR "surname_l" = "forename_r"'
_SAME_YEAR = '"birth_l"[1:4] = "birth_r"[1:4]'
_SAME_LINE = 'coalesce("address_l" = "address_r", false)'
_EQUAL_POSTCODE = 'coalesce("postcode_l" = "postcode_r", false)'

COMPARISONS = (
    Comparison(
        "nhs_number",
        _no("nhs_number"),
        (Level("NHS number agrees", '"nhs_number_l" = "nhs_number_r"'), Level("NHS numbers differ", "ELSE")),
        nhs_number_level,
    ),
    Comparison(
        "birth",
        _no("birth"),
        (
            Level("date of birth agrees", f'"birth_l" = "birth_r" AND "birth_l"[5:8] <> \'{NEW_YEAR}\''),
            Level("date of birth agrees, 1 January", '"birth_l" = "birth_r"'),
            Level(
                "day and month of birth swapped",
                f'{_SAME_YEAR} AND "birth_l"[5:6] = "birth_r"[7:8] AND "birth_l"[7:8] = "birth_r"[5:6]',
            ),
            Level(
                "date of birth one slip apart",
                f'NOT ({_SAME_YEAR} AND (\'{NEW_YEAR}\' IN ("birth_l"[5:8], "birth_r"[5:8]))) '
                'AND damerau_levenshtein("birth_l", "birth_r") <= 1',
            ),
            Level(
                "year of birth agrees, one is 1 January",
                f'{_SAME_YEAR} AND \'{NEW_YEAR}\' IN ("birth_l"[5:8], "birth_r"[5:8])',
            ),
            Level(
                "two parts of the date of birth agree",
                f'({_SAME_YEAR})::int + ("birth_l"[5:6] = "birth_r"[5:6])::int '
                '+ ("birth_l"[7:8] = "birth_r"[7:8])::int = 2',
            ),
            Level("dates of birth differ", "ELSE"),
        ),
        birth_level,
    ),
    Comparison(
        "forename",
        _no("forename"),
        (
            Level("forename agrees", '"forename_l" = "forename_r"'),
            Level("forename and surname swapped", _SWAPPED_NAMES),
            Level("forename a short form", 'list_has_any("forename_forms_l", "forename_forms_r")'),
            Level(
                "forename spelt alike",
                f'{_alike_sql("forename")} AND ("forename_sound_l" = "forename_sound_r" '
                'OR NOT ("forename_known_l" AND "forename_known_r"))',
            ),
            Level("forename's initial agrees", _initial_sql("forename")),
            Level("middle name used as forename", '"forename_l" = "middle_r" OR "middle_l" = "forename_r"'),
            Level(
                "forename somewhat alike",
                f"{_alike_sql('forename')} OR {_either_starts_sql('forename', SHORTEST_START)} "
                f"OR {_somewhat_alike_sql('forename')}",
            ),
            Level("forenames differ", "ELSE"),
        ),
        forename_level,
        term="forename",
    ),
    Comparison(
        "middle",
        _no("middle"),
        (
            Level("middle name agrees", '"middle_l" = "middle_r"'),
            Level(
                "middle name's initial or spelling agrees",
                f"{_initial_sql('middle')} OR {_alike_sql('middle')}",
            ),
            Level("middle names differ", "ELSE"),
        ),
        middle_level,
        term="middle",
    ),
    Comparison(
        "surname",
        _no("surname"),
        (
            Level("surname agrees", '"surname_l" = "surname_r"'),
            Level("surname and forename swapped", _SWAPPED_NAMES),
            Level("surname spelt alike", _alike_sql("surname")),
            Level(
                "part of surname, a former or a middle one, agrees",
                'list_contains("surname_parts_l", "surname_r") OR list_contains("surname_parts_r", '
                '"surname_l") '
                'OR list_has_any("surname_parts_l", "surname_parts_r") '
                f"OR {_either_starts_sql('surname', SHORTEST_PART, ends=True)} "
                'OR "surname_l" = "middle_r" OR "middle_l" = "surname_r"',
            ),
            Level(
                "surname somewhat alike",
                _somewhat_alike_sql("surname"),
            ),
            Level("surnames differ", "ELSE"),
        ),
        surname_level,
        term="surname",
    ),
    Comparison(
        "sex",
        _no("sex"),
        (Level("sex agrees", '"sex_l" = "sex_r"'), Level("sexes differ", "ELSE")),
        sex_level,
    ),
    Comparison(
        "home",
        f"({_no('postcode')}) AND ({_no('address')})",
        (
            Level("postcode and address agree", f"{_EQUAL_POSTCODE} AND {_SAME_LINE}"),
            Level(
                "postcode agrees, address alike", f"{_EQUAL_POSTCODE} AND {_ALIKE_LINE} AND {_SAME_NUMBER}"
            ),
            Level("postcode agrees", _EQUAL_POSTCODE),
            Level("address agrees, postcode does not", _SAME_LINE),
            Level("address alike, postcode does not agree", f"{_ALIKE_LINE} AND {_SAME_NUMBER}"),
            Level("postcode one slip apart", 'damerau_levenshtein("postcode_l", "postcode_r") <= 1'),
            Level("street alike", _ALIKE_LINE),
            Level("postcode district agrees", '"postcode_l"[:-4] = "postcode_r"[:-4]'),
            Level("homes differ", "ELSE"),
        ),
        home_level,
    ),
    Comparison(
        "places",
        'len("places_l") = 0 OR len("places_r") = 0',
        (
            Level("locality and town agree", '"places_l" = "places_r"'),
            Level("locality and town alike", _share_sql("places", PLACES_ALIKE)),
            Level("locality and town partly alike", _share_sql("places", PLACES_PARTLY_ALIKE)),
            Level("locality and town differ", "ELSE"),
        ),
        places_level,
    ),
    Comparison(
        "phone",
        'len("phones_l") = 0 OR len("phones_r") = 0',
        (
            Level("a telephone number agrees", 'list_has_any("phones_l", "phones_r")'),
            Level("telephone numbers differ", "ELSE"),
        ),
        phone_level,
    ),
)

_JUDGES = tuple(comparison.judge for comparison in COMPARISONS)

Levels = tuple[int, ...]
"""For each of COMPARISONS, the level of a pair, or NOTHING."""


def compare(a: Identity, b: Identity) -> Levels:
    return tuple([judge(a, b) for judge in _JUDGES])
