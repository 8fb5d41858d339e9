-- open_overlays --
-- Of these records those that wait to be decided on, with who they were before.
SELECT patient_detail_id, identity_before::text FROM patient_index.overlay
WHERE patient_detail_id = ANY (%(ids)s) AND decided_at IS NULL

-- earlier_identities --
-- Who these records were at other times of the last hours, and when they last had a forename, a surname, a date of
-- birth; since anybody decided on them. A record that was emptied is thus held to what it said before.
SELECT v.patient_detail_id, v.identity::text, v.valid_to
FROM (
    SELECT *,
        max(version) FILTER (WHERE identity->>2 IS NOT NULL) OVER of_record AS had_forename,
        max(version) FILTER (WHERE identity->>4 IS NOT NULL) OVER of_record AS had_surname,
        max(version) FILTER (WHERE identity->>6 IS NOT NULL) OVER of_record AS had_birth
    FROM patient_index.patient_record_version earlier
    WHERE patient_detail_id = ANY (%(ids)s)
      AND valid_to > coalesce((
        SELECT max(o.decided_at) FROM patient_index.overlay o
        WHERE o.patient_detail_id = earlier.patient_detail_id), '-infinity')
    WINDOW of_record AS (PARTITION BY patient_detail_id)
) v
WHERE v.valid_to > now() - make_interval(hours => %(hours)s)
   OR v.version IN (v.had_forename, v.had_surname, v.had_birth)
ORDER BY v.patient_detail_id, v.version

-- open_overlay --
-- Make a task of a record that turned into somebody else, and keep who its person's other records were: also those
-- that weights parted from it since it stopped saying who it was.
INSERT INTO patient_index.overlay (patient_detail_id, identity_before, former_records)
SELECT r.patient_detail_id, %(identity_before)s, ARRAY(
    SELECT other.patient_detail_id FROM patient_index.patient_record other
    WHERE other.person_id = r.person_id AND other.patient_detail_id <> r.patient_detail_id
    UNION
    SELECT d.record_a + d.record_b - r.patient_detail_id FROM patient_index.link_decision d
    WHERE r.patient_detail_id IN (d.record_a, d.record_b) AND d.decision = 'linked' AND NOT d.sealed
      AND d.superseded_at >= %(until)s::timestamptz
    ORDER BY 1)
FROM patient_index.patient_record r
WHERE r.patient_detail_id = %(patient_detail_id)s

-- undo_overlays --
-- The source sends the former patient again: nobody need decide.
UPDATE patient_index.overlay SET decision = 'undone', decided_by = %(decided_by)s, decided_at = clock_timestamp()
WHERE patient_detail_id = ANY (%(ids)s) AND decided_at IS NULL

-- close_overlay --
-- Write down what somebody decided of an open task. No row where none is open.
-- Gives back the records of the former person, and who the record is now.
UPDATE patient_index.overlay o
SET decision = %(decision)s, decided_by = %(decided_by)s, reason = %(reason)s, decided_at = clock_timestamp()
FROM patient_index.patient_record r
WHERE o.patient_detail_id = %(patient_detail_id)s AND o.decided_at IS NULL
  AND r.patient_detail_id = o.patient_detail_id AND r.deleted_at IS NULL
RETURNING o.former_records, r.identity::text

-- was_overlaid --
-- Whether a record is known, and whether it ever turned into somebody else.
SELECT EXISTS (SELECT FROM patient_index.overlay o WHERE o.patient_detail_id = r.patient_detail_id)
FROM patient_index.patient_record r WHERE r.patient_detail_id = %(patient_detail_id)s AND r.deleted_at IS NULL

-- former_person --
-- The records that the former person has by now, besides the record that left it. Its own person is part of it
-- where stewards had joined the two.
SELECT r.patient_detail_id, r.identity::text
FROM patient_index.patient_record former
JOIN patient_index.patient_record r USING (person_id)
WHERE former.patient_detail_id = ANY (%(former_records)s) AND r.patient_detail_id <> %(patient_detail_id)s
GROUP BY r.patient_detail_id
ORDER BY r.patient_detail_id

-- merges_of --
-- Merges in force between a record and any of these.
SELECT merge_id FROM patient_index.patient_merge
WHERE undone_at IS NULL
  AND (minor_id = %(patient_detail_id)s AND major_id = ANY (%(others)s)
       OR major_id = %(patient_detail_id)s AND minor_id = ANY (%(others)s))

-- end_words_with --
-- The open decisions between a record and these others give way, but for those that say the same.
UPDATE patient_index.link_decision SET superseded_at = patient_index.moment()
WHERE superseded_at IS NULL AND NOT sealed AND NOT (rule = %(steward)s AND decision = 'not linked')
  AND (record_a = %(patient_detail_id)s AND record_b = ANY (%(others)s)
       OR record_b = %(patient_detail_id)s AND record_a = ANY (%(others)s))
RETURNING decision_id

-- bar_from --
-- Say for good that a record is not of the person that these others are of, where nobody has said it yet.
INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, reason)
SELECT least(%(patient_detail_id)s, other), greatest(%(patient_detail_id)s, other), 'not linked', %(steward)s,
    %(decided_by)s, %(reason)s
FROM unnest(%(others)s::bigint[]) AS other
WHERE NOT EXISTS (
    SELECT FROM patient_index.link_decision d
    WHERE d.record_a = least(%(patient_detail_id)s, other) AND d.record_b = greatest(%(patient_detail_id)s, other)
      AND d.superseded_at IS NULL AND NOT d.sealed)
ORDER BY other
RETURNING decision_id

-- name_successors --
-- Superseded decisions name those that took their places.
UPDATE patient_index.link_decision old
SET superseded_by = new.decision_id
FROM patient_index.link_decision new
WHERE old.decision_id = ANY (%(ended)s) AND new.decision_id = ANY (%(written)s)
  AND new.record_a = old.record_a AND new.record_b = old.record_b

-- bars_to_hand_on --
-- What stewards have barred a record from while it was the former person's: said since it last became another, and
-- before it turned. Gives for each of the former person's other records the same word on it, but where a steward has
-- spoken of the two.
SELECT least(former, x.parted), greatest(former, x.parted), d.decided_by, d.reason, d.sealed,
    coalesce(d.word_id, d.decision_id)
FROM (
    SELECT max(noticed_at) AS turned_at,
        coalesce(max(decided_at) FILTER (WHERE decision = 'another person' AND overlay_id < (
            SELECT max(overlay_id) FROM patient_index.overlay WHERE patient_detail_id = %(patient_detail_id)s
        )), '-infinity') AS since
    FROM patient_index.overlay WHERE patient_detail_id = %(patient_detail_id)s
) o
JOIN patient_index.link_decision d ON d.decided_at BETWEEN o.since AND o.turned_at
CROSS JOIN LATERAL (SELECT d.record_a + d.record_b - %(patient_detail_id)s AS parted) x
CROSS JOIN unnest(%(former)s::bigint[]) AS former
WHERE d.superseded_at IS NULL AND d.rule = %(steward)s AND d.decision = 'not linked'
  AND %(patient_detail_id)s IN (d.record_a, d.record_b) AND x.parted <> ALL (%(former)s)
  AND NOT EXISTS (
    SELECT FROM patient_index.link_decision said
    WHERE said.record_a = least(former, x.parted) AND said.record_b = greatest(former, x.parted)
      AND said.superseded_at IS NULL AND said.rule = %(steward)s)
ORDER BY former, x.parted, d.decision_id
