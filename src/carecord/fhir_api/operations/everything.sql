-- everything --
-- A page of all resources of a whole person. The first row tells whether the Patient may be seen, and whose resources have yet to be made anew: then there are no others, unless they are wanted anyway.
WITH person AS MATERIALIZED (
    SELECT other.patient_detail_id
    FROM patient_index.patient_record asked
    JOIN patient_index.patient_record other USING (person_id)
    WHERE asked.patient_detail_id = %(patient_detail_id)s
), own AS MATERIALIZED (
    SELECT o.*
    FROM (
        SELECT CASE WHEN r.type <> 'Patient' THEN 2 WHEN r.id = %(id)s THEN 0 ELSE 1 END AS place,
            {columns}
        FROM fhir_api.resource r
        WHERE r.patient_detail_id = ANY (ARRAY(SELECT patient_detail_id FROM person))
          AND r.type = ANY (%(types)s::text[]) AND {updated} >= %(since)s::timestamptz AND {visible}
    ) AS o
    WHERE (o.place, o.type, o.id)
        > (%(after_place)s::integer, %(after_type)s::text COLLATE "C", %(after_id)s::text COLLATE "C")
    ORDER BY o.place, o.type, o.id
    LIMIT %(limit)s::integer
)
SELECT first.known, first.stale, p.*
FROM (
    SELECT EXISTS (SELECT FROM fhir_api.resource r WHERE r.type = 'Patient' AND r.id = %(id)s AND {visible}) AS known,
        ARRAY(SELECT DISTINCT s.patient_detail_id FROM fhir_api.stale s
              WHERE s.patient_detail_id = ANY (ARRAY(SELECT patient_detail_id FROM person))) AS stale
) AS first
LEFT JOIN own p ON first.known AND (first.stale = '{{}}' OR %(anyway)s::boolean)
ORDER BY p.place, p.type, p.id
