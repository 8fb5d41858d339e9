"""What conditional interactions find: the resources that match, among those of the source that writes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from carecord.fhir_api import searching
from carecord.fhir_api.admission import check_deed
from carecord.fhir_api.indexing import token
from carecord.fhir_api.rights import Deed, Rights
from carecord.fhir_api.searching import Search
from carecord.kernel.errors import BadRequest, FieldError, PreconditionFailed

_OF_THE_ANSWER = ("_count", "_sort", "_include", "_revinclude", "_summary", "_elements", "_total", "_page")


def parse_criteria(type_name: str, pairs: Sequence[tuple[str, str]], *, base: str, where: str) -> Search:
    """The search of a conditional interaction. What is not known is an error: left out it would match more.

    `where` names it in errors: a header, or a place in a Bundle.
    """
    criteria = [(name, value) for name, value in pairs if name.partition(":")[0] not in _OF_THE_ANSWER]
    if not criteria:
        raise BadRequest(
            "The condition is empty.", errors=[FieldError(where, "must have a search parameter that selects")]
        )
    return searching.parse(type_name, criteria, strict=True, base=base)


def find_match(
    connection: Connection[Any], search: Search, rights: Rights, *, tenancy_id: int | None
) -> str | None:
    """The id of the one resource that matches; None of none, PreconditionFailed where there are several.

    With a tenancy only its resources count: a client that asks whether it has sent a patient is not told of
    the record that another source has of the same person.
    """
    check_deed(rights, Deed.SEARCH, search.type)
    if tenancy_id is not None:
        rights = replace(rights, caller=replace(rights.caller, tenancies=(tenancy_id,)))
    found = searching.match_ids(connection, search, rights, limit=2)
    if len(found) > 1:
        raise PreconditionFailed("The condition matches several resources.", reason="several_match")
    return found[0] if found else None


def lock_condition(connection: Connection[Any], type_name: str, search: Search) -> None:
    """Let those who create under the same condition at once come one after another."""
    key = token("|".join((type_name, *sorted(f"{name}={value}" for name, value in search.used))))
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
