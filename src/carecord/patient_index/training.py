"""Weights learnt with Splink: from records whose persons are known, or from records alone."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from carecord.kernel.errors import SetUpError
from carecord.patient_index.comparing import COMPARISONS
from carecord.patient_index.normalise import Identity
from carecord.patient_index.short_forms import forms

if TYPE_CHECKING:
    import pyarrow

COLUMNS = ("nhs_number", "forename", "middle", "surname", "birth", "sex", "postcode", "address")
LEAST_PROBABILITY = 1e-6
UNSEEN = 0.01
"""The share of true pairs that we believe to be spread evenly over the levels, whatever the sample shows: in no
sample is everything wrong that goes wrong in life."""
LEAST_FREQUENCY = 2e-5
"""A name met less often than this counts as met so often."""
RARE = 3


def splink_settings(prior: float) -> dict[str, Any]:
    """Our comparisons as an untrained Splink model."""
    return {
        "link_type": "dedupe_only",
        "sql_dialect": "duckdb",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": prior,
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.pair_key = r.pair_key"}],
        "comparisons": [
            {
                "output_column_name": comparison.name,
                "comparison_description": comparison.name,
                "comparison_levels": [
                    {
                        "sql_condition": comparison.nothing_sql,
                        "label_for_charts": "nothing to compare",
                        "is_null_level": True,
                    },
                    *(
                        {"sql_condition": level.sql, "label_for_charts": level.label}
                        | (
                            {
                                "tf_adjustment_column": comparison.term,
                                "tf_adjustment_weight": 1.0,
                                "tf_minimum_u_value": LEAST_FREQUENCY,
                            }
                            if comparison.term and place == 0
                            else {}
                        )
                        for place, level in enumerate(comparison.levels)
                    ),
                ],
            }
            for comparison in COMPARISONS
        ],
    }


def splink_table(identities: Sequence[Identity], **more: Sequence[Any]) -> "pyarrow.Table":
    """Identities as the table that the conditions of the comparisons read; the id is the place."""
    import pyarrow as pa

    text = pa.list_(pa.string())
    columns: dict[str, Any] = {"unique_id": list(range(len(identities)))}
    for name in COLUMNS:
        columns[name] = pa.array([getattr(one, name) for one in identities], pa.string())
    columns["forename_forms"] = pa.array(
        [sorted(forms(one.forename)) if one.forename else None for one in identities], text
    )
    columns["surname_parts"] = pa.array([list(one.surname_parts) for one in identities], text)
    columns["phones"] = pa.array([list(one.phones) for one in identities], text)
    return pa.table(columns | {name: pa.array(values) for name, values in more.items()})


def learn_settings(
    identities: Sequence[Identity], persons: Sequence[int], *, prior: float, pairs: float = 5e6
) -> dict[str, Any]:
    """Splink settings learnt where each record's person is known: u from pairs drawn at random."""
    linker = _linker(identities, prior, person=[str(one) for one in persons])
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=1)
    linker.training.estimate_m_from_label_column("person")
    return smoothed(linker.misc.save_model_to_json())


def term_frequencies(identities: Iterable[Identity]) -> dict[str, dict[str, float]]:
    """How often each name occurs, of records that have one; names met hardly ever are left out."""
    identities = list(identities)
    found = {}
    for term in (comparison.term for comparison in COMPARISONS if comparison.term):
        counts = Counter(value for one in identities if (value := getattr(one, term)))
        total = sum(counts.values())
        found[term] = {
            name: float(f"{n / total:.3g}")
            for name, n in sorted(counts.items())
            if n > RARE and n / total > LEAST_FREQUENCY
        }
    return found


def smoothed(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with every probability present, none zero, those of a comparison adding up to one."""
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for kind in ("m_probability", "u_probability"):
            values = [max(_number(level.get(kind)), LEAST_PROBABILITY) for level in levels]
            for level, value in zip(levels, values, strict=True):
                share = value / sum(values)
                if kind == "m_probability":
                    share = (1 - UNSEEN) * share + UNSEEN / len(values)
                level[kind] = float(f"{share:.5g}")
    return settings


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _linker(identities: Sequence[Identity], prior: float, **more: Sequence[Any]) -> Any:
    try:
        import duckdb
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise SetUpError("Models are trained with Splink: install carecord[linkage].") from error
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(duckdb.connect())
    table = api.register(splink_table(identities, **more))
    return Linker(table, splink_settings(prior), log_level=logging.ERROR)
