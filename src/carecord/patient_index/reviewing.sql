-- words_between --
-- The words of stewards in force on pairs with one record on each side; of `a` and `a` those within it.
SELECT decision_id, record_a, record_b, decision, decided_by, decided_at, reason, sealed
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND rule = 'steward' AND record_a = ANY (%(ours)s) AND record_b = ANY (%(theirs)s)
UNION
SELECT decision_id, record_a, record_b, decision, decided_by, decided_at, reason, sealed
FROM patient_index.link_decision
WHERE superseded_at IS NULL AND rule = 'steward' AND record_a = ANY (%(theirs)s) AND record_b = ANY (%(ours)s)
ORDER BY decision_id

-- joined_with --
-- A record and all whom words in force join with it, one after another, whatever parts them.
WITH RECURSIVE joined AS (
    SELECT %(patient_detail_id)s::bigint AS id
    UNION
    SELECT CASE WHEN d.record_a = joined.id THEN d.record_b ELSE d.record_a END
    FROM joined
    JOIN patient_index.link_decision d ON d.superseded_at IS NULL AND d.rule = 'steward' AND d.decision = 'linked'
        AND (d.record_a = joined.id OR d.record_b = joined.id)
)
SELECT id FROM joined

-- merges_between --
-- Merges in force between two sides.
SELECT minor_id, major_id FROM patient_index.patient_merge
WHERE undone_at IS NULL
  AND (minor_id = ANY (%(ours)s) AND major_id = ANY (%(theirs)s)
       OR minor_id = ANY (%(theirs)s) AND major_id = ANY (%(ours)s))

-- give_way --
-- End what stands decided of these pairs before a word on them. Under a sealed word an open "different people"
-- goes on as if there were no other; under an open word every sealed one does, unless it is to be undone.
UPDATE patient_index.link_decision d SET superseded_at = %(at)s
FROM unnest(%(record_a)s::bigint[], %(record_b)s::bigint[]) AS p (record_a, record_b)
WHERE d.record_a = p.record_a AND d.record_b = p.record_b AND d.superseded_at IS NULL
  AND CASE WHEN d.sealed THEN %(over_sealed)s
           ELSE NOT (%(sealed)s AND d.rule = 'steward' AND d.decision = 'not linked') END
RETURNING d.decision_id

-- write_words --
-- Write what a steward says of pairs, all at one instant.
-- That those who leave together stay together is told openly, and so without the reason of a sealed word.
INSERT INTO patient_index.link_decision
    (record_a, record_b, decision, rule, decided_by, decided_at, reason, sealed)
SELECT p.record_a, p.record_b, p.decision, 'steward', %(decided_by)s, %(at)s,
    CASE WHEN %(sealed)s AND p.decision = 'linked' THEN NULL ELSE %(reason)s END,
    %(sealed)s AND p.decision = 'not linked'
FROM unnest(%(record_a)s::bigint[], %(record_b)s::bigint[], %(decision)s::text[])
    AS p (record_a, record_b, decision)
RETURNING decision_id

-- name_word --
-- What belongs to one word is known by the first decision of it, also when it is said again.
UPDATE patient_index.link_decision SET word_id = %(word_id)s WHERE decision_id = ANY (%(written)s)

-- name_successors --
-- A decision that gave way names the one that took its place; an open one never a sealed one.
UPDATE patient_index.link_decision old
SET superseded_by = new.decision_id
FROM patient_index.link_decision new
WHERE old.decision_id = ANY (%(ended)s) AND new.decision_id = ANY (%(written)s)
  AND new.record_a = old.record_a AND new.record_b = old.record_b AND (old.sealed OR NOT new.sealed)

-- close_proposals --
-- A word on two records answers what was proposed of them. Of a sealed word a proposal says nothing.
UPDATE patient_index.proposal o
SET closed_at = %(at)s, outcome = CASE WHEN %(sealed)s THEN 'withdrawn' ELSE p.decision END
FROM unnest(%(record_a)s::bigint[], %(record_b)s::bigint[], %(decision)s::text[])
    AS p (record_a, record_b, decision)
WHERE o.record_a = p.record_a AND o.record_b = p.record_b AND o.closed_at IS NULL

-- present --
-- The instant of this transaction, which every row of one word bears.
SELECT patient_index.moment()

-- word_of --
-- The word that a decision is part of, one row for each pair; and whether it can be taken back: it is in force, or
-- would be again with a deleted record.
SELECT w.decision_id, w.record_a, w.record_b, w.decision, w.decided_by, w.decided_at, w.reason, w.sealed,
    w.superseded_at IS NULL OR w.superseded_by IS NULL AND w.withdrawn_by IS NULL AND EXISTS (
        SELECT FROM patient_index.withdrawal x
        JOIN patient_index.patient_record r ON r.patient_detail_id IN (w.record_a, w.record_b) AND r.deleted_at IS NOT NULL
        WHERE x.patient_detail_id IN (w.record_a, w.record_b) AND x.withdrawn_at = w.superseded_at)
