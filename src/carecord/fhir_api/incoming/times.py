"""FHIR's dates and times as the catalogue tells them: UK local time, without offset."""

import re
from datetime import datetime

from carecord.kernel.local_time import UK

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PART_OF_DATE = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:)([0-9]{2})(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def local_time(text: str) -> str | None:
    """`YYYY-MM-DDTHH:MM:SS` with up to three decimals; a day is its midnight. None of less than a day."""
    if _DAY.fullmatch(text):
        return f"{text}T00:00:00"
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    # A leap second is told as the second before it: no calendar here has it.
    seconds = "59" if found[2] == "60" else found[2]
    try:
        local = datetime.fromisoformat(f"{found[1]}{seconds}{found[4]}").astimezone(UK)
    except (ValueError, OverflowError):
        return None
    return local.replace(tzinfo=None).isoformat() + (found[3] or "")[:4]


def local_day(text: str) -> str | None:
    """The day, in the UK; None of less than a day."""
    local = local_time(text)
    return local[:10] if local else None


def is_part_of_date(text: str) -> bool:
    """Whether it is a year or a month."""
    return _PART_OF_DATE.fullmatch(text) is not None


def first_day(text: str) -> str:
    """The first day of a year or a month."""
    return f"{text}-01" if len(text) == 7 else f"{text}-01-01"
