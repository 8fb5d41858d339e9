"""The weights carecord adds up itself are those of Splink, to a millionth of a bit."""

import random
from copy import deepcopy
from dataclasses import replace
from math import log2

import pytest

from carecord.patient_index.as_splink import splink_table
from carecord.patient_index.comparing import COMPARISONS, compare
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import Model, load_model, score

pytest.importorskip("splink")
pytest.importorskip("duckdb")

FORENAMES = (
    "Margaret",
    "Maggie",
    "Peggy",
    "William",
    "Bill",
    "Wiliam",
    "M",
    "Marguerite",
    "Will",
    "Zoltan",
    "Mohammed",
    "Muhammad",
    "Elsie",
    "Ellie",
    "Okonkwo",
    None,
)
SURNAMES = (
    "Smith",
    "Smyth",
    "Smith-Jones",
    "Jones",
    "Testperson",
    "William",
    "Okonkwo",
    "Okonkw",
    "Hussein",
    "Husain",
    "Margaret",
    None,
)
BIRTHS = ("1946-05-17", "1946-05-18", "1946-01-01", "1946-17-05", "1951-05-17", "1946-05-07", None)
POSTCODES = ("XX1 1AA", "XX1 1AB", "XX1 2ZZ", "YY9 9ZZ", "ZZ99 3VZ", None)
LINES = ("1 High Street", "2 High Street", "High Street 1", "1 High Sreet", "Rose Cottage", None)
PLACES = ("Newtown", "Newtown on Sea", "Nwetown on Sea", "Oldham", None)
PHONES = ("07700 900123", "07700 900456", None)
RECORDS = 90
TERMS = ("forename", "middle", "surname")
NUMBERS = ("9990123454", "9991002006", None)


def made_up(count: int) -> list[Identity]:
    rng = random.Random(7)
    return [
        identity_of(
            {
                "NhsNumber": rng.choice(NUMBERS),
                "Forename": rng.choice(FORENAMES),
                "MiddleNames": rng.choice(FORENAMES),
                "Surname": rng.choice(SURNAMES),
                "PreviousSurname": rng.choice((None, None, "Okonkwo")),
                "DateOfBirth": rng.choice(BIRTHS),
                "Gender": rng.choice(("1", "2", "9")),
                "PostCode": rng.choice(POSTCODES),
                "AddressLine1": rng.choice(LINES),
                "AddressLine2": rng.choice(PLACES),
                "AddressLine3": rng.choice(PLACES),
                "MobileTelephone": rng.choice(PHONES),
            }
        )
        for _ in range(count)
    ]


def _with_places(model: Model) -> Model:
    """The model with weights for all levels, those of which the shipped one says nothing too."""
    settings = deepcopy(model.settings)
    [places] = [one for one in settings["comparisons"] if one["output_column_name"] == "places"]
    for level, m, u in zip(
        places["comparison_levels"][1:], (0.6, 0.2, 0.1, 0.1), (0.01, 0.02, 0.07, 0.9), strict=True
    ):
        level["m_probability"], level["u_probability"] = m, u
    weights = list(model.weights)
    at = [one.name for one in COMPARISONS].index("places")
    weights[at] = tuple(log2(m / u) for m, u in ((0.6, 0.01), (0.2, 0.02), (0.1, 0.07), (0.1, 0.9)))
    return replace(model, settings=settings, weights=tuple(weights))


@pytest.mark.filterwarnings("ignore")
def test_weights_are_those_of_splink_on_the_same_pairs() -> None:
    import duckdb
    import pyarrow as pa
    from splink import DuckDBAPI, Linker

    identities = made_up(RECORDS)
    model = _with_places(load_model())
    api = DuckDBAPI(duckdb.connect())
    linker = Linker(
        api.register(splink_table(identities, pair_key=[1] * len(identities))), dict(model.settings)
    )
    for term, frequencies in zip(TERMS, model.frequencies[2:5], strict=True):
        values = sorted({value for one in identities if (value := getattr(one, term))})
        assert frequencies is not None
        table = pa.table({term: values, f"tf_{term}": [frequencies.get(value, 0.0) for value in values]})
        linker.table_management.register_term_frequency_lookup(api.register(table), term)
    predicted = linker.inference.predict().as_pyarrow_table().to_pylist()

    assert len(predicted) == RECORDS * (RECORDS - 1) // 2
    ours = {}
    for row in predicted:
        a, b = row["unique_id_l"], row["unique_id_r"]
        ours[a, b] = (score(model, identities[a], identities[b]).weight, row["match_weight"])
    met = {
        (place, level) for a, b in ours for place, level in enumerate(compare(identities[a], identities[b]))
    }
    assert met >= {
        (place, level) for place, one in enumerate(COMPARISONS) for level in range(len(one.levels))
    }
    differ = {p: both for p, both in ours.items() if both[0] != pytest.approx(both[1], abs=1e-6)}
    assert differ == {}
