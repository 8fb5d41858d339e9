"""A Patient as the demographics of a source record."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.submission import InvalidItem
from carecord.catalogue.value_lists import MARITAL_STATUS, NHS_NUMBER_STATUS
from carecord.fhir_api.incoming.drafts import fits_by_name
from carecord.fhir_api.incoming.marks import value_at
from carecord.fhir_api.incoming.pieces import codes, codings, concept_text, listed, objects, reference_text
from carecord.fhir_api.incoming.times import local_time
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.paths import parse
from carecord.fhir_api.mapping.systems import IDENTIFIERS, NHS_NUMBER, extension_url
from carecord.fhir_api.outcomes import InvalidResource, Issue
from carecord.kernel.nhs_number import is_nhs_number

NO_SURNAME = "Not given"
"""What stands for a family name that nobody gave: the index compares no such words."""

_UNTRACED = "02"


def demographics_of(patient: Json) -> dict[str, Any]:
    """By the JSON names of Patient - Demographics; what the Patient does not say is null.

    `PatientNumber` is left out where it brings no local number, `SensitiveAddress` where nothing asks for it.
    Raises InvalidResource for an NHS number whose check digit does not hold.
    """
    found: dict[str, Any] = {}
    for part in (_numbers, _names, _birth_and_death, _background, _telecoms, _address, _gp):
        found |= part(patient)
    fits = fits_by_name(DEMOGRAPHICS_DETAILS)
    fitting = {name: None if value is None else fits[name](value) for name, value in found.items()}
    # What is too long to be a name is refused as such, and not taken for none.
    fitting["Surname"] = found["Surname"]
    number = fitting.pop("PatientNumber", None)
    security = codes({"coding": objects((patient.get("meta") or {}).get("security"))})
    fitting["RecordStatus"] = "Closed" if patient.get("active") is False else "Active"
    if security & {"R", "V"}:
        fitting["SensitiveAddress"] = "Yes"
    return ({"PatientNumber": number} if number else {}) | fitting


def _numbers(patient: Json) -> Json:
    identifiers = [one for one in objects(patient.get("identifier")) if one.get("value")]
    position, number = next(
        ((at, one) for at, one in enumerate(objects(patient.get("identifier"))) if _is_nhs_number(one)),
        (0, None),
    )
    said = "".join(str(number["value"]).split()) if number else None
    if said is not None and not is_nhs_number(said):
        rule = "must be ten digits whose check digit holds"
        raise InvalidResource([Issue("error", "value", rule, f"Patient.identifier[{position}].value")])
    local = [one for one in identifiers if not _is_nhs_number(one) and one.get("use") != "old"]
    return {
        "NhsNumber": said,
        "NhsNumberVerificationStatus": _verification_status(number) if number else None,
        "PatientNumber": min(local, key=_rank)["value"] if local else None,
    }


def _is_nhs_number(identifier: Json) -> bool:
    current = identifier.get("use") != "old"
    return bool(identifier.get("system") == NHS_NUMBER and identifier.get("value") and current)


_WORDS_OF_STATUSES = {
    "number-present-and-verified": "01",
    "number-present-but-not-traced": "02",
    "trace-required": "03",
    "trace-attempted-no-match-or-multiple-match-found": "04",
    "trace-needs-to-be-resolved": "05",
    "trace-in-progress": "06",
    "number-not-present-and-trace-not-required": "07",
    "trace-postponed": "08",
}


def _verification_status(identifier: Json) -> str:
    """What the sender says of it; a number of which nothing is said is present and not traced."""
    url = extension_url("UKCore-NHSNumberVerificationStatus")
    said = [one for one in objects(identifier.get("extension")) if one.get("url") == url]
    for coding in codings([one.get("valueCodeableConcept") for one in said]):
        code = str(coding.get("code"))
        code = _WORDS_OF_STATUSES.get(code, code)
        if code in NHS_NUMBER_STATUS:
            return code
    return _UNTRACED


_KINDS_OF_NUMBERS = {"MR": 0, "PI": 1, "PT": 1, None: 2}


def _rank(identifier: Json) -> int:
    """A record number first, then a patient's, then any without a type: passports and licences last."""
    said = codes(identifier.get("type")) or {None}
    return min(_KINDS_OF_NUMBERS.get(one, 3) for one in said)


