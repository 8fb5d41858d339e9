"""A line of an NDJSON feed becomes a source, a record, an entry or a list; or says what breaks which rule."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from carecord.catalogue import submissions_by_target
from carecord.catalogue.checks import check_local_date_time
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.submission import InvalidItem, parse_item, source_item_key
from carecord.clinical_store.filing import SentEntry
from carecord.clinical_store.worklists import SentWorklist, parse_worklist
from carecord.kernel.errors import FieldError
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.source_records import Tenancy

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

LINE_LIMIT = 48 * 1024 * 1024
"""Longest line that is read, in bytes; a document's content is the longest thing that a line holds."""


class TenancyHeader(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """The source system, as a feed's first line names it."""

    tenancy_id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    tenancy_description: Identifier
    system_kind: Identifier
    organisation_code: Identifier | None = None


class FeedLine(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, gc=False):
    """Every kind of line; which keys it has says which kind it is."""

    tenancy: TenancyHeader | None = None
    worklist: msgspec.Raw = msgspec.Raw(b"")
    source_patient_id: Identifier | None = None
    patient: msgspec.Raw = msgspec.Raw(b"")
    minor_numbers: list[Identifier] = []
    collection: Identifier | None = None
    source_item_id: Identifier | None = None
    source_updated_date: str | None = None
    item: msgspec.Raw = msgspec.Raw(b"")
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SentPatient:
    """A source record, with the line it came on."""

    line: int
    record: SourceRecord


_decode = msgspec.json.Decoder(FeedLine).decode
_NUL = b"\\u0000"


def parse_line(text: bytes, *, line: int, today: str) -> Tenancy | SentPatient | SentEntry | SentWorklist:
    """What the line says; raises InvalidItem. `today` is UK local, `YYYY-MM-DD`."""
    if len(text) > LINE_LIMIT:
        raise InvalidItem([FieldError("line", f"must not be longer than {LINE_LIMIT} bytes")])
    if _NUL in text:
        raise InvalidItem([FieldError("line", "must not hold the character U+0000")])
    try:
        sent = _decode(text)
    except msgspec.ValidationError as error:
        raise InvalidItem([_header_error(error)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidItem([FieldError("line", "must be one JSON object")]) from None
    if sent.tenancy is not None:
        header = sent.tenancy
        return Tenancy(
            header.tenancy_id, header.tenancy_description, header.system_kind, header.organisation_code
        )
    if len(sent.worklist):
        return parse_worklist(sent.worklist, line=line)
    if sent.source_patient_id is None:
        raise InvalidItem([FieldError("SourcePatientId", "must be given")])
    if sent.source_updated_date is not None:
        rule = check_local_date_time(sent.source_updated_date)
        if rule is not None:
            raise InvalidItem([FieldError("SourceUpdatedDate", rule)])
    if len(sent.patient):
        return SentPatient(
            line,
            parse_patient(
                sent.patient,
                source_key=sent.source_patient_id,
                minor_numbers=tuple(sent.minor_numbers),
                source_updated_at=sent.source_updated_date,
                today=today,
            ),
        )
    return _parse_entry(sent, line, sent.source_patient_id, today)


def _parse_entry(sent: FeedLine, line: int, source_patient: str, today: str) -> SentEntry:
    if sent.collection is None:
        raise InvalidItem([FieldError("Collection", "must be given, or Patient")])
    operation = submissions_by_target.get(sent.collection)
    if operation is None or operation is DEMOGRAPHICS_DETAILS:
        raise InvalidItem([FieldError("Collection", "is no collection that takes rows")])
    assert operation.store is not None
    if sent.deleted:
        if sent.source_item_id is None:
            raise InvalidItem([FieldError("SourceItemId", "must be given to delete")])
        key, row = source_item_key(sent.source_item_id), None
    else:
        if not len(sent.item):
            raise InvalidItem([FieldError("Item", "must be given")])
        row = parse_item(operation, sent.item, source_item_id=sent.source_item_id, today=today)
        key = row.key
    return SentEntry(
        line=line,
        source_patient=source_patient,
        store=operation.store.name,
        key=key,
        row=row,
        source_updated_at=sent.source_updated_date,
    )


def _header_error(error: msgspec.ValidationError) -> FieldError:
    text = str(error)
    rule, _, at = text.partition(" - at `$")
    field = at.rstrip("`").lstrip(".")
    if "unknown field" in rule:
        return FieldError(field or "line", "has a key that no feed line has")
    return FieldError(field or "line", rule[0].lower() + rule[1:])
