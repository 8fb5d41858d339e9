"""Lists of values that a field may hold, code and meaning; anything else is refused when it is submitted."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class ValueList:
    """The codes that a field may hold, each with what it means."""

    name: str
    meanings: Mapping[str, str]

    def __contains__(self, code: object) -> bool:
        return code in self.meanings


YES_NO = ValueList("yes_no", {"Yes": "yes", "No": "no"})

NHS_NUMBER_STATUS = ValueList(
    "nhs_number_status",
    {
        "01": "present and verified",
        "02": "present, not traced",
        "03": "trace required",
        "04": "trace tried, no or several matches",
        "05": "trace to be resolved",
        "06": "trace in progress",
        "07": "absent, trace not required",
        "08": "trace postponed (baby under six weeks)",
    },
)

MATCH_GRADE = ValueList(
    "match_grade",
    {
        "certain": "the index would link it by itself, nothing speaks against it and nobody else comes near",
        "probable": "one more question to the patient settles it",
        "possible": "one to look through where nobody better is found",
    },
)

GENDER = ValueList("gender", {"1": "male", "2": "female", "9": "indeterminate", "X": "not known"})

ETHNIC_CATEGORY = ValueList(
    "ethnic_category",
    {
        "A": "White - British",
        "B": "White - Irish",
        "C": "White - other",
        "D": "Mixed - White and Black Caribbean",
        "E": "Mixed - White and Black African",
        "F": "Mixed - White and Asian",
        "G": "Mixed - other",
        "H": "Indian",
        "J": "Pakistani",
        "K": "Bangladeshi",
        "L": "Asian - other",
        "M": "Caribbean",
        "N": "African",
        "P": "Black - other",
        "R": "Chinese",
        "S": "other",
        "Z": "not stated",
        "99": "not known",
    },
)

MARITAL_STATUS = ValueList(
    "marital_status",
    {
        "S": "single",
        "M": "married or civil partner",
        "D": "divorced or dissolved",
        "W": "widowed or surviving",
        "P": "separated",
        "N": "not disclosed",
        "8": "not applicable",
        "9": "not known",
    },
)

ADMISSION_METHOD = ValueList(
    "admission_method",
    {
        "11": "elective, waiting list",
        "12": "elective, booked",
        "13": "elective, planned",
        "21": "emergency care department",
        "22": "GP",
        "23": "bed bureau",
        "24": "consultant clinic",
        "25": "crisis team",
        "28": "emergency, other",
        "2A": "ED of another provider",
        "2B": "emergency transfer",
        "2C": "baby born at home",
        "2D": "other emergency",
        "31": "ante partum",
        "32": "post partum",
        "81": "non-emergency transfer",
        "82": "birth here",
        "83": "born elsewhere",
        "98": "n/a",
        "99": "not known",
    },
)

ADMISSION_SOURCE = ValueList(
    "admission_source",
    {
        "19": "usual residence",
        "29": "temporary residence",
        "39": "penal, court, police",
        "49": "high security psychiatric",
        "51": "NHS general ward or ED",
        "52": "NHS maternity or neonatal",
        "53": "NHS mental health or LD",
        "54": "NHS care home",
        "65": "local authority residential",
        "66": "foster care",
        "79": "born on the way",
        "85": "private care home",
        "87": "private hospital",
        "88": "hospice",
        "98": "n/a",
        "99": "not known",
    },
)

DISCHARGE_METHOD = ValueList(
    "discharge_method",
    {
        "1": "on clinical advice",
        "3": "by tribunal or court",
        "4": "died",
        "5": "stillbirth",
        "6": "self-discharge",
        "7": "by relative or advocate",
        "8": "not discharged",
        "9": "not known",
    },
)

DISCHARGE_DESTINATION = ValueList(
    "discharge_destination",
    {
        "19": "usual residence",
        "29": "temporary residence",
        "30": "repatriation from high security",
        "37": "court",
        "38": "penal or police",
        "48": "high security, Scotland",
        "49": "high security",
        "50": "medium secure",
        "51": "NHS general ward",
        "52": "NHS maternity or neonatal",
        "53": "NHS mental health or LD",
        "54": "NHS care home",
        "65": "local authority residential",
        "66": "foster care",
        "79": "died or stillbirth",
        "84": "private medium secure",
        "85": "private care home",
        "87": "private hospital",
        "88": "hospice",
        "98": "not discharged",
        "99": "not known",
    },
)

PATIENT_CLASSIFICATION = ValueList(
    "patient_classification",
    {
        "1": "ordinary admission",
        "2": "day case",
        "3": "regular day",
        "4": "regular night",
        "5": "mother and baby, delivery facilities only",
    },
)

ATTENDED = ValueList(
    "attended",
    {
        "5": "attended on time",
        "6": "arrived late, seen",
        "7": "arrived late, not seen",
        "2": "cancelled by patient",
        "3": "did not attend",
        "4": "cancelled by provider",
        "0": "in the future",
    },
)

ATTENDANCE_OUTCOME = ValueList(
    "attendance_outcome",
    {
        "1": "discharged from consultant's care",
        "2": "another appointment given",
        "3": "appointment to be made later",
    },
)

FIRST_ATTENDANCE = ValueList(
    "first_attendance",
    {
        "1": "first, face to face",
        "2": "follow-up, face to face",
        "3": "first, remote",
        "4": "follow-up, remote",
    },
)

PRIORITY = ValueList("priority", {"1": "routine", "2": "urgent", "3": "two week wait"})

MHA_STATUS = ValueList(
    "mha_status",
    {
        "01": "informal",
        "02": "section 2",
        "03": "section 3",
        "04": "section 4",
        "05": "section 5(2)",
        "06": "section 5(4)",
        "07": "section 35",
        "08": "section 36",
        "09": "section 37 with 41",
        "10": "section 37",
        "12": "section 38",
        "13": "section 44",
        "14": "section 46",
        "15": "section 47 with 49",
        "16": "section 47",
        "17": "section 48 with 49",
        "18": "section 48",
        "19": "section 135",
        "20": "section 136",
        "31": "Criminal Procedure (Insanity) Act",
        "32": "other acts",
        "35": "guardianship s7",
        "36": "guardianship s37",
        "37": "s45A, limitation in force",
        "38": "s45A, limitation ended",
        "98": "n/a",
        "99": "not known",
    },
)

ALERT_TYPE = ValueList(
    "alert_type",
    {
        "Drug": "drug-based allergen",
        "Non Drug": "other allergen",
        "Clinical": "clinical risk",
        "Social": "risk in the home or to staff",
        "Administrative": "handling note",
    },
)

SEVERITY = ValueList(
    "severity",
    {"Mild": "mild", "Moderate": "moderate", "Severe": "severe", "Life threatening": "life threatening"},
)

ABNORMAL_FLAG = ValueList(
    "abnormal_flag",
    {
        "N": "normal",
        "A": "abnormal",
        "H": "above range",
        "L": "below range",
        "HH": "critically high",
        "LL": "critically low",
    },
)

RESULT_STATUS = ValueList(
    "result_status", {"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled"}
)

SIGNIFICANCE = ValueList("significance", {"Major": "major", "Minor": "minor"})

GIVEN_STATUS = ValueList("given_status", {"Given": "given", "Not given": "not given"})

MEDICATION_CONTEXT = ValueList(
    "medication_context",
    {"Inpatient": "while in hospital", "Discharge": "to take home", "Leave": "for leave"},
)

NEWBORN_STATUS = ValueList(
    "newborn_status",
    {
        "01": "specimen received",
        "02": "declined",
        "03": "repeat or further sample needed",
        "04": "condition not suspected",
        "05": "carrier",
        "06": "carrier, other",
        "07": "not suspected, other disorder follow-up",
        "08": "condition suspected",
        "09": "not screened or incomplete",
    },
)
