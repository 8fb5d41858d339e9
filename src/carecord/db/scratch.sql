-- hold_scratch --
-- Whose scratch database it is, until the session ends.
SELECT pg_advisory_lock(hashtextextended(%(name)s, 0))

-- scratch_left_behind --
-- Scratch databases whose owners are gone; they are held until the session ends.
SELECT datname FROM (
    SELECT datname FROM pg_database WHERE starts_with(datname, %(prefix)s) OFFSET 0) AS scratch
WHERE pg_try_advisory_lock(hashtextextended(datname, 0))
