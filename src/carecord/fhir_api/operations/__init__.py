"""The operations that are more than reading, searching and writing: each beside what it is called by."""

from carecord.fhir_api.calls import Level, Operation
from carecord.fhir_api.operations.document_finding import find_documents
from carecord.fhir_api.operations.everything import patient_everything
from carecord.fhir_api.operations.exporting import (
    export_file,
    export_group,
    export_patients,
    export_status,
    export_system,
)
from carecord.fhir_api.operations.matching import patient_match
from carecord.fhir_api.operations.patient_summary import patient_summary
from carecord.fhir_api.operations.validating_operation import validate
from carecord.fhir_api.rights import Deed

_GET = frozenset({"GET"})
_POST = frozenset({"POST"})
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        Level.INSTANCE,
        "Patient",
        "everything",
        patient_everything,
        definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
        about="All that is known of the person, page by page; narrowed by _since and _type.",
        needs=((Deed.READ, "Patient"),),
    ),
    Operation(
        Level.INSTANCE,
        "Patient",
        "summary",
        patient_summary,
        definition="http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
        about="An International Patient Summary: a document Bundle of what matters now.",
        needs=((Deed.READ, "Patient"),),
    ),
    Operation(
        Level.TYPE,
        "Patient",
        "match",
        patient_match,
        methods=_POST,
        definition="http://hl7.org/fhir/OperationDefinition/Patient-match",
        about="Who a patient might be, each with score and match grade from the patient index.",
        needs=((Deed.SEARCH, "Patient"),),
        searches=True,
    ),
    Operation(
        Level.TYPE,
        "DocumentReference",
        "docref",
        find_documents,
        definition="http://hl7.org/fhir/us/core/OperationDefinition/docref",
        about="The documents about a patient: those of a time, or else the newest.",
        needs=((Deed.SEARCH, "DocumentReference"),),
    ),
    Operation(
        Level.TYPE,
        None,
        "validate",
        validate,
        methods=_POST,
        definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
        about="What would be refused at the door, and why, without changing anything.",
    ),
    Operation(
        Level.INSTANCE,
        None,
        "validate",
        validate,
        definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
        about="What would be refused at the door, and why, without changing anything.",
    ),
    Operation(
        Level.SYSTEM,
        None,
        "export",
        export_system,
        definition=f"{_BULK}/export",
        about="All that the caller may read as NDJSON files, made in the background.",
        needs=((Deed.READ, "*"),),
    ),
    Operation(
        Level.TYPE,
        "Patient",
        "export",
        export_patients,
        definition=f"{_BULK}/patient-export",
        about="The records of all patients as NDJSON files, made in the background.",
        needs=((Deed.READ, "*"),),
    ),
    Operation(
        Level.INSTANCE,
        "Group",
        "export",
        export_group,
        definition=f"{_BULK}/group-export",
        about="The records of the Group's members and those linked with them as NDJSON files.",
        needs=((Deed.READ, "Group"),),
    ),
    Operation(
        Level.SYSTEM,
        None,
        "export-status",
        export_status,
        methods=frozenset({"GET", "DELETE"}),
        takes_rest=True,
    ),
    Operation(Level.SYSTEM, None, "export-file", export_file, methods=_GET, takes_rest=True),
)
"""Every operation that the face routes to, lists in its CapabilityStatement and audits."""
