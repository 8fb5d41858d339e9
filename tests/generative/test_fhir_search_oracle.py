"""Whatever is asked, the server finds what a plain and slow matcher finds: resources, totals and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.db.embedded import Held
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.kept import Json
from tests.support.fhir_oracle import Criterion, Oracle
from tests.support.fhir_shelf import NOW, Shelf, open_shelf, rights_of
from tests.support.postgres import new_database

PERSON_OF = {101: 1, 102: 1, 201: 2, 202: 2, 301: 3}
SOURCE_OF = {101: 1, 102: 2, 201: 1, 202: 1, 301: 2}
RIGHTS = {
    "everything": rights_of(restricted_bundles=["gp"]),
    "nothing restricted": rights_of(),
    "one source": rights_of(tenancies=(1,)),
}

LOINC, UCUM, LOCAL = "http://loinc.org", "http://unitsofmeasure.org", "urn:local"
ACTIVE = "http://terminology.hl7.org/CodeSystem/condition-clinical"
DAYS = ["2019", "2020", "2020-02", "2020-02-29", "2020-03", "2020-03-01", "2021-12-31"]
INSTANTS = [
    "2020-03-01T00:00:00Z",
    "2020-03-01T23:30:00Z",
    "2020-03-01T00:30:00+01:00",
    "2020-02-29T12:00:00.500Z",
    "2019-12-31T23:59:59Z",
]
DATES = DAYS + INSTANTS
NUMBERS = ["5", "5.0", "5.4", "5.45", "100", "99.5", "-1", "0", "0.05"]
CODES = ["A1", "A2", "b-3"]
NAMES = ["Ångström", "angstrom", "Zoë", "O'Neil", "Smith Jones", "Smithers", "Li"]


def made_up(random: Random) -> Iterator[tuple[int, Json]]:
    """Some four dozen resources of two linked people and one alone, each with its record."""
    for record in PERSON_OF:
        yield record, _patient(random, record)
        for n in range(2):
            yield record, _encounter(random, record, f"e{record}-{n}")
            yield record, _condition(random, record, f"c{record}-{n}")
            yield record, _medication(random, record, f"m{record}-{n}")
        for n in range(4):
            yield record, _observation(random, record, f"o{record}-{n}")


def _maybe(random: Random, **elements: Any) -> Json:
    return {name: value for name, value in elements.items() if random.random() < 0.7}


def _coded(random: Random) -> Json:
    code = random.choice(CODES)
    coding = {"code": code, "display": random.choice(["Blood test", "Test of blood", "Weight"])}
    if random.random() < 0.8:
        coding["system"] = random.choice([LOINC, LOCAL])
    return {"coding": [coding], **_maybe(random, text=random.choice(["Übergewicht", "A blood count"]))}


def _quantity(random: Random) -> Json:
    unit = random.choice(["mg", "kg"])
    found = {"value": Decimal(random.choice(NUMBERS)), "unit": unit}
    return found | ({"system": UCUM, "code": unit} if random.random() < 0.7 else {})


def _period(random: Random) -> Json:
    start, end = sorted(random.sample(["2019-05", "2020-02-29", "2020-03-01T10:00:00Z", "2021"], 2))
    return random.choice([{"start": start, "end": end}, {"start": start}, {"end": end}])


def _of(random: Random, type_name: str, record: int, id: str) -> Json:
    others = [one for one, person in PERSON_OF.items() if person == PERSON_OF[record]]
    encounter = {"reference": f"Encounter/e{random.choice(others)}-{random.randint(0, 1)}"}
    return {
        "resourceType": type_name,
        "id": id,
        "subject": {"reference": f"Patient/{record}"},
        **_maybe(random, encounter=encounter),
    }


def _patient(random: Random, record: int) -> Json:
    return {
        "resourceType": "Patient",
        "id": str(record),
        "name": [
            {"family": random.choice(NAMES), "given": random.sample(NAMES, random.randint(0, 2))}
            for _ in range(random.randint(1, 2))
        ],
        **_maybe(
            random,
            active=random.random() < 0.5,
            gender=random.choice(["male", "female"]),
            birthDate=random.choice(DAYS),
            identifier=[{"system": LOCAL, "value": f"N{record}", "type": {"text": "Local number"}}],
            telecom=[{"system": "phone", "value": random.choice(["0123", "0456"])}],
            address=[{"line": ["1 High Street"], "city": random.choice(["Leeds", "York"])}],
            deceasedDateTime=random.choice(DATES),
        ),
    }


def _encounter(random: Random, record: int, id: str) -> Json:
    found = _of(random, "Encounter", record, id)
    found.pop("encounter", None)
    return found | {
        "status": random.choice(["planned", "finished"]),
        "class": {"system": LOCAL, "code": random.choice(CODES)},
        **_maybe(
            random,
            period=_period(random),
            type=[_coded(random), _coded(random)],
            partOf={"reference": f"Encounter/e{record}-0"},
        ),
    }


def _condition(random: Random, record: int, id: str) -> Json:
    onset = random.choice(
        [
            {"onsetDateTime": random.choice(DATES)},
            {"onsetPeriod": _period(random)},
            {"onsetAge": {"value": Decimal(random.choice(["5", "40"])), "system": UCUM, "code": "a"}},
            {"onsetRange": {"low": {"value": 5, "code": "a"}, "high": {"value": 40, "code": "a"}}},
            {"onsetString": random.choice(NAMES)},
        ]
    )
    active = {"coding": [{"system": ACTIVE, "code": random.choice(["active", "resolved"])}]}
    return {
        **_of(random, "Condition", record, id),
        **onset,
        **_maybe(random, code=_coded(random), clinicalStatus=active, recordedDate=random.choice(DATES)),
    }


def _observation(random: Random, record: int, id: str) -> Json:
    value = random.choice(
        [
            {"valueQuantity": _quantity(random)},
            {"valueString": random.choice(NAMES)},
            {"valueCodeableConcept": _coded(random)},
            {},
        ]
    )
    effective = random.choice(
        [{"effectiveDateTime": random.choice(DATES)}, {"effectivePeriod": _period(random)}, {}]
    )
    part = {"code": _coded(random), "valueQuantity": _quantity(random)}
    return {
        **_of(random, "Observation", record, id),
        "status": random.choice(["final", "amended"]),
        "code": _coded(random),
        **value,
        **effective,
        **_maybe(random, category=[_coded(random)], component=[part, {**part, "code": _coded(random)}]),
    }


def _medication(random: Random, record: int, id: str) -> Json:
    return {
        **_of(random, "MedicationRequest", record, id),
        "status": random.choice(["active", "stopped"]),
        "intent": random.choice(["order", "plan"]),
        "medicationCodeableConcept": _coded(random),
        **_maybe(random, authoredOn=random.choice(DATES)),
    }


# What may be asked ----------------------------------------------------------------------------

PARAMETERS = {
    name: codes.split()
    for name, codes in {
        "Patient": "name family given birthdate gender active identifier phone deceased address-city"
        " death-date",
        "Encounter": "status class type date patient part-of",
        "Condition": "code clinical-status onset-date onset-age onset-info recorded-date subject encounter",
        "Observation": "code status category date value-quantity value-string value-concept patient subject"
        " encounter combo-value-quantity component-code code-value-quantity component-code-value-quantity"
        " combo-code-value-quantity",
        "MedicationRequest": "code status intent authoredon patient encounter",
    }.items()
}
SORTED = {
    "Patient": ["family", "given", "birthdate", "gender", "_id", "_lastUpdated", "active"],
    "Encounter": ["date", "status", "part-of", "class", "_id"],
    "Condition": ["onset-date", "onset-age", "code", "recorded-date", "_lastUpdated"],
    "Observation": ["date", "value-quantity", "value-string", "code", "encounter", "status"],
    "MedicationRequest": ["authoredon", "code", "intent", "_id"],
}
CHAINS = {
    "Encounter": [("patient", "Patient"), ("part-of", "Encounter")],
    "Condition": [("subject", "Patient"), ("encounter", "Encounter")],
    "Observation": [("patient", "Patient"), ("subject", "Patient"), ("encounter", "Encounter")],
    "MedicationRequest": [("patient", "Patient"), ("encounter", "Encounter")],
    "Patient": [],
}
HAVING = {
    "Patient": [(one, "patient") for one in PARAMETERS if one != "Patient"] + [("Observation", "subject")],
    "Encounter": [("Observation", "encounter"), ("Condition", "encounter"), ("Encounter", "part-of")],
    "Condition": [],
    "Observation": [],
    "MedicationRequest": [],
}
MODIFIERS = {
    "token": ["", "", "not", "text"],
    "string": ["", "", "exact", "contains"],
    "reference": ["", "Type"],
}
PREFIXES = ["", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
SYSTEMS = [LOINC, LOCAL, ACTIVE, "http://hl7.org/fhir/observation-status", ""]
WORDS = [
    *NAMES,
    "smith",
    "Ö",
    "zo",
    "LEEDS",
    "york",
    "eed",
    "blood",
    "weight",
    "a bl",
    "uber",
    "jones",
    "local",
]
TOKENS = [
    *CODES,
    "final",
    "finished",
    "active",
    "male",
    "female",
    "true",
    "false",
    "0123",
    "N101",
    "order",
    "none",
]

codes = st.one_of(
    st.sampled_from(TOKENS),
    st.builds("{}|{}".format, st.sampled_from(SYSTEMS), st.sampled_from(TOKENS)),
    st.builds("{}|".format, st.sampled_from(SYSTEMS[:-1])),
)
measured = st.builds(
    "{}{}".format,
    st.sampled_from([*NUMBERS, "40", "4", "1e1"]),
    st.sampled_from(["", "", f"|{UCUM}|mg", "||kg", f"|{UCUM}|", "||a"]),
)
composed = st.builds("{}${}{}".format, codes, st.sampled_from(PREFIXES), measured)
records = st.sampled_from([*map(str, PERSON_OF), "999"])
encounters = st.sampled_from(["e101-0", "e101-1", "e102-0", "e201-1", "nothing"])


@st.composite
def plain(draw: st.DrawFn, type_name: str) -> Criterion:
    """One parameter of the type, with modifier, prefixes and alternatives."""
    code = draw(st.sampled_from([*PARAMETERS[type_name], "_id", "_lastUpdated"]))
    many = draw(st.integers(1, 2))
    if code == "_id":
        ids = st.sampled_from(["101", "202", "e101-0", "o101-1", "o202-3", "c301-0"])
        return Criterion(code, values=tuple(("", draw(ids)) for _ in range(many)))
    kind = parameters_of(type_name)[code].type
    if code != "_lastUpdated" and draw(st.integers(0, 9)) == 0:
        return Criterion(code, "missing", (("", draw(st.sampled_from(["true", "false"]))),))
    modifier = draw(st.sampled_from(MODIFIERS.get(kind, [""])))
    values: list[tuple[str, str]] = []
    for _ in range(many):
        match kind:
            case "date":
                dates = ["2026-11-01", "2026-10", "2026-10-31"] if code == "_lastUpdated" else DATES
                values.append((draw(st.sampled_from(PREFIXES)), draw(st.sampled_from(dates))))
            case "quantity":
                values.append((draw(st.sampled_from(PREFIXES)), draw(measured)))
            case "composite":
                values.append(("", draw(composed)))
            case "reference" if code in ("patient", "subject"):
                values.append(
                    ("", draw(records) if modifier or draw(st.booleans()) else f"Patient/{draw(records)}")
                )
            case "reference":
                values.append(("", draw(encounters) if modifier else f"Encounter/{draw(encounters)}"))
            case "token" if modifier != "text":
                values.append(("", draw(codes)))
            case _:
                values.append(("", draw(st.sampled_from(WORDS))))
    if modifier == "Type":
        modifier = "Patient" if code in ("patient", "subject") else "Encounter"
    return Criterion(code, modifier, tuple(values))


@st.composite
def criteria(draw: st.DrawFn, type_name: str) -> Criterion:
    """A parameter at the end of up to two references, followed either way."""
    steps: list[tuple[str, ...]] = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        chains = [("chain", parameter, target) for parameter, target in CHAINS[type_name]]
        steps_here = chains + [("has", source, parameter) for source, parameter in HAVING[type_name]]
        # What a chain has reached is not asked who refers to it: `_has` stands first in a name.
        if steps and steps[-1][0] == "chain":
            steps_here = chains
        if not steps_here:
            break
        step = draw(st.sampled_from(steps_here))
        steps.append(step)
        type_name = step[2] if step[0] == "chain" else step[1]
    last = draw(plain(type_name))
    return Criterion(last.code, last.modifier, last.values, tuple(steps))


@dataclass(frozen=True)
class Asked:
    type: str
    criteria: tuple[Criterion, ...]
    sort: tuple[str, ...]
    count: int
    rights: str


@st.composite
def searches(draw: st.DrawFn) -> Asked:
    type_name = draw(st.sampled_from(list(PARAMETERS)))
    keys = st.sampled_from(SORTED[type_name])
    sort = draw(
        st.lists(st.tuples(st.sampled_from(["", "-"]), keys), max_size=2, unique_by=lambda one: one[1])
    )
    return Asked(
        type_name,
        tuple(draw(st.lists(criteria(type_name), max_size=3))),
        tuple(map("".join, sort)),
        draw(st.sampled_from([2, 3, 7, 50])),
        draw(st.sampled_from(list(RIGHTS))),
    )


class Both:
    """The server and, for each caller, the plain matcher."""

    def __init__(self, shelf: Shelf, oracles: dict[str, Oracle]) -> None:
        self.shelf = shelf
        self.oracles = oracles


@pytest.fixture(scope="module")
def both(migrated_template: Held) -> Iterator[Both]:
    random = Random(4)
    with new_database(migrated_template) as database, open_shelf(database) as shelf:
        for record, person in PERSON_OF.items():
            shelf.add_record(record, person=person, tenancy=SOURCE_OF[record])
        record_of: dict[tuple[str, str], int] = {}
        restricted: set[str] = set()
        for record, resource in made_up(random):
            record_of[resource["resourceType"], resource["id"]] = record
            if random.random() < 0.1:
                restricted.add(resource["id"])
            shelf.add(
                resource,
                patient=record,
                tenancy=SOURCE_OF[record],
                restricted=resource["id"] in restricted,
                updated=NOW - timedelta(days=random.randint(0, 2)),
            )

        def oracle(*, source: int | None, sees_restricted: bool) -> Oracle:
            def sees_record(record: int) -> bool:
                return source is None or SOURCE_OF.get(record) == source

            def sees(one: Json) -> bool:
                return sees_record(record_of[one["resourceType"], one["id"]]) and (
                    sees_restricted or one["id"] not in restricted
                )

            return Oracle(shelf.resources, PERSON_OF, record_of, NOW, sees, sees_record)

        yield Both(
            shelf,
            {
                "everything": oracle(source=None, sees_restricted=True),
                "nothing restricted": oracle(source=None, sees_restricted=False),
                "one source": oracle(source=1, sees_restricted=False),
            },
        )


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=searches())
def test_the_server_finds_what_a_plain_matcher_finds(both: Both, asked: Asked) -> None:
    expected = both.oracles[asked.rights].find(asked.type, asked.criteria, asked.sort)
    pairs = [*(one.pair() for one in asked.criteria), ("_count", str(asked.count))]
    if asked.sort:
        pairs.append(("_sort", ",".join(asked.sort)))
    found: list[str] = []
    page = both.shelf.find((asked.type, pairs), rights=RIGHTS[asked.rights])
    assert page.total == len(expected)
    while True:
        found += [one.id for one in page.matches]
        if page.cursor is None:
            break
        assert len(page.matches) == asked.count
        page = both.shelf.find((asked.type, pairs), rights=RIGHTS[asked.rights], cursor=page.cursor)
    assert found == expected


@pytest.mark.parametrize(
    ("type_name", "code", "values"),
    [
        ("Observation", "date", DATES),
        ("Condition", "onset-date", DATES),
        ("Observation", "value-quantity", NUMBERS),
        ("Condition", "onset-age", ["5", "40", "4.5"]),
    ],
)
@pytest.mark.parametrize("prefix", PREFIXES[1:])
def test_every_prefix_compares_as_a_plain_matcher_compares(
    both: Both, type_name: str, code: str, values: list[str], prefix: str
) -> None:
    for value in values:
        criterion = Criterion(code, values=((prefix, value),))
        expected = both.oracles["everything"].find(type_name, [criterion], ["_id"])
        pairs = [criterion.pair(), ("_sort", "_id"), ("_count", "100")]
        page = both.shelf.find((type_name, pairs), rights=RIGHTS["everything"])
        assert [one.id for one in page.matches] == expected, value
