"""Whatever a resource holds: what an independent FHIRPath finds in it by a parameter, a search finds."""

import json
from datetime import date
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models
from hypothesis import given, settings
from hypothesis import strategies as st

from carecord.fhir_api.definitions import Parameter
from carecord.fhir_api.indexing import either_of, fold, parameters_of, search_values, token
from carecord.fhir_api.kept import Json, SearchValues
from carecord.fhir_api.moments import DAY

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
codes = st.sampled_from(["a", "b", "271649006"])
systems = st.sampled_from(["http://one", "http://two"])
days = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
instants = st.datetimes().map(lambda at: f"{at.replace(microsecond=0).isoformat()}Z")
dates = days | instants
numbers = st.decimals(-1000, 1000, places=2)


def objects(**elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=elements).filter(bool)


def lists(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=1, max_size=2)


codings = objects(system=systems, code=codes, display=words)
concepts = objects(coding=lists(codings), text=words)
identifiers = objects(system=systems, value=codes)
references = st.fixed_dictionaries(
    {"reference": st.sampled_from(["Patient/1", "Group/2", "http://a.example/b"])}
)
quantities = st.fixed_dictionaries(
    {"value": numbers}, optional={"unit": words, "system": systems, "code": codes}
)
periods = objects(start=days, end=days)
values = {
    "valueQuantity": quantities,
    "valueCodeableConcept": concepts,
    "valueString": words,
    "valueDateTime": dates,
    "valuePeriod": periods,
}


def with_one(choices: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Json]:
    """One of these elements, or none."""
    each = [value.map(lambda made, name=name: {name: made}) for name, value in choices.items()]
    return st.one_of(st.just({}), *each)


def merged(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.tuples(*parts).map(lambda made: {name: value for one in made for name, value in one.items()})


components = merged(objects(code=concepts), with_one(values))
observations = merged(
    st.just({"resourceType": "Observation"}),
    objects(
        identifier=lists(identifiers),
        status=st.sampled_from(["final", "amended"]),
        category=lists(concepts),
        code=concepts,
        subject=references,
        performer=lists(references),
        component=lists(components),
        issued=instants,
    ),
    with_one({"effectiveDateTime": dates, "effectivePeriod": periods, "effectiveInstant": instants}),
    with_one(values),
)
names = objects(family=words, given=lists(words), text=words)
patients = merged(
    st.just({"resourceType": "Patient"}),
    objects(
        identifier=lists(identifiers),
        active=st.booleans(),
        name=lists(names),
        gender=st.sampled_from(["female", "male"]),
        birthDate=days,
        address=lists(objects(line=lists(words), city=words, postalCode=words)),
        generalPractitioner=lists(references),
    ),
    with_one({"deceasedBoolean": st.booleans(), "deceasedDateTime": dates}),
)


@settings(max_examples=60, deadline=None)
@given(observations | patients)
def test_what_a_judge_finds_in_a_resource_is_in_its_search_values(resource: Json) -> None:
    found = search_values(resource)
    type_name = resource["resourceType"]
    json.dumps(found.values, allow_nan=False)
    for parameter in parameters_of(type_name).values():
        if parameter.components or parameter.code.startswith("_") or "resolve()" in parameter.expression:
            continue
        judged = _judge(parameter.expression, type_name)(resource)
        either = either_of(type_name, parameter.code)
        present = {token(f"{type_name}|{one}") for one in either or (parameter.code,)}
        assert (not present.isdisjoint(found.tokens)) is bool(judged), parameter.code
        if either:
            continue
        for value in judged:
            check(parameter, f"{type_name}|{parameter.code}", value, found)


def check(parameter: Parameter, name: str, value: Any, found: SearchValues) -> None:
    kept = found.values.get(parameter.code, [])
    match parameter.type, value:
        case "token", {"coding": list(inner)}:
            for coding in inner:
                check_coding(name, coding.get("system"), coding.get("code"), found)
        case "token", {"value": str(code)}:
            check_coding(name, value.get("system"), code, found)
        case "token", bool() | str():
            said = str(value).lower() if isinstance(value, bool) else value
            check_coding(name, None, said, found)
        case "reference", {"reference": text}:
            assert token(f"{name}={text}") in found.tokens
        case "string", _:
            for text in texts_in(value):
                assert fold(text) in kept
                assert text in found.values[f"{parameter.code}:exact"]
                assert not fold(text) or token(f"{name}~{fold(text)[:3]}") in found.tokens
        case "date", {**ends}:
            start, end = ends.get("start"), ends.get("end")
            assert [midnight(start) if start else None, midnight(end) + DAY if end else None] in kept
        case "date", str(text):
            low = midnight(text[:10])
            assert token(f"{name}={text[:10]}") in found.tokens
            assert any(low <= one[0] < one[1] <= low + DAY for one in kept if None not in one)
        case "quantity", {"value": number}:
            assert any(one[2] == float(number) and one[0] < one[2] < one[1] for one in kept)


def midnight(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days * DAY


def check_coding(name: str, system: str | None, code: str | None, found: SearchValues) -> None:
    if code:
        assert {token(f"{name}={system or ''}|{code}"), token(f"{name}=*|{code}")} <= set(found.tokens)
    if system:
        assert token(f"{name}={system}|") in found.tokens


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for one in value.values() for text in (one if isinstance(one, list) else [one])]


@cache
def _judge(expression: str, type_name: str) -> Any:
    """The branches of an expression that are about this type; `as` of many values is not the judge's."""
    about = [one.strip() for one in expression.split("|") if type_name in one]
    asked = " | ".join(_by_type(one) for one in about)
    parsed = fhirpathpy.parse(asked)
    return lambda resource: fhirpathpy.apply_parsed_path(resource, parsed, {}, models["r4"])


def _by_type(branch: str) -> str:
    inner, found, kind = branch.strip("()").partition(" as ")
    return f"{inner}.ofType({kind})" if found else branch
