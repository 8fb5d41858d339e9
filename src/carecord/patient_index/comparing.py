"""How two identities are compared: for each trait, how well they agree, in Python and in Splink's SQL.

The two say the same; a test compares them on the same pairs. A level's place in its comparison is its name in
stored explanations: append, never reorder, without a new model.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from carecord.patient_index.normalise import Identity
from carecord.patient_index.short_forms import forms

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
    if _alike(x, y):
        return 3
    if (len(x) == 1 or len(y) == 1) and x[0] == y[0]:
        return 4
    if x == b.middle or y == a.middle:
        return 5
    if _starts(x, y) or _likeness(x, y, score_cutoff=SOMEWHAT_ALIKE) >= SOMEWHAT_ALIKE:
        return 6
    return 7


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
    if _share_part(x, a.surname_parts, y, b.surname_parts):
        return 3
    if _likeness(x, y, score_cutoff=SOMEWHAT_ALIKE) >= SOMEWHAT_ALIKE:
        return 4
    return 5


def sex_level(a: Identity, b: Identity) -> int:
    if a.sex is None or b.sex is None:
        return NOTHING
    return 0 if a.sex == b.sex else 1


def home_level(a: Identity, b: Identity) -> int:
    same_line = a.address is not None and a.address == b.address
    x, y = a.postcode, b.postcode
    if x is None or y is None:
        if same_line:
            return 2
        return NOTHING if a.address is None or b.address is None else 5
    if x == y:
        return 0 if same_line else 1
    if same_line:
        return 2
    if _slips(x, y, score_cutoff=1) <= 1:
        return 3
    return 4 if x[:-3] == y[:-3] else 5


def phone_level(a: Identity, b: Identity) -> int:
    if not a.phones or not b.phones:
        return NOTHING
    return 1 if set(a.phones).isdisjoint(b.phones) else 0


def _alike(x: str, y: str) -> bool:
    if _likeness(x, y, score_cutoff=ALIKE) >= ALIKE:
        return True
    return min(len(x), len(y)) >= SHORTEST_TO_SLIP and _slips(x, y, score_cutoff=1) <= 1


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


def _initial_sql(column: str) -> str:
    x, y = f'"{column}_l"', f'"{column}_r"'
    return f"(least(length({x}), length({y})) = 1 AND {x}[1] = {y}[1])"


def _either_starts_sql(column: str, shortest: int, *, ends: bool = False) -> str:
    x, y = f'"{column}_l"', f'"{column}_r"'
    tests = [f"starts_with({x}, {y})", f"starts_with({y}, {x})"]
    if ends:
        tests += [f"ends_with({x}, {y})", f"ends_with({y}, {x})"]
    return f"(least(length({x}), length({y})) >= {shortest} AND ({' OR '.join(tests)}))"


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
            Level("forename spelt alike", _alike_sql("forename")),
            Level("forename's initial agrees", _initial_sql("forename")),
            Level("middle name used as forename", '"forename_l" = "middle_r" OR "middle_l" = "forename_r"'),
            Level(
                "forename somewhat alike",
                f"{_either_starts_sql('forename', SHORTEST_START)} "
                f'OR jaro_winkler_similarity("forename_l", "forename_r") >= {SOMEWHAT_ALIKE}',
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
                "part of surname, or a former one, agrees",
                'list_contains("surname_parts_l", "surname_r") OR list_contains("surname_parts_r", '
                '"surname_l") '
                'OR list_has_any("surname_parts_l", "surname_parts_r") '
                f"OR {_either_starts_sql('surname', SHORTEST_PART, ends=True)}",
            ),
            Level(
                "surname somewhat alike",
                f'jaro_winkler_similarity("surname_l", "surname_r") >= {SOMEWHAT_ALIKE}',
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
            Level("postcode agrees", _EQUAL_POSTCODE),
            Level("address agrees, postcode does not", _SAME_LINE),
            Level("postcode one slip apart", 'damerau_levenshtein("postcode_l", "postcode_r") <= 1'),
            Level("postcode district agrees", '"postcode_l"[:-4] = "postcode_r"[:-4]'),
            Level("homes differ", "ELSE"),
        ),
        home_level,
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
