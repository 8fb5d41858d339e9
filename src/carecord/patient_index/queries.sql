-- set_tenancy --
-- Keep what a feed says of its source system.
INSERT INTO patient_index.tenancy (tenancy_id, description, system_kind, organisation_code)
VALUES (%(tenancy_id)s, %(description)s, %(system_kind)s, %(organisation_code)s)
ON CONFLICT (tenancy_id) DO UPDATE
SET description = excluded.description, system_kind = excluded.system_kind,
    organisation_code = excluded.organisation_code

-- list_tenancies --
-- Every source system.
SELECT tenancy_id, description, system_kind, organisation_code FROM patient_index.tenancy ORDER BY tenancy_id

-- stage_records --
-- A place for a batch of source records, emptied when the transaction ends.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_record (
    source_key text, number text, minor_numbers text[], nhs_number text, date_of_birth date, gender text,
    surname_key text, forename_key text, postcode_key text, gp_code text, gp_practice_code text,
    active boolean, demographics json, source_updated_at timestamp, identity json, blocking_keys bigint[]
) ON COMMIT DELETE ROWS

-- empty_stage --
-- Nothing of what was filed before in this transaction is filed again.
TRUNCATE staged_record

-- copy_records --
-- Bring a batch into its place.
COPY staged_record FROM STDIN

-- stage_record --
-- Bring one record into its place.
INSERT INTO staged_record SELECT * FROM {staged}

-- one_record --
-- In the place of a batch: one record, its values sent with the statement.
(VALUES (
    %(source_key)s::text, %(number)s::text, %(minor_numbers)s::text[], %(nhs_number)s::text, %(date_of_birth)s::date,
    %(gender)s::text, %(surname_key)s::text, %(forename_key)s::text, %(postcode_key)s::text, %(gp_code)s::text,
    %(gp_practice_code)s::text, %(active)s::boolean, %(demographics)s::json, %(source_updated_at)s::timestamp,
    %(identity)s::json, %(blocking_keys)s::bigint[]
)) AS s (
    source_key, number, minor_numbers, nhs_number, date_of_birth, gender, surname_key, forename_key, postcode_key,
    gp_code, gp_practice_code, active, demographics, source_updated_at, identity, blocking_keys)

-- lock_source --
-- Two processes that file records of one source system wait for each other.
SELECT pg_advisory_xact_lock(hashtext('patient_index.tenancy'), %(tenancy_id)s)

-- lock_links --
-- Links are decided by one transaction at a time: for bulk work and stewards.
SELECT pg_advisory_xact_lock(hashtext('patient_index.link'))

-- share_index --
-- Single records are filed and linked side by side, each by one at a time. What follows looks rows up by few keys: to
-- plan it for every record anew would cost more than to run it.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
    pg_advisory_xact_lock_shared(hashtext('patient_index.tenancy'), %(tenancy_id)s),
    (SELECT count(pg_advisory_xact_lock(key)) FROM (
        SELECT hashtextextended(%(tenancy_id)s || ' ' || source_key, 0) AS key
        FROM unnest(%(source_keys)s::text[]) AS source_key ORDER BY 1) AS records),
    pg_advisory_xact_lock_shared(hashtext('patient_index.link'))

-- plan_as_usual --
-- Of the caller's transaction what comes after.
SELECT set_config('plan_cache_mode', 'auto', true)

