-- look_without_changing --
-- One picture of the whole index while it is looked over; nothing is changed, and writers do not wait.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- index_size --
-- How many records there are, and how many persons.
SELECT coalesce(sum(size), 0)::bigint, count(*)
FROM (SELECT count(*) AS size FROM patient_index.patient_record GROUP BY person_id) AS persons

-- stands --
-- A condition on the decision d: it is in force, and no sealed one on the same two records stands above it.
d.superseded_at IS NULL AND NOT EXISTS (
    SELECT FROM patient_index.link_decision s
    WHERE s.record_a = d.record_a AND s.record_b = d.record_b AND s.superseded_at IS NULL AND s.sealed
      AND NOT d.sealed)

-- sealed_record --
-- The records of every person on a side of a sealed decision.
sealed_record AS MATERIALIZED (
    SELECT DISTINCT fellow.patient_detail_id
    FROM patient_index.link_decision d
    CROSS JOIN unnest(ARRAY[d.record_a, d.record_b]) AS ends (id)
    JOIN patient_index.patient_record r ON r.patient_detail_id = ends.id
    JOIN patient_index.patient_record fellow USING (person_id)
    WHERE d.sealed AND d.superseded_at IS NULL
)

-- groups_to_examine --
-- The persons whose records are compared anew: of more than %(few)s, held together by another model or by people,
-- or by too few links. Of the others the model in force has compared every pair, and has linked them.
WITH person AS (
    SELECT person_id, count(*) AS size FROM patient_index.patient_record GROUP BY person_id HAVING count(*) > 1
), held_together AS (
    SELECT a.person_id, count(*) AS links, bool_or(d.model IS DISTINCT FROM %(model)s) AS otherwise
    FROM patient_index.link_decision d
    JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a
    JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b AND b.person_id = a.person_id
    WHERE d.decision = 'linked' AND d.superseded_at IS NULL
    GROUP BY a.person_id
)
SELECT person_id
FROM person LEFT JOIN held_together USING (person_id)
WHERE size > %(few)s OR otherwise IS DISTINCT FROM false OR links < size - 1
ORDER BY person_id

-- members_of_groups --
-- The records of these persons.
SELECT person_id, patient_detail_id, identity::text
FROM patient_index.patient_record
WHERE person_id = ANY (%(persons)s)

-- links_of_groups --
-- The links in force within these persons, and whether a steward made them. Whether a sealed decision stands above
-- one is not asked: what is told of these persons must not tell of it.
SELECT a.person_id, d.record_a, d.record_b, d.rule = %(steward)s
FROM patient_index.patient_record a
JOIN patient_index.link_decision d ON d.record_a = a.patient_detail_id
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b AND b.person_id = a.person_id
WHERE a.person_id = ANY (%(persons)s) AND d.decision = 'linked' AND d.superseded_at IS NULL

-- links_across --
-- Links in force between records that are not of one person; and how many there are.
SELECT count(*) OVER (), ARRAY[d.record_a, d.record_b], d.rule
FROM patient_index.link_decision d
JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b AND b.person_id <> a.person_id
WHERE d.decision = 'linked' AND {stands}
ORDER BY d.decision_id
LIMIT %(most)s

-- bars_of_deleted --
-- Records linked with whom a steward parted from a record that the same source has deleted since: perhaps the same
-- patient under another key. Which they are, is told of those that are not sealed.
SELECT count(*) OVER (), CASE WHEN d.sealed THEN '{}' ELSE ARRAY[gone.patient_detail_id, later.patient_detail_id,
    parted.patient_detail_id] END, NULL
FROM patient_index.link_decision d
CROSS JOIN LATERAL (VALUES (d.record_a, d.record_b), (d.record_b, d.record_a)) AS ends (gone, parted)
JOIN patient_index.patient_record gone ON gone.patient_detail_id = ends.gone AND gone.deleted_at IS NOT NULL
JOIN patient_index.patient_record parted ON parted.patient_detail_id = ends.parted
JOIN patient_index.patient_record later ON later.person_id = parted.person_id AND later.tenancy_id = gone.tenancy_id
    AND later.patient_detail_id <> parted.patient_detail_id AND later.created_at > d.decided_at
