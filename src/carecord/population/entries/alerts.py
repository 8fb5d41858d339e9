"""What a system warns of: allergies, clinical risks, notes on handling."""

from datetime import date

from carecord.population.codes import Concept
from carecord.population.dates import midnight, years_after
from carecord.population.history import History, Item
from carecord.population.organisations import SourceSystem


def allergy(
    history: History,
    system: SourceSystem,
    allergen: str,
    on: date,
    *,
    drug: bool,
    reaction: Concept,
    severity: str,
) -> None:
    """An allergy, seen in the list of all alerts and in that of allergies: one entry of both."""
    item: Item = {
        "Category": "Allergies",
        "CategoryComments": "Known Patient Allergies",
        "AlertType": "Drug" if drug else "Non Drug",
        "AlertTypeComments": "Drug Based Allergens" if drug else "Other Allergens",
        "SubType": allergen,
        "Severity": severity,
        "StartDate": midnight(on),
        "Status": "Active",
        "RecordedBy": "Pharmacist R Dunn",
    }
    key = f"AL{history.number()}"
    if history.chance(0.5):
        history.add(system, "AlertsList", item, key=key, updated=midnight(on))
    closer = {"Reaction": reaction.text, "ReactionSnomedCTCode": reaction.snomed, "Certainty": "Confirmed"}
    history.add(system, "AllergyAlertsList", item | closer, key=key, updated=midnight(on))


def risk(
    history: History,
    system: SourceSystem,
    sub_type: str,
    on: date,
    *,
    action: str,
    description: str | None = None,
    alert_type: str = "Clinical",
    severity: str | None = "Moderate",
    snomed: str | None = None,
    by: str = "Sister J Malik",
) -> None:
    """A risk or a note on handling, in the list of all alerts and in that of risks."""
    item: Item = {
        "Category": "Administrative" if alert_type == "Administrative" else "Risks",
        "CategoryComments": "Handling note" if alert_type == "Administrative" else "Risk to the patient",
        "AlertType": alert_type,
        "SubType": sub_type,
        "Description": description,
        "Severity": severity,
        "SubTypeSnomedCTCode": snomed,
        "StartDate": midnight(on),
        "ReviewDate": years_after(on, 1).isoformat(),
        "Status": "Active",
        "RecordedBy": by,
    }
    key = f"AL{history.number()}"
    if history.chance(0.5):
        history.add(system, "AlertsList", item, key=key, updated=midnight(on))
    history.add(
        system,
        "RiskAlertsList",
        item | {"ActionRequired": action, "VisibleToPatient": "Yes"},
        key=key,
        updated=midnight(on),
    )
