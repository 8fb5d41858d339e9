"""The pairs of a snapshot compared by Splink, by the model's own weights and frequencies."""

import logging
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

from carecord.kernel.errors import SetUpError
from carecord.patient_index.comparing import COMPARISONS, NOTHING
from carecord.patient_index.relinking.snapshot import Progress, Snapshot
from carecord.patient_index.scoring import Model


@dataclass(frozen=True, slots=True)
class Compared:
    """How many pairs were compared; and the keys that too many share, each with a record that has it."""

    pairs: int
    hot_keys: dict[int, int]


class Engine(Protocol):
    """Where pairs are compared."""

    name: str

    def compare(self, snapshot: Snapshot, *, model: Model, on_progress: Progress) -> Compared:
        """Write the pairs worth a thought to the folder `snapshot.pairs`, as Parquet."""


def predict(
    api: Any, settings: Mapping[str, Any], model: Model, *, record: str, candidates: str, frequencies: Any
) -> Any:
    """Splink's predictions, of tables that `api` knows by these names; `frequencies` has one for each term.

    Pairs that could neither be linked nor stand in one group are left out.
    """
    try:
        from splink import Linker
    except ImportError as error:
        raise SetUpError("Linking in bulk needs Splink: install carecord[linkage].") from error
    logging.getLogger("splink").setLevel(logging.ERROR)
    linker = Linker(api.register(record), dict(settings), log_level=logging.ERROR)
    for term, table in frequencies.items():
        linker.table_management.register_term_frequency_lookup(api.register(table), term)
    linker.table_management.register_blocked_pairs_for_predict(api.register(candidates))
    least = min(model.thresholds.review, model.thresholds.compatible)
    return linker.inference.predict(threshold_match_weight=least, warning_mode="never")


def terms(model: Model) -> list[str]:
    """The columns whose frequencies weigh agreement."""
    return [
        comparison.term
        for comparison, frequencies in zip(COMPARISONS, model.frequencies, strict=True)
        if comparison.term and frequencies is not None
    ]


def settings_to_predict(model: Model) -> dict[str, Any]:
    """The model's Splink settings, with the level of each comparison in what comes out."""
    settings = deepcopy(model.settings)
    known = terms(model)
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level.get("tf_adjustment_column") not in (None, *known):
                del level["tf_adjustment_column"]
    return settings | {
        # With the columns that it compares, Splink keeps the levels.
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        # Which pairs are compared, our own keys say.
        "blocking_rules_to_generate_predictions": [],
    }


def levels_sql() -> str:
    """The level of each of COMPARISONS, from 0, best first; Splink counts the other way."""
    return ", ".join(
        f"CASE WHEN gamma_{c.name} = -1 THEN {NOTHING} ELSE {len(c.levels) - 1} - gamma_{c.name} END "
        f"AS level_{c.name}"
        for c in COMPARISONS
    )
