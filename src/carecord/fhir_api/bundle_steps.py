"""The steps of a transaction: its entries that write, each with its right and its condition."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from carecord.fhir_api.addresses import WRITES, Interaction
from carecord.fhir_api.admission import check_address
from carecord.fhir_api.bodies_in import parse_parameters
from carecord.fhir_api.bundle_entries import Entry, has_condition, within
from carecord.fhir_api.calls import Call
from carecord.fhir_api.conditions import parse_criteria
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Issue
from carecord.fhir_api.searching import Search
from carecord.fhir_api.storing.writer import Written
from carecord.kernel.errors import BadRequest, CareRecordError, FieldError

_CONDITIONAL = {
    Interaction.CONDITIONAL_UPDATE,
    Interaction.CONDITIONAL_PATCH,
    Interaction.CONDITIONAL_DELETE,
}


@dataclass(slots=True)
class Step:
    """An entry that writes, with what becomes of it."""

    entry: Entry
    search: Search | None = None
    """Of its condition."""
    looks_at_others: bool = False
    """Whether its condition, or a reference in it, is a search."""
    target: str | None = None
    """The id of the resource that it makes or changes, once that is known."""
    is_new: bool = False
    written: Written | None = None
    warnings: list[Issue] = field(default_factory=list)

    @property
    def type(self) -> str:
        assert self.entry.address.type is not None
        return self.entry.address.type

    @property
    def resource(self) -> Json:
        if self.entry.resource is None:
            rule = FieldError("resource", "is missing")
            raise BadRequest("An entry breaks a rule.", errors=[rule])
        return self.entry.resource


def plan(call: Call, entries: Sequence[Entry]) -> list[Step]:
    """The steps of the entries that write, in their order; raises where one has no right or says nothing."""
    steps = []
    for entry in entries:
        try:
            check_address(call.rights, entry.address)
            if entry.interaction in WRITES:
                search, resource = _search_of(call, entry), entry.resource
                looks = search is not None or (resource is not None and has_condition(resource))
                steps.append(Step(entry, search, looks))
        except CareRecordError as error:
            raise within(error, entry.place) from error
    _check_each_once(steps)
    return steps


def looks_at_others(steps: Sequence[Step]) -> bool:
    """Whether something is found by a search, so that all resources must be made first."""
    return any(step.looks_at_others for step in steps)


def _search_of(call: Call, entry: Entry) -> Search | None:
    assert entry.address.type is not None
    if entry.interaction in _CONDITIONAL:
        return parse_criteria(entry.address.type, entry.parameters, base=call.base, where="request.url")
    condition = entry.header(b"if-none-exist")
    if entry.interaction is Interaction.CREATE and condition is not None:
        return parse_criteria(
            entry.address.type,
            parse_parameters(condition.removeprefix("?").encode("ascii", "replace")),
            base=call.base,
            where="request.ifNoneExist",
        )
    return None


def _check_each_once(steps: Sequence[Step]) -> None:
    seen: set[tuple[str, str]] = set()
    urls: set[str] = set()
    for step in steps:
        if step.entry.address.id is not None:
            key = step.type, step.entry.address.id
            if key in seen:
                rule = FieldError("request.url", "names a resource that another entry changes too")
                raise within(BadRequest("The Bundle breaks a rule.", errors=[rule]), step.entry.place)
            seen.add(key)
        full_url = step.entry.full_url
        if full_url is not None and step.entry.interaction is Interaction.CREATE:
            if full_url in urls:
                rule = FieldError("fullUrl", "is that of another entry too")
                raise within(BadRequest("The Bundle breaks a rule.", errors=[rule]), step.entry.place)
            urls.add(full_url)
