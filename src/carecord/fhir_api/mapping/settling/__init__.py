"""What declarations say in words, as functions: statuses, and when a row becomes a resource."""

from carecord.fhir_api.mapping.settling import (
    alerts,
    community,
    demographics,
    gp,
    hospital,
    investigations,
    life_stages,
    plans,
    social_care,
)
from carecord.fhir_api.mapping.settling.registering import Settle, settler

__all__ = [
    "Settle",
    "alerts",
    "community",
    "demographics",
    "gp",
    "hospital",
    "investigations",
    "life_stages",
    "plans",
    "settler",
    "social_care",
]