-- sent_before --
-- Which of these records their source has sent before; whether they are no plain arrivals: it has deleted one, or a
-- number of theirs has been superseded; and an ID for each that may be new.
-- Records that share a blocking key are filed one after the other, so that two halves of a person cannot miss each
-- other: whoever reads this has their keys locked.
SELECT
    ARRAY(SELECT source_key FROM patient_index.patient_record
          WHERE tenancy_id = %(tenancy_id)s AND source_key = ANY (%(source_keys)s)),
    EXISTS (SELECT FROM patient_index.withdrawal
            WHERE tenancy_id = %(tenancy_id)s AND source_key = ANY (%(source_keys)s) AND returned_at IS NULL)
    OR EXISTS (SELECT FROM patient_index.nhs_number_alias WHERE superseded = ANY (%(numbers)s)),
    ARRAY(SELECT nextval('patient_index.patient_record_patient_detail_id_seq')
          FROM generate_series(1, cardinality(%(source_keys)s::text[]))),
    (SELECT count(pg_advisory_xact_lock(key))
     FROM (SELECT DISTINCT key FROM unnest(%(keys)s::bigint[]) AS key ORDER BY 1) AS sorted)

-- try_persons --
-- Who decides on persons side by side with others has each to himself; nobody waits, so nobody waits for ever.
SELECT person_id, pg_try_advisory_xact_lock(hashtext('patient_index.person'), hashint8(person_id))
FROM (SELECT DISTINCT person_id FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)) AS persons

-- file_records --
-- Make or change source records. Gives back those that are new or changed, and how they were compared before.
-- How old a record is, is never forgotten: neither when a later line says the same, nor when one says no time.
WITH sent AS NOT MATERIALIZED (
    SELECT * FROM {staged}
), incoming AS (
    SELECT s.*, r.patient_detail_id AS known_id, r.identity::text AS old_identity, r.blocking_keys AS old_keys
    FROM sent s
    LEFT JOIN patient_index.patient_record r ON r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_key
    WHERE r.patient_detail_id IS NULL
       OR (r.demographics::text <> s.demographics::text
           AND (s.source_updated_at IS NULL OR r.source_updated_at IS NULL
                OR s.source_updated_at >= r.source_updated_at))
), created AS (
    INSERT INTO patient_index.patient_record (
        patient_detail_id, person_id, tenancy_id, source_key, nhs_number, date_of_birth, gender, surname_key,
        forename_key, postcode_key, gp_code, gp_practice_code, active, demographics, source_updated_at,
        identity, blocking_keys)
    SELECT id, id, %(tenancy_id)s, source_key, nhs_number, date_of_birth, gender, surname_key,
        forename_key, postcode_key, gp_code, gp_practice_code, active, demographics, source_updated_at,
        identity, blocking_keys
    FROM (
        SELECT nextval('patient_index.patient_record_patient_detail_id_seq') AS id, i.*
        FROM incoming i WHERE known_id IS NULL
    ) AS new
    RETURNING patient_detail_id, source_key, blocking_keys
), numbered AS (
    INSERT INTO patient_index.patient_number (tenancy_id, number, patient_detail_id, is_minor)
    SELECT %(tenancy_id)s, n.number, c.patient_detail_id, n.is_minor
    FROM created c JOIN incoming i USING (source_key)
    CROSS JOIN LATERAL (
        SELECT i.number, false AS is_minor
        UNION ALL SELECT DISTINCT minor, true FROM unnest(i.minor_numbers) AS minor WHERE minor <> i.number
    ) AS n
), changed AS (
    UPDATE patient_index.patient_record r
    SET nhs_number = i.nhs_number, date_of_birth = i.date_of_birth, gender = i.gender,
        surname_key = i.surname_key, forename_key = i.forename_key, postcode_key = i.postcode_key,
        gp_code = i.gp_code, gp_practice_code = i.gp_practice_code, active = i.active,
        demographics = i.demographics, source_updated_at = greatest(i.source_updated_at, r.source_updated_at),
        identity = i.identity, blocking_keys = i.blocking_keys,
        version = r.version + 1, updated_at = now()
    FROM incoming i WHERE i.known_id = r.patient_detail_id
    RETURNING r.patient_detail_id, i.source_key, i.old_identity, i.old_keys, i.blocking_keys
), confirmed AS (
    UPDATE patient_index.patient_record r
    SET source_updated_at = s.source_updated_at
    FROM sent s
    WHERE r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_key
      AND r.demographics::text = s.demographics::text AND s.source_updated_at IS NOT NULL
      AND (r.source_updated_at IS NULL OR r.source_updated_at < s.source_updated_at)
), keys_gone AS (
    DELETE FROM patient_index.blocking_key k
    USING changed c, unnest(c.old_keys) AS old (key)
    WHERE k.key = old.key AND k.patient_detail_id = c.patient_detail_id AND old.key <> ALL (c.blocking_keys)
), keys_come AS (
    INSERT INTO patient_index.blocking_key (key, patient_detail_id)
    SELECT key, patient_detail_id FROM created, unnest(blocking_keys) AS new (key)
    UNION ALL
    SELECT key, patient_detail_id FROM changed, unnest(blocking_keys) AS new (key) WHERE new.key <> ALL (old_keys)
)
SELECT patient_detail_id, source_key, NULL AS old_identity FROM created
UNION ALL SELECT patient_detail_id, source_key, old_identity FROM changed