WHERE d.decision = 'not linked' AND d.rule = %(steward)s AND d.superseded_by IS NULL AND d.withdrawn_by IS NULL
ORDER BY d.sealed, d.decision_id
LIMIT %(most)s

-- bars_inside --
-- Records of one person that somebody has said are not. Which they are, is told of those that are not sealed.
SELECT count(*) OVER (), CASE WHEN d.sealed THEN '{}' ELSE ARRAY[d.record_a, d.record_b] END, NULL
FROM patient_index.link_decision d
JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a
JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b AND b.person_id = a.person_id
WHERE d.decision = 'not linked' AND d.rule = %(steward)s AND {stands}
ORDER BY d.sealed, d.decision_id
LIMIT %(most)s

-- held_but_linked --
-- Records that no weight may link, because they turned into somebody else or are deleted, and that one links.
WITH held AS MATERIALIZED (
    SELECT patient_detail_id FROM patient_index.overlay WHERE decided_at IS NULL
    UNION
    SELECT patient_detail_id FROM patient_index.withdrawal
    WHERE returned_at IS NULL AND patient_detail_id IS NOT NULL
), linked AS (
    SELECT d.* FROM held JOIN patient_index.link_decision d ON d.record_a = held.patient_detail_id
    UNION
    SELECT d.* FROM held JOIN patient_index.link_decision d ON d.record_b = held.patient_detail_id
)
SELECT count(*) OVER (), ARRAY[record_a, record_b], rule
FROM linked
WHERE superseded_at IS NULL AND decision = 'linked' AND rule <> %(steward)s
ORDER BY decision_id
LIMIT %(most)s

-- large_groups --
-- Persons of too many records.
SELECT count(*) OVER (), array_agg(patient_detail_id ORDER BY patient_detail_id), count(*) || ' records'
FROM patient_index.patient_record
GROUP BY person_id
HAVING count(*) > %(largest)s
ORDER BY count(*) DESC, person_id
LIMIT %(most)s

-- many_of_one_source --
-- Persons of whom one source has too many records, those that it has merged or deleted left out.
WITH person AS MATERIALIZED (
    SELECT person_id FROM patient_index.patient_record GROUP BY person_id HAVING count(*) > %(of_one_source)s
)
SELECT count(*) OVER (), array_agg(r.patient_detail_id ORDER BY r.patient_detail_id),
    count(*) || ' records of source ' || r.tenancy_id
FROM person
JOIN patient_index.patient_record r USING (person_id)
LEFT JOIN patient_index.patient_merge m ON m.minor_id = r.patient_detail_id AND m.undone_at IS NULL
WHERE m.minor_id IS NULL AND r.deleted_at IS NULL
GROUP BY r.person_id, r.tenancy_id
HAVING count(*) > %(of_one_source)s
ORDER BY count(*) DESC, r.person_id
LIMIT %(most)s

-- merges_apart --
-- Records that their source has merged and that are two persons. Which they are, is told of those that are on no
-- side of a sealed decision.
WITH {sealed_record}, apart AS (
    SELECT m.merge_id, a.patient_detail_id AS major_id, b.patient_detail_id AS minor_id, EXISTS (
        SELECT FROM sealed_record s WHERE s.patient_detail_id IN (a.patient_detail_id, b.patient_detail_id)) AS sealed
    FROM patient_index.patient_merge m
    JOIN patient_index.patient_record a ON a.patient_detail_id = m.major_id
    JOIN patient_index.patient_record b ON b.patient_detail_id = m.minor_id AND b.person_id <> a.person_id
    WHERE m.undone_at IS NULL
)
SELECT count(*) OVER (), CASE WHEN sealed THEN '{}' ELSE ARRAY[major_id, minor_id] END, NULL
FROM apart
ORDER BY sealed, merge_id
LIMIT %(most)s

