"""Heart failure and atrial fibrillation: found by a blood test and an echocardiogram, treated for life."""

from carecord.population import codes
from carecord.population.dates import AS_AT, plus
from carecord.population.entries import gp, hospital, imaging, laboratory
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, next_review, onset, recently, up_to_now, yearly


def _tell_failure(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=55, within_years=9)
    laboratory.blood_test(
        history,
        laboratory.NT_PRO_BNP,
        [(codes.NT_PRO_BNP, rng.gauss(2100, 500))],
        plus(since, days=-20),
        reason="Ankle swelling",
    )
    cardiologist = hospital.staff(history, "320")
    booking = gp.referral(
        history, "Cardiological referral", plus(since, days=-14), cardiologist, priority="2", read="8H44."
    )
    imaging.examine(
        history,
        imaging.HEART_ECHO,
        since,
        details="Breathless, raised NT-proBNP",
        finding="Moderately impaired left ventricular function. Ejection fraction 38%.",
        referrer=person.doctor.name,
    )
    hospital.clinic(
        history,
        "320",
        plus(since, days=10),
        "Heart failure",
        first=True,
        booking=booking,
        referred=plus(since, days=-14),
        paragraphs=(
            "Echocardiogram shows an ejection fraction of 38%.",
            "Please start ramipril and bisoprolol.",
        ),
        priority="2",
    )
    gp.problem(history, codes.HEART_FAILURE, since)
    for days, medicine in ((12, codes.RAMIPRIL), (20, codes.BISOPROLOL), (12, codes.FUROSEMIDE)):
        gp.repeat(history, medicine, plus(since, days=days))
    for on in yearly(since, person.until, most=2, history=history):
        kidneys = [(codes.POTASSIUM, rng.gauss(4.7, 0.4)), (codes.CREATININE, rng.gauss(104, 18))]
        laboratory.blood_test(
            history, laboratory.UREA_AND_ELECTROLYTES, kidneys, on, reason="Heart failure review"
        )
        gp.observe(history, codes.WEIGHT, rng.gauss(80, 11), on)
    gp.recall(history, "Heart failure review", next_review([], recently(history, days=300), history))
    if history.chance(0.35):
        hospital.stay(history, recently(history, days=700, ago=40), _overloaded(history))


def _overloaded(history: History) -> Stay:
    return Stay(
        specialty="320",
        reason=codes.BREATHLESS,
        diagnosis=codes.HEART_FAILURE,
        nights=4 + int(history.rng.random() * 8),
        others=(codes.HYPERTENSION,),
        moved_from=("AMU", "Acute Medical Unit"),
        drugs=(Drug("Furosemide 40mg tablets", "80", "mg", "Once a day", change="Changed"),),
        summary="Fluid overload, diuresed with intravenous furosemide",
        plan="GP to repeat urea and electrolytes in one week",
    )


def _tell_fibrillation(history: History) -> None:
    person = history.person
    since = onset(history, earliest_age=50, within_years=10)
    gp.problem(history, codes.ATRIAL_FIBRILLATION, since)
    gp.observe(history, codes.PULSE, history.rng.gauss(104, 15), since)
    gp.repeat(history, codes.APIXABAN, plus(since, days=3))
    if "heart failure" not in history.told:
        gp.repeat(history, codes.BISOPROLOL, plus(since, days=3))
    cardiologist = hospital.staff(history, "320")
    booking = gp.referral(history, "Cardiological referral", plus(since, days=2), cardiologist, read="8H44.")
    hospital.clinic(
        history,
        "320",
        plus(since, days=60),
        "Palpitations",
        first=True,
        booking=booking,
        referred=plus(since, days=2),
    )
    for on in up_to_now(history, [plus(since, days=300)]):
        hospital.clinic(history, "320", on, "Atrial fibrillation, follow-up")
    if history.chance(0.1):
        hospital.clinic(history, "320", plus(AS_AT, days=35), "Atrial fibrillation, follow-up")
    if person.age > 60 and history.chance(0.06):
        gp.problem(history, codes.STROKE, recently(history, days=1500))


FAILURE = Story("heart failure", ByAge(((55, 0.01), (65, 0.03), (75, 0.08), (85, 0.13))), _tell_failure)
FIBRILLATION = Story(
    "atrial fibrillation", ByAge(((50, 0.01), (65, 0.05), (75, 0.1), (85, 0.16))), _tell_fibrillation
)
