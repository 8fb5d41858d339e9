"""A transaction: all of its entries are done, in R4's order, in one transaction of the database, or none."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from psycopg import Connection

from carecord.access.audit import AuditEvent
from carecord.fhir_api import storing
from carecord.fhir_api.addresses import Interaction
from carecord.fhir_api.auditing import audit_event, event_of
from carecord.fhir_api.bodies_in import parse_parameters, patch_in
from carecord.fhir_api.bundle_entries import place_of, renamed, within
from carecord.fhir_api.bundle_steps import Step, looks_at_others
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.conditions import find_match, lock_condition, parse_criteria
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource, Issue
from carecord.fhir_api.preconditions import expected_version
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.storing.links import without_unknown_links_in
from carecord.fhir_api.storing.writer import Occasion, Writer, begin, put_waiting, reaches_all
from carecord.fhir_api.writes import (
    checked,
    delete_in_place,
    existing,
    patch_in_place,
    put_by_condition,
    writer_of,
)
from carecord.kernel.errors import BadRequest, CareRecordError, FieldError, NotFound, PreconditionFailed

_PUTS = {Interaction.UPDATE, Interaction.CONDITIONAL_UPDATE, Interaction.PATCH, Interaction.CONDITIONAL_PATCH}
_DELETES = {Interaction.DELETE, Interaction.CONDITIONAL_DELETE}


def carry_out(connection: Connection[Any], call: Call, steps: Sequence[Step]) -> None:
    """Do all steps: deletions, creations, then changes. What one of them raises names its entry."""
    for step in steps:
        if step.entry.interaction in _DELETES:
            with_place(step, partial(_delete, connection, call, step))
    creations = [step for step in steps if step.entry.interaction is Interaction.CREATE]
    changes = [step for step in steps if step.entry.interaction in _PUTS]
    for step in (*creations, *changes):
        with_place(step, partial(_find_target, connection, call, step))
    names, occasions = Names(connection, call), Occasions(connection)
    _give_ids(call, creations, occasions)
    names.learn([*creations, *changes])
    _create(connection, call, creations, names, occasions)
    for step in changes:
        with_place(step, partial(_change, connection, call, step, names))
    for step in (*creations, *changes):
        if step.type == "Patient" and step.written is not None:
            # What goes back names no record that the caller may not know of.
            [kept] = without_unknown_links_in(connection, [step.written.kept], call.rights)
            step.written = replace(step.written, kept=kept)


def events_of(call: Call, steps: Sequence[Step]) -> list[AuditEvent]:
    """One row for each kind of change to each type, with everybody whom it concerns."""
    replies: dict[tuple[str, Interaction], Reply] = {}
    for step in steps:
        key = step.type, step.entry.interaction
        reply = replies.setdefault(key, Reply())
        if step.written is not None:
            reply.showing(step.written.kept)
    found = []
    first = {(step.type, step.entry.interaction): step.entry.address for step in reversed(steps)}
    for key, reply in replies.items():
        address = first[key]
        sub = replace(call, type=address.type, id=None, interaction=address.name, event=event_of(address))
        found.append(audit_event(sub, reply))
    return found


def with_place(step: Step, work: Callable[[], None]) -> None:
    """Do the work of a step; what it raises names the entry."""
    try:
        work()
    except CareRecordError as error:
        raise within(error, step.entry.place) from error


def _find_target(connection: Connection[Any], call: Call, step: Step) -> None:
    """Which resource a creation or change is about; a creation that its condition meets makes none."""
    step.target = step.entry.address.id
    if step.search is None:
        step.is_new = step.entry.interaction is Interaction.CREATE
        return
    lock_condition(connection, step.type, step.search)
    resource = step.entry.resource
    tenancy_id = writer_of(call, resource).tenancy_id
    step.target = find_match(connection, step.search, call.rights, tenancy_id=tenancy_id)
    if step.target is None and step.entry.interaction is Interaction.CONDITIONAL_PATCH:
        raise NotFound("Nothing matches the condition.", reason="nothing_matches")
    step.is_new = step.target is None
    if step.target is None and resource is not None and step.entry.interaction in _PUTS:
        step.target = resource.get("id")


def _give_ids(call: Call, creations: Sequence[Step], occasions: "Occasions") -> None:
    """IDs for what is created, so that entries can name one another. A Patient has its own once created."""
    new = [step for step in creations if step.is_new and step.type != "Patient"]
    if new:
        with_place(new[0], partial(occasions.begin_for, call, new))


class Names:
    """What entries call one another, and what they are called once they are kept."""

    def __init__(self, connection: Connection[Any], call: Call) -> None:
        self._connection = connection
        self._call = call
        self._known: dict[str, str] = {}
        self._found: dict[str, str] = {}

    def learn(self, steps: Sequence[Step]) -> None:
        """Note the ids that are known by now."""
        for step in steps:
            if step.entry.full_url is not None and step.target is not None:
                self._known[step.entry.full_url] = f"{step.type}/{step.target}"

    def settle(self, step: Step) -> Json:
        """The resource with the names of other entries replaced, and conditional references resolved."""
        settled: Json = renamed(step.resource, partial(self._replaced, step))
        return settled

    def _replaced(self, step: Step, name: str, text: str) -> str:
        if name == "reference" and "?" in text and not text.startswith("#"):
            return self._resolved(text)
        address, hash_, fragment = text.partition("#")
        found = self._known.get(address) or self._known.get(_beside(step.entry.full_url, address) or "")
        if found is not None:
            return f"{found}{hash_}{fragment}"
        if name == "reference" and text.startswith(("urn:uuid:", "urn:oid:")):
            element = f"{step.type}{place_of(step.resource, text)}"
            raise InvalidResource([Issue("error", "not-found", "names no entry of this Bundle", element)])
        return text

    def _resolved(self, text: str) -> str:
        """A conditional reference, `Patient?identifier=…`, to the one resource that it matches."""
        if text not in self._found:
            split = urlsplit(text.removeprefix(f"{self._call.base}/"))
            try:
                pairs = parse_parameters(split.query.encode("ascii"))
            except UnicodeEncodeError:
                raise BadRequest("A conditional reference must be ASCII.") from None
            search = parse_criteria(split.path, pairs, base=self._call.base, where="reference")
            found = find_match(self._connection, search, self._call.rights, tenancy_id=self._own())
            if found is None:
                found = find_match(self._connection, search, self._call.rights, tenancy_id=None)
            if found is None:
                raise PreconditionFailed(
                    "A conditional reference matches nothing.", reason="reference_matches_nothing"
                )
            self._found[text] = f"{split.path}/{found}"
        return self._found[text]

    def _own(self) -> int | None:
        return self._call.rights.caller.own_tenancy_id


def _beside(full_url: str | None, reference: str) -> str | None:
    """Where a relative reference leads to from an entry of this fullUrl, if that is an address."""
    if full_url is None or not full_url.startswith(("http://", "https://")) or ":" in reference:
        return None
    root = full_url.rsplit("/", 2)[0]
    return f"{root}/{reference}"


def _create(
    connection: Connection[Any], call: Call, creations: Sequence[Step], names: Names, occasions: "Occasions"
) -> None:
    needs_each = looks_at_others(creations)
    for step in creations:
        if not step.is_new:
            with_place(step, partial(_meet, connection, step))
    new = [step for step in creations if step.is_new]
    for step in new:
        if step.type == "Patient":
            with_place(step, partial(_create_patient, connection, call, step, names, occasions))
            if needs_each:
                occasions.put_waiting()
    together: dict[Writer, list[tuple[Step, Json]]] = {}
    for step in new:
        if step.type != "Patient":
            with_place(step, partial(_prepare, call, step, names, together))
    for writer, prepared in together.items():
        try:
            # What the scopes reach in part alone is refused once it is written, and then taken back.
            in_part = any(not reaches_all(writer.rights, Deed.CREATE, step.type) for step, _ in prepared)
            with connection.transaction() if in_part else nullcontext():
                _create_together(connection, prepared, writer, occasions.of(writer))
        except CareRecordError:
            # One by one they tell which of them it is.
            for one in prepared:
                again = partial(_create_together, connection, [one], writer, occasions.of(writer))
                with_place(one[0], again)
            raise
    occasions.put_waiting()


class Occasions:
    """What each writer does in this transaction; it begins but once."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._of: dict[Writer, Occasion] = {}

    def begin_for(self, call: Call, new: Sequence[Step]) -> None:
        """Begin as the writer of the first, with an ID for each: all in one statement."""
        writer = writer_of(call, new[0].resource)
        self._of[writer] = begin(self._connection, writer, ids=len(new))
        for step, id_ in zip(new, self._of[writer].ids, strict=True):
            step.target = id_

    def of(self, writer: Writer) -> Occasion:
        if writer not in self._of:
            self._of[writer] = begin(self._connection, writer)
        return self._of[writer]

    def put_waiting(self) -> None:
        """Bring the Patients into force that wait for what is created next."""
        for occasion in self._of.values():
            put_waiting(self._connection, occasion)


