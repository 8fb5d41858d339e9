"""Expectation maximisation comes to what Splink comes to on the same pairs, from the same start."""

import random
from collections import Counter
from itertools import combinations

import pytest

from carecord.patient_index.as_splink import splink_settings, splink_table
from carecord.patient_index.comparing import COMPARISONS, NOTHING, compare
from carecord.patient_index.expectation import separate
from carecord.patient_index.normalise import Identity, identity_of

pytest.importorskip("splink")
pytest.importorskip("duckdb")

PEOPLE = 150
BIRTHS = 25
FORENAMES = ("Margaret", "William", "Zoltan", "Muhammad", "Elsie", "Doris", "Aisha", "Ivy", "Derek", "Norman")
SURNAMES = ("Heritage", "Testperson", "Okonkwo", "Hussein", "Archer", "Khan", "Millward", "Penrose", "Quill")
SETTLED = 1e-5
NEAR = 0.0001
"""Both stop where a round moves nothing by more than `SETTLED`; the end may be this far then."""
LEVELS = 12
"""So many levels are met at least by the pairs that teach."""


def twice_recorded() -> list[Identity]:
    """Made-up people, each in two sources of which the second has some of it wrong or not at all."""
    rng = random.Random(5)
    found = []
    for _ in range(PEOPLE):
        first = {
            "Forename": rng.choice(FORENAMES),
            "Surname": rng.choice(SURNAMES),
            "DateOfBirth": f"1950-03-{rng.randrange(BIRTHS) + 2:02}",
            "Gender": rng.choice(("1", "2")),
            "PostCode": f"XX{rng.randrange(9) + 1} {rng.randrange(9) + 1}AA",
            "AddressLine1": f"{rng.randrange(90) + 1} Mill Lane",
        }
        wrong = {
            "Forename": (rng.choice(FORENAMES), 0.1),
            "Surname": (rng.choice(SURNAMES), 0.1),
            "PostCode": ("YY1 1AA", 0.2),
            "Gender": (rng.choice(("1", "2")), 0.05),
            "AddressLine1": (None, 0.2),
        }
        second = first | {name: value for name, (value, often) in wrong.items() if rng.random() < often}
        found += [identity_of(first), identity_of(second)]
    return found


def _agreement_of_strangers(identities: list[Identity]) -> list[list[float]]:
    """How often records agree of any two people, no level of it never."""
    counts = [[0.5] * len(one.levels) for one in COMPARISONS]
    for a, b in combinations(identities, 2):
        for place, level in enumerate(compare(a, b)):
            if level != NOTHING:
                counts[place][level] += 1
    return [[one / sum(of) for one in of] for of in counts]


@pytest.mark.filterwarnings("ignore")
def test_what_is_learnt_of_one_person_s_records_is_what_splink_learns() -> None:
    import duckdb
    from splink import DuckDBAPI, Linker

    identities = twice_recorded()
    given = frozenset(place for place, one in enumerate(COMPARISONS) if one.name == "birth")
    patterns = Counter(compare(a, b) for a, b in combinations(identities, 2) if a.birth == b.birth)
    m = [[0.9] + [0.1 / (len(one.levels) - 1)] * (len(one.levels) - 1) for one in COMPARISONS]
    u = _agreement_of_strangers(identities)

    ours = separate(patterns, m=m, u=u, without=given)
    assert 0.5 < ours.share * patterns.total() / PEOPLE < 1.5

    settings = splink_settings(0.3) | {"em_convergence": SETTLED, "max_iterations": 200}
    for place, comparison in enumerate(settings["comparisons"]):
        for level, one_m, one_u in zip(comparison["comparison_levels"][1:], m[place], u[place], strict=True):
            level.pop("tf_adjustment_column", None)
            level.pop("tf_adjustment_weight", None)
            level.pop("tf_minimum_u_value", None)
            level["m_probability"], level["u_probability"] = one_m, one_u
    api = DuckDBAPI(duckdb.connect())
    linker = Linker(api.register(splink_table(identities, pair_key=[1] * len(identities))), settings)
    linker.training.estimate_parameters_using_expectation_maximisation(
        "l.birth = r.birth", fix_u_probabilities=True
    )
    learnt = linker.misc.save_model_to_json()["comparisons"]

    seen = {(place, level) for levels in patterns for place, level in enumerate(levels) if level != NOTHING}
    compared = {
        (one.name, level): (ours.m[place][level], theirs["m_probability"])
        for place, one in enumerate(COMPARISONS)
        if place not in given
        for level, theirs in enumerate(learnt[place]["comparison_levels"][1:])
        if (place, level) in seen
    }
    assert len(compared) >= LEVELS
    differ = {which: both for which, both in compared.items() if both[0] != pytest.approx(both[1], abs=NEAR)}
    assert differ == {}
