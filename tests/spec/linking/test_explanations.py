"""Every decision can be explained: what each comparison added, what stopped the pair, who decided."""

from typing import Any

import pytest

from carecord.kernel.errors import BadRequest, NotFound
from carecord.patient_index import links
from carecord.patient_index.explaining import Explanation, explain
from carecord.patient_index.linking import relink
from carecord.patient_index.seeing import Viewer
from carecord.patient_index.waterfall import waterfall
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

GRACE = {"Forename": "Grace", "Surname": "Testperson", "DateOfBirth": "2012-05-17", "PostCode": "XX1 1AA"}
DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}


def load(sandpit: Sandpit, tenancy_id: int, **patients: dict[str, Any]) -> list[int]:
    """A feed of one source; gives the patient detail IDs."""
    lines = [patient_line(key, **demographics) for key, demographics in patients.items()]
    assert sandpit.load(tenancy_line(tenancy_id), *lines).rejected == 0
    return [sandpit.detail_id(tenancy_id, key) for key in patients]


def explained(sandpit: Sandpit, a: int, b: int, **viewer: Any) -> Explanation:
    with sandpit.database.connect() as connection:
        return explain(connection, a, b, viewer=Viewer(**viewer))


def reasons(found: Explanation) -> list[str]:
    return [one.name for one in found.why]


def test_an_explanation_adds_up_and_names_guards_and_decisions(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, g=GRACE)
    (b,) = load(sandpit, 2, a=GRACE | {"Forename": "Baby"})

    with sandpit.database.connect() as connection, connection.transaction():
        links.link(connection, a, b, decided_by="steward", reason="seen the birth letter")
    found = explained(sandpit, b, a)

    pair = found.pair
    assert pair.prior + sum(one.weight for one in pair.contributions) == pytest.approx(pair.weight)
    assert sum(one.relative_weight for one in pair.contributions) == pytest.approx(pair.relative_weight)
    assert "date of birth agrees" in {one.found for one in pair.contributions}
    assert "forename" in pair.not_compared
    assert "a newborn without a name, and no NHS number agrees" in [guard.words for guard in pair.guards]
    assert found.one_person
    assert reasons(found) == ["linked_by_steward"]
    first, last = found.decisions[0], found.decisions[-1]
    assert (first.decision, first.decided_by, first.reason) == ("linked", "steward", "seen the birth letter")
    assert first.in_force
    assert (last.decision, last.guards) == ("possible", pair.guards)
    assert (last.in_force, last.superseded_by) == (False, first.decision_id)


def test_a_decision_keeps_what_was_found_and_what_it_was_worth_at_the_time(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, g=DORIS)
    (b,) = load(sandpit, 2, a=DORIS)
    then = explained(sandpit, a, b).pair

    load(sandpit, 2, a=DORIS | {"Forename": "Dorris"})
    found = explained(sandpit, a, b)

    stored = found.decisions[-1]
    assert stored.model == then.model
    assert stored.weight == pytest.approx(then.weight, abs=0.001)
    assert stored.relative_weight == pytest.approx(then.relative_weight, abs=0.001)
    assert list(stored.found) == [one.found for one in then.contributions]
    assert found.pair.weight < then.weight


def test_a_pair_below_every_bar_is_told_so(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, g=DORIS)
    (b,) = load(sandpit, 2, a=GRACE)

    found = explained(sandpit, a, b)

    assert not found.one_person
    assert (found.pair.outcome, reasons(found), found.decisions) == ("apart", ["too_little_agrees"], ())


def test_records_linked_by_way_of_others_are_told_the_way(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=GRACE)
    (c,) = load(sandpit, 3, c=GRACE | {"PostCode": "YY9 9YY", "Surname": "Other"})
    with sandpit.database.connect() as connection:
        for one, other in ((a, b), (b, c)):
            with connection.transaction():
                links.link(connection, one, other, decided_by="steward", reason="seen")

    found = explained(sandpit, a, c)

    assert found.one_person
    assert reasons(found) == ["by_way_of_others", "not_by_itself"]
    assert [(link.record_a, link.record_b) for link in found.path] == [(a, b), (b, c)]
    assert found.decisions == ()


def test_the_way_over_a_record_of_a_source_that_the_viewer_may_not_see_is_not_told(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=GRACE)
    (c,) = load(sandpit, 1, c=GRACE | {"PostCode": "YY9 9YY", "Surname": "Other"})
    with sandpit.database.connect() as connection:
        for one, other in ((a, b), (b, c)):
            with connection.transaction():
                links.link(connection, one, other, decided_by="steward", reason="seen")

    found = explained(sandpit, a, c, tenancies=(1,))

    assert reasons(found) == ["by_way_of_others", "not_by_itself"]
    assert (found.path, found.why[0].pairs) == ((), ())
    with pytest.raises(NotFound):
        explained(sandpit, a, b, tenancies=(1,))