def _names(patient: Json) -> Json:
    names = objects(patient.get("name"))
    present = [one for one in names if one.get("use") not in _OTHER_NAMES and not _has_ended(one)]
    name = min(present, key=lambda one: _USES.get(one.get("use"), 3), default={})
    surname, given = _surname_and_given(name)
    former = [o.get("family") for o in names if o.get("use") in ("old", "maiden") or _has_ended(o)]
    return {
        "Title": next(iter(listed(name.get("prefix"))), None),
        "Forename": given[0] if given else None,
        "MiddleNames": " ".join(given[1:]) or None,
        "Surname": surname or NO_SURNAME,
        "PreferredName": _preferred(names, name),
        "PreviousSurname": next((one for one in former if one and one != surname), None),
    }


_USES = {"official": 0, "usual": 1, None: 2, "temp": 4}
_OTHER_NAMES = ("old", "maiden", "nickname", "anonymous")


def _has_ended(element: Json) -> bool:
    return "end" in (element.get("period") or {})


def _surname_and_given(name: Json) -> tuple[str | None, list[str]]:
    """Family and given names; of a text alone, `FAMILY, Given` or the last word as the family."""
    given = [str(one) for one in listed(name.get("given")) if one]
    if name.get("family") or given or not name.get("text"):
        return name.get("family"), given
    family, comma, rest = str(name["text"]).partition(",")
    if comma:
        return family.strip() or None, [one for one in rest.split() if not one.startswith("(")]
    words = family.split()
    return (words[-1], words[:-1]) if len(words) > 1 else (family.strip() or None, [])


def _preferred(names: Iterable[Json], chosen: Json) -> str | None:
    for use in ("usual", "nickname"):
        for one in names:
            if one.get("use") == use and one is not chosen and not _has_ended(one):
                given: str | None = one.get("text") or next(iter(listed(one.get("given"))), None)
                return given
    return None


def _birth_and_death(patient: Json) -> Json:
    birth_time = _extension(patient.get("_birthDate") or {}, "patient-birthTime").get("valueDateTime")
    local = local_time(str(birth_time))
    return {
        "DateOfBirth": patient.get("birthDate"),
        "BirthTime": local[11:19] if local and "T" in str(birth_time) else None,
        "DateOfDeath": patient.get("deceasedDateTime"),
        "DeathNotificationStatus": _at(
            patient,
            "extension[UKCore-DeathNotificationStatus:deathNotificationStatus].valueCodeableConcept.coding[0].code",
        ),
        "Gender": _GENDERS.get(str(patient.get("gender"))),
        "BirthSex": _birth_sex(patient),
    }


_GENDERS = {"male": "1", "female": "2", "other": "9", "unknown": "X", "M": "1", "F": "2", "UN": "9"}


def _birth_sex(patient: Json) -> str | None:
    said = str(_at(patient, "extension[UKCore-BirthSex].valueCodeableConcept.coding[0].code"))
    return _GENDERS.get(said, said)


def _background(patient: Json) -> Json:
    interpreter = _extension(patient, "patient-interpreterRequired").get("valueBoolean")
    marital = patient.get("maritalStatus")
    code = _marital_status(marital)
    ethnic = _extension(patient, "UKCore-EthnicCategory").get("valueCodeableConcept")
    religion = _extension(patient, "patient-religion").get("valueCodeableConcept")
    return {
        "EthnicCategoryCode": next(iter(codes(ethnic)), None),
        "EthnicCategoryDesc": concept_text(ethnic),
        "MaritalStatusCode": code,
        "MaritalStatusDesc": concept_text(marital) or (MARITAL_STATUS.meanings[code] if code else None),
        "ReligionCode": next(iter(codes(religion)), None),
        "ReligionDesc": concept_text(religion),
        "PreferredLanguageCode": _language(patient),
        "InterpreterRequired": interpreter,
    }


