"""Data Submission - Submit Items and Delete Item: entries of one record, each with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import Connection

from carecord.bundles_api.answers import encode_list
from carecord.bundles_api.bodies import read_body
from carecord.bundles_api.data_submission import (
    Change,
    change,
    check_text,
    encode_reply,
    holds_nul,
    own_record,
    parse_id,
    uk_today,
)
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.parameters import check_no_parameters
from carecord.catalogue import operations_of_store, submissions_by_target
from carecord.catalogue.checks import check_source_time
from carecord.catalogue.data_submission import DELETE_ITEM, SUBMIT_ITEMS, SubmitItemsBody
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.model import Operation
from carecord.catalogue.shapes import answer_shape
from carecord.catalogue.submission import InvalidItem, Row, parse_item
from carecord.clinical_store.submissions import find_reply, keep_reply
from carecord.clinical_store.submitting import (
    Filed,
    Outcome,
    delete_entry,
    delete_unsent,
    find_store,
    submit_entries,
)
from carecord.kernel.errors import (
    BodyTooLarge,
    Conflict,
    FieldError,
    NotAllowed,
    NotFound,
    Unprocessable,
)
from carecord.patient_index.submitting import OwnRecord

ITEMS_LIMIT = 500
"""Most items of one submission."""

ID_LIMIT = 200
"""Longest SourceItemId and SubmissionId, in characters."""

_REJECTED = "Rejected"
_NOT_OWN = "is the key of a row that another client, or a feed, brought"


@dataclass(frozen=True, slots=True)
class _Item:
    """An item as it was sent, and its row, or the rules that stand against it."""

    source_item_id: str | None
    source_updated_at: str | None
    row: Row | None
    errors: tuple[FieldError, ...] = ()


async def submit_items(call: Call) -> Answer:
    """Add and replace items of one collection. One that breaks a rule is rejected alone; 422 when all do."""
    check_no_parameters(call.query)
    target = _target(call)
    raw = await call.read_body()
    body: Any = read_body(SubmitItemsBody, raw)
    check_text("SubmissionId", body.submission_id, ID_LIMIT)
    if len(body.items) > ITEMS_LIMIT:
        rule = FieldError("Items", f"must not hold more than {ITEMS_LIMIT}")
        raise BodyTooLarge("Too many items.", errors=[rule], reason="too_many_items")
    if not body.items and not body.replace_all:
        rule = FieldError("Items", "must hold at least one, unless ReplaceAll is true")
        raise Unprocessable("There is no item.", errors=[rule], reason="no_item")
    asked = "/".join(call.path_values.values()).encode() + b"\n" + raw

    def work(connection: Connection[Any]) -> Change:
        record = own_record(connection, call)
        client_id = call.caller.client_id
        if body.submission_id is not None:
            reply = find_reply(connection, client_id, body.submission_id, asked=asked)
            if reply is not None:
                return _submitted(record, reply, target, reason="replayed")
        items = _read_items(target, body.items, uk_today())
        filed = submit_entries(
            connection,
            record.patient_detail_id,
            [(item.row, item.source_updated_at) for item in items if item.row is not None],
            client_id=client_id,
        )
        results = _results(items, filed, record.tenancy_description)
        accepted = [one for one in results if one["Outcome"] != _REJECTED]
        if results and not accepted:
            raise _refusal(items)
        if body.replace_all and len(accepted) == len(results):
            kept = {one.entry_id for one in filed if one.entry_id is not None}
            delete_unsent(connection, record.patient_detail_id, target, kept=kept, client_id=client_id)
        rows = msgspec.convert(results, list[answer_shape(SUBMIT_ITEMS)])  # type: ignore[misc]
        reply = encode_list(SUBMIT_ITEMS, rows, len(rows))
        if body.submission_id is not None:
            keep_reply(connection, client_id, body.submission_id, reply)
        return _submitted(record, reply, target, reason=target.target)

    return await change(call, work)


def _submitted(record: OwnRecord, reply: bytes, target: Operation, *, reason: str) -> Change:
    return Change(
        reply,
        [record.patient_detail_id],
        [record.tenancy_id],
        reason=reason,
        restricted=target.restricted,
    )


async def delete_item(call: Call) -> Answer:
    """Delete an item that the client submitted; it is kept as a version and no longer shown."""
    check_no_parameters(call.query)
    item_id = parse_id(call.path_values["itemId"], "itemId", _unknown_item)

    def work(connection: Connection[Any]) -> Change:
        record = own_record(connection, call)
        store = find_store(connection, record.patient_detail_id, item_id)
        collections = [one for one in operations_of_store(store) if one.submitted]
        for one in collections:
            _check_restricted(call, one)
        deleted_at = delete_entry(
            connection, record.patient_detail_id, store, item_id, client_id=call.caller.client_id
        )
        reply = encode_reply(
            DELETE_ITEM,
            {
                "ItemId": str(item_id),
                "Outcome": "Deleted",
                "DeletedDate": deleted_at.isoformat(),
                "TenancyDescription": record.tenancy_description,
            },
        )
        restricted = any(one.restricted for one in collections)
        return Change(reply, [record.patient_detail_id], [record.tenancy_id], restricted=restricted)

    return await change(call, work)


def _target(call: Call) -> Operation:
    """The collection of the path; NotFound where there is none, NotAllowed where it takes a further scope."""
    found = submissions_by_target.get(call.path_values["collection"])
    if found is None or found.bundle.slug != call.path_values["bundle"]:
        raise NotFound("This bundle has no such collection that takes items.", reason="unknown_collection")
    if found is DEMOGRAPHICS_DETAILS:
        raise NotFound(
            "Demographics are sent by Create Patient and Update Patient.", reason="unknown_collection"
        )
    _check_restricted(call, found)
    return found


def _check_restricted(call: Call, collection: Operation) -> None:
    """Who may not be trusted with a restricted collection's rows may not bring or delete them either."""
    if collection.restricted and not call.holds_scope(collection.restricted_scope):
        raise NotAllowed(
            f"The token needs the scope {collection.restricted_scope}.", reason="restricted_scope_missing"
        )


