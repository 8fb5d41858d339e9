"""A source record as a FHIR Patient: its demographics, rows that belong to it, and whom it is linked with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from carecord.catalogue.demographics import (
    COMMUNICATION_NEEDS,
    DEMOGRAPHICS_DETAILS,
    PATIENT_ADDRESSES,
    PATIENT_IDENTIFIERS,
    WITHHELD,
)
from carecord.catalogue.model import Operation
from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import systems, values
from carecord.fhir_api.mapping.entries import RESTRICTED, tenancy_tag
from carecord.fhir_api.mapping.parts import Item, PatientParts
from carecord.fhir_api.mapping.resources import Maker, maker
from carecord.patient_index.linked_records import LinkType

_LABEL = RESTRICTED["system"], RESTRICTED["code"]
WITHHELD_FIELDS = {
    leaf.name: re.split(r"[.\[]", leaf.field.fhir[0].path)[0]
    for leaf in DEMOGRAPHICS_DETAILS.leaves
    if leaf.field.attribute in WITHHELD
}
"""By the JSON names of what is withheld of a protected person: the element of Patient that would tell it."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_ODS_CODE = re.compile(r"(?=[A-Z0-9]*[0-9])[A-Z0-9]{3,9}")


def patient_of(parts: PatientParts) -> Json:
    """The Patient, without id, version and time."""
    item = parts.demographics
    if parts.is_withheld:
        item = {name: said for name, said in item.items() if name not in WITHHELD_FIELDS}
    patient: Json = {"resourceType": "Patient", "meta": _meta(parts)}
    patient |= _made(DEMOGRAPHICS_DETAILS, "", parts, item)
    patient["active"] = _is_active(parts)
    _time_birth(patient, item)
    patient["identifier"] = _identifiers(patient.get("identifier", ()), parts)
    if not parts.is_withheld:
        _add_addresses(patient, parts)
    _add_needs(patient, parts)
    if parts.links:
        patient["link"] = [
            {"other": {"reference": f"Patient/{link.patient_detail_id}"}, "type": link.type.value}
            for link in parts.links
        ]
    return {name: said for name, said in patient.items() if said != []}


def is_withheld(patient: bytes) -> bool:
    """Whether this Patient, as it is kept, was made without whereabouts: its label says so."""
    labels = json_text.decode(patient)["meta"].get("security", ())
    return any((one.get("system"), one.get("code")) == _LABEL for one in labels)


def _meta(parts: PatientParts) -> Json:
    (declared,) = DEMOGRAPHICS_DETAILS.fhir
    meta: Json = {"tag": [tenancy_tag(parts.source)], "profile": [declared.profile]}
    if parts.is_withheld:
        meta["security"] = [RESTRICTED]
    return meta


def _is_active(parts: PatientParts) -> bool:
    """Whether its source counts the record as its own patient's: merged ones are answered for by another."""
    replaced = any(link.type is LinkType.MINOR for link in parts.links)
    return parts.demographics.get("RecordStatus", "Active") == "Active" and not (parts.merged or replaced)


def _time_birth(patient: Json, item: Item) -> None:
    """The time of birth is a date-time beside the date."""
    time = patient.pop("_birthDate", None)
    born, at = item.get("DateOfBirth"), item.get("BirthTime")
    if time and born and _TIME.fullmatch(at or ""):
        time["extension"][0]["valueDateTime"] = values.instant(f"{born}T{at}")
        patient["_birthDate"] = time


def _identifiers(given: Sequence[Json], parts: PatientParts) -> list[Json]:
    """The numbers of the record, then those of its rows, each once."""
    found = [one for one in given if "value" in one]
    seen = {(one.get("system"), one["value"]) for one in found}
    for row in parts.identifiers:
        for one in _made(PATIENT_IDENTIFIERS, "", parts, row).get("identifier", ()):
            _name_system(one, row, parts)
            if "value" in one and (one["system"], one["value"]) not in seen:
                seen.add((one["system"], one["value"]))
                found.append(one)
    return found


def _name_system(identifier: Json, row: Item, parts: PatientParts) -> None:
    """An NHS number is of the NHS; a number of another organisation's is of that organisation."""
    authority = (row.get("AssigningAuthority") or "").strip()
    if row.get("IdentifierType") == "NHS number":
        identifier["system"] = systems.NHS_NUMBER
        if identifier.get("use") == "usual":
            identifier["use"] = "official"
        return
    if _ODS_CODE.fullmatch(authority):
        source = replace(parts.source, organisation_code=authority)
        identifier["system"] = systems.local_identifiers(source)
    if identifier.get("use") == "old":
        identifier.pop("extension", None)


def _add_addresses(patient: Json, parts: PatientParts) -> None:
    """Rows of addresses say more than the record's own: one that is the same stands in its place."""
    rows = [one for row in parts.addresses for one in _made(PATIENT_ADDRESSES, "", parts, row)["address"]]
    own = [one for one in patient.get("address", ()) if not any(_is_same_place(one, row) for row in rows)]
    patient["address"] = own + rows


def _is_same_place(one: Json, other: Json) -> bool:
    return bool(
        one.get("line") == other.get("line")
        and one.get("postalCode") == other.get("postalCode")
        and other.get("use") == "home"
        and "end" not in other.get("period", {})
    )


def _add_needs(patient: Json, parts: PatientParts) -> None:
    """Languages, the interpreter, and how to make contact, as the rows of needs tell of them."""
    for one in patient.get("communication", ()):
        one["preferred"] = True
    spoken = {_language(one) for one in patient.get("communication", ())}
    known = {one["url"] for one in patient.get("extension", ())}
    for row in parts.communication_needs:
        made = _made(COMMUNICATION_NEEDS, "Patient", parts, row)
        for one in _languages(made, row):
            if _language(one) not in spoken:
                spoken.add(_language(one))
                patient.setdefault("communication", []).append(one)
        for extension in made.get("extension", ()):
            if extension["url"] not in known:
                known.add(extension["url"])
                patient.setdefault("extension", []).append(extension)


def _languages(made: Json, row: Item) -> Iterator[Json]:
    """Only rows of languages: what others describe is no language."""
    if row.get("Category") == "Language" or row.get("LanguageCode"):
        for one in made.get("communication", ()):
            if row.get("Category") != "Language":
                one["language"].pop("text", None)
                one["language"]["coding"][0].pop("display", None)
            yield one


def _language(communication: Json) -> Any:
    language = communication.get("language", {})
    return next((one.get("code") for one in language.get("coding", ())), None) or language.get("text")


def _made(operation: Operation, key: str, parts: PatientParts, row: Item) -> Json:
    made: Json | None = _maker(operation, key).make((parts, row))
    return made or {}


@cache
def _maker(operation: Operation, key: str) -> Maker:
    declared = next(one for one in operation.fhir if one.key == key)
    made = maker(declared, [operation])
    return replace(made, lists=())
