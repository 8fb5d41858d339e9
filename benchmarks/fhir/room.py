"""The room that resources take in the database, indexes included."""

from benchmarks.fhir.running import FHIRServer
from benchmarks.table import Row

# Of each table whole, by the share that Observations have of its rows' bytes.
_BYTES = """
SELECT count(*),
    sum(octet_length(body)) / count(*),
    (SELECT pg_total_relation_size('fhir_api.resource')) * sum(pg_column_size(r.*))
        / (SELECT sum(pg_column_size(every.*)) FROM fhir_api.resource every) / count(*),
    (SELECT pg_total_relation_size('clinical_store.entry')::numeric / count(*) FROM clinical_store.entry)
FROM fhir_api.resource r
WHERE type = 'Observation'
"""


def measure_room(server: FHIRServer) -> Row:
    """Bytes of one Observation as a FHIR resource; in the note with the entry that it is filed as."""
    with server.made.database.connect() as connection:
        connection.execute("VACUUM (ANALYZE) fhir_api.resource")
        row = connection.execute(_BYTES).fetchone()
    assert row is not None
    count, body, resource, entry = row
    return Row(
        name="FHIR room of an Observation, indexes included",
        figure=float(resource),
        unit="bytes",
        baseline=float(body),
        ratio=float(body) / float(resource),
        note=(
            f"{count:,} Observations; baseline: the JSON of one; "
            f"with its entry of the catalogue {float(resource + entry):,.0f}"
        ),
    )
