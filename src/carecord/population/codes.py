"""The concepts that histories are coded in; a code that was not certain is left out, never guessed."""

from dataclasses import dataclass

UNCODED = "....."


@dataclass(frozen=True, slots=True)
class Concept:
    """A meaning with its codes in the systems that have one."""

    text: str
    snomed: str | None = None
    read: str = UNCODED
    icd10: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """Something measured: its codes, unit and usual range, and the digits it is written with."""

    text: str
    units: str
    low: float | None
    high: float | None
    digits: int = 0
    snomed: str | None = None
    read: str = UNCODED


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as a GP system prescribes it."""

    rubric: str
    quantity: str
    dosage: str
    units: str = "TAB"
    read: str = UNCODED


@dataclass(frozen=True, slots=True)
class Procedure:
    """An operation or procedure."""

    text: str
    opcs4: str | None


TYPE_2_DIABETES = Concept("Type 2 diabetes mellitus", "44054006", "C10F.", "E11.9")
HYPERTENSION = Concept("Essential hypertension", "59621000", "G20..", "I10X")
ASTHMA = Concept("Asthma", "195967001", "H33..", "J45.9")
COPD = Concept("Chronic obstructive pulmonary disease", "13645005", "H3...", "J44.9")
HEART_FAILURE = Concept("Heart failure", "84114007", "G58..", "I50.9")
ATRIAL_FIBRILLATION = Concept("Atrial fibrillation", "49436004", "G5730", "I48.9")
DEPRESSION = Concept("Depressive disorder", "35489007", "E2B..", "F32.9")
ANXIETY = Concept("Anxiety disorder", "197480006", UNCODED, "F41.9")
DEMENTIA = Concept("Alzheimer's disease", "26929004", UNCODED, "G30.9")
CKD_3 = Concept("Chronic kidney disease stage 3", "433144002", "1Z12.", "N18.3")
HIP_FRACTURE = Concept("Fracture of neck of femur", "5913000", "S30..", "S72.0")
OSTEOPOROSIS = Concept("Osteoporosis", "64859006", UNCODED, "M81.9")
OSTEOARTHRITIS = Concept("Osteoarthritis", "396275006", "N05..", "M19.9")
BREAST_CANCER = Concept("Malignant neoplasm of breast", "254837009", "B34..", "C50.9")
BOWEL_CANCER = Concept("Malignant neoplasm of colon", "363406005", "B13..", "C18.9")
BORN_IN_HOSPITAL = Concept("Single liveborn infant, born in hospital", icd10="Z38.0")
TWIN_BORN_IN_HOSPITAL = Concept("Twin, born in hospital", icd10="Z38.3")
PREGNANT = Concept("Pregnant", "77386006", "62...", "Z33.X")
SCHIZOPHRENIA = Concept("Schizophrenia", "58214004", "E10..", "F20.9")
BIPOLAR = Concept("Bipolar disorder", "13746004", "Eu31.", "F31.9")
HYPOTHYROIDISM = Concept("Hypothyroidism", "40930008", "C04..", "E03.9")
PNEUMONIA = Concept("Pneumonia", "233604007", UNCODED, "J18.9")
URINARY_INFECTION = Concept("Urinary tract infectious disease", "68566005", UNCODED, "N39.0")
HEART_ATTACK = Concept("Myocardial infarction", "22298006", UNCODED, "I21.9")
STROKE = Concept("Cerebrovascular accident", "230690007", UNCODED, "I64.X")
ISCHAEMIC_HEART_DISEASE = Concept("Ischaemic heart disease", "414545008", UNCODED, "I25.9")
APPENDICITIS = Concept("Acute appendicitis", "85189001", "J20..", "K35.8")
CATARACT = Concept("Cataract", "193570009", UNCODED, "H26.9")
ECZEMA = Concept("Eczema", "43116000", UNCODED, "L30.9")
MIGRAINE = Concept("Migraine", "37796009", UNCODED, "G43.9")
ALLERGIC_RHINITIS = Concept("Allergic rhinitis", "61582004", UNCODED, "J30.4")
REFLUX = Concept("Gastro-oesophageal reflux disease", "235595009", UNCODED, "K21.9")
OBESITY = Concept("Obesity", "414916001", UNCODED, "E66.9")
BACK_PAIN = Concept("Low back pain", "279039007", UNCODED, "M54.5")
TONSILLITIS = Concept("Tonsillitis", "90176007", UNCODED, "J03.9")
EAR_INFECTION = Concept("Otitis media", "65363002", UNCODED, "H66.9")
CHEST_INFECTION = Concept("Acute bronchitis", "10509002", UNCODED, "J20.9")
COLD = Concept("Upper respiratory infection", "54150009", UNCODED, "J06.9")
GASTROENTERITIS = Concept("Gastroenteritis", "25374005", UNCODED, "A09.9")
EPILEPSY = Concept("Epilepsy", "84757009", UNCODED, "G40.9")

BREATHLESS = Concept("Dyspnoea", "267036007", icd10="R06.0")
CHEST_PAIN = Concept("Chest pain", "29857009", icd10="R07.4")
COUGH = Concept("Cough", "49727002", icd10="R05.X")
FEVER = Concept("Fever", "386661006", icd10="R50.9")
HEADACHE = Concept("Headache", "25064002", icd10="R51.X")
FALL = Concept("Fall", "161898004", icd10="R29.6")
RISK_OF_FALLS = Concept("At risk of falls", "129839007")
ANAPHYLAXIS = Concept("Anaphylaxis", "39579001")
WEAL = Concept("Urticarial rash", "247472004")
VOMITING = Concept("Vomiting", "422400008")
RASH = Concept("Eruption of skin", "271807003")

PENICILLIN_ALLERGY = Concept("H/O: penicillin allergy", "91936005", "14L1.")
PEANUT_ALLERGY = Concept("Allergy to peanut", "91935009")

NEVER_SMOKED = Concept("Never smoked tobacco", "266919005", "1371.")
EX_SMOKER = Concept("Ex-smoker", "8517006", "137S.")
SMOKER = Concept("Current smoker", "77176002", "137R.")
ALCOHOL_UNITS = Concept("Alcohol units consumed per day", "1082631000000102")

SYSTOLIC = Measure("Systolic arterial pressure", "mmHg", 90, 140, 0, "72313002", "2469.")
DIASTOLIC = Measure("Diastolic arterial pressure", "mmHg", 60, 90, 0, "1091811000000102", "246A.")
WEIGHT = Measure("Body weight", "kg", None, None, 1, "27113001", "22A..")
HEIGHT = Measure("Body height", "cm", None, None, 0, "50373000", "229..")
BMI = Measure("Body mass index", "kg/m2", 18.5, 25, 1, "60621009", "22K..")
PULSE = Measure("Heart rate", "beats/min", 60, 100, 0, "364075005", "242..")
PEAK_FLOW = Measure("Peak expiratory flow rate", "L/min", None, None, 0, None, "3395.")
OXYGEN_SATURATION = Measure("Oxygen saturation", "%", 94, 100)
TEMPERATURE = Measure("Body temperature", "Cel", 36.1, 37.5, 1, "386725007")

HBA1C = Measure(
    "Haemoglobin A1c level - IFCC standardised", "mmol/mol", 20, 41, 0, "999791000000106", "42W5."
)
CREATININE = Measure("Serum creatinine level", "umol/L", 49, 104, 0, "1000731000000107", "44J3.")
EGFR = Measure("GFR calculated abbreviated MDRD", "mL/min/1.73m2", 60, None, 0, None, "451E.")
SODIUM = Measure("Serum sodium level", "mmol/L", 133, 146, 0, "1000661000000107", "44I5.")
POTASSIUM = Measure("Serum potassium level", "mmol/L", 3.5, 5.3, 1, "1000651000000109", "44I4.")
CHOLESTEROL = Measure("Serum cholesterol level", "mmol/L", None, 5.0, 1, "1005671000000105", "44P..")
HAEMOGLOBIN = Measure("Haemoglobin estimation", "g/L", 115, 165, 0, "1022431000000105", "423..")
WHITE_CELLS = Measure("Total white cell count", "10*9/L", 4.0, 11.0, 1, "1022541000000102", "42H..")
PLATELETS = Measure("Platelet count", "10*9/L", 150, 450, 0, "1022651000000100", "42P..")
TSH = Measure("Serum TSH level", "mU/L", 0.3, 4.5, 1, "1022791000000101", "442W.")
CRP = Measure("Serum C reactive protein level", "mg/L", None, 5, 0)
NT_PRO_BNP = Measure("Serum NT-proBNP level", "ng/L", None, 400, 0)
LITHIUM = Measure("Serum lithium level", "mmol/L", 0.4, 0.8, 2)
ALBUMIN_CREATININE = Measure("Urine albumin:creatinine ratio", "mg/mmol", None, 3, 1)

METFORMIN = Medicine("METFORMIN tabs 500mg", "112", "TAKE ONE TWICE A DAY WITH FOOD")
GLICLAZIDE = Medicine("GLICLAZIDE tabs 80mg", "56", "TAKE ONE EACH MORNING")
INSULIN = Medicine("INSULIN GLARGINE inj 100units/ml prefilled pen 3ml", "5", "AS DIRECTED ONCE A DAY", "PEN")
ATORVASTATIN = Medicine("ATORVASTATIN tabs 20mg", "28", "TAKE ONE AT NIGHT")
ASPIRIN = Medicine("ASPIRIN disp tabs 75mg", "84", "ONE EACH DAY", read="bu23.")
AMLODIPINE = Medicine("AMLODIPINE tabs 5mg", "28", "TAKE ONE EACH DAY")
RAMIPRIL = Medicine("RAMIPRIL caps 5mg", "28", "TAKE ONE EACH DAY", "CAP")
LOSARTAN = Medicine("LOSARTAN tabs 50mg", "28", "TAKE ONE EACH DAY")
BISOPROLOL = Medicine("BISOPROLOL tabs 2.5mg", "28", "TAKE ONE EACH MORNING")
FUROSEMIDE = Medicine("FUROSEMIDE tabs 40mg", "28", "TAKE ONE EACH MORNING")
APIXABAN = Medicine("APIXABAN tabs 5mg", "56", "TAKE ONE TWICE A DAY")
SALBUTAMOL = Medicine("SALBUTAMOL cfc-free inh 100mcg", "1", "ONE OR TWO PUFFS WHEN REQUIRED", "INH")
BECLOMETASONE = Medicine("BECLOMETASONE cfc-free inh 100mcg", "1", "TWO PUFFS TWICE A DAY", "INH")
TIOTROPIUM = Medicine("TIOTROPIUM inhalation powder caps 18mcg", "30", "INHALE ONE EACH DAY", "CAP")
PREDNISOLONE = Medicine("PREDNISOLONE tabs 5mg", "40", "TAKE EIGHT EACH MORNING FOR FIVE DAYS")
AMOXICILLIN = Medicine("AMOXICILLIN caps 500mg", "15", "TAKE ONE THREE TIMES A DAY", "CAP")
DOXYCYCLINE = Medicine("DOXYCYCLINE caps 100mg", "8", "TWO ON DAY ONE THEN ONE EACH DAY", "CAP")
NITROFURANTOIN = Medicine("NITROFURANTOIN mr caps 100mg", "6", "TAKE ONE TWICE A DAY FOR THREE DAYS", "CAP")
SERTRALINE = Medicine("SERTRALINE tabs 50mg", "28", "TAKE ONE EACH DAY")
CITALOPRAM = Medicine("CITALOPRAM tabs 20mg", "28", "TAKE ONE EACH DAY")
MIRTAZAPINE = Medicine("MIRTAZAPINE tabs 15mg", "28", "TAKE ONE AT NIGHT")
DONEPEZIL = Medicine("DONEPEZIL tabs 10mg", "28", "TAKE ONE AT NIGHT")
OLANZAPINE = Medicine("OLANZAPINE tabs 10mg", "28", "TAKE ONE AT NIGHT")
LITHIUM_CARBONATE = Medicine("LITHIUM CARBONATE mr tabs 400mg", "28", "TAKE ONE AT NIGHT")
LEVOTHYROXINE = Medicine("LEVOTHYROXINE tabs 100mcg", "28", "TAKE ONE EACH MORNING")
OMEPRAZOLE = Medicine("OMEPRAZOLE gr caps 20mg", "28", "TAKE ONE EACH DAY", "CAP")
PARACETAMOL = Medicine("PARACETAMOL tabs 500mg", "100", "ONE OR TWO UP TO FOUR TIMES A DAY")
NAPROXEN = Medicine("NAPROXEN tabs 500mg", "56", "TAKE ONE TWICE A DAY WITH FOOD")
IBUPROFEN = Medicine("IBUPROFEN tabs 400mg", "84", "ONE THREE TIMES A DAY")
ALENDRONIC_ACID = Medicine("ALENDRONIC ACID tabs 70mg", "4", "TAKE ONE ONCE A WEEK")
CALCIUM = Medicine("CALCIUM CARBONATE and COLECALCIFEROL tabs", "56", "TAKE ONE TWICE A DAY")
TAMOXIFEN = Medicine("TAMOXIFEN tabs 20mg", "30", "TAKE ONE EACH DAY")
CETIRIZINE = Medicine("CETIRIZINE tabs 10mg", "30", "TAKE ONE EACH DAY")
ADRENALINE_PEN = Medicine("ADRENALINE auto-injector 300mcg", "2", "AS DIRECTED", "PEN")
EMOLLIENT = Medicine("EMOLLIENT cream", "500", "APPLY WHEN REQUIRED", "GRAM")
FOLIC_ACID = Medicine("FOLIC ACID tabs 400mcg", "90", "TAKE ONE EACH DAY")
MORPHINE = Medicine("MORPHINE SULFATE inj 10mg/ml", "10", "AS DIRECTED FOR PAIN", "AMP")
SUMATRIPTAN = Medicine("SUMATRIPTAN tabs 50mg", "6", "ONE AT ONSET OF MIGRAINE")
LANSOPRAZOLE = Medicine("LANSOPRAZOLE gr caps 30mg", "28", "TAKE ONE EACH MORNING", "CAP")
CO_CODAMOL = Medicine("CO-CODAMOL tabs 8mg/500mg", "100", "ONE OR TWO UP TO FOUR TIMES A DAY")

HIP_REPLACEMENT = Procedure("Primary total prosthetic replacement of hip joint using cement", "W37.1")
HEMIARTHROPLASTY = Procedure("Primary prosthetic replacement of head of femur using cement", "W46.1")
APPENDICECTOMY = Procedure("Emergency excision of abnormal appendix", "H01.2")
CHOLECYSTECTOMY = Procedure("Total cholecystectomy", "J18.3")
LENS = Procedure("Insertion of prosthetic replacement for lens", "C75.1")
BREAST_EXCISION = Procedure("Partial excision of breast", "B28.2")
HEMICOLECTOMY = Procedure("Right hemicolectomy and end to end anastomosis of ileum to colon", "H07.1")
COLONOSCOPY = Procedure("Diagnostic endoscopic examination of colon", "H22.9")
ANGIOGRAM = Procedure("Coronary arteriography using single catheter", "K63.5")
CAESAREAN = Procedure("Other caesarean delivery", "R18.9")
NORMAL_DELIVERY = Procedure("Normal delivery", "R24.9")
