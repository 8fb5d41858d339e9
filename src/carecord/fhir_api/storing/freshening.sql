-- stale_records --
-- Records of which something has yet to be made anew, by ID.
SELECT DISTINCT patient_detail_id FROM fhir_api.stale ORDER BY patient_detail_id LIMIT %(most)s

-- stale_of_records --
-- Those of these records of which something has yet to be made anew, by ID.
SELECT DISTINCT patient_detail_id FROM fhir_api.stale
WHERE patient_detail_id = ANY (%(ids)s)
ORDER BY patient_detail_id
LIMIT %(most)s

-- count_stale --
-- How many records have something to be made anew, counted up to a limit.
SELECT count(*) FROM (SELECT DISTINCT patient_detail_id FROM fhir_api.stale LIMIT %(most)s) AS records

-- moment --
-- The time, to the millisecond in which FHIR tells it.
SELECT date_trunc('milliseconds', clock_timestamp())

-- noted --
-- What of these records has yet to be made anew. Where that is all of a record: its Patient, what it has entries of, and
-- what resources were made of before.
SELECT s.seq, s.patient_detail_id, part.store
FROM fhir_api.stale s
CROSS JOIN LATERAL (
    SELECT s.store WHERE s.store IS DISTINCT FROM '*'
    UNION ALL
    SELECT NULL WHERE s.store = '*'
    UNION
    SELECT e.collection FROM clinical_store.entry e
    WHERE s.store = '*' AND e.patient_detail_id = s.patient_detail_id
    UNION
    SELECT v.collection FROM clinical_store.entry_version v
    WHERE s.store = '*' AND v.patient_detail_id = s.patient_detail_id
    UNION
    SELECT r.store FROM fhir_api.resource r
    WHERE s.store = '*' AND r.patient_detail_id = s.patient_detail_id AND r.type <> 'Patient'
) AS part
WHERE s.patient_detail_id = ANY (%(ids)s)

-- forget --
-- What was noted is done.
DELETE FROM fhir_api.stale WHERE seq = ANY (%(seqs)s)

-- keep_turns --
-- When resources of these stores of these records will read otherwise.
INSERT INTO fhir_api.turning (day, patient_detail_id, store)
SELECT * FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(stores)s::text[])
ON CONFLICT DO NOTHING

-- note_due --
-- What reads otherwise from this day on is to be made anew.
WITH due AS (
    DELETE FROM fhir_api.turning WHERE day <= %(today)s RETURNING patient_detail_id, store
)
INSERT INTO fhir_api.stale (patient_detail_id, store) SELECT DISTINCT patient_detail_id, store FROM due

-- note_all --
-- Everything is to be made anew.
INSERT INTO fhir_api.stale (patient_detail_id, store)
SELECT patient_detail_id, '*' FROM patient_index.patient_record

-- analyze --
-- What resources are found by, for the planner.
ANALYZE fhir_api.resource, fhir_api.resource_version

-- sources --
-- The source systems of records.
SELECT r.patient_detail_id, t.tenancy_id, t.description, t.organisation_code
FROM patient_index.patient_record r
JOIN patient_index.tenancy t USING (tenancy_id)
WHERE r.patient_detail_id = ANY (%(ids)s)

-- entries --
-- The entries of these stores of these records.
SELECT e.patient_detail_id, e.collection, e.entry_id, e.version, e.updated_at, e.item::text
FROM unnest(%(ids)s::bigint[], %(stores)s::text[]) AS p (id, store)
JOIN clinical_store.entry e ON e.patient_detail_id = p.id AND e.collection = p.store COLLATE "C"
ORDER BY e.entry_id

-- earlier_states --
-- Earlier versions of entries of these stores of these records, from the version on that is known of each.
SELECT v.patient_detail_id, v.collection, v.entry_id, v.version, v.ended_by = 'deleted', v.valid_from, v.valid_to,
    v.item::text
FROM unnest(%(ids)s::bigint[], %(stores)s::text[]) AS p (id, store)
JOIN clinical_store.entry_version v ON v.patient_detail_id = p.id AND v.collection = p.store COLLATE "C"
LEFT JOIN unnest(%(known)s::bigint[], %(versions)s::integer[]) AS k (entry_id, version) ON k.entry_id = v.entry_id
WHERE v.version >= coalesce(k.version, 0) AND v.item::text <> '{}'
ORDER BY v.entry_id, v.version

-- in_force --
-- The resources in force that are made of these stores of these records, or sent into them.
SELECT r.type, r.id, r.version, r.last_updated, r.patient_detail_id, r.tenancy_id, r.bundle, r.restricted, r.store,
    r.entry_id, r.entry_version, r.sent_by, r.body, r.link_sources
