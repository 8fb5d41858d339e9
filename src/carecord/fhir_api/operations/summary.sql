-- summary --
-- What a summary of a whole person may draw on: of each type the newest by its own date, as many as are asked for.
WITH person AS MATERIALIZED (
    SELECT other.patient_detail_id
    FROM patient_index.patient_record asked
    JOIN patient_index.patient_record other USING (person_id)
    WHERE asked.patient_detail_id = %(patient_detail_id)s
), found AS (
    SELECT {columns},
        row_number() OVER (
            PARTITION BY r.type
            ORDER BY (r.search -> (%(dates)s::jsonb ->> r.type) -> 0 ->> 0)::bigint DESC NULLS LAST, r.id
        ) AS place
    FROM fhir_api.resource r
    WHERE r.patient_detail_id = ANY (ARRAY(SELECT patient_detail_id FROM person))
      AND r.type = ANY (%(types)s::text[]) AND {visible}
)
SELECT type, id, version, updated_us, patient_detail_id, tenancy_id, restricted, body
FROM found
WHERE place <= (%(most)s::jsonb ->> type)::integer
ORDER BY type, place
