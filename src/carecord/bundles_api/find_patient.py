"""Find Patient: one row for each source record that meets the criteria, with the records linked to it.

What the reference leaves open is settled so:

- `AllTenancies` true, false or absent means the sources that the client may see: a client has no source of
  its own that false could keep it to. `PatientTenancyId` narrows to one of them.
- `AllDemographics` absent is true. False leaves the address, GP, practice and local numbers out.
- Text that is empty or blank asks for nothing, as when a form sends all its fields.
- A protected person, of whom some record has a sensitive address, is found by neither postcode, GP nor
  practice, and no record shows them.
- Records that were merged or closed at their source are found like others.
- `PatientListId` needs scope and bundle of the worklists besides: who is on a list is theirs to tell.
- `Fuzzy` is carecord's own; see `fuzzy_search`. Without it an answer is what it is in the reference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from carecord.bundles_api.answers import encode_list
from carecord.bundles_api.bodies import read_body
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.fuzzy_search import (
    NARROWS,
    WHOLE,
    WILDCARD,
    asked_identity,
    check_enough,
    find_matches,
)
from carecord.bundles_api.parameters import (
    PAGE_NUMBER_LIMIT,
    PAGE_SIZE,
    PAGE_SIZE_LIMIT,
    check_no_parameters,
)
from carecord.bundles_api.patients import withhold
from carecord.catalogue.checks import check_day, check_nhs_number
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.shapes import answer_shape
from carecord.catalogue.value_lists import GENDER
from carecord.catalogue.worklists import BUNDLE as WORKLISTS
from carecord.clinical_store.patient_lists import records_on_list
from carecord.kernel.errors import BadRequest, FieldError, NotAllowed
from carecord.kernel.nhs_number import without_spaces
from carecord.patient_index.matching import Match
from carecord.patient_index.name_keys import name_key, postcode_key
from carecord.patient_index.normalise import Identity
from carecord.patient_index.search import Criteria, FoundRecord, LinkedRecord, find_records

TEXT_LIMIT = 100
"""Longest criterion, in characters."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What the body asks for. `criteria` are without those of the worklist, which is looked up first."""

    criteria: Criteria
    patient_list_id: int | None
    all_demographics: bool
    minor_numbers: bool
    page_number: int
    page_size: int
    asked: Identity | None = None
    """Who is asked for fuzzily; `criteria` then only narrow the search."""

    @property
    def offset(self) -> int:
        return (self.page_number - 1) * self.page_size


async def find_patient(call: Call) -> Answer:
    """A page of source records that meet all criteria, with the total of all pages."""
    check_no_parameters(call.query)
    request = read_search(await call.read_body(), browse_by_surname=call.browse_by_surname)
    criteria, patient_list_id = request.criteria, request.patient_list_id
    if patient_list_id is not None and not call.caller.may_use(WORKLISTS, WORKLISTS.scope):
        raise NotAllowed(
            f"To search by PatientListId the token needs the scope {WORKLISTS.scope} and the key its bundle.",
            reason="scope_missing",
        )
    async with call.pool.connection() as connection:
        if patient_list_id is not None:
            criteria = replace(criteria, listed=await records_on_list(connection, patient_list_id))
        page: dict[str, Any] = {
            "tenancies": call.caller.tenancies,
            "minor_numbers": request.minor_numbers,
            "limit": request.page_size,
            "offset": request.offset,
        }
        matches: dict[int, Match] = {}
        if request.asked is not None:
            found, matches = await find_matches(connection, request.asked, criteria, **page)
        else:
            found = await find_records(connection, criteria, **page)
    shown: list[FoundRecord | LinkedRecord] = [*found.records]
    shown += [one for record in found.records for one in record.linked]
    seen_tenancies = sorted({one.tenancy_id for one in shown})
    descriptions = dict(zip(seen_tenancies, await call.tenancies.describe(seen_tenancies), strict=True))
    rows = [
        _row(record, descriptions, request, matches.get(record.patient_detail_id)) for record in found.records
    ]
    return Answer(
        encode_list(call.operation, rows, found.total),
        patient_detail_ids=sorted({one.patient_detail_id for one in shown}),
        tenancies=seen_tenancies,
    )


_shape: Any = answer_shape(FIND_PATIENT)
_decode = msgspec.json.Decoder(_shape).decode
_kinds = {field.name: field.type for field in msgspec.structs.fields(_shape)}
_number_shape: Any = _kinds["patient_numbers"].__args__[0]
_linked_shape: Any = _kinds["linked_patients"].__args__[0]


def _row(
    record: FoundRecord, descriptions: dict[int, str], request: SearchRequest, match: Match | None
) -> Any:
    row: Any = _decode(record.demographics)
    row.patient_detail_id = str(record.patient_detail_id)
    row.tenancy_id = record.tenancy_id
    row.tenancy_description = descriptions[record.tenancy_id]
    row.linked_patients = [
        _linked_shape(
            patient_detail_id=str(one.patient_detail_id),
            tenancy_description=descriptions[one.tenancy_id],
            patient_number=one.number if request.all_demographics else None,
            nhs_number=one.nhs_number,
        )
        for one in record.linked
    ]
    if request.all_demographics:
        row.patient_numbers = [
            _number_shape(
                patient_number=one.number,
                number_type=one.number_type,
                is_minor="Yes" if one.is_minor else "No",
            )
            for one in record.numbers
        ]
    if record.is_protected or not request.all_demographics:
        withhold(row)
    if match is not None:
        row.match_score, row.match_grade = f"{match.score:.4f}", match.grade.value
    return row


