-- note_pointing --
-- What resources point at; once noted, it stays so.
INSERT INTO fhir_api.pointing AS p (type, id, target_type, target_id, known)
SELECT * FROM unnest(%(types)s::text[], %(ids)s::text[], %(target_types)s::text[], %(target_ids)s::text[],
                     %(known)s::boolean[])
ON CONFLICT (type, id, target_type, target_id) DO UPDATE SET known = true WHERE excluded.known AND NOT p.known

-- stale_targets --
-- Records of which something is stale, among those of what decides whether the caller may see these resources.
SELECT DISTINCT s.patient_detail_id
FROM fhir_api.pointing p
JOIN fhir_api.resource r ON r.type = p.type AND r.id = p.id
JOIN fhir_api.resource t ON t.type = p.target_type AND t.id = p.target_id
JOIN fhir_api.stale s ON s.patient_detail_id = t.patient_detail_id
WHERE p.type = %(type)s AND p.id = ANY (%(ids)s::text[]) AND (p.known OR r.sent_by IS DISTINCT FROM %(client_id)s)

-- guarded --
-- What is in a record because it points at one of these resources.
SELECT DISTINCT g.type, g.id, g.body
FROM unnest(%(types)s::text[], %(ids)s::text[]) AS n (type, id)
JOIN fhir_api.pointing p ON p.target_type = n.type COLLATE "C" AND p.target_id = n.id COLLATE "C" AND p.known
JOIN fhir_api.resource g ON g.type = p.type AND g.id = p.id AND g.patient_detail_id IS NOT NULL
ORDER BY g.type, g.id

-- guard_of --
-- The bundle of what is restricted of all that a resource points at, as far as its sender knew of that.
SELECT r.bundle FROM fhir_api.pointing p
JOIN fhir_api.resource r ON r.type = p.target_type AND r.id = p.target_id
WHERE p.type = %(type)s AND p.id = %(id)s AND p.known AND r.restricted
ORDER BY r.type, r.id
LIMIT 1

-- guard --
-- What is restricted because of another resource is so as long as that is.
UPDATE fhir_api.resource SET bundle = %(bundle)s, restricted = %(restricted)s
WHERE type = %(type)s AND id = %(id)s
