"""Radiology: imaging orders and reports."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    NEWEST_FIRST,
    NOT_FUTURE,
    SORT,
    Bundle,
    Dictionary,
    Entry,
    Fhir,
    ListOperation,
    LocalDateTime,
    Resource,
    Store,
)
from carecord.catalogue.value_lists import YES_NO

BUNDLE = Bundle(
    name="Radiology", slug="radiology", tagline="Imaging orders and reports", scope="radiology.read"
)


class RadiologyReport(Entry):
    """Imaging examinations with their reports."""

    report_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    accession_number: Annotated[
        str,
        FILTER,
        Dictionary("RADIOLOGICAL ACCESSION NUMBER"),
        Fhir("identifier[accession].value"),
        Fhir("identifier[accession].value", on="ImagingStudy"),
    ]
    examination_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("DIAGNOSTIC TEST DATE"),
        Fhir("effectiveDateTime"),
        Fhir("started", on="ImagingStudy"),
    ]
    report_date: Annotated[
        LocalDateTime | None, SORT, FILTER, Dictionary("SERVICE REPORT ISSUE DATE"), Fhir("issued")
    ]
    examination_code: Annotated[
        str | None, FILTER, LOCAL, Dictionary("IMAGING CODE (NICIP)"), Fhir("code.coding[nicip].code")
    ]
    examination_snomed_ct_code: Annotated[
        str | None, FILTER, SNOMED, Dictionary("IMAGING CODE (SNOMED-CT)"), Fhir("code.coding[snomed].code")
    ]
    examination_desc: Annotated[str, SORT, FILTER, Fhir("code.text"), Fhir("description", on="ImagingStudy")]
    modality: Annotated[
        str | None,
        SORT,
        FILTER,
        Fhir("category[1].text"),
        Fhir("modality[0].code", on="ImagingStudy"),
        Fhir("modality[0].display", on="ImagingStudy"),
    ]
    body_site: Annotated[str | None, FILTER, Fhir("contained[ServiceRequest].bodySite[0].text")]
    laterality: Annotated[str | None, Fhir("contained[ServiceRequest].bodySite[1].text")]
    clinical_details: Annotated[str | None, FILTER, Fhir("contained[ServiceRequest].reasonCode[0].text")]
    report_text: Annotated[str | None, FILTER, Fhir("presentedForm[0].data")]
    """Plain text; sent as text/plain attachment."""
    conclusion: Annotated[str | None, FILTER, Fhir("conclusion")]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Preliminary, Final, Amended, Cancelled, Examined not reported = registered."""
    reported_by: Annotated[str | None, SORT, FILTER, Fhir("resultsInterpreter[0].display")]
    verified_by: Annotated[str | None, Fhir("resultsInterpreter[1].display")]
    referrer_name: Annotated[
        str | None,
        FILTER,
        Dictionary("REFERRER CODE"),
        Fhir("contained[ServiceRequest].requester.display"),
    ]
    patient_source_desc: Annotated[
        str | None, FILTER, Dictionary("PATIENT SOURCE SETTING TYPE (DIAGNOSTIC IMAGING)")
    ]
    site_code: Annotated[
        str | None, FILTER, Dictionary("SITE CODE (OF IMAGING)"), Fhir("performer[0].identifier[ods].value")
    ]
    site_desc: Annotated[str | None, FILTER, Fhir("performer[0].display")]
    image_count: Annotated[int | None, Fhir("numberOfInstances", on="ImagingStudy")]
    image_link: str | None
    """Viewer address when image sharing is set up."""
    urgent_finding: Annotated[str | None, FILTER, YES_NO]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


RADIOLOGY_REPORTS = ListOperation(
    bundle=BUNDLE,
    operation_id="Radiology_GetReportsByPatientDetailId",
    title="Radiology - Reports",
    path="/radiology/patients/{patientDetailId}/reports",
    summary="Imaging examinations with their reports.",
    item=RadiologyReport,
    source=DESIGNED,
    collection="RadiologyReportsList",
    store=Store("radiology_report"),
    submitted=True,
    fhir=(
        Resource(
            "DiagnosticReport",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-DiagnosticReport",
            status="from Status",
            fixed={"category[0].coding[0].code": "RAD"},
        ),
        Resource(
            "ImagingStudy",
            key="ImagingStudy",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ImagingStudy",
            status="available",
            when="ImageCount is not null",
        ),
    ),
    hl7v2=(
        "ORU^R01 OBR-3/OBR-18 -> ReportId, AccessionNumber",
        "OBR-4 -> Examination",
        "OBR-7/OBR-22 -> ExaminationDate, ReportDate",
        "OBR-13 -> ClinicalDetails",
        "OBR-24 -> Modality",
        "OBR-25 -> Status",
        "OBR-32/OBR-33 -> ReportedBy, VerifiedBy",
        "OBR-16 -> ReferrerName",
        "OBX-5 -> ReportText",
    ),
    other_feeds=("DIDS",),
)


class RadiologyOrder(Entry):
    """Imaging requests and appointments."""

    order_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    accession_number: Annotated[str | None, FILTER, Fhir("identifier[accession].value")]
    request_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("DIAGNOSTIC TEST REQUEST DATE"),
        Fhir("authoredOn"),
    ]
    request_received_date: Annotated[
        LocalDateTime | None, SORT, Dictionary("DIAGNOSTIC TEST REQUEST RECEIVED DATE")
    ]
    examination_code: Annotated[str | None, FILTER, LOCAL, Fhir("code.coding[nicip].code")]
    examination_snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    examination_desc: Annotated[str, SORT, FILTER, Fhir("code.text")]
    modality: Annotated[str | None, SORT, FILTER, Fhir("category[1].text")]
    clinical_details: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    priority_desc: Annotated[str | None, SORT, FILTER, Fhir("priority")]
    ordering_provider: Annotated[str | None, SORT, FILTER, Fhir("requester.display")]
    appointment_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("occurrenceDateTime")]
    location: Annotated[str | None, FILTER, Fhir("locationReference[0].display")]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Requested, Booked = active, Examined, Reported = completed, Cancelled = revoked."""
    cancellation_reason: Annotated[str | None, Fhir("extension[statusReason].valueCodeableConcept.text")]
    report_id: Annotated[str | None, FILTER]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


RADIOLOGY_ORDERS = ListOperation(
    bundle=BUNDLE,
    operation_id="Radiology_GetOrdersByPatientDetailId",
    title="Radiology - Orders",
    path="/radiology/patients/{patientDetailId}/orders",
    summary="Imaging requests and appointments.",
    item=RadiologyOrder,
    source=DESIGNED,
    collection="RadiologyOrdersList",
    store=Store("radiology_order"),
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="from Status",
            fixed={"intent": "order", "category[0].text": "Imaging"},
        ),
    ),
    hl7v2=(
        "ORM^O01/OMI^O23 ORC-2/ORC-3 -> OrderId, AccessionNumber",
        "ORC-9 -> RequestDate",
        "OBR-4 -> Examination",
        "OBR-31/OBR-13 -> ClinicalDetails",
        "ORC-5 -> Status",
        "OBR-36 -> AppointmentDate",
    ),
)
