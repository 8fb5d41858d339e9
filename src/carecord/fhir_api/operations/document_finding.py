"""DocumentReference/$docref: which documents there are about a patient.

It is US Core's operation, and a search: with a start or an end all documents of that time, without either the
newest one. Nothing is made on demand, and the answer says so to those who ask for that.
"""

from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.operations.asked import Asked, read_asked, refuse, stretch
from carecord.fhir_api.operations.entries import kept_entry, outcome_entry, searchset
from carecord.fhir_api.outcomes import Issue, outcome
from carecord.fhir_api.searching import find, parse
from carecord.fhir_api.storing.asking import freshen_asked

_PARAMETERS = ("patient", "start", "end", "type", "on-demand", "profile")
DOCUMENTS_LIMIT = 1000


async def find_documents(call: Call) -> Reply:
    """The operation (http://hl7.org/fhir/us/core/OperationDefinition/docref)."""
    asked = await read_asked(call)
    asked.check_known(*_PARAMETERS)
    search = parse("DocumentReference", search_of(asked), strict=True)
    found = await find(call.parts.readers, search, call.rights)
    if found.stale:
        await freshen_asked(call.parts.writing_pool, found.stale_records)
        found = await find(call.parts.readers, search, call.rights)
    entries = [kept_entry(call.base, one) for one in found.matches]
    if asked.flag("on-demand"):
        said = "Nothing is made on demand: these are the documents that there are."
        entries.append(outcome_entry(outcome([Issue("warning", "not-supported", said, "on-demand")])))
    total = len(found.matches)
    body = searchset(entries, links={"self": f"{call.base}/DocumentReference/$docref"}, total=total)
    return Reply(body).showing(*found.matches)


def search_of(asked: Asked) -> list[tuple[str, str]]:
    """The search that the parameters stand for."""
    patient = asked.text("patient")
    if patient is None:
        raise refuse("patient", "must name the patient whose documents are asked for")
    pairs = [("patient", patient), ("_sort", "-date")]
    for name, prefix in (("start", "ge"), ("end", "le")):
        text = asked.text(name)
        if text is not None:
            stretch(name, text)
            pairs.append(("date", f"{prefix}{text.replace(' ', '+')}"))
    kind = asked.values.get("type", ())
    if kind:
        pairs.append(("type", ",".join(_code(one) for one in kind)))
    is_bounded = any(name == "date" for name, _ in pairs)
    return [*pairs, ("_count", str(DOCUMENTS_LIMIT if is_bounded else 1))]


def _code(value: object) -> str:
    """A token of a text as in a query, or of a CodeableConcept or Coding of a Parameters."""
    if isinstance(value, str):
        return value
    codings = value.get("coding", [value]) if isinstance(value, dict) else []
    found = [f"{one.get('system', '')}|{one['code']}" for one in codings if one.get("code")]
    if not found:
        raise refuse("type", "must have a code")
    return ",".join(found)
