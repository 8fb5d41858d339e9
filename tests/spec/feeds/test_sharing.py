"""A refusal to share takes hold with the load that brings it, and is lifted by a later agreement."""

from typing import Any

import pytest

from carecord.ingest import load as loading
from tests.spec.feeds.conftest import Feeds
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(1)
WHOLE = "Local shared record"


def said(status: str, on: str | None, scope: str | None = None, **more: Any) -> dict[str, Any]:
    item = {"SharingType": WHOLE, "Status": status, "Scope": scope, "StatusDate": on and f"{on}T00:00:00"}
    return entry_line("P1", "SharingStatusList", item | more)


@pytest.fixture(params=["in one batch", "a line a batch"], autouse=True)
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "a line a batch":
        monkeypatch.setattr(loading, "BATCH", 1)


def hidden(feeds: Feeds) -> tuple[bool, list[str]]:
    """Whether the whole record is refused, and the bundles that are."""
    row = feeds.connection.execute(
        "SELECT sharing_refused, refused_bundles FROM patient_index.patient_record WHERE source_key = 'P1'"
    ).fetchone()
    assert row is not None
    return row[0], sorted(row[1])


@pytest.mark.parametrize(
    ("words", "whole", "bundles"),
    [
        pytest.param([], False, [], id="nothing said"),
        pytest.param([said("Refused", "2024-01-01")], True, [], id="refused"),
        pytest.param([said("Withdrawn", "2024-01-01")], True, [], id="withdrawn"),
        pytest.param([said("refused ", "2024-01-01")], True, [], id="refused, written otherwise"),
        pytest.param([said("Agreed", "2024-01-01")], False, [], id="agreed"),
        pytest.param([said("Not recorded", "2024-01-01")], False, [], id="not recorded"),
        pytest.param([said("Dissent", "2024-01-01")], True, [], id="a word we cannot place hides"),
        pytest.param([said("Refused", "2024-01-01"), said("Agreed", "2024-02-01")], False, [], id="lifted"),
        pytest.param(
            [said("Agreed", "2024-02-01"), said("Refused", "2024-01-01")],
            False,
            [],
            id="lifted, told backwards",
        ),
        pytest.param(
            [said("Agreed", "2024-01-01"), said("Refused", "2024-02-01")], True, [], id="refused later"
        ),
        pytest.param(
            [said("Refused", "2024-01-01", Reason="first"), said("Agreed", "2024-01-01")],
            False,
            [],
            id="one row said twice: the later line counts",
        ),
        pytest.param(
            [
                said("Refused", "2024-01-01") | {"SourceItemId": "S1"},
                said("Agreed", "2024-01-01") | {"SourceItemId": "S2"},
            ],
            True,
            [],
            id="of two rows of one day the refusal",
        ),
        pytest.param(
            [said("Refused", None), said("Agreed", "2024-01-01")], True, [], id="a refusal without a day"
        ),
        pytest.param(
            [said("Agreed", None), said("Refused", "2024-01-01")], True, [], id="an agreement without a day"
        ),
        pytest.param([said("Refused", "2024-01-01", "Alerts")], False, ["alerts"], id="one bundle by name"),
        pytest.param([said("Refused", "2024-01-01", "gp")], False, ["gp"], id="one bundle by slug"),
        pytest.param(
            [said("Refused", "2024-01-01", "GP"), said("Withdrawn", "2024-01-02", "Alerts")],
            False,
            ["alerts", "gp"],
            id="two bundles",
        ),
        pytest.param(
            [said("Refused", "2024-01-01", "GP"), said("Agreed", "2024-01-02", "GP")],
            False,
            [],
            id="a bundle lifted",
        ),
        pytest.param(
            [said("Refused", "2024-01-01", "Whole record")], True, [], id="the whole record by name"
        ),
        pytest.param(
            [said("Refused", "2024-01-01", "My letters")], True, [], id="a scope we cannot place hides all"
        ),
        pytest.param(
            [said("Refused", "2024-01-01", SharingType="Summary care record")],
            False,
            [],
            id="another kind of sharing",
        ),
    ],
)
def test_the_newest_word_on_sharing_holds(
    feeds: Feeds, words: list[dict[str, Any]], whole: bool, bundles: list[str]
) -> None:
    loaded = feeds.load(HEADER, patient_line("P1"), *words)

    assert feeds.refused(loaded) == []
    assert hidden(feeds) == (whole, bundles)


def test_a_refusal_is_lifted_by_a_later_load(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), said("Refused", "2024-01-01"))

    feeds.load(HEADER, said("Agreed", "2024-02-01"))

    assert hidden(feeds) == (False, [])


def test_a_refusal_that_is_deleted_holds_no_longer(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), said("Refused", "2024-01-01") | {"SourceItemId": "C1"})

    feeds.load(
        HEADER,
        {"SourcePatientId": "P1", "Collection": "SharingStatusList", "SourceItemId": "C1", "Deleted": True},
    )

    assert hidden(feeds) == (False, [])


def test_a_new_word_on_demographics_leaves_a_refusal_in_force(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), said("Refused", "2024-01-01"))

    feeds.load(HEADER, patient_line("P1", Surname="Otherwise"))

    assert hidden(feeds) == (True, [])


def test_one_record_s_refusal_is_no_one_else_s(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), patient_line("P2"), said("Refused", "2024-01-01"))

    refused = feeds.connection.execute(
        "SELECT source_key FROM patient_index.patient_record WHERE sharing_refused"
    ).fetchall()
    assert refused == [("P1",)]
