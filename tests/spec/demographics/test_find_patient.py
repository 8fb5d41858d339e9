"""Find Patient: what each criterion finds, what a row shows, and what is too little or wrong to search by."""

from typing import Any

import pytest

from carecord.bundles_api.find_patient import read_search
from carecord.kernel.errors import BadRequest
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

SEARCH = "/demographics/patients/search"

DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Title": "Mrs",
    "Forename": "Doris",
    "MiddleNames": "May",
    "Surname": "Heritage",
    "PreferredName": "Dot",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
    "AddressLine1": "14 Orchard Close",
    "AddressLine2": "Hartley",
    "AddressLine3": "Eastvale",
    "PostCode": "ZZ99 3CZ",
    "GPCode": "G9999101",
    "GPName": "Dr A Sen",
    "GPPracticeCode": "Y99901",
    "GPPracticeName": "Millbrook Surgery",
}
MILLBROOK = "Millbrook Surgery (GP record)"
EASTVALE = "Eastvale Hospitals NHS Trust (Acute)"


def load_doris(sandpit: Sandpit) -> tuple[str, str]:
    """Two linked records of one person; gives their patient detail IDs."""
    sandpit.load(tenancy_line(1, MILLBROOK), patient_line("P1", PatientNumber="88213", **DORIS))
    sandpit.load(
        tenancy_line(2, EASTVALE, "Acute"),
        patient_line("A1", PatientNumber="E104477", **DORIS) | {"MinorNumbers": ["E098112"]},
    )
    return str(sandpit.detail_id(1, "P1")), str(sandpit.detail_id(2, "A1"))


def load_names(sandpit: Sandpit, *names: tuple[str, str]) -> None:
    """One unlinked record for each forename and surname."""
    people = [
        patient_line(f"P{place}", Forename=forename, Surname=surname)
        for place, (forename, surname) in enumerate(names)
    ]
    sandpit.load(tenancy_line(1), *people)


def search(sandpit: Sandpit, **criteria: Any) -> list[dict[str, Any]]:
    answer = sandpit.post(SEARCH, criteria)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == ["PatientsList", "TotalItemCount"]
    assert body["TotalItemCount"] == len(body["PatientsList"])
    rows: list[dict[str, Any]] = body["PatientsList"]
    return rows


def surnames(sandpit: Sandpit, **criteria: Any) -> list[str]:
    return [row["Surname"] for row in search(sandpit, **criteria)]


def refusal(sandpit: Sandpit, body: Any) -> tuple[int, str, list[dict[str, str]]]:
    answer = sandpit.post(SEARCH, body)
    problem = answer.json()
    return answer.status_code, problem["detail"], problem["errors"]


def test_the_known_sample_request_finds_one_row_for_each_source_record(sandpit: Sandpit) -> None:
    gp, acute = load_doris(sandpit)

    rows = search(sandpit, AllTenancies=True, Surname="Heritage")

    assert [(row["PatientDetailId"], row["TenancyDescription"]) for row in rows] == [
        (gp, MILLBROOK),
        (acute, EASTVALE),
    ]
    assert rows[1] == {
        "PatientDetailId": acute,
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
        "Title": "Mrs",
        "Forename": "Doris",
        "MiddleNames": "May",
        "Surname": "Heritage",
        "PreferredName": "Dot",
        "DateOfBirth": "1946-05-17",
        "DateOfDeath": None,
        "Gender": "2",
        "AddressLine1": "14 Orchard Close",
        "AddressLine2": "Hartley",
        "AddressLine3": "Eastvale",
        "AddressLine4": None,
        "AddressLine5": None,
        "PostCode": "ZZ99 3CZ",
        "GPCode": "G9999101",
        "GPName": "Dr A Sen",
        "GPPracticeCode": "Y99901",
        "GPPracticeName": "Millbrook Surgery",
        "PatientNumbers": [{"PatientNumber": "E104477", "NumberType": None, "IsMinor": "No"}],
        "TenancyId": 2,
        "TenancyDescription": EASTVALE,
        "LinkedPatients": [
            {
                "PatientDetailId": gp,
                "TenancyDescription": MILLBROOK,
                "PatientNumber": "88213",
                "NhsNumber": "9990123454",
            }
        ],
    }


