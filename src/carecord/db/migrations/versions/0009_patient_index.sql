ALTER TABLE patient_index.patient_record
    ADD COLUMN identity json NOT NULL DEFAULT '[]',
    ADD COLUMN blocking_keys bigint[] NOT NULL DEFAULT '{}';
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
    ADD COLUMN guards text[];
COMMENT ON COLUMN patient_index.link_decision.weight IS
    'Bits that the pair speaks for one person, against two strangers, by the model of that name and version.';
COMMENT ON COLUMN patient_index.link_decision.relative_weight IS
    'The same, against two people of one family.';
COMMENT ON COLUMN patient_index.link_decision.levels IS
    'The level of each of comparing.COMPARISONS, from 0; -1 where there was nothing to compare.';
COMMENT ON COLUMN patient_index.link_decision.guards IS 'What kept the pair from being linked by its weight.';
