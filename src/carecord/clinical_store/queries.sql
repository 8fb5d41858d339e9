-- untouched_records --
-- Those of the records that have no entry and never had one.
SELECT id FROM unnest(%(ids)s::bigint[]) AS id
WHERE NOT EXISTS (SELECT FROM clinical_store.entry e WHERE e.patient_detail_id = id)
  AND NOT EXISTS (SELECT FROM clinical_store.entry_version v WHERE v.patient_detail_id = id)

-- copy_new_entries --
-- Bring entries of untouched records straight into their table.
COPY clinical_store.entry
    (patient_detail_id, collection, source_key, source_updated_at, occurred_at, item) FROM STDIN

-- stage_entries --
-- A place for entries to compare with what is stored.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_entry (
    patient_detail_id bigint, collection text COLLATE "C", source_key text COLLATE "C", source_updated_at timestamp,
    occurred_at timestamp, item text, shared boolean
) ON COMMIT DELETE ROWS

-- copy_entries --
-- Bring entries into that place.
COPY staged_entry FROM STDIN

-- clear_entries --
-- Empty that place for who comes next in the same transaction.
DELETE FROM staged_entry

-- change_entries --
-- Replace or delete the entries that were there, unless the line is older; their former state is kept. Gives the counts.
-- A row of a store that several collections share keeps the fields that this collection does not have.
WITH found AS (
    SELECT e.patient_detail_id, e.collection, e.entry_id, e.version, e.source_key, e.item, e.updated_at, s.shared,
        s.occurred_at, greatest(s.source_updated_at, e.source_updated_at) AS source_updated_at,
        s.item IS NULL AS deleted,
        CASE WHEN s.shared THEN (e.item::jsonb || s.item::jsonb)::text ELSE s.item END AS new_item
    FROM staged_entry s
    JOIN clinical_store.entry e USING (patient_detail_id, collection, source_key)
    WHERE (s.source_updated_at IS NULL OR e.source_updated_at IS NULL
           OR s.source_updated_at >= e.source_updated_at)
), judged AS (
    SELECT *, CASE WHEN deleted THEN true WHEN new_item = item::text THEN false
                   ELSE new_item::jsonb <> item::jsonb END AS differs
    FROM found
), kept AS (
    INSERT INTO clinical_store.entry_version
        (patient_detail_id, collection, entry_id, version, source_key, item, ended_by, valid_from, deleted_as_of)
    SELECT patient_detail_id, collection, entry_id, version, source_key, item,
        CASE WHEN deleted THEN 'deleted' ELSE 'replaced' END, updated_at,
        CASE WHEN deleted THEN source_updated_at END
    FROM judged WHERE differs
), deleted AS (
    DELETE FROM clinical_store.entry e USING judged d
    WHERE d.deleted AND (e.patient_detail_id, e.collection, e.entry_id)
        = (d.patient_detail_id, d.collection, d.entry_id)
    RETURNING 1
), changed AS (
    UPDATE clinical_store.entry e
    SET item = CASE WHEN d.differs THEN d.new_item::json ELSE e.item END,
        occurred_at = CASE WHEN d.shared THEN coalesce(d.occurred_at, e.occurred_at) ELSE d.occurred_at END,
        source_updated_at = d.source_updated_at,
        version = e.version + d.differs::integer,
        updated_at = CASE WHEN d.differs THEN now() ELSE e.updated_at END
    FROM judged d
    WHERE NOT d.deleted AND (d.differs OR d.source_updated_at IS DISTINCT FROM e.source_updated_at)
      AND (e.patient_detail_id, e.collection, e.entry_id) = (d.patient_detail_id, d.collection, d.entry_id)
    RETURNING d.differs
)
SELECT (SELECT count(*) FROM changed WHERE differs), (SELECT count(*) FROM deleted)

-- remember_deletions --
-- A dated deletion of what is not there is kept too: a line older than it does not bring the row in.
INSERT INTO clinical_store.entry_version
    (patient_detail_id, collection, entry_id, version, source_key, item, ended_by, valid_from, deleted_as_of)
SELECT s.patient_detail_id, s.collection, coalesce(gone.entry_id, nextval('clinical_store.entry_id')),
    coalesce(gone.version + 1, 0), s.source_key, '{}', 'deleted', now(), s.source_updated_at