@pytest.mark.parametrize(
    "criteria",
    [
        {"NhsNumber": "9990123454"},
        {"NhsNumber": " 999 012 3454 "},
        {"NhsNumber": "999-012-3454"},
        {"PatientNumber": "88213"},
        {"Surname": "herit"},
        {"Surname": "HERITAGE", "Forename": "dor"},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-17"},
        {"Surname": "Heritage", "Gender": "2"},
        {"Surname": "Heritage", "Gender": "Female"},
        {"Surname": "Heritage", "GPCode": "G9999101"},
        {"Surname": "Heritage", "GPPracticeCode": "Y99901"},
        {"Surname": "Heritage", "PostCode": "zz993"},
        {"Surname": "Heritage", "PostCode": "ZZ 99 3CZ"},
        {"Surname": "Heritage", "PatientTenancyId": 1},
        {"Surname": "Heritage", "Forename": "", "PostCode": "  ", "NhsNumber": None},
    ],
)
def test_a_record_that_meets_every_criterion_is_found(sandpit: Sandpit, criteria: dict[str, Any]) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", PatientNumber="88213", **DORIS))

    assert surnames(sandpit, **criteria) == ["Heritage"]


@pytest.mark.parametrize(
    "criteria",
    [
        {"NhsNumber": "9991002006"},
        {"PatientNumber": "8821"},
        {"PatientNumber": "E098112"},
        {"Surname": "eritage"},
        {"Surname": "Heritages"},
        {"Surname": "Heritage", "Forename": "May"},
        {"Surname": "Heritage", "DateOfBirth": "1946-05-18"},
        {"Surname": "Heritage", "Gender": "male"},
        {"Surname": "Heritage", "Gender": "X"},
        {"Surname": "Heritage", "GPCode": "G99991"},
        {"Surname": "Heritage", "GPPracticeCode": "Y9990"},
        {"Surname": "Heritage", "PostCode": "ZZ99 4"},
        {"Surname": "Heritage", "PatientTenancyId": 2},
        {"NhsNumber": "9990123454", "Surname": "Archer"},
        {"PatientListId": 1},
    ],
)
def test_a_record_that_misses_one_criterion_is_not_found(sandpit: Sandpit, criteria: dict[str, Any]) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", PatientNumber="88213", **DORIS))

    assert search(sandpit, **criteria) == []


@pytest.mark.parametrize(
    ("surname", "asked"),
    [
        ("O'Brien", "OBRIEN"),
        ("O’Brien", "o'b"),
        ("Obrien", "O’Brien"),
        ("Smith-Jones", "smith jones"),
        ("Smith Jones", "Smith-J"),
        ("Núñez", "nunez"),
        ("Nunez", "NÚÑEZ"),
        ("de la Cruz", "DeLaCruz"),
        ("Łukasiewicz", "lukas"),
        ("Groß", "gross"),
    ],
)
def test_names_are_compared_without_case_accents_apostrophes_hyphens_and_spaces(
    sandpit: Sandpit, surname: str, asked: str
) -> None:
    load_names(sandpit, ("Alex", surname))

    assert surnames(sandpit, Surname=asked, Forename="ALÉX") == [surname]


def test_a_surname_is_found_by_its_start_and_not_by_what_sorts_near_it(sandpit: Sandpit) -> None:
    load_names(sandpit, ("A", "Herit"), ("A", "Heritage"), ("A", "Heriz"), ("A", "Heris"), ("A", "Heri9"))

    assert surnames(sandpit, Surname="Herit") == ["Herit", "Heritage"]


def test_rows_come_by_surname_forename_date_of_birth_and_detail_id(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(1),
        patient_line("1", Surname="Testb", Forename="A", DateOfBirth="1990-01-01"),
        patient_line("2", Surname="Testa", Forename="B", DateOfBirth="1990-01-01"),
        patient_line("3", Surname="Testa", Forename="A"),
        patient_line("4", Surname="Testa", Forename="A", DateOfBirth="1990-01-02"),
        patient_line("5", Surname="Testa", Forename="A", DateOfBirth="1990-01-01"),
        patient_line("6", Surname="Testa", Forename="A", DateOfBirth="1990-01-01"),
    )

    rows = search(sandpit, Surname="Test")

    assert [row["PatientNumbers"][0]["PatientNumber"][2:] for row in rows] == ["5", "6", "4", "3", "2", "1"]


def test_pages_are_stable_and_the_total_is_that_of_all_pages(sandpit: Sandpit) -> None:
    load_names(sandpit, *[("Alex", f"Test{letter}") for letter in "GFEDCBA"], ("Alex", "Other"))

    pages = [
        sandpit.post(SEARCH, {"Surname": "Test", "PageNumber": number, "PageSize": 3}).json()
        for number in (1, 2, 3, 4)
    ]

    assert [[row["Surname"][-1] for row in page["PatientsList"]] for page in pages] == [
        ["A", "B", "C"],
        ["D", "E", "F"],
        ["G"],
        [],
    ]
    assert [page["TotalItemCount"] for page in pages] == [7, 7, 7, 7]


