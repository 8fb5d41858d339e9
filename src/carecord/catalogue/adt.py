"""ADT: where the patient is now and how they moved: admissions, transfers, discharges."""

from typing import Annotated

from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    NEWEST_FIRST,
    NOT_FUTURE,
    SORT,
    Bundle,
    Day,
    Dictionary,
    Entry,
    Fhir,
    IsNotNull,
    ListOperation,
    LocalDateTime,
    NotBefore,
    Resource,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import (
    ADMISSION_METHOD,
    ADMISSION_SOURCE,
    DISCHARGE_DESTINATION,
    DISCHARGE_METHOD,
    PATIENT_CLASSIFICATION,
    YES_NO,
)

BUNDLE = Bundle(
    name="ADT",
    slug="adt",
    tagline="Where the patient is now and how they moved: admissions, transfers, discharges",
    scope="adt.read",
)


class AdtAdmission(Entry):
    """Admissions as the hospital reported them, open ones included."""

    spell_number: Annotated[
        str, KEY, FILTER, Dictionary("HOSPITAL PROVIDER SPELL NUMBER"), Fhir("identifier[spell].value")
    ]
    admission_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("START DATE (HOSPITAL PROVIDER SPELL)"),
        Fhir("period.start"),
    ]
    admission_method_code: Annotated[
        str | None,
        FILTER,
        ADMISSION_METHOD,
        Dictionary("ADMISSION METHOD CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.extension[UKCore-AdmissionMethod].valueCodeableConcept.coding[0].code"),
    ]
    admission_method_desc: Annotated[
        str | None,
        SORT,
        FILTER,
        Fhir("hospitalization.extension[UKCore-AdmissionMethod].valueCodeableConcept.text"),
    ]
    admission_source_code: Annotated[
        str | None,
        FILTER,
        ADMISSION_SOURCE,
        Dictionary("SOURCE OF ADMISSION CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.admitSource.coding[0].code"),
    ]
    admission_source_desc: Annotated[str | None, Fhir("hospitalization.admitSource.text")]
    patient_classification_code: Annotated[
        str | None,
        FILTER,
        PATIENT_CLASSIFICATION,
        Dictionary("PATIENT CLASSIFICATION CODE"),
        Fhir("type[0].coding[0].code"),
    ]
    patient_classification_desc: Annotated[str | None, Fhir("type[0].text")]
    ward_code: Annotated[str | None, FILTER, Fhir("location[0].location.identifier.value")]
    ward_desc: Annotated[str | None, SORT, FILTER, Fhir("location[0].location.display")]
    bay: Annotated[str | None, Fhir("location[1].location.display")]
    bed: Annotated[str | None, Fhir("location[2].location.display")]
    site_code: Annotated[str | None, FILTER, Fhir("serviceProvider.identifier[ods].value")]
    site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    consultant_code: Annotated[
        str | None,
        FILTER,
        Dictionary("CONSULTANT CODE"),
        Fhir("participant[ATND].individual.identifier[consultant].value"),
    ]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("participant[ATND].individual.display")]
    specialty_code: Annotated[
        str | None,
        FILTER,
        Dictionary("ACTIVITY TREATMENT FUNCTION CODE"),
        Fhir("serviceType.coding[specialty].code"),
    ]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("serviceType.text")]
    admission_reason: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    admitted_by: Annotated[str | None, Fhir("participant[ADM].individual.display")]
    referred_by: Annotated[str | None, Fhir("participant[REF].individual.display")]
    expected_discharge_date: Annotated[Day | None, SORT, FILTER]
    """PV2-9."""
    discharge_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("admission_date"), Fhir("period.end")
    ]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Planned, Admitted, On leave, Discharged, Cancelled."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ADT_ADMISSIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="AdtAdmissions_GetAdmissionsByPatientDetailId",
    title="Admissions",
    path="/adt/patients/{patientDetailId}/admissions",
    summary="Admissions as the hospital reported them, open ones included.",
    item=AdtAdmission,
    source=DESIGNED,
    collection="AdmissionsList",
    store=Store("hospital_spell"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="one Encounter per spell: planned before admission, in-progress while in hospital, onleave during home leave, finished after discharge, cancelled after ADT^A11",
            fixed={"class.code": "IMP"},
        ),
    ),
    hl7v2=(
        "ADT^A01/A05/A06/A11/A14 PV1-19 -> SpellNumber",
        "PV1-44 -> AdmissionDate",
        "PV1-4 -> AdmissionMethodCode (UK use)",
        "PV1-14 -> AdmissionSourceCode",
        "PV1-18 -> PatientClassificationCode",
        "PV1-3 -> place",
        "PV1-7/PV1-9/PV1-17/PV1-8 -> consultant, AdmittedBy, ReferredBy",
        "PV1-10 -> SpecialtyCode",
        "PV2-3 -> AdmissionReason",
        "PV2-9 -> ExpectedDischargeDate",
    ),
)


