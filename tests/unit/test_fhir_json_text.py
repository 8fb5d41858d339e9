"""FHIR's JSON: digits stay, and what can be read two ways or not at all is refused."""

from decimal import Decimal

import pytest

from carecord.fhir_api.json_text import DEPTH, decode, encode
from carecord.kernel.errors import BadRequest


def test_decimals_keep_their_digits() -> None:
    raw = b'{"a":185.10,"b":1.0,"c":0.00,"d":-1.000000000000000000E+245,"e":12345678901234567890,"f":100}'
    assert decode(raw)["a"] == Decimal("185.10")
    assert encode(decode(raw)) == raw


def test_text_is_utf8_and_nothing_is_escaped_that_need_not_be() -> None:
    assert encode(decode('{"a":"Sinéad \\u00d3 <&>"}'.encode())) == '{"a":"Sinéad Ó <&>"}'.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"status":"final","status":"amended"}',
        b'{"status" : "final","status":"amended"}',
        b'{"code":{"text":"a","coding":[{"code":"b","code":"c"}]}}',
        b'{"a":"\\":","status":"final","status":"amended"}',
    ],
)
def test_a_name_that_stands_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="stands twice"):
        decode(raw)


def test_texts_that_look_like_names_are_texts() -> None:
    raw = b'{"a":"\\":\\":","b" :{"c":" : "}}'
    assert decode(raw) == {"a": '":":', "b": {"c": " : "}}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1} {}',
        b'{"a":01}',
        b'{"a":NaN}',
        b"{'a':1}",
        b'{"a":"\x00"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1e9999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1.' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="The body is not JSON"):
        decode(raw)


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"Patient"'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="one JSON object"):
        decode(raw)


def test_a_nul_is_refused_and_a_backslash_before_u0000_is_not() -> None:
    with pytest.raises(BadRequest, match="NUL"):
        decode(b'{"a":["b\\u0000"]}')
    with pytest.raises(BadRequest, match="NUL"):
        decode(b'{"a":{"\\u0000":1}}')
    assert decode(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b'{"a":[', b"]}"), (b"[", b"]")])
def test_what_goes_too_deep_is_refused(opening: bytes, closing: bytes) -> None:
    for levels in (DEPTH, 100_000):
        with pytest.raises(BadRequest, match=f"more than {DEPTH} levels"):
            decode(b'{"a":' + opening * levels + b"1" + closing * levels + b"}")


def test_what_goes_as_deep_as_may_be_is_read() -> None:
    raw = b'{"a":' * DEPTH + b"1" + b"}" * DEPTH
    assert encode(decode(raw)) == raw


def test_refusals_hold_nothing_of_the_body() -> None:
    for raw in (b'{"a":"Smith" Jones}', b'{"Smith Jones":1,"Smith Jones":2}', b'{"a":"Smith\\ud800Jones"}'):
        with pytest.raises(BadRequest) as refusal:
            decode(raw)
        assert "Smith" not in refusal.value.detail
        assert "Jones" not in refusal.value.detail