-- file_arrival --
-- Store a record that its source has not sent before, in the person that has been decided on, and what was {decided}.
WITH record AS (
    INSERT INTO patient_index.patient_record (
        patient_detail_id, person_id, tenancy_id, source_key, nhs_number, date_of_birth, gender, surname_key,
        forename_key, postcode_key, gp_code, gp_practice_code, active, demographics, source_updated_at,
        identity, blocking_keys)
    VALUES (
        %(patient_detail_id)s, %(person_id)s, %(tenancy_id)s, %(source_key)s, %(nhs_number)s, %(date_of_birth)s,
        %(gender)s, %(surname_key)s, %(forename_key)s, %(postcode_key)s, %(gp_code)s, %(gp_practice_code)s,
        %(active)s, %(demographics)s, %(source_updated_at)s, %(identity)s, %(blocking_keys)s)
), numbered AS (
    INSERT INTO patient_index.patient_number (tenancy_id, number, patient_detail_id, is_minor)
    SELECT %(tenancy_id)s, %(number)s::text, %(patient_detail_id)s, false
    UNION ALL
    SELECT DISTINCT %(tenancy_id)s, minor, %(patient_detail_id)s, true
    FROM unnest(%(minor_numbers)s::text[]) AS minor WHERE minor <> %(number)s::text
){decided}
INSERT INTO patient_index.blocking_key (key, patient_detail_id)
SELECT key, %(patient_detail_id)s FROM unnest(%(blocking_keys)s::bigint[]) AS key

-- retire_numbers --
-- A local number that a source record had before its present one stays as a minor number.
UPDATE patient_index.patient_number n
SET is_minor = true, valid_to = now()
FROM {staged}
JOIN patient_index.patient_record r ON r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_key
WHERE n.patient_detail_id = r.patient_detail_id AND NOT n.is_minor
  AND n.number <> r.demographics->>'PatientNumber'

-- file_numbers --
-- Keep the present local number of each source record, and the numbers merged into it.
INSERT INTO patient_index.patient_number (tenancy_id, number, patient_detail_id, is_minor)
SELECT r.tenancy_id, n.number, r.patient_detail_id, n.is_minor
FROM {staged}
JOIN patient_index.patient_record r ON r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_key
CROSS JOIN LATERAL (
    SELECT r.demographics->>'PatientNumber' AS number, EXISTS (
        SELECT FROM patient_index.patient_merge m
        WHERE m.minor_id = r.patient_detail_id AND m.undone_at IS NULL) AS is_minor
    UNION ALL
    SELECT DISTINCT minor, true FROM unnest(s.minor_numbers) AS minor WHERE minor <> r.demographics->>'PatientNumber'
) AS n
ON CONFLICT (number, tenancy_id, patient_detail_id) DO UPDATE
SET is_minor = excluded.is_minor, valid_to = CASE WHEN excluded.is_minor THEN patient_number.valid_to END
WHERE patient_number.is_minor <> excluded.is_minor

