"""UK local time, in which every date and time of the record is told."""

from datetime import datetime
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")


def now() -> datetime:
    """The time in the UK, to the second, without offset, as the record tells it."""
    return datetime.now(UK).replace(tzinfo=None, microsecond=0)
