"""FHIRPath for R4's search parameters and invariants, compiled to closures over decoded JSON."""

from carecord.fhir_api.fhirpath.branches import bound_system, reads
from carecord.fhir_api.fhirpath.compiling import Check, Typed, compiled, holds, typed
from carecord.fhir_api.fhirpath.grammar import NotSupported
from carecord.fhir_api.fhirpath.nodes import Node, Nodes, is_a

__all__ = [
    "Check",
    "Node",
    "Nodes",
    "NotSupported",
    "Typed",
    "bound_system",
    "compiled",
    "holds",
    "is_a",
    "reads",
    "typed",
]
