"""Find Patient with Fuzzy: who is found though not all fits, how sure it is, and of whom it never tells."""

from typing import Any

import pytest

from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.samples import further_samples
from carecord.patient_index.matching import LEAST_SCORE
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

SEARCH = FIND_PATIENT.path

DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Doris",
    "MiddleNames": "May",
    "Surname": "Heritage",
    "PreviousSurname": "Arkwright",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
    "AddressLine1": "14 Orchard Close",
    "PostCode": "EV1 2AB",
    "GPCode": "G9999101",
    "GPPracticeCode": "Y99901",
}
NAMED = {"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17"}
"""The shortest search that is enough, all of it right."""


def load_doris(sandpit: Sandpit, **changed: Any) -> str:
    sandpit.load(tenancy_line(1), patient_line("P1", PatientNumber="88213", **(DORIS | changed)))
    return str(sandpit.detail_id(1, "P1"))


def search(sandpit: Sandpit, **criteria: Any) -> list[dict[str, Any]]:
    answer = sandpit.post(SEARCH, {"Fuzzy": True} | criteria)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["PatientsList"]
    return rows


def grades(sandpit: Sandpit, **criteria: Any) -> list[str]:
    return [row["MatchGrade"] for row in search(sandpit, **criteria)]


def refusal(sandpit: Sandpit, **criteria: Any) -> tuple[int, str, list[dict[str, str]]]:
    answer = sandpit.post(SEARCH, {"Fuzzy": True} | criteria)
    problem = answer.json()
    return answer.status_code, problem["detail"], problem["errors"]


@pytest.mark.parametrize(
    ("asked", "grade"),
    [
        pytest.param({}, "certain", id="all right"),
        pytest.param({"Surname": "HERITAGE", "Forename": "dóris"}, "certain", id="case and accents"),
        pytest.param({"Surname": "Heritige"}, "certain", id="surname misspelt"),
        pytest.param({"Surname": "Hertiage"}, "certain", id="letters changed places"),
        pytest.param({"Forename": "Dorris"}, "probable", id="forename misspelt"),
        pytest.param({"Forename": "Dorris", "Surname": "Heritige"}, "probable", id="both misspelt"),
        pytest.param({"Forename": "D"}, "probable", id="initial only"),
        pytest.param({"Forename": "May"}, "probable", id="middle name used as forename"),
        pytest.param({"Forename": "Doris May"}, "certain", id="both given names in one field"),
        pytest.param({"Forename": "Heritage", "Surname": "Doris"}, "probable", id="names swapped"),
        pytest.param({"Surname": "Arkwright"}, "certain", id="former surname"),
        pytest.param({"Surname": "Heritage-Smith"}, "certain", id="half of a double-barrelled surname"),
        pytest.param({"Surname": "Otherwise"}, "probable", id="married since"),
        pytest.param({"DateOfBirth": "1946-05-18"}, "certain", id="a wrong digit in the day"),
        pytest.param({"DateOfBirth": "1964-05-17"}, "certain", id="digits of the year changed places"),
        pytest.param({"DateOfBirth": "1946-01-01"}, "certain", id="1 January for want of a day"),
        pytest.param({"Gender": "2", "PostCode": "EV1 2AB"}, "certain", id="with gender and postcode"),
        pytest.param({"PostCode": "QX9 9ZZ"}, "certain", id="moved house"),
        pytest.param({"Gender": "1"}, "certain", id="gender recorded wrongly"),
    ],
)
def test_asked_and_found(sandpit: Sandpit, asked: dict[str, Any], grade: str) -> None:
    load_doris(sandpit)

    assert grades(sandpit, **(NAMED | asked)) == [grade]


