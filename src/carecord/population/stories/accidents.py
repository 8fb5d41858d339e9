"""What takes people to hospital once: minor injuries, appendicitis, a cataract, chest pain."""

from carecord.population import codes
from carecord.population.codes import Concept
from carecord.population.dates import any_time, plus
from carecord.population.entries import demographics, gp, hospital, imaging, laboratory
from carecord.population.entries.hospital import Stay
from carecord.population.history import History
from carecord.population.people import Person
from carecord.population.stories.story import ByAge, Story, recently

INJURIES = (
    (Concept("Ankle injury"), Concept("Sprain of ankle"), "X-ray ankle", "Tubular bandage"),
    (Concept("Cut hand"), Concept("Laceration of hand"), None, "Wound closed"),
    (Concept("Head injury"), Concept("Minor head injury"), None, "Advice given"),
    (Concept("Painful wrist"), Concept("Fracture of wrist"), "X-ray wrist", "Plaster cast"),
)


def _tell_injury(history: History) -> None:
    complaint, diagnosis, investigation, treatment = history.rng.choice(INJURIES)
    hospital.attendance(
        history,
        complaint,
        diagnosis,
        any_time(recently(history, days=1000, ago=2), history.rng),
        investigations=investigation,
        treatments=treatment,
    )
    if history.chance(0.3):
        demographics.addresses(history, history.acute)
        demographics.gp_registrations(history, history.acute, history.person.moved_in)


def _tell_appendix(history: History) -> None:
    on = recently(history, days=3500, ago=10)
    doctor = hospital.staff(history, "100")
    ordered = laboratory.Ordered(
        doctor.name, doctor.ward_code, doctor.site, doctor.trust.organisation_code, "Abdominal pain"
    )
    laboratory.blood_test(
        history, laboratory.CRP, [(codes.CRP, abs(history.rng.gauss(80, 30)) + 6)], on, ordered=ordered
    )
    hospital.stay(
        history,
        on,
        Stay(
            specialty="420" if history.person.age < 12 else "100",
            reason=Concept("Abdominal pain", icd10="R10.4"),
            diagnosis=codes.APPENDICITIS,
            nights=3,
            procedure=codes.APPENDICECTOMY,
            summary="Inflamed appendix removed, home eating",
        ),
    )
    gp.problem(
        history,
        codes.APPENDICITIS,
        on,
        ended=min(plus(on, days=40), plus(history.person.until, days=-1)),
        major=False,
    )


def _tell_cataract(history: History) -> None:
    listed = recently(history, days=900, ago=10)
    eye = history.rng.choice(("Left", "Right"))
    surgeon = hospital.staff(history, "130")
    booking = gp.referral(history, "Ophthalmology referral", plus(listed, days=-50), surgeon)
    hospital.clinic(
        history, "130", listed, "Cataract", first=True, booking=booking, referred=plus(listed, days=-50)
    )
    operated = plus(listed, days=120 + int(history.rng.random() * 150))
    done = operated < plus(history.person.until, days=-2)
    hospital.waiting(
        history,
        "130",
        codes.LENS,
        listed,
        "Cataract",
        list_type="Day case",
        removed=operated if done else None,
    )
    if done:
        hospital.stay(
            history,
            operated,
            Stay(
                specialty="130",
                reason=codes.CATARACT,
                diagnosis=codes.CATARACT,
                nights=0,
                method=hospital.WAITING_LIST,
                procedure=codes.LENS,
                laterality=eye,
                classification="2",
                summary="Lens put in without complication",
                plan="Drops for four weeks",
            ),
        )
    demographics.communication_need(
        history,
        history.acute,
        "Reasonable adjustment",
        "Needs information in large print",
        listed,
        adjustment="16 point print",
        method="Letter",
        written_format="Large print",
    )


def _tell_chest_pain(history: History) -> None:
    on = recently(history, days=1300, ago=20)
    imaging.examine(
        history,
        imaging.CHEST_XRAY,
        on,
        details="Chest pain",
        finding="Normal heart size. Clear lungs.",
        referrer=hospital.staff(history, "180").name,
        source="Emergency department",
        urgent=True,
    )
    if history.chance(0.6):
        hospital.attendance(
            history,
            codes.CHEST_PAIN,
            codes.CHEST_PAIN,
            any_time(on, history.rng),
            ambulance=history.chance(0.4),
            investigations="12 lead ECG; troponin",
        )
        return
    hospital.stay(
        history,
        on,
        Stay(
            specialty="320",
            reason=codes.CHEST_PAIN,
            diagnosis=codes.HEART_ATTACK,
            nights=4,
            procedure=codes.ANGIOGRAM,
            drugs=(
                hospital.Drug(
                    "Aspirin 75mg dispersible tablets", "75", "mg", "Once a day", "Dispersible tablet"
                ),
            ),
            summary="Troponin raised, one vessel stented",
            plan="Cardiac rehabilitation; GP to continue medicines",
        ),
    )
    gp.problem(history, codes.HEART_ATTACK, on)
    gp.repeat(history, codes.ASPIRIN, plus(on, days=6))
    gp.repeat(history, codes.ATORVASTATIN, plus(on, days=6))


def _tell_in_hospital(history: History) -> None:
    on = recently(history, days=6, ago=2)
    hospital.stay(
        history,
        on,
        Stay(
            specialty="300",
            reason=codes.COUGH,
            diagnosis=codes.PNEUMONIA,
            nights=14,
            moved_from=("AMU", "Acute Medical Unit"),
            drugs=(hospital.Drug("Doxycycline 100mg capsules", "100", "mg", "Once a day", "Capsule"),),
        ),
    )


def _in_hospital_chance(person: Person) -> float:
    return 0.006 if person.age >= 60 and person.died is None else 0.0


INJURY = Story("injury", lambda person: 0.22 if person.age < 30 else 0.12, _tell_injury)
APPENDIX = Story("appendicitis", ByAge(((6, 0.01), (12, 0.025), (40, 0.01))), _tell_appendix)
CATARACT = Story("cataract", ByAge(((60, 0.03), (70, 0.14), (80, 0.22))), _tell_cataract)
CHEST_PAIN = Story("chest pain", ByAge(((40, 0.03), (55, 0.07), (70, 0.09))), _tell_chest_pain)
IN_HOSPITAL = Story("in hospital now", _in_hospital_chance, _tell_in_hospital)
