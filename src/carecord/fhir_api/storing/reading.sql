-- read --
-- The version in force of a resource that the caller may see, and whether something of its record is stale.
SELECT r.version, {updated_us}, r.patient_detail_id, r.tenancy_id, r.restricted, r.body, r.type, r.id,
    r.patient_detail_id IS NOT NULL AND EXISTS (
        SELECT FROM fhir_api.stale s WHERE s.patient_detail_id = r.patient_detail_id)
FROM fhir_api.resource r
WHERE r.type = %(type)s AND r.id = %(id)s AND {visible}

-- absent --
-- Of a resource that was not found: whether it was deleted, as far as the caller may know of it, and whether it may
-- not have been made yet.
SELECT
    coalesce((
        SELECT v.body IS NULL AND {visible}
        FROM fhir_api.resource_version v
        WHERE v.type = %(type)s AND v.id = %(id)s AND NOT EXISTS (
            SELECT FROM fhir_api.resource r WHERE r.type = %(type)s AND r.id = %(id)s)
        ORDER BY v.version DESC, v.last_updated DESC LIMIT 1), false),
    EXISTS (SELECT FROM fhir_api.stale s
            WHERE %(record)s::bigint IS NULL OR s.patient_detail_id = %(record)s::bigint)

-- version --
-- One version of a resource, be it its deletion.
SELECT {columns} FROM fhir_api.resource v
WHERE v.type = %(type)s AND v.id = %(id)s AND {same_version} AND {visible}
UNION ALL
SELECT {columns} FROM fhir_api.resource_version v
WHERE v.type = %(type)s AND v.id = %(id)s AND {same_version} AND {visible}

-- history_of_instance --
-- A page of the versions of a resource, newest first, with how many there are.
WITH every AS (
    SELECT {columns} FROM fhir_api.resource v
    WHERE v.type = %(type)s AND v.id = %(id)s AND v.last_updated >= %(since)s::timestamptz AND {visible}
    UNION ALL
    SELECT {columns} FROM fhir_api.resource_version v
    WHERE v.type = %(type)s AND v.id = %(id)s AND v.last_updated >= %(since)s::timestamptz AND {visible}
)
SELECT every.*, (SELECT count(*) FROM every) FROM every
WHERE (version, updated_us) < (%(before_version)s::bigint, %(before_us)s::bigint)
ORDER BY version DESC, updated_us DESC
LIMIT %(count)s::integer + 1

-- history_of_type --
-- A page of the versions of all resources of a type, newest first.
(SELECT {columns} FROM fhir_api.resource v
 WHERE v.type = %(type)s AND v.last_updated >= %(since)s::timestamptz
   AND (v.last_updated, v.id, v.version) < (%(before)s::timestamptz, %(before_id)s, %(before_version)s::bigint)
   AND {visible}
 ORDER BY v.last_updated DESC, v.id DESC, v.version DESC
 LIMIT %(count)s::integer + 1)
UNION ALL
(SELECT {columns} FROM fhir_api.resource_version v
 WHERE v.type = %(type)s AND v.last_updated >= %(since)s::timestamptz
   AND (v.last_updated, v.id, v.version) < (%(before)s::timestamptz, %(before_id)s, %(before_version)s::bigint)
   AND {visible}
 ORDER BY v.last_updated DESC, v.id DESC, v.version DESC
 LIMIT %(count)s::integer + 1)
ORDER BY updated_us DESC, id DESC, version DESC
LIMIT %(count)s::integer + 1

-- columns --
-- What is read of a version v.
v.version, {updated_us} AS updated_us, v.patient_detail_id, v.tenancy_id, v.restricted, v.body, v.type, v.id

-- in_force --
-- A condition: v has the number of the version in force, and the caller's scopes reach that.
EXISTS (
    SELECT FROM fhir_api.resource r
    WHERE r.type = v.type AND r.id = v.id AND r.version = v.version AND {visible})

-- open_since --
-- A condition: what became of the version v later is not more than the caller may see, so that nothing is shown of
-- what is restricted by now. {visible} of the version in force.
NOT EXISTS (
    SELECT FROM fhir_api.resource r WHERE r.type = v.type AND r.id = v.id AND ({visible}) IS NOT TRUE)