class _Breaks(Exception):
    """The value breaks this rule."""


Read = Callable[[str], str]
"""A criterion's text as it is compared; raises _Breaks."""


def _read_name(text: str) -> str:
    key = name_key(text)
    if not key:
        raise _Breaks("must hold a letter or a digit")
    return key


def _read_postcode(text: str) -> str:
    key = postcode_key(text)
    if not key:
        raise _Breaks("must hold a letter or a digit")
    return key


def _read_nhs_number(text: str) -> str:
    number = without_spaces(text)
    rule = check_nhs_number(number)
    if rule is not None:
        raise _Breaks(rule)
    return number


def _read_day(text: str) -> str:
    rule = check_day(text)
    if rule is not None:
        raise _Breaks(rule)
    return text


def _read_gender(text: str) -> str:
    code = _GENDER_BY_WORD.get(text.casefold(), text)
    if code not in GENDER:
        raise _Breaks(f"must be one of: {', '.join(GENDER.meanings)}, male, female")
    return code


def _read_code(text: str) -> str:
    return text


_GENDER_BY_WORD = {"male": "1", "female": "2"}

# By the attribute of the body: the criterion that it becomes, and how its text is read.
_TEXTS: dict[str, tuple[str, Read]] = {
    "surname": ("surname", _read_name),
    "forename": ("forename", _read_name),
    "post_code": ("postcode", _read_postcode),
    "date_of_birth": ("date_of_birth", _read_day),
    "gender": ("gender", _read_gender),
    "gp_code": ("gp_code", _read_code),
    "gp_practice_code": ("gp_practice_code", _read_code),
    "nhs_number": ("nhs_number", _read_nhs_number),
    "patient_number": ("number", _read_code),
}
_FIELD_NAMES = {field.attribute: field.name for field in FIND_PATIENT.body.fields}

ENOUGH = ("nhs_number", "patient_number", "patient_list_id")
ENOUGH_WITH_SURNAME = ("forename", "date_of_birth", "post_code", "gp_practice_code")


def read_search(text: bytes, *, browse_by_surname: bool) -> SearchRequest:
    """Read the body of a search; raises BadRequest that names each field at fault, or what would do."""
    body: Any = read_body(FIND_PATIENT.body, text)
    errors: list[FieldError] = []
    values: dict[str, Any] = {"tenancy_id": body.patient_tenancy_id}
    given = {"patient_list_id"} if body.patient_list_id is not None else set()
    for attribute, (criterion, read) in _TEXTS.items():
        value = getattr(body, attribute) or ""
        if not value.strip() and len(value) <= TEXT_LIMIT:
            continue
        given.add(attribute)
        try:
            values[criterion] = _read_text(value, read)
            if body.fuzzy and attribute in WHOLE and WILDCARD in value:
                raise _Breaks(f"must not hold the wildcard {WILDCARD} in a fuzzy search")
        except _Breaks as rule:
            errors.append(FieldError(_FIELD_NAMES[attribute], str(rule)))
    page_number = _read_count(body.page_number, "page_number", 1, PAGE_NUMBER_LIMIT, errors)
    page_size = _read_count(body.page_size, "page_size", PAGE_SIZE, PAGE_SIZE_LIMIT, errors)
    if errors:
        raise BadRequest("The body breaks a rule.", errors=errors)
    asked = None
    if body.fuzzy:
        check_enough(given, _FIELD_NAMES)
        asked = asked_identity(body, values)
        values = {name: value for name, value in values.items() if name in NARROWS}
    else:
        _check_enough(given, browse_by_surname=browse_by_surname)
    return SearchRequest(
        criteria=Criteria(**values),
        asked=asked,
        patient_list_id=body.patient_list_id,
        all_demographics=body.all_demographics is not False,
        minor_numbers=bool(body.retrieve_minor_numbers),
        page_number=page_number,
        page_size=page_size,
    )


def _read_text(value: str, read: Read) -> str:
    if len(value) > TEXT_LIMIT:
        raise _Breaks(f"must not be longer than {TEXT_LIMIT} characters")
    if "\0" in value:
        raise _Breaks("must not hold the character U+0000")
    return read(value.strip())


def _read_count(value: int | None, attribute: str, default: int, most: int, errors: list[FieldError]) -> int:
    if value is None:
        return default
    if not 1 <= value <= most:
        errors.append(FieldError(_FIELD_NAMES[attribute], f"must be a whole number from 1 to {most}"))
    return value


def _check_enough(given: set[str], *, browse_by_surname: bool) -> None:
    if given.intersection(ENOUGH):
        return
    if "surname" in given and (browse_by_surname or given.intersection(ENOUGH_WITH_SURNAME)):
        return
    alone = _named(ENOUGH)
    others = _named(ENOUGH_WITH_SURNAME)
    surname = "Surname" if browse_by_surname else f"Surname with one of {others}"
    raise BadRequest(f"Too little to search by: give {alone}, or {surname}.", reason="too_little")


def _named(attributes: Sequence[str]) -> str:
    return ", ".join(_FIELD_NAMES[attribute] for attribute in attributes)
