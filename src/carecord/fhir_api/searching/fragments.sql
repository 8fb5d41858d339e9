-- linked_with --
-- A query within others: everyone linked with the patients asked by. One whose patient refuses sharing, or whom the caller may not see, leads to nobody else.
SELECT l.patient_detail_id
FROM patient_index.patient_record asked
JOIN patient_index.patient_record l ON l.person_id = asked.person_id
WHERE asked.patient_detail_id = ANY({asked}) AND asked.deleted_at IS NULL
AND (%(tenancies)s::integer[] IS NULL OR asked.tenancy_id = ANY(%(tenancies)s::integer[]))
AND (NOT asked.sharing_refused OR l.patient_detail_id = asked.patient_detail_id)

-- names_known --
-- A condition: the Patient names another as itself, that is {wanted}, and that the caller may know of.
EXISTS (SELECT FROM jsonb_array_elements_text({r}.search->'link') AS named
WHERE {wanted} AND (NOT named ~ '^Patient/[0-9]{{1,18}}$' OR EXISTS (
SELECT FROM patient_index.patient_record whose
WHERE whose.patient_detail_id = substring(named FROM '^Patient/([0-9]{{1,18}})$')::bigint AND whose.deleted_at IS NULL
AND NOT whose.sharing_refused AND 'demographics' <> ALL (whose.refused_bundles)
AND (%(tenancies)s::integer[] IS NULL OR whose.tenancy_id = ANY(%(tenancies)s::integer[])))))

-- known_update --
-- When what the caller knows of a Patient last changed: changes of links that it may not know of do not count.
CASE WHEN %(tenancies)s::integer[] IS NULL OR {r}.link_sources IS NULL OR {r}.link_sources && %(tenancies)s::integer[]
THEN {r}.last_updated
ELSE (SELECT max(e.last_updated) FROM fhir_api.resource_version e
WHERE e.type = 'Patient' AND e.id = {r}.id AND e.version = {r}.version
AND (e.link_sources IS NULL OR e.link_sources && %(tenancies)s::integer[])) END

-- visible --
-- A condition: the caller may see the resource, as far as it hangs on its source, on sharing and on restriction.
(%(tenancies)s::integer[] IS NULL OR {r}.tenancy_id = ANY(%(tenancies)s::integer[]))
AND (NOT {r}.restricted OR {r}.bundle = ANY(%(restricted_bundles)s::text[]))
AND ({r}.patient_detail_id IS NULL OR EXISTS (
SELECT FROM patient_index.patient_record whose
WHERE whose.patient_detail_id = {r}.patient_detail_id AND whose.deleted_at IS NULL
AND ({r}.store = 'sharing_status' OR NOT whose.sharing_refused AND coalesce({r}.bundle, '') <> ALL (whose.refused_bundles))
AND (%(tenancies)s::integer[] IS NULL OR whose.tenancy_id = ANY(%(tenancies)s::integer[]))))

-- targets_visible --
-- A condition: the resource is of none of the types that point at others, or all that it points at is there, or was, and may be seen. Who sent it and did not know of a target is told nothing of that. {visible} of a `target`.
({r}.type NOT IN ({pointing}) OR NOT EXISTS (
SELECT FROM fhir_api.pointing p
WHERE p.type = {r}.type AND p.id = {r}.id AND (p.known OR {r}.sent_by IS DISTINCT FROM %(client_id)s) AND (
SELECT bool_and({visible}) FROM (
SELECT n.patient_detail_id, n.tenancy_id, n.bundle, n.restricted, n.store FROM fhir_api.resource n
WHERE n.type = p.target_type AND n.id = p.target_id
UNION ALL
SELECT n.patient_detail_id, n.tenancy_id, n.bundle, n.restricted, n.store FROM fhir_api.resource_version n
WHERE n.type = p.target_type AND n.id = p.target_id AND n.deleted) AS target) IS NOT TRUE))

-- matching --
-- A query: the resources of a type that the conditions hold for and that the caller may see. {what} of them.
SELECT {what} FROM fhir_api.resource {r} WHERE {of_type} AND {conditions} AND ({visible})

