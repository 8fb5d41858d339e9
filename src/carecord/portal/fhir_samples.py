"""How a resource type is searched, in the languages that most callers write, and what it looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import msgspec

from carecord.catalogue import OPERATIONS
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, FIND_PATIENT
from carecord.catalogue.model import Operation
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.addresses import BASE_PATH
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import About, PatientParts, Source, patient_of, resources_of
from carecord.fhir_api.mapping.systems import NHS_NUMBER
from carecord.portal.code_samples import CodeSample
from carecord.portal.fhir_reference import FHIRReference

_FOUND = sample_of(FIND_PATIENT).item
_PATIENT = int(_FOUND["PatientDetailId"])
_ENTRY = 1_000_007
_TODAY = date(2024, 3, 1)
"""The day on which the samples are looked at: pages are the same every day."""


def search_samples(reference: FHIRReference, base_url: str) -> list[CodeSample]:
    """How resources of the type are found."""
    url, query = f"{base_url}{BASE_PATH}/{reference.type}", search_query(reference)
    return [
        CodeSample("curl", _curl(url, query)),
        CodeSample("Python", _python(url, query)),
        CodeSample("JavaScript", _javascript(url, query)),
    ]


def everything_samples(base_url: str) -> list[CodeSample]:
    """How all that is known of a person is read."""
    url = f"{base_url}{BASE_PATH}/Patient/{_PATIENT}/$everything"
    return [
        CodeSample("curl", _curl(url, {}).replace("$everything", "\\$everything")),
        CodeSample("Python", _python(url, {})),
        CodeSample("JavaScript", _javascript(url, {})),
    ]


@dataclass(frozen=True)
class SampleResource:
    """A resource as JSON to read, and the operation of whose sample row it is made."""

    operation: Operation
    text: str


def sample_resource(reference: FHIRReference) -> SampleResource | None:
    """A resource of the type, made of the sample row of the first collection that becomes one."""
    for made_of in reference.made_of:
        item = sample_of(made_of.operation).item
        source = _source(item)
        if made_of.operation is DEMOGRAPHICS_DETAILS:
            patient = patient_of(PatientParts(_PATIENT, source, item, merged=False))
            return SampleResource(made_of.operation, _text(patient, str(_PATIENT)))
        store = made_of.operation.store
        assert store is not None
        for made in resources_of(store.name, item, about=About(_PATIENT, _ENTRY, source, _TODAY)):
            if made.resource["resourceType"] == reference.type:
                return SampleResource(made_of.operation, _text(made.resource, made.id(_ENTRY)))
    return None


def _source(item: Mapping[str, Any]) -> Source:
    description = item.get("TenancyDescription") or _FOUND["TenancyDescription"]
    return Source(_tenancies()[description], description, None)


@cache
def _tenancies() -> Mapping[str, int]:
    """The sources that the samples name, numbered as the samples number them, and others after these."""
    items = [sample_of(one).item for one in OPERATIONS]
    numbers = {
        item["TenancyDescription"]: int(item["TenancyId"])
        for item in items
        if item.get("TenancyId") and item.get("TenancyDescription")
    }
    for item in items:
        if description := item.get("TenancyDescription"):
            numbers.setdefault(description, len(numbers) + 1)
    return numbers


def _text(resource: Json, id_: str) -> str:
    rest = {name: value for name, value in resource.items() if name != "resourceType"}
    whole = {"resourceType": resource["resourceType"], "id": id_, **rest}
    return msgspec.json.format(encode(whole), indent=2).decode()


def search_query(reference: FHIRReference) -> dict[str, str]:
    """A search that most callers begin with: a person's by NHS number, else of a patient, else of anybody."""
    if reference.type == "Patient":
        return {"identifier": f"{NHS_NUMBER}|{_FOUND['NhsNumber']}"}
    of_whom = {"patient": str(_PATIENT)} if any(one.name == "patient" for one in reference.parameters) else {}
    return {**of_whom, "_count": "50"}


def _curl(url: str, query: Mapping[str, str]) -> str:
    lines = [
        f'curl -sS{" -G" if query else ""} "{url}"',
        '  -H "Authorization: Bearer $TOKEN"',
        *(f'  --data-urlencode "{name}={value}"' for name, value in query.items()),
    ]
    return " \\\n".join(lines) + "\n"


def _python(url: str, query: Mapping[str, str]) -> str:
    params = [
        "    params={",
        *(f'        "{name}": "{value}",' for name, value in query.items()),
        "    },",
    ]
    return "\n".join(
        [
            "import os",
            "",
            "import httpx",
            "",
            "answer = httpx.get(",
            f'    "{url}",',
            *(params if query else ()),
            '    headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"},',
            ")",
            "answer.raise_for_status()",
            'for entry in answer.json().get("entry", []):',
            '    print(entry["resource"]["resourceType"], entry["resource"]["id"])',
            "",
        ]
    )


def _javascript(url: str, query: Mapping[str, str]) -> str:
    opening = [f'const answer = await fetch("{url}", {{']
    if query:
        opening = [
            "const query = new URLSearchParams({",
            *(f'  {name}: "{value}",' for name, value in query.items()),
            "});",
            f"const answer = await fetch(`{url}?${{query}}`, {{",
        ]
    return "\n".join(
        [
            *opening,
            "  headers: { Authorization: `Bearer ${process.env.TOKEN}` },",
            "});",
            "if (!answer.ok) throw new Error(await answer.text());",
            "const { entry = [] } = await answer.json();",
            "for (const { resource } of entry) console.log(resource.resourceType, resource.id);",
            "",
        ]
    )
