"""Pathology: laboratory orders and results."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    HIDDEN,
    KEY,
    KNOWN,
    NEWEST_FIRST,
    SORT,
    Bundle,
    Dictionary,
    Entry,
    Fhir,
    Holds,
    ListOperation,
    LocalDateTime,
    Part,
    Resource,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import ABNORMAL_FLAG, RESULT_STATUS, YES_NO

BUNDLE = Bundle(
    name="Pathology", slug="pathology", tagline="Laboratory orders and results", scope="pathology.read"
)


class PathologyResult(Entry):
    """All laboratory reports of a patient, one row per report and specimen, results nested."""

    class ResultTypeIdentifier(Part):
        type: Annotated[str | None, Fhir("category[1].text")]
        """Discipline."""
        code: Annotated[str | None, LOCAL, Fhir("code.coding[local].code")]
        description: Annotated[str | None, Fhir("code.text")]

    class PatientIdentifier(Part):
        class Name(Part):
            forenames: str | None
            surname: str | None

        class Sex(Part):
            code: str | None

        patient_number: str | None
        nhs_number: Annotated[str | None, Dictionary("NHS NUMBER")]
        name: Name
        date_of_birth: Annotated[str | None, Holds.DAY]
        sex: Sex

    class OrderingParty(Part):
        name: Annotated[str | None, Fhir("contained[ServiceRequest].requester.display")]
        ward: str | None
        site: str | None

    class Provider(Part):
        class Department(Part):
            code_description: Annotated[str | None, Fhir("performer[0].display")]

        department: Department

    class Report(Part):
        class ReportedBy(Part):
            description: Annotated[str | None, Fhir("resultsInterpreter[0].display")]

        date_time: Annotated[str | None, NEWEST_FIRST, Holds.LOCAL_DATE_TIME, Fhir("issued")]
        reported_by: ReportedBy
        typed_by: str | None
        status: Annotated[str | None, RESULT_STATUS, Fhir("status")]
        """P preliminary, F final, C corrected, X cancelled."""
        report_comments: Annotated[str | None, Fhir("conclusion")]

    class Specimen(Part):
        class Type(Part):
            code: Annotated[str | None, SNOMED, Fhir("type.coding[snomed].code", on="Specimen")]
            description: Annotated[str | None, Fhir("type.text", on="Specimen")]

        class CultureInvestigationDetailsList(Part):
            class Type(Part):
                code: Annotated[str | None, LOCAL, Fhir("code.coding[local].code", on="Culture")]
                description: Annotated[str | None, Fhir("code.text", on="Culture")]

            class CultureResultList(Part):
                class Organism(Part):
                    code: Annotated[
                        str | None,
                        DESIGNED,
                        SNOMED,
                        Fhir("valueCodeableConcept.coding[snomed].code", on="Culture"),
                    ]
                    """The known page is cut inside a field starting 'Cult'; this name and all below are guesses."""
                    description: Annotated[
                        str | None, DESIGNED, Fhir("valueCodeableConcept.text", on="Culture")
                    ]

                class SensitivityList(Part):
                    antibiotic: Annotated[str | None, DESIGNED, Fhir("component[].code.text", on="Culture")]
                    result: Annotated[
                        str | None,
                        DESIGNED,
                        Fhir("component[].interpretation[0].coding[0].code", on="Culture"),
                    ]
                    """S, I, R."""

                organism: Organism
                quantity: Annotated[str | None, DESIGNED, Fhir("note[0].text", on="Culture")]
                sensitivity_list: list[SensitivityList]

            type: Type
            authorised_date_time: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("issued", on="Culture")]
            clinical_details: str | None
            investigation_comments: Annotated[str | None, Fhir("note[1].text", on="Culture")]
            culture_result_list: list[CultureResultList]

        class InvestigationDetailsList(Part):
            class Type(Part):
                code: Annotated[
                    str | None, DESIGNED, LOCAL, Fhir("category[1].coding[local].code", on="Observation")
                ]
                """Numeric and text investigations, same shape as the culture list."""
                description: Annotated[str | None, DESIGNED, Fhir("category[1].text", on="Observation")]

            class ResultList(Part):
                class Type(Part):
                    code: Annotated[
                        str | None, DESIGNED, SNOMED, Fhir("code.coding[snomed].code", on="Observation")
                    ]
                    description: Annotated[str | None, DESIGNED, Fhir("code.text", on="Observation")]

                type: Type
                value: Annotated[
                    str | None, DESIGNED, Holds.DECIMAL_OR_TEXT, Fhir("valueQuantity.value", on="Observation")
                ]
                units: Annotated[str | None, DESIGNED, Fhir("valueQuantity.unit", on="Observation")]
                range_low: Annotated[
                    str | None, DESIGNED, Holds.DECIMAL, Fhir("referenceRange[0].low.value", on="Observation")
                ]
                range_high: Annotated[
                    str | None,
                    DESIGNED,
                    Holds.DECIMAL,
                    Fhir("referenceRange[0].high.value", on="Observation"),
                ]
                abnormal_flag: Annotated[
                    str | None,
                    DESIGNED,
                    ABNORMAL_FLAG,
                    Fhir("interpretation[0].coding[0].code", on="Observation"),
                ]
                status: Annotated[str | None, DESIGNED, RESULT_STATUS, Fhir("status", on="Observation")]
                result_comments: Annotated[str | None, DESIGNED, Fhir("note[0].text", on="Observation")]

            type: Type
            authorised_date_time: Annotated[
                str | None, DESIGNED, Holds.LOCAL_DATE_TIME, Fhir("issued", on="Observation")
            ]
            clinical_details: Annotated[str | None, DESIGNED]
            investigation_comments: Annotated[str | None, DESIGNED, Fhir("note[1].text", on="Observation")]
            result_list: list[ResultList]

        specimen_comments: Annotated[str | None, Fhir("note[0].text", on="Specimen")]
        sample_id: Annotated[str | None, Fhir("accessionIdentifier.value", on="Specimen")]
        """Laboratory number."""
        type: Type
        collected: Annotated[
            str | None,
            Holds.LOCAL_DATE_TIME,
            Fhir("effectiveDateTime"),
            Fhir("collection.collectedDateTime", on="Specimen"),
            Fhir("effectiveDateTime", on="Observation"),
            Fhir("effectiveDateTime", on="Culture"),
        ]
        received: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("receivedTime", on="Specimen")]
        culture_investigation_details_list: list[CultureInvestigationDetailsList]
        investigation_details_list: list[InvestigationDetailsList]

    class DocumentInformation(Part):
        document_id: Annotated[int, KEY, DESIGNED, Fhir("identifier[0].value")]
        """Key of the order or report; second path value of the single order."""
        type_id: Annotated[int | None, DESIGNED]
        """Document type number."""
        creation_date: Annotated[str | None, DESIGNED, Holds.LOCAL_DATE_TIME]
        last_updated_date: Annotated[str | None, DESIGNED, Holds.LOCAL_DATE_TIME, Fhir("meta.lastUpdated")]
        document_date: Annotated[str | None, DESIGNED, Holds.LOCAL_DATE_TIME]
        is_medway: Annotated[bool, DESIGNED]
        """Vendor flag: from a Medway PAS; always false here."""
        organisation_code: Annotated[str | None, DESIGNED]
        tenancy_description: Annotated[str, DESIGNED, Fhir("meta.tag[tenancy].display")]
        acrs_can_cancel: Annotated[bool, DESIGNED]
        """Vendor flag: may be cancelled through order comms; always false here."""

    result_type_identifier: ResultTypeIdentifier
    patient_identifier: PatientIdentifier
    district_number: str | None
    """Older area-wide patient number."""
    ordering_party: OrderingParty
    provider: Provider
    report: Report
    specimen: Specimen
    document_information: DocumentInformation


PATHOLOGY_RESULTS = ListOperation(
    bundle=BUNDLE,
    operation_id="Pathology_GetResults",
    title="Pathology - Results",
    path="/pathology/patients/{patientDetailId}/results",
    summary="All laboratory reports of a patient, one row per report and specimen, results nested.",
    item=PathologyResult,
    source=KNOWN,
    collection="PathologyResults",
    store=Store("pathology_report"),
    submitted=True,
    fhir=(
        Resource(
            "DiagnosticReport",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-DiagnosticReport-Lab",
            status="P preliminary, F final, C corrected, X cancelled",
            fixed={"category[0].coding[0].code": "LAB"},
        ),
        Resource(
            "Specimen",
            key="Specimen",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Specimen",
            status="available",
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Lab",
            status="from ResultList[].Status",
            when="one per result; text values go to valueString; non-SNOMED codes to coding[local]",
            fixed={"category[0].coding[0].code": "laboratory"},
        ),
        Resource(
            "Observation",
            key="Culture",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Lab",
            status="final",
            when="one per organism, the antibiotics it was tried with as components",
            fixed={"category[0].coding[0].code": "laboratory"},
        ),
    ),
    hl7v2=(
        "ORU^R01 OBR-4 -> ResultTypeIdentifier, Type",
        "OBR-24 -> Provider.Department",
        "ORC-12/OBR-16 -> OrderingParty.Name",
        "PV1-3 -> OrderingParty.Ward, Site",
        "OBR-22/OBR-25 -> Report.DateTime, Report.Status",
        "OBR-32 -> Report.ReportedBy",
        "OBR-15 or SPM-4 -> Specimen.Type",
        "OBR-7/SPM-17 -> Collected",
        "OBR-14/SPM-18 -> Received",
        "ORC-3/OBR-3 -> SampleId",
        "OBR-13 -> ClinicalDetails",
        "OBX-3/OBX-5/OBX-6/OBX-7/OBX-8/OBX-11 -> ResultList",
        "NTE-3 -> comments",
    ),
    other_feeds=("NHS pathology FHIR messages", "PMIP EDIFACT"),
    known_parts=(
        "operation_id",
        "title",
        "collection",
        "item up to Specimen.CultureInvestigationDetailsList[].InvestigationComments",
        "no sort or filter",
    ),
    evidence="page",
    note="The known sample is cut; DocumentInformation is added because every item must name its tenancy, in the shape the known single order has.",
)


class OrderSummary(Entry):
    """Laboratory and other orders of a patient, one row each."""

    document_id: Annotated[int, FILTER, Fhir("identifier[0].value")]
    """Use in Orders - Details."""
    request_date: Annotated[LocalDateTime, NEWEST_FIRST, SORT, FILTER, Fhir("authoredOn")]
    type_of_request_code: Annotated[str | None, FILTER, LOCAL, Fhir("code.coding[local].code")]
    type_of_request_desc: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    department: Annotated[str | None, SORT, FILTER, Fhir("performer[0].display")]
    ordering_provider: Annotated[str | None, SORT, FILTER, Fhir("requester.display")]
    ward: Annotated[str | None, FILTER]
    site: Annotated[str | None, FILTER]
    priority_desc: Annotated[str | None, SORT, FILTER, Fhir("priority")]
    """Routine, Urgent, Stat."""
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Requested or In progress = active, Completed, Cancelled = revoked."""
    sample_id: Annotated[str | None, FILTER, Fhir("specimen[0].identifier.value")]
    has_result: Annotated[str, FILTER, YES_NO]
    result_document_id: int | None
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ORDERS_SUMMARY = ListOperation(
    bundle=BUNDLE,
    operation_id="OrderRequest_GetOrdersAndRequestsResultsByPatientDetailId",
    title="Orders - Summary",
    path="/pathology/patients/{patientDetailId}/orders",
    summary="Laboratory and other orders of a patient, one row each.",
    item=OrderSummary,
    source=DESIGNED,
    collection="OrdersList",
    store=Store("pathology_order"),
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest-Lab",
            status="from Status",
            fixed={"intent": "order"},
        ),
    ),
    hl7v2=(
        "ORM^O01/OML^O21 ORC-2/ORC-3 -> DocumentId",
        "ORC-9/OBR-6 -> RequestDate",
        "OBR-4 -> TypeOfRequest",
        "ORC-5 -> Status",
        "ORC-12/OBR-16 -> OrderingProvider",
        "TQ1-9/OBR-27 -> PriorityDesc",
    ),
    note="A view on the rows of Orders - Details: DocumentId = DocumentInformation.DocumentId, RequestDate = Request.DateTime, TypeOfRequest... = Request.TypeOfRequest..., Department = Provider.Department.CodeDescription, OrderingProvider = OrderingParty.Name, SampleId = Specimen.SampleId; HasResult and ResultDocumentId come from pathology_report.",
)