@pytest.mark.parametrize(
    ("recorded", "asked", "grade"),
    [
        ({"Forename": "William"}, {"Forename": "Bill"}, "certain"),
        ({"Forename": "Elizabeth"}, {"Forename": "Betty"}, "certain"),
        ({"DateOfBirth": "1946-05-07"}, {"DateOfBirth": "1946-07-05"}, "certain"),
        ({"Surname": "O'Brien"}, {"Surname": "Obrian"}, "certain"),
        ({"Surname": "Núñez-Hall"}, {"Surname": "Nunez"}, "certain"),
        ({"Surname": "Lukasiewicz"}, {"Surname": "Łukaszewicz"}, "certain"),
    ],
)
def test_short_forms_swapped_days_and_names_of_any_script_are_found(
    sandpit: Sandpit, recorded: dict[str, Any], asked: dict[str, Any], grade: str
) -> None:
    load_doris(sandpit, MiddleNames=None, **recorded)

    assert grades(sandpit, **(NAMED | recorded | asked)) == [grade]


@pytest.mark.parametrize(
    "asked",
    [
        {"Forename": "Albert", "Surname": "Otherwise"},
        {"Forename": "Albert", "DateOfBirth": "1971-11-30"},
        {"Surname": "Otherwise", "DateOfBirth": "1971-11-30"},
        {"Forename": "Albert", "Surname": "Otherwise", "DateOfBirth": "1971-11-30"},
    ],
)
def test_who_has_too_little_in_common_is_not_found(sandpit: Sandpit, asked: dict[str, Any]) -> None:
    load_doris(sandpit)

    assert search(sandpit, **(NAMED | asked)) == []


@pytest.mark.parametrize(
    ("asked", "grade"),
    [
        (
            {"Surname": "Heritage", "DateOfBirth": "1946-05-17", "Gender": "2", "PostCode": "EV1 2AB"},
            "probable",
        ),
        ({"Forename": "Doris", "DateOfBirth": "1946-05-17", "Gender": "2", "PostCode": "EV1 2AB"}, "certain"),
        ({"NhsNumber": "999 012 3454", "DateOfBirth": "1946-05-17"}, "certain"),
        ({"NhsNumber": "9990123454", "Surname": "Heritage"}, "probable"),
        ({"NhsNumber": "9990123454", "Forename": "Doris"}, "probable"),
        ({"NhsNumber": "9990123454", "PostCode": "EV1 2AB"}, "probable"),
    ],
)
def test_what_is_enough_to_search_by_finds(sandpit: Sandpit, asked: dict[str, Any], grade: str) -> None:
    load_doris(sandpit)

    assert grades(sandpit, **asked) == [grade]


def test_the_nhs_number_finds_whatever_else_differs_and_is_not_believed_alone(sandpit: Sandpit) -> None:
    load_doris(sandpit)

    (row,) = search(sandpit, NhsNumber="9990123454", Forename="Albert", DateOfBirth="1971-11-30")

    assert row["MatchGrade"] == "possible"
    assert float(row["MatchScore"]) < LEAST_SCORE


TOO_LITTLE = (
    "Too little to search by with Fuzzy: give Forename, Surname and DateOfBirth; or Surname, DateOfBirth, "
    "Gender and PostCode; or Forename, DateOfBirth, Gender and PostCode; or NhsNumber with Surname, "
    "Forename, DateOfBirth or PostCode."
)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Surname": "Heritage"},
        {"Surname": "Heritage", "Forename": "Doris"},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-17"},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-17", "Forename": " "},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-17", "Gender": "2"},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-17", "PostCode": "EV1 2AB"},
        {"Surname": "Heritage", "Forename": "Doris", "Gender": "2", "PostCode": "EV1 2AB"},
        {"NhsNumber": "9990123454"},
        {"NhsNumber": "9990123454", "Gender": "2"},
        {"PatientNumber": "88213"},
        {"PatientListId": 41},
    ],
)
def test_too_little_is_refused_and_the_refusal_says_what_would_do(
    sandpit: Sandpit, asked: dict[str, Any]
) -> None:
    assert refusal(sandpit, **asked) == (400, TOO_LITTLE, [])