class AdtTransfer(Entry):
    """Ward, bed and consultant moves within a stay, and leave."""

    spell_number: Annotated[
        str, KEY, FILTER, Dictionary("HOSPITAL PROVIDER SPELL NUMBER"), Fhir("partOf.identifier[spell].value")
    ]
    movement_date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Fhir("location[to-ward].period.start"),
        Fhir("period.start"),
    ]
    movement_type: Annotated[str, KEY, SORT, FILTER, Fhir("type[0].text")]
    """Ward transfer, Bed move, Consultant transfer, Leave start, Leave end, Clinically ready to leave, Cancelled."""
    from_ward_code: Annotated[str | None, FILTER, Fhir("location[from].location.identifier.value")]
    from_ward_desc: Annotated[str | None, FILTER, Fhir("location[from].location.display")]
    from_bed: Annotated[str | None, Fhir("location[from-bed].location.display")]
    to_ward_code: Annotated[str | None, FILTER, Fhir("location[to-ward].location.identifier.value")]
    to_ward_desc: Annotated[str | None, SORT, FILTER, Fhir("location[to-ward].location.display")]
    to_bay: Annotated[str | None, Fhir("location[to-bay].location.display")]
    to_bed: Annotated[str | None, Fhir("location[to-bed].location.display")]
    site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    from_consultant_name: str | None
    to_consultant_code: Annotated[
        str | None, Fhir("participant[ATND].individual.identifier[consultant].value")
    ]
    to_consultant_name: Annotated[str | None, FILTER, Fhir("participant[ATND].individual.display")]
    to_specialty_desc: Annotated[str | None, FILTER, Fhir("serviceType.text")]
    reason: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ADT_TRANSFERS = ListOperation(
    bundle=BUNDLE,
    operation_id="AdtTransfers_GetTransfersByPatientDetailId",
    title="Transfers",
    path="/adt/patients/{patientDetailId}/transfers",
    summary="Ward, bed and consultant moves within a stay, and leave.",
    item=AdtTransfer,
    source=DESIGNED,
    collection="TransfersList",
    store=Store("hospital_movement"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="finished; cancelled when MovementType is Cancelled",
            fixed={"class.code": "IMP"},
            note="each movement is an Encounter of its own, part of the Encounter of the spell",
        ),
    ),
    hl7v2=(
        "ADT^A02/A12 PV1-3 -> To, PV1-6 -> From",
        "EVN-6 -> MovementDate",
        "ADT^A21/A22 -> leave",
        "ADT^A54/A55 PV1-7/PV1-9 -> consultant",
    ),
)