-- page_of_matches --
-- A page in any order, with the total of all matches and whose resources are stale. One row at least.
-- What matches is found first and whole: the page's limit must not tempt the planner to walk an index in order.
WITH matched AS MATERIALIZED (
SELECT r.id, {keys} FROM fhir_api.resource r WHERE {of_type} AND {conditions} AND ({visible})
), page AS (
SELECT * FROM matched WHERE {after} ORDER BY {order} LIMIT %(row_limit)s::bigint
)
SELECT told.total, told.stale, page.*
FROM (SELECT {total} AS total, {stale} AS stale) AS told
LEFT JOIN (
SELECT page.*, r.version, {updated_us} AS updated_us, r.patient_detail_id, r.tenancy_id, r.restricted, r.body
FROM page JOIN fhir_api.resource r ON r.type = {type} AND r.id = page.id
) AS page ON true
ORDER BY {order}

-- page_by_update --
-- A page in the order in which resources were last updated, straight from the index. One row at least.
SELECT told.total, told.stale, page.*
FROM (SELECT {total} AS total, {stale} AS stale) AS told
LEFT JOIN (
SELECT r.id, {keys}, r.version, {updated_us} AS updated_us, r.patient_detail_id, r.tenancy_id, r.restricted, r.body
FROM fhir_api.resource r WHERE {of_type} AND {conditions} AND ({visible}) AND {after}
ORDER BY r.last_updated {direction}, r.id {direction} LIMIT %(row_limit)s::bigint
) AS page ON true
ORDER BY {order}

-- count_of_matches --
-- How many there are, and whose resources are stale.
SELECT (SELECT count(*) FROM fhir_api.resource r WHERE {of_type} AND {conditions} AND ({visible})) AS total, {stale} AS stale

-- capped_count --
-- How many there are, counted no further than one past what is told.
(SELECT count(*) FROM (SELECT FROM fhir_api.resource r WHERE {of_type} AND {conditions} AND ({visible}) LIMIT {cap}) AS counted)

-- stale_of_records --
-- Whose resources are stale, among these records.
(SELECT array_agg(DISTINCT s.patient_detail_id) FROM fhir_api.stale s WHERE s.patient_detail_id = ANY(ARRAY({records})))

-- stale_at_all --
-- Whether any resource is stale: an empty array then, as it may be anyone's.
(CASE WHEN EXISTS (SELECT FROM fhir_api.stale) THEN ARRAY[]::bigint[] END)

-- records_named --
-- A query within others: the records that these IDs of Patients name.
SELECT named::bigint FROM unnest({ids}) AS named WHERE named ~ '^[0-9]{{1,18}}$'

-- included --
-- What the resources named refer to through these parameters, and may be seen. {visible} by type.
SELECT DISTINCT ON (t.type, t.id) t.type, t.id, t.version, {updated_us} AS updated_us, t.patient_detail_id, t.tenancy_id, t.restricted, t.body
FROM unnest(%(types)s::text[], %(ids)s::text[]) AS s (type, id)
JOIN fhir_api.resource r ON r.type = s.type AND r.id = s.id
JOIN unnest(%(sources)s::text[], %(parameters)s::text[], %(targets)s::text[]) AS w (source, parameter, target) ON w.source = r.type
CROSS JOIN LATERAL jsonb_array_elements_text(r.search->w.parameter) AS named
JOIN fhir_api.resource t ON t.type = split_part(named, '/', 1) AND t.id = split_part(named, '/', 2)
WHERE (w.target = '' OR t.type = w.target) AND ({visible})
ORDER BY t.type, t.id LIMIT %(row_limit)s::bigint

-- referring --
-- What refers to the resources named through these parameters, and may be seen. {visible} by type.
SELECT t.type, t.id, t.version, {updated_us} AS updated_us, t.patient_detail_id, t.tenancy_id, t.restricted, t.body
FROM fhir_api.resource t
WHERE t.tokens && ARRAY(
SELECT fhir_api.token(w.source || '|' || w.parameter || '=' || s.type || '/' || s.id)
FROM unnest(%(types)s::text[], %(ids)s::text[]) AS s (type, id)
JOIN unnest(%(sources)s::text[], %(parameters)s::text[], %(targets)s::text[]) AS w (source, parameter, target) ON w.target IN ('', s.type))
AND ({visible})
ORDER BY t.type, t.id LIMIT %(row_limit)s::bigint

-- ids_of_matches --
-- The IDs of the first so many that match.
SELECT r.id FROM fhir_api.resource r WHERE {of_type} AND {conditions} AND ({visible}) ORDER BY r.id LIMIT %(row_limit)s::bigint

-- stale_among --
-- Those of some records of which something has yet to be made anew.
SELECT DISTINCT patient_detail_id FROM fhir_api.stale WHERE patient_detail_id = ANY(%(records)s::bigint[])
