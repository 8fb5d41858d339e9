"""Composed views: the GP summary and the whole social care record, each one object of sections."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from carecord.bundles_api.answers import rows_of
from carecord.bundles_api.face import Answer, Call, unknown_patient
from carecord.bundles_api.parameters import check_no_parameters
from carecord.bundles_api.single_rows import current_registration, leaf_of
from carecord.catalogue import BUNDLES
from carecord.catalogue.demographics import SHARING_STATUS
from carecord.catalogue.gp import BUNDLE as GP
from carecord.catalogue.gp import GP_ENCOUNTERS, GP_RECALLS, GP_REGISTRATION, GP_SUMMARY
from carecord.catalogue.model import ComposedOperation, Equals, Operation, Section
from carecord.catalogue.shapes import answer_shape
from carecord.catalogue.social_care import SOCIAL_CARE_RECORD
from carecord.clinical_store.statements import Condition, Selection, Test
from carecord.clinical_store.whole_person import Excerpt, read_excerpts
from carecord.kernel import local_time

Filled = dict[str, Any]
"""What each section holds: `{array: rows, TotalItemCount: n}`, or None where it does not apply."""

_encoder = msgspec.json.Encoder()

_REGISTRATIONS = Excerpt(Selection(GP_REGISTRATION), limit=200)
_NEWEST_ENCOUNTER = Excerpt(Selection(GP_ENCOUNTERS), limit=1)
_SHARING = Excerpt(Selection(SHARING_STATUS), where=(Equals("SharingType", "Local shared record"),), limit=50)
_REVIEW = "medication review"
_REVIEW_ENCOUNTER = Excerpt(
    Selection(GP_ENCOUNTERS, (Condition(leaf_of(GP_ENCOUNTERS, "Rubric"), Test.CONTAINS),)), limit=1
)
_REVIEW_RECALL = Excerpt(
    Selection(GP_RECALLS, order=((leaf_of(GP_RECALLS, "Date"), True),)),
    where=(Equals("RecallType", "Medication review"), Equals("Status", "Done")),
    limit=1,
)


async def answer_gp_summary(call: Call) -> Answer:
    """The sections, and above them what the registration, the contacts and the consent say."""
    more = (_REGISTRATIONS, _NEWEST_ENCOUNTER, _SHARING, _REVIEW_ENCOUNTER, _REVIEW_RECALL)
    sections, drawn, seen = await _compose(call, GP_SUMMARY, more, values=[_REVIEW])
    registrations, encounters, sharing, reviews, recalls = drawn
    registration = current_registration(registrations)
    reviewed = [row.date for row in (*reviews, *recalls) if row.date is not None]
    scalars = answer_shape(GP_SUMMARY)(
        practice_name=registration and registration.practice_name,
        usual_gp_name=registration and registration.usual_gp_name,
        registration_status=registration and registration.registration_status,
        sharing_status=_sharing_status(sharing),
        last_encounter_date=encounters[0].date if encounters else None,
        last_medication_review_date=max(reviewed, default=None),
        record_last_updated_date=registration and registration.record_last_updated_date,
        tenancy_description=registration and registration.tenancy_description,
    )
    return Answer(_encode(scalars, sections), tenancies=seen)


def _sharing_status(newest_first: Sequence[Any]) -> str | None:
    """The newest word on the whole record or on this bundle; one on another bundle does not count."""
    others = {name.casefold() for one in BUNDLES if one is not GP for name in (one.name, one.slug)}
    return next((row.status for row in newest_first if (row.scope or "").casefold() not in others), None)


async def answer_social_care_record(call: Call) -> Answer:
    """The summaries of all councils as one, and a section for each topic."""
    summaries_of_councils = Excerpt(Selection(SOCIAL_CARE_RECORD), limit=200)
    sections, (records,), seen = await _compose(call, SOCIAL_CARE_RECORD, (summaries_of_councils,))
    summary = merge_summaries([record.summary for record in records], sections)
    return Answer(_encode(answer_shape(SOCIAL_CARE_RECORD)(summary=summary), sections), tenancies=seen)


def merge_summaries(summaries: Sequence[Any], sections: Filled) -> Any:
    """One summary of those of several councils: every case number, the newest team, any indicator set.

    An indicator that a council leaves null is worked out from the section, unless that does not apply.
    """
    newest_first = sorted(summaries, key=lambda one: one.last_updated_date or "", reverse=True)
    merged = answer_shape(SOCIAL_CARE_RECORD)().summary  # type: ignore[attr-defined]
    for one in newest_first:
        merged.case_numbers += [number for number in one.case_numbers if number not in merged.case_numbers]
    merged.team = next((one.team for one in newest_first if one.team), None)
    merged.last_updated_date = newest_first[0].last_updated_date if newest_first else None
    for indicator in _INDICATORS:
        said = {getattr(one, indicator) for one in summaries} or {None}
        if None in said:
            said.add(_worked_out(indicator, sections))
        setattr(merged, indicator, "Yes" if "Yes" in said else "No" if "No" in said else None)
    return merged


_INDICATORS = {
    "disability_indicator": "Disabilities",
    "interpreter_required_indicator": None,
    "risk_indicator": "Risks",
    "hazard_indicator": "Hazards",
    "child_protection_indicator": "ChildProtections",
    "child_in_need_indicator": "ChildInNeeds",
    "child_looked_after_indicator": "ChildLookAfters",
}
"""The section that tells what an indicator does; no section tells of interpreters."""


def _worked_out(indicator: str, sections: Filled) -> str | None:
    name = _INDICATORS[indicator]
    section = sections[name] if name else None
    if section is None:
        return None
    (rows,) = (value for value in section.values() if isinstance(value, list))
    return "Yes" if any(row.end_date is None for row in rows) else "No"


async def _compose(
    call: Call, operation: ComposedOperation, more: tuple[Excerpt, ...], values: Sequence[Any] = ()
) -> tuple[Filled, list[list[Any]], Sequence[int]]:
    """The sections filled, the rows of further excerpts, and the sources shown; in one round trip."""
    check_no_parameters(call.query)
    asked = (*_section_excerpts(operation), *more)
    async with call.pool.connection() as connection:
        found = await read_excerpts(
            connection,
            operation,
            asked,
            call.patient_detail_id,
            tenancies=call.caller.tenancies,
            now=local_time.now(),
            values=values,
        )
    if found is None:
        raise unknown_patient()
    filled: Filled = {}
    drawn: list[list[Any]] = []
    for position, (excerpt, page) in enumerate(zip(asked, found.pages, strict=True)):
        section = operation.sections[position] if position < len(operation.sections) else None
        read = rows_of(excerpt.selection.operation, section.leave_out if section else ()).read
        rows = read(page.items, await call.tenancies.describe(page.tenancies))
        if section is None:
            drawn.append(rows)
        else:
            filled[section.name] = {section.array: rows, "TotalItemCount": page.total}
    return _without_what_does_not_apply(operation, filled), drawn, found.seen_tenancies


@cache
def _section_excerpts(operation: ComposedOperation) -> tuple[Excerpt, ...]:
    return tuple(
        Excerpt(Selection(section.of), (section.where,) if section.where else (), section.limit)
        for section in operation.sections
    )


def _without_what_does_not_apply(operation: ComposedOperation, filled: Filled) -> Filled:
    """An empty section that may not apply is null.

    Where no section of one kind of row need apply (a child's statuses; meetings and case notes), one that
    holds rows shows that they do: then an empty one beside it stays empty.
    """
    applies = {
        kind
        for kind in {section.of for section in operation.sections}
        if all(one.null_when_empty for one in _sections_of(operation, kind))
        and any(filled[one.name]["TotalItemCount"] for one in _sections_of(operation, kind))
    }
    return {
        section.name: None
        if section.null_when_empty
        and not filled[section.name]["TotalItemCount"]
        and section.of not in applies
        else filled[section.name]
        for section in operation.sections
    }


def _sections_of(operation: ComposedOperation, kind: Operation) -> list[Section]:
    return [section for section in operation.sections if section.of is kind]


def _encode(scalars: Any, sections: Filled) -> bytes:
    """The view's own fields, then its sections, in the order of the declaration."""
    own = {field.encode_name: getattr(scalars, field.name) for field in msgspec.structs.fields(scalars)}
    return _encoder.encode(own | sections)
