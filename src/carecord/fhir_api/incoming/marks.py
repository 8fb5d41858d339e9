"""The catalogue's `Fhir` marks read backwards: what a resource says of each field whose place is plain."""

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from carecord.catalogue.model import Leaf, Operation
from carecord.fhir_api.incoming.pieces import codes, concept_text, objects, reference_text
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.paths import Step, parse
from carecord.fhir_api.mapping.systems import CODES, IDENTIFIERS, extension_url


@cache
def marks_of(operation: Operation) -> tuple[tuple[Leaf, tuple[Step, ...]], ...]:
    """Each field that can be read from the operation's own resource, with its path.

    Statuses are words of the catalogue, and `meta` is the server's: neither is read by its mark.
    """
    return tuple(
        (leaf, parse(mark.path))
        for leaf in operation.leaves
        if not leaf.in_list
        for mark in leaf.field.fhir
        if mark.on is None and not _is_told_apart(leaf, mark.path)
    )


def _is_told_apart(leaf: Leaf, path: str) -> bool:
    if path.startswith("meta.") or path == "text.div" or any(step.each for step in parse(path)):
        return True
    return path in ("status", "docStatus") or (path == "priority" and leaf.field.values is None)


def value_at(resource: Json, steps: tuple[Step, ...]) -> Any:
    """The first value at the path; None where there is none."""
    if len(steps) > 1 and steps[0].name not in resource:
        return None
    return _first(resource, resource, steps, 0)


def _first(resource: Json, node: Any, steps: tuple[Step, ...], at: int) -> Any:
    """The first value below the node, by the steps from this one on."""
    if at == len(steps):
        return node
    if not isinstance(node, dict):
        return None
    step = steps[at]
    if at + 1 == len(steps):
        match step.name:
            case "text":
                return concept_text(node)
            case "display":
                return reference_text(resource, node)
            case "div":
                return plain_text(str(node.get("div", "")))
            case "value" | "unit" if "comparator" in node:
                # "Less than 5" is not 5: who needs it says it in words.
                return None
            case "unit":
                return node.get("unit") or node.get("code") or None
    for one in _chosen(node, step):
        found = _first(resource, one, steps, at + 1)
        if found is not None:
            return found
    return None


def _chosen(node: Json, step: Step) -> list[Any]:
    value = node.get(step.name)
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    if step.selector is None:
        return found[:1] if step.name != "coding" else found
    if step.selector.isdigit():
        return found[int(step.selector) : int(step.selector) + 1]
    if step.name == "telecom":
        is_person = node.get("resourceType") in ("Patient", "RelatedPerson")
        return [one for one in objects(found) if _is_telecom(one, step.selector, is_person=is_person)]
    return [one for one in objects(found) if _is(one, step.name, step.selector)]


def _is(one: Json, name: str, which: str) -> bool:
    match name:
        case "coding":
            return _is_coding_of(one.get("system"), which)
        case "identifier":
            return _is_identifier_of(one, which)
        case "extension":
            return one.get("url") in (extension_url(which), which)
        case "contained":
            return one.get("resourceType") == which
        case "participant":
            return _is_participant(one, which)
        case "statusHistory":
            return bool(one.get("status") == which)
        case "name":
            return bool(one.get("use") == which)
        case "section":
            return which in (_slug(one.get("title")), *codes(one.get("code")))
        case _:
            return bool(one.get("linkId") == which)


_NATIONAL = frozenset(CODES.values())


def _is_coding_of(system: Any, which: str) -> bool:
    if which == "local":
        return system not in _NATIONAL
    return bool(system == CODES.get(which))


def _is_identifier_of(one: Json, which: str) -> bool:
    system = IDENTIFIERS.get(which)
    if system is not None:
        return bool(one.get("system") == system)
    if which == "accession":
        return "ACSN" in codes(one.get("type"))
    return one.get("system") not in IDENTIFIERS.values()


_ACTORS = {"LOC": "Location", "ATND": "Practitioner"}


def _is_participant(one: Json, which: str) -> bool:
    """By its type, or by what it refers to; a site is a place with a national code, a clinic one without."""
    actor = one.get("actor") or {}
    if which in ("LOC", "site"):
        is_site = (actor.get("identifier") or {}).get("system") == IDENTIFIERS["ods"]
        return is_site is (which == "site") and ("LOC" in codes(one.get("type")) or _is_actor(actor, "LOC"))
    return which in codes(one.get("type")) or _is_actor(actor, which)


def _is_actor(actor: Json, which: str) -> bool:
    if which not in _ACTORS:
        return False
    kind = actor.get("type") or str(actor.get("reference", "")).rpartition("/")[0].rpartition("/")[2]
    return kind == _ACTORS[which]


def _is_telecom(one: Json, which: str, *, is_person: bool) -> bool:
    """A person's telephone is the one at home; an organisation's any."""
    system, use = one.get("system"), one.get("use")
    if use == "old":
        return False
    match which:
        case "email":
            return system == "email"
        case "mobile":
            return system in ("phone", "sms", None) and use == "mobile"
        case "work":
            return system == "phone" and use == "work"
        case "phone":
            return system == "phone" and not (is_person and use in ("mobile", "work"))
        case _:
            return False


def _slug(title: Any) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", str(title or "").lower()))


class _Words(HTMLParser):
    """Collects the text of XHTML, lines where the page has them."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(" ".join(data.split(" ")))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("br", "p", "li", "tr", "h1", "h2", "h3"):
            self.said.append("\n")


def plain_text(xhtml: str) -> str | None:
    """What XHTML says, without its marks."""
    parser = _Words()
    parser.feed(xhtml)
    parser.close()
    lines = "".join(parser.said).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) or None
