-- Entries may be copied straight into their table; a deleted one keeps its id and the day it was deleted.

ALTER TABLE clinical_store.entry ALTER COLUMN entry_id SET DEFAULT nextval('clinical_store.entry_id');

ALTER TABLE clinical_store.entry_version ADD COLUMN deleted_as_of timestamp;
COMMENT ON COLUMN clinical_store.entry_version.deleted_as_of IS
    'When the source says it deleted the row: an older line does not bring it back.';
CREATE INDEX entry_version_deleted ON clinical_store.entry_version (patient_detail_id, collection, source_key)
    WHERE ended_by = 'deleted';