-- held --
-- Whether no weight links the record r: its source has deleted it, or it has turned into somebody else.
r.deleted_at IS NOT NULL OR EXISTS (
    SELECT FROM patient_index.overlay o WHERE o.patient_detail_id = r.patient_detail_id AND o.decided_at IS NULL)

-- blocked_by_keys --
-- Every record that shares one of these blocking keys. A key that more than %(hot)s records share is passed over: it
-- stands there alone, without a record beside.
WITH sharing AS MATERIALIZED (
    SELECT own.key, ARRAY(
        SELECT k.patient_detail_id FROM patient_index.blocking_key k WHERE k.key = own.key LIMIT %(hot)s + 1) AS sharers
    FROM unnest(%(keys)s::bigint[]) AS own (key)
)
SELECT NULL AS hot_key, r.patient_detail_id, r.person_id, r.tenancy_id, r.source_key, r.identity::text, {held}
FROM patient_index.patient_record r
WHERE r.patient_detail_id = ANY (ARRAY(SELECT unnest(sharers) FROM sharing WHERE cardinality(sharers) <= %(hot)s))
UNION ALL
SELECT key, NULL, NULL, NULL, NULL, NULL, false FROM sharing WHERE cardinality(sharers) > %(hot)s

-- blocked_pairs --
-- Each of these records beside every record that shares a blocking key with it, and beside itself.
-- A key that more than %(hot)s records share is passed over: it stands there alone, without a record beside.
WITH mine AS (
    SELECT patient_detail_id, blocking_keys FROM patient_index.patient_record
    WHERE patient_detail_id = ANY (%(ids)s)
), sharing AS (
    SELECT mine.patient_detail_id AS record, few.key, few.other, few.sharers
    FROM mine CROSS JOIN unnest(mine.blocking_keys) AS keys (key)
    CROSS JOIN LATERAL (
        SELECT keys.key, patient_detail_id AS other, count(*) OVER () AS sharers
        FROM (SELECT patient_detail_id FROM patient_index.blocking_key k WHERE k.key = keys.key
              LIMIT %(hot)s + 1) AS first_of_all
    ) AS few
), pairs AS (
    SELECT DISTINCT record, other FROM sharing WHERE sharers <= %(hot)s
    UNION
    SELECT patient_detail_id, patient_detail_id FROM mine
)
SELECT pairs.record, NULL AS hot_key, r.patient_detail_id, r.person_id, r.tenancy_id, r.source_key, r.identity::text,
    {held}
FROM pairs JOIN patient_index.patient_record r ON r.patient_detail_id = pairs.other
UNION ALL
SELECT DISTINCT record, key, NULL::bigint, NULL::bigint, NULL::integer, NULL, NULL, false
FROM sharing WHERE sharers > %(hot)s

-- namesakes --
-- Each of these records, a key of which is too common, beside those of one birth date, surname and forename.
-- Of more than %(hot)s first those of its postcode, then those that came first.
SELECT mine.patient_detail_id, few.*
FROM {mine} mine
CROSS JOIN LATERAL (
    SELECT r.patient_detail_id, r.person_id, r.tenancy_id, r.source_key, r.identity::text, {held}
    FROM patient_index.patient_record r
    WHERE r.date_of_birth = mine.date_of_birth AND r.surname_key = mine.surname_key
      AND r.forename_key = mine.forename_key
    ORDER BY r.postcode_key IS DISTINCT FROM mine.postcode_key, r.patient_detail_id
    LIMIT %(hot)s
) AS few
WHERE mine.patient_detail_id = ANY (%(ids)s)

-- arriving --
-- In the place of stored records: one that is yet to be stored.
(SELECT %(patient_detail_id)s::bigint AS patient_detail_id, %(date_of_birth)s::date AS date_of_birth,
    %(surname_key)s::text AS surname_key, %(forename_key)s::text AS forename_key, %(postcode_key)s::text AS postcode_key)

