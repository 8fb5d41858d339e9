ALTER TABLE patient_index.patient_record
    ADD COLUMN identity json NOT NULL DEFAULT '[]',
    ADD COLUMN blocking_keys bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN patient_index.patient_record.identity IS
    'What the record is compared by, normalised, placeholders left out: an array in the order of normalise.Identity.';

CREATE TABLE patient_index.blocking_key (
    key bigint NOT NULL,
    patient_detail_id bigint NOT NULL,
    PRIMARY KEY (key, patient_detail_id)
);
COMMENT ON TABLE patient_index.blocking_key IS
    'Hashes of what two records of one person are likely to share: those that share none are not compared.';

ALTER TABLE patient_index.link_decision
    ADD COLUMN model text,
    ADD COLUMN weight double precision,
    ADD COLUMN relative_weight double precision,
    ADD COLUMN levels smallint[],
    ADD COLUMN guards text[],
    ADD COLUMN sealed boolean NOT NULL DEFAULT false,
    ADD COLUMN withdrawn_by text,
    ADD COLUMN withdrawal_reason text,
    ADD COLUMN word_id bigint REFERENCES patient_index.link_decision,
    ADD COLUMN carried_for bigint REFERENCES patient_index.patient_record;
CREATE FUNCTION patient_index.moment() RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    held text := nullif(current_setting('patient_index.moment', true), '');
BEGIN
    IF held IS NULL THEN
        held := set_config('patient_index.moment', clock_timestamp()::text, true);
    END IF;
    RETURN held;
END
$$;
COMMENT ON FUNCTION patient_index.moment IS
    'The one instant of this transaction: that of its first decision, when it holds its locks. What one transaction decides and ends happens at once.';
CREATE FUNCTION patient_index.end_at_moment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.superseded_at := patient_index.moment();
    RETURN NEW;
END
$$;
ALTER TABLE patient_index.link_decision ALTER COLUMN decided_at SET DEFAULT patient_index.moment();
ALTER TABLE patient_index.patient_merge ALTER COLUMN merged_at SET DEFAULT patient_index.moment();
CREATE TRIGGER ends_at_moment BEFORE UPDATE OF superseded_at ON patient_index.link_decision
    FOR EACH ROW WHEN (OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL)
    EXECUTE FUNCTION patient_index.end_at_moment();
CREATE INDEX link_decision_past_a ON patient_index.link_decision (record_a) WHERE superseded_at IS NOT NULL;
CREATE INDEX link_decision_past_b ON patient_index.link_decision (record_b) WHERE superseded_at IS NOT NULL;
COMMENT ON COLUMN patient_index.link_decision.weight IS
    'Bits that the pair speaks for one person, against two strangers, by the model of that name and version.';
COMMENT ON COLUMN patient_index.link_decision.relative_weight IS
    'The same, against two people of one family.';
COMMENT ON COLUMN patient_index.link_decision.levels IS
    'The level of each of comparing.COMPARISONS, from 0; -1 where there was nothing to compare.';
COMMENT ON COLUMN patient_index.link_decision.guards IS 'What kept the pair from being linked by its weight.';
COMMENT ON COLUMN patient_index.link_decision.sealed IS
    'Adoption, gender reassignment, protection: who reviews links without the right to sealed ones never sees it.';
COMMENT ON COLUMN patient_index.link_decision.withdrawn_by IS
    'Who took back this word of a steward, so that the weights decide again.';
COMMENT ON COLUMN patient_index.link_decision.word_id IS
    'The first decision of the word that this is part of, or says again; null where who said it and when tell.';
COMMENT ON COLUMN patient_index.link_decision.carried_for IS
    'A deleted record, for whose words this one stands until it is back.';
CREATE INDEX link_decision_word ON patient_index.link_decision (word_id) WHERE word_id IS NOT NULL;
CREATE INDEX link_decision_carried ON patient_index.link_decision (carried_for) WHERE carried_for IS NOT NULL;
DROP INDEX patient_index.link_decision_in_force;
-- A sealed decision stands above an open one of the same pair, which goes on as if there were no other.
CREATE UNIQUE INDEX link_decision_in_force ON patient_index.link_decision (record_a, record_b, sealed)
    WHERE superseded_at IS NULL;
CREATE INDEX link_decision_possible ON patient_index.link_decision (decision_id)
    WHERE superseded_at IS NULL AND decision = 'possible';
CREATE INDEX link_decision_sealed ON patient_index.link_decision (record_a, record_b)
    WHERE superseded_at IS NULL AND sealed;

