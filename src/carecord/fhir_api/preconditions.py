"""What a caller knows already: the version that it means to change, and the one that it has read."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from carecord.fhir_api.kept import Kept
from carecord.kernel.errors import BadRequest, FieldError

_TAG = re.compile(r'(?:W/)?"(\d{1,9}(?:\.\d{1,15})?)"', re.ASCII)


def expected_version(if_match: str | None) -> str | None:
    """The version of an If-Match header; BadRequest where it is none. A star asks for no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        rule = FieldError("If-Match", 'must be a version such as W/"3"')
        raise BadRequest("A header breaks a rule.", errors=[rule])
    return found[1]


def is_known(kept: Kept, *, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the caller has this version already (RFC 9110 §13.1: If-None-Match goes before)."""
    if if_none_match is not None:
        known = [one.strip() for one in if_none_match.split(",")]
        return "*" in known or any(
            found is not None and found[1] == kept.version_id for found in map(_TAG.fullmatch, known)
        )
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    since = since.replace(tzinfo=UTC) if since.tzinfo is None else since
    return kept.last_updated.replace(microsecond=0) <= since
