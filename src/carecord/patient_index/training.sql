-- count_records --
-- How many records the index holds.
SELECT count(*) FROM patient_index.patient_record WHERE deleted_at IS NULL

-- identities --
-- What is compared, of one person in so many, all records of a person together.
SELECT identity::text FROM patient_index.patient_record
WHERE deleted_at IS NULL AND mod(abs(hashint8(person_id)::bigint), %(one_in)s) = 0
ORDER BY patient_detail_id

-- stewards_pairs --
-- The pairs that stewards have decided on, their word, and the two identities. Sealed ones are not for learning.
SELECT d.decision, a.identity::text, b.identity::text
FROM patient_index.link_decision d
JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b
WHERE d.superseded_at IS NULL AND d.rule = 'steward' AND NOT d.sealed
ORDER BY d.decision_id
