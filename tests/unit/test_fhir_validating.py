"""Validation at the door: what breaks a rule of R4 is refused at its element, and what breaks none is not."""

from collections.abc import Mapping
from time import process_time
from typing import Any

import pytest

from carecord.fhir_api.definitions import CARRIERS, SERVED, structure
from carecord.fhir_api.fhirpath import holds
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Issue
from carecord.fhir_api.validating import check
from carecord.fhir_api.validating.places import MOST_ISSUES
from carecord.fhir_api.validating.plans import plan
from tests.support.fhir_examples import WRONG, all_examples, served_examples, small_examples

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
NHS = "https://fhir.nhs.uk/Id/nhs-number"


def _patient(**elements: Any) -> Json:
    return {"resourceType": "Patient", **elements}


def _observation(**elements: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **elements}


def _narrative(inside: str) -> Json:
    return _patient(text={"status": "generated", "div": f"{DIV}{inside}</div>"})


def _errors(resource: Json) -> list[Issue]:
    return [one for one in check(resource, type_name=resource["resourceType"]) if one.is_error]


def _found(resource: Json) -> list[tuple[str, str | None]]:
    return [(one.code, one.expression) for one in _errors(resource)]


@pytest.mark.parametrize("example", small_examples(), ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_an_example_breaks_nothing(example: Json) -> None:
    assert _errors(example) == []


def test_examples_of_hl7_break_nothing_but_where_they_are_wrong() -> None:
    refused = {}
    for example in served_examples():
        errors = _errors(example)
        if errors:
            refused[example["resourceType"], example["id"]] = errors[0].expression
    assert refused == WRONG


def test_every_example_of_hl7_is_checked_without_a_fault_of_ours() -> None:
    for example in all_examples():
        for issue in check(example, type_name=example["resourceType"]):
            assert (issue.expression or "").startswith(example["resourceType"])


def test_many_codings_are_compared_quickly() -> None:
    codings = [{"system": "s", "code": f"c{n}"} for n in range(3000)]
    components = [{"code": {"coding": [{"system": "s", "code": f"d{n}"}]}} for n in range(3000)]
    began = process_time()
    assert _errors(_observation(code={"coding": codings}, valueString="x", component=components)) == []
    assert process_time() - began < 2


def test_many_pointers_to_much_that_is_contained_are_looked_up_quickly() -> None:
    contained = [{"resourceType": "Practitioner", "id": f"p{n}", "active": True} for n in range(3000)]
    performers = [{"reference": f"#p{n}"} for n in range(3000)]
    began = process_time()
    assert _errors(_observation(contained=contained, performer=performers)) == []
    assert process_time() - began < 2


STRUCTURE: Mapping[str, tuple[Json, str]] = {
    "unknown element": (_patient(nickname="x"), "Patient.nickname"),
    "unknown within": (_patient(name=[{"family": "x"}, {"famly": "x"}]), "Patient.name[1].famly"),
    "an element of another type": (_patient(status="final"), "Patient.status"),
    "a choice without its type": (_observation(value="x"), "Observation.value"),
    "a choice of a type it cannot have": (_observation(valueAge={"value": 1}), "Observation.valueAge"),
    "two of a choice": (_observation(valueString="x", valueInteger=1), "Observation.value"),
    "two of a choice, one by extensions": (
        _observation(valueString="x", _valueInteger={"extension": [{"url": "u", "valueCode": "c"}]}),
        "Observation.value",
    ),
    "no array": (_patient(name={"family": "x"}), "Patient.name"),
    "an array where one may be": (_patient(gender=["male"]), "Patient.gender"),
    "an array of objects where one may be": (_observation(code=[{"text": "x"}]), "Observation.code"),
    "an empty array": (_patient(name=[]), "Patient.name"),
    "an empty object": (_patient(name=[{}]), "Patient.name[0]"),
    "null": (_patient(gender=None), "Patient.gender"),
    "null among objects": (_patient(name=[None]), "Patient.name[0]"),
    "null without a companion": (_patient(name=[{"given": ["x", None]}]), "Patient.name[0].given[1]"),
    "a text for an object": (_patient(name=["x"]), "Patient.name[0]"),
    "an object for a text": (_patient(gender={"a": 1}), "Patient.gender"),
    "a companion of an id": (_patient(id="a", _id={"extension": [ABSENT]}), "Patient._id"),
    "a companion of an extension's url": (
        _patient(extension=[{"url": "u", "_url": {"extension": [ABSENT]}, "valueCode": "c"}]),
        "Patient.extension[0]._url",
    ),
    "a companion of an object": (_patient(_name=[{"id": "x"}]), "Patient._name"),
    "a companion that is no object": (_patient(_gender="x"), "Patient.gender"),
    "a companion with an id alone": (_patient(_gender={"id": "x"}), "Patient.gender"),
    "an empty companion": (_patient(gender="male", _gender={}), "Patient.gender"),
    "companions that are no array": (_patient(name=[{"_given": {"id": "x"}}]), "Patient.name[0].given"),
    "companions of another number": (
        _patient(name=[{"given": ["x", "y"], "_given": [{"id": "a"}]}]),
        "Patient.name[0].given",
    ),
    "null in both": (
        _patient(name=[{"given": ["x", None], "_given": [{"id": "a"}, None]}]),
        "Patient.name[0].given[1]",
    ),
    "contained that is no resource": (_patient(contained=[{"id": "x"}]), "Patient.contained[0]"),
}


@pytest.mark.parametrize(("resource", "expression"), STRUCTURE.values(), ids=STRUCTURE)
def test_structure_that_r4_has_not_is_refused(resource: Json, expression: str) -> None:
    assert ("structure", expression) in _found(resource)


@pytest.mark.parametrize(
    ("resource", "expressions"),
    [
        ({"resourceType": "Observation"}, ["Observation.status", "Observation.code"]),
        (
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "subject": {"display": "x"},
            },
            ["MedicationRequest.medication"],
        ),
        (_patient(link=[{"type": "seealso"}]), ["Patient.link[0].other"]),
        (_patient(extension=[{"valueString": "x"}]), ["Patient.extension[0].url"]),
        (_observation(subject={"type": "Patient"}), ["Observation.subject"]),
        (_observation(contained=[_patient()]), ["Observation.contained[0].id"]),
    ],
)
def test_what_must_be_there_is_missed(resource: Json, expressions: list[str]) -> None:
    assert {one for _, one in _found(resource)} == set(expressions)


