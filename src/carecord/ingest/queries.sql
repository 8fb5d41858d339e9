-- start_load --
-- A file begins to load.
INSERT INTO ingest.load (file_name) VALUES (%(file_name)s) RETURNING load_id

-- end_load --
-- What became of the file.
UPDATE ingest.load
SET tenancy_id = %(tenancy_id)s, ended_at = now(), lines = %(lines)s, patients = %(patients)s,
    entries = %(entries)s, rejected = %(rejected)s
WHERE load_id = %(load_id)s