class OrderDetails(Entry):
    """One order of a patient in full."""

    class PatientIdentifier(Part):
        class Name(Part):
            forenames: str | None
            surname: str | None

        class Sex(Part):
            code: str | None

        patient_number: str | None
        nhs_number: Annotated[str | None, Dictionary("NHS NUMBER")]
        name: Name
        date_of_birth: Annotated[str | None, Holds.DAY]
        sex: Sex

    class Request(Part):
        class TypeOfRequest(Part):
            code: Annotated[str | None, LOCAL, Fhir("code.coding[local].code")]
            description: Annotated[str | None, Fhir("code.text")]

        date_time: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("authoredOn")]
        type_of_request: TypeOfRequest
        relevant_clinical_details: Annotated[str | None, Fhir("reasonCode[0].text")]

    class Observation(Part):
        date_time: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("occurrencePeriod.start")]
        end_date_time: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("occurrencePeriod.end")]

    class OrderingParty(Part):
        name: Annotated[str | None, Fhir("requester.display")]
        ward: str | None
        site: str | None

    class Provider(Part):
        class Department(Part):
            code_description: Annotated[str | None, Fhir("performer[0].display")]

        department: Department
        ordering_provider: str | None

    class Specimen(Part):
        class Type(Part):
            department: str | None
            code: Annotated[str | None, SNOMED, Fhir("contained[Specimen].type.coding[snomed].code")]
            description: Annotated[
                str | None, Fhir("specimen[0].display"), Fhir("contained[Specimen].type.text")
            ]

        sample_id: Annotated[
            str | None,
            Fhir("specimen[0].identifier.value"),
            Fhir("contained[Specimen].accessionIdentifier.value"),
        ]
        type: Type

    class DocumentInformation(Part):
        document_id: Annotated[int, KEY, Fhir("identifier[0].value")]
        """Key of the order or report; second path value of the single order."""
        type_id: int | None
        """Document type number."""
        creation_date: Annotated[str | None, Holds.LOCAL_DATE_TIME]
        last_updated_date: Annotated[str | None, Holds.LOCAL_DATE_TIME, Fhir("meta.lastUpdated")]
        document_date: Annotated[str | None, Holds.LOCAL_DATE_TIME]
        is_medway: bool
        """Vendor flag: from a Medway PAS; always false here."""
        organisation_code: str | None
        tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
        acrs_can_cancel: bool
        """Vendor flag: may be cancelled through order comms; always false here."""

    patient_identifier: PatientIdentifier
    district_number: str | None
    """Older area-wide patient number."""
    request: Request
    observation: Observation
    clinical_info: Annotated[str | None, Fhir("note[0].text")]
    ordering_party: OrderingParty
    provider: Provider
    request_comments: Annotated[str | None, Fhir("note[1].text")]
    specimen: Specimen
    status: Annotated[str | None, HIDDEN, DESIGNED, Fhir("status")]
    """Requested, In progress, Completed, Cancelled; shown in Orders - Summary."""
    priority_desc: Annotated[str | None, HIDDEN, DESIGNED, Fhir("priority")]
    """Routine, Urgent, Stat."""
    document_information: DocumentInformation


ORDER_DETAILS = SingleOperation(
    bundle=BUNDLE,
    operation_id="OrderRequest_GetSingleOrdersAndRequestsResultByPatientDetailId",
    title="Orders - Details",
    path="/pathology/patients/{patientDetailId}/orders/{documentId}",
    summary="One order of a patient in full.",
    item=OrderDetails,
    source=KNOWN,
    store=Store("pathology_order"),
    submitted=True,
    path_parameters={"documentId": "DocumentInformation.DocumentId (string in the path)"},
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest-Lab",
            status="Requested or In progress = active, Completed, Cancelled = revoked; without a status: completed once a result names the order",
            fixed={"intent": "order"},
        ),
    ),
    hl7v2=(
        "as Orders - Summary, with OBR-13 -> RelevantClinicalDetails",
        "OBR-7/OBR-8 -> Observation.DateTime, EndDateTime",
        "NTE-3 -> RequestComments",
    ),
    known_parts=("operation_id", "title", "item (complete)", "two required path values"),
    evidence="page",
)
