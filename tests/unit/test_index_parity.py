"""The weights carecord adds up itself are those of Splink, to a millionth of a bit."""

import random

import pytest

from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import load_model, score
from carecord.patient_index.as_splink import splink_table

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
    None,
)
SURNAMES = ("Smith", "Smyth", "Smith-Jones", "Jones", "Testperson", "William", "Okonkwo", "Okonkw", None)
BIRTHS = ("1946-05-17", "1946-05-18", "1946-01-01", "1946-17-05", "1951-05-17", "1946-05-07", None)
POSTCODES = ("XX1 1AA", "XX1 1AB", "XX1 2ZZ", "YY9 9ZZ", "ZZ99 3VZ", None)
LINES = ("1 High Street", "2 High Street", None)
PHONES = ("07700 900123", "07700 900456", None)
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
                "MobileTelephone": rng.choice(PHONES),
            }
        )
        for _ in range(count)
    ]


@pytest.mark.filterwarnings("ignore")
def test_weights_are_those_of_splink_on_the_same_pairs() -> None:
    import duckdb
    import pyarrow as pa
    from splink import DuckDBAPI, Linker

    identities = made_up(60)
    model = load_model()
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

    assert len(predicted) == 60 * 59 // 2
    ours = {}
    for row in predicted:
        a, b = row["unique_id_l"], row["unique_id_r"]
        ours[a, b] = (score(model, identities[a], identities[b]).weight, row["match_weight"])
    differ = {p: both for p, both in ours.items() if both[0] != pytest.approx(both[1], abs=1e-6)}
    assert differ == {}
