"""What FHIR resources are found by: tokens for what is exact, values for ranges, words and sorting."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from carecord.fhir_api.definitions import SERVED, search_parameters
from carecord.fhir_api.definitions.extension_urls import (
    LAST_ISSUE_DATE,
    NHS_NUMBER_VERIFICATION_STATUS,
    PRESCRIPTION_TYPE,
    PRESCRIPTION_TYPE_SYSTEM,
)
from carecord.fhir_api.indexing import fold, number_range, parameters_of, search_values, token
from carecord.fhir_api.kept import Json
from carecord.fhir_api.moments import moment
from tests.support.fhir_examples import served_examples, small_examples

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"


def said_of(resource: Json, code: str) -> list[str]:
    """Which of the tokens that may be asked of a parameter the resource has, as text."""
    kept = set(search_values(resource).tokens)
    return [text for text in _asked(resource["resourceType"], code) if token(text) in kept]


_ASKED = [
    "",
    *[f"={one}" for one in ("|a", "*|a", "http://one|a", "http://one|", "http://two|a", "http://one", "|1")],
    *["=|true", "=*|true", "=|false", "=*|false"],
    *["=|final", "=*|final", "=http://hl7.org/fhir/observation-status|final", "=http://two|b", "=*|b"],
    *["=2026-01-02", "=2026-01-01", "=2026-01-03", "=2026-02-01"],
    *["~jos", "~van", "~der", "~be", "~de ", "~st ", "~a", "~str"],
    *["=Patient/1", "=Patient/1/_history/2", "=https://a.example/Patient/1", "=urn:uuid:1", "=#p"],
    *[":identifier=http://one|a", ":identifier=*|a", ":identifier=|a", ":of-type=http://t|NH|a"],
    *["=http://one|2", "=phone|0117", "=*|0117", "=|0117", "=phone|"],
]


def _asked(type_name: str, code: str) -> list[str]:
    return [f"{type_name}|{code}{one}" for one in _ASKED]


def _tokens(type_name: str, code: str, *found: str) -> list[str]:
    """In the order of the list above; that there is a value goes without saying."""
    wanted = {"", *found}
    return [f"{type_name}|{code}{one}" for one in _ASKED if one in wanted]


def values_of(resource: Json, code: str) -> dict[str, Any]:
    return {
        name.removeprefix(code): value
        for name, value in search_values(resource).values.items()
        if name == code or name.startswith(f"{code}:")
    }


def observation(**elements: Any) -> Json:
    return {"resourceType": "Observation", **elements}


def test_a_token_is_the_start_of_an_md5_as_a_signed_number() -> None:
    assert token("") == 0xD41D8CD98F00B204 - 2**64
    assert token("a") == 0x0CC175B9C0F1B6A8


def test_a_concept_is_found_by_each_code_with_its_system_with_any_and_by_its_texts() -> None:
    concept = {
        "coding": [
            {"system": "http://one", "code": "a", "display": "Réd  Cell"},
            {"code": "b", "display": "RED cell"},
        ],
        "text": "Red cell",
    }
    resource = observation(code=concept)
    wanted = _tokens("Observation", "code", "=http://one|a", "=*|a", "=http://one|", "=*|b")
    assert said_of(resource, "code") == wanted
    assert values_of(resource, "code") == {"": ["a"], ":text": ["red cell"]}


def test_a_concept_without_code_is_found_by_its_text_alone() -> None:
    resource = observation(code={"text": "Made up"})
    assert said_of(resource, "code") == _tokens("Observation", "code")
    assert values_of(resource, "code") == {"": ["made up"], ":text": ["made up"]}


def test_a_code_is_found_with_the_system_that_it_is_bound_to_and_without() -> None:
    wanted = ("=|final", "=*|final", "=http://hl7.org/fhir/observation-status|final")
    assert said_of(observation(status="final"), "status") == _tokens("Observation", "status", *wanted)
    assert values_of(observation(status="final"), "status") == {"": ["final"]}


def test_a_boolean_is_a_code() -> None:
    resource = {"resourceType": "Patient", "active": True}
    assert said_of(resource, "active") == _tokens("Patient", "active", "=|true", "=*|true")


@pytest.mark.parametrize(
    ("deceased", "said"),
    [({}, "false"), ({"deceasedBoolean": False}, "false"), ({"deceasedDateTime": "2026-01-02"}, "true")],
)
def test_a_patient_is_deceased_or_not_whether_it_is_said_or_not(deceased: Json, said: str) -> None:
    resource = {"resourceType": "Patient", **deceased}
    assert said_of(resource, "deceased") == _tokens("Patient", "deceased", f"=|{said}", f"=*|{said}")


def test_an_identifier_is_found_by_its_value_its_system_and_its_type() -> None:
    kind = {"coding": [{"system": "http://t", "code": "NH"}], "text": "NHS number"}
    resource = observation(identifier=[{"system": "http://one", "value": "a", "type": kind}])
    wanted = ("=*|a", "=http://one|a", "=http://one|", ":of-type=http://t|NH|a")
    assert said_of(resource, "identifier") == _tokens("Observation", "identifier", *wanted)
    assert values_of(resource, "identifier") == {"": ["a"], ":text": ["nhs number"]}


def test_a_telephone_number_is_found_by_its_value_and_its_kind() -> None:
    resource = {"resourceType": "Patient", "telecom": [{"system": "phone", "value": "0117"}]}
    for code in ("phone", "telecom"):
        assert said_of(resource, code) == _tokens("Patient", code, "=*|0117", "=phone|0117", "=phone|")
    assert said_of(resource, "email") == []


def test_a_reference_is_found_by_type_and_id_whatever_version_it_names() -> None:
    resource = observation(subject={"reference": "Patient/1/_history/2"})
    for code in ("subject", "patient"):
        assert said_of(resource, code) == _tokens("Observation", code, "=Patient/1")
        assert values_of(resource, code) == {"": ["Patient/1"]}


def test_what_is_referred_to_at_our_own_address_is_here_and_at_any_other_is_not() -> None:
    resource = observation(subject={"reference": "https://a.example/Patient/1"})
    assert said_of(resource, "subject") == _tokens("Observation", "subject", "=https://a.example/Patient/1")
    assert values_of(resource, "subject") == {}
    here = search_values(resource, base="https://a.example")
    assert token("Observation|subject=Patient/1") in here.tokens
    assert here.values["subject"] == ["Patient/1"]


def test_what_is_contained_is_a_value_that_nothing_finds() -> None:
    assert said_of(observation(subject={"reference": "#p"}), "subject") == _tokens("Observation", "subject")


def test_a_logical_reference_is_found_by_its_identifier() -> None:
    resource = observation(subject={"identifier": {"system": "http://one", "value": "a"}, "type": "Patient"})
    for code in ("subject", "patient"):
        wanted = _tokens("Observation", code, ":identifier=http://one|a", ":identifier=*|a")
        assert said_of(resource, code) == wanted


def test_a_canonical_is_found_with_its_version_and_without() -> None:
    resource = {"resourceType": "CarePlan", "instantiatesCanonical": ["http://one|2"]}
    code = "instantiates-canonical"
    assert said_of(resource, code) == _tokens("CarePlan", code, "=http://one", "=http://one|2")


def test_an_address_is_found_as_it_is() -> None:
    resource = {"resourceType": "CarePlan", "instantiatesUri": ["http://one"]}
    assert said_of(resource, "instantiates-uri") == _tokens("CarePlan", "instantiates-uri", "=http://one")
    assert values_of(resource, "instantiates-uri") == {"": ["http://one"]}


def test_profiles_tags_and_labels_have_tokens_and_no_values() -> None:
    meta = {
        "profile": ["http://one|2"],
        "tag": [{"system": "http://one", "code": "a", "display": "A"}],
        "security": [{"system": "http://one", "code": "a"}],
        "source": "http://one",
        "lastUpdated": "2026-01-02T03:04:05.678Z",
    }
    resource = observation(id="7", meta=meta)
    assert said_of(resource, "_profile") == _tokens("Observation", "_profile", "=http://one", "=http://one|2")
    assert said_of(resource, "_source") == _tokens("Observation", "_source", "=http://one")
    for code in ("_tag", "_security"):
        wanted = _tokens("Observation", code, "=http://one|a", "=*|a", "=http://one|")
        assert said_of(resource, code) == wanted
    assert said_of(resource, "_id") == said_of(resource, "_lastUpdated") == []
    assert search_values(resource).values == {}


def us(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("element", "stretch", "day"),
    [
        ({"effectiveDateTime": "2026"}, [us(2026, 1, 1), us(2027, 1, 1)], None),
        ({"effectiveDateTime": "2026-12"}, [us(2026, 12, 1), us(2027, 1, 1)], None),
        ({"effectiveDateTime": "2024-02"}, [us(2024, 2, 1), us(2024, 3, 1)], None),
        ({"effectiveDateTime": "2026-01-02"}, [us(2026, 1, 2), us(2026, 1, 3)], "2026-01-02"),
        (
            {"effectiveDateTime": "2026-01-02T00:30:00+01:00"},
            [us(2026, 1, 1, 23, 30), us(2026, 1, 1, 23, 30, 1)],
            "2026-01-01",
        ),
        (
            {"effectiveInstant": "2026-01-02T23:59:59.5Z"},
            [us(2026, 1, 2, 23, 59, 59) + 500_000, us(2026, 1, 2, 23, 59, 59) + 600_000],
            "2026-01-02",
        ),
        (
            {"effectivePeriod": {"start": "2026-01-02", "end": "2026-02"}},
            [us(2026, 1, 2), us(2026, 3, 1)],
            None,
        ),
        (
            {"effectivePeriod": {"start": "2026-01-02", "end": "2026-01-02T12:00:00Z"}},
            [us(2026, 1, 2), us(2026, 1, 2, 12, 0, 1)],
            "2026-01-02",
        ),
        ({"effectivePeriod": {"start": "2026-01-02"}}, [us(2026, 1, 2), None], None),
        ({"effectivePeriod": {"end": "2026-01-02"}}, [None, us(2026, 1, 3)], None),
        (
            {
                "effectiveTiming": {
                    "event": ["2026-01-05", "2026-01-03"],
                    "repeat": {"boundsPeriod": {"start": "2026-01-04"}},
                }
            },
            [us(2026, 1, 3), None],
            None,
        ),
        (
            {"effectiveTiming": {"event": ["2026-01-05", "2026-01-03"]}},
            [us(2026, 1, 3), us(2026, 1, 6)],
            None,
        ),
    ],
)
def test_a_date_is_the_stretch_that_it_covers(element: Json, stretch: list[Any], day: str | None) -> None:
    found = search_values(observation(**element))
    assert found.values["date"] == [stretch]
    days = [f"2026-{month:02}-{of:02}" for month in range(1, 13) for of in range(1, 29)]
    assert [one for one in days if token(f"Observation|date={one}") in found.tokens] == ([day] if day else [])
    assert token("Observation|date") in found.tokens


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13", "0000", "soon", "", "2026-1-2", "26-01-02"])
def test_a_date_that_does_not_exist_is_found_by_nothing(text: str) -> None:
    assert moment(text) is None
    assert values_of(observation(effectiveDateTime=text), "date") == {}


def test_the_ends_of_the_calendar_are_dates_too() -> None:
    assert values_of(observation(effectiveDateTime="9999"), "date")[""][0][1] > us(9999, 12, 31)
    assert values_of(observation(effectiveDateTime="9999-12-31"), "date")[""][0][0] == us(9999, 12, 31)
    assert values_of(observation(effectiveDateTime="0001-01-01T00:00:00+14:00"), "date")


def test_names_are_found_by_their_beginnings_folded_and_kept_as_they_are() -> None:
    name = {"family": "van der Be", "given": ["José", "JOSE"], "use": "official"}
    resource = {"resourceType": "Patient", "name": [name]}
    assert said_of(resource, "name") == _tokens("Patient", "name", "~jos", "~van", "~der", "~be")
    assert values_of(resource, "name") == {
        "": ["van der be", "jose"],
        ":exact": ["van der Be", "José", "JOSE"],
    }
    assert said_of(resource, "given") == _tokens("Patient", "given", "~jos")
    assert values_of(resource, "family") == {"": ["van der be"], ":exact": ["van der Be"]}


def test_addresses_are_found_by_each_of_their_parts() -> None:
    address = {"use": "home", "line": ["A Street"], "city": "St Joseph", "postalCode": "ZZ99 3WZ"}
    resource = {"resourceType": "Patient", "address": [address]}
    wanted = _tokens("Patient", "address", "~a", "~str", "~st ", "~jos")
    assert said_of(resource, "address") == wanted
    assert values_of(resource, "address")[""] == ["a street", "st joseph", "zz99 3wz"]
    assert values_of(resource, "address-city") == {"": ["st joseph"], ":exact": ["St Joseph"]}


def test_a_text_is_folded_without_accents_case_and_needless_blanks() -> None:
    assert fold("  Zoë  O'Brien-ŁUKASZ ") == "zoe o'brien-lukasz"


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (Decimal("1.0"), (0.95, 1.05, 1.0)),
        (Decimal("1.00"), (0.995, 1.005, 1.0)),
        (100, (99.5, 100.5, 100.0)),
        (Decimal("-0.5"), (-0.55, -0.45, -0.5)),
        (Decimal("1E+3"), (500.0, 1500.0, 1000.0)),
        (0.1, (0.05, 0.15, 0.1)),
        (Decimal("1E+999"), None),
        (Decimal("1E+9999999999"), None),
        (Decimal("NaN"), None),
        (True, None),
        ("word", None),
        (None, None),
    ],
)
def test_a_number_stands_for_half_its_last_digit_to_either_side(number: Any, found: Any) -> None:
    assert number_range(number) == found


def test_a_number_and_a_range_of_numbers() -> None:
    resource = {
        "resourceType": "RiskAssessment",
        "prediction": [
            {"probabilityDecimal": Decimal("0.5")},
            {"probabilityRange": {"low": {"value": 1}, "high": {"value": 2}}},
            {"probabilityRange": {"low": {"value": 1}}},
        ],
    }
    assert values_of(resource, "probability") == {"": [[0.45, 0.55], [0.5, 2.5], [0.5, None]]}


def test_a_quantity_has_its_coded_unit_and_the_one_that_is_written() -> None:
    resource = observation(
        valueQuantity={"value": Decimal("5.4"), "unit": "mg", "system": UCUM, "code": "mg"},
        component=[{"valueQuantity": {"value": 7, "comparator": "<"}}],
    )
    of_value, of_component = [5.35, 5.45, 5.4, f"{UCUM}|mg", "mg"], [6.5, 7.5, 7.0, "|", ""]
    assert values_of(resource, "value-quantity") == {"": [of_value]}
    assert values_of(resource, "component-value-quantity") == {"": [of_component]}


def test_a_range_of_ages_is_a_quantity() -> None:
    years = {"unit": "years", "system": UCUM, "code": "a"}
    resource = {
        "resourceType": "Condition",
        "onsetRange": {"low": {"value": 40, **years}, "high": {"value": 50, **years}},
    }
    assert values_of(resource, "onset-age") == {"": [[39.5, 50.5, 39.5, f"{UCUM}|a", "years"]]}


def test_the_parts_of_a_composite_are_of_one_element() -> None:
    def element(code: str, value: int) -> Json:
        return {"code": {"coding": [{"system": SNOMED, "code": code}]}, "valueQuantity": {"value": value}}

    resource = observation(**element("a", 1), component=[element("b", 2), {"code": {"text": "no code"}}])
    part = [[f"{SNOMED}|b", "*|b"], [1.5, 2.5, 2.0, "|", ""]]
    assert values_of(resource, "component-code-value-quantity") == {"": [part]}
    said = _tokens("Observation", "component-code-value-quantity")
    assert said_of(resource, "component-code-value-quantity") == said
    assert said_of(resource, "component-code-value-concept") == []


def test_nothing_is_kept_for_parameters_that_others_answer_together() -> None:
    part = {"code": {"coding": [{"code": "b"}]}, "valueQuantity": {"value": 1}}
    resource = observation(**part, component=[part])
    found = search_values(resource)
    for code in ("combo-code", "combo-value-quantity", "combo-code-value-quantity", "code-value-quantity"):
        assert code not in found.values
        assert said_of(resource, code) == []


def test_each_kind_of_part_of_a_composite() -> None:
    code = {"coding": [{"code": "a"}]}
    said = observation(code=code, valueString="Très  bien")
    assert values_of(said, "code-value-string") == {"": [[["|a", "*|a"], "tres bien"]]}
    document = {
        "resourceType": "DocumentReference",
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}],
    }
    assert values_of(document, "relationship") == {
        "": [["DocumentReference/1", ["|replaces", "*|replaces"]]],
    }


def test_parameters_beyond_r4_look_into_extensions() -> None:
    repeat = {"coding": [{"system": PRESCRIPTION_TYPE_SYSTEM, "code": "R", "display": "Repeat"}]}
    statement = {
        "resourceType": "MedicationStatement",
        "extension": [
            {"url": PRESCRIPTION_TYPE, "valueCodeableConcept": repeat},
            {"url": LAST_ISSUE_DATE, "valueDateTime": "2026-01-02"},
        ],
    }
    assert token(f"MedicationStatement|prescription-type={PRESCRIPTION_TYPE_SYSTEM}|R") in (
        search_values(statement).tokens
    )
    assert said_of(statement, "last-issued")[1:] == ["MedicationStatement|last-issued=2026-01-02"]
    request = {"resourceType": "MedicationRequest", "extension": statement["extension"]}
    assert values_of(request, "prescription-type") == {"": ["R"], ":text": ["repeat"]}
    status = {"url": NHS_NUMBER_VERIFICATION_STATUS, "valueCodeableConcept": {"coding": [{"code": "01"}]}}
    number = {"system": NHS_NUMBER, "value": "9990000018", "extension": [status]}
    patient = {"resourceType": "Patient", "identifier": [number]}
    assert values_of(patient, "nhsNumberVerificationStatus") == {"": ["01"]}


def test_parameters_of_a_type_are_those_of_r4_without_the_two_that_are_not_kept_and_our_own() -> None:
    assert "near" not in parameters_of("Location")
    assert "phonetic" not in parameters_of("Patient")
    for type_name in SERVED:
        left_out = {"near"} if type_name == "Location" else set()
        assert set(search_parameters(type_name)) - set(parameters_of(type_name)) <= left_out | {"phonetic"}
    own = {"nhsNumberVerificationStatus", "prescription-type", "last-issued"}
    assert set(parameters_of("MedicationStatement")) & own == {"prescription-type", "last-issued"}


def test_every_example_has_search_values_that_json_can_hold() -> None:
    for resource in small_examples():
        check_whole(resource)


def test_all_examples_have_search_values_that_json_can_hold() -> None:
    for resource in served_examples():
        check_whole(resource)


def check_whole(resource: Json) -> None:
    found = search_values(resource)
    json.dumps(found.values, allow_nan=False)
    assert len(set(found.tokens)) == len(found.tokens)
    # A Binary has no parameters of its own.
    assert found.tokens or resource["resourceType"] == "Binary"
    codes = {name.partition(":")[0] for name in found.values}
    assert codes <= set(parameters_of(resource["resourceType"]))
    present = {token(f"{resource['resourceType']}|{code}") for code in codes}
    assert present <= set(found.tokens)
