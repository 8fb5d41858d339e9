-- guarded --
-- What clients sent about these persons that tells of other resources, and names one of these.
SELECT DISTINCT g.type, g.id, g.body
FROM patient_index.patient_record asked
JOIN patient_index.patient_record other USING (person_id)
JOIN fhir_api.resource g ON g.patient_detail_id = other.patient_detail_id
JOIN unnest(%(names)s::text[]) AS n (name) ON strpos(g.body, '"' || n.name) > 0
WHERE asked.patient_detail_id = ANY (%(records)s::bigint[])
  AND g.type = ANY (%(types)s::text[]) AND g.sent_by IS NOT NULL
ORDER BY g.type, g.id

-- guards --
-- Those of these resources that are restricted, with their bundles.
SELECT r.type, r.id, r.bundle FROM unnest(%(types)s::text[], %(ids)s::text[]) AS n (type, id)
JOIN fhir_api.resource r ON r.type = n.type COLLATE "C" AND r.id = n.id COLLATE "C"
WHERE r.restricted

-- guard --
-- What is restricted because of another resource is so as long as that is.
UPDATE fhir_api.resource SET bundle = %(bundle)s, restricted = %(restricted)s
WHERE type = %(type)s AND id = %(id)s
