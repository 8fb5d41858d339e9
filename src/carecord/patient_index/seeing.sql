-- read_at_once --
-- All that this transaction reads is of one instant, and it changes nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- records_seen --
-- Of these records those that the viewer may know of, each with its source.
-- One who may not see sealed decisions is told nothing of whom they keep apart from the record that was asked for.
WITH ours AS (
    SELECT r.patient_detail_id
    FROM patient_index.patient_record asked JOIN patient_index.patient_record r USING (person_id)
    WHERE asked.patient_detail_id = %(asked)s AND NOT %(may_see_sealed)s
), kept_apart AS (
    SELECT record_b AS patient_detail_id
    FROM ours JOIN patient_index.link_decision d ON d.record_a = ours.patient_detail_id
    WHERE d.sealed AND d.decision = 'not linked' AND d.superseded_at IS NULL
    UNION
    SELECT record_a
    FROM ours JOIN patient_index.link_decision d ON d.record_b = ours.patient_detail_id
    WHERE d.sealed AND d.decision = 'not linked' AND d.superseded_at IS NULL
), hidden AS (
    SELECT r.person_id FROM kept_apart JOIN patient_index.patient_record r USING (patient_detail_id)
)
SELECT r.patient_detail_id, r.person_id, r.tenancy_id, t.description
FROM patient_index.patient_record r JOIN patient_index.tenancy t USING (tenancy_id)
WHERE r.patient_detail_id = ANY (%(ids)s)
  AND (%(tenancies)s::integer[] IS NULL OR r.tenancy_id = ANY (%(tenancies)s))
  AND (%(shows_deleted)s OR r.deleted_at IS NULL)
  AND r.person_id NOT IN (SELECT person_id FROM hidden)