-- note_hot_keys --
-- Keep which blocking keys are too common, once each.
INSERT INTO patient_index.hot_key (key, rule)
SELECT * FROM unnest(%(keys)s::bigint[], %(rules)s::text[])
ON CONFLICT (key) DO NOTHING

-- around --
-- All records of the persons that these records belong to, and the decisions in force that name any of them.
SELECT r.patient_detail_id, r.person_id, r.tenancy_id, r.source_key, r.identity::text, {held}, (
    SELECT json_agg(json_build_array(d.decision_id, d.record_a, d.record_b, d.decision, d.rule))
    FROM (
        SELECT decision_id, record_a, record_b, decision, rule FROM patient_index.link_decision
        WHERE record_a = r.patient_detail_id AND superseded_at IS NULL
        UNION ALL
        SELECT decision_id, record_a, record_b, decision, rule FROM patient_index.link_decision
        WHERE record_b = r.patient_detail_id AND superseded_at IS NULL
    ) AS d)::text
FROM patient_index.patient_record r
WHERE r.person_id = ANY (ARRAY(
    SELECT person_id FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)))

-- decisions_on --
-- The decisions in force that name any of these records.
SELECT decision_id, record_a, record_b, decision, rule
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND record_a = ANY(%(ids)s)
UNION
SELECT decision_id, record_a, record_b, decision, rule
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND record_b = ANY(%(ids)s)

-- insert_verdicts --
-- Write what the weights say of pairs.
INSERT INTO patient_index.link_decision
    (record_a, record_b, decision, rule, decided_by, model, weight, relative_weight, levels, guards)
SELECT p.record_a, p.record_b, p.decision, p.rule, %(decided_by)s, %(model)s, p.weight, p.relative_weight,
    p.levels, p.guards
FROM json_to_recordset(%(verdicts)s::json)
    AS p (record_a bigint, record_b bigint, decision text, rule text, weight float8, relative_weight float8,
          levels smallint[], guards text[])

-- withdraw_decisions --
-- End decisions of the rule that no longer hold.
UPDATE patient_index.link_decision SET superseded_at = clock_timestamp() WHERE decision_id = ANY(%(decision_ids)s)

-- set_persons --
-- Put records into their persons.
UPDATE patient_index.patient_record r
SET person_id = p.person_id
FROM unnest(%(ids)s::bigint[], %(persons)s::bigint[]) AS p (patient_detail_id, person_id)
WHERE r.patient_detail_id = p.patient_detail_id AND r.person_id <> p.person_id

-- person_of --
-- The linked records of a record's person, itself among them.
SELECT r.patient_detail_id
FROM patient_index.patient_record asked
JOIN patient_index.patient_record r USING (person_id)
WHERE asked.patient_detail_id = %(patient_detail_id)s AND asked.deleted_at IS NULL
ORDER BY r.patient_detail_id

-- set_sharing --
-- What a patient has refused to share of these records: all, or some bundles.
UPDATE patient_index.patient_record r
SET sharing_refused = s.refused, refused_bundles = s.bundles
FROM (
    SELECT * FROM unnest(%(ids)s::bigint[], %(refused)s::boolean[], %(bundles)s::text[])
        AS s (patient_detail_id, refused, joined)
) AS s0
CROSS JOIN LATERAL (SELECT s0.patient_detail_id, s0.refused, string_to_array(s0.joined, ',') AS bundles) AS s
WHERE r.patient_detail_id = s.patient_detail_id

-- shown --
-- A condition on the record {record}: its patient has not refused to share it, nor its demographics, and its source
-- has not deleted it.
-- The index patient_record_name holds only such records: its condition is this one, word for word.
NOT {record}.sharing_refused AND 'demographics' <> ALL ({record}.refused_bundles) AND {record}.deleted_at IS NULL

