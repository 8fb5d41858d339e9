-- lock_source --
-- Whoever deletes records of a source and whoever files some of them wait for each other.
SELECT pg_advisory_xact_lock(hashtext('patient_index.tenancy'), %(tenancy_id)s)

-- records_to_delete --
-- What is known of the records that a source deletes: each, its age, and how long it has been deleted already.
SELECT s.source_key, r.patient_detail_id, r.source_updated_at, w.withdrawal_id, w.withdrawn_as_of
FROM unnest(%(source_keys)s::text[]) AS s (source_key)
LEFT JOIN patient_index.patient_record r ON r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_key
LEFT JOIN patient_index.withdrawal w
    ON w.tenancy_id = %(tenancy_id)s AND w.source_key = s.source_key AND w.returned_at IS NULL

-- insert_withdrawals --
-- Keep that records were deleted, and as of when.
INSERT INTO patient_index.withdrawal
    (tenancy_id, source_key, patient_detail_id, withdrawn_as_of, withdrawn_at, withdrawn_by, reason)
SELECT %(tenancy_id)s, w.source_key, w.patient_detail_id, w.as_of, patient_index.moment(), %(withdrawn_by)s, %(reason)s
FROM unnest(%(source_keys)s::text[], %(ids)s::bigint[], %(as_of)s::timestamp[])
    AS w (source_key, patient_detail_id, as_of)

-- postpone_withdrawals --
-- A source says again, and later, that it has deleted records.
UPDATE patient_index.withdrawal w SET withdrawn_as_of = p.as_of
FROM unnest(%(withdrawal_ids)s::bigint[], %(as_of)s::timestamp[]) AS p (withdrawal_id, as_of)
WHERE w.withdrawal_id = p.withdrawal_id

-- left_behind --
-- The other records of the persons of these, and those that any decision in force names beside one of them.
SELECT r.patient_detail_id, r.person_id
FROM patient_index.patient_record r
WHERE r.person_id = ANY (
    SELECT person_id FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s))
  AND r.patient_detail_id <> ALL (%(ids)s)
UNION
SELECT r.patient_detail_id, r.person_id
FROM patient_index.link_decision d
JOIN patient_index.patient_record r
    ON r.patient_detail_id = CASE WHEN d.record_a = ANY (%(ids)s) THEN d.record_b ELSE d.record_a END
WHERE d.superseded_at IS NULL AND (d.record_a = ANY (%(ids)s) OR d.record_b = ANY (%(ids)s))
  AND r.patient_detail_id <> ALL (%(ids)s)

-- words_on --
-- What stewards have said of a record and others, and is in force.
SELECT CASE WHEN record_a = %(id)s THEN record_b ELSE record_a END, decision, decided_by, reason, sealed
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND rule = %(steward)s AND (record_a = %(id)s OR record_b = %(id)s)
ORDER BY 1, decision_id

-- end_weights_on --
-- What weights have said of a pair gives way to a steward's word.
UPDATE patient_index.link_decision SET superseded_at = patient_index.moment()
WHERE record_a = %(a)s AND record_b = %(b)s AND superseded_at IS NULL AND rule <> %(steward)s AND NOT %(sealed)s

-- fellows_of --
-- The other records of the person of a record.
SELECT o.patient_detail_id
FROM patient_index.patient_record r
JOIN patient_index.patient_record o USING (person_id)
WHERE r.patient_detail_id = %(id)s AND o.patient_detail_id <> r.patient_detail_id
ORDER BY o.patient_detail_id

-- carry_word --
-- Write down of a pair what a steward's words on each with a third record come to, unless a steward has spoken of it.
INSERT INTO patient_index.link_decision
    (record_a, record_b, decision, rule, decided_by, reason, sealed, carried_for)
