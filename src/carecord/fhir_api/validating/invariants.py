"""The invariants of R4: those that most meet in Python, which is quicker, others in FHIRPath."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from carecord.fhir_api.definitions import Constraint, structure
from carecord.fhir_api.fhirpath import holds
from carecord.fhir_api.fhirpath.comparing import key
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Severity
from carecord.fhir_api.validating.places import Examination, Place

Check = Callable[[Any, Json], bool]
"""Whether it holds of a node in its resource."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule, ready to be tried."""

    key: str
    severity: Severity
    human: str
    check: Check


def invariants(constraints: tuple[Constraint, ...], type_name: str) -> tuple[Invariant, ...]:
    """Those of a type or element path that are not seen to elsewhere in the walk."""
    return tuple(
        Invariant(
            key=one.key,
            severity="warning" if one.severity == "warning" else "error",
            human=one.human.rstrip("."),
            check=_IN_PYTHON.get(one.key) or holds(one.expression, type_name),
        )
        for one in constraints
        if one.key not in _SEEN_TO_ELSEWHERE
    )


def try_pending(exam: Examination) -> None:
    """Try what the walk has put off, and add what does not hold."""
    for invariant, node, resource, place in exam.pending:
        if not invariant.check(node, resource):
            exam.add(invariant.severity, place, "invariant", f"breaks {invariant.key}: {invariant.human}")


def recommend_narrative(resource: Json, place: Place, exam: Examination) -> None:
    """dom-6, which R4 calls best practice; of what is contained or in a Bundle it would be noise."""
    if "div" not in resource.get("text", ()) and structure(resource["resourceType"]).base == "DomainResource":
        said = "should have narrative, for readers who know no more (dom-6)"
        exam.add("warning", place, "invariant", said)


def check_contained(resource: Json, place: Place, exam: Examination) -> None:
    """dom-3 to dom-5: what is contained has an id, is pointed to, and has no life of its own."""
    contained = resource["contained"]
    pointed_to = set(_local_references(resource))
    ids: set[str] = set()
    for index, one in enumerate(contained):
        at = (place, "contained", index)
        own = one.get("id")
        if own is None:
            exam.error((at, "id", -1), "required", "must be there: what is contained is found by it")
            continue
        if own in ids:
            exam.error((at, "id", -1), "invariant", "must not be the id of another contained resource")
        ids.add(own)
        if f"#{own}" not in pointed_to and "#" not in set(_local_references(one)):
            exam.error(at, "invariant", "breaks dom-3: it must be pointed to, or point back")
        meta = one.get("meta", {})
        for name in ("versionId", "lastUpdated", "security"):
            if name in meta:
                key = "dom-5" if name == "security" else "dom-4"
                place_of_meta = ((at, "meta", -1), name, -1)
                exam.error(place_of_meta, "invariant", f"breaks {key}: what is contained has none of its own")


def _local_references(value: Any) -> Iterator[str]:
    """Every text that begins with '#': references, and canonicals, URIs and URLs that may be one."""
    if type(value) is dict:
        for inner in value.values():
            yield from _local_references(inner)
    elif type(value) is list:
        for inner in value:
            yield from _local_references(inner)
    elif type(value) is str and value.startswith("#"):
        yield value


# Those of references and narrative are checked with what else is known of them; dom-2 in the walk; dom-3 to
# dom-6 above.
_SEEN_TO_ELSEWHERE = frozenset({"dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1", "txt-1", "txt-2"})


def _has(node: Json, name: str) -> bool:
    return name in node or f"_{name}" in node


def _system_with_code(quantity: Json, resource: Json) -> bool:
    return not _has(quantity, "code") or _has(quantity, "system")


def _value_stands_once(observation: Json, resource: Json) -> bool:
    if not any(name.startswith(("value", "_value")) for name in observation):
        return True
    own = {_equal(one) for one in observation["code"].get("coding", ())}
    components = observation.get("component", ())
    return not any(_equal(one) in own for part in components for one in part["code"].get("coding", ()))


def _equal(coding: Json) -> Hashable:
    """The same for codings that FHIRPath calls equal."""
    return key((coding, "Coding", None))


# Those of nearly every Observation. In FHIRPath obs-7 would also compare each coding with each: a body of
# 0.4 MB took a minute. A test holds that each says the same as its expression.
_IN_PYTHON: Mapping[str, Check] = {
    "qty-3": _system_with_code,
    "obs-7": _value_stands_once,
}
