"""FHIR's XML: the same resource as in JSON, both ways, and nothing dangerous or unknown is read."""

from decimal import Decimal
from typing import Any

import pytest

from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource, outcome_of
from carecord.fhir_api.validating import check
from carecord.fhir_api.xml_text import from_xml, to_xml
from carecord.kernel.errors import BadRequest
from tests.support.fhir_examples import all_examples, comparable, small_examples

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


def _xml(inside: str, *, type_name: str = "Patient") -> bytes:
    return f'<{type_name} xmlns="http://hl7.org/fhir">{inside}</{type_name}>'.encode()


def test_a_patient_is_written_in_the_order_of_r4() -> None:
    patient = {
        "resourceType": "Patient",
        "birthDate": "1970-01-01",
        "_birthDate": {
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueTime": "10:00:00"}
            ]
        },
        "name": [{"given": ["A", None], "_given": [None, {"id": "n2"}], "id": "n1"}],
        "multipleBirthInteger": 2,
        "active": True,
        "id": "p1",
        "text": {"status": "generated", "div": f"{DIV}a &lt; b<br/></div>"},
    }
    assert to_xml(patient).decode().split("\n", 1)[1] == (
        '<Patient xmlns="http://hl7.org/fhir"><id value="p1"/>'
        f'<text><status value="generated"/>{DIV}a &lt; b<br/></div></text>'
        '<active value="true"/>'
        '<name id="n1"><given value="A"/><given id="n2"/></name>'
        '<birthDate value="1970-01-01">'
        '<extension url="http://hl7.org/fhir/StructureDefinition/patient-birthTime">'
        '<valueTime value="10:00:00"/></extension></birthDate>'
        '<multipleBirthInteger value="2"/></Patient>'
    )
    assert from_xml(to_xml(patient)) == patient


@pytest.mark.parametrize("example", small_examples(), ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_an_example_comes_back_from_xml_as_it_was(example: Json) -> None:
    assert comparable(from_xml(to_xml(example))) == comparable(example)


def test_every_example_of_hl7_comes_back_from_xml_as_it_was() -> None:
    for example in all_examples():
        assert comparable(from_xml(to_xml(example))) == comparable(example), example["id"]


def test_values_have_their_types_again() -> None:
    raw = _xml(
        '<status value="final"/><valueQuantity><value value="1.50"/></valueQuantity>'
        '<component><valueInteger value="-7"/></component>'
        '<component><valueBoolean value="false"/></component>'
        '<component><valueQuantity><value value="3"/></valueQuantity></component>',
        type_name="Observation",
    )
    made = from_xml(raw)
    assert str(made["valueQuantity"]["value"]) == "1.50"
    assert isinstance(made["valueQuantity"]["value"], Decimal)
    assert made["component"] == [
        {"valueInteger": -7},
        {"valueBoolean": False},
        {"valueQuantity": {"value": 3}},
    ]


def test_a_value_of_another_type_is_left_for_the_check() -> None:
    made = from_xml(_xml('<active value="yes"/><multipleBirthInteger value="02"/>'))
    found = {one.expression for one in check(made, type_name="Patient")}
    assert found == {"Patient.active", "Patient.multipleBirth"}


def test_line_ends_in_values_stay() -> None:
    note = {"resourceType": "Observation", "note": [{"text": "one\ntwo\tthree\r\nfour"}]}
    assert from_xml(to_xml(note)) == note


def test_prefixes_comments_and_schema_locations_change_nothing() -> None:
    raw = (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?><!-- one -->\n'
        b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xsi:schemaLocation="http://hl7.org/fhir patient.xsd">\n <!-- two -->\n'
        b' <f:text><f:status value="generated"/>'
        b'<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:b>x</h:b></h:div></f:text>\n'
        b' <f:active value="true"/></f:Patient>'
    )
    made = from_xml(raw)
    assert made["active"] is True
    assert (
        comparable(made["text"])["div"]
        == '<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:b>x</h:b></h:div>'
    )
    assert not [one for one in check(made, type_name="Patient") if one.is_error]


@pytest.mark.parametrize(
    ("inside", "expression"),
    [
        ("<nickname value='x'/>", "Patient.nickname"),
        ("<name><family value='x'/><famly value='x'/></name>", "Patient.name[0].famly"),
        ("<gender value='male'/><gender value='male'/>", "Patient.gender"),
        ("<gender>male</gender>", "Patient.gender"),
        ("<name value='x'/>", "Patient.name[0]"),
        ("<name><given value='a'/><given code='b'/></name>", "Patient.name[0].given[1]"),
        ("<contained/>", "Patient.contained[0]"),
        ("<contained><Sheep/></contained>", "Patient.contained[0]"),
        ("<resourceType value='Patient'/>", "Patient.resourceType"),
        ("<x:active xmlns:x='urn:x' value='true'/>", "Patient"),
    ],
)
def test_what_has_no_place_is_refused_with_its_place(inside: str, expression: str) -> None:
    with pytest.raises(InvalidResource) as refusal:
        from_xml(_xml(inside))
    assert [one.expression for one in refusal.value.issues] == [expression]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"<Patient",
        b'<Patient xmlns="http://hl7.org/fhir"><active></Patient>',
        b"<Patient/>",
        b'<Sheep xmlns="http://hl7.org/fhir"/>',
        b'<Patient xmlns="http://hl7.org/fhir"><active value="&x;"/></Patient>',
        b'<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"/>',
        '<Patient xmlns="http://hl7.org/fhir"/>'.encode("utf-16"),
        b'<Patient xmlns="http://hl7.org/fhir"><language value="\xff"/></Patient>',
        b'<!DOCTYPE Patient [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"/>',
        b'<Patient xmlns="http://hl7.org/fhir">' + b"<extension>" * 60 + b"</extension>" * 60 + b"</Patient>",
        b'<Patient xmlns="http://hl7.org/fhir">'
        + b"<extension>" * 9000
        + b"</extension>" * 9000
        + b"</Patient>",
    ],
)
def test_what_is_no_xml_of_fhir_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        from_xml(raw)


