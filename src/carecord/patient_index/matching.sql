-- current_number --
-- The NHS number that PDS has put in the place of another, by way of others too.
WITH RECURSIVE chain AS (
    SELECT %(number)s::text AS number, 0 AS steps
    UNION ALL
    SELECT a.current, chain.steps + 1
    FROM chain JOIN patient_index.nhs_number_alias a ON a.superseded = chain.number
    WHERE chain.steps < 20
)
SELECT number FROM chain ORDER BY steps DESC LIMIT 1

-- candidates --
-- The records of every person of whom a record meets the {conditions} and shares a blocking key with what is asked,
-- or the day of birth and the starts of the names; of these persons only records that meet the {conditions}.
-- What more than %(hot)s records share is passed over.
WITH alike AS (
    SELECT few.patient_detail_id
    FROM unnest(%(keys)s::bigint[]) AS asked (key)
    CROSS JOIN LATERAL (
        SELECT patient_detail_id, count(*) OVER () AS sharers
        FROM (SELECT k.patient_detail_id FROM patient_index.blocking_key k WHERE k.key = asked.key
              LIMIT %(hot)s + 1) AS several
    ) AS few
    WHERE few.sharers <= %(hot)s
    UNION
    SELECT few.patient_detail_id
    FROM unnest(%(surnames)s::text[], %(forenames)s::text[]) AS asked (surname, forename)
    CROSS JOIN LATERAL (
        SELECT patient_detail_id, count(*) OVER () AS sharers
        FROM (SELECT b.patient_detail_id FROM patient_index.patient_record b
              WHERE b.date_of_birth = %(born)s::date
                AND b.surname_key >= asked.surname AND b.surname_key < asked.surname || '~'
                AND b.forename_key >= asked.forename AND b.forename_key < asked.forename || '~'
              LIMIT %(hot)s + 1) AS several
    ) AS few
    WHERE few.sharers <= %(hot)s
)
SELECT r.patient_detail_id, r.person_id, r.identity::text,
    EXISTS (SELECT FROM patient_index.overlay o
            WHERE o.patient_detail_id = r.patient_detail_id AND o.decided_at IS NULL)
FROM patient_index.patient_record r
WHERE r.person_id = ANY (ARRAY(
        SELECT r.person_id FROM alike JOIN patient_index.patient_record r USING (patient_detail_id)
        WHERE {conditions}))
  AND {conditions}
