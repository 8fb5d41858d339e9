ALTER TABLE clinical_store.entry_version ADD COLUMN submitted_by text;

CREATE TABLE clinical_store.submission (
    client_id text NOT NULL,
    submission_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    reply bytea,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, submission_id)
);
COMMENT ON COLUMN clinical_store.submission.digest IS 'Of path and body: the same id with another is a conflict.';
CREATE INDEX submission_made_at ON clinical_store.submission (made_at);

CREATE TABLE patient_index.patient_merge (
    merge_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    minor_id bigint NOT NULL REFERENCES patient_index.patient_record,
    major_id bigint NOT NULL REFERENCES patient_index.patient_record,
    decided_by text NOT NULL,
    reason text,
    merged_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    CHECK (minor_id <> major_id)
);
COMMENT ON TABLE patient_index.patient_merge IS
    'A source said that two of its records are one. Kept apart from the demographics, which a later feed replaces.';
CREATE UNIQUE INDEX patient_merge_in_force ON patient_index.patient_merge (minor_id) WHERE undone_at IS NULL;
CREATE INDEX patient_merge_major ON patient_index.patient_merge (major_id) WHERE undone_at IS NULL;