class AdtDischarge(Entry):
    """Ends of hospital stays: how and to where."""

    spell_number: Annotated[
        str, KEY, FILTER, Dictionary("HOSPITAL PROVIDER SPELL NUMBER"), Fhir("identifier[spell].value")
    ]
    admission_date: Annotated[LocalDateTime, SORT, FILTER, Fhir("period.start")]
    discharge_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        NotBefore("admission_date"),
        Dictionary("DISCHARGE DATE (HOSPITAL PROVIDER SPELL)"),
        Fhir("period.end"),
    ]
    discharge_ready_date: Annotated[
        LocalDateTime | None, SORT, Dictionary("DISCHARGE READY DATE (HOSPITAL PROVIDER SPELL)")
    ]
    length_of_stay_days: Annotated[int | None, SORT, Fhir("length.value")]
    discharge_method_code: Annotated[
        str | None,
        FILTER,
        DISCHARGE_METHOD,
        Dictionary("DISCHARGE METHOD CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("extension[UKCore-DischargeMethod].valueCodeableConcept.coding[0].code"),
    ]
    discharge_method_desc: Annotated[
        str | None, SORT, FILTER, Fhir("extension[UKCore-DischargeMethod].valueCodeableConcept.text")
    ]
    discharge_destination_code: Annotated[
        str | None,
        FILTER,
        DISCHARGE_DESTINATION,
        Dictionary("DISCHARGE DESTINATION CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.dischargeDisposition.coding[0].code"),
    ]
    discharge_destination_desc: Annotated[
        str | None, SORT, FILTER, Fhir("hospitalization.dischargeDisposition.text")
    ]
    last_ward_code: Annotated[str | None, FILTER, Fhir("location[0].location.identifier.value")]
    last_ward_desc: Annotated[str | None, SORT, FILTER, Fhir("location[0].location.display")]
    last_bay: Annotated[str | None, Fhir("location[1].location.display")]
    last_bed: Annotated[str | None, Fhir("location[2].location.display")]
    last_site_code: Annotated[str | None, FILTER, Fhir("serviceProvider.identifier[ods].value")]
    last_site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    consultant_code: Annotated[
        str | None,
        FILTER,
        Dictionary("CONSULTANT CODE"),
        Fhir("participant[ATND].individual.identifier[consultant].value"),
    ]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("participant[ATND].individual.display")]
    specialty_code: Annotated[
        str | None,
        FILTER,
        Dictionary("ACTIVITY TREATMENT FUNCTION CODE"),
        Fhir("serviceType.coding[specialty].code"),
    ]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("serviceType.text")]
    discharged_by: Annotated[str | None, Fhir("participant[DIS].individual.display")]
    status: Annotated[str, FILTER, Fhir("status")]
    """Discharged or Cancelled (discharge taken back)."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ADT_DISCHARGES = ListOperation(
    bundle=BUNDLE,
    operation_id="AdtDischarges_GetDischargesByPatientDetailId",
    title="Discharges",
    path="/adt/patients/{patientDetailId}/discharges",
    summary="Ends of hospital stays: how and to where.",
    item=AdtDischarge,
    source=DESIGNED,
    collection="DischargesList",
    store=Store("hospital_spell", rows=IsNotNull("DischargeDate")),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="one Encounter per spell: planned before admission, in-progress while in hospital, onleave during home leave, finished after discharge, cancelled after ADT^A11",
            fixed={"class.code": "IMP"},
        ),
    ),
    hl7v2=(
        "ADT^A03/A13 PV1-19 -> SpellNumber",
        "PV1-45 -> DischargeDate",
        "PV1-36/PV1-37 -> DischargeMethodCode, DischargeDestinationCode (UK use)",
        "PV1-3 or PV1-6 -> Last place",
    ),
)


class CurrentInpatientStatus(Entry):
    """Whether the patient is in hospital at this moment, and where."""

    is_inpatient: Annotated[str, YES_NO]
    status: Annotated[str, Fhir("status")]
    """Admitted, On leave, Expected, In emergency department, Not in hospital."""
    spell_number: Annotated[str | None, Fhir("identifier[spell].value")]
    admission_date: Annotated[LocalDateTime | None, Fhir("period.start")]
    admission_method_desc: str | None
    ward_code: Annotated[str | None, Fhir("location[0].location.identifier.value")]
    ward_desc: Annotated[str | None, Fhir("location[0].location.display")]
    bay: str | None
    bed: str | None
    ward_telephone: str | None
    site_code: Annotated[str | None, Fhir("serviceProvider.identifier[ods].value")]
    site_desc: Annotated[str | None, Fhir("serviceProvider.display")]
    consultant_name: Annotated[str | None, Fhir("participant[ATND].individual.display")]
    specialty_desc: Annotated[str | None, Fhir("serviceType.text")]
    expected_discharge_date: Day | None
    infection_control_alert: Annotated[str | None, YES_NO]
    last_movement_date: LocalDateTime | None
    as_at_date: LocalDateTime
    """When the answer was worked out."""
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CURRENT_INPATIENT_STATUS = SingleOperation(
    bundle=BUNDLE,
    operation_id="AdtCurrentInpatient_GetCurrentInpatientStatusByPatientDetailId",
    title="Current Inpatient Status",
    path="/adt/patients/{patientDetailId}/current-inpatient-status",
    summary="Whether the patient is in hospital at this moment, and where.",
    item=CurrentInpatientStatus,
    source=DESIGNED,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="one Encounter per spell: planned before admission, in-progress while in hospital, onleave during home leave, finished after discharge, cancelled after ADT^A11",
            note="the newest spell of status in-progress, onleave or planned within 24 hours; also an open emergency attendance",
        ),
    ),
    hl7v2=("derived from ADT^A01-A03, A11-A14, A21, A22",),
    note="Derived from hospital_spell, hospital_movement and ed_attendance; always answered with 200: when in no hospital IsInpatient is No, the place fields are null and TenancyDescription names the source of the newest spell, or is empty text.",
)
