"""A line of an NDJSON feed becomes a source, a record, an entry or a list; or says what breaks which rule."""

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec

from carecord.catalogue import submissions_by_target
from carecord.catalogue.checks import check_source_time
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.submission import InvalidItem, parse_item, source_item_key, structural_error
from carecord.clinical_store.filing import SentEntry
from carecord.clinical_store.worklists import SentWorklist, parse_worklist
from carecord.kernel.errors import FieldError
from carecord.patient_index.deletion import Deletion
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.source_records import Tenancy

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


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


@dataclass(frozen=True, slots=True)
class SentDeletion:
    """A source record that its source has deleted, with the line that says so."""

    line: int
    deletion: Deletion


Sent = SentPatient | SentDeletion | SentEntry | SentWorklist
"""What a line behind the first brings."""

_decode = msgspec.json.Decoder(FeedLine).decode
_NUL = b"\\u0000"
_NUL_ESCAPED = re.compile(rb"(?<!\\)(\\\\)*\\u0000")


def parse_line(text: bytes, *, line: int, today: str) -> Tenancy | Sent:
    """What the line says; raises InvalidItem. `today` is UK local, `YYYY-MM-DD`."""
    # PostgreSQL holds every character but this one. A backslash that is itself escaped makes none.
    if _NUL in text and _NUL_ESCAPED.search(text):
        raise _broken("line", "must not hold the character U+0000")
    try:
        sent = _decode(text)
        return _parse(sent, line, today)
    except msgspec.ValidationError as error:
        raise InvalidItem(
            [structural_error(error, whole="line", unknown="is no key of a feed line")]
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _broken("line", "must be one JSON object") from None
    except RecursionError:
        raise _broken("line", "is nested too deep") from None


def _broken(field: str, rule: str) -> InvalidItem:
    return InvalidItem([FieldError(field, rule)])


def _parse(sent: FeedLine, line: int, today: str) -> Tenancy | Sent:
    if sent.collection is not None:
        if len(sent.patient) or len(sent.worklist) or sent.tenancy is not None or sent.minor_numbers:
            raise _two_kinds()
        return _parse_entry(sent, line, today)
    if sent.deleted:
        return _parse_deletion(sent, line, today)
    if len(sent.item) or sent.source_item_id is not None:
        raise _broken("Collection", "must be given with Item and SourceItemId")
    if (sent.tenancy is not None) + bool(len(sent.patient)) + bool(len(sent.worklist)) > 1:
        raise _two_kinds()
    if sent.tenancy is not None:
        header = sent.tenancy
        return Tenancy(
            header.tenancy_id, header.tenancy_description, header.system_kind, header.organisation_code
        )
    if len(sent.worklist):
        return parse_worklist(sent.worklist, line=line)
    if not len(sent.patient):
        raise _broken("line", f"must hold one of: {_KINDS}")
    record = parse_patient(
        sent.patient,
        source_key=_source_patient(sent),
        minor_numbers=tuple(sent.minor_numbers),
        source_updated_at=_source_updated_at(sent, today),
        today=today,
    )
    return SentPatient(line, record)


def _parse_deletion(sent: FeedLine, line: int, today: str) -> SentDeletion:
    others = (sent.patient, sent.worklist, sent.item)
    if (
        any(map(len, others))
        or sent.tenancy is not None
        or sent.minor_numbers
        or sent.source_item_id is not None
    ):
        raise _broken("Deleted", "goes with SourcePatientId and SourceUpdatedDate alone, or with Collection")
    return SentDeletion(line, Deletion(_source_patient(sent), _source_updated_at(sent, today)))


_KINDS = "Tenancy, Patient, Collection, Worklist"


def _two_kinds() -> InvalidItem:
    return _broken("line", f"must hold one alone of: {_KINDS}")


def _source_patient(sent: FeedLine) -> str:
    if sent.source_patient_id is None:
        raise _broken("SourcePatientId", "must be given")
    return sent.source_patient_id


def _source_updated_at(sent: FeedLine, today: str) -> str | None:
    rule = check_source_time(sent.source_updated_date, today)
    if rule is not None:
        raise _broken("SourceUpdatedDate", rule)
    return sent.source_updated_date


def _parse_entry(sent: FeedLine, line: int, today: str) -> SentEntry:
    source_patient, source_updated_at = _source_patient(sent), _source_updated_at(sent, today)
    operation = submissions_by_target.get(sent.collection or "")
    if operation is None or operation is DEMOGRAPHICS_DETAILS:
        raise _broken("Collection", "is no collection that takes rows")
    assert operation.store is not None
    if sent.deleted:
        if sent.source_item_id is None:
            raise _broken("SourceItemId", "must be given to delete")
        if len(sent.item):
            raise _broken("Item", "must not be given to delete")
        key, row = source_item_key(sent.source_item_id), None
    else:
        if not len(sent.item):
            raise _broken("Item", "must be given")
        row = parse_item(operation, sent.item, source_item_id=sent.source_item_id, today=today)
        key = row.key
    return SentEntry(
        line=line,
        source_patient=source_patient,
        store=operation.store.name,
        key=key,
        row=row,
        source_updated_at=source_updated_at,
    )
