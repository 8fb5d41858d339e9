"""Whether a patient is in hospital now, and where: worked out from stays, moves and emergency visits."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from carecord.bundles_api.answers import encode_row, rows_of
from carecord.bundles_api.face import Answer, Call, unknown_patient
from carecord.bundles_api.parameters import check_no_parameters
from carecord.catalogue.acute import ACUTE_ED_ATTENDANCES
from carecord.catalogue.adt import ADT_ADMISSIONS, ADT_TRANSFERS, CURRENT_INPATIENT_STATUS
from carecord.catalogue.model import IsNull
from carecord.catalogue.shapes import answer_shape
from carecord.clinical_store.statements import Selection
from carecord.clinical_store.whole_person import Excerpt, read_excerpts
from carecord.kernel import local_time

EXPECTED_WITHIN = timedelta(hours=24)
EMERGENCY_VISIT_ENDS_AFTER = timedelta(days=7)
"""A visit whose end nobody has told is not taken to last longer than this."""

_ASKED = (
    Excerpt(Selection(ADT_ADMISSIONS), limit=1),
    Excerpt(Selection(ADT_ADMISSIONS), where=(IsNull("DischargeDate"),), limit=50),
    Excerpt(Selection(ADT_TRANSFERS), limit=500),
    Excerpt(Selection(ACUTE_ED_ATTENDANCES), where=(IsNull("DepartureDate"),), limit=20),
)
_Status = answer_shape(CURRENT_INPATIENT_STATUS)


async def answer_current_status(call: Call) -> Answer:
    """Always one row, also for one who never was in hospital."""
    check_no_parameters(call.query)
    now = local_time.now()
    async with call.pool.connection() as connection:
        found = await read_excerpts(
            connection,
            call.operation,
            _ASKED,
            call.patient_detail_id,
            tenancies=call.caller.tenancies,
            now=now,
        )
    if found is None:
        raise unknown_patient()
    newest, open_stays, moves, visits = [
        rows_of(asked.selection.operation).read(page.items, await call.tenancies.describe(page.tenancies))
        for asked, page in zip(_ASKED, found.pages, strict=True)
    ]
    status = current_status(newest, open_stays, moves, visits, now=now)
    return Answer(encode_row(status), tenancies=found.seen_tenancies)


def current_status(
    newest_stay: Sequence[Any],
    open_stays: Sequence[Any],
    moves: Sequence[Any],
    visits: Sequence[Any],
    *,
    now: datetime,
) -> Any:
    """A stay that has begun comes before an emergency visit, and that before a stay that is expected.

    Everything is given newest first; stays without an end, visits without a departure.
    """
    as_at = now.isoformat()
    begun = (s for s in open_stays if s.status in ("Admitted", "On leave") and s.admission_date <= as_at)
    stay = next(begun, None)
    if stay is not None:
        return _in_stay(stay, moves, as_at)
    oldest = (now - EMERGENCY_VISIT_ENDS_AFTER).isoformat()
    visit = next((v for v in visits if v.conclusion_date is None and oldest <= v.arrival_date <= as_at), None)
    if visit is not None:
        return _Status(
            is_inpatient="No",
            status="In emergency department",
            site_code=visit.site_code,
            site_desc=visit.site_desc,
            as_at_date=as_at,
            tenancy_description=visit.tenancy_description,
        )
    first, last = (now - EXPECTED_WITHIN).isoformat(), (now + EXPECTED_WITHIN).isoformat()
    planned = (s for s in open_stays if s.status == "Planned" and first <= s.admission_date <= last)
    expected = next(planned, None)
    if expected is not None:
        return _placed(expected, is_inpatient="No", status="Expected", as_at_date=as_at)
    return _Status(
        is_inpatient="No",
        status="Not in hospital",
        as_at_date=as_at,
        tenancy_description=newest_stay[0].tenancy_description if newest_stay else "",
    )


def _in_stay(stay: Any, moves: Sequence[Any], as_at: str) -> Any:
    status = _placed(stay, is_inpatient="Yes", status=stay.status, as_at_date=as_at)
    for move in reversed(list(_moves_of(stay, moves, as_at))):
        _apply(move, status)
    return status


def _moves_of(stay: Any, moves: Sequence[Any], as_at: str) -> Iterable[Any]:
    for move in moves:
        same = move.spell_number == stay.spell_number and move.tenancy_description == stay.tenancy_description
        if same and move.movement_date <= as_at:
            yield move


def _placed(stay: Any, **more: Any) -> Any:
    """The stay where it began, or is to begin."""
    return _Status(
        spell_number=stay.spell_number,
        admission_date=stay.admission_date,
        admission_method_desc=stay.admission_method_desc,
        ward_code=stay.ward_code,
        ward_desc=stay.ward_desc,
        bay=stay.bay,
        bed=stay.bed,
        site_code=stay.site_code,
        site_desc=stay.site_desc,
        consultant_name=stay.consultant_name,
        specialty_desc=stay.specialty_desc,
        expected_discharge_date=stay.expected_discharge_date,
        tenancy_description=stay.tenancy_description,
        **more,
    )


def _apply(move: Any, status: Any) -> None:
    """What a move changes. One that is taken back names as its end the place where the patient still is."""
    status.last_movement_date = move.movement_date
    if move.movement_type == "Leave start":
        status.status = "On leave"
    elif move.movement_type == "Leave end":
        status.status = "Admitted"
    if move.to_ward_code or move.to_ward_desc:
        status.ward_code, status.ward_desc = move.to_ward_code, move.to_ward_desc
        status.bay, status.bed = move.to_bay, move.to_bed
    elif move.to_bay or move.to_bed:
        status.bay, status.bed = move.to_bay or status.bay, move.to_bed
    if move.site_desc and move.site_desc != status.site_desc:
        status.site_code, status.site_desc = None, move.site_desc
    status.consultant_name = move.to_consultant_name or status.consultant_name
    status.specialty_desc = move.to_specialty_desc or status.specialty_desc
