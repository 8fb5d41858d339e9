"""Parameters are read as R4 has them; what breaks a rule is named, and its value never told."""

import pytest

from carecord.fhir_api.searching import parse
from carecord.fhir_api.searching.literals import BadValue, Span, measure_of, span_of, split
from carecord.kernel.errors import BadRequest

SECRET = "9990123454"


@pytest.mark.parametrize(
    ("type_name", "name", "value"),
    [
        ("Observation", "date", SECRET),
        ("Observation", "date", "2020-02-30"),
        ("Observation", "date", "2020-01-01T25:00"),
        ("Observation", "date", "xx2020"),
        ("Observation", "_lastUpdated", "yesterday"),
        ("Observation", "value-quantity", "much"),
        ("Observation", "value-quantity", "5|mg"),
        ("Observation", "value-quantity", "1e999"),
        ("Observation", "code", ""),
        ("Observation", "code", "a,,b"),
        ("Observation", "code", "a|b|c"),
        ("Observation", "code:missing", "perhaps"),
        ("Observation", "code:in", "http://example.org/unknown"),
        ("Observation", "code-value-quantity", "a"),
        ("Observation", "patient", "Patient/"),
        ("Observation", "patient", "a b"),
        ("Observation", "_count", "-1"),
        ("Observation", "_count", "many"),
        ("Observation", "_sort", "nothing"),
        ("Observation", "_sort", "code-value-quantity"),
        ("Observation", "_total", "some"),
        ("Observation", "_summary", "yes"),
        ("Observation", "_elements", "nothing"),
        ("Observation", "_include", "Observation"),
        ("Observation", "code", "a\x00b"),
        ("Observation", "code", "x" * 5000),
        ("Observation", "identifier:of-type", "a|b"),
        ("RiskAssessment", "probability", "high"),
        ("Patient", "getAllLinkedPatients", "maybe"),
        ("Patient", "name", " "),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_value_that_breaks_its_rule_is_refused_by_its_parameter(
    type_name: str, name: str, value: str, strict: bool
) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(type_name, [(name, value)], strict=strict)
    assert refusal.value.errors[0].field == name
    assert SECRET not in str(refusal.value)
    if len(value) > 6 and name != "_sort":
        assert value not in refusal.value.detail


@pytest.mark.parametrize(
    ("type_name", "name"),
    [
        ("Observation", "colour"),
        ("Observation", "code.text"),
        ("Observation", "encounter.colour"),
        ("Observation", "_has:Nothing:subject:code"),
        ("Observation", "_has:Encounter:status:code"),
        ("Observation", "_has:Encounter:patient:status"),
        ("Observation", "getAllLinkedPatients"),
        ("Observation", "encounter.getAllLinkedPatients"),
        ("Patient", "phonetic"),
        ("Location", "near"),
        ("Observation", f"{SECRET} or so"),
    ],
)
def test_a_parameter_that_is_not_known_is_refused_or_left_out_by_name(type_name: str, name: str) -> None:
    with pytest.raises(BadRequest):
        parse(type_name, [(name, "true")], strict=True)
    search = parse(type_name, [(name, "true"), ("_id", "5")], strict=False)
    assert search.used == (("_id", "5"),)
    [warning] = search.warnings
    assert SECRET not in warning
    assert name in warning or " " in name


@pytest.mark.parametrize(
    "name",
    [
        "code:exact",
        "date:contains",
        "_id:missing",
        "subject:Practitioner",
        "encounter:Patient.family",
        "patient:Nothing.name",
        "_sort:iterate",
    ],
)
def test_a_modifier_that_a_parameter_does_not_take_is_refused_however_lenient(name: str) -> None:
    for strict in (True, False):
        with pytest.raises(BadRequest, match="is no modifier that it takes") as refusal:
            parse("Observation", [(name, "true"), ("_id", "5")], strict=strict)
        assert refusal.value.errors[0].field == name


def test_an_include_of_what_is_not_known_is_left_out() -> None:
    for value in ("Nothing:subject", "Observation:status", "Observation:subject:Nothing"):
        with pytest.raises(BadRequest):
            parse("Observation", [("_include", value)], strict=True)
        assert len(parse("Observation", [("_include", value)], strict=False).warnings) == 1


def test_a_chain_ends_somewhere() -> None:
    name = ".".join(["part-of"] * 7) + ".status"
    with pytest.raises(BadRequest):
        parse("Encounter", [(name, "finished")], strict=True)
    name = "_has:Observation:has-member:" * 7 + "status"
    with pytest.raises(BadRequest):
        parse("Observation", [(name, "final")], strict=True)


def test_there_is_an_end_to_parameters_and_values() -> None:
    with pytest.raises(BadRequest):
        parse("Observation", [("code", "a")] * 61, strict=True)
    with pytest.raises(BadRequest):
        parse("Observation", [("code", ",".join(["a"] * 501))], strict=True)


def test_equal_questions_make_equal_shapes_whatever_their_values() -> None:
    first = parse("Observation", [("patient", "5"), ("code", "a|b,c")], strict=True)
    second = parse("Observation", [("patient", "6,7"), ("code", "d")], strict=True)
    assert first.shape == second.shape
    assert first.patients == (5,)
    assert second.patients == (6, 7)
    assert parse("Observation", [("code", "a")], strict=True).patients is None


def test_the_face_s_own_parameters_are_none_of_search_s() -> None:
    assert parse("Observation", [("_format", "xml"), ("_pretty", "true")], strict=True).used == ()


def test_a_reference_under_our_own_address_is_as_one_without_it() -> None:
    base = "https://example.org/fhir/R4"
    ours = parse("Encounter", [("practitioner", f"{base}/Practitioner/7")], strict=True, base=base)
    assert ours.values == parse("Encounter", [("practitioner", "Practitioner/7")], strict=True).values


@pytest.mark.parametrize(
    ("text", "separator", "parts"),
    [
        ("a,b", ",", ["a", "b"]),
        (r"a\,b,c", ",", [r"a\,b", "c"]),
        (r"a\\,b", ",", ["a\\\\", "b"]),
        (r"a\|b|c", "|", [r"a\|b", "c"]),
        ("a\\", ",", ["a\\"]),
    ],
)
def test_escaped_separators_do_not_separate(text: str, separator: str, parts: list[str]) -> None:
    assert split(text, separator) == parts


DAY = 86_400_000_000
MILLISECOND = 1_000


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1970", 0, 365 * DAY),
        ("1972-02", 761 * DAY, 790 * DAY),
        ("1970-01-02", DAY, 2 * DAY),
        ("1970-01-01T01:00Z", 3_600_000_000, 3_660_000_000),
        ("1970-01-01T01:00:00+01:00", 0, 1_000_000),
        ("1970-01-01T00:00:00.5", 500_000, 600_000),
        ("1970-01-01T00:00:00.678Z", 678 * MILLISECOND, 679 * MILLISECOND),
    ],
)
def test_a_date_is_as_wide_as_it_is_partial(text: str, low: int, high: int) -> None:
    assert span_of(text) == Span(low, high)


def test_the_ends_of_time_are_dates() -> None:
    assert span_of("9999").high > span_of("9999-12-31").low
    with pytest.raises(BadValue):
        span_of("0000")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("100", "99.5", "100.5"), ("100.0", "99.95", "100.05"), ("-1", "-1.5", "-0.5"), ("1e2", "50", "150")],
)
def test_a_number_stands_for_what_its_digits_leave_open(text: str, low: str, high: str) -> None:
    found = measure_of(text)
    assert (float(found.low), float(found.high)) == (float(low), float(high))


@pytest.mark.parametrize("text", ["\u0661", "1.\u0661", "1e\u0661"], ids=["whole", "fraction", "exponent"])
def test_digits_of_a_number_are_ascii(text: str) -> None:
    with pytest.raises(BadValue):
        measure_of(text)


@pytest.mark.parametrize("text", ["202\u0661", "2021-01-0\u0661"], ids=["year", "day"])
def test_digits_of_a_date_are_ascii(text: str) -> None:
    with pytest.raises(BadValue):
        span_of(text)