def test_a_page_holds_25_rows_unless_more_are_asked_for(sandpit: Sandpit) -> None:
    load_names(sandpit, *[("Alex", f"Test{place:02}") for place in range(30)])

    short = sandpit.post(SEARCH, {"Surname": "Test"}).json()
    long = sandpit.post(SEARCH, {"Surname": "Test", "PageSize": 200}).json()

    assert (len(short["PatientsList"]), short["TotalItemCount"]) == (25, 30)
    assert (len(long["PatientsList"]), long["TotalItemCount"]) == (30, 30)


def test_without_all_demographics_a_row_only_identifies(sandpit: Sandpit) -> None:
    gp, acute = load_doris(sandpit)

    (row,) = search(sandpit, PatientNumber="E104477", AllDemographics=False)

    shown = {name: value for name, value in row.items() if value not in (None, [])}
    assert shown == {
        "PatientDetailId": acute,
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
        "Title": "Mrs",
        "Forename": "Doris",
        "MiddleNames": "May",
        "Surname": "Heritage",
        "PreferredName": "Dot",
        "DateOfBirth": "1946-05-17",
        "Gender": "2",
        "TenancyId": 2,
        "TenancyDescription": EASTVALE,
        "LinkedPatients": [
            {
                "PatientDetailId": gp,
                "TenancyDescription": MILLBROOK,
                "PatientNumber": None,
                "NhsNumber": "9990123454",
            }
        ],
    }


def test_minor_numbers_are_searched_and_shown_only_when_asked_for(sandpit: Sandpit) -> None:
    load_doris(sandpit)

    assert search(sandpit, PatientNumber="E098112") == []
    (row,) = search(sandpit, PatientNumber="E098112", RetrieveMinorNumbers=True)
    assert row["PatientNumbers"] == [
        {"PatientNumber": "E104477", "NumberType": None, "IsMinor": "No"},
        {"PatientNumber": "E098112", "NumberType": None, "IsMinor": "Yes"},
    ]


def test_a_number_that_changed_finds_the_same_record_and_the_old_one_becomes_minor(
    sandpit: Sandpit,
) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", PatientNumber="OLD", **DORIS))
    before = search(sandpit, PatientNumber="OLD")[0]["PatientDetailId"]

    sandpit.load(tenancy_line(1), patient_line("P1", PatientNumber="NEW", **DORIS))

    assert [row["PatientDetailId"] for row in search(sandpit, PatientNumber="NEW")] == [before]
    assert search(sandpit, PatientNumber="OLD") == []
    assert [
        row["PatientDetailId"] for row in search(sandpit, PatientNumber="OLD", RetrieveMinorNumbers=True)
    ] == [before]


@pytest.mark.parametrize("status", ["Merged", "Closed"])
def test_a_record_that_its_source_merged_or_closed_is_still_found(sandpit: Sandpit, status: str) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", RecordStatus=status))

    assert surnames(sandpit, Surname="Testperson") == ["Testperson"]


def test_a_sensitive_address_is_neither_shown_nor_found_by(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1", SensitiveAddress="Yes", **DORIS))

    (row,) = search(sandpit, NhsNumber="9990123454")
    withheld = [name for name in DORIS if row[name] is None]

    assert withheld == [
        "AddressLine1",
        "AddressLine2",
        "AddressLine3",
        "PostCode",
        "GPCode",
        "GPName",
        "GPPracticeCode",
        "GPPracticeName",
    ]
    for criterion in ("PostCode", "GPCode", "GPPracticeCode"):
        assert search(sandpit, Surname="Heritage", **{criterion: DORIS[criterion]}) == []


def test_a_record_whose_sharing_is_refused_is_nowhere_in_the_answer(sandpit: Sandpit) -> None:
    gp, _ = load_doris(sandpit)
    sandpit.load(
        tenancy_line(2, EASTVALE),
        entry_line(
            "A1",
            "SharingStatusList",
            {
                "SharingType": "Local shared record",
                "Status": "Refused",
                "Scope": "Whole record",
                "StatusDate": "2024-01-01T00:00:00",
            },
        ),
    )

    (row,) = search(sandpit, Surname="Heritage")

    assert (row["PatientDetailId"], row["LinkedPatients"]) == (gp, [])
    assert search(sandpit, PatientNumber="E104477") == []


def test_a_client_finds_and_counts_only_records_of_its_sources(sandpit: Sandpit) -> None:
    gp, _ = load_doris(sandpit)
    secret = sandpit.add_client("narrow", tenancies=[1])
    headers = sandpit.headers_of("narrow", secret, sandpit.subscribe("narrow").primary_key)

    for body in ({"Surname": "Heritage"}, {"Surname": "Heritage", "AllTenancies": True}):
        answer = sandpit.post(SEARCH, body, headers=headers).json()
        assert answer["TotalItemCount"] == 1
        assert [(row["PatientDetailId"], row["LinkedPatients"]) for row in answer["PatientsList"]] == [
            (gp, [])
        ]
    other = sandpit.post(SEARCH, {"Surname": "Heritage", "PatientTenancyId": 2}, headers=headers)
    assert other.json() == {"PatientsList": [], "TotalItemCount": 0}


def test_the_audit_names_every_record_shown_and_its_source(sandpit: Sandpit) -> None:
    gp, acute = load_doris(sandpit)

    sandpit.post(SEARCH, {"PatientNumber": "88213"})

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT event, operation_id, patient_detail_ids, tenancies, outcome FROM audit.event"
            " WHERE operation_id IS NOT NULL"
        ).fetchall()
    # The linked record is shown with its numbers, so it was seen too.
    assert rows == [("patient.searched", "PatientSearch_Search", [int(gp), int(acute)], [1, 2], "allowed")]


