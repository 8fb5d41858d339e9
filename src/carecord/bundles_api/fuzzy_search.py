"""Find Patient with `Fuzzy`: what it must be asked with, and the page of those who may be meant.

The rules are those of PDS (PDS FHIR API, Search for a patient, `_fuzzy-match`) as far as they fit:

- Names, date of birth, gender, postcode and NHS number are weighed, not demanded. The other criteria, such as
  GPPracticeCode, PatientNumber or PatientTenancyId, narrow the search: a record must meet them as ever.
- Former names, short forms, swapped names and a middle name in the forename's place are looked for always.
- There are no wildcards: names are whole.
- The best 50 rows are given at most, over all pages. `TotalItemCount` tells how many there were, where PDS
  says only that there were too many: more than 50 ask for one more criterion.
- With a postcode, GP or practice no protected person is found.
"""

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import AsyncConnection

from carecord.kernel.errors import BadRequest
from carecord.patient_index.matching import Match, match
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.search import Criteria, Found, find_records

ROWS_LIMIT = 50
"""Rows of all pages together, as in a PDS search by healthcare workers."""

WILDCARD = "*"
WHOLE = ("surname", "forename", "post_code")
"""What a wildcard could be in."""

NARROWS = ("gp_code", "gp_practice_code", "number", "tenancy_id", "listed")
"""The criteria that a record must meet in a fuzzy search too."""

ENOUGH_TOGETHER = (
    ("forename", "surname", "date_of_birth"),
    ("surname", "date_of_birth", "gender", "post_code"),
    ("forename", "date_of_birth", "gender", "post_code"),
)
NUMBER = "nhs_number"
ENOUGH_WITH_NUMBER = ("surname", "forename", "date_of_birth", "post_code")


def check_enough(given: Collection[str], names: Mapping[str, str]) -> None:
    """Raise BadRequest that says what would do; `names` are the fields' names by attribute."""
    if any(set(together) <= set(given) for together in ENOUGH_TOGETHER):
        return
    if NUMBER in given and set(given).intersection(ENOUGH_WITH_NUMBER):
        return
    ways = [_listed([names[one] for one in together], "and") for together in ENOUGH_TOGETHER]
    ways.append(f"{names[NUMBER]} with {_listed([names[one] for one in ENOUGH_WITH_NUMBER], 'or')}")
    raise BadRequest(f"Too little to search by with Fuzzy: give {'; or '.join(ways)}.", reason="too_little")


def _listed(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def asked_identity(body: Any, values: Mapping[str, Any]) -> Identity:
    """Who is asked for: names as they were sent, the rest as it was read."""
    return identity_of(
        {
            "NhsNumber": values.get("nhs_number"),
            "Forename": body.forename,
            "Surname": body.surname,
            "DateOfBirth": values.get("date_of_birth"),
            "Gender": values.get("gender"),
            "PostCode": body.post_code,
        }
    )


async def find_matches(
    connection: AsyncConnection[Any],
    asked: Identity,
    narrowed: Criteria,
    *,
    tenancies: tuple[int, ...] | None,
    minor_numbers: bool,
    limit: int,
    offset: int,
) -> tuple[Found, dict[int, Match]]:
    """A page of the records of those who may be meant, the best first, and the match of each by its ID."""
    matches = await match(
        connection, asked, tenancies=tenancies, narrowed=narrowed, minor_numbers=minor_numbers
    )
    page = matches[:ROWS_LIMIT][offset : offset + limit]
    stored = await find_records(
        connection,
        Criteria(listed=[one.patient_detail_id for one in page]),
        tenancies=tenancies,
        minor_numbers=minor_numbers,
        limit=limit,
        offset=0,
    )
    by_id = {record.patient_detail_id: record for record in stored.records}
    # A record whose patient has refused to share it since the ranking is in the page no more.
    shown = {one.patient_detail_id: one for one in page if one.patient_detail_id in by_id}
    return Found(records=[by_id[one] for one in shown], total=len(matches)), shown