@pytest.mark.parametrize(
    ("asked", "field", "message"),
    [
        ({"Surname": "Herit*"}, "Surname", "must not hold the wildcard * in a fuzzy search"),
        ({"Forename": "D*"}, "Forename", "must not hold the wildcard * in a fuzzy search"),
        ({"PostCode": "EV*"}, "PostCode", "must not hold the wildcard * in a fuzzy search"),
        ({"NhsNumber": "9990123455"}, "NhsNumber", "must be ten digits whose check digit holds"),
        ({"DateOfBirth": "1946-02-30"}, "DateOfBirth", "must be a day, YYYY-MM-DD"),
    ],
)
def test_a_bad_value_is_refused_by_field_and_rule(
    sandpit: Sandpit, asked: dict[str, Any], field: str, message: str
) -> None:
    assert refusal(sandpit, **(NAMED | asked)) == (
        400,
        "The body breaks a rule.",
        [{"field": field, "message": message}],
    )


def test_the_best_comes_first_with_score_and_grade_and_the_total_counts_all(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(1),
        patient_line("far", **{**NAMED, "Surname": "Otherwise"}),
        patient_line("near", **{**NAMED, "Surname": "Heritige"}),
        patient_line("same", **NAMED),
        patient_line("none", Forename="Albert", Surname="Otherwise", DateOfBirth="1971-11-30"),
    )

    answer = sandpit.post(SEARCH, {"Fuzzy": True} | NAMED).json()

    rows = answer["PatientsList"]
    assert [row["PatientNumbers"][0]["PatientNumber"] for row in rows] == ["N-same", "N-near", "N-far"]
    scores = [float(row["MatchScore"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert answer["TotalItemCount"] == 3


def test_pages_go_down_the_ranking_and_end_after_fifty_rows(sandpit: Sandpit) -> None:
    # Each record has a number of its own, so that each is of another person.
    sandpit.load(
        tenancy_line(1),
        *(patient_line(f"P{place:02}", **NAMED, Gender="12"[place % 2]) for place in range(60)),
    )
    fuzzily = {"Fuzzy": True, "PageSize": 20} | NAMED

    pages = [sandpit.post(SEARCH, fuzzily | {"PageNumber": number}).json() for number in (1, 2, 3, 4)]

    assert [len(page["PatientsList"]) for page in pages] == [20, 20, 10, 0]
    assert {page["TotalItemCount"] for page in pages} == {60}
    shown = [row["PatientDetailId"] for page in pages for row in page["PatientsList"]]
    assert len(set(shown)) == 50


def test_the_records_of_one_person_stand_together_and_share_the_best_score(sandpit: Sandpit) -> None:
    married = DORIS | {"Surname": "Otherwise", "PreviousSurname": None}
    sandpit.load(tenancy_line(1), patient_line("P1", **DORIS))
    sandpit.load(tenancy_line(2), patient_line("A1", **married))
    sandpit.load(
        tenancy_line(3), patient_line("M1", Forename="Doris", Surname="Heritige", DateOfBirth="1946-05-18")
    )

    rows = search(sandpit, **NAMED)

    first, second, third = rows
    assert [first["TenancyId"], second["TenancyId"]] == [1, 2]
    assert (first["MatchScore"], first["MatchGrade"]) == (second["MatchScore"], second["MatchGrade"])
    assert [one["PatientDetailId"] for one in first["LinkedPatients"]] == [second["PatientDetailId"]]
    assert float(third["MatchScore"]) < float(first["MatchScore"])


def test_two_who_fit_alike_are_neither_certain(sandpit: Sandpit) -> None:
    one = {"NhsNumber": "9990123454", "NhsNumberVerificationStatus": "01"}
    other = {"NhsNumber": "9991002006", "NhsNumberVerificationStatus": "01"}
    sandpit.load(tenancy_line(1), patient_line("P1", **NAMED, **one), patient_line("P2", **NAMED, **other))

    assert grades(sandpit, **NAMED) == ["probable", "probable"]
    assert grades(sandpit, **NAMED, NhsNumber="9990123454")[0] == "certain"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"Forename": "Dawn", "PostCode": "EV1 2AB", "Gender": "2"}, id="the other twin"),
        pytest.param({"NhsNumber": "9991002006", "PostCode": "QX9 9ZZ"}, id="another NHS number"),
        pytest.param(
            {"NhsNumber": "9990123454", "DateOfBirth": "1971-11-30"}, id="the number, another birth date"
        ),
        pytest.param(
            {"NhsNumber": "9990123454", "Forename": "Albert", "Gender": "1"}, id="the number, a brother"
        ),
        pytest.param({"Forename": None, "Gender": "2", "PostCode": "EV1 2AB"}, id="either twin"),
    ],
)
def test_nobody_is_certain_whom_a_guard_would_not_let_link(sandpit: Sandpit, asked: dict[str, Any]) -> None:
    load_doris(sandpit)

    assert "certain" not in grades(sandpit, **(NAMED | asked))


