-- chains --
-- From each number, one after the other, those that took its place; the end of a chain is the current number.
WITH RECURSIVE chain AS (
    SELECT a.superseded AS number, a.current, 1 AS step
    FROM patient_index.nhs_number_alias a WHERE a.superseded = ANY (%(numbers)s)
    UNION ALL
    SELECT chain.number, a.current, chain.step + 1
    FROM chain JOIN patient_index.nhs_number_alias a ON a.superseded = chain.current
)
SELECT DISTINCT ON (number) number, current FROM chain ORDER BY number, step DESC

-- alias_of --
-- The number that took the place of this one, as it was told.
SELECT current FROM patient_index.nhs_number_alias WHERE superseded = %(superseded)s

-- insert_alias --
-- Keep that a number has been superseded.
INSERT INTO patient_index.nhs_number_alias (superseded, current, told_by, reason)
VALUES (%(superseded)s, %(current)s, %(told_by)s, %(reason)s)

-- delete_alias --
-- Forget an alias that was told by mistake.
DELETE FROM patient_index.nhs_number_alias WHERE superseded = %(superseded)s AND current = %(current)s

-- leading_to --
-- These numbers and all that they took the place of, at once or by way of others.
WITH RECURSIVE earlier AS (
    SELECT unnest(%(numbers)s::text[]) AS number
    UNION
    SELECT a.superseded FROM earlier JOIN patient_index.nhs_number_alias a ON a.current = earlier.number
)
SELECT number FROM earlier

-- records_with --
-- The records that were sent with any of these numbers, and what they are compared by.
SELECT patient_detail_id, nhs_number, identity::text, blocking_keys
FROM patient_index.patient_record
WHERE nhs_number = ANY (%(numbers)s)
ORDER BY patient_detail_id

-- set_identities --
-- Compare records by other identities from now on.
UPDATE patient_index.patient_record r
SET identity = i.identity::json, blocking_keys = string_to_array(i.keys, ' ')::bigint[]
FROM unnest(%(ids)s::bigint[], %(identities)s::text[], %(keys)s::text[]) AS i (patient_detail_id, identity, keys)
WHERE r.patient_detail_id = i.patient_detail_id
