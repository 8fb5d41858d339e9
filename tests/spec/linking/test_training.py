"""A model is learnt from records alone, and differs from the one in force where the records do."""

import json
from pathlib import Path
from random import Random

import pytest

from carecord.patient_index.comparing import COMPARISONS, compare
from carecord.patient_index.expectation import separate
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import UnreadableModel, find_model, load_model, read_model, score
from carecord.patient_index.training import learn, train

FORENAMES = (
    "Ada",
    "Bert",
    "Clara",
    "Dora",
    "Emil",
    "Frida",
    "Georg",
    "Hilda",
    "Ivan",
    "Jonas",
    "Karla",
    "Ludwig",
)
SURNAMES = (
    "Amsel",
    "Buche",
    "Distel",
    "Eiche",
    "Falke",
    "Ginster",
    "Hasel",
    "Igel",
    "Kiefer",
    "Linde",
    "Meise",
)
PLACE = {one.name: place for place, one in enumerate(COMPARISONS)}
PEOPLE = 300


def made_up() -> tuple[list[Identity], list[int]]:
    """Each person twice; in the second record one surname in ten is another, one postcode in five."""
    rng = Random(3)
    identities, persons = [], []
    for person in range(PEOPLE):
        who = {
            "Forename": rng.choice(FORENAMES),
            "Surname": rng.choice(SURNAMES),
            "DateOfBirth": f"{rng.randrange(1930, 2020)}-{rng.randrange(1, 13):02}-{rng.randrange(2, 28):02}",
            "PostCode": f"XX{rng.randrange(1, 90)} {rng.randrange(1, 9)}AA",
            "Gender": rng.choice("12"),
        }
        again = dict(who)
        if rng.random() < 0.1:
            again["Surname"] = rng.choice(SURNAMES)
        if rng.random() < 0.2:
            again["PostCode"] = f"YY{rng.randrange(1, 90)} {rng.randrange(1, 9)}BB"
        identities += [identity_of(who), identity_of(again)]
        persons += [person, person]
    return identities, persons


def test_nobody_need_say_who_is_who() -> None:
    identities, _ = made_up()

    learnt = learn(identities, base=load_model("febrl"))

    pairs = 2 * PEOPLE * (2 * PEOPLE - 1) / 2
    assert learnt.prior * pairs == pytest.approx(PEOPLE, rel=0.1)
    assert learnt.m[PLACE["surname"]][0] == pytest.approx(0.9, abs=0.06)
    assert sum(learnt.m[PLACE["home"]][:3]) == pytest.approx(0.8, abs=0.06)
    assert learnt.u[PLACE["surname"]][0] == pytest.approx(1 / len(SURNAMES), abs=0.02)


def test_a_learnt_model_tells_one_person_from_two() -> None:
    identities, _ = made_up()

    model = read_model(train(identities, base=load_model("febrl"), name="made up", version="1"))

    same = [score(model, identities[a], identities[a + 1]).weight for a in range(0, 2 * PEOPLE, 2)]
    others = [score(model, identities[a], identities[a + 3]).weight for a in range(0, 2 * PEOPLE - 4, 2)]
    assert sum(weight > 0 for weight in same) / len(same) > 0.95
    assert sum(weight > 0 for weight in others) / len(others) < 0.01


def test_what_is_learnt_from_nothing_stays_as_it_was() -> None:
    base = load_model()
    identities, _ = made_up()

    model = read_model(train(identities, base=base, learn_prior=False))

    phone = PLACE["phone"]
    assert model.prior == pytest.approx(base.prior, abs=0.02)
    assert model.thresholds == base.thresholds
    assert model.guards == base.guards
    assert [
        one["m_probability"] for one in model.settings["comparisons"][phone]["comparison_levels"][1:]
    ] == [one["m_probability"] for one in base.settings["comparisons"][phone]["comparison_levels"][1:]]


def test_expectation_finds_the_share_of_one_person() -> None:
    identities, _ = made_up()
    pairs = [(a, b) for a in range(0, 2 * PEOPLE - 4, 2) for b in (a + 1, a + 3)]
    patterns: dict[tuple[int, ...], int] = {}
    for a, b in pairs:
        levels = compare(identities[a], identities[b])
        patterns[levels] = patterns.get(levels, 0) + 1
    learnt = learn(identities, base=load_model("febrl"))

    found = separate(patterns, m=learnt.m, u=learnt.u)

    assert found.share == pytest.approx(0.5, abs=0.02)


def test_a_model_is_found_by_name_or_by_file(tmp_path: Path) -> None:
    identities, _ = made_up()
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(train(identities, base=load_model("febrl"), name="mine")))

    assert find_model(str(path)).name == "mine"
    assert find_model("uk") == load_model("uk")
    for nothing in ("none such", str(tmp_path / "none.json")):
        with pytest.raises(UnreadableModel):
            find_model(nothing)