-- protected --
-- A condition on the record {record}: it is of a protected person. What is asked is the person, so that a record that
-- the caller may not see counts too.
EXISTS (SELECT FROM patient_index.protected_person p WHERE p.person_id = {record}.person_id)

-- of_tenancies --
-- A condition on the record {record}: it is of a source that the caller may see.
{record}.tenancy_id = ANY (%(tenancies)s)

-- by_surname --
-- A criterion: the start of the surname's key.
r.surname_key >= %(surname)s AND r.surname_key < %(surname_end)s

-- by_forename --
-- A criterion: the start of the forename's key.
r.forename_key >= %(forename)s AND r.forename_key < %(forename_end)s

-- by_postcode --
-- A criterion: the start of the postcode's key.
r.postcode_key >= %(postcode)s AND r.postcode_key < %(postcode_end)s

-- by_date_of_birth --
-- A criterion: the day of birth.
r.date_of_birth = %(date_of_birth)s::date

-- by_gender --
-- A criterion: the gender's code.
r.gender = %(gender)s

-- by_gp_code --
-- A criterion: the GP.
r.gp_code = %(gp_code)s

-- by_gp_practice_code --
-- A criterion: the practice.
r.gp_practice_code = %(gp_practice_code)s

-- by_nhs_number --
-- A criterion: the NHS number.
r.nhs_number = %(nhs_number)s

-- by_number --
-- A criterion: the present local number.
r.patient_detail_id IN (
    SELECT n.patient_detail_id FROM patient_index.patient_number n WHERE n.number = %(number)s AND NOT n.is_minor)

-- by_number_or_minor_number --
-- A criterion: a local number, be it the present one or one merged away.
r.patient_detail_id IN (
    SELECT n.patient_detail_id FROM patient_index.patient_number n WHERE n.number = %(number)s)

-- by_tenancy_id --
-- A criterion: the source.
r.tenancy_id = %(tenancy_id)s

-- by_listed --
-- A criterion: one of these records.
r.patient_detail_id = ANY (%(listed)s)

-- find_records --
-- A page of the source records that meet all {conditions}, and how many there are on all pages.
-- They are counted only where the page does not tell. Each record is an array in the order of search.FoundRecord.
WITH chosen AS (
    SELECT r.patient_detail_id
    FROM patient_index.patient_record r
    WHERE {conditions}
    ORDER BY r.surname_key, r.forename_key, r.date_of_birth, r.patient_detail_id
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT
    CASE WHEN count(*) < %(limit)s AND (count(*) > 0 OR %(offset)s = 0) THEN %(offset)s + count(*)
         ELSE (SELECT count(*) FROM patient_index.patient_record r WHERE {conditions}) END,
    coalesce(json_agg(
        json_build_array(
            r.patient_detail_id, r.tenancy_id, {protected}, r.demographics,
            coalesce(numbers.all_of_record, '[]'), coalesce(linked.all_of_person, '[]'))
        ORDER BY r.surname_key, r.forename_key, r.date_of_birth, r.patient_detail_id), '[]')::text
FROM chosen
JOIN patient_index.patient_record r USING (patient_detail_id)
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(n.number, n.number_type, n.is_minor) ORDER BY n.is_minor, n.number) AS all_of_record
    FROM patient_index.patient_number n
    WHERE n.patient_detail_id = r.patient_detail_id AND (%(minor_numbers)s OR NOT n.is_minor)
) AS numbers
CROSS JOIN LATERAL (
    SELECT json_agg(
        json_build_array(l.patient_detail_id, l.tenancy_id, l.demographics->>'PatientNumber', l.nhs_number)
        ORDER BY l.patient_detail_id) AS all_of_person
    FROM patient_index.patient_record l
    WHERE l.person_id = r.person_id AND l.patient_detail_id <> r.patient_detail_id AND {linked_shown}
) AS linked

