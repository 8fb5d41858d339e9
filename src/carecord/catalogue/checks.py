"""The rules a submitted value must keep, one function each; None means it keeps the rule."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from carecord.catalogue.model import Field, Flag, Holds, Kind
from carecord.kernel.nhs_number import is_nhs_number

Check = Callable[[str], str | None]
"""Takes the text of a value, gives the rule it breaks in words that hold no value, or None."""

_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
DAY_RULE = "must be a day, YYYY-MM-DD"
LOCAL_DATE_TIME_RULE = "must be UK local time, YYYY-MM-DDTHH:MM:SS, without offset"


@lru_cache(maxsize=65_536)
def check_day(text: str) -> str | None:
    """`YYYY-MM-DD`, and a day that the calendar has."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return DAY_RULE
    try:
        date.fromisoformat(text)
    except ValueError:
        return DAY_RULE
    return None


@lru_cache(maxsize=65_536)
def check_local_date_time(text: str) -> str | None:
    """`YYYY-MM-DDTHH:MM:SS`, up to three decimals, and a time that the calendar has."""
    length = len(text)
    if not (length == 19 or (20 < length < 24 and text[19] == ".")):
        return LOCAL_DATE_TIME_RULE
    if text[10] != "T" or text[4] != "-" or text[7] != "-" or text[13] != ":" or text[16] != ":":
        return LOCAL_DATE_TIME_RULE
    if length > 19 and not (text[20:].isascii() and text[20:].isdigit()):
        return LOCAL_DATE_TIME_RULE
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return LOCAL_DATE_TIME_RULE
    return None


def check_decimal(text: str) -> str | None:
    """Digits with at most one point, as text, so that every digit is kept."""
    return None if _DECIMAL.fullmatch(text) else "must be a decimal number as text"


def check_nhs_number(text: str) -> str | None:
    """NHS Data Dictionary: NHS NUMBER."""
    return None if is_nhs_number(text) else "must be ten digits whose check digit holds"


def check_base64(text: str) -> str | None:
    """RFC 4648 §4, with padding."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "must be base64"
    return None


def _is_nhs_number_field(field: Field) -> bool:
    return field.name == "NhsNumber" or field.dictionary == "NHS NUMBER"


def check_source_time(source_updated_at: str | None, today: str) -> str | None:
    """The rule that a SourceUpdatedDate breaks. One in the future would outlast every true one."""
    if source_updated_at is None:
        return None
    rule = check_local_date_time(source_updated_at)
    if rule is None and source_updated_at[:10] > today:
        rule = "must not lie in the future"
    return rule


def checks_of(field: Field) -> tuple[Check, ...]:
    """Every rule for the text of one field, the cheapest first."""
    found: list[Check] = []
    if field.kind is Kind.DAY or field.holds is Holds.DAY:
        found.append(check_day)
    if field.kind is Kind.LOCAL_DATE_TIME or field.holds is Holds.LOCAL_DATE_TIME:
        found.append(check_local_date_time)
    if field.holds is Holds.DECIMAL:
        found.append(check_decimal)
    if field.holds is Holds.BASE64:
        found.append(check_base64)
    if field.values is not None:
        values = field.values
        codes = ", ".join(values.meanings) if len(values.meanings) <= 12 else f"a code of {values.name}"
        found.append(lambda text: None if text in values else f"must be one of: {codes}")
    if field.code_system is not None:
        system = field.code_system
        found.append(lambda text: None if system.has_shape(text) else f"must be {system.rule}")
    if _is_nhs_number_field(field):
        found.append(check_nhs_number)
    return tuple(found)


def comes_before(end: str, start: str) -> bool:
    """Whether an end lies before its start; by days where either gives only a day."""
    if len(end) == 10 or len(start) == 10 or end.endswith("T00:00:00") or start.endswith("T00:00:00"):
        return end[:10] < start[:10]
    return end < start


def keeps_empty(field: Field) -> bool:
    """Whether an empty text is a value of this field, as in a known sample."""
    return Flag.KEEP_EMPTY in field.flags
