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
        needs=((Deed.READ, "Patient"),),
    ),
    Operation(
        Level.INSTANCE,
        "Patient",
        "summary",
        patient_summary,
        definition="http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
        needs=((Deed.READ, "Patient"),),
    ),
    Operation(
        Level.TYPE,
        "Patient",
        "match",
        patient_match,
        methods=_POST,
        definition="http://hl7.org/fhir/OperationDefinition/Patient-match",
        needs=((Deed.SEARCH, "Patient"),),
        searches=True,
    ),
    Operation(
        Level.TYPE,
        "DocumentReference",
        "docref",
        find_documents,
        definition="http://hl7.org/fhir/us/core/OperationDefinition/docref",
        needs=((Deed.SEARCH, "DocumentReference"),),
    ),
    Operation(
        Level.TYPE,
        None,
        "validate",
        validate,
        methods=_POST,
        definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    ),
    Operation(
        Level.INSTANCE,
        None,
        "validate",
        validate,
        definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    ),
    Operation(
        Level.SYSTEM,
        None,
        "export",
        export_system,
        definition=f"{_BULK}/export",
        needs=((Deed.READ, "*"),),
    ),
    Operation(
        Level.TYPE,
        "Patient",
        "export",
        export_patients,
        definition=f"{_BULK}/patient-export",
        needs=((Deed.READ, "*"),),
    ),
    Operation(
        Level.INSTANCE,
        "Group",
        "export",
        export_group,
        definition=f"{_BULK}/group-export",
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