AND NOT EXISTS (
    SELECT FROM fhir_api.resource_version n
    WHERE n.type = v.type AND n.id = v.id AND (n.version, n.last_updated) > (v.version, v.last_updated)
      AND n.restricted AND (n.bundle = ANY (%(restricted_bundles)s::text[])) IS NOT TRUE)

-- withdrawn --
-- A condition: the version v is of a Patient of a source that the caller may know, and the record was withdrawn.
v.type = 'Patient' AND (%(tenancies)s::integer[] IS NULL OR v.tenancy_id = ANY (%(tenancies)s::integer[]))
AND EXISTS (
    SELECT FROM patient_index.patient_record whose
    WHERE whose.patient_detail_id = v.patient_detail_id AND whose.deleted_at IS NOT NULL
      AND NOT whose.sharing_refused AND 'demographics' <> ALL (whose.refused_bundles))

-- record_of --
-- In whose record a resource is or was, where something of that is stale.
SELECT whose.patient_detail_id FROM (
    SELECT patient_detail_id FROM fhir_api.resource WHERE type = %(type)s AND id = %(id)s
    UNION ALL
    SELECT patient_detail_id FROM fhir_api.resource_version WHERE type = %(type)s AND id = %(id)s
) AS whose
WHERE EXISTS (SELECT FROM fhir_api.stale s WHERE s.patient_detail_id = whose.patient_detail_id)
LIMIT 1

-- any_stale --
-- Whether anything is stale.
SELECT EXISTS (SELECT FROM fhir_api.stale)

-- same_version --
-- A condition: the version v is the one asked for, by its number or by that and when links changed.
v.version = %(version)s AND CASE WHEN %(links_changed_ms)s::bigint IS NULL THEN v.link_sources IS NULL
    ELSE v.link_sources IS NOT NULL AND (extract(epoch FROM v.last_updated) * 1000)::bigint = %(links_changed_ms)s::bigint END

-- links_known --
-- A condition: the version v of a Patient says something that the one before it does not, as far as the caller may see
-- whom it was linked with.
(v.link_sources IS NULL OR %(tenancies)s::integer[] IS NULL OR v.link_sources && %(tenancies)s::integer[])

-- known_versions --
-- Of versions of Patients, what the caller knows them as: the last at that time whose links it may know of.
SELECT DISTINCT ON (asked.place) asked.place, (extract(epoch FROM v.last_updated) * 1000000)::bigint,
    v.link_sources IS NOT NULL
FROM unnest(%(places)s::integer[], %(ids)s::text[], %(versions)s::integer[], %(ats)s::timestamptz[])
    AS asked (place, id, version, at)
CROSS JOIN LATERAL (
    SELECT r.last_updated, r.link_sources FROM fhir_api.resource r
    WHERE r.type = 'Patient' AND r.id = asked.id COLLATE "C" AND r.version = asked.version
    UNION ALL
    SELECT e.last_updated, e.link_sources FROM fhir_api.resource_version e
    WHERE e.type = 'Patient' AND e.id = asked.id COLLATE "C" AND e.version = asked.version
) AS v
WHERE v.last_updated <= asked.at AND (v.link_sources IS NULL OR v.link_sources && %(tenancies)s::integer[])
ORDER BY asked.place, v.last_updated DESC

-- known_records --
-- Those of these records that are of sources that the caller may see, and shown to anybody.
SELECT patient_detail_id FROM patient_index.patient_record
WHERE patient_detail_id = ANY (%(ids)s::bigint[])
  AND (%(tenancies)s::integer[] IS NULL OR tenancy_id = ANY (%(tenancies)s::integer[]))
  AND deleted_at IS NULL AND NOT sharing_refused AND 'demographics' <> ALL (refused_bundles)

-- sensitive_records --
-- Those of these records whose address is withheld: of protected persons, and deleted ones that asked for it themselves.
SELECT r.patient_detail_id FROM patient_index.patient_record r
WHERE r.patient_detail_id = ANY (%(ids)s::bigint[])
  AND (r.demographics->>'SensitiveAddress' = 'Yes'
       OR EXISTS (SELECT FROM patient_index.protected_person p WHERE p.person_id = r.person_id))
