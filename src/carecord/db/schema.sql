-- The whole schema, as the migrations build it. A test proves the two equal.

CREATE SCHEMA access;
COMMENT ON SCHEMA access IS 'Who may ask: clients, products, subscriptions, consent.';

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Who looked at, or changed, which patient''s record.';

CREATE SCHEMA patient_index;
COMMENT ON SCHEMA patient_index IS 'Source records of patients, their numbers, and the links between them.';

CREATE SCHEMA clinical_store;
COMMENT ON SCHEMA clinical_store IS 'Entries of patients'' records, every version kept.';

CREATE SCHEMA ingest;
COMMENT ON SCHEMA ingest IS 'What source systems sent, and where it went.';
