"""Lines that break a rule: each costs itself, and the reject file says which field broke which rule."""

import json
from typing import Any

import pytest

from carecord.catalogue.pathology import PATHOLOGY_RESULTS
from carecord.catalogue.samples import sample_of
from carecord.ingest import feed_files
from tests.spec.feeds.conftest import Feeds
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(1)
ASPIRIN = {"Date": "2021-11-04T00:00:00", "Rubric": "ASPIRIN disp tabs 75mg"}
PROBLEM = {"Date": "1994-06-01T00:00:00", "Rubric": "Acute appendicitis"}
REPEATS = "GpRepeatMedicationsList"
NOT_A_TIME = "must be UK local time, YYYY-MM-DDTHH:MM:SS, without offset"


def repeat(**changes: Any) -> dict[str, Any]:
    return entry_line("P1", REPEATS, ASPIRIN | changes)


def past_problem(**changes: Any) -> dict[str, Any]:
    return entry_line("P1", "PastProblemsCollection", PROBLEM | {"EndDate": "1994-07-15T00:00:00"} | changes)


def without(line: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in names}


BAD_LINES: dict[str, tuple[dict[str, Any] | bytes, str, str]] = {
    # The line itself.
    "half a line": (b'{"SourcePatientId": "P1", "Coll', "line", "must be one JSON object"),
    "no JSON": (b"SourcePatientId,Collection", "line", "must be one JSON object"),
    "two objects": (b"{} {}", "line", "must be one JSON object"),
    "an array": (b"[]", "line", "expected `object`, got `array`"),
    "null": (b"null", "line", "expected `object`, got `null`"),
    "no UTF-8": (
        b'{"SourcePatientId": "P1", "Patient": {"PatientNumber": "7", "Surname": "M\xfcller"}}',
        "Item",
        "must be JSON",
    ),
    "half a character": (json.dumps(repeat(Dosage="\ud800")).encode(), "line", "must be one JSON object"),
    "a NUL": (repeat(Dosage="one\0two"), "line", "must not hold the character U+0000"),
    "nesting without end": (b'{"Patient": ' + b"[" * 100_000, "line", "is nested too deep"),
    # Which kind of line it is.
    "no known kind": (
        {"SourcePatientId": "P1"},
        "line",
        "must hold one of: Tenancy, Patient, Collection, Worklist",
    ),
    "an unknown key": (repeat() | {"Importance": 1}, "Importance", "is no key of a feed line"),
    "a key that may be a patient's value": (
        repeat() | {"Heritage, Doris": 1},
        "line",
        "has a name that is no key of a feed line",
    ),
    "patient and entry in one": (
        patient_line("P1") | repeat(),
        "line",
        "must hold one alone of: Tenancy, Patient, Collection, Worklist",
    ),
    "a patient and its deletion": (
        patient_line("P1") | {"Deleted": True},
        "Deleted",
        "goes with SourcePatientId and SourceUpdatedDate alone, or with Collection",
    ),
    "a deletion of nobody": ({"Deleted": True}, "SourcePatientId", "must be given"),
    "a deletion yet to come": (
        {"SourcePatientId": "P1", "Deleted": True, "SourceUpdatedDate": "2999-01-01T00:00:00"},
        "SourceUpdatedDate",
        "must not lie in the future",
    ),
    "an item and its deletion": (
        repeat() | {"SourceItemId": "M1", "Deleted": True},
        "Item",
        "must not be given to delete",
    ),
    "nothing named to delete": (
        without(repeat(), "Item") | {"Deleted": True},
        "SourceItemId",
        "must be given to delete",
    ),
    "no item": (without(repeat(), "Item"), "Item", "must be given"),
    "a null item": (repeat() | {"Item": None}, "Item", "expected `object`, got `null`"),
    "an unknown collection": (
        repeat() | {"Collection": "GpRepeatMedications"},
        "Collection",
        "is no collection that takes rows",
    ),
    "a collection that is worked out": (
        repeat() | {"Collection": "current-inpatient-status"},
        "Collection",
        "is no collection that takes rows",
    ),
    "demographics as an entry": (
        repeat() | {"Collection": "details"},
        "Collection",
        "is no collection that takes rows",
    ),
    # Whose it is.
    "no patient named": (without(repeat(), "SourcePatientId"), "SourcePatientId", "must be given"),
    "an empty patient id": (
        repeat() | {"SourcePatientId": ""},
        "SourcePatientId",
        "expected `str` of length >= 1",
    ),
    "a patient id that is a number": (
        repeat() | {"SourcePatientId": 1},
        "SourcePatientId",
        "expected `str | null`, got `int`",
    ),
    "an endless patient id": (
        repeat() | {"SourcePatientId": "P" * 201},
        "SourcePatientId",
        "expected `str` of length <= 200",
    ),
    "a patient nobody sent": (
        repeat() | {"SourcePatientId": "P404"},
        "SourcePatientId",
        "is no patient that was sent before",
    ),
    # When it was updated.
    "an update without time": (
        repeat() | {"SourceUpdatedDate": "2024-03-01"},
        "SourceUpdatedDate",
        NOT_A_TIME,
    ),
    "an update with an offset": (
        repeat() | {"SourceUpdatedDate": "2024-03-01T16:40:11Z"},
        "SourceUpdatedDate",
        NOT_A_TIME,
    ),
    "an update in a week": (
        repeat() | {"SourceUpdatedDate": "2024-W09-5T16:40:11"},
        "SourceUpdatedDate",
        NOT_A_TIME,
    ),
    "an update to come": (
        repeat() | {"SourceUpdatedDate": "2026-11-02T00:00:00"},
        "SourceUpdatedDate",
        "must not lie in the future",
    ),
    # The item.
    "a wrong type": (repeat(Quantity=84), "Quantity", "expected `str | null`, got `int`"),
    "an unknown field": (repeat(Colour="white"), "Colour", "is no field of this collection"),
    "the server's own field": (
        repeat(TenancyDescription="Millbrook Surgery"),
        "TenancyDescription",
        "is no field of this collection",
    ),
    "a missing field": (
        entry_line("P1", "ActiveProblemsCollection", without(PROBLEM, "Rubric")),
        "Rubric",
        "must be given",
    ),
    "an empty field that must be given": (past_problem(Rubric=""), "Rubric", "must not be empty"),
    "a day in words": (repeat(Date="4 November 2021"), "Date", NOT_A_TIME),
    "a day that no calendar has": (repeat(Date="2021-02-29T00:00:00"), "Date", NOT_A_TIME),
    "a time with an offset": (repeat(Date="2021-11-04T00:00:00Z"), "Date", NOT_A_TIME),
    "a day of a week": (repeat(Date="2021-W44-4T00:00:00"), "Date", NOT_A_TIME),
    "tomorrow": (repeat(Date="2026-11-02T00:00:00"), "Date", "must not lie in the future"),
    "born tomorrow": (
        patient_line("P1", DateOfBirth="2026-11-02"),
        "DateOfBirth",
        "must not lie in the future",
    ),
    "an end before its start": (
        past_problem(EndDate="1994-05-31T00:00:00"),
        "EndDate",
        "must not lie before Date",
    ),
    "a number in words": (repeat(Quantity="many"), "Quantity", "must be a decimal number as text"),
    "a code without its check digit": (
        past_problem(SnomedCTCode="85189002"),
        "SnomedCTCode",
        "must be a SNOMED CT identifier with a valid check digit",
    ),
    "a code outside its list": (
        past_problem(Significance="Middling"),
        "Significance",
        "must be one of: Major, Minor",
    ),
    "a row its collection would not show": (
        without(past_problem(), "Item") | {"Item": PROBLEM},
        "EndDate",
        "must be given in this collection",
    ),
    "text without end": (
        repeat(Dosage="x" * 65_537),
        "Dosage",
        "expected `str` of length <= 65536",
    ),
    # The patient.
    "an NHS number that fails its check digit": (
        patient_line("P2", NhsNumber="9990123455"),
        "NhsNumber",
        "must be ten digits whose check digit holds",
    ),
    "a patient without number": (
        {"SourcePatientId": "P2", "Patient": {"Surname": "Testperson"}},
        "PatientNumber",
        "must be given",
    ),
    "a patient's unknown field": (
        patient_line("P2", ShoeSize="42"),
        "ShoeSize",
        "is no field of this collection",
    ),
}


