-- database_exists --
-- Whether the embedded server already has carecord's database.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'carecord');

-- role_exists --
-- Whether the embedded server already has carecord's role.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'carecord');

-- create_role --
-- The role that carecord uses: it owns its database and is no superuser, as on a real server.
CREATE ROLE carecord LOGIN CREATEDB;

-- create_database --
-- The database of the embedded server.
CREATE DATABASE carecord OWNER carecord;

-- lock_set_up --
-- Let one process at a time set up the server or migrate the schema; kept until the session ends.
SELECT pg_advisory_lock(7236514401);

-- fsync --
-- Whether the server brings what it acknowledges to the disk.
SELECT current_setting('fsync') = 'on';

-- limit_statements --
-- Give up the statements of this session after so many milliseconds; 0 for never.
SELECT set_config('statement_timeout', %(timeout_ms)s, false);

-- set_up_reader --
-- A reader changes nothing and gives up in time. Its questions are short: none is worth compiling to machine code.
SELECT set_config('default_transaction_read_only', 'on', false), set_config('statement_timeout', %(timeout_ms)s, false), set_config('jit', 'off', false);

-- limit_migration --
-- A migration waits little for a lock, for every request behind it waits too, and works briefly while it has it.
SELECT set_config('lock_timeout', '4s', false), set_config('statement_timeout', '30s', false);

-- set_up_writing --
-- A change is on disk when its commit returns, whatever the server's default; a statement gives up in time.
SELECT set_config('synchronous_commit', 'on', false), set_config('statement_timeout', %(timeout_ms)s, false);

-- revision --
-- The revision that the database stands at.
SELECT version_num FROM alembic_version;
