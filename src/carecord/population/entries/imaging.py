"""What radiology writes: the request and the report."""

from dataclasses import dataclass
from datetime import date

from carecord.population.dates import clock, later
from carecord.population.entries.hospital import staff
from carecord.population.history import History


@dataclass(frozen=True, slots=True)
class Examination:
    """An examination as it is asked for."""

    code: str
    text: str
    modality: str
    body_site: str
    snomed: str | None = None


CHEST_XRAY = Examination("XCHES", "XR Chest", "Plain radiography", "Chest", "399208008")
HIP_XRAY = Examination("XHIP", "XR Hip", "Plain radiography", "Hip")
HEAD_CT = Examination("CSKUH", "CT Head", "Computed tomography", "Head")
HEART_ECHO = Examination("UECHO", "Echocardiogram", "Ultrasound", "Heart")
MAMMOGRAM = Examination("XMAMB", "Mammogram both breasts", "Mammography", "Breast")
COLON_CT = Examination("CCOLO", "CT Colon", "Computed tomography", "Colon")
KIDNEY_ULTRASOUND = Examination("UABRE", "US Renal tract", "Ultrasound", "Kidney")


def examine(
    history: History,
    examination: Examination,
    on: date,
    *,
    details: str,
    finding: str,
    referrer: str,
    source: str = "General practice",
    laterality: str | None = None,
    urgent: bool = False,
) -> None:
    """An examination from request to report, of one accession number."""
    accession = f"{history.acute.organisation_code}-{on.year % 100}-{history.number()}"
    report_id, order_id = f"RR-{history.number()}", f"RO-{history.number()}"
    examined = clock(on, 10, 20)
    reported = later(examined, minutes=45 if urgent else 1500)
    asked = later(examined, minutes=-60 if urgent else -8640)
    site = staff(history, "180")
    shared = {
        "AccessionNumber": accession,
        "ExaminationCode": examination.code,
        "ExaminationSnomedCTCode": examination.snomed,
        "ExaminationDesc": examination.text,
        "Modality": examination.modality,
        "ClinicalDetails": details,
    }
    history.add(
        history.radiology,
        "RadiologyOrdersList",
        {
            "OrderId": order_id,
            **shared,
            "RequestDate": asked,
            "RequestReceivedDate": asked,
            "PriorityDesc": "Urgent" if urgent else "Routine",
            "OrderingProvider": referrer,
            "AppointmentDate": examined,
            "Location": f"X-ray, {site.site}",
            "Status": "Reported",
            "ReportId": report_id,
        },
        key=order_id,
        updated=reported,
    )
    history.add(
        history.radiology,
        "RadiologyReportsList",
        {
            "ReportId": report_id,
            **shared,
            "ExaminationDate": examined,
            "ReportDate": reported,
            "BodySite": examination.body_site,
            "Laterality": laterality,
            "ReportText": finding,
            "Conclusion": finding.split(". ")[0].rstrip("."),
            "Status": "Final",
            "ReportedBy": "Dr V Stone",
            "VerifiedBy": "Dr V Stone",
            "ReferrerName": referrer,
            "PatientSourceDesc": source,
            "SiteCode": site.site_code,
            "SiteDesc": site.site,
            "ImageCount": 2,
            "UrgentFinding": "Yes" if urgent else "No",
        },
        key=report_id,
        updated=reported,
    )