def test_a_bar_between_other_members_of_the_groups_is_named(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [b], decided_by="steward", reason="two sisters")
    (c,) = load(sandpit, 3, c=DORIS | {"PostCode": "XX1 1AA"})

    with_bar = explained(sandpit, a, b)
    over = explained(sandpit, a, c)

    assert (with_bar.one_person, reasons(with_bar)[0], with_bar.why[0].pairs) == (False, "barred", ((a, b),))
    assert (with_bar.pair.outcome, with_bar.decisions[0].reason) == ("link", "two sisters")
    assert over.pair.outcome == "link"
    assert [(one.name, one.pairs) for one in over.why] == [
        ("waiting", ((a, c),)),
        ("no_clear_lead", ((b, c),)),
    ]


def test_members_of_a_group_that_speak_against_the_other_record_are_named(sandpit: Sandpit) -> None:
    """A record without a number fits two with verified ones; it is linked with the nearer alone."""
    verified = {"NhsNumberVerificationStatus": "01", "MiddleNames": "Ann", "Gender": "2"}
    doris = {"Surname": "Heritage", "Forename": "Doris", "DateOfBirth": "1946-05-17"} | verified
    home = {"PostCode": "XX1 1AA", "AddressLine1": "1 High Street", "MobileTelephone": "07700 900461"}
    (a,) = load(sandpit, 1, a=doris | home)
    (b,) = load(sandpit, 2, b=doris | home | {"NhsNumber": "9990123454"})
    (c,) = load(sandpit, 3, c=doris | {"NhsNumber": "9991002006"})

    found = explained(sandpit, a, c)

    assert (found.one_person, found.pair.outcome) == (False, "link")
    assert reasons(found) == ["waiting", "not_compatible"]
    assert found.why[1].pairs == ((b, c),)


def test_a_record_that_is_held_is_told_so(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    with sandpit.database.connect() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO patient_index.overlay (patient_detail_id, identity_before) VALUES (%s, '[]')", (b,)
        )
        relink(connection, [b])

    found = explained(sandpit, a, b)

    assert (found.one_person, found.pair.outcome, reasons(found)) == (False, "link", ["held"])


def test_records_that_share_no_blocking_key_are_told_never_to_have_been_compared(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    with sandpit.database.connect() as connection:
        connection.execute("DELETE FROM patient_index.blocking_key")
        connection.execute("UPDATE patient_index.patient_record SET blocking_keys = '{}'")
    (b,) = load(sandpit, 2, b=DORIS)

    found = explained(sandpit, a, b)

    assert (found.one_person, found.pair.outcome, reasons(found)) == (False, "link", ["never_compared"])


def test_a_record_set_apart_by_a_sealed_decision_is_not_there_for_who_may_not_see_it(
    sandpit: Sandpit,
) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [b], decided_by="steward", reason="adoption", sealed=True)

    with pytest.raises(NotFound) as refused:
        explained(sandpit, a, b)
    with pytest.raises(NotFound) as unknown:
        explained(sandpit, a, 999_999)
    found = explained(sandpit, a, b, may_see_sealed=True)

    assert refused.value.detail.replace(str(b), "999999") == unknown.value.detail
    assert refused.value.reason == unknown.value.reason
    assert found.decisions[0].sealed
    assert reasons(found)[0] == "barred"


def test_the_picture_names_what_was_found_and_no_value_of_a_patient(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", **GRACE), patient_line("h", **GRACE))

    found = explained(sandpit, sandpit.detail_id(1, "g"), sandpit.detail_id(1, "h"))
    picture = waterfall(found.pair, title="Records & pictures")

    assert picture.startswith("<svg ")
    assert '<title id="waterfall-title">Records &amp; pictures</title>' in picture
    assert "<desc " in picture
    assert all(one.found in picture for one in found.pair.contributions)
    assert not any(value in picture for value in ("Grace", "GRACE", "Testperson", "TESTPERSON", "2012"))


def test_a_record_that_is_not_there_is_not_found(sandpit: Sandpit) -> None:
    with pytest.raises(NotFound):
        explained(sandpit, 999_998, 999_999)


def test_a_record_is_not_explained_against_itself(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)

    with pytest.raises(BadRequest):
        explained(sandpit, a, a)
