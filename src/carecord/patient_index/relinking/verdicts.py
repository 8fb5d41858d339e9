"""What follows for compared pairs, and which records it leaves open.

Most persons are plainly what they are: their records agree, and nobody else comes near. The rest is settled
by `deciding.settle`, as on arrival. What is said here of all pairs at once, `deciding.judge` says of one.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from carecord.kernel.sql import load_queries
from carecord.patient_index.comparing import COMPARISONS, NOTHING, Levels
from carecord.patient_index.deciding import LARGEST_PART
from carecord.patient_index.groups import Pair
from carecord.patient_index.guards import certain, divided, guards_against
from carecord.patient_index.normalise import Identity
from carecord.patient_index.relinking.snapshot import Snapshot
from carecord.patient_index.scoring import Model, Score

if TYPE_CHECKING:
    import pyarrow as pa

queries = load_queries(__package__, "verdicts.sql")

Pattern = tuple[list[int], bool, bool, bool, bool]
"""What guards look at: levels; whether either NHS number is verified, and either a newborn without a name."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How many pairs came to what; of records whose persons are left open, their person and their ties."""

    outcomes: dict[str, int]
    person: dict[int, int]
    held: frozenset[int]
    ties: list[Pair]


def judge_pairs(database: Any, snapshot: Snapshot, model: Model) -> Judged:
    """Judge the pairs that an engine has written."""
    database.read_parquet(str(snapshot.record)).create_view("record")
    database.read_parquet(str(snapshot.decision)).create_view("decision")
    levels = ", ".join(f"level_{comparison.name}" for comparison in COMPARISONS)
    database.execute(queries.pairs.format(levels=levels), {"pairs": str(snapshot.pairs / "*.parquet")})
    patterns = _patterns(model, database.execute(queries.patterns).fetchall())
    database.register("pattern", patterns)
    bars = asdict(model.thresholds)
    del bars["lead"]
    database.execute(queries.verdicts, bars)
    database.execute(queries.open_persons, {"largest_part": LARGEST_PART})
    records = database.execute(queries.open_records).fetchall()
    return Judged(
        outcomes=dict(database.execute(queries.outcomes).fetchall()),
        person={record: person for record, person, _ in records},
        held=frozenset(record for record, _, held in records if held),
        ties=database.execute(queries.open_ties).fetchall(),
    )


def _patterns(model: Model, patterns: Iterable[Pattern]) -> "pa.Table":
    """What the guards and the rule before weights say of each pattern, and its weight against a relative."""
    import pyarrow as pa

    found: dict[str, list[Any]] = {
        name: []
        for name in (
            *("levels", "verified_a", "verified_b", "newborn_a", "newborn_b"),
            *("relative_weight", "kept_apart", "guarded", "divided", "certain"),
        )
    }
    for levels, verified_a, verified_b, newborn_a, newborn_b in patterns:
        score = Score(0.0, relative_weight(model, tuple(levels)), tuple(levels))
        a = Identity(nhs_verified=verified_a, newborn=newborn_a)
        b = Identity(nhs_verified=verified_b, newborn=newborn_b)
        against = guards_against(model.guards, a, b, score)
        row = (
            *(levels, verified_a, verified_b, newborn_a, newborn_b, score.relative_weight),
            *(any(guard.effect == "apart" for guard in against), bool(against)),
            *(divided(model.guards, a, b, score), certain(score)),
        )
        for column, value in zip(found.values(), row, strict=True):
            column.append(value)
    return pa.table(found | {"levels": pa.array(found["levels"], pa.list_(pa.int8()))})


def relative_weight(model: Model, levels: Levels) -> float:
    """What a pair of these levels is worth against two of one family."""
    return sum(model.relative_weights[place][level] for place, level in enumerate(levels) if level != NOTHING)