@pytest.mark.parametrize("bad", BAD_LINES)
def test_one_bad_line_costs_one_line(feeds: Feeds, bad: str) -> None:
    line, field, rule = BAD_LINES[bad]

    loaded = feeds.load(HEADER, patient_line("P1"), line, repeat())

    assert feeds.refused(loaded) == [(3, field, rule)]
    assert (loaded.lines, loaded.patients, loaded.entries, loaded.rejected) == (4, 1, 1, 1)
    assert feeds.items() == [ASPIRIN]


def test_every_broken_rule_of_a_line_is_named(feeds: Feeds) -> None:
    loaded = feeds.load(
        HEADER, patient_line("P1"), past_problem(Date="yesterday", Significance="Middling", ReadCode="J20")
    )

    assert feeds.refused(loaded) == [
        (3, "Date", NOT_A_TIME),
        (3, "ReadCode", "must be a Read v2 code of five characters, '.....' for uncoded"),
        (3, "Significance", "must be one of: Major, Minor"),
    ]


def test_a_field_within_an_object_or_a_list_is_named_by_its_way(feeds: Feeds) -> None:
    report = sample_of(PATHOLOGY_RESULTS).item
    report["DocumentInformation"] = without(report["DocumentInformation"], "TenancyDescription")
    in_an_object = {**report, "PatientIdentifier": {**report["PatientIdentifier"], "NhsNumber": "9990123455"}}
    specimen = {**report["Specimen"], "InvestigationDetailsList": [{"Type": {}}, {"Type": {"Wings": "2"}}]}
    in_a_list = {**report, "Specimen": specimen}

    loaded = feeds.load(
        HEADER,
        patient_line("P1"),
        entry_line("P1", "PathologyResults", in_an_object),
        entry_line("P1", "PathologyResults", in_a_list),
        entry_line("P1", "PathologyResults", report),
    )

    assert feeds.refused(loaded) == [
        (3, "PatientIdentifier.NhsNumber", "must be ten digits whose check digit holds"),
        (4, "Specimen.InvestigationDetailsList[1].Type.Wings", "is no field of this collection"),
    ]


