"""A model learnt from the index itself."""

from random import Random

import pytest
from psycopg import Connection

from carecord.patient_index import trained_models
from carecord.patient_index.evaluating import evaluate
from carecord.patient_index.labelled_set import Labelled
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model, read_model
from carecord.patient_index.trained_models import TooFewRecords, train_on_index

PEOPLE = 150
FORENAMES = ("Ada", "Bert", "Clara", "Dora", "Emil", "Frida", "Georg", "Hilda", "Ivan", "Jonas", "Karla")
SURNAMES = ("Amsel", "Buche", "Distel", "Eiche", "Falke", "Ginster", "Hasel", "Igel", "Kiefer", "Linde")


def silent(stage: str, done: int, total: int) -> None:
    pass


def twice_each() -> list[Labelled]:
    rng = Random(5)
    found = []
    for person in range(PEOPLE):
        who = {
            "Forename": rng.choice(FORENAMES),
            "Surname": rng.choice(SURNAMES),
            "DateOfBirth": f"{rng.randrange(1930, 2020)}-{rng.randrange(1, 13):02}-{rng.randrange(2, 28):02}",
            "AddressLine1": f"{rng.randrange(1, 99)} Made-up Street",
            "PostCode": f"XX{rng.randrange(1, 90)} {rng.randrange(1, 9)}AA",
        }
        found += [Labelled(identity_of(who), str(person), source, ()) for source in ("GP", "AE")]
    return found


def test_a_model_is_learnt_from_the_index_and_put_beside_the_one_in_force(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(connection, twice_each(), model=load_model(), at_once=50)
    monkeypatch.setattr(trained_models, "FEWEST_RECORDS", 100)

    trained = train_on_index(connection, base=load_model(), version="2026-11-22", on_progress=silent)

    model = read_model(trained.document)
    assert (model.name, model.version, trained.records) == ("uk", "2026-11-22", 2 * PEOPLE)
    assert trained.verdicts["link", "link"] >= PEOPLE * 0.9
    [surname] = [
        one for one in trained.changes if (one.comparison, one.level) == ("surname", "surname agrees")
    ]
    assert surname.u[1] == pytest.approx(1 / len(SURNAMES), abs=0.04)
    assert surname.weight[1] < surname.weight[0]
    # Nobody has a telephone: of those nothing is learnt.
    assert all(
        one.weight[1] == pytest.approx(one.weight[0]) for one in trained.changes if one.comparison == "phone"
    )


def test_hardly_any_records_teach_nothing(connection: Connection) -> None:
    with pytest.raises(TooFewRecords):
        train_on_index(connection, base=load_model(), version="1", on_progress=silent)
