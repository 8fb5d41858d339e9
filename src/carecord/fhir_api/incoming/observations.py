"""Observations: results of laboratories, ways of living, and what was measured or found."""

from carecord.catalogue.gp import GP_LIFESTYLE, GP_OBSERVATIONS, GP_TEST_RESULTS
from carecord.catalogue.model import Operation
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import (
    choice,
    codes,
    concept_text,
    decimal_text,
    joined,
    objects,
    quantity_text,
    value_text,
    words,
)
from carecord.fhir_api.kept import Json

_SETTLED = ("final", "amended", "corrected")
_SAID_IN_NOTES = ("preliminary", "unknown")
_RESULT_STATUSES = {
    "preliminary": "P",
    "final": "F",
    "amended": "C",
    "corrected": "C",
    "cancelled": "X",
}
_WAYS_OF_LIVING = {
    "Smoking": ("smok", "tobacco", "cigar", "vap"),
    "Alcohol": ("alcohol",),
    "Substance use": ("substance", "drug use", "drug misuse"),
    "Exercise": ("exercise", "physical activity"),
    "Diet": ("diet",),
    "Weight": ("weight", "body mass"),
    "Occupation": ("occupation", "employment"),
    "Housing": ("housing", "homeless"),
    "Carer": ("carer",),
}
"""The categories of the lifestyle list, and the words that tell them."""


def file_observation(resource: Json) -> Filing:
    if "focus" in resource:
        raise NoPlace("it is about something other than the patient")
    categories = codes(resource.get("category"))
    if "laboratory" in categories:
        return _result(resource)
    status = resource.get("status")
    if status not in (*_SETTLED, *_SAID_IN_NOTES):
        raise NoPlace("its status is not one that these lists show")
    way = _way_of_living(resource) if "social-history" in categories else None
    draft = _measured(GP_LIFESTYLE if way else GP_OBSERVATIONS, resource)
    if way:
        draft.put("Category", way)
    if status in _SAID_IN_NOTES:
        draft.note("Status", status)
    return draft.filing()


def _result(resource: Json) -> Filing:
    status = _RESULT_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that results have")
    # The identifier of an observation is not that of the report which it is part of.
    draft = _measured(GP_TEST_RESULTS, resource, leave=("ReportId", "FilingComment"))
    draft.put("ResultStatus", status)
    return draft.filing()


def _way_of_living(resource: Json) -> str | None:
    """The category of the lifestyle list: the one it names, else the one that its code speaks of."""
    named = [concept_text(one) for one in objects(resource.get("category"))]
    for category, said in _WAYS_OF_LIVING.items():
        if category in named or any(one in words(resource.get("code")) for one in said):
            return category
    return None


def _measured(operation: Operation, resource: Json, *, leave: tuple[str, ...] = ()) -> Draft:
    draft = Draft(operation, resource, leave=("Value", "Units", "RangeLow", "RangeHigh", "Category", *leave))
    period, timing = resource.get("effectivePeriod") or {}, resource.get("effectiveTiming") or {}
    moments = [resource.get("effectiveInstant"), period.get("start"), *timing.get("event", ())]
    draft.when("Date", resource.get("effectiveDateTime"), *moments, resource.get("issued"))
    _put_value(draft, resource)
    _put_range(draft, resource)
    for one in objects(resource.get("component")):
        draft.note(concept_text(one.get("code")) or "Part", _found(one))
    draft.note("Until", period.get("end"))
    if draft.get("AbnormalFlag") is None:
        draft.note("Interpretation", joined(map(concept_text, objects(resource.get("interpretation")))))
    draft.note("Body site", concept_text(resource.get("bodySite")))
    draft.note("Method", concept_text(resource.get("method")))
    return draft


def _put_value(draft: Draft, resource: Json) -> None:
    """A plain number with its unit goes where it belongs; anything else would be another fact there."""
    kind, value = choice(resource, "value") or ("", {})
    if kind == "Quantity" and "comparator" not in value and draft.put("Value", value.get("value")):
        draft.put("Units", value.get("unit") or value.get("code"))
    elif not (kind == "Integer" and draft.put("Value", value)):
        draft.note("Value", _found(resource))


def _found(node: Json) -> str | None:
    return value_text(node) or concept_text(node.get("dataAbsentReason"))


def _put_range(draft: Draft, resource: Json) -> None:
    """The one range, in the unit of the value; several, or one for some people, are told in the notes."""
    ranges = objects(resource.get("referenceRange"))
    unit = (resource.get("valueQuantity") or {}).get("unit")
    low, high = ({}, {}) if len(ranges) != 1 else (ranges[0].get(end) or {} for end in ("low", "high"))
    plain = {one.get("unit", unit) for one in (low, high)} == {unit}
    if (
        draft.get("Value") is not None
        and plain
        and draft.operation is not GP_LIFESTYLE
        and not ({"appliesTo", "age"} & set(ranges[0] if ranges else ()))
    ):
        draft.put("RangeLow", decimal_text(low.get("value")))
        draft.put("RangeHigh", decimal_text(high.get("value")))
        return
    for one in ranges:
        ends = joined((quantity_text(one.get(end) or {}) for end in ("low", "high")), " to ")
        draft.note("Reference range", one.get("text") or ends)
