"""Diagnostic reports: of laboratories, with the results that they contain, and of imaging."""

from typing import Any

from carecord.catalogue.code_systems import SNOMED
from carecord.catalogue.pathology import PATHOLOGY_RESULTS
from carecord.catalogue.radiology import RADIOLOGY_REPORTS
from carecord.catalogue.value_lists import ABNORMAL_FLAG, RESULT_STATUS
from carecord.fhir_api.incoming.drafts import Draft, listed_value
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.numbers import document_number
from carecord.fhir_api.incoming.pieces import (
    code_of,
    codes,
    concept_text,
    contained,
    decimal_text,
    decoded_text,
    first_text,
    identifier_values,
    joined,
    objects,
    quantity_text,
    value_text,
    words,
)
from carecord.fhir_api.kept import Json

_IMAGING = frozenset(
    ["RAD", "RUS", "CT", "NMR", "NMS", "OUS", "RX", "VUS", "XRC", "CUS", "imaging", "394914008"]
)
_LABORATORY = frozenset(
    [
        *(
            "LAB",
            "HM",
            "CH",
            "MB",
            "MCB",
            "MYC",
            "BG",
            "BLB",
            "SR",
            "IMM",
            "CP",
            "CG",
            "GE",
            "SP",
            "TX",
            "VR",
        ),
        *("OSL", "laboratory", "108252007"),
    ]
)
"""HL7 table 0074, and SNOMED CT's word for it."""


def file_report(resource: Json) -> Filing:
    category = resource.get("category")
    said, told = codes(category), words(category)
    if said & _IMAGING or "imaging" in told or "radiolog" in told or "imagingStudy" in resource:
        return _imaging(resource)
    if said & _LABORATORY or "laborator" in told or "patholog" in told:
        return _laboratory(resource)
    if not category and "specimen" in resource:
        return _laboratory(resource)
    raise NoPlace("its category is neither laboratory nor imaging")


_IMAGING_STATUSES = {
    "registered": "Examined not reported",
    "partial": "Preliminary",
    "preliminary": "Preliminary",
    "final": "Final",
    "amended": "Amended",
    "corrected": "Amended",
    "appended": "Amended",
    "cancelled": "Cancelled",
}
_RESULT_STATUSES = {
    "partial": "P",
    "preliminary": "P",
    "final": "F",
    "amended": "C",
    "corrected": "C",
    "appended": "C",
    "cancelled": "X",
}


def _imaging(resource: Json) -> Filing:
    status = _IMAGING_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that the list shows")
    draft = Draft(RADIOLOGY_REPORTS, resource, leave=("ReportText",))
    draft.identify("ReportId")
    # An imaging department's report goes by its accession number, also where nobody typed it as such: then
    # it stands last, beside a number of the report itself, or alone.
    draft.put("AccessionNumber", next(reversed(identifier_values(resource)), None))
    draft.put("Status", status)
    draft.when(
        "ExaminationDate", (resource.get("effectivePeriod") or {}).get("start"), resource.get("issued")
    )
    forms = objects(resource.get("presentedForm"))
    draft.put("ReportText", joined(map(decoded_text, forms), "\n\n"))
    draft.put("Conclusion", joined(map(concept_text, objects(resource.get("conclusionCode")))))
    return draft.filing()


def _laboratory(resource: Json) -> Filing:
    status = _RESULT_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that reports have")
    draft = Draft(PATHOLOGY_RESULTS, resource, leave=("DocumentInformation.DocumentId", "Specimen.Collected"))
    draft.put("DocumentInformation.DocumentId", document_number(resource))
    draft.put("DocumentInformation.IsMedway", value=False)
    draft.put("DocumentInformation.ACRSCanCancel", value=False)
    draft.put("Report.Status", status)
    conclusions = map(concept_text, objects(resource.get("conclusionCode")))
    told = (decoded_text(one) for one in objects(resource.get("presentedForm")))
    draft.put("Report.ReportComments", joined([*conclusions, *told], "\n"))
    _put_specimen(draft, resource)
    results = [found for one in objects(resource.get("result")) if (found := contained(resource, one))]
    if results:
        specimen = draft.item.setdefault("Specimen", {})
        kind = {"Type": {"Description": concept_text(resource.get("code"))}}
        specimen["InvestigationDetailsList"] = [
            {**kind, "ResultList": [line for one in results for line in _lines(one)]}
        ]
    return draft.filing()


