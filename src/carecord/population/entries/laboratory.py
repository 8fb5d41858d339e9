"""What the laboratory writes: the order, the report, and the results that the practice files from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from carecord.population.codes import Measure
from carecord.population.dates import clock, later
from carecord.population.entries import gp
from carecord.population.history import History, Item

ORDER_TYPE, REPORT_TYPE = 30, 31


@dataclass(frozen=True, slots=True)
class Panel:
    """A set of tests that is asked for by one code."""

    code: str
    text: str
    department: str


UREA_AND_ELECTROLYTES = Panel("UE", "Urea and electrolytes", "Biochemistry")
HBA1C = Panel("HBA1C", "Haemoglobin A1c", "Biochemistry")
LIPIDS = Panel("LIP", "Lipid profile", "Biochemistry")
FULL_BLOOD_COUNT = Panel("FBC", "Full blood count", "Haematology")
THYROID = Panel("TFT", "Thyroid function", "Biochemistry")
NT_PRO_BNP = Panel("BNP", "NT-proBNP", "Biochemistry")
CRP = Panel("CRP", "C reactive protein", "Biochemistry")
LITHIUM = Panel("LI", "Lithium", "Biochemistry")

VENOUS_BLOOD = {"Code": "122555007", "Description": "Venous blood specimen"}
URINE = {"Code": "122575003", "Description": "Urine specimen"}


@dataclass(frozen=True, slots=True)
class Ordered:
    """Who asked, from where, and why."""

    by: str
    ward: str | None
    site: str
    organisation_code: str
    reason: str | None


def from_practice(history: History, reason: str | None) -> Ordered:
    """An order of the patient's own GP."""
    practice = history.practice
    return Ordered(history.person.doctor.name, None, practice.name, practice.code, reason)


def blood_test(
    history: History,
    panel: Panel,
    results: Sequence[tuple[Measure, float]],
    on: date,
    *,
    reason: str | None = None,
    ordered: Ordered | None = None,
) -> None:
    """An order and its report; the practice files the results when it asked for them."""
    for_practice = ordered is None
    ordered = ordered or from_practice(history, reason)
    sampled = clock(on, 8, 30)
    sample_id = _order(history, panel, ordered, sampled, VENOUS_BLOOD)
    tests = {
        "Type": {"Code": panel.code, "Description": panel.text},
        "AuthorisedDateTime": later(sampled, minutes=380),
        "ClinicalDetails": ordered.reason,
        "ResultList": [_result(measure, value) for measure, value in results],
    }
    _report(history, panel, ordered, sampled, VENOUS_BLOOD, sample_id, investigations=[tests])
    if for_practice:
        for measure, value in results:
            gp.laboratory_result(history, measure, value, sampled=sampled, report_id=sample_id)


def urine_culture(history: History, on: date, *, grown: bool, ordered: Ordered | None = None) -> None:
    """Microscopy and culture of urine, with what the organism gives way to."""
    ordered = ordered or from_practice(history, "Dysuria")
    panel = Panel("UMC", "Urine microscopy and culture", "Microbiology")
    sampled = clock(on, 9, 10)
    sample_id = _order(history, panel, ordered, sampled, URINE)
    microscopy = {
        "Type": {"Code": "UMIC", "Description": "Urine microscopy"},
        "AuthorisedDateTime": later(sampled, minutes=390),
        "ClinicalDetails": ordered.reason,
        "ResultList": [
            {
                "Type": {"Description": "White cell count, urine"},
                "Value": "120" if grown else "8",
                "Units": "10*6/L",
                "RangeHigh": "40",
                "AbnormalFlag": "H" if grown else "N",
                "Status": "F",
            }
        ],
    }
    organism: Item = {
        "Organism": {"Code": "112283007", "Description": "Escherichia coli"},
        "Quantity": ">10^5 CFU/mL",
        "SensitivityList": [
            {"Antibiotic": "Nitrofurantoin", "Result": "S"},
            {"Antibiotic": "Trimethoprim", "Result": "R" if history.chance(0.3) else "S"},
        ],
    }
    culture = {
        "Type": {"Code": "UCULT", "Description": "Urine culture"},
        "AuthorisedDateTime": later(sampled, minutes=2900),
        "ClinicalDetails": ordered.reason,
        "InvestigationComments": None if grown else "No growth",
        "CultureResultList": [organism] if grown else [],
    }
    _report(
        history, panel, ordered, sampled, URINE, sample_id, investigations=[microscopy], cultures=[culture]
    )


