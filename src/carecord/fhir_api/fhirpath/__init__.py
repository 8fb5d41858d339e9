"""FHIRPath for R4's search parameters and invariants, compiled to closures over decoded JSON."""

from carecord.fhir_api.fhirpath.compiling import Check, NotSupported, Typed, compiled, holds, reads, typed
from carecord.fhir_api.fhirpath.nodes import Node, is_a

__all__ = ["Check", "Node", "NotSupported", "Typed", "compiled", "holds", "is_a", "reads", "typed"]
