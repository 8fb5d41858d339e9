"""An evaluation files a set by the real arrival path and counts what came out."""

from dataclasses import replace

from psycopg import Connection

from carecord.patient_index.evaluating import evaluate
from carecord.patient_index.labelled_set import Labelled
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model

GRACE = {"Forename": "Grace", "Surname": "Testperson", "DateOfBirth": "2012-05-17", "PostCode": "XX1 1AA"}


def labelled(person: str, source: str, **sent: str) -> Labelled:
    return Labelled(identity_of(GRACE | sent), person, source, (f"source: {source}",))


def test_an_evaluation_counts_links_mistakes_and_tasks(connection: Connection) -> None:
    records = [
        labelled("grace", "GP"),
        labelled("grace", "ACUTE"),
        labelled("grace", "AE", Forename="Baby"),
        labelled("her namesake", "AE"),
        labelled("henry", "GP", Forename="Henry", DateOfBirth="1980-02-03"),
    ]

    found = evaluate(connection, records, model=load_model()).as_json()

    assert (found["records"], found["persons"], found["true_pairs"]) == (5, 3, 3)
    # Nothing tells the namesake from Grace: two false links, one mixed group.
    assert (found["precision"], found["recall"]) == (0.333333, 0.333333)
    assert (found["false_links"], found["mixed_groups"], found["review_tasks"]) == (2, 1, 1)
    assert (found["recall_with_review"], found["blocking_recall"]) == (1.0, 1.0)
    assert found["review_per_100k"] == 20_000.0
    assert found["baseline"]["recall"] == found["baseline"]["blocking_recall"] == 0.0


def test_a_stratum_has_the_pairs_that_touch_it(connection: Connection) -> None:
    records = [
        labelled("grace", "GP", NhsNumber="9990000018"),
        labelled("grace", "ACUTE", NhsNumber="9990000018"),
        labelled("grace", "AE"),
        labelled("her namesake", "AE"),
    ]

    found = evaluate(connection, records, model=load_model())

    assert {name: figures.true_pairs for name, figures in found.strata.items()} == {
        "no agreeing NHS number": 2,
        "source: ACUTE": 2,
        "source: AE": 2,
        "source: GP": 2,
    }
    assert {name: figures.records for name, figures in found.strata.items()} == {
        "no agreeing NHS number": 4,
        "source: ACUTE": 1,
        "source: AE": 2,
        "source: GP": 1,
    }
    assert found.baseline_strata["no agreeing NHS number"].recall == 0.0
    assert found.baseline_strata["source: ACUTE"].recall == 0.5


def test_pairs_that_never_met_are_a_loss_of_blocking(connection: Connection) -> None:
    stranger = {"Forename": "Ivy", "Surname": "Otherwise", "DateOfBirth": "1950-01-02", "PostCode": "YY9 9ZZ"}
    records = [labelled("grace", "GP"), labelled("grace", "AE"), labelled("grace", "MH", **stranger)]

    found = evaluate(connection, records, model=load_model())

    assert (found.overall.true_pairs, found.overall.blocking_recall) == (3, 0.333333)
    assert found.strata["source: AE"].blocking_recall == 0.5


def test_namesakes_meet_though_all_their_keys_are_common(connection: Connection) -> None:
    model = replace(load_model(), hot=2)
    records = [labelled("grace", source) for source in ("GP", "ACUTE", "AE", "MH")]

    found = evaluate(connection, records, model=model)

    assert found.overall.blocking_recall == 1.0


def test_records_in_bulk_give_the_same_groups_as_one_by_one(connection: Connection) -> None:
    records = [labelled("grace", source) for source in ("GP", "ACUTE", "AE", "MH")]

    found = evaluate(connection, records, model=load_model(), at_once=4)

    assert found.overall.recall == found.overall.precision == 1.0
