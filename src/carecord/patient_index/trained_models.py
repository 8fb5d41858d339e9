"""A model learnt from the index's own records, and how it differs from the one in force."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries
from carecord.patient_index.comparing import COMPARISONS
from carecord.patient_index.deciding import judge
from carecord.patient_index.linking import read_identity
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, read_model
from carecord.patient_index.training import Progress, compared_pairs, m_of, train, u_of

queries = load_queries(__package__, "training.sql")

MOST_RECORDS = 200_000
"""Of a larger index a part of the persons is enough."""
FEWEST_RECORDS = 1_000
PAIRS = 20_000
"""Compared pairs that both models judge."""


class TooFewRecords(SetUpError):
    """An index with hardly any records teaches nothing."""

    title = "Too few records"


@dataclass(frozen=True, slots=True)
class LevelChange:
    """One level of a comparison, by the model in force and by the new one."""

    comparison: str
    level: str
    m: tuple[float, float]
    u: tuple[float, float]
    weight: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """A new model, what it was learnt from, and what would be decided otherwise by it."""

    document: dict[str, Any]
    records: int
    changes: list[LevelChange]
    verdicts: Counter[tuple[str, str]]
    """Compared pairs by their outcome now, and by the new model."""
    stewards_agree: tuple[int, int]
    """Of the pairs that stewards have decided on, those that either model would decide alike."""
    stewards_pairs: int


def train_on_index(
    connection: Connection[Any], *, base: Model, version: str, on_progress: Progress
) -> Trained:
    """Learn a model from the index. Nothing is put in force, nothing is written."""
    identities = _identities(connection)
    if len(identities) < FEWEST_RECORDS:
        raise TooFewRecords(f"A model is learnt from {FEWEST_RECORDS:,} records or more.")
    document = train(identities, base=base, version=version, learn_prior=False, on_progress=on_progress)
    new = read_model(document)
    decided = [
        (row[0], read_identity(row[1]), read_identity(row[2]))
        for row in connection.execute(queries.stewards_pairs)
    ]
    return Trained(
        document=document,
        records=len(identities),
        changes=differences(base, new),
        verdicts=_verdicts(identities, base, new),
        stewards_agree=(_obeying(base, decided), _obeying(new, decided)),
        stewards_pairs=len(decided),
    )


def differences(old: Model, new: Model) -> list[LevelChange]:
    """Every level of every comparison, by both models."""
    both_m, both_u = (m_of(old), m_of(new)), (u_of(old), u_of(new))
    return [
        LevelChange(
            comparison=comparison.name,
            level=level.label,
            m=(both_m[0][place][at], both_m[1][place][at]),
            u=(both_u[0][place][at], both_u[1][place][at]),
            weight=(old.weights[place][at], new.weights[place][at]),
        )
        for place, comparison in enumerate(COMPARISONS)
        for at, level in enumerate(comparison.levels)
    ]


def _identities(connection: Connection[Any]) -> list[Identity]:
    row = connection.execute(queries.count_records).fetchone()
    one_in = -(-(row[0] if row else 0) // MOST_RECORDS)
    found = connection.execute(queries.identities, {"one_in": max(one_in, 1)})
    return [read_identity(text) for (text,) in found]


def _verdicts(identities: Sequence[Identity], old: Model, new: Model) -> Counter[tuple[str, str]]:
    pairs, _ = compared_pairs(identities, old, most=PAIRS)
    return Counter(
        (
            judge(old, identities[a], identities[b]).outcome,
            judge(new, identities[a], identities[b]).outcome,
        )
        for a, b in pairs
    )


def _obeying(model: Model, decided: Sequence[tuple[str, Identity, Identity]]) -> int:
    """How often the model alone would have decided as the steward did."""
    return sum((judge(model, a, b).outcome == "link") == (decision == "linked") for decision, a, b in decided)
