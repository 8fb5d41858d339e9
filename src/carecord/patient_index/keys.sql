-- drop_keys --
-- Records are no longer found by these keys.
DELETE FROM patient_index.blocking_key k
USING unnest(%(keys)s::bigint[], %(ids)s::bigint[]) AS gone (key, patient_detail_id)
WHERE k.key = gone.key AND k.patient_detail_id = gone.patient_detail_id

-- hide --
-- Records are no longer found by any key.
DELETE FROM patient_index.blocking_key k
USING patient_index.patient_record r, unnest(r.blocking_keys) AS own (key)
WHERE r.patient_detail_id = ANY (%(ids)s) AND k.key = own.key AND k.patient_detail_id = r.patient_detail_id

-- find_again --
-- Records are found by their keys, those that their sources have deleted by none.
INSERT INTO patient_index.blocking_key (key, patient_detail_id)
SELECT own.key, r.patient_detail_id
FROM patient_index.patient_record r, unnest(r.blocking_keys) AS own (key)
WHERE r.patient_detail_id = ANY (%(ids)s) AND r.deleted_at IS NULL
ON CONFLICT DO NOTHING

-- records_after --
-- The next records in the order of their IDs, what they are compared by, and the keys they are found by.
SELECT patient_detail_id, identity::text, blocking_keys FROM patient_index.patient_record
WHERE patient_detail_id > %(after)s
ORDER BY patient_detail_id
LIMIT %(most)s

-- change_keys --
-- Records have other keys.
UPDATE patient_index.patient_record r SET blocking_keys = new.keys::bigint[]
FROM unnest(%(ids)s::bigint[], %(keys)s::text[]) AS new (patient_detail_id, keys)
WHERE r.patient_detail_id = new.patient_detail_id

-- count_records --
-- How many records there are.
SELECT count(*) FROM patient_index.patient_record
