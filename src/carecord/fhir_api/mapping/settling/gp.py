"""The GP record."""

from carecord.catalogue.gp import (
    GP_ACTIVE_PROBLEMS,
    GP_ADDITIONAL_PROBLEMS,
    GP_ALLERGIES,
    GP_DOCUMENTS,
    GP_ENCOUNTERS,
    GP_FAMILY_HISTORY,
    GP_IMMUNISATIONS,
    GP_ISSUED_MEDICATIONS,
    GP_OBSERVATIONS,
    GP_PAST_MEDICATIONS,
    GP_PAST_PROBLEMS,
    GP_REGISTRATION,
    GP_REPEAT_MEDICATIONS,
    GP_TEST_RESULTS,
)
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.codes import WORDS
from carecord.fhir_api.mapping.displays import coding
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import (
    concept,
    name_vaccine,
    refer_to_contained,
    settle_allergy,
    settle_document,
    use_contained_organization,
)
from carecord.fhir_api.mapping.settling.registering import settles
from carecord.fhir_api.mapping.systems import CODED

_ACTIVE = concept(CODED["Condition.clinicalStatus"], "active")
_RESOLVED = concept(CODED["Condition.clinicalStatus"], "resolved")
_CONFIRMED = concept(CODED["Condition.verificationStatus"], "confirmed")
_RELATION_NOT_RECORDED = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
            "code": "NAVU",
            "display": "Not available",
        }
    ]
}
_REMOTE = coding(CODED["Encounter.class"], "VR")

VITAL_SIGNS = frozenset(
    {
        "75367002",  # blood pressure
        "72313002",  # systolic arterial pressure
        "1091811000000102",  # diastolic arterial pressure
        "364075005",  # heart rate
        "78564009",  # heart rate measured at systemic artery
        "86290005",  # respiratory rate
        "276885007",  # core body temperature
        "386725007",  # body temperature
        "27113001",  # body weight
        "50373000",  # body height measure
        "1153637007",  # body height
        "60621009",  # body mass index
        "103228002",  # haemoglobin saturation with oxygen
        "431314004",  # peripheral oxygen saturation
        "363812007",  # head circumference
    }
)
"""SNOMED CT codes of the observations that R4 calls vital signs."""


@settles(GP_ACTIVE_PROBLEMS)
def settle_active_problem(condition: Json, item: Item, about: About) -> bool:
    condition["clinicalStatus"] = _ACTIVE
    condition["verificationStatus"] = _CONFIRMED
    return True


@settles(GP_PAST_PROBLEMS)
def settle_past_problem(condition: Json, item: Item, about: About) -> bool:
    condition["clinicalStatus"] = _RESOLVED
    condition["verificationStatus"] = _CONFIRMED
    return True


@settles(GP_ADDITIONAL_PROBLEMS)
def settle_additional_problem(condition: Json, item: Item, about: About) -> bool:
    condition["clinicalStatus"] = _ACTIVE
    return True


@settles(GP_REPEAT_MEDICATIONS)
@settles(GP_REPEAT_MEDICATIONS, key="MedicationRequest")
def settle_repeat(medicine: Json, item: Item, about: About) -> bool:
    medicine["status"] = "active"
    return True


@settles(GP_PAST_MEDICATIONS)
@settles(GP_PAST_MEDICATIONS, key="MedicationRequest")
def settle_past_medicine(medicine: Json, item: Item, about: About) -> bool:
    medicine["status"] = "stopped" if item.get("EndReason") else "completed"
    return True


@settles(GP_ISSUED_MEDICATIONS)
def settle_issue(request: Json, item: Item, about: About) -> bool:
    request["status"] = "completed"
    return True


@settles(GP_ALLERGIES)
def settle_gp_allergy(allergy: Json, item: Item, about: About) -> bool:
    return settle_allergy(allergy, clinical="resolved" if item.get("EndDate") else "active")


@settles(GP_ENCOUNTERS)
def settle_contact(encounter: Json, item: Item, about: About) -> bool:
    encounter["status"] = "finished"
    words = (item.get("Type") or "").casefold()
    if "telephone" in words or "video" in words:
        encounter["class"] = _REMOTE
    return True


@settles(GP_OBSERVATIONS)
def settle_observation(observation: Json, item: Item, about: About) -> bool:
    category = "vital-signs" if item.get("SnomedCTCode") in VITAL_SIGNS else "exam"
    observation["category"] = [concept(CODED["Observation.category"], category)]
    return True


@settles(GP_TEST_RESULTS)
def settle_result(observation: Json, item: Item, about: About) -> bool:
    """The request that it answers is contained, with who asked."""
    return refer_to_contained(observation, "ServiceRequest", "basedOn")


@settles(GP_TEST_RESULTS, key="DiagnosticReport")
def settle_report(report: Json, item: Item, about: About) -> bool:
    """Rows of one report share its identifier; each tells of its own result."""
    report["status"] = WORDS["DiagnosticReport.status"].get(item.get("ResultStatus") or "", "unknown")
    return bool(item.get("ReportId"))


@settles(GP_DOCUMENTS)
def settle_gp_document(document: Json, item: Item, about: About) -> bool:
    return settle_document(document, item, about)


@settles(GP_IMMUNISATIONS)
def settle_immunisation(immunization: Json, item: Item, about: About) -> bool:
    name_vaccine(immunization)
    return True


@settles(GP_FAMILY_HISTORY)
def settle_family_history(history: Json, item: Item, about: About) -> bool:
    history.setdefault("relationship", _RELATION_NOT_RECORDED)
    return True


@settles(GP_REGISTRATION)
def settle_registration(episode: Json, item: Item, about: About) -> bool:
    episode.setdefault("status", "finished" if item.get("DeductionDate") else "active")
    use_contained_organization(episode)
    return True
