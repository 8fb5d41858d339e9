-- begin_writing --
-- From here on this transaction makes the resources of what it changes itself. Gives the time, the writer's
-- source, and so many IDs that no entry and no resource has.
SELECT set_config('fhir_api.writing', 'on', true),
    date_trunc('milliseconds', clock_timestamp()),
    t.description, t.organisation_code,
    ARRAY(SELECT nextval('clinical_store.entry_id')::text FROM generate_series(1, %(ids)s::integer))
FROM (VALUES (1)) AS one
LEFT JOIN patient_index.tenancy t ON t.tenancy_id = %(tenancy_id)s

-- next_ids --
-- So many IDs that no entry and no resource has.
SELECT nextval('clinical_store.entry_id')::text FROM generate_series(1, %(count)s)

-- own_of_ids --
-- Those of these records that are of the writer's source.
SELECT patient_detail_id FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s) AND tenancy_id = %(tenancy_id)s AND deleted_at IS NULL

-- own_records --
-- The records of the writer's source that are of the patients named by ID or NHS number; of several the first that
-- was not merged away. Who is named must be known to the writer; one who refuses sharing leads to nobody else.
SELECT asked.id, asked.nhs_number, asked.person_id, own.patient_detail_id
FROM (
    SELECT n.id, NULL AS nhs_number, r.patient_detail_id, r.person_id, r.tenancy_id, r.deleted_at, r.sharing_refused
    FROM unnest(%(ids)s::bigint[]) AS n (id)
    JOIN patient_index.patient_record r ON r.patient_detail_id = n.id
    UNION ALL
    SELECT NULL, n.nhs_number, r.patient_detail_id, r.person_id, r.tenancy_id, r.deleted_at, r.sharing_refused
    FROM unnest(%(nhs_numbers)s::text[]) AS n (nhs_number)
    JOIN patient_index.patient_record r ON r.nhs_number = n.nhs_number
) AS asked
JOIN patient_index.patient_record own
    ON own.person_id = asked.person_id AND own.tenancy_id = %(tenancy_id)s AND own.deleted_at IS NULL
WHERE asked.deleted_at IS NULL
  AND (%(tenancies)s::integer[] IS NULL OR asked.tenancy_id = ANY (%(tenancies)s::integer[]))
  AND (NOT asked.sharing_refused OR own.patient_detail_id = asked.patient_detail_id)
ORDER BY own.patient_detail_id IS DISTINCT FROM asked.id,
    EXISTS (SELECT FROM patient_index.patient_merge m
            WHERE m.minor_id = own.patient_detail_id AND m.undone_at IS NULL),
    own.patient_detail_id

-- whose --
-- In whose record a resource is, or was when it was deleted, and of which source.
SELECT patient_detail_id, tenancy_id FROM fhir_api.resource WHERE type = %(type)s AND id = %(id)s
UNION ALL
(SELECT patient_detail_id, tenancy_id FROM fhir_api.resource_version
 WHERE type = %(type)s AND id = %(id)s
 ORDER BY version DESC, last_updated DESC LIMIT 1)
LIMIT 1

-- newest --
-- The newest version of a resource, be it its deletion.
SELECT type, id, version, last_updated, patient_detail_id, tenancy_id, bundle, restricted, store, entry_id,
    entry_version, sent_by, body, link_sources
FROM fhir_api.resource WHERE type = %(type)s AND id = %(id)s
UNION ALL
(SELECT type, id, version, last_updated, patient_detail_id, tenancy_id, bundle, restricted, store, entry_id,
    entry_version, sent_by, body, link_sources
 FROM fhir_api.resource_version WHERE type = %(type)s AND id = %(id)s
 ORDER BY version DESC, last_updated DESC LIMIT 1)
LIMIT 1

-- records_of_resources --
-- In whose records these resources are that the writer may know of, and the bundles of those that are restricted.
SELECT r.id, r.patient_detail_id, CASE WHEN r.restricted THEN r.bundle END FROM fhir_api.resource r
WHERE r.type = %(type)s AND r.id = ANY (%(ids)s::text[])
  AND r.patient_detail_id IS NOT NULL AND (r.sent_by = %(client_id)s OR {visible})

-- entry_version --
-- The version of an entry that is stored.
SELECT version FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(store)s AND entry_id = %(entry_id)s

-- entries_named --
-- The entries that a client's own name stands for in a record, in whatever store.
SELECT collection, entry_id FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND source_key = %(source_key)s

-- note_store --
-- The resources of a store of a record are to be made anew.
INSERT INTO fhir_api.stale (patient_detail_id, store) VALUES (%(patient_detail_id)s, %(store)s)

-- forget_patient --
-- The Patient of a record is made anew by who changed the record.
DELETE FROM fhir_api.stale WHERE patient_detail_id = %(patient_detail_id)s AND store IS NULL

-- may_see --
-- Whether the writer's scopes reach a resource as it now stands.
SELECT EXISTS (SELECT FROM fhir_api.resource r WHERE r.type = %(type)s AND r.id = %(id)s AND {visible})

-- merge_decided_by --
-- Who merged a record away, and into which.
SELECT major_id, decided_by FROM patient_index.patient_merge
WHERE minor_id = %(patient_detail_id)s AND undone_at IS NULL