CREATE TABLE patient_index.hot_key (
    key bigint PRIMARY KEY,
    rule text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE patient_index.hot_key IS 'Blocking keys that more records share than the model compares.';

CREATE TABLE patient_index.nhs_number_alias (
    superseded text PRIMARY KEY,
    current text NOT NULL,
    told_by text NOT NULL,
    reason text,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (superseded <> current)
);
COMMENT ON TABLE patient_index.nhs_number_alias IS
    'NHS numbers that PDS has replaced, and by which. Never those of adoption or protection.';

CREATE TABLE patient_index.overlay (
    overlay_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_detail_id bigint NOT NULL REFERENCES patient_index.patient_record,
    identity_before json NOT NULL,
    former_records bigint[] NOT NULL DEFAULT '{}',
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decision text CHECK (decision IN ('same person', 'another person', 'undone')),
    decided_by text,
    reason text,
    decided_at timestamptz,
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
COMMENT ON TABLE patient_index.overlay IS
    'Source records that turned into somebody else. While one is open, no weight links its record.';
CREATE INDEX overlay_record ON patient_index.overlay (patient_detail_id);
COMMENT ON COLUMN patient_index.overlay.former_records IS
    'The other records of the person that the record was of until it changed.';
CREATE UNIQUE INDEX overlay_open ON patient_index.overlay (patient_detail_id) WHERE decided_at IS NULL;

CREATE TABLE patient_index.proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('link', 'unlink')),
    record_a bigint NOT NULL REFERENCES patient_index.patient_record,
    record_b bigint NOT NULL REFERENCES patient_index.patient_record,
    model text NOT NULL,
    engine text NOT NULL,
    weight double precision NOT NULL,
    relative_weight double precision NOT NULL,
    levels smallint[] NOT NULL,
    reasons text[] NOT NULL DEFAULT '{}',
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    outcome text CHECK (outcome IN ('linked', 'not linked', 'withdrawn')),
    CHECK (record_a < record_b)
);
COMMENT ON TABLE patient_index.proposal IS
    'What linking the whole index anew would change. A proposal changes nothing until somebody decides.';
CREATE UNIQUE INDEX proposal_open ON patient_index.proposal (record_a, record_b) WHERE closed_at IS NULL;

CREATE TABLE patient_index.patient_record_version (
    patient_detail_id bigint NOT NULL REFERENCES patient_index.patient_record,
    version integer NOT NULL,
    demographics json NOT NULL,
    identity json NOT NULL,
    source_updated_at timestamp,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (patient_detail_id, version)
);
COMMENT ON TABLE patient_index.patient_record_version IS
    'Earlier demographics of source records, as their sources had them.';

-- Whoever changes demographics, and by whatever statement: what they were before is kept.
CREATE FUNCTION patient_index.keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO patient_index.patient_record_version
        (patient_detail_id, version, demographics, identity, source_updated_at, valid_from)
    VALUES (old.patient_detail_id, old.version, old.demographics, old.identity, old.source_updated_at, old.updated_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_version AFTER UPDATE OF demographics ON patient_index.patient_record
    FOR EACH ROW WHEN (old.demographics::text <> new.demographics::text)
    EXECUTE FUNCTION patient_index.keep_version();

CREATE TABLE patient_index.withdrawal (
    withdrawal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenancy_id integer NOT NULL REFERENCES patient_index.tenancy,
    source_key text NOT NULL,
    patient_detail_id bigint REFERENCES patient_index.patient_record,
    withdrawn_as_of timestamp,
    withdrawn_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_by text NOT NULL,
    reason text,
    returned_at timestamptz
);
COMMENT ON TABLE patient_index.withdrawal IS
    'A source deleted its record of a patient. It is shown to nobody until the source sends it again.';
COMMENT ON COLUMN patient_index.withdrawal.patient_detail_id IS
    'Null where the source deleted what it had never sent: an older line must not bring it in.';
COMMENT ON COLUMN patient_index.withdrawal.withdrawn_as_of IS
    'When the source says it deleted the record: an older line does not bring it back.';
CREATE UNIQUE INDEX withdrawal_open ON patient_index.withdrawal (tenancy_id, source_key) WHERE returned_at IS NULL;
CREATE INDEX withdrawal_of_record ON patient_index.withdrawal (patient_detail_id);

ALTER TABLE patient_index.patient_merge
    ADD COLUMN link_decisions bigint[],
    ADD COLUMN numbers_taken text[],
    ADD COLUMN undone_by text,
    ADD COLUMN undo_reason text;
COMMENT ON COLUMN patient_index.patient_merge.link_decisions IS
    'The link decisions that the merge made, which end with it; null of merges before they were kept.';
COMMENT ON COLUMN patient_index.patient_merge.numbers_taken IS
    'The numbers that the major record has by the merge alone.';

DROP INDEX patient_index.patient_record_name;
CREATE INDEX patient_record_name
    ON patient_index.patient_record (surname_key, forename_key, date_of_birth, patient_detail_id)
    INCLUDE (tenancy_id, gender, postcode_key, gp_practice_code, person_id)
    WHERE NOT sharing_refused AND 'demographics' <> ALL (refused_bundles) AND deleted_at IS NULL;

-- Both have one condition: the index answers the view.
CREATE INDEX patient_record_sensitive ON patient_index.patient_record (person_id)
    WHERE demographics->>'SensitiveAddress' = 'Yes' AND deleted_at IS NULL;
CREATE VIEW patient_index.protected_person AS
SELECT person_id FROM patient_index.patient_record
WHERE demographics->>'SensitiveAddress' = 'Yes' AND deleted_at IS NULL;
COMMENT ON VIEW patient_index.protected_person IS
    'Persons of whom a record in force has a sensitive address, once for each such record: where they live, are reached and registered is withheld in every record.';

CREATE TABLE patient_index.examination (
    examination_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    examined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    model text NOT NULL,
    records bigint NOT NULL,
    persons bigint NOT NULL,
    found json NOT NULL
);
COMMENT ON TABLE patient_index.examination IS
    'What was found each time the index was looked over: how often, by the name of the check.';