def _unknown_item() -> NotFound:
    return NotFound("There is no such item.", reason="unknown_item")


def _read_items(target: Operation, sent: Sequence[Any], today: str) -> list[_Item]:
    items: list[_Item] = []
    keys: set[str] = set()
    for one in sent:
        item = _read_item(target, one, today)
        if item.row is not None and item.row.key in keys:
            name = "SourceItemId" if item.source_item_id else "Item"
            twice = FieldError(name, "names a row that an item before it names too")
            item = _Item(item.source_item_id, item.source_updated_at, None, (twice,))
        elif item.row is not None:
            keys.add(item.row.key)
        items.append(item)
    return items


def _read_item(target: Operation, sent: Any, today: str) -> _Item:
    source_item_id, source_updated_at = sent.source_item_id, sent.source_updated_date
    errors: list[FieldError] = []
    if source_item_id is not None and not (
        0 < len(source_item_id) <= ID_LIMIT and "\0" not in source_item_id and source_item_id.strip()
    ):
        errors.append(FieldError("SourceItemId", f"must have 1 to {ID_LIMIT} characters, or be null"))
    rule = check_source_time(source_updated_at, today)
    if rule is not None:
        errors.append(FieldError("SourceUpdatedDate", rule))
    row: Row | None = None
    if holds_nul(sent.item):
        errors.append(FieldError("Item", "must not hold the character U+0000"))
    else:
        try:
            row = parse_item(target, sent.item, source_item_id=source_item_id, today=today)
        except InvalidItem as invalid:
            errors += [FieldError(_in_item(error.field), error.message) for error in invalid.errors]
    return _Item(source_item_id, source_updated_at, None if errors else row, tuple(errors))


def _in_item(field: str) -> str:
    return field if field == "Item" else f"Item.{field}"


def _results(items: Sequence[_Item], filed: Sequence[Filed], description: str) -> list[dict[str, Any]]:
    """What is told of each item, in step with them; `filed` are those that have a row."""
    of_rows = iter(filed)
    results = []
    for item in items:
        one = next(of_rows) if item.row is not None else None
        errors = item.errors
        if one is not None and one.outcome is Outcome.NOT_OWN:
            errors, one = (_not_own(item),), None
        results.append(
            {
                "SourceItemId": item.source_item_id,
                "ItemId": str(one.entry_id) if one is not None and one.entry_id is not None else None,
                "Outcome": one.outcome if one is not None else _REJECTED,
                "Errors": [{"Field": error.field, "Message": error.message} for error in errors],
                "TenancyDescription": description,
            }
        )
    return results


def _not_own(item: _Item) -> FieldError:
    return FieldError("SourceItemId" if item.source_item_id else "Item", _NOT_OWN)


def _refusal(items: Sequence[_Item]) -> Conflict | Unprocessable:
    """Why a submission was refused as a whole: nothing in it holds, or nothing in it is the client's."""
    errors = [
        FieldError(f"Items[{place}].{error.field}", error.message)
        for place, item in enumerate(items)
        for error in (item.errors or (_not_own(item),))
    ]
    if all(not item.errors for item in items):
        return Conflict("The rows are not this client's to change.", errors=errors, reason="not_own_item")
    return Unprocessable("No item holds.", errors=errors, reason="no_valid_item")
