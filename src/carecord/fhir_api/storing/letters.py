"""Documents and their bytes, which stand in stores of their own: which belongs to which, and what follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from carecord.catalogue.documents import BUNDLE as DOCUMENTS
from carecord.fhir_api.mapping.parts import Content, Made

CONTENT = "document_content"
_LETTER = "document"
_BUNDLES = {_LETTER: DOCUMENTS.slug, "gp_document": "gp", "discharge_summary": "acute"}
STORES = (*_BUNDLES, CONTENT)
"""Stores whose resources bear on one another: when one changes, all are made anew."""

_RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


@dataclass(slots=True)
class _Letter:
    content: Content | None = None
    bundle: str | None = None
    restricted: bool = False


class Letters:
    """The documents of some records as they stand now, by DocumentId."""

    def __init__(self, entries: Iterable[tuple[int, str, int, Mapping[str, Any]]]) -> None:
        """Of each entry its record, store, ID and item."""
        self._letters: dict[tuple[int, str], _Letter] = {}
        for patient_detail_id, store, entry_id, item in entries:
            document_id = item.get("DocumentId")
            if store not in STORES or document_id is None:
                continue
            letter = self._letters.setdefault((patient_detail_id, document_id), _Letter())
            if store == CONTENT:
                letter.content = Content(entry_id, item.get("MimeType"), item.get("SizeBytes"))
            # What stands among the documents counts before what a summary or the GP's list says of it.
            elif letter.bundle is None or store == _LETTER:
                letter.bundle = _BUNDLES[store]
            if item.get("Confidentiality") == "Restricted":
                letter.restricted = True

    def content(self, patient_detail_id: int, store: str, item: Mapping[str, Any]) -> Content | None:
        """A document's bytes, where they are held."""
        letter = self._of(patient_detail_id, item) if store in _BUNDLES else None
        return letter.content if letter else None

    def guarded(self, patient_detail_id: int, store: str, item: Mapping[str, Any], made: Made) -> Made:
        """Bytes are as little shown as the document that they are of."""
        letter = self._of(patient_detail_id, item) if store == CONTENT else None
        if letter is None:
            return made
        made = replace(made, bundle=letter.bundle or made.bundle)
        if not letter.restricted or made.restricted:
            return made
        meta = made.resource.get("meta", {})
        meta = meta | {"security": [*meta.get("security", ()), _RESTRICTED]}
        return replace(made, restricted=True, resource=made.resource | {"meta": meta})

    def _of(self, patient_detail_id: int, item: Mapping[str, Any]) -> _Letter | None:
        return self._letters.get((patient_detail_id, item.get("DocumentId", "")))
