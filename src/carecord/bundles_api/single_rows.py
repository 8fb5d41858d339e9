"""Single rows: the one that counts of those a patient has, or the one that the path names."""

from collections.abc import Mapping, Sequence
from typing import Any

from carecord.bundles_api.answers import encode_row, rows_of
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.lists import known
from carecord.bundles_api.parameters import check_no_parameters
from carecord.catalogue.care_plans import ABOUT_ME
from carecord.catalogue.child_health import BIRTH_DETAILS
from carecord.catalogue.gp import GP_REGISTRATION
from carecord.catalogue.model import Leaf, Operation
from carecord.clinical_store.reading import read_page
from carecord.clinical_store.statements import Selection

ROWS_LIMIT = 200
"""More rows than a person has of these; the one that counts is chosen among the newest so many."""


def leaf_of(operation: Operation, name: str) -> Leaf:
    """The leaf of this dotted name."""
    return next(leaf for leaf in operation.leaves if leaf.name == name)


NEWEST_BY: Mapping[Operation, Leaf] = {
    GP_REGISTRATION: leaf_of(GP_REGISTRATION, "RegistrationDate"),
    BIRTH_DETAILS: leaf_of(BIRTH_DETAILS, "BirthDate"),
    ABOUT_ME: leaf_of(ABOUT_ME, "LastUpdatedDate"),
}


async def answer_newest(call: Call) -> Answer:
    """The newest row without envelope, of registrations the current one; 204 where the patient has none."""
    check_no_parameters(call.query)
    operation = call.operation
    page = known(
        await read_page(
            call.readers,
            Selection(operation, order=((NEWEST_BY[operation], True),)),
            call.patient_detail_id,
            tenancies=call.caller.tenancies,
            limit=ROWS_LIMIT,
        )
    )
    rows = rows_of(operation).read(page.items, await call.tenancies.describe(page.tenancies))
    row = current_registration(rows) if operation is GP_REGISTRATION else next(iter(rows), None)
    if row is None:
        return Answer(b"", status=204, media_type=None, tenancies=page.seen_tenancies)
    return Answer(encode_row(row), tenancies=page.seen_tenancies)


_STANDING = {"Registered": 0, "Applied": 1}
_PASSING = ("Temporary", "Immediately necessary")


def current_registration(newest_first: Sequence[Any]) -> Any | None:
    """The registration that counts: standing before ended, lasting before passing.

    Of those alike, the newest.
    """
    return min(
        newest_first,
        key=lambda row: (
            row.deduction_date is not None,
            _STANDING.get(row.registration_status, 2),
            row.registration_type in _PASSING,
        ),
        default=None,
    )
