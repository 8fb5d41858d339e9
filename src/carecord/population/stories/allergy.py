"""Allergies: to medicines or food, known to the practice and, for some, to the hospital."""

from carecord.population import codes
from carecord.population.codes import Concept
from carecord.population.dates import any_time
from carecord.population.entries import alerts, gp, hospital
from carecord.population.history import History
from carecord.population.stories.story import Story, recently

DRUGS: tuple[tuple[Concept, str], ...] = (
    (codes.PENICILLIN_ALLERGY, "Penicillin"),
    (codes.PENICILLIN_ALLERGY, "Penicillin"),
    (Concept("Adverse reaction to codeine"), "Codeine"),
    (Concept("Adverse reaction to trimethoprim"), "Trimethoprim"),
)
REACTIONS = (codes.RASH, codes.WEAL, codes.VOMITING)


def _tell(history: History) -> None:
    on = recently(history, days=3000)
    if history.chance(0.8):
        concept, allergen = history.rng.choice(DRUGS)
        reaction = history.rng.choice(REACTIONS)
        severity, drug = history.rng.choice(("Mild", "Moderate", "Moderate", "Severe")), True
    else:
        concept, allergen, reaction, severity, drug = (
            codes.PEANUT_ALLERGY,
            "Peanut",
            codes.ANAPHYLAXIS,
            "Severe",
            False,
        )
        gp.repeat(history, codes.ADRENALINE_PEN, on)
        if history.chance(0.4):
            hospital.attendance(
                history,
                codes.ANAPHYLAXIS,
                codes.ANAPHYLAXIS,
                any_time(recently(history, days=1200), history.rng),
                ambulance=True,
                treatments="Adrenaline; antihistamine",
            )
    gp.allergy(history, concept, on, drug=drug, reaction=reaction, severity=severity)
    if history.acute in history.entries or history.chance(0.15):
        hospital.allergy(
            history, allergen, on, drug=drug, reaction=reaction, severity=severity, snomed=concept.snomed
        )
        alerts.allergy(history, history.acute, allergen, on, drug=drug, reaction=reaction, severity=severity)


STORY = Story("allergy", lambda person: 0.04 if person.age < 16 else 0.13, _tell)
