-- columns --
-- What is read of a row.
r.type, r.id, r.version, (extract(epoch FROM r.last_updated) * 1000000)::bigint AS updated_us,
r.patient_detail_id, r.tenancy_id, r.restricted, r.body

-- shown --
-- Resources by type and id, in the order asked for.
SELECT {columns}
FROM unnest(%(types)s::text[], %(ids)s::text[]) WITH ORDINALITY AS asked (type, id, place)
JOIN fhir_api.resource r ON r.type = asked.type COLLATE "C" AND r.id = asked.id COLLATE "C"
WHERE {visible}
ORDER BY asked.place

-- stale --
-- Which of these records, and of those linked with them, have resources that are yet to be made anew.
SELECT DISTINCT s.patient_detail_id
FROM patient_index.patient_record asked
JOIN patient_index.patient_record other USING (person_id)
JOIN fhir_api.stale s ON s.patient_detail_id = other.patient_detail_id
WHERE asked.patient_detail_id = ANY (%(ids)s::bigint[])
