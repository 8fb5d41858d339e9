CREATE SCHEMA fhir_api;
COMMENT ON SCHEMA fhir_api IS 'The record as FHIR resources, and what they are found by.';

ALTER TABLE access.client ADD COLUMN own_tenancy_id integer;
COMMENT ON COLUMN access.client.own_tenancy_id IS
    'The source system that the client itself is: what it writes through FHIR is filed there.';

CREATE FUNCTION fhir_api.token(value text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ('x' || substr(md5(value), 1, 16))::bit(64)::bigint;
COMMENT ON FUNCTION fhir_api.token IS 'The first eight bytes of the MD5 of what a resource is found by.';

CREATE TABLE fhir_api.resource (
    type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    patient_detail_id bigint,
    tenancy_id integer NOT NULL,
    bundle text COLLATE "C",
    restricted boolean NOT NULL DEFAULT false,
    store text COLLATE "C",
    entry_id bigint,
    entry_version integer,
    sent_by text,
    version integer NOT NULL DEFAULT 1,
    last_updated timestamptz NOT NULL,
    link_sources integer[],
    tokens bigint[] NOT NULL,
    search jsonb NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (type, id)
);
COMMENT ON TABLE fhir_api.resource IS
    'One row per FHIR resource in force: made of an entry or a source record, or kept as a client sent it.';
COMMENT ON COLUMN fhir_api.resource.patient_detail_id IS 'Whose record it is in; null where it is about no patient.';
COMMENT ON COLUMN fhir_api.resource.bundle IS
    'The bundle of the catalogue that it belongs to, whose refusal and restricted scope hold for it.';
COMMENT ON COLUMN fhir_api.resource.entry_version IS 'The version of the entry that the body says the same as.';
COMMENT ON COLUMN fhir_api.resource.link_sources IS
    'Of a Patient whose links alone have changed since the version of its number: the sources of the records that it was linked with or is no longer. Null in all others.';
COMMENT ON COLUMN fhir_api.resource.sent_by IS 'The client that sent it through FHIR; null where it is made of the catalogue.';
COMMENT ON COLUMN fhir_api.resource.tokens IS 'fhir_api.token of each exact thing that it is found by.';
COMMENT ON COLUMN fhir_api.resource.search IS 'By search parameter: the values that ranges, words and sorting need.';
CREATE INDEX resource_of_patient ON fhir_api.resource (patient_detail_id, type);
CREATE INDEX resource_updated ON fhir_api.resource (type, last_updated);
-- Every search reads all of the list of what has yet to be brought into the index: it is kept short.
CREATE INDEX resource_tokens ON fhir_api.resource USING gin (tokens) WITH (gin_pending_list_limit = 256);

CREATE TABLE fhir_api.resource_version (
    type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    patient_detail_id bigint,
    tenancy_id integer NOT NULL,
    bundle text COLLATE "C",
    restricted boolean NOT NULL,
    store text COLLATE "C",
    entry_id bigint,
    entry_version integer,
    sent_by text,
    last_updated timestamptz NOT NULL,
    link_sources integer[],
    deleted boolean NOT NULL DEFAULT false,
    body text,
    PRIMARY KEY (type, id, version, last_updated),
    CHECK (deleted = (body IS NULL))
);
COMMENT ON TABLE fhir_api.resource_version IS
    'Earlier versions of resources, and of a deleted one its deletion as the last. The version in force is not here.';
CREATE INDEX resource_version_updated ON fhir_api.resource_version (type, last_updated);
CREATE INDEX resource_version_of_patient ON fhir_api.resource_version (patient_detail_id);

CREATE TABLE fhir_api.pointing (
    type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    target_type text COLLATE "C" NOT NULL,
    target_id text COLLATE "C" NOT NULL,
    known boolean NOT NULL,
    PRIMARY KEY (type, id, target_type, target_id)
);
COMMENT ON TABLE fhir_api.pointing IS
    'What Binaries and Provenances that clients sent point at, in any version: only who may see all of that may see them. known: the client knew of it when it said so; of what it did not know of, it is told nothing, and sees its own resource.';
CREATE INDEX pointing_at ON fhir_api.pointing (target_type, target_id);

CREATE TABLE fhir_api.stale (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_detail_id bigint NOT NULL,
    store text COLLATE "C"
);
COMMENT ON TABLE fhir_api.stale IS
    'Whose resources have yet to be made anew: those of one store of a record, with no store its Patient, with * all of it. Append only: who makes them anew deletes the rows it saw.';
-- What was there before this migration has never been made. In a large index this takes minutes.
SET LOCAL statement_timeout = 0;
INSERT INTO fhir_api.stale (patient_detail_id, store) SELECT patient_detail_id, '*' FROM patient_index.patient_record;
CREATE INDEX stale_of_patient ON fhir_api.stale (patient_detail_id);

CREATE TABLE fhir_api.turning (
    day date NOT NULL,
    patient_detail_id bigint NOT NULL,
    store text COLLATE "C" NOT NULL,
    PRIMARY KEY (day, patient_detail_id, store)
);
COMMENT ON TABLE fhir_api.turning IS
    'The day on which resources of a store of a record read otherwise, though nobody changes the record: a status hangs on a date. Who first asks on that day moves it to fhir_api.stale.';

-- Whoever changes an entry, and by whatever statement: its resources are made anew before they are next shown. Who
-- writes through FHIR makes them in the same transaction, and says so by fhir_api.writing.
CREATE FUNCTION fhir_api.note_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fhir_api.stale (patient_detail_id, store)
    SELECT DISTINCT patient_detail_id, collection FROM changed;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_added AFTER INSERT ON clinical_store.entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT WHEN (current_setting('fhir_api.writing', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION fhir_api.note_entries();
CREATE TRIGGER note_changed AFTER UPDATE ON clinical_store.entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT WHEN (current_setting('fhir_api.writing', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION fhir_api.note_entries();
CREATE TRIGGER note_deleted AFTER DELETE ON clinical_store.entry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT WHEN (current_setting('fhir_api.writing', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION fhir_api.note_entries();

-- A Patient names those it is linked with, and withholds what one of them asks to: who joins or leaves a person, and a
-- sensitive address, change the Patients of all.
CREATE FUNCTION fhir_api.note_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fhir_api.stale (patient_detail_id)
    SELECT r.patient_detail_id FROM patient_index.patient_record r
    WHERE r.patient_detail_id = NEW.patient_detail_id
       OR (OLD.person_id <> NEW.person_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
           OR OLD.sharing_refused <> NEW.sharing_refused OR OLD.refused_bundles <> NEW.refused_bundles
           OR OLD.demographics->>'SensitiveAddress' IS DISTINCT FROM NEW.demographics->>'SensitiveAddress')
          AND r.person_id IN (OLD.person_id, NEW.person_id);
    RETURN NULL;
END
$$;
CREATE FUNCTION fhir_api.note_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fhir_api.stale (patient_detail_id)
    SELECT patient_detail_id FROM patient_index.patient_record
    WHERE person_id = NEW.person_id
      AND (patient_detail_id <> NEW.patient_detail_id OR current_setting('fhir_api.writing', true) IS DISTINCT FROM 'on');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_added AFTER INSERT ON patient_index.patient_record
    FOR EACH ROW EXECUTE FUNCTION fhir_api.note_record();
CREATE TRIGGER note_changed AFTER UPDATE OF demographics, person_id, deleted_at, active, sharing_refused, refused_bundles
    ON patient_index.patient_record
    FOR EACH ROW WHEN (OLD.person_id <> NEW.person_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
        OR OLD.active <> NEW.active OR OLD.sharing_refused <> NEW.sharing_refused
        OR OLD.refused_bundles <> NEW.refused_bundles OR OLD.demographics::text <> NEW.demographics::text)
    EXECUTE FUNCTION fhir_api.note_records();
CREATE FUNCTION fhir_api.note_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fhir_api.stale (patient_detail_id) VALUES (NEW.minor_id), (NEW.major_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_merge AFTER INSERT OR UPDATE ON patient_index.patient_merge
    FOR EACH ROW EXECUTE FUNCTION fhir_api.note_merge();