def test_a_twin_whose_name_is_spelt_alike_is_not_certain(sandpit: Sandpit) -> None:
    twins = {"Surname": "Khan", "DateOfBirth": "2015-05-17"}
    amina = {"Forename": "Amina", "NhsNumber": "9990123454", "NhsNumberVerificationStatus": "01"}
    sandpit.load(tenancy_line(1), patient_line("P1", **twins, **amina))

    assert grades(sandpit, **twins, Forename="Amira") == ["probable"]
    assert grades(sandpit, **twins, Forename="Amina") == ["certain"]
    assert grades(sandpit, **twins, Forename="Amira", NhsNumber="9990123454") == ["certain"]


def test_a_person_is_not_certain_while_another_record_of_theirs_speaks_against_it(sandpit: Sandpit) -> None:
    asked = NAMED | {"NhsNumber": "9991002006"}
    sandpit.load(tenancy_line(2), patient_line("A1", **(NAMED | {"PostCode": "EV1 2AB", "Gender": "2"})))
    assert grades(sandpit, **asked) == ["certain"]

    sandpit.load(tenancy_line(1), patient_line("P1", **(DORIS | {"PostCode": "EV1 2AB"})))

    rows = search(sandpit, **asked)
    assert [len(row["LinkedPatients"]) for row in rows] == [1, 1]
    assert {row["MatchGrade"] for row in rows} == {"probable"}


@pytest.mark.parametrize(
    "asked",
    [{"PostCode": "EV1 2AB"}, {"PostCode": "QX9 9ZZ"}, {"GPCode": "G9999101"}, {"GPPracticeCode": "Y99901"}],
)
def test_a_sensitive_address_is_neither_found_by_nor_told_by_its_absence(
    sandpit: Sandpit, asked: dict[str, Any]
) -> None:
    load_doris(sandpit, SensitiveAddress="Yes")

    (row,) = search(sandpit, **NAMED)

    assert (row["PostCode"], row["AddressLine1"], row["GPCode"], row["GPPracticeCode"]) == (None,) * 4
    assert search(sandpit, **NAMED, **asked) == []


REFUSED = {
    "SharingType": "Local shared record",
    "Status": "Refused",
    "Scope": "Whole record",
    "StatusDate": "2024-01-01T00:00:00",
}


def test_a_record_whose_sharing_is_refused_is_neither_shown_nor_ranked_by(sandpit: Sandpit) -> None:
    load_doris(sandpit)
    sandpit.load(
        tenancy_line(2),
        patient_line("A1", **(DORIS | {"Surname": "Otherwise", "PreviousSurname": None})),
        entry_line("A1", "SharingStatusList", REFUSED),
    )

    (shown,) = search(sandpit, **NAMED)
    # The hidden record alone has this name: the person is found by what is left, as if it was not there.
    (by_hidden_name,) = search(sandpit, **(NAMED | {"Surname": "Otherwise"}))

    assert (shown["TenancyId"], shown["LinkedPatients"], shown["MatchGrade"]) == (1, [], "certain")
    assert (by_hidden_name["TenancyId"], by_hidden_name["MatchGrade"]) == (1, "probable")


