-- begin --
-- The moment up to which an export tells of changes, and the one from which a later export must look: a change that is under way now bears the time at which it began.
SELECT now() AS until, least(now(), (
    SELECT min(xact_start) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL)) AS told;

-- page --
-- A page of the resources of one type that may be seen, by id.
SELECT r.type, r.id, r.version, r.last_updated, r.patient_detail_id, r.tenancy_id, r.restricted, r.body
FROM fhir_api.resource r
WHERE r.type = %(type)s AND r.id > %(after)s COLLATE "C"
  AND (%(since)s::timestamptz IS NULL OR {updated} >= %(since)s::timestamptz)
  AND {updated} <= %(until)s::timestamptz
  AND {level} AND {visible}
ORDER BY r.id
LIMIT %(limit)s

-- of_system --
-- A condition: every resource.
true

-- of_patients --
-- A condition: it is in somebody's record.
r.patient_detail_id IS NOT NULL

-- of_group --
-- A condition: it is in the record of a member, or one linked with it. Who may not be known leads to nobody else.
r.patient_detail_id = ANY (ARRAY(
    SELECT other.patient_detail_id
    FROM patient_index.patient_record asked
    JOIN patient_index.patient_record other USING (person_id)
    WHERE asked.patient_detail_id = ANY (%(members)s::bigint[]) AND asked.deleted_at IS NULL
      AND (%(tenancies)s::integer[] IS NULL OR asked.tenancy_id = ANY (%(tenancies)s::integer[]))
      AND (NOT asked.sharing_refused OR other.patient_detail_id = asked.patient_detail_id)))

-- recalled --
-- Whether any of these resources may no longer be seen, or any of these records was withdrawn.
SELECT EXISTS (
    SELECT FROM fhir_api.resource r
    WHERE r.type = %(type)s AND r.id = ANY (%(ids)s::text[]) AND ({visible}) IS NOT TRUE)
OR EXISTS (
    SELECT FROM patient_index.patient_record
    WHERE patient_detail_id = ANY (%(records)s::bigint[]) AND deleted_at IS NOT NULL)
OR (SELECT count(*) FROM patient_index.patient_record WHERE patient_detail_id = ANY (%(records)s::bigint[]))
    < cardinality(%(records)s::bigint[])
