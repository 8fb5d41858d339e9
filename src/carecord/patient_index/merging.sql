-- words_across --
-- The decisions of stewards that are in force between two persons.
SELECT decision_id FROM patient_index.link_decision
WHERE superseded_at IS NULL AND rule = %(steward)s
  AND (record_a = ANY (%(ours)s) AND record_b = ANY (%(theirs)s)
       OR record_a = ANY (%(theirs)s) AND record_b = ANY (%(ours)s))

-- insert_merge --
-- Write down a merge, the decisions that it made, and the numbers that came with it.
INSERT INTO patient_index.patient_merge (minor_id, major_id, decided_by, reason, link_decisions, numbers_taken)
VALUES (%(minor)s, %(major)s, %(decided_by)s, %(reason)s, %(link_decisions)s, %(numbers_taken)s)

-- take_over_numbers --
-- The numbers of a record that is merged away are minor numbers of the other. Gives those that it did not have.
INSERT INTO patient_index.patient_number
    (tenancy_id, number, patient_detail_id, number_type, is_minor, valid_from, valid_to)
SELECT tenancy_id, number, %(major)s, number_type, true, valid_from, valid_to
FROM patient_index.patient_number
WHERE patient_detail_id = %(minor)s
ON CONFLICT (number, tenancy_id, patient_detail_id) DO NOTHING
RETURNING number

-- merge_in_force --
-- What a merge made: the link decisions, where they were kept, that are still in force, were said again after a
-- deletion, or would be with a record that is deleted; and the numbers.
SELECT m.merge_id, m.numbers_taken, ARRAY(
    SELECT d.decision_id FROM patient_index.link_decision d
    WHERE (d.superseded_at IS NULL OR d.superseded_by IS NULL AND d.withdrawn_by IS NULL AND EXISTS (
            SELECT FROM patient_index.withdrawal w
            JOIN patient_index.patient_record r
                ON r.patient_detail_id IN (d.record_a, d.record_b) AND r.deleted_at IS NOT NULL
            WHERE w.patient_detail_id IN (d.record_a, d.record_b) AND w.withdrawn_at = d.superseded_at)) AND (
        d.decision_id = ANY (m.link_decisions)
        OR EXISTS (
            SELECT FROM patient_index.link_decision made
            WHERE made.decision_id = ANY (m.link_decisions) AND made.word_id = d.word_id
              AND made.record_a = d.record_a AND made.record_b = d.record_b)
        OR m.link_decisions IS NULL AND d.rule = %(steward)s AND d.decided_by = m.decided_by
            AND d.record_a = least(m.minor_id, m.major_id) AND d.record_b = greatest(m.minor_id, m.major_id))
    ORDER BY d.decision_id)
FROM patient_index.patient_merge m
WHERE m.minor_id = %(minor)s AND m.major_id = %(major)s AND m.undone_at IS NULL

-- end_merge --
-- A merge is undone; that it was made stays written.
UPDATE patient_index.patient_merge
SET undone_at = patient_index.moment(), undone_by = %(undone_by)s, undo_reason = %(reason)s
WHERE merge_id = %(merge_id)s

-- give_back_numbers --
-- The major record loses the numbers that it had by the merge alone, but for those that are, or have since been, its
-- own. Of a merge before they were kept, all those of the minor record.
DELETE FROM patient_index.patient_number n
WHERE n.patient_detail_id = %(major)s AND n.is_minor
  AND n.number = ANY (coalesce(%(numbers_taken)s::text[], ARRAY(
      SELECT own.number FROM patient_index.patient_number own WHERE own.patient_detail_id = %(minor)s)))
  AND NOT EXISTS (
    SELECT FROM patient_index.patient_record_version v
    WHERE v.patient_detail_id = %(major)s AND v.demographics->>'PatientNumber' = n.number)

-- revive_number --
-- The number that the source gives the minor record is its present one again.
UPDATE patient_index.patient_number n SET is_minor = false, valid_to = NULL
FROM patient_index.patient_record r
WHERE n.patient_detail_id = %(minor)s AND r.patient_detail_id = n.patient_detail_id
  AND n.number = r.demographics->>'PatientNumber'

-- overridden --
-- The bars that the decisions of a merge had put an end to, when they were first said or later.
SELECT record_a, record_b, decided_by, reason, sealed, word_id FROM patient_index.link_decision
WHERE superseded_by = ANY (
    SELECT made.decision_id
    FROM patient_index.link_decision d
    JOIN patient_index.link_decision made ON made.decision_id = d.decision_id
        OR made.word_id = d.word_id AND made.record_a = d.record_a AND made.record_b = d.record_b
    WHERE d.decision_id = ANY (%(decisions)s))
  AND rule = %(steward)s AND decision = 'not linked'
ORDER BY decision_id

-- end_weights_on --
-- What weights have said of a pair gives way to a steward's word.
UPDATE patient_index.link_decision SET superseded_at = patient_index.moment()
WHERE record_a = %(record_a)s AND record_b = %(record_b)s AND superseded_at IS NULL AND rule <> %(steward)s

-- say_again --
-- A bar is in force again, unless somebody has spoken of the pair since.
INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, reason, sealed, word_id)
SELECT %(record_a)s, %(record_b)s, 'not linked', %(steward)s, %(decided_by)s, %(reason)s, %(sealed)s, %(word_id)s
WHERE NOT EXISTS (
    SELECT FROM patient_index.link_decision
    WHERE record_a = %(record_a)s AND record_b = %(record_b)s AND sealed = %(sealed)s AND superseded_at IS NULL
      AND rule = %(steward)s)
