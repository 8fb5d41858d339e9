"""A patient line of a feed becomes a source record: demographics as sent, and the keys to find it by."""

from dataclasses import dataclass
from typing import Any

import msgspec

from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.submission import ItemReader
from carecord.kernel.nhs_number import is_placeholder
from carecord.patient_index.name_keys import name_key, postcode_key
from carecord.patient_index.normalise import Identity, identity_of

_DEFAULTS = {"sensitive_address": "No", "record_status": "Active"}
"""What the declaration demands and sources often leave out."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What one source system says of one patient. `source_key` never changes there; `number` may.

    Postcode, GP and practice are there to search by: a record with a sensitive address has none. The NHS
    number is there to search and to link by: a record with a placeholder has none.
    """

    source_key: str
    number: str
    minor_numbers: tuple[str, ...]
    nhs_number: str | None
    date_of_birth: str | None
    gender: str | None
    surname_key: str
    forename_key: str
    postcode_key: str | None
    gp_code: str | None
    gp_practice_code: str | None
    active: bool
    demographics: bytes
    source_updated_at: str | None
    identity: Identity
    """What it is compared by."""


_reader = ItemReader(
    DEMOGRAPHICS_DETAILS,
    server_owned=frozenset({"PatientDetailId", "TenancyId", "TenancyDescription", "LastUpdatedDate"}),
    defaults=_DEFAULTS,
)


def parse_patient(
    raw: bytes | msgspec.Raw,
    *,
    source_key: str,
    minor_numbers: tuple[str, ...] = (),
    source_updated_at: str | None = None,
    today: str,
) -> SourceRecord:
    """Check a patient line against the declaration of Patient - Demographics; raises InvalidItem."""
    item: Any = _reader.read(raw, today=today)
    is_open = item.sensitive_address != "Yes"
    return SourceRecord(
        source_key=source_key,
        number=item.patient_number,
        minor_numbers=minor_numbers,
        nhs_number=None if item.nhs_number and is_placeholder(item.nhs_number) else item.nhs_number,
        date_of_birth=item.date_of_birth,
        gender=item.gender,
        surname_key=name_key(item.surname),
        forename_key=name_key(item.forename or ""),
        postcode_key=postcode_key(item.post_code) if item.post_code and is_open else None,
        gp_code=item.gp_code if is_open else None,
        gp_practice_code=item.gp_practice_code if is_open else None,
        active=item.record_status == "Active",
        demographics=msgspec.json.encode(item),
        source_updated_at=source_updated_at,
        identity=identity_of(_compared(item)),
    )


def _compared(item: Any) -> dict[str, str | None]:
    """What the identity is made of, by JSON name."""
    return {
        "NhsNumber": item.nhs_number,
        "NhsNumberVerificationStatus": item.nhs_number_verification_status,
        "Forename": item.forename,
        "MiddleNames": item.middle_names,
        "Surname": item.surname,
        "PreviousSurname": item.previous_surname,
        "DateOfBirth": item.date_of_birth,
        "Gender": item.gender,
        "PostCode": item.post_code,
        "AddressLine1": item.address_line1,
        "AddressLine2": item.address_line2,
        "AddressLine3": item.address_line3,
        "AddressLine4": item.address_line4,
        "AddressLine5": item.address_line5,
        "MobileTelephone": item.mobile_telephone,
        "HomeTelephone": item.home_telephone,
    }
