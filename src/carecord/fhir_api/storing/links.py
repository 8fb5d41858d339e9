"""Links of Patients as a caller may know them: nothing is told of records whose sources it may not see."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.pq.abc import PGresult

from carecord.db.readers import Readers
from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing.link_changes import is_link_of_ours, linked_record
from carecord.fhir_api.storing.statements import plain, queries

_known = plain(queries.known_records)
_known_versions = plain(queries.known_versions)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def without_unknown_links(
    readers: Readers, found: list[Kept], rights: Rights, *, of_earlier: bool = False
) -> list[Kept]:
    """The same resources; Patients without links to records of which this caller may not know.

    Earlier versions may name records that by now are shown to nobody: the versions in force do not. A version
    in force is told as the last one that says something new to this caller.
    """
    if not of_earlier and (asked := _of_links_alone(found, rights)):
        told = await _known_versions.ask(readers, asked)
        found = _as_told(found, [_told(told, row) for row in range(told.ntuples)])
    linked = _Linked.of(found, rights, of_earlier=of_earlier)
    if not linked.ids:
        return found
    known = await _known.ask(readers, {"ids": linked.ids, "tenancies": rights.tenancies})
    ids = {int(known.get_value(place, 0)) for place in range(known.ntuples)}  # type: ignore[arg-type]
    return linked.left(found, ids)


def without_unknown_links_in(connection: Connection[Any], found: list[Kept], rights: Rights) -> list[Kept]:
    """The same, for a thread with a connection of its own."""
    if asked := _of_links_alone(found, rights):
        found = _as_told(found, connection.execute(queries.known_versions, asked))
    linked = _Linked.of(found, rights, of_earlier=False)
    if not linked.ids:
        return found
    asked = {"ids": linked.ids, "tenancies": None if rights.tenancies is None else list(rights.tenancies)}
    return linked.left(found, {row[0] for row in connection.execute(queries.known_records, asked)})


@dataclass(frozen=True, slots=True)
class _Linked:
    """The Patients with links among some resources, by their place, and whom they are linked with."""

    patients: Mapping[int, Json]
    ids: Sequence[int]

    @classmethod
    def of(cls, found: Sequence[Kept], rights: Rights, *, of_earlier: bool) -> "_Linked":
        """Of what is in force none at all for a caller who may know of every source."""
        if rights.tenancies is None and not of_earlier:
            return cls({}, ())
        patients = {
            place: json_text.decode(one.body)
            for place, one in enumerate(found)
            if one.body is not None and _may_have_links(one)
        }
        links = [link for one in patients.values() for link in one.get("link", ()) if is_link_of_ours(link)]
        return cls(patients, sorted(set(map(linked_record, links))))

    def left(self, found: Sequence[Kept], known: Collection[int]) -> list[Kept]:
        return [
            _without(one, self.patients[place], known) if place in self.patients else one
            for place, one in enumerate(found)
        ]


def _of_links_alone(found: Sequence[Kept], rights: Rights) -> dict[str, Any] | None:
    """What `known_versions` asks for: Patients whose links changed last, unless all may be known."""
    if rights.tenancies is None:
        return None
    places = [place for place, one in enumerate(found) if one.version_id != str(one.version)]
    if not places:
        return None
    return {
        "places": places,
        "ids": [found[place].id for place in places],
        "versions": [found[place].version for place in places],
        "ats": [found[place].last_updated.isoformat() for place in places],
        "tenancies": list(rights.tenancies),
    }


def _told(answer: PGresult, row: int) -> tuple[int, int, bool]:
    place, updated_us, of_links = (answer.get_value(row, column) for column in range(3))
    return int(place or 0), int(updated_us or 0), of_links == b"t"


def _as_told(found: Sequence[Kept], told: Iterable[tuple[int, int, bool]]) -> list[Kept]:
    """The same, with the version and time of the last change that the caller may know of."""
    known = list(found)
    for place, updated_us, of_links in told:
        known[place] = known[place].told_as(_EPOCH + timedelta(microseconds=updated_us), of_links=of_links)
    return known


def _may_have_links(kept: Kept) -> bool:
    return kept.type == "Patient" and kept.body is not None and b'"link":[' in kept.body


def _without(kept: Kept, patient: Json, known: Collection[int]) -> Kept:
    every = patient.get("link", ())
    links = [link for link in every if not is_link_of_ours(link) or linked_record(link) in known]
    if len(links) == len(every):
        return kept
    left = {name: value for name, value in patient.items() if name != "link"}
    return replace(kept, body=json_text.encode(left | {"link": links} if links else left))
