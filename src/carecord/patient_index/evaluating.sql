-- records_filed --
-- Every record by its source's key: its patient detail ID and its person.
SELECT source_key, patient_detail_id, person_id FROM patient_index.patient_record

-- tasks_waiting --
-- What waits for a steward, the two records of each task; what is of one record names it twice.
SELECT record_a, record_b FROM patient_index.link_decision WHERE superseded_at IS NULL AND decision = 'possible'
UNION ALL
SELECT patient_detail_id, patient_detail_id FROM patient_index.overlay WHERE decided_at IS NULL
UNION ALL
SELECT record_a, record_b FROM patient_index.proposal WHERE closed_at IS NULL

-- common_keys --
-- The blocking keys that more than %(hot)s records share.
SELECT key FROM patient_index.blocking_key GROUP BY key HAVING count(*) > %(hot)s

-- keys_of --
-- By what these records are found: their blocking keys, and what they share with namesakes.
SELECT patient_detail_id, blocking_keys, date_of_birth, surname_key, forename_key
FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s)