def test_a_client_is_told_of_its_own_sources_only(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", **DORIS))
    sandpit.load(tenancy_line(2), patient_line("A1", **DORIS), patient_line("A2", **NAMED, Gender="1"))
    secret = sandpit.add_client("narrow", tenancies=[1])
    headers = sandpit.headers_of("narrow", secret, sandpit.subscribe("narrow").primary_key)

    answer = sandpit.post(SEARCH, {"Fuzzy": True} | NAMED, headers=headers).json()

    assert answer["TotalItemCount"] == 1
    (row,) = answer["PatientsList"]
    assert (row["TenancyId"], row["LinkedPatients"], row["MatchGrade"]) == (1, [], "certain")


@pytest.mark.parametrize(
    ("narrowing", "found"),
    [
        ({"PatientTenancyId": 1}, 1),
        ({"PatientTenancyId": 2}, 0),
        ({"PatientNumber": "88213"}, 1),
        ({"PatientNumber": "88214"}, 0),
        ({"GPCode": "G9999101"}, 1),
        ({"GPPracticeCode": "Y99902"}, 0),
    ],
)
def test_other_criteria_narrow_a_fuzzy_search(
    sandpit: Sandpit, narrowing: dict[str, Any], found: int
) -> None:
    load_doris(sandpit)

    assert len(search(sandpit, **(NAMED | {"Surname": "Heritige"}), **narrowing)) == found


def test_a_superseded_nhs_number_is_asked_for_by_its_successor(sandpit: Sandpit) -> None:
    load_doris(sandpit)
    with sandpit.database.connect() as connection:
        connection.execute(
            "INSERT INTO patient_index.nhs_number_alias (superseded, current, told_by)"
            " VALUES ('9991002006', '9990123454', 'test')"
        )

    assert grades(sandpit, NhsNumber="9991002006", DateOfBirth="1946-05-17") == ["certain"]


def test_a_record_that_waits_for_a_steward_is_never_certain(sandpit: Sandpit) -> None:
    patient_detail_id = load_doris(sandpit)
    with sandpit.database.connect() as connection:
        connection.execute(
            "INSERT INTO patient_index.overlay (patient_detail_id, identity_before) VALUES (%s, '[]')",
            (patient_detail_id,),
        )

    assert grades(sandpit, **NAMED) == ["probable"]


def test_a_row_is_that_of_the_plain_search_with_score_and_grade_after_it(sandpit: Sandpit) -> None:
    load_doris(sandpit)

    (plain,) = sandpit.post(SEARCH, NAMED).json()["PatientsList"]
    (fuzzy,) = search(sandpit, **NAMED)

    assert "MatchScore" not in plain
    assert list(fuzzy) == [*plain, "MatchScore", "MatchGrade"]
    assert fuzzy == plain | {"MatchScore": "1.0000", "MatchGrade": "certain"}
    assert sandpit.post(SEARCH, NAMED | {"Fuzzy": False}).json()["PatientsList"] == [plain]


def test_without_all_demographics_a_row_only_identifies(sandpit: Sandpit) -> None:
    load_doris(sandpit)

    (row,) = search(sandpit, **NAMED, AllDemographics=False)

    assert (row["PostCode"], row["PatientNumbers"], row["MatchGrade"]) == (None, [], "certain")


def test_the_audit_names_every_record_shown_and_its_source(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", **DORIS))
    sandpit.load(tenancy_line(2), patient_line("A1", **DORIS))
    ids = [sandpit.detail_id(1, "P1"), sandpit.detail_id(2, "A1")]

    search(sandpit, **(NAMED | {"Surname": "Heritige"}))

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT event, operation_id, patient_detail_ids, tenancies, outcome FROM audit.event"
            " WHERE operation_id IS NOT NULL"
        ).fetchall()
    assert rows == [("patient.searched", "PatientSearch_Search", ids, [1, 2], "allowed")]


def test_no_refusal_repeats_what_was_searched_by(sandpit: Sandpit) -> None:
    answer = sandpit.post(SEARCH, {"Fuzzy": True, "Surname": "Heritage-of-nobody*", "Forename": "Doris"})

    assert answer.status_code == 400
    assert "Heritage-of-nobody" not in answer.text


def test_the_fuzzy_sample_is_answered_as_it_is_printed(sandpit: Sandpit) -> None:
    (sample,) = further_samples(FIND_PATIENT)
    load_doris(sandpit, PreviousSurname=None, PostCode="ZZ99 3CZ")

    (row,) = search(sandpit, **sample.body)

    assert row["MatchGrade"] == sample.item["MatchGrade"]
    assert float(row["MatchScore"]) == pytest.approx(float(sample.item["MatchScore"]), abs=0.01)
