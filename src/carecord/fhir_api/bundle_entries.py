"""The entries of a batch or transaction: read, checked for what each must have, and told apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from carecord.fhir_api.addresses import Address, Addresses, Interaction
from carecord.fhir_api.bodies_in import parse_parameters
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource, Issue
from carecord.kernel.errors import BadRequest, CareRecordError, FieldError

MOST_ENTRIES = 500
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = {
    "ifMatch": b"if-match",
    "ifNoneMatch": b"if-none-match",
    "ifModifiedSince": b"if-modified-since",
    "ifNoneExist": b"if-none-exist",
}


@dataclass(slots=True)
class Entry:
    """One entry: what it asks for, with what."""

    place: int
    method: str
    address: Address
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[bytes, bytes]
    full_url: str | None
    resource: Json | None

    @property
    def interaction(self) -> Interaction:
        return self.address.interaction

    def header(self, name: bytes) -> str | None:
        found = self.headers.get(name)
        return None if found is None else found.decode()


def read_entries(bundle: Json, addresses: Addresses, base: str) -> list[Entry]:
    """All entries in their order; raises, with the place, at the first that breaks a rule."""
    found = bundle.get("entry", [])
    if not isinstance(found, list):
        raise BadRequest("The Bundle breaks a rule.", errors=[FieldError("Bundle.entry", "must be an array")])
    if len(found) > MOST_ENTRIES:
        rule = FieldError("Bundle.entry", f"must be {MOST_ENTRIES} at most")
        raise BadRequest("The Bundle has too many entries.", errors=[rule])
    return [read_entry(one, place, addresses, base) for place, one in enumerate(found)]


def read_entry(entry: Any, place: int, addresses: Addresses, base: str) -> Entry:
    """One entry; what is wrong names its element."""
    try:
        return _read(entry, place, addresses, base)
    except CareRecordError as error:
        raise within(error, place) from error


def _read(entry: Any, place: int, addresses: Addresses, base: str) -> Entry:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise _broken("request", "is missing")
    method, url = request.get("method"), request.get("url")
    if method not in _METHODS:
        raise _broken("request.method", f"must be one of {', '.join(_METHODS)}")
    if not isinstance(url, str):
        raise _broken("request.url", "is missing")
    resource = entry.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise _broken("resource", "must be an object")
    full_url = entry.get("fullUrl")
    if full_url is not None and not isinstance(full_url, str):
        raise _broken("fullUrl", "must be text")
    split = urlsplit(url.removeprefix(base))
    if split.scheme or split.netloc:
        raise _broken("request.url", "must be relative, or of this server")
    try:
        query = split.query.encode("ascii")
    except UnicodeEncodeError:
        raise _broken("request.url", "must be ASCII; other letters are escaped with percent signs") from None
    address = addresses.find(method, f"/{unquote(split.path).lstrip('/')}")
    if address.interaction is Interaction.BUNDLE:
        raise _broken("request.url", "must name what is asked for: a Bundle has no other in it")
    return Entry(
        place=place,
        method="GET" if method == "HEAD" else method,
        address=address,
        parameters=parse_parameters(query),
        headers={
            header: request[name].encode()
            for name, header in _HEADERS.items()
            if isinstance(request.get(name), str)
        },
        full_url=full_url,
        resource=resource,
    )


def _broken(element: str, rule: str) -> BadRequest:
    return BadRequest("An entry breaks a rule.", errors=[FieldError(element, rule)])


def within(error: CareRecordError, place: int) -> CareRecordError:
    """The same error, with the entry that it arose in."""
    entry = f"Bundle.entry[{place}]"
    if isinstance(error, InvalidResource):
        return InvalidResource(
            [
                Issue(
                    one.severity,
                    one.code,
                    one.diagnostics,
                    f"{entry}.resource{_below(one.expression)}",
                )
                for one in error.issues
            ]
        )
    fields = [FieldError(f"{entry}.{one.field}", one.message) for one in error.errors]
    return type(error)(
        error.detail,
        errors=fields or [FieldError(entry, error.detail)],
        headers=error.headers,
        reason=error.reason,
    )


def _below(expression: str | None) -> str:
    """Of `Patient.name[0]` what follows the type."""
    dot = (expression or "").find(".")
    return "" if dot < 0 else (expression or "")[dot:]


NAMING = frozenset({"reference", "url", "valueUri", "valueUrl", "valueUuid", "valueCanonical"})
"""Elements of type Reference, uri, url and uuid that a fullUrl may stand in (R4 §3.1.0.11.2)."""

Rename = Callable[[str, str], str]
"""From the name of an element and its text to the text that is to stand there."""


def renamed(value: Any, rename: Rename) -> Any:
    """The same with other texts where resources are named; what stays is not copied."""
    changed: Any = None
    if type(value) is dict:
        for name, inner in value.items():
            kind = type(inner)
            if kind is str:
                if name not in NAMING:
                    continue
                other: Any = rename(name, inner)
            elif kind is dict or kind is list:
                other = renamed(inner, rename)
            else:
                continue
            if other is not inner:
                changed = changed or dict(value)
                changed[name] = other
    else:
        for place, inner in enumerate(value):
            kind = type(inner)
            if (kind is dict or kind is list) and (other := renamed(inner, rename)) is not inner:
                changed = changed or list(value)
                changed[place] = other
    return value if changed is None else changed


def place_of(value: Any, reference: str) -> str | None:
    """Where the first `reference` of this text stands, as `.derivedFrom[0].reference`, if one does."""
    if type(value) is dict:
        if value.get("reference") == reference:
            return ".reference"
        steps = ((f".{name}", inner) for name, inner in value.items())
    elif type(value) is list:
        steps = ((f"[{place}]", inner) for place, inner in enumerate(value))
    else:
        return None
    found = ((step, place_of(inner, reference)) for step, inner in steps)
    return next((step + rest for step, rest in found if rest is not None), None)


def has_condition(value: Any) -> bool:
    """Whether a reference in it is a search, such as `Patient?identifier=…`."""
    if type(value) is dict:
        text = value.get("reference")
        if type(text) is str and "?" in text:
            return True
        value = value.values()
    for inner in value:
        kind = type(inner)
        if (kind is dict or kind is list) and has_condition(inner):
            return True
    return False
