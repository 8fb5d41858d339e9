"""HL7's examples of R4 over HTTP: kept and read back as they were sent, or refused with the reason."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import httpx2
import pytest

from carecord.db.embedded import Held
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.xml_text import from_xml, to_xml
from tests.support.fhir import FHIRClient, fhir_of_a_module, open_fhir, patient_of
from tests.support.fhir_examples import WRONG, all_examples, comparable, small_examples
from tests.support.fhir_subjects import SUBJECT, about

XML = "application/fhir+xml"
TENANCIES = "https://fhir.graphnethealth.com/CodeSystem-Tenancies"

PLACES: Mapping[str, tuple[int, int, int]] = {
    "AllergyIntolerance": (6, 0, 0),
    "Appointment": (1, 0, 0),
    "Binary": (0, 2, 0),
    "CarePlan": (2, 5, 0),
    "Communication": (0, 2, 0),
    "Condition": (11, 0, 0),
    "Consent": (0, 11, 0),
    "Device": (0, 2, 0),
    "DiagnosticReport": (0, 4, 0),
    "DocumentReference": (1, 0, 0),
    "Encounter": (6, 1, 0),
    "EpisodeOfCare": (0, 1, 0),
    "FamilyMemberHistory": (0, 1, 0),
    "Flag": (2, 0, 0),
    "Goal": (0, 1, 0),
    "Group": (0, 4, 0),
    "HealthcareService": (0, 1, 0),
    "ImagingStudy": (0, 2, 0),
    "Immunization": (2, 1, 0),
    "List": (0, 6, 0),
    "Location": (0, 6, 0),
    "Medication": (0, 12, 0),
    "MedicationAdministration": (0, 10, 0),
    "MedicationDispense": (0, 21, 0),
    "MedicationRequest": (26, 5, 1),
    "MedicationStatement": (6, 1, 0),
    "Observation": (40, 7, 1),
    "Organization": (0, 8, 0),
    "Patient": (19, 0, 0),
    "Practitioner": (0, 10, 0),
    "PractitionerRole": (0, 1, 0),
    "Procedure": (11, 2, 0),
    "Provenance": (0, 4, 0),
    "Questionnaire": (0, 5, 2),
    "QuestionnaireResponse": (2, 0, 0),
    "RelatedPerson": (2, 0, 0),
    "RiskAssessment": (0, 5, 0),
    "Schedule": (0, 2, 0),
    "ServiceRequest": (6, 12, 0),
    "Slot": (0, 2, 0),
    "Specimen": (0, 4, 0),
    "Task": (0, 8, 0),
}
"""By type: examples that also show in the bundles API, that are kept as FHIR alone, and that are refused."""

Examples = Mapping[str, Sequence[Json]]


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    """A client that may bring restricted documents too: one of the examples is labelled so."""
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        # Some examples name Patient/1, which is nobody here; one is Location/1, which nothing else may be.
        with client.sandpit.database.connect() as connection:
            connection.execute("SELECT setval('clinical_store.entry_id', 1000000)")
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('patient_index.patient_record', 'patient_detail_id'),"
                " 1000000)"
            )
        scopes = ["system/*.cruds", "documents.restricted"]
        yield open_fhir(client.sandpit, "hl7", scopes=scopes)


@pytest.fixture(scope="module")
def patient_id(fhir: FHIRClient) -> str:
    made: str = fhir.create(patient_of())["id"]
    return made


@pytest.fixture(scope="module")
def examples() -> Examples:
    by_type: dict[str, list[Json]] = defaultdict(list)
    for one in all_examples():
        by_type[one["resourceType"]].append(one)
    return by_type


def test_the_examples_are_of_as_many_types_as_are_told_of_here(examples: Examples) -> None:
    served = {name: len(found) for name, found in examples.items() if name in SERVED}

    assert served == {name: sum(counts) for name, counts in PLACES.items()} | {"AuditEvent": 6}
    assert sum(map(len, examples.values())) == 537


@pytest.mark.parametrize("type_name", PLACES)
def test_examples_about_a_patient_that_is_known_are_kept_as_sent_unless_they_break_a_rule(
    fhir: FHIRClient, patient_id: str, examples: Examples, type_name: str
) -> None:
    kept, refused = [], 0
    for example in examples[type_name]:
        sent = about(example, patient_id)
        answer = fhir.post(f"/{type_name}", encode(sent))
        if (type_name, example["id"]) in WRONG:
            refused += 1
            assert WRONG[type_name, example["id"]] in _errors(answer, 422)
            continue
        assert answer.status_code == 201, (example["id"], answer.text)
        made = decode(answer.content)
        assert _facts(made) == _facts(sent), example["id"]
        read = fhir.get(f"/{type_name}/{made['id']}", Accept=XML)
        assert comparable(from_xml(read.content)) == comparable(made), example["id"]
        kept.append(made["id"])

    assert (*_with_and_without_an_entry(fhir, type_name, kept), refused) == PLACES[type_name]


@pytest.mark.parametrize("type_name", [name for name in PLACES if name != "Patient"])
def test_examples_are_kept_in_xml_under_their_own_ids_where_these_hold_a_letter(
    fhir: FHIRClient, patient_id: str, examples: Examples, type_name: str
) -> None:
    for example in examples[type_name]:
        sent = about(example, patient_id)
        address = f"/{type_name}/{example['id']}"
        answer = fhir.put(address, to_xml(sent), Content_Type=XML, Accept=XML)
        if (type_name, example["id"]) in WRONG:
            assert WRONG[type_name, example["id"]] in _errors(answer, 422)
        elif example["id"].isdecimal():
            assert _errors(answer, 405) == {None}
        else:
            assert answer.status_code in (200, 201), (example["id"], answer.text)
            made = from_xml(answer.content)
            assert made["id"] == example["id"]
            assert _facts(made) == _facts(sent), example["id"]


@pytest.mark.parametrize("type_name", PLACES)
def test_examples_as_they_are_need_their_patient_first(
    fhir: FHIRClient, examples: Examples, type_name: str
) -> None:
    for example in examples[type_name]:
        answer = fhir.post(f"/{type_name}", encode(example))
        if (type_name, example["id"]) in WRONG:
            assert WRONG[type_name, example["id"]] in _errors(answer, 422)
        elif about(example, "0") == example:
            assert answer.status_code == 201, (example["id"], answer.text)
            assert _facts(decode(answer.content)) == _facts(example), example["id"]
        else:
            at = ".".join((type_name, *SUBJECT[type_name]))
            assert _errors(answer, 422, code="not-found") == {at}, example["id"]


def test_a_patients_id_is_the_servers_to_give(fhir: FHIRClient, examples: Examples) -> None:
    for example in examples["Patient"]:
        assert _errors(fhir.put(f"/Patient/{example['id']}", encode(example)), 405) == {None}


def test_examples_of_types_that_are_not_kept_are_refused_by_their_type(
    fhir: FHIRClient, examples: Examples
) -> None:
    others = {name: found for name, found in examples.items() if name not in SERVED}
    for name, found in others.items():
        for example in found:
            created = fhir.post(f"/{name}", encode(example))
            put = fhir.put(f"/{name}/{example['id']}", encode(example))
            assert _errors(created, 404) == _errors(put, 404) == {None}
            assert name in created.json()["issue"][0]["diagnostics"]
        in_xml = fhir.post(f"/{name}", to_xml(found[0]), Content_Type=XML, Accept=XML)
        assert _errors(in_xml, 404) == {None}
    assert sum(map(len, others.values())) == 215


def test_nobody_writes_what_was_audited(fhir: FHIRClient, examples: Examples) -> None:
    for example in examples["AuditEvent"]:
        assert _errors(fhir.post("/AuditEvent", encode(example)), 405) == {None}
        assert _errors(fhir.put(f"/AuditEvent/{example['id']}", encode(example)), 405) == {None}


@pytest.mark.parametrize("example", small_examples(), ids=lambda one: f"{one['resourceType']}-{one['id']}")
def test_the_examples_that_stand_in_the_repository_are_kept_as_sent(
    fhir: FHIRClient, patient_id: str, example: Json
) -> None:
    type_name = example["resourceType"]
    sent = about(example, patient_id)
    answer = fhir.post(f"/{type_name}", encode(sent))

    assert answer.status_code == 201, answer.text
    assert _facts(decode(answer.content)) == _facts(sent)


def _facts(resource: Json) -> object:
    """What a client says: without id and version, the tag of the source, and links that the index gives."""
    told = {name: value for name, value in resource.items() if name not in ("id", "meta", "link")}
    meta = {n: v for n, v in resource.get("meta", {}).items() if n not in ("versionId", "lastUpdated", "tag")}
    tags = [tag for tag in resource.get("meta", {}).get("tag", ()) if tag.get("system") != TENANCIES]
    links = [
        link
        for link in resource.get("link", ())
        if not link["other"]["reference"].removeprefix("Patient/").isdecimal()
    ]
    return comparable(told), comparable(meta), comparable(tags), comparable(links)


def _with_and_without_an_entry(fhir: FHIRClient, type_name: str, ids: Sequence[str]) -> tuple[int, int]:
    with fhir.sandpit.database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE store IS NOT NULL OR type = 'Patient'),"
            " count(*) FILTER (WHERE store IS NULL AND type <> 'Patient')"
            " FROM fhir_api.resource WHERE type = %s AND id = ANY(%s)",
            (type_name, list(ids)),
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def _errors(answer: httpx2.Response, status: int, *, code: str | None = None) -> set[str | None]:
    """The elements at fault of a refusal, which is an OperationOutcome and says each in words."""
    assert answer.status_code == status, answer.text
    xml = "xml" in answer.headers["Content-Type"]
    said = from_xml(answer.content) if xml else decode(answer.content)
    assert said["resourceType"] == "OperationOutcome"
    errors = [one for one in said["issue"] if one["severity"] == "error"]
    assert errors
    assert all(one["code"] and one["diagnostics"] for one in errors)
    assert code is None or {one["code"] for one in errors} == {code}
    return {expression for one in errors for expression in one.get("expression", [None])}
