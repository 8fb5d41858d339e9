"""What form an answer takes: JSON or XML, how much of what was written comes back, how strict a search is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from carecord.kernel.errors import BadRequest, FieldError, NotAcceptable

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"

_JSON = frozenset({"application/fhir+json", "application/json", "application/json+fhir", "text/json", "json"})
_XML = frozenset({"application/fhir+xml", "application/xml", "application/xml+fhir", "text/xml", "xml"})
_FILES = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})
_ANY = frozenset({"*/*", "application/*", ""})
_OF_OTHER_VERSIONS = frozenset({"0.0", "1.0", "3.0", "4.3", "5.0"})

GENERAL = frozenset({"_format", "_pretty"})
"""Parameters of every call that say nothing of what is asked."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the caller would have its answer."""

    xml: bool = False
    pretty: bool = False
    returns: str | None = None
    """Of `Prefer: return=`: minimal, representation or OperationOutcome."""
    strict: bool = False
    """`Prefer: handling=strict`."""
    respond_async: bool = False
    native: tuple[str, ...] = ()
    """Media types of no resource that are accepted, the best first: a Binary may be of one."""

    @property
    def media_type(self) -> str:
        return f"{FHIR_XML if self.xml else FHIR_JSON};charset=utf-8"


def preferences_of(parameters: Sequence[tuple[str, str]], headers: Mapping[bytes, bytes]) -> Preferences:
    """What `_format`, Accept, `_pretty` and Prefer say; NotAcceptable where no form fits.

    Where only the form is wrong the error itself goes out in JSON.
    """
    named = {name: value for name, value in reversed(parameters) if name in GENERAL}
    return _preferences(
        named.get("_format"),
        named.get("_pretty", "false"),
        headers.get(b"accept", b"").decode("latin-1"),
        headers.get(b"prefer", b"").decode("latin-1"),
    )


def native_preferences(headers: Mapping[bytes, bytes]) -> Preferences:
    """Of who accepts no resource: the content of a Binary as it is (R4 §2.42.5.1)."""
    accepted = _by_quality(headers.get(b"accept", b"").decode("latin-1"))
    return Preferences(native=tuple(_media_type(one)[0] for one in accepted))


@lru_cache(maxsize=1_000)
def _preferences(form: str | None, pretty: str, accept: str, preferred: str) -> Preferences:
    prefer = _words(preferred)
    returns = prefer.get("return")
    return Preferences(
        xml=_wants_xml(form, accept),
        pretty=_is_true("_pretty", pretty),
        returns=returns if returns in ("minimal", "representation", "OperationOutcome") else None,
        strict=prefer.get("handling") == "strict",
        respond_async="respond-async" in prefer,
    )


def is_xml(content_type: str) -> bool | None:
    """Of a request's Content-Type: XML, JSON (False) or neither (None)."""
    name, version = _media_type(content_type)
    if version in _OF_OTHER_VERSIONS:
        return None
    if name in _XML:
        return True
    return False if name in _JSON or not name else None


def _wants_xml(named: str | None, accept: str) -> bool:
    if named:
        # A plus sign in a query is a blank to those who do not escape it.
        found = is_xml(named.replace(" ", "+"))
        if found is None:
            raise NotAcceptable("The format is none that can be given: JSON or XML of R4.")
        return found
    for one in _by_quality(accept):
        name, version = _media_type(one)
        if name in _ANY:
            return False
        if version in _OF_OTHER_VERSIONS:
            continue
        if name in _FILES:
            # Those who fetch the files of an export ask so; whatever else they meet comes as JSON.
            return False
        if name in _JSON or name in _XML:
            return name in _XML
    if not accept.strip():
        return False
    raise NotAcceptable("Accept names no format that can be given: JSON or XML of R4.")


def _by_quality(accept: str) -> list[str]:
    weighed = []
    for one in accept.split(","):
        quality = 1.0
        for part in one.split(";")[1:]:
            name, _, value = part.strip().partition("=")
            if name.lower() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        if quality > 0:
            weighed.append((quality, one))
    return [one for _, one in sorted(weighed, key=lambda pair: -pair[0])]


def _media_type(text: str) -> tuple[str, str | None]:
    """Its name in small letters, and its fhirVersion."""
    name, *parts = text.split(";")
    version = None
    for part in parts:
        key, _, value = part.strip().partition("=")
        if key.lower() == "fhirversion":
            version = value.strip('"')
    return name.strip().lower(), version


def _words(prefer: str) -> dict[str, str]:
    """Of a Prefer header, the preferences by name (RFC 7240 §2)."""
    found: dict[str, str] = {}
    for one in prefer.replace(";", ",").split(","):
        name, _, value = one.strip().partition("=")
        if name:
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def _is_true(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadRequest("A parameter breaks a rule.", errors=[FieldError(name, "must be true or false")])
    return text == "true"