FROM patient_index.link_decision d
JOIN patient_index.link_decision w ON w.rule = d.rule AND (
    w.decision_id = d.decision_id OR w.word_id = d.word_id
    OR d.word_id IS NULL AND w.word_id IS NULL AND d.carried_for IS NULL AND w.carried_for IS NULL
        AND w.decided_by = d.decided_by AND w.decided_at = d.decided_at)
WHERE d.decision_id = %(decision_id)s AND d.rule = 'steward'
  AND (%(may_see_sealed)s OR NOT d.sealed AND NOT w.sealed)
ORDER BY w.decision_id = d.decision_id DESC, w.decision_id

-- withdraw_words --
-- Take back words: they are kept, with the name and the reason of who took them back.
UPDATE patient_index.link_decision
SET superseded_at = coalesce(superseded_at, %(at)s), withdrawn_by = %(withdrawn_by)s, withdrawal_reason = %(reason)s
WHERE decision_id = ANY (%(decision_ids)s)

-- words_of_deleted --
-- What two words with a deleted record came to for those that stay, and is taken back, takes these two back too.
SELECT o.decision_id, o.record_a, o.record_b
FROM patient_index.link_decision c
JOIN patient_index.patient_record gone ON gone.patient_detail_id = c.carried_for AND gone.deleted_at IS NOT NULL
JOIN patient_index.link_decision o ON (o.record_a, o.record_b) IN (
    (least(c.carried_for, c.record_a), greatest(c.carried_for, c.record_a)),
    (least(c.carried_for, c.record_b), greatest(c.carried_for, c.record_b)))
WHERE c.decision_id = ANY (%(decision_ids)s) AND c.decision = 'linked' AND o.decision = 'linked'
  AND o.rule = 'steward' AND o.superseded_at IS NOT NULL AND o.superseded_by IS NULL AND o.withdrawn_by IS NULL

-- carried_from --
-- What these words, with a deleted record, came to for those that stay.
SELECT c.decision_id
FROM patient_index.link_decision o
JOIN patient_index.patient_record gone
    ON gone.patient_detail_id IN (o.record_a, o.record_b) AND gone.deleted_at IS NOT NULL
JOIN patient_index.link_decision c ON c.carried_for = gone.patient_detail_id
WHERE o.decision_id = ANY (%(decision_ids)s) AND c.superseded_at IS NULL
  AND CASE WHEN o.record_a = gone.patient_detail_id THEN o.record_b ELSE o.record_a END IN (c.record_a, c.record_b)

-- overridden_by --
-- What gave way to these decisions.
SELECT decision_id, record_a, record_b, decision, decided_by, decided_at, reason, sealed
FROM patient_index.link_decision
WHERE superseded_by = ANY (%(decision_ids)s) AND rule = 'steward' AND (%(may_see_sealed)s OR NOT sealed)
ORDER BY decision_id

-- possible_tasks --
-- Possible links, {which}.
SELECT 'L' AS letter, d.decision_id AS number, 'link' AS asks, ARRAY[d.record_a, d.record_b] AS records,
    ARRAY[d.record_a, d.record_b] AS concerns, d.weight, d.relative_weight, coalesce(d.guards, '{}') AS reasons,
    d.decided_at AS since, 3 AS place,
    -coalesce(least(d.weight - %(join)s, d.relative_weight - %(relative_join)s), -1000) AS rank
FROM patient_index.link_decision d
WHERE d.decision = 'possible' AND NOT d.sealed AND {which}

-- possible_waiting --
-- A condition: the possible link waits for a steward.
d.superseded_at IS NULL

-- overlay_tasks --
-- Source records that turned into somebody else, {which}.
SELECT 'O' AS letter, o.overlay_id AS number, 'overlay' AS asks, ARRAY[o.patient_detail_id] AS records,
    o.patient_detail_id || o.former_records AS concerns, NULL::double precision AS weight,
    NULL::double precision AS relative_weight, '{}'::text[] AS reasons, o.noticed_at AS since, 1 AS place,
    extract(epoch FROM o.noticed_at)::double precision AS rank
FROM patient_index.overlay o
WHERE {which}

-- overlay_waiting --
-- A condition: the overlay waits for a steward.
o.decided_at IS NULL AND EXISTS (
    SELECT FROM patient_index.patient_record r
    WHERE r.patient_detail_id = o.patient_detail_id AND r.deleted_at IS NULL)

-- proposal_tasks --
-- Proposals, {which}.
SELECT 'P' AS letter, p.proposal_id AS number, p.kind AS asks, ARRAY[p.record_a, p.record_b] AS records,
    ARRAY[p.record_a, p.record_b] AS concerns, p.weight, p.relative_weight, p.reasons, p.proposed_at AS since,
    CASE p.kind WHEN 'unlink' THEN 2 ELSE 3 END AS place,
    CASE p.kind WHEN 'unlink' THEN 1 ELSE -1 END
        * least(p.weight - %(join)s, p.relative_weight - %(relative_join)s) AS rank
FROM patient_index.proposal p
WHERE {which}

