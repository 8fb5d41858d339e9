"""The number that a laboratory's order or report is kept under."""

import hashlib

from carecord.fhir_api.incoming.pieces import identifier_values
from carecord.fhir_api.kept import Json

_LARGEST = 2**31 - 1


def document_number(resource: Json) -> int | None:
    """Its first identifier where that is a number, else its id; one made of either where they are texts."""
    told = [*identifier_values(resource)[:1], *([str(resource["id"])] if resource.get("id") else [])]
    for value in told:
        if value.isascii() and value.isdigit() and len(value) <= 10 and 0 < int(value) <= _LARGEST:
            return int(value)
    return _made_of(told[0]) if told else None


def _made_of(text: str) -> int:
    """The same for the same text; of two hundred in one record, two are alike in one record of 100,000."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) % _LARGEST + 1