def test_an_over_long_line_costs_itself(feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_files, "LINE_LIMIT", 1000)

    loaded = feeds.load(HEADER, patient_line("P1"), repeat(Dosage="x" * 5000), repeat())

    assert feeds.refused(loaded) == [(3, "line", "must not be longer than 1000 bytes")]
    assert feeds.items() == [ASPIRIN]


def test_an_entry_before_its_patient_is_refused_wherever_they_stand(feeds: Feeds) -> None:
    loaded = feeds.load(HEADER, repeat(), patient_line("P1"), repeat(Rubric="IBUPROFEN tabs 400mg"))

    assert feeds.refused(loaded) == [(2, "SourcePatientId", "is no patient that was sent before")]
    assert feeds.items() == [ASPIRIN | {"Rubric": "IBUPROFEN tabs 400mg"}]


def test_an_entry_of_a_refused_patient_is_refused_too(feeds: Feeds) -> None:
    loaded = feeds.load(HEADER, patient_line("P1", NhsNumber="1234567890"), repeat())

    assert [(line, field) for line, field, _ in feeds.refused(loaded)] == [
        (2, "NhsNumber"),
        (3, "SourcePatientId"),
    ]


def test_refusals_stand_in_the_order_of_their_lines(feeds: Feeds) -> None:
    bad = repeat(Quantity="many")
    stranger = repeat() | {"SourcePatientId": "P404"}

    loaded = feeds.load(HEADER, patient_line("P1"), stranger, bad, repeat(), stranger, b"{", stranger, bad)

    assert [line for line, _, _ in feeds.refused(loaded)] == [3, 4, 6, 7, 8, 9]


def test_a_backslash_before_u0000_is_no_nul(feeds: Feeds) -> None:
    loaded = feeds.load(HEADER, patient_line("P1"), repeat(Dosage=r"C:\u0000"))

    assert loaded.rejected == 0
    assert feeds.items() == [ASPIRIN | {"Dosage": r"C:\u0000"}]


def test_text_of_every_script_and_sign_is_stored_as_it_came(feeds: Feeds) -> None:
    dosage = 'tab\there, line\nbreak, back\\slash, \\. and \\N, "quotes", Łódź 東京 😀 \x7f \x01'

    loaded = feeds.load(HEADER, patient_line("P1"), repeat(Dosage=dosage) | {"SourceItemId": "M\t1\\\n"})

    assert loaded.rejected == 0
    assert feeds.items() == [ASPIRIN | {"Dosage": dosage}]
    assert feeds.value("SELECT source_key FROM clinical_store.entry") == "id:M\t1\\\n"


def test_no_value_of_a_patient_stands_in_a_reject_file(feeds: Feeds) -> None:
    """Every field of a line in turn holds a mark where it may not; the mark is never repeated."""
    mark = "Zebedee"
    patient = patient_line(
        "P2", Surname=mark, DateOfBirth=mark, NhsNumber=mark, Gender=mark, PostCode={mark: mark}
    )
    lines: list[dict[str, Any] | bytes] = [
        patient,
        patient_line("P2", DateOfBirth=mark, NhsNumber=mark, Gender=mark, Surname=mark),
        patient_line(mark, **{f"{mark} {mark}": mark}),
        repeat(Date=mark, Quantity=mark, ReadCode=mark * 2, DMDCode=mark),
        past_problem(Significance=mark, SnomedCTCode=mark, EndDate=mark),
        repeat() | {"SourcePatientId": mark},
        repeat() | {"SourceUpdatedDate": mark},
        repeat() | {"Collection": mark},
        repeat() | {"Deleted": mark},
        repeat() | {"Item": mark},
        repeat() | {f"{mark} {mark}": mark},
        patient_line("P2", PatientNumber=mark + "".join(chr(0x4E00 + i * 7) for i in range(2900))),
    ]

    loaded = feeds.load(HEADER, patient_line("P1"), *lines)

    assert loaded.rejected == len(lines)
    assert loaded.rejects is not None
    assert mark not in loaded.rejects.read_text("utf-8")
