-- stage_entries --
-- A place for a batch of entries, emptied when the transaction ends.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_entry (
    line bigint, source_patient text, collection text COLLATE "C", source_key text COLLATE "C",
    occurred_at timestamp, item text, source_updated_at timestamp, shared boolean, patient_detail_id bigint
) ON COMMIT DELETE ROWS

-- copy_entries --
-- Bring a batch into its place.
COPY staged_entry (line, source_patient, collection, source_key, occurred_at, item, source_updated_at, shared) FROM STDIN

-- place_entries --
-- Find the source record of each entry.
UPDATE staged_entry s SET patient_detail_id = r.patient_detail_id
FROM patient_index.patient_record r
WHERE r.tenancy_id = %(tenancy_id)s AND r.source_key = s.source_patient

-- lines_without_patient --
-- Lines whose source record nobody has sent.
SELECT line FROM staged_entry WHERE patient_detail_id IS NULL ORDER BY line

-- insert_entries --
-- Store the entries that are new.
INSERT INTO clinical_store.entry
    (patient_detail_id, collection, entry_id, source_key, occurred_at, item, source_updated_at, submitted_by)
SELECT patient_detail_id, collection, nextval('clinical_store.entry_id'), source_key, occurred_at, item::json,
    source_updated_at, %(submitted_by)s
FROM staged_entry
WHERE patient_detail_id IS NOT NULL AND item IS NOT NULL
ORDER BY patient_detail_id, collection
ON CONFLICT (patient_detail_id, collection, source_key) DO NOTHING

-- change_entries --
-- Replace or delete the entries that were there, unless the line is older; their former state is kept.
-- A row of a store that several collections share keeps the fields that this collection does not have.
WITH found AS (
    SELECT e.patient_detail_id, e.collection, e.entry_id, e.version, e.source_key, e.item, e.updated_at,
        s.occurred_at, s.source_updated_at, s.item IS NULL AS deleted,
        CASE WHEN s.shared THEN (e.item::jsonb || s.item::jsonb)::text ELSE s.item END AS new_item
    FROM staged_entry s
    JOIN clinical_store.entry e USING (patient_detail_id, collection, source_key)
    WHERE (s.source_updated_at IS NULL OR e.source_updated_at IS NULL
           OR s.source_updated_at >= e.source_updated_at)
), differing AS (
    SELECT * FROM found
    WHERE deleted OR CASE WHEN new_item = item::text THEN false ELSE new_item::jsonb <> item::jsonb END
), kept AS (
    INSERT INTO clinical_store.entry_version
        (patient_detail_id, collection, entry_id, version, source_key, item, ended_by, valid_from)
    SELECT patient_detail_id, collection, entry_id, version, source_key, item,
        CASE WHEN deleted THEN 'deleted' ELSE 'replaced' END, updated_at
    FROM differing
), deleted AS (
    DELETE FROM clinical_store.entry e USING differing d
    WHERE d.deleted AND (e.patient_detail_id, e.collection, e.entry_id)
        = (d.patient_detail_id, d.collection, d.entry_id)
)
UPDATE clinical_store.entry e
SET item = d.new_item::json, occurred_at = coalesce(d.occurred_at, e.occurred_at), source_updated_at = d.source_updated_at,
    version = e.version + 1, updated_at = now()
FROM differing d
WHERE NOT d.deleted AND (e.patient_detail_id, e.collection, e.entry_id)
    = (d.patient_detail_id, d.collection, d.entry_id)

-- sharing_of --
-- Every word of each staged source record on sharing, the oldest first; one row of nulls where none is left.
SELECT s.patient_detail_id, e.item->>'Status', e.item->>'Scope'
FROM (SELECT DISTINCT patient_detail_id FROM staged_entry
      WHERE collection = %(collection)s AND patient_detail_id IS NOT NULL) AS s
LEFT JOIN clinical_store.entry e ON e.patient_detail_id = s.patient_detail_id AND e.collection = %(collection)s
    AND e.item->>'SharingType' = %(sharing_type)s