def test_only_patients_on_the_list_are_found_by_its_id(sandpit: Sandpit) -> None:
    worklist = {
        "WorklistId": "ward-4b",
        "Name": "Ward 4B",
        "WorklistType": "Static",
        "PatientListId": 41,
        "ColumnDefinition": [],
        "Rows": [{"SourcePatientId": "P0"}, {"SourcePatientId": "P2"}],
    }
    load_names(sandpit, ("A", "Testa"), ("A", "Testb"), ("A", "Testc"))
    loaded = sandpit.load(tenancy_line(1), {"Worklist": worklist})
    assert loaded.rejected == 0

    assert surnames(sandpit, PatientListId=41) == ["Testa", "Testc"]
    assert surnames(sandpit, PatientListId=41, Surname="Testc") == ["Testc"]
    assert surnames(sandpit, PatientListId=42) == []


def test_who_refused_to_share_worklists_is_not_found_by_their_lists(sandpit: Sandpit) -> None:
    worklist = {
        "WorklistId": "ward-4b",
        "Name": "Ward 4B",
        "WorklistType": "Static",
        "PatientListId": 41,
        "ColumnDefinition": [],
        "Rows": [{"SourcePatientId": "P0"}, {"SourcePatientId": "P1"}],
    }
    refusal = {"SharingType": "Local shared record", "Status": "Refused", "Scope": "Worklists"}
    load_names(sandpit, ("A", "Testa"), ("A", "Testb"))
    loaded = sandpit.load(
        tenancy_line(1), {"Worklist": worklist}, entry_line("P1", "SharingStatusList", refusal)
    )
    assert loaded.rejected == 0

    assert surnames(sandpit, PatientListId=41) == ["Testa"]
    assert surnames(sandpit, Surname="Testb", Forename="A") == ["Testb"]


LIST_REFUSED = "To search by PatientListId the token needs the scope worklists.read and the key its bundle."


def test_a_list_is_searched_only_by_those_who_may_read_worklists(sandpit: Sandpit) -> None:
    secret = sandpit.add_client("finder", scopes=["demographics.read"])
    headers = sandpit.headers_of("finder", secret, sandpit.subscribe("finder").primary_key)

    answer = sandpit.post(SEARCH, {"PatientListId": 41}, headers=headers)

    assert answer.status_code == 403
    assert answer.json()["detail"] == LIST_REFUSED


