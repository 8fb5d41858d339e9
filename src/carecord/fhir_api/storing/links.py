"""Links of Patients as a caller may know them: nothing is told of records whose sources it may not see."""

from collections.abc import Sequence
from dataclasses import replace

from carecord.db.readers import Readers
from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing.patients import is_link_of_ours
from carecord.fhir_api.storing.statements import plain, queries

_known = plain(queries.known_records)
_PREFIX = "Patient/"


async def without_unknown_links(readers: Readers, found: list[Kept], rights: Rights) -> list[Kept]:
    """The same resources; Patients without links to records of which this caller may not know."""
    if rights.tenancies is None or not any(map(_may_have_links, found)):
        return found
    decoded = {
        place: json_text.decode(one.body)
        for place, one in enumerate(found)
        if one.body is not None and _may_have_links(one)
    }
    linked = sorted(
        {_record(link) for one in decoded.values() for link in one["link"] if is_link_of_ours(link)}
    )
    known = await _known.ask(readers, {"ids": linked, "tenancies": rights.tenancies})
    ids = {int(known.get_value(place, 0)) for place in range(known.ntuples)}  # type: ignore[arg-type]
    return [
        _without(one, decoded[place], ids) if place in decoded else one for place, one in enumerate(found)
    ]


def _may_have_links(kept: Kept) -> bool:
    return kept.type == "Patient" and kept.body is not None and b'"link":[' in kept.body


def _without(kept: Kept, patient: Json, known: Sequence[int] | set[int]) -> Kept:
    links = [link for link in patient["link"] if not is_link_of_ours(link) or _record(link) in known]
    if len(links) == len(patient["link"]):
        return kept
    left = {name: value for name, value in patient.items() if name != "link"}
    return replace(kept, body=json_text.encode(left | {"link": links} if links else left))


def _record(link: Json) -> int:
    return int(link["other"]["reference"].removeprefix(_PREFIX))
