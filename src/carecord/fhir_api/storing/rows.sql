-- lock_records --
-- Who makes or changes the resources of these records waits for whoever does so now; in one order for all.
SELECT count(pg_advisory_xact_lock(hashtext('fhir_api.resource'), lock)) FROM (
    SELECT DISTINCT hashint8(id) AS lock FROM unnest(%(ids)s::bigint[]) AS id ORDER BY 1
) AS locks

-- lock_record --
-- The same for one record.
SELECT pg_advisory_xact_lock(hashtext('fhir_api.resource'), hashint8(%(id)s))

-- lock_resource --
-- The same for a resource that is in nobody's record.
SELECT pg_advisory_xact_lock(hashtext('fhir_api.resource ' || %(type)s), hashtext(%(id)s))

-- limit_waiting --
-- How long this transaction waits for what others hold.
SELECT set_config('lock_timeout', %(patience)s, true)

-- retire --
-- The versions in force of these resources become earlier ones.
WITH gone AS (
    DELETE FROM fhir_api.resource r
    USING unnest(%(types)s::text[], %(ids)s::text[]) AS k (type, id)
    WHERE r.type = k.type COLLATE "C" AND r.id = k.id COLLATE "C"
    RETURNING r.*
)
INSERT INTO fhir_api.resource_version (type, id, version, last_updated, patient_detail_id, tenancy_id, bundle,
    restricted, store, entry_id, entry_version, sent_by, link_sources, deleted, body)
SELECT type, id, version, last_updated, patient_detail_id, tenancy_id, bundle, restricted, store, entry_id,
    entry_version, sent_by, link_sources, false, body
FROM gone

-- move --
-- What is said of rows in force, whose bodies stay as they are.
UPDATE fhir_api.resource r
SET bundle = n.bundle, restricted = n.restricted, entry_version = n.entry_version
FROM unnest(%(types)s::text[], %(ids)s::text[], %(bundles)s::text[], %(restricted)s::boolean[],
            %(entry_versions)s::integer[]) AS n (type, id, bundle, restricted, entry_version)
WHERE r.type = n.type COLLATE "C" AND r.id = n.id COLLATE "C"

-- copy_versions --
-- Bring earlier versions and deletions into their table.
COPY fhir_api.resource_version (type, id, version, last_updated, patient_detail_id, tenancy_id, bundle,
    restricted, store, entry_id, entry_version, sent_by, link_sources, deleted, body) FROM STDIN

-- copy_resources --
-- Bring resources into force.
COPY fhir_api.resource (type, id, version, last_updated, patient_detail_id, tenancy_id, bundle,
    restricted, store, entry_id, entry_version, sent_by, link_sources, tokens, search, body) FROM STDIN