def test_what_must_be_there_may_be_extensions_alone() -> None:
    assert (
        _errors({"resourceType": "Observation", "_status": {"extension": [ABSENT]}, "code": {"text": "x"}})
        == []
    )


VALUES = [
    ("id", ["a", "A-1.b", "x" * 64], ["", "x" * 65, "a_b", "a/b", 1, "é"]),
    ("meta.versionId", ["1"], ["1 2"]),
    ("meta.lastUpdated", ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+14:00"], ["2026-01-02", "x", 1]),
    ("meta.profile", [["http://x|1"]], [["a b"], [""]]),
    ("language", ["en-GB", "a b"], ["", " en", "en ", "a  b", "\x01", True]),
    ("active", [True, False], ["true", 0, 1, None]),
    (
        "birthDate",
        ["1970", "1970-12", "1970-12-31", "2024-02-29"],
        [
            "70",
            "1970-13",
            "1970-12-32",
            "2023-02-29",
            "1970-04-31",
            "1970-1-1",
            "0000",
            "1970-12-31T00:00:00Z",
        ],
    ),
    (
        "deceasedDateTime",
        ["1970", "1970-12-31T23:59:59Z", "1970-12-31T23:59:60.123-13:30"],
        ["1970-12-31T23:59Z", "1970-12-31T23:59:59", "1970-12-31T24:00:00Z", "2023-02-29T10:00:00Z"],
    ),
    ("multipleBirthInteger", [0, -1, 2**31 - 1], ["1", 2**31, -(2**31) - 1, True, 1.5]),
    ("telecom.rank", [1], [0, -1, "1", 2**31]),
    ("photo.size", [0, 1], [-1, "0"]),
    ("photo.data", ["QUJD", "QU JD\n", "QQ=="], ["QUJ", "Q===", "QQ", "Q?==", "", 1]),
    ("photo.url", ["http://x/é", "Binary/1"], ["a b", ""]),
    (
        "name.family",
        ["O'Brien\tx\r\n", "\u00a0x", "x" * 100],
        ["", " ", "\u00a0", "x\x0b", "x\x00", "\ufffe", 1],
    ),
    ("extension.valueTime", ["10:00:00"], ["10:00", "24:00:00", "10:00:00Z"]),
    ("extension.valueOid", ["urn:oid:1.2.3"], ["1.2.3", "urn:oid:3.1"]),
    ("extension.valueUuid", ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"], ["c757873d", "urn:uuid:x"]),
    ("extension.valueDecimal", [1, 0], ["1", True, "1.0"]),
]


def _with(path: str, value: Any) -> Json:
    *around, last = path.split(".")
    inner: Json = {last: value}
    if around == ["extension"]:
        inner["url"] = "http://example.org/u"
    if around == ["telecom"]:
        inner["system"] = "phone"
    if around == ["photo"] and last == "data":
        inner["contentType"] = "image/png"
    return _patient(**({around[0]: inner if around == ["meta"] else [inner]} if around else inner))


@pytest.mark.parametrize(("path", "right", "wrong"), VALUES, ids=[one[0] for one in VALUES])
def test_values_are_those_of_their_type(path: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert _errors(_with(path, value)) == [], value
    for value in wrong:
        assert _errors(_with(path, value)), value


def test_decimals_may_have_any_digits() -> None:
    raw = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":%s}}'
    for number in (b"1", b"1.0", b"-1.00e-10", b"0.000"):
        assert _errors(decode(raw % number)) == []
    assert _found(decode(raw % b'"1.0"')) == [("value", "Observation.value.value")]


def test_a_text_longer_than_a_mebibyte_is_refused() -> None:
    assert _errors(_patient(name=[{"text": "x" * 2**20}])) == []
    assert _found(_patient(name=[{"text": "x" * (2**20 + 1)}])) == [("value", "Patient.name[0].text")]


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        (_patient(gender="m"), "Patient.gender"),
        (_observation(status="Final"), "Observation.status"),
        (_patient(name=[{"use": "usual"}, {"use": "nick"}]), "Patient.name[1].use"),
    ],
)
def test_codes_of_a_required_binding_are_of_its_set(resource: Json, expression: str) -> None:
    (issue,) = _errors(resource)
    assert (issue.code, issue.expression) == ("value", expression)
    assert "http://hl7.org/fhir/ValueSet/" in issue.diagnostics


def test_concepts_of_a_required_binding_have_a_coding_of_its_set() -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"

    def condition(**status: Any) -> Json:
        return {"resourceType": "Condition", "subject": {"display": "x"}, "clinicalStatus": status}

    assert _errors(condition(coding=[{"code": "x"}, {"system": system, "code": "active"}])) == []
    for wrong in ({"text": "active"}, {"coding": [{"code": "active"}]}, {"coding": [{"system": system}]}):
        assert _found(condition(**wrong)) == [("code-invalid", "Condition.clinicalStatus")]


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/1"},
        {"reference": "Patient/1/_history/2"},
        {"reference": "https://example.org/fhir/Patient/1"},
        {"reference": "https://example.org/not/fhir"},
        {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        {"reference": "Patient?identifier=https://example.org|1"},
        {"reference": "Patient/1", "type": "Patient"},
        {"identifier": {"value": "x"}},
        {"display": "x"},
        {"extension": [{"url": "http://example.org/u", "valueCode": "c"}]},
    ],
)
def test_a_reference_may_point_to_what_the_element_allows(reference: Json) -> None:
    assert _errors(_observation(subject=reference)) == []