-- held_long --
-- Records that turned into somebody else, and that nobody has decided on for long. Which they are, is told of those
-- that neither are nor were of a person on a side of a sealed decision.
WITH {sealed_record}, held AS (
    SELECT overlay_id, patient_detail_id, noticed_at, EXISTS (
        SELECT FROM sealed_record s
        WHERE s.patient_detail_id = ANY (o.patient_detail_id || o.former_records)) AS sealed
    FROM patient_index.overlay o
    WHERE decided_at IS NULL AND noticed_at < now() - %(days_held)s * interval '1 day'
)
SELECT count(*) OVER (), CASE WHEN sealed THEN '{}' ELSE ARRAY[patient_detail_id] END,
    'since ' || to_char(noticed_at, 'YYYY-MM-DD')
FROM held
ORDER BY sealed, noticed_at, overlay_id
LIMIT %(most)s

-- waiting_long --
-- Pairs that have waited long for a steward. Which they are, is told of those that are on no side of a sealed
-- decision: two such pairs set side by side would give away whom it keeps apart.
WITH {sealed_record}, task AS (
    SELECT d.record_a, d.record_b, 'possible link' AS what, d.decided_at AS since
    FROM patient_index.link_decision d
    WHERE d.decision = 'possible' AND NOT d.sealed AND {stands}
    UNION ALL
    SELECT record_a, record_b, 'proposed ' || kind, proposed_at
    FROM patient_index.proposal
    WHERE closed_at IS NULL
), waiting AS (
    SELECT task.*, EXISTS (
        SELECT FROM sealed_record s WHERE s.patient_detail_id IN (task.record_a, task.record_b)) AS sealed
    FROM task
    WHERE since < now() - %(days_waiting)s * interval '1 day'
)
SELECT count(*) OVER (), CASE WHEN sealed THEN '{}' ELSE ARRAY[record_a, record_b] END,
    what || ' since ' || to_char(since, 'YYYY-MM-DD')
FROM waiting
ORDER BY sealed, since, record_a, record_b
LIMIT %(most)s

-- superseded_numbers --
-- Records whose source sends an NHS number that is superseded, with what they are compared by.
SELECT r.patient_detail_id, r.identity::text, a.superseded
FROM patient_index.nhs_number_alias a
JOIN patient_index.patient_record r ON r.nhs_number = a.superseded
ORDER BY r.patient_detail_id

-- hot_keys_now --
-- Blocking keys that more records share than the model compares, with the first records that share them.
WITH hot AS MATERIALIZED (
    SELECT key, count(*) AS sharers FROM patient_index.blocking_key GROUP BY key HAVING count(*) > %(hot)s
)
SELECT hot.key, hot.sharers, ARRAY(
        SELECT k.patient_detail_id FROM patient_index.blocking_key k
        WHERE k.key = hot.key ORDER BY k.patient_detail_id LIMIT %(first)s)
FROM hot
ORDER BY sharers DESC, key

-- identities --
-- What these records are compared by.
SELECT patient_detail_id, identity::text FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(ids)s)

-- sample_of_keys --
-- About so many per cent of the records, by pages of the table: what they are compared by, and their keys.
SELECT r.patient_detail_id, r.identity::text,
    ARRAY(SELECT unnest(r.blocking_keys) ORDER BY 1),
    (SELECT count(*) FROM patient_index.blocking_key k
     WHERE k.key = ANY (r.blocking_keys) AND k.patient_detail_id = r.patient_detail_id)
FROM patient_index.patient_record r TABLESAMPLE SYSTEM (%(percent)s)
WHERE r.deleted_at IS NULL
LIMIT %(sample)s

-- keep_examination --
-- Keep what was found, as counts.
INSERT INTO patient_index.examination (model, records, persons, found)
VALUES (%(model)s, %(records)s, %(persons)s, %(found)s::json)
