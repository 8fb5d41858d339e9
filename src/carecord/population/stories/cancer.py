"""Cancer of the breast or bowel: two week wait, imaging, an operation, follow-up for years."""

from datetime import date

from carecord.population import codes
from carecord.population.codes import Concept, Procedure
from carecord.population.dates import AS_AT, plus
from carecord.population.entries import gp, hospital, imaging, laboratory
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.entries.imaging import Examination
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, onset, up_to_now


def _path(
    history: History,
    *,
    concept: Concept,
    specialty: str,
    referral: str,
    examination: Examination,
    finding: str,
    operation: Procedure,
    nights: int,
) -> date:
    """From the urgent referral to the oncologist's follow-up; the day of the diagnosis."""
    since = onset(history, earliest_age=38, within_years=6)
    surgeon = hospital.staff(history, specialty)
    booking = gp.referral(history, referral, plus(since, days=-14), surgeon, priority="3")
    gp.encounter(history, plus(since, days=-14), notes="Urgent suspected cancer referral made")
    hospital.clinic(
        history,
        specialty,
        plus(since, days=-2),
        "Urgent suspected cancer",
        first=True,
        booking=booking,
        referred=plus(since, days=-14),
        priority="3",
    )
    imaging.examine(
        history,
        examination,
        plus(since, days=-1),
        details="Urgent suspected cancer",
        finding=finding,
        referrer=surgeon.name,
    )
    gp.problem(history, concept, since)
    listed, operated = plus(since, days=7), plus(since, days=24)
    hospital.waiting(history, specialty, operation, listed, concept.text, removed=operated, priority="3")
    hospital.stay(
        history,
        operated,
        Stay(
            specialty=specialty,
            reason=concept,
            diagnosis=concept,
            nights=nights,
            method=hospital.WAITING_LIST,
            procedure=operation,
            drugs=(Drug("Paracetamol 500mg tablets", "1000", "mg", "Four times a day"),),
            summary="Operation without complication, histology awaited",
            plan="Oncology clinic in three weeks",
        ),
    )
    for days, first in ((50, True), (230, False), (600, False)):
        for on in up_to_now(history, [plus(since, days=days)]):
            hospital.clinic(
                history, "370", on, concept.text, first=first, paragraphs=("Histology shows clear margins.",)
            )
    if plus(since, days=600) >= AS_AT and not history.person.died:
        hospital.clinic(history, "370", plus(AS_AT, days=30), concept.text)
    return since


def _tell_breast(history: History) -> None:
    since = _path(
        history,
        concept=codes.BREAST_CANCER,
        specialty="103",
        referral="Breast lump referral",
        examination=imaging.MAMMOGRAM,
        finding="Spiculate mass in the upper outer quadrant. Biopsy advised.",
        operation=codes.BREAST_EXCISION,
        nights=1,
    )
    for on in up_to_now(history, [plus(since, days=60)]):
        gp.repeat(history, codes.TAMOXIFEN, on)


def _tell_bowel(history: History) -> None:
    since = _path(
        history,
        concept=codes.BOWEL_CANCER,
        specialty="104",
        referral="Lower gastrointestinal referral",
        examination=imaging.COLON_CT,
        finding="Mass in the ascending colon. No distant spread.",
        operation=codes.HEMICOLECTOMY,
        nights=6,
    )
    hospital.procedure(
        history,
        codes.COLONOSCOPY,
        f"{plus(since, days=-1)}T11:10:00",
        hospital.staff(history, "104"),
        indication="Anaemia",
    )
    laboratory.blood_test(
        history,
        laboratory.FULL_BLOOD_COUNT,
        [(codes.HAEMOGLOBIN, history.rng.gauss(101, 8)), (codes.WHITE_CELLS, 7.2), (codes.PLATELETS, 390.0)],
        plus(since, days=-16),
        reason="Tired, change of bowel habit",
    )


BREAST = Story("breast cancer", ByAge(((40, 0.012), (55, 0.03), (70, 0.04)), men=0.0), _tell_breast)
BOWEL = Story("bowel cancer", ByAge(((45, 0.004), (60, 0.016), (75, 0.025))), _tell_bowel)
