-- pair_compared --
-- What records are compared by and by which keys they meet, whether their source has deleted them,
-- and whether they turned into somebody else and wait for a steward.
SELECT r.patient_detail_id, r.person_id, r.identity::text, r.blocking_keys, r.deleted_at IS NOT NULL, EXISTS (
    SELECT FROM patient_index.overlay o WHERE o.patient_detail_id = r.patient_detail_id AND o.decided_at IS NULL)
FROM patient_index.patient_record r
WHERE r.patient_detail_id = ANY (%(ids)s)

-- members_compared --
-- What the records of two persons are compared by.
SELECT patient_detail_id, person_id, identity::text
FROM patient_index.patient_record
WHERE person_id = ANY (%(persons)s)
ORDER BY patient_detail_id

-- decisions_of_pair --
-- Every decision on a pair, the newest first.
SELECT decision_id, decision, rule, decided_by, decided_at, reason, model, weight, relative_weight,
    coalesce(levels, '{}'), coalesce(guards, '{}'), superseded_at, superseded_by, withdrawn_by, withdrawal_reason, sealed
FROM patient_index.link_decision
WHERE record_a = %(record_a)s AND record_b = %(record_b)s AND (%(may_see_sealed)s OR NOT sealed)
ORDER BY decision_id DESC

-- links_of_person --
-- The links in force that hold a person together, the oldest first.
SELECT d.record_a, d.record_b, d.rule, d.decided_by, d.decided_at, d.weight
FROM patient_index.link_decision d
JOIN patient_index.patient_record r ON r.patient_detail_id = d.record_a
WHERE r.person_id = %(person)s AND d.decision = 'linked' AND d.superseded_at IS NULL
ORDER BY d.decision_id

-- decisions_between --
-- The decisions in force, but links, on pairs with one record in each of two persons.
SELECT d.record_a, d.record_b, d.decision, coalesce(d.guards, '{}')
FROM patient_index.link_decision d
JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b
WHERE d.superseded_at IS NULL AND d.decision <> 'linked'
  AND a.person_id = ANY (%(persons)s) AND b.person_id = ANY (%(persons)s) AND a.person_id <> b.person_id
ORDER BY d.decision_id

-- questions_beside --
-- The questions that wait on records of these persons and records of others.
WITH member AS (
    SELECT patient_detail_id FROM patient_index.patient_record WHERE person_id = ANY (%(persons)s)
), asked AS (
    SELECT d.record_a, d.record_b, d.record_b AS other
    FROM member JOIN patient_index.link_decision d ON d.record_a = member.patient_detail_id
    WHERE d.superseded_at IS NULL AND d.decision = 'possible'
    UNION
    SELECT d.record_a, d.record_b, d.record_a
    FROM member JOIN patient_index.link_decision d ON d.record_b = member.patient_detail_id
    WHERE d.superseded_at IS NULL AND d.decision = 'possible'
)
SELECT record_a, record_b FROM asked WHERE other NOT IN (SELECT patient_detail_id FROM member)
ORDER BY record_a, record_b
