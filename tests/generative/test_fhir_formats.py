"""Whatever is sent is taken or refused with a reason, and what is taken is the same in every format."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource
from carecord.fhir_api.validating import check
from carecord.fhir_api.xml_text import from_xml, to_xml
from carecord.kernel.errors import BadRequest
from tests.support.fhir_examples import comparable, small_examples
from tests.support.fhir_mistakes import spoiled

EXAMPLES = small_examples()
OFTEN = settings(max_examples=150, deadline=None)

_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "text", "name", "extension", "contained", "valueString", "_id", "resourceType"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def _is_taken(resource: Json) -> bool:
    return not any(one.is_error for one in check(resource, type_name=resource["resourceType"]))


@OFTEN
@given(spoiled(EXAMPLES))
def test_what_is_taken_is_the_same_in_every_format(resource: Json) -> None:
    if _is_taken(resource):
        assert comparable(decode(encode(resource))) == comparable(resource)
        assert comparable(from_xml(to_xml(resource))) == comparable(resource)


@OFTEN
@given(spoiled(EXAMPLES))
def test_what_another_checker_refuses_is_refused(resource: Json) -> None:
    fhirkit = pytest.importorskip("fhirkit", reason="fhirkit-rs, an independent checker, is not installed")
    try:
        theirs = [one for one in fhirkit.parse(encode(resource)).issues if one.severity == "error"]
    except fhirkit.ValidationError as error:
        theirs = [error]
    if theirs:
        assert not _is_taken(resource), theirs


@OFTEN
@given(st.sampled_from(SERVED), st.dictionaries(st.text(max_size=5), _anything, max_size=4) | _anything)
def test_the_check_takes_or_refuses_anything(type_name: str, sent: Any) -> None:
    resource = (
        {**sent, "resourceType": type_name}
        if isinstance(sent, dict)
        else {"resourceType": type_name, "id": sent}
    )
    for issue in check(resource, type_name=type_name):
        assert issue.expression is not None
        assert issue.expression.startswith(type_name)


@OFTEN
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0 1e.-ntf', max_size=40).map(str.encode))
def test_any_bytes_are_json_or_refused(raw: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(decode(raw), dict)


_pieces = st.sampled_from(
    [
        '<Patient xmlns="http://hl7.org/fhir">',
        "</Patient>",
        "<name>",
        "</name>",
        '<family value="x"/>',
        '<given id="a" value="x">',
        "</given>",
        '<extension url="u">',
        "</extension>",
        '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
        "<text>",
        "</text>",
        "<contained>",
        "</contained>",
        "<resource/>",
        "<!-- x -->",
        "<?x y?>",
        "<![CDATA[x]]>",
        "&lt;",
        "&x;",
        "x",
    ]
)


@OFTEN
@given(
    st.binary(max_size=60)
    | st.lists(_pieces, max_size=12).map(lambda one: "".join(one).encode())
    | st.lists(_pieces, max_size=8).map(
        lambda one: f'<Patient xmlns="http://hl7.org/fhir">{"".join(one)}</Patient>'.encode()
    )
)
def test_any_bytes_are_xml_or_refused(raw: bytes) -> None:
    try:
        made = from_xml(raw)
    except (BadRequest, InvalidResource):
        return
    check(made, type_name=made["resourceType"])
