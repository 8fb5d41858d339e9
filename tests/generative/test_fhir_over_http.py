"""Whatever a client sends and may keep comes back over HTTP to the digit, in JSON and XML, and updated."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from carecord.db.embedded import Held
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.xml_text import from_xml, to_xml
from tests.support.fhir import FHIRClient, fhir_of_a_module, patient_of
from tests.support.fhir_examples import comparable

XML = "application/fhir+xml"

_letters = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")) | st.sampled_from("\n\t\r\"'<&>")
_text = st.text(_letters, min_size=1, max_size=12).filter(lambda text: text.strip() == text)
# Every spelling that R4 allows; a minus before nothing is no digit.
_number = (
    st.from_regex(r"-?(0|[1-9][0-9]{0,6})(\.[0-9]{1,8})?([eE][+-]?[0-9])?", fullmatch=True)
    .map(lambda text: decode(b'{"number":%b}' % text.encode())["number"])
    .filter(lambda number: str(number) != "-0")
)
_quantity = st.fixed_dictionaries({"value": _number}, optional={"unit": _text})
_extension = st.recursive(
    st.fixed_dictionaries({"url": st.just("https://example.org/said")}).flatmap(
        lambda one: (
            _text.map(lambda text: one | {"valueString": text})
            | _number.map(lambda number: one | {"valueDecimal": number})
            | _quantity.map(lambda quantity: one | {"valueQuantity": quantity})
        )
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=2).map(
        lambda within: {"url": "https://example.org/within", "extension": within}
    ),
    max_leaves=3,
)
_extensions = st.lists(_extension, min_size=1, max_size=2)
_observation = st.fixed_dictionaries(
    {
        "resourceType": st.just("Observation"),
        "status": st.just("final"),
        "code": st.fixed_dictionaries({"text": _text}, optional={"extension": _extensions}),
    },
    optional={
        "extension": _extensions,
        "_status": st.fixed_dictionaries({"extension": _extensions}),
        "effectiveDateTime": st.sampled_from(["2019", "2019-02", "2019-02-03T04:05:06.700+05:45"]),
        "valueQuantity": _quantity,
        "note": st.lists(st.fixed_dictionaries({"text": _text}), min_size=1, max_size=2),
        "component": st.lists(
            st.fixed_dictionaries(
                {"code": st.fixed_dictionaries({"text": _text})}, optional={"valueQuantity": _quantity}
            ),
            min_size=1,
            max_size=3,
        ),
    },
)


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture(scope="module")
def patient_id(fhir: FHIRClient) -> str:
    made: str = fhir.create(patient_of())["id"]
    return made


# What fails is told as it was found: to make it smaller takes minutes of calls.
@settings(max_examples=25, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(sent=_observation, later=_observation)
def test_every_digit_and_element_comes_back_in_both_formats_and_after_an_update(
    fhir: FHIRClient, patient_id: str, sent: Json, later: Json
) -> None:
    sent, later = ({**one, "subject": {"reference": f"Patient/{patient_id}"}} for one in (sent, later))
    made = fhir.post("/Observation", encode(sent))
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    address = f"/Observation/{id}"

    assert _said(decode(fhir.get(address).content)) == comparable(sent)
    assert _said(from_xml(fhir.get(address, Accept=XML).content)) == comparable(sent)

    put = fhir.put(address, to_xml(later | {"id": id}), Content_Type=XML)
    assert put.status_code == 200, put.text
    assert _said(decode(fhir.get(address).content)) == comparable(later)
    assert _said(from_xml(fhir.get(address, Accept=XML).content)) == comparable(later)
    assert _said(decode(fhir.get(f"{address}/_history/1").content)) == comparable(sent)


def _said(resource: Json) -> object:
    return comparable({name: value for name, value in resource.items() if name not in ("id", "meta")})
