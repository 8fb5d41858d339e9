"""What is asked of the FHIR face, each beside the bare SQL of the same rows."""

from dataclasses import dataclass

from benchmarks.fhir.made_patients import BIRTH_DATE, CODES, NUMBERS, OBSERVATIONS, SAME_NAMED


@dataclass(frozen=True, slots=True)
class Question:
    """A GET below the base; `{id}` is drawn from 1 to the number of patients over `every`.

    `sql` is a script of pgbench, which draws `:id` likewise; `rows` are what both give. A type that IS TRUE
    keeps the planner at the index of tokens alone, as who writes SQL for speed would.
    """

    name: str
    path: str
    sql: str
    rows: int
    every: int = 1


_CODE = CODES[0][0]
_OF_CODE = OBSERVATIONS // len(CODES)
_PATIENT = f"fhir_api.token('Patient|identifier={NUMBERS}|' || :id)"

QUESTIONS = (
    Question(
        "read",
        "/Patient/{id}",
        "SELECT body FROM fhir_api.resource WHERE type = 'Patient' AND id = :id::text;",
        1,
    ),
    Question(
        "identifier",
        f"/Patient?identifier={NUMBERS}|{{id}}",
        "SELECT body FROM fhir_api.resource"
        f" WHERE (type = 'Patient') IS TRUE AND tokens @> ARRAY[{_PATIENT}];",
        1,
    ),
    Question(
        "family and birthdate",
        f"/Patient?family={{id}}son&birthdate={BIRTH_DATE}",
        "SELECT body FROM fhir_api.resource WHERE (type = 'Patient') IS TRUE"
        " AND tokens @> ARRAY[fhir_api.token('Patient|family~' || substr(:id || 'son', 1, 3)),"
        f" fhir_api.token('Patient|birthdate={BIRTH_DATE}')]"
        " AND EXISTS (SELECT FROM jsonb_array_elements_text(search->'family') AS one"
        " WHERE one LIKE :id || 'son%');",
        1,
        every=SAME_NAMED,
    ),
    Question(
        f"Observation by patient ({OBSERVATIONS})",
        "/Observation?patient={id}",
        "SELECT body FROM fhir_api.resource WHERE patient_detail_id = :id AND type = 'Observation'"
        " ORDER BY (search->'date'->0->>0)::bigint DESC, id LIMIT 20;",
        OBSERVATIONS,
    ),
    Question(
        "Observation by patient and code, sorted, _count=5",
        f"/Observation?patient={{id}}&code=http://loinc.org|{_CODE}&_sort=-date&_count=5",
        "SELECT body FROM fhir_api.resource WHERE patient_detail_id = :id AND type = 'Observation'"
        f" AND tokens @> ARRAY[fhir_api.token('Observation|code=http://loinc.org|{_CODE}')]"
        " ORDER BY (search->'date'->0->>0)::bigint DESC, id LIMIT 5;",
        _OF_CODE,
    ),
    Question(
        "chain patient.identifier",
        f"/Observation?patient.identifier={NUMBERS}|{{id}}",
        "SELECT o.body FROM fhir_api.resource p"
        " JOIN fhir_api.resource o ON o.patient_detail_id = p.patient_detail_id AND o.type = 'Observation'"
        f" WHERE (p.type = 'Patient') IS TRUE AND p.tokens @> ARRAY[{_PATIENT}]"
        " ORDER BY (o.search->'date'->0->>0)::bigint DESC, o.id LIMIT 20;",
        OBSERVATIONS,
    ),
    Question(
        "_revinclude",
        "/Patient?_id={id}&_revinclude=Observation:patient",
        "SELECT body FROM fhir_api.resource WHERE type = 'Patient' AND id = :id::text"
        " UNION ALL SELECT body FROM fhir_api.resource"
        " WHERE patient_detail_id = :id AND type = 'Observation';",
        OBSERVATIONS + 1,
    ),
    Question(
        f"$everything ({OBSERVATIONS + 1})",
        "/Patient/{id}/$everything",
        "SELECT r.type, r.id, r.body FROM patient_index.patient_record asked"
        " JOIN patient_index.patient_record other USING (person_id)"
        " JOIN fhir_api.resource r ON r.patient_detail_id = other.patient_detail_id"
        " WHERE asked.patient_detail_id = :id ORDER BY r.type, r.id;",
        OBSERVATIONS + 1,
    ),
)