def _create_together(
    connection: Connection[Any],
    prepared: Sequence[tuple[Step, Json]],
    writer: Writer,
    occasion: Occasion,
) -> None:
    written = storing.create_many(
        connection,
        [resource for _, resource in prepared],
        writer,
        ids=[str(step.target) for step, _ in prepared],
        occasion=occasion,
    )
    for (step, _), one in zip(prepared, written, strict=True):
        step.written = one


def _meet(connection: Connection[Any], step: Step) -> None:
    assert step.target is not None
    step.written = existing(connection, step.type, step.target)


def _create_patient(
    connection: Connection[Any], call: Call, step: Step, names: Names, occasions: Occasions
) -> None:
    resource, step.warnings = checked(names.settle(step), step.type)
    writer = writer_of(call, resource)
    step.written = storing.create(connection, resource, writer, occasion=occasions.of(writer))
    step.target = step.written.kept.id
    names.learn([step])


def _prepare(call: Call, step: Step, names: Names, together: dict[Writer, list[tuple[Step, Json]]]) -> None:
    resource, step.warnings = checked(names.settle(step), step.type)
    together.setdefault(writer_of(call, resource), []).append((step, resource))


def _change(connection: Connection[Any], call: Call, step: Step, names: Names) -> None:
    expected = expected_version(step.entry.header(b"if-match"))
    if step.entry.interaction in (Interaction.PATCH, Interaction.CONDITIONAL_PATCH):
        assert step.target is not None
        step.written, step.warnings = patch_in_place(
            connection, call, step.type, step.target, patch_in(step.entry.resource), expected=expected
        )
        return
    resource, step.warnings = checked(names.settle(step), step.type)
    writer = writer_of(call, resource)
    if step.search is not None:
        step.written = put_by_condition(connection, step.search, resource, writer, expected=expected)
        return
    assert step.target is not None
    if resource.get("id") != step.target:
        rule = FieldError("resource.id", "must be the id of the request's url")
        raise BadRequest("The resource is of another id.", errors=[rule])
    step.written = storing.update(connection, resource, step.target, writer, expected_version=expected)


def _delete(connection: Connection[Any], call: Call, step: Step) -> None:
    target = step.entry.address.id
    if step.search is not None:
        target = find_match(
            connection, step.search, call.rights, tenancy_id=call.rights.caller.own_tenancy_id
        )
    if target is None:
        return
    try:
        step.written = delete_in_place(
            connection,
            call,
            step.type,
            target,
            expected=expected_version(step.entry.header(b"if-match")),
        )
    except NotFound:
        # What is not there is as good as deleted.
        step.written = None