SELECT %(a)s, %(b)s, %(decision)s, %(steward)s, %(decided_by)s, %(reason)s, %(sealed)s, %(going)s
WHERE NOT EXISTS (
    SELECT FROM patient_index.link_decision
    WHERE record_a = %(a)s AND record_b = %(b)s AND superseded_at IS NULL AND rule = %(steward)s
      AND sealed = %(sealed)s)

-- end_decisions_on --
-- Every decision in force that names one of these records ends with it.
UPDATE patient_index.link_decision SET superseded_at = patient_index.moment()
WHERE superseded_at IS NULL AND (record_a = ANY (%(ids)s) OR record_b = ANY (%(ids)s))

-- delete_records --
-- Records are shown to nobody and stand alone. Nothing of them goes.
UPDATE patient_index.patient_record SET deleted_at = patient_index.moment(), person_id = patient_detail_id
WHERE patient_detail_id = ANY (%(ids)s)

-- close_ranks --
-- The others of a person whose name was the ID of a record that is gone take the lowest of theirs.
UPDATE patient_index.patient_record r SET person_id = p.person_id
FROM unnest(%(ids)s::bigint[], %(persons)s::bigint[]) AS p (patient_detail_id, person_id)
WHERE r.patient_detail_id = p.patient_detail_id AND r.person_id = ANY (%(gone)s)

-- open_withdrawals --
-- Of records that a source sends, those that it had deleted.
SELECT source_key, withdrawal_id, withdrawn_as_of, patient_detail_id FROM patient_index.withdrawal
WHERE tenancy_id = %(tenancy_id)s AND source_key = ANY (%(source_keys)s) AND returned_at IS NULL

-- end_withdrawals --
-- Records are there again.
UPDATE patient_index.withdrawal SET returned_at = patient_index.moment() WHERE withdrawal_id = ANY (%(withdrawal_ids)s)

-- undelete_records --
-- Records are shown again.
UPDATE patient_index.patient_record SET deleted_at = NULL WHERE patient_detail_id = ANY (%(ids)s)

-- words_of_returned --
-- What stewards had said of records that are back, where both of the pair are there: the decisions that ended at the
-- moment of a deletion, and that nobody has taken back since. What stood for words on a record that is there is over.
SELECT DISTINCT ON (d.record_a, d.record_b, d.sealed) d.decision_id, d.record_a, d.record_b, d.decision,
    EXISTS (
        SELECT FROM patient_index.patient_merge m
        WHERE m.undone_at IS NULL AND m.minor_id IN (d.record_a, d.record_b) AND m.major_id IN (d.record_a, d.record_b))
FROM patient_index.link_decision d
JOIN patient_index.withdrawal w ON w.withdrawn_at = d.superseded_at
    AND (w.patient_detail_id = d.record_a OR w.patient_detail_id = d.record_b)
JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a AND a.deleted_at IS NULL
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b AND b.deleted_at IS NULL
LEFT JOIN patient_index.patient_record gone ON gone.patient_detail_id = d.carried_for
WHERE (d.record_a = ANY (%(ids)s) OR d.record_b = ANY (%(ids)s))
  AND d.rule = %(steward)s AND d.superseded_by IS NULL AND d.withdrawn_by IS NULL
  AND (d.carried_for IS NULL OR gone.deleted_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM patient_index.link_decision now
    WHERE now.record_a = d.record_a AND now.record_b = d.record_b AND now.sealed = d.sealed
      AND now.superseded_at IS NULL)
ORDER BY d.record_a, d.record_b, d.sealed, d.decision_id DESC

-- words_around --
-- The words in force among these records and all whom words join with them, one after another.
WITH RECURSIVE around AS (
    SELECT unnest(%(ids)s::bigint[]) AS id
    UNION
    SELECT CASE WHEN d.record_a = around.id THEN d.record_b ELSE d.record_a END
    FROM around
    JOIN patient_index.link_decision d ON d.superseded_at IS NULL AND d.rule = %(steward)s AND d.decision = 'linked'
        AND (d.record_a = around.id OR d.record_b = around.id)
)
SELECT d.record_a, d.record_b, d.decision
FROM patient_index.link_decision d
JOIN around a ON a.id = d.record_a
JOIN around b ON b.id = d.record_b
WHERE d.superseded_at IS NULL AND d.rule = %(steward)s

