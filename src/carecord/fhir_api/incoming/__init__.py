"""FHIR in, the catalogue out: a resource that a client sends becomes an entry or a source record."""

from carecord.fhir_api.incoming.demographics import demographics_of, refused
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.places import file
from carecord.fhir_api.kept import Json
from carecord.kernel import local_time

__all__ = ["Filing", "NoPlace", "demographics_of", "entry_of", "file", "refused"]


def entry_of(resource: Json, *, today: str | None = None) -> Filing | None:
    """The entry that the resource becomes; None where the catalogue cannot hold it: kept as FHIR alone.

    A resource needs its `id` where the operation needs an identifier and it has none of its own.
    `today` is the day in the UK, by default the present one.
    """
    try:
        return file(resource, today=today or local_time.now().date().isoformat())
    except NoPlace:
        return None
