"""A set of the make of `uk_100k.parquet` with as many errors again, lest models be fitted to one set.

    python -m benchmarks.index.dirtier_sets uk_100k.parquet OUT.parquet [SEED] [TIMES]

Only the households of odd number, on which the UK model was not trained. TIMES 1 adds about as many errors as
there are already. `carecord index evaluate OUT.parquet` says how well it is linked.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Row = dict[str, Any]
LEAST_TO_SLIP = 3
MIDDLE_MISSING = 0.2
NEWBORN_SINCE = "2025-11"
NEWBORN_NAMES = ("BABY", "TWIN ONE", "TWIN TWO", "BABY GIRL", "INFANT")
DIGITS_TO_SLIP = (2, 3, 5, 6, 8, 9)


def dirtier(rows: Sequence[Row], *, seed: int, times: float) -> list[Row]:
    """The rows with further errors, each kind as often as `ERRORS` says, `times` over."""
    rng = Random(seed)
    household: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        household[row["household"]].append(row)
    made = []
    for row in rows:
        changed = dict(row)
        for share, err in ERRORS:
            if rng.random() < share * times:
                changed |= err(changed, rng.choice(rows), rng.choice(household[row["household"]]), rng)
        if rng.random() < MIDDLE_MISSING:
            changed["middle_name"] = None
        made.append(changed)
    return made


def slip(text: str | None, rng: Random) -> str | None:
    """One letter exchanged with the next, lost, another or doubled."""
    if not text or len(text) < LEAST_TO_SLIP:
        return text
    at = rng.randrange(len(text) - 1)
    return rng.choice(
        [
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + text[at + 1 :],
            text[:at] + rng.choice("AEIOULNRST") + text[at + 1 :],
            text[: at + 1] + text[at:],
        ]
    )


def _day_slip(day: str | None, rng: Random) -> str | None:
    if not day:
        return day
    at = rng.choice(DIGITS_TO_SLIP)
    return day[:at] + str(rng.randrange(10)) + day[at + 1 :]


def _day_and_month_swapped(day: str | None) -> str | None:
    return f"{day[:5]}{day[8:]}-{day[5:7]}" if day and day[8:] <= "12" else day


def _unnamed(row: Row, rng: Random) -> Row:
    born_lately = row["dob"] and row["dob"] > NEWBORN_SINCE
    return {"forename": rng.choice(NEWBORN_NAMES)} if born_lately else {}


Err = Callable[[Row, Row, Row, Random], Row]
ERRORS: tuple[tuple[float, Err], ...] = (
    (0.045, lambda row, other, relative, rng: {"nhs_number": None}),
    (0.0006, lambda row, other, relative, rng: {"nhs_number": relative["nhs_number"]}),
    (0.0004, lambda row, other, relative, rng: {"nhs_number": other["nhs_number"]}),
    (0.01, lambda row, other, relative, rng: {"forename": slip(row["forename"], rng)}),
    (0.01, lambda row, other, relative, rng: {"surname": slip(row["surname"], rng)}),
    (0.02, lambda row, other, relative, rng: {"forename": (row["forename"] or "")[:1] or None}),
    (0.005, lambda row, other, relative, rng: {"forename": row["middle_name"] or row["forename"]}),
    (0.003, lambda row, other, relative, rng: {"forename": row["surname"], "surname": row["forename"]}),
    (0.01, lambda row, other, relative, rng: {"surname": other["surname"]} if row["sex"] == "F" else {}),
    (0.01, lambda row, other, relative, rng: {"dob": _day_slip(row["dob"], rng)}),
    (0.004, lambda row, other, relative, rng: {"dob": row["dob"] and row["dob"][:5] + "01-01"}),
    (0.004, lambda row, other, relative, rng: {"dob": _day_and_month_swapped(row["dob"])}),
    (0.06, lambda row, other, relative, rng: {name: other[name] for name in ("postcode", "address_line")}),
    (0.01, lambda row, other, relative, rng: {"postcode": slip(row["postcode"], rng)}),
    (0.01, lambda row, other, relative, rng: {"address_line": slip(row["address_line"], rng)}),
    (0.006, lambda row, other, relative, rng: {"postcode": "ZZ99 3VZ"}),
    (0.01, lambda row, other, relative, rng: {"sex": "U"}),
    (0.1, lambda row, other, relative, rng: {"mobile": None}),
    (0.15, lambda row, other, relative, rng: _unnamed(row, rng)),
    (0.003, lambda row, other, relative, rng: {"forename": None}),
)
"""How often each goes wrong, and what the row then says: given it, any other, and one of its household."""


def main(source: str, target: str, *, seed: int, times: float) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(source)
    rows = [row for row in table.to_pylist() if row["household"] % 2]
    made = dirtier(rows, seed=seed, times=times)
    parquet.write_table(pa.Table.from_pylist(made, schema=table.schema), target)


if __name__ == "__main__":
    source, target, *numbers = sys.argv[1:]
    seed, times = (numbers + ["7", "1"][len(numbers) :])[:2]
    main(source, target, seed=int(seed), times=float(times))