-- read_record --
-- One source record as its source has it; no row where the caller may not know of it.
SELECT r.tenancy_id, r.demographics::text,
    coalesce(r.source_updated_at, date_trunc('second', r.updated_at AT TIME ZONE 'Europe/London')),
    EXISTS (SELECT FROM patient_index.patient_merge m
            WHERE m.minor_id = r.patient_detail_id AND m.undone_at IS NULL),
    {protected}
FROM patient_index.patient_record r
WHERE r.patient_detail_id = %(patient_detail_id)s AND {shown}

-- linked_records --
-- The records of a record's person that the caller may see, that record among them, each as an array in the
-- order of linked_records.PersonRecord; every link of the person, the oldest first; and whether the person is protected.
-- No row where the caller may not know of the record.
SELECT
    (SELECT json_agg(json_build_array(
            l.patient_detail_id, l.tenancy_id, l.demographics, l.demographics->>'PatientNumber',
            ARRAY(SELECT n.number FROM patient_index.patient_number n
                  WHERE n.patient_detail_id = l.patient_detail_id AND n.is_minor))
        ORDER BY l.patient_detail_id)
     FROM patient_index.patient_record l WHERE l.person_id = r.person_id AND {linked_shown})::text,
    (SELECT coalesce(json_agg(json_build_array(
            d.record_a, d.record_b, d.rule, d.decided_by,
            to_char(d.decided_at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD"T"HH24:MI:SS'))
        ORDER BY d.decided_at, d.decision_id), '[]')
     FROM patient_index.link_decision d
     JOIN patient_index.patient_record l ON l.patient_detail_id = d.record_a
     WHERE l.person_id = r.person_id AND d.decision = 'linked' AND d.superseded_at IS NULL)::text,
    {protected}
FROM patient_index.patient_record r
WHERE r.patient_detail_id = %(patient_detail_id)s AND {shown}

-- own_record --
-- A record for whoever writes for its source: the source, its name, and the record it was merged into.
SELECT r.patient_detail_id, r.tenancy_id, t.description, m.major_id
FROM patient_index.patient_record r
JOIN patient_index.tenancy t USING (tenancy_id)
LEFT JOIN patient_index.patient_merge m ON m.minor_id = r.patient_detail_id AND m.undone_at IS NULL
WHERE r.patient_detail_id = %(patient_detail_id)s AND r.deleted_at IS NULL
  AND (%(tenancies)s::integer[] IS NULL OR r.tenancy_id = ANY (%(tenancies)s))

-- describe_tenancy --
-- The name of a source system.
SELECT description FROM patient_index.tenancy WHERE tenancy_id = %(tenancy_id)s

-- records_of_number --
-- The records of a source that have or had this local number.
SELECT patient_detail_id, is_minor FROM patient_index.patient_number
WHERE number = %(number)s AND tenancy_id = %(tenancy_id)s
ORDER BY is_minor, patient_detail_id

-- stored_record --
-- What a submission replaces.
SELECT source_key, demographics, source_updated_at FROM patient_index.patient_record
WHERE patient_detail_id = %(patient_detail_id)s

-- note_source_time --
-- The source has confirmed the record as it stands: what it said before that is older.
UPDATE patient_index.patient_record SET source_updated_at = %(source_updated_at)s
WHERE patient_detail_id = %(patient_detail_id)s
  AND (source_updated_at IS NULL OR source_updated_at < %(source_updated_at)s)

-- linked_to_tell --
-- The other records of a person that a client may know of.
SELECT r.patient_detail_id
FROM patient_index.patient_record asked
JOIN patient_index.patient_record r USING (person_id)
WHERE asked.patient_detail_id = %(patient_detail_id)s AND r.patient_detail_id <> asked.patient_detail_id
  AND (%(tenancies)s::integer[] IS NULL OR r.tenancy_id = ANY (%(tenancies)s))
  AND (NOT r.sharing_refused OR r.patient_detail_id = ANY (%(named)s))
ORDER BY r.patient_detail_id

-- count_possible --
-- How many possible links of a record, with records that a client may know of, wait for a steward. Those of persons
-- on a side of a sealed decision are for those alone who may see it.
SELECT count(*)
FROM (
    SELECT record_b AS other FROM patient_index.link_decision
    WHERE record_a = %(patient_detail_id)s AND superseded_at IS NULL AND decision = 'possible'
    UNION ALL
    SELECT record_a FROM patient_index.link_decision
    WHERE record_b = %(patient_detail_id)s AND superseded_at IS NULL AND decision = 'possible'
) AS possible
JOIN patient_index.patient_record r ON r.patient_detail_id = possible.other
WHERE (%(tenancies)s::integer[] IS NULL OR r.tenancy_id = ANY (%(tenancies)s))
  AND NOT r.sharing_refused
  AND NOT EXISTS (
    SELECT FROM patient_index.patient_record asked
    JOIN patient_index.patient_record fellow ON fellow.person_id IN (asked.person_id, r.person_id)
    CROSS JOIN LATERAL (
        SELECT FROM patient_index.link_decision d
        WHERE d.record_a = fellow.patient_detail_id AND d.sealed AND d.superseded_at IS NULL
        UNION ALL
        SELECT FROM patient_index.link_decision d
        WHERE d.record_b = fellow.patient_detail_id AND d.sealed AND d.superseded_at IS NULL
    ) AS sealed
    WHERE asked.patient_detail_id = %(patient_detail_id)s)

-- decisions_across --
-- The decisions in force on pairs with one record on each side.
SELECT record_a, record_b, decision, rule, decided_by
FROM patient_index.link_decision
WHERE superseded_at IS NULL
  AND (record_a = ANY (%(ours)s) AND record_b = ANY (%(theirs)s)
       OR record_a = ANY (%(theirs)s) AND record_b = ANY (%(ours)s))

-- merged_with --
-- A record and every record merged into it, at once or by way of others.
WITH RECURSIVE merged AS (
    SELECT %(patient_detail_id)s::bigint AS patient_detail_id
    UNION
    SELECT m.minor_id
    FROM merged
    JOIN patient_index.patient_merge m ON m.major_id = merged.patient_detail_id AND m.undone_at IS NULL
)
SELECT patient_detail_id FROM merged

-- merges_across --
-- Merges in force between two sides.
SELECT merge_id FROM patient_index.patient_merge
WHERE undone_at IS NULL AND minor_id = ANY (%(leaving)s) AND major_id = ANY (%(staying)s)

-- merged_into --
-- The record that a record was merged into.
SELECT major_id FROM patient_index.patient_merge WHERE minor_id = %(patient_detail_id)s AND undone_at IS NULL

-- records_to_merge --
-- The records of a source that have this number now, or had it when they were merged into the major record.
SELECT n.patient_detail_id
FROM patient_index.patient_number n
LEFT JOIN patient_index.patient_merge m ON m.minor_id = n.patient_detail_id AND m.undone_at IS NULL
WHERE n.number = %(number)s AND n.tenancy_id = %(tenancy_id)s
  AND (NOT n.is_minor OR m.major_id = %(major)s)

-- retire_merged_numbers --
-- The numbers of a record that is merged away are minor numbers from now on.
UPDATE patient_index.patient_number SET is_minor = true, valid_to = now()
WHERE patient_detail_id = %(minor)s AND NOT is_minor

-- tasks_waiting --
-- The pairs that wait for a steward.
SELECT record_a, record_b FROM patient_index.link_decision WHERE superseded_at IS NULL AND decision = 'possible'

-- compared --
-- What records are compared by, and their persons.
SELECT patient_detail_id, person_id, identity::text FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s)

-- decisions_of_pair --
-- Every decision on a pair, the newest first.
SELECT decision, rule, decided_by, decided_at, reason, model, weight, guards, superseded_at
FROM patient_index.link_decision
WHERE record_a = %(record_a)s AND record_b = %(record_b)s
ORDER BY decision_id DESC