@pytest.mark.parametrize(
    ("reference", "expression"),
    [
        ({"reference": "Practitioner/1"}, "Observation.subject.reference"),
        ({"reference": "https://example.org/fhir/Practitioner/1"}, "Observation.subject.reference"),
        ({"reference": "Sheep/1"}, "Observation.subject.reference"),
        ({"reference": "1"}, "Observation.subject.reference"),
        ({"reference": "Patient/1/2"}, "Observation.subject.reference"),
        ({"reference": "#a"}, "Observation.subject.reference"),
        ({"reference": "#"}, "Observation.subject.reference"),
        ({"reference": "Patient/1", "type": "Group"}, "Observation.subject.type"),
        ({"type": "Practitioner", "display": "x"}, "Observation.subject.type"),
    ],
)
def test_a_reference_points_to_nothing_else(reference: Json, expression: str) -> None:
    assert [one for _, one in _found(_observation(subject=reference))] == [expression]


def test_what_is_contained_is_pointed_to_by_its_id() -> None:
    held = _patient(id="a")
    assert _errors(_observation(contained=[held], subject={"reference": "#a"})) == []
    practitioner = {"resourceType": "Practitioner", "id": "a"}
    assert _found(_observation(contained=[practitioner], subject={"reference": "#a"})) == [
        ("value", "Observation.subject.reference")
    ]
    assert _found(_observation(contained=[held])) == [("invariant", "Observation.contained[0]")]