def _result(measure: Measure, value: float) -> Item:
    return {
        "Type": {"Code": measure.snomed, "Description": measure.text},
        "Value": gp.written(value, measure),
        "Units": measure.units,
        "RangeLow": gp.bound(measure.low),
        "RangeHigh": gp.bound(measure.high),
        "AbnormalFlag": gp.flag(value, measure),
        "Status": "F",
    }


def _patient(history: History) -> Item:
    person = history.person
    return {
        "NhsNumber": person.nhs_number,
        "Name": {
            "Forenames": " ".join(filter(None, (person.forename, person.middle_names))),
            "Surname": person.surname,
        },
        "DateOfBirth": person.born.isoformat(),
        "Sex": {"Code": "F" if person.female else "M"},
    }


def _document(number: int, kind: int, ordered: Ordered, *, created: str, dated: str) -> Item:
    return {
        "DocumentId": number,
        "TypeId": kind,
        "CreationDate": created,
        "LastUpdatedDate": created,
        "DocumentDate": dated,
        "IsMedway": False,
        "OrganisationCode": ordered.organisation_code,
        "ACRSCanCancel": False,
    }


def _order(history: History, panel: Panel, ordered: Ordered, sampled: str, specimen: Item) -> str:
    number = history.number()
    sample_id = f"{sampled[2:4]}{panel.department[0]}{number:09}"
    asked = later(sampled, minutes=-25)
    history.add(
        history.pathology,
        "orders",
        {
            "PatientIdentifier": _patient(history),
            "Request": {
                "DateTime": asked,
                "TypeOfRequest": {"Code": panel.code, "Description": panel.text},
                "RelevantClinicalDetails": ordered.reason,
            },
            "Observation": {"DateTime": sampled},
            "ClinicalInfo": ordered.reason,
            "OrderingParty": {"Name": ordered.by, "Ward": ordered.ward, "Site": ordered.site},
            "Provider": {"Department": {"CodeDescription": panel.department}, "OrderingProvider": ordered.by},
            "Specimen": {"SampleId": sample_id, "Type": {"Department": panel.department, **specimen}},
            "Status": "Completed",
            "PriorityDesc": "Routine" if ordered.ward is None else "Urgent",
            "DocumentInformation": _document(number, ORDER_TYPE, ordered, created=asked, dated=sampled),
        },
        key=str(number),
        updated=asked,
    )
    return sample_id


def _report(
    history: History,
    panel: Panel,
    ordered: Ordered,
    sampled: str,
    specimen: Item,
    sample_id: str,
    *,
    investigations: list[Item],
    cultures: list[Item] | None = None,
) -> None:
    number = history.number()
    reported = later(sampled, minutes=2905 if cultures else 400)
    history.add(
        history.pathology,
        "PathologyResults",
        {
            "ResultTypeIdentifier": {"Type": panel.department, "Code": panel.code, "Description": panel.text},
            "PatientIdentifier": _patient(history),
            "OrderingParty": {"Name": ordered.by, "Ward": ordered.ward, "Site": ordered.site},
            "Provider": {"Department": {"CodeDescription": panel.department}},
            "Report": {"DateTime": reported, "ReportedBy": {"Description": "Dr N Hale"}, "Status": "F"},
            "Specimen": {
                "SampleId": sample_id,
                "Type": specimen,
                "Collected": sampled,
                "Received": later(sampled, minutes=42),
                "CultureInvestigationDetailsList": cultures or [],
                "InvestigationDetailsList": investigations,
            },
            "DocumentInformation": _document(number, REPORT_TYPE, ordered, created=reported, dated=sampled),
        },
        key=str(number),
        updated=reported,
    )
