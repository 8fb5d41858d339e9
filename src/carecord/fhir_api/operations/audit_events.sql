-- find_audit_events --
-- A page of audit rows, the newest first, that tell only of sources that the caller may see, or of the caller itself. That
-- somebody looked at what is restricted tells that there is such: it is for those who may see all of that. One look may
-- have shown many patients: who is bound to a patient, or may see some sources, is told of no others.
SELECT chain_id, seq, at, event, client_id, user_id, operation_id,
    CASE WHEN %(sources)s::integer[] IS NULL AND %(within)s::bigint IS NULL THEN patient_detail_ids ELSE ARRAY(
        SELECT known.patient_detail_id FROM patient_index.patient_record known
        WHERE known.patient_detail_id = ANY (patient_detail_ids)
          AND (%(sources)s::integer[] IS NULL OR known.tenancy_id = ANY (%(sources)s::integer[]))
          AND (%(within)s::bigint IS NULL OR known.person_id = (
                SELECT bound.person_id FROM patient_index.patient_record bound
                WHERE bound.patient_detail_id = %(within)s))
        ORDER BY known.patient_detail_id) END AS patient_detail_ids,
    tenancies, outcome, reason, restricted, trace_id
FROM audit.event
WHERE at >= %(since)s AND at < %(until)s
  AND (%(sources)s::integer[] IS NULL OR (tenancies <@ %(sources)s::integer[] AND tenancies <> '{{}}') OR client_id = %(asking)s)
  AND (NOT restricted OR %(sees_restricted)s OR client_id = %(asking)s)
  AND (%(within)s::bigint IS NULL OR patient_detail_ids && ARRAY(
        SELECT other.patient_detail_id
        FROM patient_index.patient_record asked
        JOIN patient_index.patient_record other USING (person_id)
        WHERE asked.patient_detail_id = %(within)s
          AND (%(sources)s::integer[] IS NULL OR asked.tenancy_id = ANY (%(sources)s::integer[]))))
  AND {conditions}
  AND (%(after_at)s::timestamptz IS NULL
       OR (at, chain_id, seq) < (%(after_at)s, %(after_chain_id)s::uuid, %(after_seq)s))
ORDER BY at DESC, chain_id DESC, seq DESC
LIMIT %(limit)s

-- of_patient --
-- A condition: the row names one of the records of this person. One that may not be known leads to no other.
patient_detail_ids && ARRAY(
    SELECT other.patient_detail_id
    FROM patient_index.patient_record asked
    JOIN patient_index.patient_record other USING (person_id)
    WHERE asked.patient_detail_id = %(patient)s
      AND (%(sources)s::integer[] IS NULL OR asked.tenancy_id = ANY (%(sources)s::integer[])))

-- of_agent --
-- A condition: the client or the user is one of these.
(client_id = ANY (%(agents)s::text[]) OR user_id = ANY (%(agents)s::text[]))

-- of_outcome --
-- A condition: it came to this.
outcome = ANY (%(outcomes)s::text[])

-- of_id --
-- A condition: it is one of these rows.
(chain_id, seq) IN (SELECT * FROM unnest(%(chain_ids)s::uuid[], %(seqs)s::bigint[]))