def test_attributes_and_prefixes_without_end_are_not_looked_at_one_by_one() -> None:
    """Each would be looked up among all: a megabyte of them took minutes."""
    attributes = " ".join(f'a{n}="x"' for n in range(100_000))
    with pytest.raises(InvalidResource) as refusal:
        from_xml(_xml(f"<name {attributes}/>"))
    assert [one.diagnostics for one in refusal.value.issues] == [
        "Patient.name[0] must not have more than 64 attributes."
    ]
    prefixes = " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(1_001))
    with pytest.raises(BadRequest, match="more than 1000 prefixes"):
        from_xml(_xml(f"<name {prefixes}/>"))


def test_files_and_entities_are_never_read(tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    raw = (
        f'<!DOCTYPE Patient [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        '<Patient xmlns="http://hl7.org/fhir"><text><div xmlns="http://www.w3.org/1999/xhtml">&e;</div></text>'
        "</Patient>"
    )
    with pytest.raises(BadRequest, match="document type"):
        from_xml(raw.encode())


@pytest.mark.parametrize(
    "raw",
    [
        _xml("<name>Smith</name>"),
        _xml("<active value='Smith' Smith='Smith'"),
        _xml("<active>&Smith;</active>"),
        _xml("<active xmlns='Smith'/>"),
        _xml("<gender value='Smith'/><gender value='Smith'/>"),
    ],
)
def test_refusals_hold_no_value_of_the_body(raw: bytes) -> None:
    with pytest.raises((BadRequest, InvalidResource)) as refusal:
        from_xml(raw)
    assert "Smith" not in json_text.encode(outcome_of(refusal.value)).decode()


def test_what_goes_as_deep_as_may_be_in_xml_can_be_kept_as_json() -> None:
    deep = "<extension url='u'>" * 48 + "</extension>" * 48
    made = from_xml(_xml(deep))
    assert json_text.decode(json_text.encode(made)) == made
