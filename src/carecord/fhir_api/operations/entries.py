"""Entries of the Bundles that operations answer with; a kept body goes in untouched."""

from carecord.fhir_api.bundles_out import bundle, full_url
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.kept import Json, Kept


def entry(base: str, type_name: str, id_: str, body: bytes, *, mode: str = "match") -> bytes:
    """An entry of a searchset."""
    address = f"{base}/{type_name}/{id_}"
    return b'{"fullUrl":"%b","resource":%b,"search":{"mode":"%b"}}' % (address.encode(), body, mode.encode())


def kept_entry(base: str, kept: Kept, *, mode: str = "match") -> bytes:
    assert kept.body is not None
    return entry(base, kept.type, kept.id, kept.body, mode=mode)


def scored_entry(base: str, kept: Kept, search: Json) -> bytes:
    """An entry whose `search` says more than its mode."""
    assert kept.body is not None
    address = full_url(base, kept)
    return b'{"fullUrl":"%b","resource":%b,"search":%b}' % (address.encode(), kept.body, encode(search))


def document_entry(address: str, body: bytes) -> bytes:
    """An entry of a document, which was not searched for."""
    return b'{"fullUrl":"%b","resource":%b}' % (address.encode(), body)


def outcome_entry(outcome: Json) -> bytes:
    """An entry that tells of the answer itself."""
    return b'{"resource":%b,"search":{"mode":"outcome"}}' % encode(outcome)


def searchset(entries: list[bytes], *, links: dict[str, str], total: int | None = None) -> bytes:
    return bundle("searchset", entries, total=total, links=links)
