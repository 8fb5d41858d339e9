"""Alerts: allergies, and risks as flags."""

from carecord.catalogue.alerts import ALERTS, ALLERGY_ALERTS, RISK_ALERTS
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import settle_allergy
from carecord.fhir_api.mapping.settling.registering import is_past, settles

_IN_ERROR = "Entered in error"


@settles(ALERTS, RISK_ALERTS)
def settle_flag(flag: Json, item: Item, about: About) -> bool:
    """An alert whose end has come warns no more. What describes it follows its name."""
    if flag.get("status", "active") == "active":
        flag["status"] = "inactive" if is_past(item.get("EndDate"), about) else "active"
    if description := item.get("Description"):
        code = flag.setdefault("code", {})
        code["text"] = f"{code['text']}: {description}" if "text" in code else description
    return True


@settles(ALLERGY_ALERTS)
def settle_alert_allergy(allergy: Json, item: Item, about: About) -> bool:
    if item.get("Severity") == "Life threatening":
        allergy["criticality"] = "high"
    ended = "inactive" if is_past(item.get("EndDate"), about) else None
    in_error = item.get("Status") == _IN_ERROR
    return settle_allergy(allergy, clinical=ended, in_error=in_error)