-- proposal_waiting --
-- A condition: the proposal waits for a steward, and nothing that came since has answered it.
p.closed_at IS NULL AND EXISTS (
    SELECT FROM patient_index.patient_record a
    JOIN patient_index.patient_record b ON b.patient_detail_id = p.record_b
    WHERE a.patient_detail_id = p.record_a AND a.deleted_at IS NULL AND b.deleted_at IS NULL
      AND (p.kind = 'link') = (a.person_id <> b.person_id)
      AND NOT EXISTS (
        SELECT FROM patient_index.patient_record x
        JOIN patient_index.link_decision d ON d.record_a = x.patient_detail_id
        JOIN patient_index.patient_record y ON y.patient_detail_id = d.record_b
        WHERE d.superseded_at IS NULL AND d.decision = 'not linked' AND x.person_id <> y.person_id
          AND x.person_id IN (a.person_id, b.person_id) AND y.person_id IN (a.person_id, b.person_id)))

-- guarded_tasks --
-- Parts of a query: {tasks}, and which of them concern a person on either side of a sealed decision.
sealed_record AS MATERIALIZED (
    SELECT DISTINCT fellow.patient_detail_id
    FROM patient_index.link_decision d
    CROSS JOIN unnest(ARRAY[d.record_a, d.record_b]) AS ends (id)
    JOIN patient_index.patient_record r ON r.patient_detail_id = ends.id
    JOIN patient_index.patient_record fellow USING (person_id)
    WHERE d.sealed AND d.superseded_at IS NULL
), task AS MATERIALIZED (
    {tasks}
), guarded AS (
    SELECT DISTINCT letter, number, true AS sealed
    FROM task CROSS JOIN unnest(task.concerns) AS one (id)
    JOIN sealed_record ON sealed_record.patient_detail_id = one.id
)

-- list_tasks --
-- A page of {tasks}, those first that wait where harm is done or most is won.
-- What concerns a person on either side of a sealed decision is for those alone who may see it.
WITH {guarded_tasks}, page AS (
    SELECT task.*, guarded.sealed IS NOT NULL AS sealed
    FROM task LEFT JOIN guarded USING (letter, number)
    WHERE (guarded.sealed IS NULL OR %(may_see_sealed)s)
      AND (%(place)s::integer IS NULL
           OR (place, rank, letter, number) > (%(place)s, %(rank)s, %(letter)s, %(number)s))
    ORDER BY place, rank, letter, number
    LIMIT %(limit)s
)
SELECT page.letter, page.number, page.asks, page.records, page.concerns, beside.sources, beside.fellows, page.weight,
    page.relative_weight, page.reasons, page.since, page.sealed
FROM page
CROSS JOIN LATERAL (
    SELECT array_agg(t.description ORDER BY named.position) AS sources,
        array_agg((SELECT count(*) - 1 FROM patient_index.patient_record f WHERE f.person_id = r.person_id)
                  ORDER BY named.position) AS fellows
    FROM unnest(page.records) WITH ORDINALITY AS named (id, position)
    JOIN patient_index.patient_record r ON r.patient_detail_id = named.id
    JOIN patient_index.tenancy t USING (tenancy_id)
) AS beside
ORDER BY place, rank, letter, number

-- place_of_task --
-- Where one of {tasks} stands, or stood, in the order of all.
SELECT place, rank FROM ({tasks}) AS task

-- count_tasks --
-- How many of {tasks} there are of each kind, sealed ones left out for those who may not see them.
WITH {guarded_tasks}
SELECT letter, count(*)
FROM task LEFT JOIN guarded USING (letter, number)
WHERE guarded.sealed IS NULL OR %(may_see_sealed)s
GROUP BY letter

-- sides_of_records --
-- What is known of these records: source, demographics as sent, what they are compared by, and whether their persons
-- are protected.
SELECT r.patient_detail_id, t.description, r.demographics, r.identity::text,
    EXISTS (SELECT FROM patient_index.protected_person p WHERE p.person_id = r.person_id)
FROM patient_index.patient_record r
JOIN patient_index.tenancy t USING (tenancy_id)
WHERE r.patient_detail_id = ANY (%(ids)s)

-- side_before_overlay --
-- What a record that turned into somebody else was before.
SELECT o.patient_detail_id, t.description, v.demographics, o.identity_before::text,
    EXISTS (SELECT FROM patient_index.protected_person p WHERE p.person_id = r.person_id)
FROM patient_index.overlay o
JOIN patient_index.patient_record r USING (patient_detail_id)
JOIN patient_index.tenancy t USING (tenancy_id)
LEFT JOIN LATERAL (
    SELECT v.demographics FROM patient_index.patient_record_version v
    WHERE v.patient_detail_id = o.patient_detail_id AND v.identity::text = o.identity_before::text
    ORDER BY v.version DESC LIMIT 1
) AS v ON true
WHERE o.overlay_id = %(overlay_id)s

-- said_now --
-- What a steward has said of a record in this transaction.
SELECT decision_id FROM patient_index.link_decision
WHERE rule = 'steward' AND decided_by = %(decided_by)s AND decided_at = patient_index.moment()
  AND superseded_at IS NULL AND (record_a = %(record)s OR record_b = %(record)s)
ORDER BY decision_id
