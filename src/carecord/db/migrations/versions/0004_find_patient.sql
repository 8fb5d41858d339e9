-- A page of names and its total come from this index alone, whatever else is asked; its condition is the query
-- `shown` of the patient index, word for word.
DROP INDEX patient_index.patient_record_name;
CREATE INDEX patient_record_name
    ON patient_index.patient_record (surname_key, forename_key, date_of_birth, patient_detail_id)
    INCLUDE (tenancy_id, gender, postcode_key, gp_practice_code)
    WHERE NOT sharing_refused AND 'demographics' <> ALL (refused_bundles);
