-- read_at_once --
-- All that this transaction reads is of one instant, and it changes nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- sealed_sides --
-- Of these records those whose person is on a side of a sealed decision.
SELECT named.patient_detail_id
FROM patient_index.patient_record named
WHERE named.patient_detail_id = ANY (%(ids)s) AND EXISTS (
    SELECT FROM patient_index.patient_record fellow
    CROSS JOIN LATERAL (
        SELECT FROM patient_index.link_decision d
        WHERE d.record_a = fellow.patient_detail_id AND d.sealed AND d.superseded_at IS NULL
        UNION ALL
        SELECT FROM patient_index.link_decision d
        WHERE d.record_b = fellow.patient_detail_id AND d.sealed AND d.superseded_at IS NULL
    ) AS sealed
    WHERE fellow.person_id = named.person_id)

-- records_seen --
-- Of these records those that the viewer may know of, each with its source.
-- One who may not see sealed decisions is told of nobody whom they keep apart from the record that was asked for;
-- and where they keep two others apart, of neither.
WITH persons AS (
    SELECT DISTINCT person_id FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)
), members AS (
    SELECT r.patient_detail_id, r.person_id
    FROM persons JOIN patient_index.patient_record r USING (person_id) WHERE NOT %(may_see_sealed)s
), kept_apart AS (
    SELECT a.person_id AS one, b.person_id AS other
    FROM members a
    JOIN patient_index.link_decision d
        ON d.record_a = a.patient_detail_id AND d.sealed AND d.superseded_at IS NULL AND d.decision = 'not linked'
    JOIN members b ON b.patient_detail_id = d.record_b
), hidden AS (
    SELECT one AS person_id FROM kept_apart UNION SELECT other FROM kept_apart
    EXCEPT SELECT person_id FROM patient_index.patient_record WHERE patient_detail_id = %(asked)s
)
SELECT r.patient_detail_id, r.person_id, r.tenancy_id, t.description
FROM patient_index.patient_record r JOIN patient_index.tenancy t USING (tenancy_id)
WHERE r.patient_detail_id = ANY (%(ids)s)
  AND (%(tenancies)s::integer[] IS NULL OR r.tenancy_id = ANY (%(tenancies)s))
  AND (%(shows_deleted)s OR r.deleted_at IS NULL)
  AND r.person_id NOT IN (SELECT person_id FROM hidden)