def test_what_is_contained_may_point_back_instead() -> None:
    provenance = {
        "resourceType": "Provenance",
        "id": "a",
        "target": [{"reference": "#"}],
        "recorded": "2026-01-02T03:04:05Z",
        "agent": [{"who": {"display": "x"}}],
    }
    assert _errors(_observation(contained=[provenance])) == []


@pytest.mark.parametrize(
    ("contained", "place"),
    [
        (
            [{"contained": [_patient(id="b", link=[{"other": {"reference": "#a"}, "type": "seealso"}])]}],
            "contained",
        ),
        ([{"meta": {"versionId": "1"}}], "meta.versionId"),
        ([{"meta": {"lastUpdated": "2026-01-02T03:04:05Z"}}], "meta.lastUpdated"),
        ([{"meta": {"security": [{"code": "R"}]}}], "meta.security"),
        ([{}, {}], "id"),
    ],
)
def test_what_is_contained_has_no_life_of_its_own(contained: list[Json], place: str) -> None:
    held = [_patient(id="a", **one) for one in contained]
    found = _found(_observation(contained=held, subject={"reference": "#a"}))
    last = len(held) - 1
    assert ("invariant", f"Observation.contained[{last}].{place}") in found


@pytest.mark.parametrize(
    "extension",
    [
        {"url": "http://example.org/u"},
        {"url": "http://example.org/u", "valueString": "x", "extension": [{"url": "a", "valueCode": "b"}]},
    ],
)
def test_an_extension_has_either_a_value_or_extensions(extension: Json) -> None:
    assert _found(_patient(extension=[extension])) == [("invariant", "Patient.extension[0]")]


def test_an_extension_may_have_a_value_that_is_absent() -> None:
    assert _errors(_patient(extension=[{"url": "http://x.org", "_valueDate": {"extension": [ABSENT]}}])) == []


@pytest.mark.parametrize(
    "inside",
    [
        "<p class='a' style='color: red'>x <b>y</b><br/></p>",
        "<table border='1'><tbody><tr><td colspan='2'>x</td></tr></tbody></table>",
        "<a href='https://example.org/x' title='t'>x</a><a href='#x'>y</a><a name='x'>z</a>",
        "<img src='data:image/png;base64,QUJD' alt='x'/>",
        "&lt;script&gt; &#160; &amp;",
        "<!-- said in passing -->x",
        "<p xml:lang='en'>x</p>",
    ],
)
def test_narrative_may_hold_formatting(inside: str) -> None:
    assert _errors(_narrative(inside)) == []


@pytest.mark.parametrize(
    "inside",
    [
        "<script>x</script>",
        "x<SCRIPT>x</SCRIPT>",
        "<p onclick='x()'>x</p>",
        "<a href='javascript:x()'>x</a>",
        "<a href=' JAVA&#x0A;SCRIPT:x()'>x</a>",
        "<a href='vbscript:x'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<img src='javascript:x'/>",
        "<p style='background: url(javascript:x)'>x</p>",
        "<p style='width: expression(x)'>x</p>",
        "<iframe src='https://example.org'/>",
        "<form><input/></form>",
        "<object data='x'/>",
        "<style>p {}</style>x",
        "<link href='x'/>x",
        "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>x",
        "<?php x ?>x",
        "<p>x",
        "x &nbsp; y",
        "x & y",
        " <p> </p>",
        "",
    ],
)
def test_narrative_holds_nothing_that_runs_and_is_not_empty(inside: str) -> None:
    assert _found(_narrative(inside)) == [("value", "Patient.text.div")]