FROM unnest(%(ids)s::bigint[], %(stores)s::text[]) AS p (id, store)
JOIN fhir_api.resource r ON r.patient_detail_id = p.id AND r.store = p.store COLLATE "C"

-- patients_in_force --
-- The Patients of these records that are in force.
SELECT r.type, r.id, r.version, r.last_updated, r.patient_detail_id, r.tenancy_id, r.bundle, r.restricted, r.store,
    r.entry_id, r.entry_version, r.sent_by, r.body, r.link_sources
FROM fhir_api.resource r
WHERE r.type = 'Patient' AND r.id = ANY (%(ids)s::bigint[]::text[])

-- ended --
-- The last version of each resource of these records that has been deleted.
SELECT * FROM (
    SELECT DISTINCT ON (v.type, v.id) v.type, v.id, v.version, v.last_updated, v.patient_detail_id, v.tenancy_id,
        v.bundle, v.restricted, v.store, v.entry_id, v.entry_version, v.sent_by, v.body, v.link_sources
    FROM fhir_api.resource_version v
    WHERE v.patient_detail_id = ANY (%(ids)s)
    ORDER BY v.type, v.id, v.version DESC, v.last_updated DESC
) AS last
WHERE last.body IS NULL
  AND NOT EXISTS (SELECT FROM fhir_api.resource r WHERE r.type = last.type AND r.id = last.id)

-- known_versions --
-- The newest version of each entry of these stores of these records that an earlier resource says the same as.
SELECT v.patient_detail_id, v.store, v.entry_id, max(v.entry_version)
FROM unnest(%(ids)s::bigint[], %(stores)s::text[]) AS p (id, store)
JOIN fhir_api.resource_version v ON v.patient_detail_id = p.id AND v.store = p.store COLLATE "C"
WHERE v.entry_version IS NOT NULL
GROUP BY v.patient_detail_id, v.store, v.entry_id

-- records --
-- Source records as Patients are made of them: whom each is linked with, what was merged, and whether the person is
-- protected. Who is not shown to anybody is named by nobody, and protects all the same.
SELECT r.patient_detail_id, t.tenancy_id, t.description, t.organisation_code, r.demographics::text, r.version,
    r.updated_at, r.deleted_at IS NOT NULL,
    ARRAY(
        SELECT o.patient_detail_id FROM patient_index.patient_record o
        WHERE o.person_id = r.person_id AND o.patient_detail_id <> r.patient_detail_id AND o.deleted_at IS NULL
          AND NOT o.sharing_refused AND 'demographics' <> ALL (o.refused_bundles)
        ORDER BY o.patient_detail_id),
    (SELECT m.major_id FROM patient_index.patient_merge m
     WHERE m.minor_id = r.patient_detail_id AND m.undone_at IS NULL),
    ARRAY(SELECT m.minor_id FROM patient_index.patient_merge m
          WHERE m.major_id = r.patient_detail_id AND m.undone_at IS NULL),
    EXISTS (SELECT FROM patient_index.protected_person p WHERE p.person_id = r.person_id)
FROM patient_index.patient_record r
JOIN patient_index.tenancy t USING (tenancy_id)
WHERE r.patient_detail_id = ANY (%(ids)s)

-- sent_bodies --
-- What clients sent of this version of a record, and what was made of it, as it was before: the newest first.
SELECT body FROM fhir_api.resource_version
WHERE type = 'Patient' AND id = %(id)s AND entry_version = %(entry_version)s AND sent_by IS NOT NULL AND NOT deleted
ORDER BY version DESC, last_updated DESC

-- sources_of_records --
-- The sources of these records, be they withdrawn.
SELECT DISTINCT tenancy_id FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s)
ORDER BY tenancy_id

-- rows_of_records --
-- The rows of these stores of these records that their Patients are made of too.
SELECT patient_detail_id, collection, item::text FROM clinical_store.entry
WHERE patient_detail_id = ANY (%(ids)s) AND collection = ANY (%(stores)s)
ORDER BY entry_id

-- earlier_demographics --
-- Demographics that records had before, from the version on that is known of each.
SELECT v.patient_detail_id, v.version, v.valid_from, v.demographics::text
FROM unnest(%(ids)s::bigint[], %(versions)s::integer[]) AS k (id, version)
JOIN patient_index.patient_record_version v ON v.patient_detail_id = k.id AND v.version > k.version
ORDER BY v.patient_detail_id, v.version
