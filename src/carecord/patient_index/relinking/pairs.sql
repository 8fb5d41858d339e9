-- blocking_keys --
-- Each record beside each key that it is found by.
SELECT unique_id, held, unnest(blocking_keys) AS key FROM record

-- hot_keys --
-- Keys that more records share than the model compares.
SELECT key, min(unique_id) AS of_record FROM blocking_key GROUP BY key HAVING count(*) > {hot}

-- candidates --
-- Pairs worth comparing: those that share a key which few enough share, and namesakes of a record that has one
-- of too many. Of more namesakes than that, each meets those next to it in the order of their postcodes.
WITH few AS (
    SELECT key FROM blocking_key GROUP BY key HAVING count(*) BETWEEN 2 AND {hot}
), sharing AS (
    SELECT k.key, k.unique_id FROM blocking_key k JOIN few f ON f.key = k.key WHERE NOT k.held
), placed AS (
    SELECT unique_id, namesake,
        row_number() OVER (PARTITION BY namesake ORDER BY postcode_key, unique_id) AS place
    FROM record
    WHERE namesake IS NOT NULL AND NOT held
), asked AS (
    SELECT p.unique_id, p.namesake, p.place
    FROM placed p
    WHERE p.unique_id IN (SELECT k.unique_id FROM blocking_key k JOIN hot_key h ON h.key = k.key)
)
SELECT '0' AS match_key, join_key_l, join_key_r FROM (
    SELECT a.unique_id AS join_key_l, b.unique_id AS join_key_r
    FROM sharing a JOIN sharing b ON a.key = b.key AND a.unique_id < b.unique_id
    UNION
    SELECT least(a.unique_id, p.unique_id), greatest(a.unique_id, p.unique_id)
    FROM asked a
    JOIN placed p ON p.namesake = a.namesake AND p.place BETWEEN a.place - {hot} AND a.place + {hot}
        AND p.unique_id <> a.unique_id
) AS pairs

-- frequencies --
-- How often each name of the index occurs, as the model has it; one that it does not know, never.
SELECT r.{term}, coalesce(max(f.frequency), 0.0) AS tf_{term}
FROM record r LEFT JOIN (SELECT name, frequency FROM frequency WHERE term = '{term}') f ON f.name = r.{term}
WHERE r.{term} IS NOT NULL
GROUP BY r.{term}

-- compared --
-- What Splink says of the pairs.
SELECT unique_id_l AS a, unique_id_r AS b, match_weight AS weight, {levels} FROM {predicted}
