-- once_linked --
-- The record and all that links, past ones too, ever led to from it; one more than %(most)s where there are more.
WITH RECURSIVE linked (id) AS (
    SELECT %(patient_detail_id)s::bigint
    UNION
    SELECT beside.id
    FROM linked
    CROSS JOIN LATERAL (
        SELECT record_b FROM patient_index.link_decision
        WHERE record_a = linked.id AND decision = 'linked' AND superseded_at IS NULL
        UNION ALL
        SELECT record_b FROM patient_index.link_decision
        WHERE record_a = linked.id AND decision = 'linked' AND superseded_at IS NOT NULL
        UNION ALL
        SELECT record_a FROM patient_index.link_decision
        WHERE record_b = linked.id AND decision = 'linked' AND superseded_at IS NULL
        UNION ALL
        SELECT record_a FROM patient_index.link_decision
        WHERE record_b = linked.id AND decision = 'linked' AND superseded_at IS NOT NULL
    ) AS beside (id)
)
SELECT id FROM linked LIMIT %(most)s + 1

-- decisions_ever --
-- Every decision, past ones too, that names any of these records, in the order in which they were made.
WITH named AS (
    SELECT decision_id FROM patient_index.link_decision WHERE record_a = ANY (%(ids)s) AND superseded_at IS NULL
    UNION
    SELECT decision_id FROM patient_index.link_decision WHERE record_a = ANY (%(ids)s) AND superseded_at IS NOT NULL
    UNION
    SELECT decision_id FROM patient_index.link_decision WHERE record_b = ANY (%(ids)s) AND superseded_at IS NULL
    UNION
    SELECT decision_id FROM patient_index.link_decision WHERE record_b = ANY (%(ids)s) AND superseded_at IS NOT NULL
)
SELECT decision_id, record_a, record_b, decision, rule, decided_by, decided_at, reason, model, weight, relative_weight,
    coalesce(guards, '{}'), superseded_at, withdrawn_by, withdrawal_reason, sealed
FROM named JOIN patient_index.link_decision USING (decision_id)
ORDER BY decided_at, decision_id

-- links_of_a_time --
-- The links that held the group of a record together at an instant; the oldest first.
WITH RECURSIVE walked (id, decision_id) AS (
    SELECT %(patient_detail_id)s::bigint, NULL::bigint
    UNION
    SELECT beside.id, beside.decision_id
    FROM walked
    CROSS JOIN LATERAL (
        SELECT record_b, decision_id FROM patient_index.link_decision
        WHERE record_a = walked.id AND decision = 'linked' AND decided_at <= %(at)s AND superseded_at IS NULL
        UNION ALL
        SELECT record_b, decision_id FROM patient_index.link_decision
        WHERE record_a = walked.id AND decision = 'linked' AND decided_at <= %(at)s AND superseded_at > %(at)s
        UNION ALL
        SELECT record_a, decision_id FROM patient_index.link_decision
        WHERE record_b = walked.id AND decision = 'linked' AND decided_at <= %(at)s AND superseded_at IS NULL
        UNION ALL
        SELECT record_a, decision_id FROM patient_index.link_decision
        WHERE record_b = walked.id AND decision = 'linked' AND decided_at <= %(at)s AND superseded_at > %(at)s
    ) AS beside (id, decision_id)
)
SELECT DISTINCT d.decision_id, d.record_a, d.record_b, d.rule, d.decided_by, d.decided_at, d.weight
FROM walked JOIN patient_index.link_decision d USING (decision_id)
ORDER BY d.decision_id

-- record_times --
-- When a record came, and the time that it is now.
SELECT created_at, clock_timestamp() FROM patient_index.patient_record WHERE patient_detail_id = %(patient_detail_id)s

-- changes_of_records --
-- What befell these records apart from decisions: when what, to which record, beside which, by whom and why.
SELECT created_at AS at, 'came' AS what, patient_detail_id, NULL::bigint AS other_id, NULL AS decided_by, NULL AS reason
FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)
UNION ALL
SELECT v.valid_to, 'details changed', v.patient_detail_id, NULL, NULL, NULL
FROM (
    SELECT patient_detail_id, valid_to, identity::text,
        lead(identity::text) OVER (PARTITION BY patient_detail_id ORDER BY version) AS next_identity
    FROM patient_index.patient_record_version WHERE patient_detail_id = ANY (%(ids)s)
) AS v
JOIN patient_index.patient_record r USING (patient_detail_id)
WHERE v.identity <> coalesce(v.next_identity, r.identity::text)
UNION ALL
SELECT noticed_at, 'turned into somebody else', patient_detail_id, NULL, NULL, NULL
FROM patient_index.overlay WHERE patient_detail_id = ANY (%(ids)s)
UNION ALL
SELECT decided_at, 'overlay: ' || decision, patient_detail_id, NULL, decided_by, reason
FROM patient_index.overlay WHERE patient_detail_id = ANY (%(ids)s) AND decided_at IS NOT NULL
UNION ALL
SELECT withdrawn_at, 'deleted', patient_detail_id, NULL, withdrawn_by, reason
FROM patient_index.withdrawal WHERE patient_detail_id = ANY (%(ids)s)
UNION ALL
SELECT returned_at, 'sent again', patient_detail_id, NULL, NULL, NULL
FROM patient_index.withdrawal WHERE patient_detail_id = ANY (%(ids)s) AND returned_at IS NOT NULL
UNION ALL
SELECT merged_at, 'merged', minor_id, major_id, decided_by, reason
FROM patient_index.patient_merge WHERE minor_id = ANY (%(ids)s) OR major_id = ANY (%(ids)s)
UNION ALL
SELECT undone_at, 'merge undone', minor_id, major_id, undone_by, undo_reason
FROM patient_index.patient_merge
WHERE (minor_id = ANY (%(ids)s) OR major_id = ANY (%(ids)s)) AND undone_at IS NOT NULL
ORDER BY 1
