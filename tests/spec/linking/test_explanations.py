"""Every decision can be explained: what each comparison added, what stopped the pair, who decided."""

import pytest

from carecord.kernel.errors import NotFound
from carecord.patient_index import links
from carecord.patient_index.explaining import explain, waterfall
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

GRACE = {"Forename": "Grace", "Surname": "Testperson", "DateOfBirth": "2012-05-17", "PostCode": "XX1 1AA"}


def test_an_explanation_adds_up_and_names_guards_and_decisions(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", **GRACE))
    sandpit.load(tenancy_line(2), patient_line("a", **GRACE | {"Forename": "Baby"}))
    a, b = sandpit.detail_id(1, "g"), sandpit.detail_id(2, "a")

    with sandpit.database.connect() as connection, connection.transaction():
        links.link(connection, a, b, decided_by="steward", reason="seen the birth letter")
    with sandpit.database.connect() as connection:
        found = explain(connection, b, a)

    added = found.pair.prior + sum(one.weight for one in found.pair.contributions)
    assert added == pytest.approx(found.pair.weight)
    assert "date of birth agrees" in {one.found for one in found.pair.contributions}
    assert found.pair.guards == ("a newborn without a name, and no NHS number agrees",)
    assert found.one_person
    assert [(one.decision, one.decided_by, one.reason) for one in found.decisions][0] == (
        "linked",
        "steward",
        "seen the birth letter",
    )
    assert found.decisions[-1].decision == "possible"
    assert found.decisions[-1].guards == ("unnamed_newborn",)


def test_the_picture_names_what_was_found_and_no_value_of_a_patient(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", **GRACE), patient_line("h", **GRACE))

    with sandpit.database.connect() as connection:
        found = explain(connection, sandpit.detail_id(1, "g"), sandpit.detail_id(1, "h"))
    picture = waterfall(found.pair)

    assert picture.startswith("<svg ")
    assert all(one.found in picture for one in found.pair.contributions)
    assert not any(value in picture for value in ("Grace", "GRACE", "Testperson", "TESTPERSON", "2012"))


def test_a_record_that_is_not_there_is_not_found(sandpit: Sandpit) -> None:
    with sandpit.database.connect() as connection, pytest.raises(NotFound):
        explain(connection, 999_998, 999_999)
