-- read_only_snapshot --
-- All that is read until the transaction ends is of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- one_run --
-- Whether this session may propose; until it ends no other may.
SELECT pg_try_advisory_lock(hashtext('patient_index.proposing'))

-- run_over --
-- Another may propose again.
SELECT pg_advisory_unlock(hashtext('patient_index.proposing'))

-- newest_decision --
-- The number of the last decision that was written.
SELECT coalesce(max(decision_id), 0) FROM patient_index.link_decision

-- count_records --
-- How many source records there are.
SELECT count(*) FROM patient_index.patient_record

-- sample_keys --
-- Of the records that came first and last: how they are compared, and by which keys they are found.
(SELECT identity::text, blocking_keys FROM patient_index.patient_record ORDER BY patient_detail_id LIMIT 500)
UNION ALL
(SELECT identity::text, blocking_keys FROM patient_index.patient_record ORDER BY patient_detail_id DESC LIMIT 500)

-- overlaid_records --
-- Those that have turned into somebody else, and nobody has decided yet.
SELECT patient_detail_id FROM patient_index.overlay WHERE decided_at IS NULL

-- copy_records --
-- Every source record as it is compared. `namesake` is one for those of one birth date, surname and forename.
COPY (
    SELECT patient_detail_id, person_id, identity::text,
        CASE WHEN date_of_birth IS NOT NULL
             THEN hashtextextended(date_of_birth::text || ' ' || surname_key || ' ' || forename_key, 0) END,
        coalesce(postcode_key, ''), blocking_keys, deleted_at IS NOT NULL
    FROM patient_index.patient_record
) TO STDOUT (FORMAT BINARY)

-- copy_decisions --
-- Every decision in force.
COPY (
    SELECT record_a, record_b, decision, rule = 'steward'
    FROM patient_index.link_decision
    WHERE superseded_at IS NULL
) TO STDOUT (FORMAT BINARY)

-- records_to_settle --
-- How these records are compared, and what breaks ties among them.
SELECT patient_detail_id, person_id, version, tenancy_id, source_key, identity::text
FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s)

-- decisions_to_settle --
-- The decisions in force that name any of these records.
SELECT record_a, record_b, decision, rule
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND (record_a = ANY (%(ids)s) OR record_b = ANY (%(ids)s))

-- stage_proposals --
-- A place for what a run proposes, emptied when the transaction ends.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_proposal (
    kind text, record_a bigint, record_b bigint, weight double precision, relative_weight double precision,
    levels smallint[], reasons text[], person_a bigint, person_b bigint, version_a integer, version_b integer
) ON COMMIT DELETE ROWS

-- copy_proposals --
-- Bring what a run proposes into its place.
COPY staged_proposal FROM STDIN

-- leave_out_overtaken --
-- What has changed since the index was read is left to the next run. Gives back the pairs left out.
DELETE FROM staged_proposal s
WHERE NOT EXISTS (
        SELECT FROM patient_index.patient_record a, patient_index.patient_record b
        WHERE a.patient_detail_id = s.record_a AND a.person_id = s.person_a AND a.version = s.version_a
          AND b.patient_detail_id = s.record_b AND b.person_id = s.person_b AND b.version = s.version_b
          AND a.deleted_at IS NULL AND b.deleted_at IS NULL)
   OR EXISTS (
        SELECT FROM patient_index.overlay o
        WHERE o.patient_detail_id IN (s.record_a, s.record_b) AND o.decided_at IS NULL)
   OR EXISTS (
        SELECT FROM patient_index.patient_record r
        JOIN patient_index.link_decision d ON r.patient_detail_id IN (d.record_a, d.record_b)
        WHERE r.person_id IN (s.person_a, s.person_b)
          AND d.decision_id > %(newest_decision)s AND d.rule = 'steward')
RETURNING s.record_a, s.record_b

-- withdraw_proposals --
-- Close the open proposals that are not made again just so, but for those that stewards' own words led to. Gives back how many.
WITH gone AS (
    UPDATE patient_index.proposal p SET closed_at = clock_timestamp(), outcome = 'withdrawn'
    WHERE p.closed_at IS NULL AND p.reasons <> ARRAY[%(words_at_odds)s] AND NOT EXISTS (
        SELECT FROM staged_proposal s
        WHERE s.record_a = p.record_a AND s.record_b = p.record_b AND s.kind = p.kind AND p.model = %(model)s
          AND s.weight = p.weight AND s.relative_weight = p.relative_weight AND s.levels = p.levels
          AND s.reasons = p.reasons)
    RETURNING 1
)
SELECT count(*) FROM gone

-- insert_proposals --
-- Write the proposals that are not open yet. Gives back how many.
WITH made AS (
    INSERT INTO patient_index.proposal
        (kind, record_a, record_b, model, engine, weight, relative_weight, levels, reasons)
    SELECT kind, record_a, record_b, %(model)s, %(engine)s, weight, relative_weight, levels, reasons
    FROM staged_proposal
    ON CONFLICT (record_a, record_b) WHERE closed_at IS NULL DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM made