@pytest.mark.parametrize(
    "div",
    ["x", "<div>x</div>", "<p xmlns='http://www.w3.org/1999/xhtml'>x</p>", f"<!DOCTYPE div>{DIV}x</div>"],
)
def test_narrative_is_one_div(div: str) -> None:
    assert _found(_patient(text={"status": "generated", "div": div})) == [("value", "Patient.text.div")]


def test_narrative_of_attributes_or_prefixes_without_end_is_refused_at_once() -> None:
    for attributes in (
        " ".join(f'a{n}="x"' for n in range(100_000)),
        " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(100)),
    ):
        assert _found(_narrative(f"<p {attributes}>x</p>")) == [("value", "Patient.text.div")]


INVARIANTS: Mapping[str, tuple[Json, str]] = {
    "obs-6": (
        _observation(valueString="x", dataAbsentReason={"text": "x"}),
        "Observation",
    ),
    "obs-7": (
        _observation(
            code={"coding": [{"system": "s", "code": "c"}]},
            valueString="x",
            component=[{"code": {"coding": [{"system": "s", "code": "c"}]}, "valueString": "y"}],
        ),
        "Observation",
    ),
    "obs-3": (_observation(referenceRange=[{"age": {"low": {"value": 1}}}]), "Observation.referenceRange[0]"),
    "pat-1": (_patient(contact=[{"gender": "male"}]), "Patient.contact[0]"),
    "cpt-2": (_patient(telecom=[{"value": "x"}]), "Patient.telecom[0]"),
    "per-1": (
        _patient(name=[{"period": {"start": "2026-02", "end": "2026-01"}}]),
        "Patient.name[0].period",
    ),
    "qty-3": (_observation(valueQuantity={"value": 1, "code": "mg"}), "Observation.value"),
    "sqty-1": (
        _observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
        "Observation.referenceRange[0].low.comparator",
    ),
    "rng-2": (
        _observation(valueRange={"low": {"value": 2, "unit": "g"}, "high": {"value": 1, "unit": "g"}}),
        "Observation.value",
    ),
    "rat-1": (_observation(valueRatio={"numerator": {"value": 1}}), "Observation.value"),
    "att-1": (_patient(photo=[{"data": "QUJD"}]), "Patient.photo[0]"),
    "tim-2": (
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": "x"},
            "subject": {"display": "x"},
            "dosageInstruction": [{"timing": {"repeat": {"period": 1}}}],
        },
        "MedicationRequest.dosageInstruction[0].timing.repeat",
    ),
    "ait-1": ({"resourceType": "AllergyIntolerance", "patient": {"display": "x"}}, "AllergyIntolerance"),
    "org-1": ({"resourceType": "Organization", "active": True}, "Organization"),
    "org-3": (
        {"resourceType": "Organization", "name": "x", "telecom": [{"system": "phone", "use": "home"}]},
        "Organization.telecom[0]",
    ),
    "app-3": (
        {
            "resourceType": "Appointment",
            "status": "booked",
            "participant": [{"status": "accepted", "actor": {"display": "x"}}],
        },
        "Appointment",
    ),
    "bdl-5": (
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:x"}]},
        "Bundle.entry[0]",
    ),
}


@pytest.mark.parametrize(
    ("key", "resource", "expression"), [(k, *v) for k, v in INVARIANTS.items()], ids=INVARIANTS
)
def test_an_invariant_that_breaks_is_named(key: str, resource: Json, expression: str) -> None:
    (issue,) = _errors(resource)
    assert (issue.code, issue.expression) == ("invariant", expression)
    assert key in issue.diagnostics


def test_an_appointment_that_nobody_came_to_may_say_why_it_was_cancelled() -> None:
    appointment = {
        "resourceType": "Appointment",
        "status": "noshow",
        "cancelationReason": {"text": "x"},
        "start": "2026-01-02T03:04:05Z",
        "end": "2026-01-02T03:14:05Z",
        "participant": [{"status": "accepted", "actor": {"display": "x"}}],
    }
    assert _errors(appointment) == []