FROM staged_entry s
LEFT JOIN LATERAL (
    SELECT v.entry_id, v.version, v.deleted_as_of
    FROM clinical_store.entry_version v
    WHERE (v.patient_detail_id, v.collection, v.source_key) = (s.patient_detail_id, s.collection, s.source_key)
      AND v.ended_by = 'deleted'
    ORDER BY v.version DESC
    LIMIT 1
) AS gone ON true
WHERE s.item IS NULL AND s.source_updated_at IS NOT NULL
  AND (gone.deleted_as_of IS NULL OR gone.deleted_as_of < s.source_updated_at)
  AND NOT EXISTS (
    SELECT FROM clinical_store.entry e
    WHERE (e.patient_detail_id, e.collection, e.source_key) = (s.patient_detail_id, s.collection, s.source_key))

-- insert_entries --
-- Store the entries that are new. One that was deleted comes back under its old id, unless its line is older.
INSERT INTO clinical_store.entry
    (patient_detail_id, collection, entry_id, source_key, occurred_at, item, source_updated_at, version)
SELECT s.patient_detail_id, s.collection, coalesce(gone.entry_id, nextval('clinical_store.entry_id')), s.source_key,
    s.occurred_at, s.item::json, s.source_updated_at, coalesce(gone.version, 0) + 1
FROM staged_entry s
LEFT JOIN LATERAL (
    SELECT v.entry_id, v.version, v.deleted_as_of
    FROM clinical_store.entry_version v
    WHERE (v.patient_detail_id, v.collection, v.source_key) = (s.patient_detail_id, s.collection, s.source_key)
      AND v.ended_by = 'deleted'
    ORDER BY v.version DESC
    LIMIT 1
) AS gone ON true
WHERE s.item IS NOT NULL
  AND (s.source_updated_at IS NULL OR gone.deleted_as_of IS NULL OR s.source_updated_at >= gone.deleted_as_of)
  AND NOT EXISTS (
    SELECT FROM clinical_store.entry e
    WHERE (e.patient_detail_id, e.collection, e.source_key) = (s.patient_detail_id, s.collection, s.source_key))

-- sharing_of --
-- Every word of these source records on sharing, and when it was said.
SELECT e.patient_detail_id, e.item->>'Status', e.item->>'Scope', e.occurred_at
FROM clinical_store.entry e
WHERE e.patient_detail_id = ANY(%(ids)s) AND e.collection = %(collection)s
  AND lower(btrim(e.item->>'SharingType')) = lower(%(sharing_type)s)

-- page --
-- A page of one collection over everyone linked with a record: the sources shown, how many rows there are in all, and
-- for each row of the page its source and its item. Sources are null where the caller may not know of the record; the
-- rest is null where the page has no row. {…} are filled from the catalogue.
-- The one row of sources leaves a nested loop as the only join, and that keeps the order of the page.
WITH linked AS (
    {linked}
)
SELECT shown.tenancies, page.*
FROM (SELECT array_agg(tenancy_id) AS tenancies FROM linked) AS shown
LEFT JOIN (
    SELECT count(*) OVER () AS total, l.tenancy_id, e.item::text
    FROM linked l
    JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = {store}
    {tenancy}
    WHERE {conditions}
    ORDER BY {order}
    LIMIT %(limit)s OFFSET %(offset)s
) AS page ON true

-- linked_records --
-- A query within others: the records that an answer may draw on, none where the caller may not know of the one asked by.
SELECT r.patient_detail_id, r.tenancy_id, r.refused_bundles
FROM patient_index.patient_record asked
JOIN patient_index.patient_record r USING (person_id)
WHERE asked.patient_detail_id = %(patient_detail_id)s AND asked.deleted_at IS NULL AND r.deleted_at IS NULL
  AND (%(tenancies)s::integer[] IS NULL
       OR (asked.tenancy_id = ANY(%(tenancies)s) AND r.tenancy_id = ANY(%(tenancies)s)))
  AND {sharing}

-- shared_unless_refused --
-- A condition: the patient has not refused to share the record asked by, nor the others, nor this bundle of them.
NOT asked.sharing_refused AND NOT r.sharing_refused AND %(bundle)s <> ALL (r.refused_bundles)

-- of_unprotected --
-- A condition: the record l is not of a protected person.
NOT EXISTS (SELECT FROM patient_index.patient_record w JOIN patient_index.protected_person p USING (person_id)
            WHERE w.patient_detail_id = l.patient_detail_id)

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

