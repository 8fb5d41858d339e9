"""Keeping resources: making them anew of the record, writing what clients send, reading them back."""

from carecord.fhir_api.storing.asking import Turns, freshen_all, freshen_asked
from carecord.fhir_api.storing.changing import create, create_many, delete, update
from carecord.fhir_api.storing.freshening import Freshened, count_stale, freshen
from carecord.fhir_api.storing.links import without_unknown_links, without_unknown_links_in
from carecord.fhir_api.storing.reading import History, history, read, read_version
from carecord.fhir_api.storing.writer import Writer, Written
from carecord.fhir_api.storing.writing import allocate_ids

__all__ = [
    "Freshened",
    "History",
    "Turns",
    "Writer",
    "Written",
    "allocate_ids",
    "count_stale",
    "create",
    "create_many",
    "delete",
    "freshen",
    "freshen_all",
    "freshen_asked",
    "history",
    "read",
    "read_version",
    "update",
    "without_unknown_links",
    "without_unknown_links_in",
]