def _put_specimen(draft: Draft, resource: Json) -> None:
    references = objects(resource.get("specimen"))
    found = next((one for ref in references if (one := contained(resource, ref))), {})
    collection = found.get("collection") or {}
    draft.put(
        "Specimen.Type.Description", concept_text(found.get("type")) or first_text(resource, references)
    )
    draft.put("Specimen.Type.Code", code_of(found.get("type"), SNOMED.uri))
    draft.put("Specimen.SampleId", (found.get("accessionIdentifier") or {}).get("value"))
    draft.put("Specimen.Received", found.get("receivedTime"))
    draft.put("Specimen.SpecimenComments", joined(n.get("text") for n in objects(found.get("note"))))
    for said in (
        collection.get("collectedDateTime"),
        (collection.get("collectedPeriod") or {}).get("start"),
        resource.get("effectiveDateTime"),
        (resource.get("effectivePeriod") or {}).get("start"),
    ):
        draft.put("Specimen.Collected", said)


def _lines(observation: Json) -> list[dict[str, Any]]:
    """A result, and each of its components as a result of its own."""
    components = [
        one | {"status": observation.get("status")} for one in objects(observation.get("component"))
    ]
    if components and not any(name.startswith("value") for name in observation):
        return [_line(one) for one in components]
    return [_line(one) for one in (observation, *components)]


def _line(observation: Json) -> dict[str, Any]:
    status = _RESULT_STATUSES.get(str(observation.get("status")))
    quantity = observation.get("valueQuantity") or {}
    code = code_of(observation.get("code"), SNOMED.uri)
    ranges = objects(observation.get("referenceRange"))
    low, high = (
        ((ranges[0].get(end) or {}).get("value") if len(ranges) == 1 else None) for end in ("low", "high")
    )
    amount = decimal_text(quantity.get("value"))
    comments = [one.get("text") for one in objects(observation.get("note"))]
    if status is None:
        comments.append(f"Status: {observation.get('status')}")
    value = f"{quantity.get('comparator', '')}{amount}" if amount else value_text(observation)
    told_low, told_high = decimal_text(low), decimal_text(high)
    plain = _is_number(told_low) and _is_number(told_high)
    if not plain or len(ranges) > 1:
        comments += [f"Reference range: {said}" for one in ranges if (said := _range_text(one))]
    flags = [listed_value(ABNORMAL_FLAG, one) for one in sorted(codes(observation.get("interpretation")))]
    return {
        "Type": {
            "Code": code if code and SNOMED.has_shape(code) else None,
            "Description": concept_text(observation.get("code")),
        },
        "Value": value or concept_text(observation.get("dataAbsentReason")),
        "Units": (quantity.get("unit") or quantity.get("code")) if amount else None,
        "RangeLow": told_low if plain else None,
        "RangeHigh": told_high if plain else None,
        "AbnormalFlag": next((one for one in flags if one), None),
        "Status": status if status in RESULT_STATUS else None,
        "ResultComments": joined(comments, "\n"),
    }


def _is_number(text: str | None) -> bool:
    """Whether the catalogue's ranges can hold it, or there is none."""
    digits = (text or "0").removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(digits) <= 20


def _range_text(one: Json) -> str | None:
    ends = (quantity_text(one.get(end) or {}) for end in ("low", "high"))
    return one.get("text") or joined(ends, " to ")
