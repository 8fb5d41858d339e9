"""What the name of a slice brings: `telecom[mobile]` is a phone for mobile use."""

from typing import Any

from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import systems
from carecord.fhir_api.mapping.displays import coding

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_HEADINGS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordStandardHeadings"

_PRESSURES = {
    "systolic": ("72313002", "Systolic arterial pressure", "8480-6", "Systolic blood pressure"),
    "diastolic": ("1091811000000102", "Diastolic arterial pressure", "8462-4", "Diastolic blood pressure"),
}
_PHYSICAL_TYPES = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_PLACES = {"ward": "wa", "bay": "ro", "bed": "bd"}
_SLICES_OF_PLACES = {"from": "ward"}
_PERSONS = ("Patient", "RelatedPerson")
_PARTICIPANTS = {
    "LOC": ("LOC", "location"),
    "site": ("LOC", "location"),
    "ATND": ("ATND", "attender"),
    "ADM": ("ADM", "admitter"),
    "DIS": ("DIS", "discharger"),
    "REF": ("REF", "referrer"),
}


def brought_by(path: str, selector: str, title: str) -> Json:
    """The fixed parts of the entry `selector` of the list at this path; `title` is the field's in words."""
    owner, _, name = path.rpartition(".")
    if name == "extension":
        return {"url": selector if owner == "Extension" else systems.extension_url(selector)}
    if name == "presentedForm":
        return {"contentType": "text/plain; charset=utf-8"}
    if path == "Encounter.location" and (place := _place(selector, title)):
        done = {"status": "completed"} if selector.startswith("from") else {}
        return done | {"physicalType": place}
    if selector.isdigit() or not selector:
        return {"use": "home"} if name == "address" and owner in _PERSONS and selector == "0" else {}
    match name:
        case "name":
            return {"use": selector}
        case "identifier" if owner == "Patient":
            return {"use": "official" if selector == "nhsNumber" else "usual"}
        case "telecom":
            return _telecom(owner, selector)
        case "participant":
            return {"type": [{"coding": [_participation(selector)]}]}
        case "component":
            return {"code": _component(selector, title)}
        case "statusHistory":
            return {"status": selector}
        case "item":
            return {"linkId": selector, "text": title}
        case "section":
            return {"title": title, "code": {"coding": [{"system": _HEADINGS, "code": selector}]}}
        case _:
            return {}


def _place(selector: str, title: str) -> Json | None:
    """Which kind of place it is, by the slice or else by the field's own words; a bay is a room to FHIR."""
    words = _SLICES_OF_PLACES.get(selector, selector) if selector.isalpha() or "-" in selector else title
    for word, code in _PLACES.items():
        if word in words.casefold():
            return {"coding": [coding(_PHYSICAL_TYPES, code)], "text": word.capitalize()}
    return None


def _telecom(owner: str, selector: str) -> Json:
    if selector == "email":
        return {"system": "email"}
    use = "work" if owner not in _PERSONS else "home"
    return {"system": "phone", "use": {"mobile": "mobile", "work": "work"}.get(selector, use)}


def _participation(selector: str) -> Json:
    code, display = _PARTICIPANTS[selector]
    return {"system": _PARTICIPATION, "code": code, "display": display}


def _component(selector: str, title: str) -> Json:
    if selector not in _PRESSURES:
        return {"text": title}
    snomed, snomed_display, loinc, loinc_display = _PRESSURES[selector]
    coding: list[dict[str, Any]] = [
        {"system": systems.CODES["snomed"], "code": snomed, "display": snomed_display},
        {"system": systems.CODES["loinc"], "code": loinc, "display": loinc_display},
    ]
    return {"coding": coding}
