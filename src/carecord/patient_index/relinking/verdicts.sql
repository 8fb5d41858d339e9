-- pairs --
-- The pairs worth a thought, with what guards look at: the levels, and two marks of each record.
CREATE TABLE pair AS
SELECT p.a, p.b, p.weight, p.levels, x.person_id AS person_a, y.person_id AS person_b,
    x.nhs_verified AS verified_a, y.nhs_verified AS verified_b, x.newborn AS newborn_a, y.newborn AS newborn_b
FROM (SELECT a, b, weight, [{levels}]::TINYINT[] AS levels FROM read_parquet($pairs)) p
JOIN record x ON x.unique_id = p.a
JOIN record y ON y.unique_id = p.b

-- patterns --
-- All that the pairs show to guards, once each.
SELECT levels, verified_a, verified_b, newborn_a, newborn_b FROM pair GROUP BY ALL

-- verdicts --
-- deciding.judge, over all pairs at once; a test holds the two to the same.
CREATE TABLE verdict AS
WITH weighed AS (
    SELECT p.a, p.b, p.person_a, p.person_b, p.weight, m.relative_weight, m.kept_apart, m.guarded, m.certain,
        l.a IS NOT NULL AS linked,
        least(p.weight - $join, m.relative_weight - $relative_join) AS strength,
        p.weight >= $compatible AND m.relative_weight >= $relative_compatible AND NOT m.divided AS compatible,
        p.weight < $review OR m.relative_weight < $relative_review AS light
    FROM pair p
    JOIN pattern m USING (levels, verified_a, verified_b, newborn_a, newborn_b)
    LEFT JOIN (SELECT a, b FROM decision WHERE decision = 'linked' AND NOT by_steward) l ON l.a = p.a AND l.b = p.b
)
SELECT a, b, person_a, person_b, compatible AND (light OR NOT kept_apart) AS compatible,
    CASE WHEN light OR kept_apart THEN 'apart'
         WHEN NOT guarded AND (strength >= 0 OR certain
              OR (linked AND weight >= $stay AND relative_weight >= $relative_stay)) THEN 'link'
         ELSE 'review' END AS outcome
FROM weighed

-- open_persons --
-- The persons of whom it is not plain that they stay as they are. It is plain of one who has no steward's
-- decision and nobody near, all of whose records are compatible, and one of them worth a link to each other.
CREATE TABLE open_person AS
WITH size AS (
    SELECT person_id, count(*) AS records, bool_or(held) AS held FROM record GROUP BY person_id
), inside AS (
    SELECT person_a AS person_id, count(*) AS pairs FROM verdict
    WHERE person_a = person_b AND compatible GROUP BY person_a
), degree AS (
    SELECT person_id, max(links) AS links FROM (
        SELECT person_a AS person_id, record, count(*) AS links
        FROM (SELECT person_a, a AS record FROM verdict WHERE person_a = person_b AND outcome = 'link'
              UNION ALL
              SELECT person_a, b FROM verdict WHERE person_a = person_b AND outcome = 'link')
        GROUP BY person_a, record)
    GROUP BY person_id
), decided AS (
    SELECT d.by_steward, x.person_id AS person_a, y.person_id AS person_b
    FROM decision d JOIN record x ON x.unique_id = d.a JOIN record y ON y.unique_id = d.b
    WHERE d.by_steward OR x.person_id <> y.person_id
)
SELECT person_id FROM size LEFT JOIN inside USING (person_id) LEFT JOIN degree USING (person_id)
WHERE records > 1 AND (
    held OR records > $largest_part OR coalesce(pairs, 0) < records * (records - 1) / 2
    OR coalesce(links, 0) < records - 1)
UNION SELECT person_a FROM verdict WHERE person_a <> person_b AND outcome <> 'apart'
UNION SELECT person_b FROM verdict WHERE person_a <> person_b AND outcome <> 'apart'
UNION SELECT person_a FROM decided
UNION SELECT person_b FROM decided

-- open_records --
-- The records of these persons.
SELECT unique_id, person_id, held FROM record JOIN open_person USING (person_id)

-- open_ties --
-- What they hang together by.
SELECT a, b FROM verdict JOIN open_person o ON o.person_id = person_a WHERE outcome <> 'apart'
UNION ALL
SELECT d.a, d.b FROM decision d JOIN record x ON x.unique_id = d.a JOIN open_person USING (person_id)

-- outcomes --
-- How many pairs came to what.
SELECT outcome, count(*) FROM verdict GROUP BY outcome