CODED = {"system": "s", "code": "c"}
IN_PYTHON: list[tuple[str, str, Json]] = [
    ("Quantity", "qty-3", {"value": 1}),
    ("Quantity", "qty-3", {"value": 1, "code": "x"}),
    ("Quantity", "qty-3", {"value": 1, "code": "x", "system": "s"}),
    ("Quantity", "qty-3", {"value": 1, "system": "s"}),
    ("Quantity", "qty-3", {"value": 1, "_code": {"extension": [ABSENT]}}),
    ("Quantity", "qty-3", {"value": 1, "code": "x", "_system": {"extension": [ABSENT]}}),
    ("Observation", "obs-7", _observation()),
    ("Observation", "obs-7", _observation(valueString="x")),
    *(
        (
            "Observation",
            "obs-7",
            _observation(
                code={"coding": [{"system": "s", "code": "a"}, CODED]},
                component=[{"code": {"text": "x"}}, {"code": {"coding": [coding]}}],
                **value,
            ),
        )
        for coding in (CODED, {"code": "c", "system": "s"}, {**CODED, "display": "d"}, {"code": "c"})
        for value in ({}, {"valueString": "x"}, {"_valueString": {"extension": [ABSENT]}})
    ),
]


@pytest.mark.parametrize(("type_name", "key", "node"), IN_PYTHON)
def test_what_is_checked_in_python_is_what_r4_says(type_name: str, key: str, node: Json) -> None:
    (said,) = (one for one in structure(type_name).constraints if one.key == key)
    expected = holds(said.expression, type_name)(node, node)
    (ours,) = (one for one in plan(type_name).invariants if one.key == key)
    assert ours.check(node, node) == expected


def test_narrative_is_recommended_and_not_required() -> None:
    (issue,) = check(_patient(), type_name="Patient")
    assert (issue.severity, issue.code, issue.expression) == ("warning", "invariant", "Patient")
    assert check(_narrative("x"), type_name="Patient") == []
    assert check({"resourceType": "Binary", "contentType": "text/plain"}, type_name="Binary") == []


@pytest.mark.parametrize("number", ["9990000018", "9990000034"])
def test_an_nhs_number_may_be_one(number: str) -> None:
    assert _errors(_patient(identifier=[{"system": NHS, "value": number}])) == []


@pytest.mark.parametrize("number", ["9990000019", "999 000 0018", "999000001", "x"])
def test_an_identifier_that_says_it_is_an_nhs_number_must_be_one(number: str) -> None:
    found = [("value", "Patient.identifier[1].value")]
    assert _found(_patient(identifier=[{"value": "x"}, {"system": NHS, "value": number}])) == found
    subject = {"identifier": {"system": NHS, "value": number}}
    assert _found(_observation(subject=subject)) == [("value", "Observation.subject.identifier.value")]


def test_resources_in_a_bundle_are_checked_in_their_place() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _patient()}, {"resource": _patient(gender="x", nickname="y")}],
    }
    assert sorted(one for _, one in _found(bundle) if one) == [
        "Bundle.entry[1].resource.gender",
        "Bundle.entry[1].resource.nickname",
    ]


def test_another_type_than_was_asked_for_is_refused() -> None:
    (issue,) = check(_patient(), type_name="Observation")
    assert (issue.severity, issue.expression) == ("error", "Observation")
    (issue,) = check({}, type_name="Observation")
    assert issue.severity == "error"


def test_many_mistakes_are_told_up_to_a_number() -> None:
    assert len(_errors(_patient(name=[{"x": 1}] * 10_000))) == MOST_ISSUES


def test_no_finding_tells_a_value() -> None:
    for example in small_examples():
        for name in example:
            if name == "resourceType":
                continue
            for wrong in ("Smith", ["Smith"], {"Smith Jones": "Smith"}, [{"text": ["Smith"]}]):
                for issue in check({**example, name: wrong}, type_name=example["resourceType"]):
                    assert "Smith" not in issue.diagnostics + (issue.expression or "")


@pytest.mark.parametrize("type_name", [*SERVED, *CARRIERS])
def test_every_place_of_a_type_has_its_plan_and_its_invariants(type_name: str) -> None:
    keys, seen, tried = [type_name], set(), 0
    while keys:
        key = keys.pop()
        if key in seen:
            continue
        seen.add(key)
        its = plan(key)
        keys += [step.plan_key for step in its.steps.values() if step.plan_key is not None]
        for invariant in its.invariants:
            # Of nothing at all an invariant says either, but it can be tried.
            assert invariant.check({}, {"resourceType": type_name}) in (True, False)
            tried += 1
    assert tried > 0
