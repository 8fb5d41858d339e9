"""Earlier versions of Patients as they may be shown today: what is withheld by now is withheld there too."""

from collections.abc import Collection
from dataclasses import replace

from carecord.db.readers import Readers
from carecord.fhir_api import json_text
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.mapping.entries import RESTRICTED
from carecord.fhir_api.mapping.patients import is_withheld
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing.links import without_unknown_links
from carecord.fhir_api.storing.statements import plain, queries

_sensitive = plain(queries.sensitive_records)

_TELLS_NO_WHEREABOUTS = frozenset(
    {
        "resourceType",
        "id",
        "meta",
        "identifier",
        "active",
        "name",
        "gender",
        "birthDate",
        "deceasedBoolean",
        "deceasedDateTime",
        "maritalStatus",
        "communication",
        "link",
    }
)


async def as_known_now(readers: Readers, found: list[Kept], rights: Rights) -> list[Kept]:
    """The same versions; Patients without links that may not be known, and whereabouts that are sensitive."""
    found = await without_unknown_links(readers, found, rights, of_earlier=True)
    ids = {one.patient_detail_id for one in found if one.type == "Patient" and one.body is not None}
    if not ids:
        return found
    answer = await _sensitive.ask(readers, {"ids": sorted(one for one in ids if one is not None)})
    sensitive = {int(answer.get_value(row, 0)) for row in range(answer.ntuples)}  # type: ignore[arg-type]
    return [_withheld(one, sensitive) for one in found]


def _withheld(kept: Kept, sensitive: Collection[int]) -> Kept:
    if kept.type != "Patient" or kept.body is None or kept.patient_detail_id not in sensitive:
        return kept
    if is_withheld(kept.body):
        return kept
    patient = json_text.decode(kept.body)
    left = {name: value for name, value in patient.items() if name in _TELLS_NO_WHEREABOUTS}
    left["meta"] = patient["meta"] | {"security": [*patient["meta"].get("security", ()), RESTRICTED]}
    return replace(kept, body=json_text.encode(left))
