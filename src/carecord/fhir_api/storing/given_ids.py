"""IDs that the server gives: of digits alone, and of an entry with a part of it. No client may take one."""

import re
from functools import cache

from carecord.catalogue import OPERATIONS


def is_given_by_the_record(id: str) -> bool:
    """Whether a resource made of the catalogue may have this ID, now or later: `17`, `17-specimen`."""
    return _pattern().fullmatch(id) is not None


@cache
def _pattern() -> re.Pattern[str]:
    parts = {one.key.lower().replace(" ", "-") for operation in OPERATIONS for one in operation.fhir} - {""}
    named = "|".join(map(re.escape, sorted(parts)))
    return re.compile(rf"\d+(-({named})?(-\d+)?)?", re.ASCII)
