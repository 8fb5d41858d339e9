"""Links of Patients as a caller may know them: nothing is told of records whose sources it may not see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from carecord.db.readers import Readers
from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing.patients import is_link_of_ours
from carecord.fhir_api.storing.statements import plain, queries

_known = plain(queries.known_records)
_PREFIX = "Patient/"
_NEVER = datetime.min.replace(tzinfo=UTC)


async def without_unknown_links(
    readers: Readers, found: list[Kept], rights: Rights, *, of_earlier: bool = False
) -> list[Kept]:
    """The same resources; Patients without links to records of which this caller may not know.

    Earlier versions may name records that by now are shown to nobody: the versions in force do not.
    """
    linked = _Linked.of(found, rights, of_earlier=of_earlier)
    if not linked.ids:
        return found
    known = await _known.ask(readers, {"ids": linked.ids, "tenancies": rights.tenancies})
    ids = {int(known.get_value(place, 0)) for place in range(known.ntuples)}  # type: ignore[arg-type]
    return linked.left(found, ids)


async def body_without_unknown_links(readers: Readers, body: bytes, rights: Rights) -> bytes:
    """The same of what a write answers with, be it a Patient or an OperationOutcome."""
    kept = Kept("Patient", "", 0, _NEVER, None, 0, restricted=False, body=body)
    [left] = await without_unknown_links(readers, [kept], rights)
    return left.body or body


def without_unknown_links_in(connection: Connection[Any], found: list[Kept], rights: Rights) -> list[Kept]:
    """The same, for a thread with a connection of its own."""
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
        return cls(patients, sorted(set(map(_record, links))))

    def left(self, found: Sequence[Kept], known: Collection[int]) -> list[Kept]:
        return [
            _without(one, self.patients[place], known) if place in self.patients else one
            for place, one in enumerate(found)
        ]


def _may_have_links(kept: Kept) -> bool:
    return kept.type == "Patient" and kept.body is not None and b'"link":[' in kept.body


def _without(kept: Kept, patient: Json, known: Collection[int]) -> Kept:
    every = patient.get("link", ())
    links = [link for link in every if not is_link_of_ours(link) or _record(link) in known]
    if len(links) == len(every):
        return kept
    left = {name: value for name, value in patient.items() if name != "link"}
    return replace(kept, body=json_text.encode(left | {"link": links} if links else left))


def _record(link: Json) -> int:
    return int(link["other"]["reference"].removeprefix(_PREFIX))
