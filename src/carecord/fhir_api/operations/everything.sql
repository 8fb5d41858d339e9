-- everything --
-- A page of all resources of a whole person, and of what they refer to that is about no patient (found by id: OFFSET 0 and coalesce keep the planner from looking through all that are nobody's). The first row tells whether the Patient may be seen, and whose resources have yet to be made anew: then there are no others, unless they are wanted anyway.
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
          AND r.type = ANY (%(types)s::text[]) AND r.last_updated >= %(since)s::timestamptz AND {visible}
    ) AS o
    WHERE (o.place, o.type, o.id)
        > (%(after_place)s::integer, %(after_type)s::text COLLATE "C", %(after_id)s::text COLLATE "C")
    ORDER BY o.place, o.type, o.id
    LIMIT %(limit)s::integer
), page AS (
    SELECT * FROM own
    UNION ALL
    (SELECT 3, shared.*
    FROM ({referred}) AS met
    CROSS JOIN LATERAL (
        SELECT {columns}
        FROM fhir_api.resource r
        WHERE r.type = met.type AND r.id = met.id AND coalesce(r.patient_detail_id, 0) = 0
          AND r.type = ANY (%(types)s::text[]) AND r.last_updated >= %(since)s::timestamptz AND {visible}
        OFFSET 0
    ) AS shared
    WHERE (SELECT count(*) FROM own) < %(limit)s::integer
      AND (3, shared.type, shared.id)
        > (%(after_place)s::integer, %(after_type)s::text COLLATE "C", %(after_id)s::text COLLATE "C")
    ORDER BY shared.type, shared.id
    LIMIT %(limit)s::integer)
)
SELECT first.known, first.stale, p.*
FROM (
    SELECT EXISTS (SELECT FROM fhir_api.resource r WHERE r.type = 'Patient' AND r.id = %(id)s AND {visible}) AS known,
        ARRAY(SELECT DISTINCT s.patient_detail_id FROM fhir_api.stale s
              WHERE s.patient_detail_id = ANY (ARRAY(SELECT patient_detail_id FROM person))) AS stale
) AS first
LEFT JOIN page p ON first.known AND (first.stale = '{{}}' OR %(anyway)s::boolean)
ORDER BY p.place, p.type, p.id

-- referred --
-- A query within others: what the person's resources that may be seen refer to of these types, and what that refers to.
WITH RECURSIVE met (type, id) AS (
    SELECT found[1] COLLATE "C", found[2] COLLATE "C"
    FROM fhir_api.resource r, regexp_matches(r.body, {pattern}, 'g') AS found
    WHERE r.patient_detail_id = ANY (ARRAY(SELECT patient_detail_id FROM person)) AND {visible}
    UNION
    SELECT further[1] COLLATE "C", further[2] COLLATE "C"
    FROM met CROSS JOIN LATERAL (
        SELECT found AS further
        FROM fhir_api.resource r, regexp_matches(r.body, {pattern}, 'g') AS found
        WHERE r.type = met.type AND r.id = met.id AND coalesce(r.patient_detail_id, 0) = 0 AND {visible}
        OFFSET 0
    ) AS next
)
SELECT type, id FROM met
