"""An evaluation files a set by the real arrival path and counts what came out."""

from psycopg import Connection

from carecord.patient_index.evaluating import Labelled, evaluate
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model

GRACE = {"Forename": "Grace", "Surname": "Testperson", "DateOfBirth": "2012-05-17", "PostCode": "XX1 1AA"}


def labelled(person: str, source: str, **sent: str) -> Labelled:
    return Labelled(identity_of(GRACE | sent), person, source, {"source": source})


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
    assert found["strata"]["source: ACUTE"]["true_pairs"] == 2
    assert found["baseline"]["recall"] == 0.0


def test_records_in_bulk_give_the_same_groups_as_one_by_one(connection: Connection) -> None:
    records = [labelled("grace", source) for source in ("GP", "ACUTE", "AE", "MH")]

    found = evaluate(connection, records, model=load_model(), at_once=4)

    assert found.overall.recall == found.overall.precision == 1.0
