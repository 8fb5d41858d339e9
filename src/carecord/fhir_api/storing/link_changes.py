"""Links between Patients that are kept here: which of them a new version changes, and of whose records."""

import re
from typing import Any

from psycopg import Connection

from carecord.fhir_api.kept import Json
from carecord.fhir_api.storing.entries import queries
from carecord.fhir_api.storing.rows import Row, unstamped

_PREFIX = "Patient/"
_OF_OURS = re.compile(r"Patient/\d{1,18}", re.ASCII)


def is_link_of_ours(link: Json) -> bool:
    """Whether the link names a source record that is kept here."""
    reference: str = link.get("other", {}).get("reference", "")
    return _OF_OURS.fullmatch(reference) is not None


def linked_record(link: Json) -> int:
    """The source record that a link of ours names."""
    return int(link["other"]["reference"].removeprefix(_PREFIX))


def link_sources(connection: Connection[Any], head: Row | None, resource: Json) -> tuple[int, ...] | None:
    """Where the Patient differs from the one in force by our links alone: the sources of those that differ.

    None where it differs by more. Who may see none of these sources is told of no new version.
    """
    if head is None or head.body is None:
        return None
    before, after = unstamped(head.body), dict(resource)
    was, now = _taken_out(before), _taken_out(after)
    if before != after:
        return None
    records = sorted({record for record, _ in was ^ now})
    return tuple(row[0] for row in connection.execute(queries.sources_of_records, {"ids": records}))


def _taken_out(patient: Json) -> set[tuple[int, str]]:
    """Our links with their types, which are no longer in the Patient then."""
    links = patient.pop("link", ())
    others = [link for link in links if not is_link_of_ours(link)]
    if others:
        patient["link"] = others
    return {(linked_record(link), link["type"]) for link in links if is_link_of_ours(link)}