def test_a_list_is_searched_only_with_a_key_that_opens_worklists(sandpit: Sandpit) -> None:
    secret = sandpit.add_client("finder", scopes=["demographics.read", "worklists.read"])
    key = sandpit.subscribe("finder", bundles=["demographics"]).primary_key

    answer = sandpit.post(SEARCH, {"PatientListId": 41}, headers=sandpit.headers_of("finder", secret, key))

    assert answer.status_code == 403
    assert answer.json()["detail"] == LIST_REFUSED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"AllTenancies": True, "AllDemographics": True},
        {"DateOfBirth": "1946-05-17"},
        {"Forename": "Doris", "PostCode": "ZZ99 3CZ", "GPPracticeCode": "Y99901", "Gender": "2"},
        {"PatientTenancyId": 1},
        {"Surname": " ", "NhsNumber": ""},
    ],
)
def test_too_little_to_search_by_is_refused_with_what_would_do(
    sandpit: Sandpit, body: dict[str, Any]
) -> None:
    assert refusal(sandpit, body) == (
        400,
        "Too little to search by: give NhsNumber, PatientNumber, PatientListId, or Surname.",
        [],
    )


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"NhsNumber": "9990123455"}, "NhsNumber", "must be ten digits whose check digit holds"),
        ({"NhsNumber": "12345"}, "NhsNumber", "must be ten digits whose check digit holds"),
        ({"DateOfBirth": "17/05/1946"}, "DateOfBirth", "must be a day, YYYY-MM-DD"),
        ({"DateOfBirth": "1946-02-30"}, "DateOfBirth", "must be a day, YYYY-MM-DD"),
        ({"Gender": "F"}, "Gender", "must be one of: 1, 2, 9, X, male, female"),
        ({"Surname": "'"}, "Surname", "must hold a letter or a digit"),
        ({"PostCode": "-"}, "PostCode", "must hold a letter or a digit"),
        ({"Forename": "A" * 101}, "Forename", "must not be longer than 100 characters"),
        ({"PatientNumber": "8\u00001"}, "PatientNumber", "must not hold the character U+0000"),
        ({"PageNumber": 0}, "PageNumber", "must be a whole number from 1 to 1000000"),
        ({"PageSize": 201}, "PageSize", "must be a whole number from 1 to 200"),
        ({"PageSize": -1}, "PageSize", "must be a whole number from 1 to 200"),
        ({"PageSize": "25"}, "PageSize", "expected `int | null`, got `str`"),
        ({"Surname": 7}, "Surname", "expected `str | null`, got `int`"),
        ({"AllTenancies": "true"}, "AllTenancies", "expected `bool | null`, got `str`"),
        ({"PatientListId": 2**31}, "PatientListId", "expected `int` <= 2147483647"),
        ({"SurName": "Heritage"}, "SurName", "is no field of this body"),
    ],
)
def test_a_bad_value_is_refused_by_field_and_rule(
    sandpit: Sandpit, body: dict[str, Any], field: str, message: str
) -> None:
    assert refusal(sandpit, {"Surname": "Heritage"} | body) == (
        400,
        "The body breaks a rule.",
        [{"field": field, "message": message}],
    )


def test_every_field_at_fault_is_named_at_once(sandpit: Sandpit) -> None:
    _, _, errors = refusal(sandpit, {"NhsNumber": "1", "DateOfBirth": "x", "PageNumber": 0})

    assert [error["field"] for error in errors] == ["DateOfBirth", "NhsNumber", "PageNumber"]


@pytest.mark.parametrize(
    "text", ["", "Surname=Heritage", "[]", "null", '"Heritage"', '{"Surname": "\\ud800"}', "[" * 100_000]
)
def test_a_body_that_is_no_json_object_is_refused(sandpit: Sandpit, text: str) -> None:
    headers = sandpit.headers | {"Content-Type": "application/json"}

    answer = sandpit.http.post(SEARCH, content=text, headers=headers)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_criteria_in_the_query_are_refused(sandpit: Sandpit) -> None:
    answer = sandpit.post(f"{SEARCH}?PageSize=5", {"Surname": "Heritage"})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "PageSize", "message": "is no parameter of this operation"}]


def test_a_surname_alone_is_enough_only_where_browsing_is_allowed() -> None:
    alone = b'{"Surname": "Heritage", "Gender": "2", "PatientTenancyId": 1}'

    assert read_search(alone, browse_by_surname=True).criteria.surname == "HERITAGE"
    with pytest.raises(BadRequest) as refused:
        read_search(alone, browse_by_surname=False)
    assert refused.value.detail == (
        "Too little to search by: give NhsNumber, PatientNumber, PatientListId, or Surname with one of "
        "Forename, DateOfBirth, PostCode, GPPracticeCode."
    )


@pytest.mark.parametrize(
    "with_surname",
    [b'"Forename":"D"', b'"DateOfBirth":"1946-05-17"', b'"PostCode":"Z"', b'"GPPracticeCode":"Y99901"'],
)
def test_a_surname_with_one_more_of_these_is_enough(with_surname: bytes) -> None:
    read_search(b'{"Surname":"Heritage",%b}' % with_surname, browse_by_surname=False)


def test_no_refusal_repeats_what_was_searched_by(sandpit: Sandpit) -> None:
    value = "Heritage-of-nobody"

    for body in ({"DateOfBirth": value}, {"Gender": value}, {"NhsNumber": value}, {"Forename": value}):
        answer = sandpit.post(SEARCH, body)
        assert answer.status_code == 400
        assert value not in answer.text
