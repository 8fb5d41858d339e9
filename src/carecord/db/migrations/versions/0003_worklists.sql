CREATE TABLE clinical_store.worklist (
    worklist_id text COLLATE "C" PRIMARY KEY,
    tenancy_id integer NOT NULL REFERENCES patient_index.tenancy,
    name text NOT NULL,
    description text,
    category text,
    worklist_type text NOT NULL CHECK (worklist_type IN ('Query', 'Static')),
    patient_list_id integer UNIQUE,
    owner_group text,
    default_results_per_page integer NOT NULL CHECK (default_results_per_page BETWEEN 1 AND 200),
    column_definition json NOT NULL,
    refreshed_at timestamp NOT NULL,
    digest bytea NOT NULL
);
COMMENT ON COLUMN clinical_store.worklist.refreshed_at IS 'UK local time.';
COMMENT ON COLUMN clinical_store.worklist.digest IS 'Of the line it came by: the same line again changes nothing.';

CREATE TABLE clinical_store.worklist_row (
    worklist_id text COLLATE "C" NOT NULL REFERENCES clinical_store.worklist ON DELETE CASCADE,
    place integer NOT NULL,
    patient_detail_id bigint NOT NULL,
    cells json NOT NULL,
    PRIMARY KEY (worklist_id, place)
);

CREATE VIEW clinical_store.worklist_patient AS
SELECT DISTINCT w.patient_list_id, r.patient_detail_id
FROM clinical_store.worklist w
JOIN clinical_store.worklist_row r USING (worklist_id)
WHERE w.patient_list_id IS NOT NULL;
COMMENT ON VIEW clinical_store.worklist_patient IS 'Who is on a patient list, as Find Patient asks.';
