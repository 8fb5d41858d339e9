"""The models that carecord ships, made anew from the sets they were learnt from.

    python -m benchmarks.index.train_models FOLDER [NAME…]

`uk` is learnt from the households of even number in `uk_100k.parquet`, whose persons are known: those of odd
number are there to judge it. `febrl` and `historical` are learnt without labels, as `carecord index evaluate
--train` does with any set. FOLDER holds the sets; the files are written to `patient_index/models`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from carecord.patient_index.blocking import RULES
from carecord.patient_index.guards import GUARDS
from carecord.patient_index.labelled_set import Labelled, read_set
from carecord.patient_index.scoring import Model, Thresholds
from carecord.patient_index.training import document, learn_from_persons, term_frequencies, train, untrained

MODELS = Path(__file__).parents[2] / "src" / "carecord" / "patient_index" / "models"
VERSION = "2026-11"
UK_PRIOR = 1e-5

FOR_CARE = Thresholds(
    join=10,
    stay=7,
    review=2,
    relative_join=5,
    relative_stay=3,
    relative_review=0,
    compatible=-5,
    relative_compatible=-3,
    lead=3,
)
FOR_RESEARCH = Thresholds(
    join=2,
    stay=2,
    review=2,
    relative_join=-999,
    relative_stay=-999,
    relative_review=-999,
    compatible=-14,
    relative_compatible=-999,
    lead=0,
)
"""The last that are linked are hardly better than even: so F1 asks, and care would not bear it. With tasks
below the bar, thousands of historical records would hang together, more than are settled as one part."""

UK_RULES = (
    "number",
    "telephone",
    "birth and name",
    "birth and initials",
    "birth and postcode",
    "names and year",
    "names and month",
    "three names",
    "names and district",
    "postcode and given name",
    "address and given name",
)

UK = untrained("uk", FOR_CARE, blocking=UK_RULES, hot=200, guards=[guard.name for guard in GUARDS])
RESEARCH = untrained("research", FOR_RESEARCH, blocking=tuple(RULES), hot=300, guards=())


def uk(folder: Path) -> dict[str, Any]:
    records = [
        one for one in _records([folder / "uk_100k.parquet"], by=["household"]) if not _household(one) % 2
    ]
    identities = [one.identity for one in records]
    learnt = learn_from_persons(
        identities, [one.person for one in records], [_household(one) for one in records], prior=UK_PRIOR
    )
    return document(UK, learnt, names=term_frequencies(identities), name="uk", version=VERSION)


def febrl(folder: Path) -> dict[str, Any]:
    return _unlabelled("febrl", RESEARCH, [folder / "febrl4a.csv", folder / "febrl4b.csv"])


def historical(folder: Path) -> dict[str, Any]:
    return _unlabelled("historical", RESEARCH, [folder / "historical_50k.parquet"])


def _unlabelled(name: str, base: Model, sets: list[Path]) -> dict[str, Any]:
    identities = [one.identity for one in _records(sets, by=[])]
    return train(identities, base=base, name=name, version=VERSION)


def _records(sets: list[Path], by: list[str]) -> list[Labelled]:
    return list(read_set(sets, by=by).records)


def _household(record: Labelled) -> int:
    [number] = [stratum.split(": ")[1] for stratum in record.strata if stratum.startswith("household: ")]
    return int(number)


MAKERS = {"uk": uk, "febrl": febrl, "historical": historical}


def main(folder: Path, names: list[str]) -> None:
    for name in names or MAKERS:
        made = MAKERS[name](folder)
        (MODELS / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {len(made['splink']['comparisons'])} comparisons")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
