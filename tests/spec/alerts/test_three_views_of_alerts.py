"""Alerts, allergies and risks are one store seen in three ways."""

from typing import Any

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


def seen(sandpit: Sandpit) -> dict[str, list[Any]]:
    patient = f"/alerts/patients/{sandpit.detail_id(2, 'P-1')}"
    return {
        view: [row["SubType"] for row in sandpit.get(f"{patient}/{view}?SortSubType=asc").json()[name]]
        for view, name in (
            ("alerts", "AlertsList"),
            ("allergies", "AllergyAlertsList"),
            ("risks", "RiskAlertsList"),
        )
    }


def test_an_alert_is_an_allergy_or_a_risk_by_its_category(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(2),
        patient_line("P-1"),
        sample_line("P-1", "AlertsList", Category="Allergies", SubType="Codeine"),
        sample_line("P-1", "AlertsList", Category="Risks", SubType="Falls"),
        sample_line("P-1", "AlertsList", Category="Infection control", SubType="MRSA"),
        sample_line("P-1", "AllergyAlertsList", SubType="Latex"),
        sample_line("P-1", "RiskAlertsList", SubType="Wandering"),
    )

    assert seen(sandpit) == {
        "alerts": ["Codeine", "Falls", "Latex", "MRSA", "Wandering"],
        "allergies": ["Codeine", "Latex"],
        "risks": ["Falls", "MRSA", "Wandering"],
    }


def test_an_allergy_sent_as_a_risk_is_refused(sandpit: Sandpit) -> None:
    loaded = sandpit.load(
        tenancy_line(2),
        patient_line("P-1"),
        sample_line("P-1", "RiskAlertsList", Category="Allergies"),
        sample_line("P-1", "AllergyAlertsList", Category="Risks"),
    )

    assert (loaded.rejected, seen(sandpit)["alerts"]) == (2, [])
