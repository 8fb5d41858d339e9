"""Pathology, radiology and documents."""

from carecord.catalogue.documents import DOCUMENTS_LIST
from carecord.catalogue.pathology import ORDER_DETAILS, PATHOLOGY_RESULTS
from carecord.catalogue.radiology import RADIOLOGY_REPORTS
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import refer_to_contained, settle_document
from carecord.fhir_api.mapping.settling.registering import settles


@settles(PATHOLOGY_RESULTS)
def settle_results(report: Json, item: Item, about: About) -> bool:
    """The request that it answers is contained, with who asked."""
    return refer_to_contained(report, "ServiceRequest", "basedOn")


@settles(PATHOLOGY_RESULTS, key="Specimen")
def settle_specimen(specimen: Json, item: Item, about: About) -> bool:
    specimen["status"] = "available"
    return specimen.keys() > {"resourceType", "status"}


@settles(ORDER_DETAILS)
def settle_order(request: Json, item: Item, about: About) -> bool:
    """The specimen that is asked for is contained, with its type."""
    return refer_to_contained(request, "Specimen", "specimen")


@settles(RADIOLOGY_REPORTS)
def settle_report(report: Json, item: Item, about: About) -> bool:
    """The request that it answers is contained: who asked, why, and of which part of the body."""
    return refer_to_contained(report, "ServiceRequest", "basedOn")


@settles(RADIOLOGY_REPORTS, key="ImagingStudy")
def settle_study(study: Json, item: Item, about: About) -> bool:
    return item.get("ImageCount") is not None


@settles(DOCUMENTS_LIST)
def settle_letter(document: Json, item: Item, about: About) -> bool:
    for label in document.get("securityLabel", ()):
        if label["coding"][0]["code"] == "NOPAT":
            label["coding"][0]["system"] = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return settle_document(document, item, about)
