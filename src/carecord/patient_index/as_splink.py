"""Our comparisons and identities as Splink reads them: settings, and a table of the columns they name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from carecord.patient_index.comparing import (
    COMPARISONS,
    WORDS,
    house_number,
    in_words,
    place_triplets,
    triplets,
)
from carecord.patient_index.normalise import Identity
from carecord.patient_index.short_forms import forms, is_known
from carecord.patient_index.sounds import sound

if TYPE_CHECKING:
    import pyarrow

COLUMNS = ("nhs_number", "forename", "middle", "surname", "birth", "sex", "postcode", "address")
LEAST_FREQUENCY = 2e-5
"""A name met less often than this counts as met so often."""


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
    columns["forename_known"] = [one.forename is not None and is_known(one.forename) for one in identities]
    for name in ("forename", "surname"):
        columns[f"{name}_sound"] = pa.array(
            [sound(getattr(one, name)) if getattr(one, name) else None for one in identities], pa.string()
        )
    columns["surname_parts"] = pa.array([list(one.surname_parts) for one in identities], text)
    columns["places"] = pa.array([list(one.places) for one in identities], text)
    columns["address_number"] = pa.array(
        [house_number(one.address) if one.address else None for one in identities], pa.string()
    )
    lines = [in_words(triplets(one.address)) if one.address else None for one in identities]
    places = [in_words(place_triplets(one.places)) for one in identities]
    for word in range(WORDS):
        columns[f"address_{word}"] = pa.array([line[word] if line else None for line in lines], pa.int64())
        columns[f"places_{word}"] = pa.array([line[word] for line in places], pa.int64())
    columns["phones"] = pa.array([list(one.phones) for one in identities], text)
    return pa.table(columns | {name: pa.array(values) for name, values in more.items()})