-- withhold --
-- Words that no longer go together with what has been said since are not in force again.
UPDATE patient_index.link_decision SET withdrawn_by = %(withdrawn_by)s, withdrawal_reason = %(reason)s
WHERE decision_id = ANY (%(decision_ids)s)

-- identities_of --
-- What records are compared by.
SELECT patient_detail_id, identity::text FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)

-- propose_link --
-- Put a word that is not in force again before the stewards.
INSERT INTO patient_index.proposal
    (kind, record_a, record_b, model, engine, weight, relative_weight, levels, reasons)
VALUES ('link', %(record_a)s, %(record_b)s, %(model)s, %(engine)s, %(weight)s, %(relative_weight)s, %(levels)s,
    %(reasons)s)
ON CONFLICT (record_a, record_b) WHERE closed_at IS NULL DO NOTHING

-- end_carried --
-- What stood for words on records that are back is over, but for that of words which are not in force again.
UPDATE patient_index.link_decision c SET superseded_at = patient_index.moment()
WHERE c.carried_for = ANY (%(ids)s) AND c.superseded_at IS NULL AND NOT EXISTS (
    SELECT FROM patient_index.link_decision o
    WHERE (o.record_a, o.record_b) IN (
            (least(c.carried_for, c.record_a), greatest(c.carried_for, c.record_a)),
            (least(c.carried_for, c.record_b), greatest(c.carried_for, c.record_b)))
      AND o.rule = %(steward)s AND o.decision = 'linked' AND o.withdrawn_by IS NOT NULL
      AND o.superseded_at = (
        SELECT max(w.withdrawn_at) FROM patient_index.withdrawal w WHERE w.patient_detail_id = c.carried_for))

-- keep_carried --
-- What stood for words that are not in force again is a word of its own from now on.
UPDATE patient_index.link_decision SET carried_for = NULL, word_id = decision_id
WHERE carried_for = ANY (%(ids)s) AND superseded_at IS NULL

-- say_again --
-- Words are in force again, each part of the word that it was part of.
WITH said AS (
    INSERT INTO patient_index.link_decision
        (record_a, record_b, decision, rule, decided_by, reason, sealed, carried_for, word_id)
    SELECT d.record_a, d.record_b, d.decision, d.rule, d.decided_by, d.reason, d.sealed, d.carried_for,
        CASE WHEN d.carried_for IS NULL THEN coalesce(d.word_id, (
            SELECT min(w.decision_id) FROM patient_index.link_decision w
            WHERE w.rule = d.rule AND w.decided_by = d.decided_by AND w.decided_at = d.decided_at
              AND w.word_id IS NULL AND w.carried_for IS NULL)) END
    FROM patient_index.link_decision d
    WHERE d.decision_id = ANY (%(decision_ids)s)
    RETURNING decision_id, record_a, record_b, sealed
)
UPDATE patient_index.link_decision d SET superseded_by = said.decision_id
FROM said
WHERE d.decision_id = ANY (%(decision_ids)s)
  AND d.record_a = said.record_a AND d.record_b = said.record_b AND d.sealed = said.sealed

-- deleted_record --
-- A record by its ID: its source, its source's key, when it was deleted, and what keeps it so.
SELECT r.tenancy_id, r.source_key, r.deleted_at IS NOT NULL, w.withdrawal_id
FROM patient_index.patient_record r
LEFT JOIN patient_index.withdrawal w ON w.patient_detail_id = r.patient_detail_id AND w.returned_at IS NULL
WHERE r.patient_detail_id = %(patient_detail_id)s