_HL7_MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
_MARITAL_STATUSES = {"S": "S", "M": "M", "D": "D", "W": "W", "L": "P"}


def _marital_status(concept: Any) -> str | None:
    """HL7's P is polygamous where the NHS's is separated: the system tells."""
    for coding in codings(concept):
        system, code = str(coding.get("system")), str(coding.get("code"))
        found = _MARITAL_STATUSES.get(code) if system == _HL7_MARITAL else code
        if system.endswith("v3-NullFlavor"):
            found = "9"
        if found in MARITAL_STATUS:
            return found
    return None


def _language(patient: Json) -> str | None:
    """ISO 639-1, of the language that is preferred, else the first."""
    told = objects(patient.get("communication"))
    one = next((o for o in told if o.get("preferred")), told[0] if told else {})
    code = next(iter(codes(one.get("language"))), "").partition("-")[0]
    return code.lower() if len(code) == 2 else code or None


def _telecoms(patient: Json) -> Json:
    return {
        "HomeTelephone": _at(patient, "telecom[phone].value"),
        "MobileTelephone": _at(patient, "telecom[mobile].value"),
        "EmailAddress": _at(patient, "telecom[email].value"),
    }


_HOMES = {"home": 0, None: 1, "temp": 2, "work": 3}


def _address(patient: Json) -> Json:
    told = [one for one in objects(patient.get("address")) if one.get("use") in _HOMES]
    present = [one for one in told if not _has_ended(one) and one.get("type") != "postal"] or told
    address = min(present, key=lambda one: _HOMES[one.get("use")], default={})
    lines = [str(one) for one in listed(address.get("line")) if one]
    return {
        "AddressLine1": lines[0] if lines else None,
        "AddressLine2": ", ".join(lines[1:]) or None,
        "AddressLine3": address.get("city"),
        "AddressLine4": address.get("district") or address.get("state"),
        "AddressLine5": address.get("country"),
        "PostCode": address.get("postalCode"),
        "Uprn": _at({"address": [address]}, "address[0].extension[UKCore-AddressKey:value].valueString"),
    }


def _gp(patient: Json) -> Json:
    """Practitioner and practice by their national codes; a practice stands in either of two elements."""
    told = objects(patient.get("generalPractitioner"))
    practitioner = _identified(told, IDENTIFIERS["gmp"])
    practice = _identified([*told, *objects(patient.get("managingOrganization"))], IDENTIFIERS["ods"])
    return {
        "GPCode": practitioner["identifier"]["value"] if practitioner else None,
        "GPName": reference_text(patient, practitioner),
        "GPPracticeCode": practice["identifier"]["value"] if practice else None,
        "GPPracticeName": reference_text(patient, practice),
    }


def _identified(references: Iterable[Json], system: str) -> Json | None:
    for one in references:
        identifier = one.get("identifier") or {}
        if identifier.get("system") == system and identifier.get("value"):
            return one
    return None


def _extension(node: Json, name: str) -> Json:
    url = extension_url(name)
    return next((one for one in objects(node.get("extension")) if one.get("url") == url), {})


def _at(patient: Json, path: str) -> Any:
    return value_at(patient, parse(path))


_ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "PatientNumber": "Patient.identifier",
        "NhsNumber": "Patient.identifier",
        "Surname": "Patient.name.family",
        "Forename": "Patient.name.given",
        "DateOfBirth": "Patient.birthDate",
        "DateOfDeath": "Patient.deceased",
        "PostCode": "Patient.address.postalCode",
        "GPCode": "Patient.generalPractitioner",
        "GPPracticeCode": "Patient.generalPractitioner",
    }
)


def refused(invalid: InvalidItem) -> InvalidResource:
    """What the index says against a record's demographics, as it stands in the Patient."""
    return InvalidResource(
        [
            Issue(
                "error", "business-rule", f"{one.field} {one.message}.", _ELEMENTS.get(one.field, "Patient")
            )
            for one in invalid.errors
        ]
    )
