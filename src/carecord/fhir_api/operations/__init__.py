"""The operations that are more than reading, searching and writing: each beside what it is called by."""

from carecord.fhir_api.calls import Operation

OPERATIONS: tuple[Operation, ...] = ()
"""Every operation that the face routes to, lists in its CapabilityStatement and audits."""