-- excerpts --
-- Several stores over everyone linked with a record. The row without a number names the sources shown, null where
-- the caller may not know of the record; each other row is one excerpt.
WITH linked AS MATERIALIZED (
    {linked}
)
SELECT NULL::integer AS number, NULL::bigint AS total, NULL::text AS items,
    (SELECT array_agg(DISTINCT tenancy_id) FROM linked) AS tenancies
UNION ALL
{excerpts}

-- excerpt --
-- A query within `excerpts`: the first rows of one store, and how many there are in all.
SELECT {number}, count(*), '[' || string_agg(item::text, ',' ORDER BY place) FILTER (WHERE {limit}) || ']',
    array_agg(tenancy_id ORDER BY place) FILTER (WHERE {limit})
FROM (
    SELECT e.item, l.tenancy_id, row_number() OVER (ORDER BY {order}) AS place
    FROM linked l
    JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = {store}
    WHERE {bundle} <> ALL (l.refused_bundles) AND {conditions}
) AS matched

-- view_page --
-- A page of rows that another query makes of everyone linked with a record; the columns are those of `page`.
WITH linked AS MATERIALIZED (
    {linked}
), shown AS (
    {rows}
), matched AS (
    SELECT e.item, e.tenancy_id, row_number() OVER (ORDER BY {order}) AS place
    FROM shown e
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

-- view_with_tenancy --
-- A join: the source's name, for those who sort or filter a view by it.
JOIN patient_index.tenancy t ON t.tenancy_id = e.tenancy_id

-- all_documents --
-- A query within `view_page`: letters of every source in the one shape. A summary or GP document whose letter stands
-- among the documents of the same record is that letter, and is not named twice.
SELECT e.item, e.occurred_at, e.entry_id, l.tenancy_id
FROM linked l
JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = 'document'
WHERE %(shows_restricted)s OR e.item->>'Confidentiality' IS DISTINCT FROM 'Restricted'
UNION ALL
SELECT
    CASE e.collection
        WHEN 'gp_document' THEN json_build_object(
            'DocumentId', e.item->'DocumentId',
            'DocumentDate', e.item->'Date',
            'DocumentTypeSnomedCTCode', e.item->'SnomedCTCode',
            'DocumentTypeDesc', e.item->'Rubric',
            'Title', e.item->'Title',
            'AuthorName', e.item->'AuthorName',
            'Status', 'Final',
            'MimeType', e.item->'MimeType',
            'FileName', e.item->'FileName',
            'SizeBytes', e.item->'SizeBytes',
            'HasContent', e.item->'HasContent')
        ELSE json_build_object(
            'DocumentId', e.item->'DocumentId',
            'DocumentDate', e.item->'DocumentDate',
            'DocumentTypeDesc', 'Discharge summary',
            'SpecialtyDesc', e.item->'SpecialtyDesc',
            'AuthorName', e.item->'AuthorName',
            'AuthorRole', e.item->'AuthorRole',
            'EventId', e.item->'SpellNumber',
            'Status', e.item->'Status',
            'HasContent', e.item->'HasContent')
    END,
    coalesce(e.item->>'DocumentDate', e.item->>'Date')::timestamp, e.entry_id, l.tenancy_id
FROM linked l
JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id
    AND e.collection = ANY (ARRAY['gp_document', 'discharge_summary'])
WHERE CASE e.collection WHEN 'gp_document' THEN 'gp' ELSE 'acute' END <> ALL (l.refused_bundles)
  AND NOT EXISTS (
    SELECT FROM clinical_store.entry letter
    WHERE letter.patient_detail_id = e.patient_detail_id AND letter.collection = 'document'
      AND letter.item->>'DocumentId' = e.item->>'DocumentId')

-- content_of_document --
-- A query within `view_page`: the bytes of the document of this id, unless the document is restricted and the caller
-- may not see such. Bytes whose document is in a bundle that the patient refused to share are as little shown as it.
SELECT e.item, e.occurred_at, e.entry_id, l.tenancy_id
FROM linked l
JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = 'document_content'
WHERE e.item->>'DocumentId' = %(document_id)s
  AND (%(shows_restricted)s OR NOT EXISTS (
    SELECT FROM clinical_store.entry letter
    WHERE letter.patient_detail_id = e.patient_detail_id AND letter.collection = 'document'
      AND letter.item->>'DocumentId' = %(document_id)s AND letter.item->>'Confidentiality' = 'Restricted'))
  AND (NOT EXISTS (
        SELECT FROM clinical_store.entry other
        WHERE other.patient_detail_id = e.patient_detail_id
          AND other.collection = ANY (ARRAY['gp_document', 'discharge_summary'])
          AND other.item->>'DocumentId' = %(document_id)s
          AND CASE other.collection WHEN 'gp_document' THEN 'gp' ELSE 'acute' END = ANY (l.refused_bundles))
    OR EXISTS (
        SELECT FROM clinical_store.entry letter
        WHERE letter.patient_detail_id = e.patient_detail_id AND letter.collection = 'document'
          AND letter.item->>'DocumentId' = %(document_id)s))

-- all_orders --
-- A query within `view_page`: one row for each order. Its result is the newest report on its sample that is not
-- cancelled and is of what was ordered; a report of what nobody ordered on that sample counts for each of its orders.
WITH reported AS MATERIALIZED (
    SELECT e.item->'Specimen'->>'SampleId' AS sample_id, e.item->'ResultTypeIdentifier'->>'Code' AS code,
        e.item->'DocumentInformation'->'DocumentId' AS document_id,
        (e.item->'Report'->>'DateTime')::timestamp AS issued, e.entry_id
    FROM linked l
    JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = 'pathology_report'
    WHERE e.item->'Report'->>'Status' IS DISTINCT FROM 'X'
)
SELECT json_build_object(
        'DocumentId', o.item->'DocumentInformation'->'DocumentId',
        'RequestDate', o.requested,
        'TypeOfRequestCode', o.item->'Request'->'TypeOfRequest'->'Code',
        'TypeOfRequestDesc', o.item->'Request'->'TypeOfRequest'->'Description',
        'Department', o.item->'Provider'->'Department'->'CodeDescription',
        'OrderingProvider', o.item->'OrderingParty'->'Name',
        'Ward', o.item->'OrderingParty'->'Ward',
        'Site', o.item->'OrderingParty'->'Site',
        'PriorityDesc', o.item->'PriorityDesc',
        'Status', coalesce(o.item->>'Status', CASE WHEN r.document_id IS NULL THEN 'Requested' ELSE 'Completed' END),
        'SampleId', o.sample_id,
        'HasResult', CASE WHEN r.document_id IS NULL THEN 'No' ELSE 'Yes' END,
        'ResultDocumentId', r.document_id) AS item,
    o.requested::timestamp AS occurred_at, o.entry_id, o.tenancy_id
FROM (
    SELECT e.item, e.entry_id, l.tenancy_id, e.item->'Specimen'->>'SampleId' AS sample_id,
        e.item->'Request'->'TypeOfRequest'->>'Code' AS code,
        coalesce(e.item->'Request'->>'DateTime', e.item->'Observation'->>'DateTime',
            e.item->'DocumentInformation'->>'DocumentDate', e.item->'DocumentInformation'->>'CreationDate',
            to_char(e.updated_at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD"T"HH24:MI:SS')) AS requested,
        array_agg(e.item->'Request'->'TypeOfRequest'->>'Code')
            OVER (PARTITION BY e.item->'Specimen'->>'SampleId') AS ordered_on_sample
    FROM linked l
    JOIN clinical_store.entry e ON e.patient_detail_id = l.patient_detail_id AND e.collection = 'pathology_order'
) AS o
LEFT JOIN LATERAL (
    SELECT reported.document_id
    FROM reported
    WHERE reported.sample_id = o.sample_id
      AND (reported.code = o.code OR reported.code IS NULL OR o.code IS NULL
           OR reported.code <> ALL (array_remove(o.ordered_on_sample, NULL)))
    ORDER BY reported.code = o.code DESC NULLS LAST, reported.issued DESC NULLS LAST, reported.entry_id DESC
    LIMIT 1
) AS r ON true

-- lock_submissions --
-- Submissions to one source record wait for each other.
SELECT pg_advisory_xact_lock(hashtext('clinical_store.submission'), hashint8(%(patient_detail_id)s))

-- entries_of_keys --
-- The stored entries that a submission names.
SELECT source_key, entry_id, submitted_by, source_updated_at, item
FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND source_key = ANY (%(source_keys)s)
ORDER BY entry_id
FOR NO KEY UPDATE

-- keep_versions --
-- Keep entries as they stand, before they are replaced or deleted.
INSERT INTO clinical_store.entry_version
    (patient_detail_id, collection, entry_id, version, source_key, item, ended_by, valid_from, submitted_by)
SELECT patient_detail_id, collection, entry_id, version, source_key, item, %(ended_by)s, updated_at, submitted_by
FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND entry_id = ANY (%(entry_ids)s)

-- replace_entries --
-- Put new items in the place of the old. A shared row keeps when it happened where the collection does not say.
UPDATE clinical_store.entry e
SET item = n.item, source_updated_at = n.source_updated_at, version = e.version + 1, updated_at = now(),
    occurred_at = CASE WHEN %(shared)s THEN coalesce(n.occurred_at, e.occurred_at) ELSE n.occurred_at END
FROM unnest(%(entry_ids)s::bigint[], %(items)s::json[], %(occurred_at)s::timestamp[], %(source_updated_at)s::timestamp[])
    AS n (entry_id, item, occurred_at, source_updated_at)
WHERE e.patient_detail_id = %(patient_detail_id)s AND e.collection = %(collection)s AND e.entry_id = n.entry_id

-- note_source_times --
-- The source has confirmed entries as they stand: what it said of them before that is older.
UPDATE clinical_store.entry e
SET source_updated_at = n.source_updated_at
FROM unnest(%(entry_ids)s::bigint[], %(source_updated_at)s::timestamp[]) AS n (entry_id, source_updated_at)
WHERE e.patient_detail_id = %(patient_detail_id)s AND e.collection = %(collection)s AND e.entry_id = n.entry_id
  AND e.source_updated_at IS DISTINCT FROM n.source_updated_at

-- deleted_of_keys --
-- The deleted entries that a submission names: they come back under their old IDs.
SELECT DISTINCT ON (source_key) source_key, entry_id, version, deleted_as_of
FROM clinical_store.entry_version
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND source_key = ANY (%(source_keys)s)
  AND ended_by = 'deleted'
ORDER BY source_key, version DESC

-- add_submitted --
-- Store entries that a client submits. Gives back those whose place was free.
INSERT INTO clinical_store.entry
    (patient_detail_id, collection, entry_id, version, source_key, occurred_at, item, source_updated_at, submitted_by)
SELECT %(patient_detail_id)s, %(collection)s, coalesce(n.entry_id, nextval('clinical_store.entry_id')), n.version,
    n.source_key, n.occurred_at, n.item, n.source_updated_at, %(client_id)s
FROM unnest(%(source_keys)s::text[], %(items)s::json[], %(occurred_at)s::timestamp[], %(source_updated_at)s::timestamp[],
            %(entry_ids)s::bigint[], %(versions)s::integer[])
    AS n (source_key, item, occurred_at, source_updated_at, entry_id, version)
ON CONFLICT (patient_detail_id, collection, source_key) DO NOTHING
RETURNING source_key, entry_id

-- add_new --
-- Store entries that a client submits and that are known to be new, in the stores of several records.
INSERT INTO clinical_store.entry
    (patient_detail_id, collection, entry_id, source_key, occurred_at, item, submitted_by)
SELECT n.patient_detail_id, n.collection, coalesce(n.entry_id, nextval('clinical_store.entry_id')), n.source_key,
    n.occurred_at, n.item::json, %(client_id)s
FROM unnest(%(ids)s::bigint[], %(stores)b::text[], %(entry_ids)s::bigint[], %(source_keys)b::text[],
            %(occurred_at)s::timestamp[], %(items)b::text[])
    AS n (patient_detail_id, collection, entry_id, source_key, occurred_at, item)

-- own_entries --
-- What a client has submitted to a collection of a record; {rows} are those that the collection shows.
SELECT e.entry_id
FROM clinical_store.entry e
WHERE e.patient_detail_id = %(patient_detail_id)s AND e.collection = %(collection)s AND e.submitted_by = %(client_id)s
  AND {rows}
ORDER BY e.entry_id
FOR NO KEY UPDATE

-- store_of_entry --
-- Where an entry of a record is, or was before it was deleted.
SELECT collection FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND entry_id = %(entry_id)s
UNION
SELECT collection FROM clinical_store.entry_version
WHERE patient_detail_id = %(patient_detail_id)s AND entry_id = %(entry_id)s

-- owner_of_entry --
-- Who submitted an entry: null for a feed.
SELECT submitted_by FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND entry_id = %(entry_id)s
FOR UPDATE

-- deleted_entry --
-- Who had submitted a deleted entry, and when it was deleted, in UK local time.
SELECT submitted_by, date_trunc('second', valid_to AT TIME ZONE 'Europe/London')
FROM clinical_store.entry_version
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND entry_id = %(entry_id)s
  AND ended_by = 'deleted'
ORDER BY version DESC
LIMIT 1

-- delete_entries --
-- Take entries away.
DELETE FROM clinical_store.entry
WHERE patient_detail_id = %(patient_detail_id)s AND collection = %(collection)s AND entry_id = ANY (%(entry_ids)s)

-- forget_replies --
-- Replies to submissions are kept for so many days.
DELETE FROM clinical_store.submission WHERE made_at < now() - make_interval(days => %(days)s)

-- claim_submission --
-- Be the first with this submission; whoever comes at the same time waits here.
INSERT INTO clinical_store.submission (client_id, submission_id, digest)
VALUES (%(client_id)s, %(submission_id)s, %(digest)s)
ON CONFLICT (client_id, submission_id) DO NOTHING

-- reply_of --
-- The reply to a submission, and whether it was this one.
SELECT digest = %(digest)s, reply FROM clinical_store.submission
WHERE client_id = %(client_id)s AND submission_id = %(submission_id)s

-- keep_reply --
-- Keep the reply to a submission.
UPDATE clinical_store.submission SET reply = %(reply)s
WHERE client_id = %(client_id)s AND submission_id = %(submission_id)s

-- records_on_list --
-- The records on a patient list, without those whose patients refused to share what lists they are on.
SELECT p.patient_detail_id
FROM clinical_store.worklist_patient w
JOIN patient_index.patient_record p USING (patient_detail_id)
WHERE w.patient_list_id = %(patient_list_id)s AND %(bundle)s <> ALL (p.refused_bundles) AND p.deleted_at IS NULL

-- worklists --
-- A page of the worklists of the sources that the caller may see. A list counts the patients whom it shows.
WITH shown AS (
    SELECT json_build_object(
            'WorklistId', w.worklist_id,
            'Name', w.name,
            'Description', w.description,
            'Category', w.category,
            'WorklistType', w.worklist_type,
            'PatientListId', w.patient_list_id,
            'OwnerGroup', w.owner_group,
            'PatientCount', (
                SELECT count(DISTINCT r.patient_detail_id)
                FROM clinical_store.worklist_row r
                JOIN patient_index.patient_record p USING (patient_detail_id)
                WHERE r.worklist_id = w.worklist_id AND p.deleted_at IS NULL
                  AND NOT p.sharing_refused AND %(bundle)s <> ALL (p.refused_bundles)),
            'LastRefreshedDate', to_char(w.refreshed_at, 'YYYY-MM-DD"T"HH24:MI:SS')) AS item,
        w.worklist_id AS entry_id, w.tenancy_id
    FROM clinical_store.worklist w
    WHERE %(tenancies)s::integer[] IS NULL OR w.tenancy_id = ANY(%(tenancies)s)
), matched AS (
    SELECT e.item, e.tenancy_id, row_number() OVER (ORDER BY {order}) AS place
    FROM shown e
    {tenancy}
    WHERE {conditions}
)
SELECT (SELECT count(*) FROM matched), '[' || string_agg(item::text, ',' ORDER BY place) || ']',
    array_agg(tenancy_id ORDER BY place)
FROM matched
WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s

-- find_worklist --
-- A worklist by its id, if the caller may see its source.
SELECT worklist_id, tenancy_id, name, default_results_per_page, column_definition::text
FROM clinical_store.worklist
WHERE worklist_id = %(worklist_id)s
  AND (%(tenancies)s::integer[] IS NULL OR tenancy_id = ANY(%(tenancies)s))

-- worklist_rows --
-- A page of a worklist, with the total of all pages. A page past the end is one row of nulls beside the total.
WITH matched AS (
    SELECT p.patient_detail_id, p.nhs_number, w.cells, row_number() OVER (ORDER BY {order} w.place) AS place
    FROM clinical_store.worklist_row w
    JOIN patient_index.patient_record p USING (patient_detail_id)
    WHERE w.worklist_id = %(worklist_id)s AND p.deleted_at IS NULL
      AND NOT p.sharing_refused AND %(bundle)s <> ALL (p.refused_bundles)
      AND {conditions}
)
SELECT counted.total, m.patient_detail_id, m.nhs_number, m.cells::text
FROM (SELECT count(*) AS total FROM matched) AS counted
LEFT JOIN matched m ON m.place > %(offset)s AND m.place <= %(offset)s + %(limit)s
ORDER BY m.place
