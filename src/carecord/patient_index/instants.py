"""An instant as people write it: UK local time, or with its offset."""

import re
from datetime import datetime, timedelta

from carecord.kernel.errors import BadRequest, FieldError
from carecord.kernel.local_time import UK

_BLANK_OFFSET = re.compile(r" (\d\d:\d\d)$")
_TIME_BEFORE = re.compile(r"[T ]\d\d:\d\d.* \d\d:\d\d$")


def parse_instant(text: str, *, field: str = "time") -> datetime:
    """`2024-03-01T10:30:00`, in UK local time, or with an offset; a day alone is its first moment.

    BadRequest where it is no time, is one that the clocks leave out in spring, or comes twice in autumn and
    has no offset. A plus that a query turned into a blank counts as a plus.
    """
    text = text.strip()
    if _TIME_BEFORE.search(text):
        text = _BLANK_OFFSET.sub(r"+\1", text)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = _uk(at, field)
        # Far from the ends of the calendar, which no database reckons beyond.
        if not 1900 <= at.year <= 9000:
            raise ValueError
    except (ValueError, OverflowError):
        rule = "must be a time such as 2024-03-01T10:30:00, UK local, or with an offset such as +01:00"
        raise BadRequest("That is no time.", errors=[FieldError(field, rule)]) from None
    return at


def _uk(local: datetime, field: str) -> datetime:
    first, second = local.replace(tzinfo=UK, fold=0), local.replace(tzinfo=UK, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    # In spring the offset grows at such a time, in autumn it shrinks.
    skipped = (first.utcoffset() or timedelta()) < (second.utcoffset() or timedelta())
    rule = "is left out when the clocks go forward" if skipped else "comes twice; add +01:00 or +00:00"
    raise BadRequest("That is no one time.", errors=[FieldError(field, rule)])


def tell_instant(at: datetime) -> str:
    """The instant in UK local time with its offset, as `parse_instant` reads it back."""
    return at.astimezone(UK).isoformat()
