-- limit_counting --
-- Counting gives up after so long.
SELECT set_config('statement_timeout', %(timeout_ms)s, true)

-- persons_by_size --
-- How many persons have so many records.
SELECT size, count(*)
FROM (SELECT count(*) AS size FROM patient_index.patient_record GROUP BY person_id) AS person
GROUP BY size

-- decisions_by_kind --
-- Every decision ever written that is not sealed: how many of each kind, and how many of them are in force.
SELECT decision, rule, coalesce(guards, '{}'), count(*), count(*) FILTER (WHERE superseded_at IS NULL),
    count(*) FILTER (WHERE withdrawn_by IS NOT NULL)
FROM patient_index.link_decision
WHERE NOT sealed
GROUP BY decision, rule, guards

-- waiting_links --
-- Possible links that wait for a steward, by what stopped them; and since when the first of them.
SELECT coalesce(d.guards, '{}'), count(*), min(d.decided_at)
FROM patient_index.link_decision d
WHERE d.decision = 'possible' AND NOT d.sealed AND {stands}
GROUP BY d.guards

-- overlays_by_decision --
-- Records that turned into somebody else, by what was decided; open ones first have none.
SELECT decision, count(*), min(noticed_at) FROM patient_index.overlay GROUP BY decision

-- proposals_by_outcome --
-- What linking anew has proposed, by what came of it.
SELECT kind, outcome, count(*), min(proposed_at) FROM patient_index.proposal GROUP BY kind, outcome

-- hot_keys_by_rule --
-- Blocking keys that are too common to compare by.
SELECT rule, count(*) FROM patient_index.hot_key GROUP BY rule

-- other_sizes --
-- NHS numbers known to be superseded, and records that their sources have deleted.
SELECT
    (SELECT count(*) FROM patient_index.nhs_number_alias),
    (SELECT count(*) FROM patient_index.withdrawal WHERE returned_at IS NULL AND patient_detail_id IS NOT NULL)

-- last_examination --
-- What was found when the index was looked over last.
SELECT examined_at, found FROM patient_index.examination ORDER BY examination_id DESC LIMIT 1