ORDER BY s.patient_detail_id, e.occurred_at NULLS FIRST, e.entry_id

-- page --
-- A page of one collection over everyone linked with a record, with the total and the sources shown.
-- The first column is null where the caller may not know of the record. {…} are filled from the catalogue.
WITH linked AS (
    {linked}
), matched AS (
    SELECT e.item, l.tenancy_id, row_number() OVER (ORDER BY {order}) AS place
    FROM linked l
    JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = {store}
    {tenancy}
    WHERE {conditions}
)
SELECT
    (SELECT array_agg(DISTINCT tenancy_id) FROM linked),
    (SELECT count(*) FROM matched),
    '[' || string_agg(item::text, ',' ORDER BY place) || ']',
    array_agg(tenancy_id ORDER BY place)
FROM matched
WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s

-- linked_records --
-- A query within others: the records that an answer may draw on, none where the caller may not know of the one asked by.
SELECT r.patient_detail_id, r.tenancy_id
FROM patient_index.patient_record asked
JOIN patient_index.patient_record r USING (person_id)
WHERE asked.patient_detail_id = %(patient_detail_id)s
  AND (%(tenancies)s::integer[] IS NULL
       OR (asked.tenancy_id = ANY(%(tenancies)s) AND r.tenancy_id = ANY(%(tenancies)s)))
  AND {sharing}

-- shared_unless_refused --
-- A condition: the patient has not refused to share the record asked by, nor the others, nor this bundle of them.
NOT asked.sharing_refused AND NOT r.sharing_refused AND %(bundle)s <> ALL (r.refused_bundles)

-- with_tenancy --
-- A join: the source's name, for those who sort or filter by it.
JOIN patient_index.tenancy t ON t.tenancy_id = l.tenancy_id

-- worklists_named --
-- The worklists that have this id, or this patient list.
SELECT worklist_id, tenancy_id, digest FROM clinical_store.worklist
WHERE worklist_id = %(worklist_id)s OR patient_list_id = %(patient_list_id)s

-- records_of_source --
-- The patient detail IDs of a source's records, by its own keys.
SELECT source_key, patient_detail_id FROM patient_index.patient_record
WHERE tenancy_id = %(tenancy_id)s AND source_key = ANY(%(source_keys)s)

-- file_worklist --
-- Make or replace a worklist. A source that does not say when it was refreshed has refreshed it now.
INSERT INTO clinical_store.worklist
    (worklist_id, tenancy_id, name, description, category, worklist_type, patient_list_id, owner_group,
     default_results_per_page, column_definition, refreshed_at, digest)
VALUES
    (%(worklist_id)s, %(tenancy_id)s, %(name)s, %(description)s, %(category)s, %(worklist_type)s,
     %(patient_list_id)s, %(owner_group)s, %(default_results_per_page)s, %(column_definition)s,
     coalesce(%(refreshed_at)s::timestamp, date_trunc('second', now() AT TIME ZONE 'Europe/London')), %(digest)s)
ON CONFLICT (worklist_id) DO UPDATE
SET name = excluded.name, description = excluded.description, category = excluded.category,
    worklist_type = excluded.worklist_type, patient_list_id = excluded.patient_list_id,
    owner_group = excluded.owner_group, default_results_per_page = excluded.default_results_per_page,
    column_definition = excluded.column_definition, refreshed_at = excluded.refreshed_at, digest = excluded.digest

-- empty_worklist --
-- Take every row from a worklist.
DELETE FROM clinical_store.worklist_row WHERE worklist_id = %(worklist_id)s

-- fill_worklist --
-- Put rows into an empty worklist, in their order.
INSERT INTO clinical_store.worklist_row (worklist_id, place, patient_detail_id, cells)
SELECT %(worklist_id)s, r.place, r.patient_detail_id, r.cells
FROM unnest(%(patient_detail_ids)s::bigint[], %(cells)s::json[]) WITH ORDINALITY AS r (patient_detail_id, cells, place)
