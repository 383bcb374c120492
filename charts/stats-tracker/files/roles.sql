-- The database's users and their rights. The owner is for migrations and the collector, the reader for the web process.
--
-- This runs at every start of the server, so that the passwords are always those of the Secret: the volume may be that of
-- an earlier release.
\set ON_ERROR_STOP on
\getenv superuser_password POSTGRES_PASSWORD
\getenv owner_password OWNER_PASSWORD
\getenv reader_password READER_PASSWORD

BEGIN;

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['stats_tracker_owner', 'stats_tracker_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE postgres PASSWORD :'superuser_password';
ALTER ROLE stats_tracker_owner LOGIN PASSWORD :'owner_password';
ALTER ROLE stats_tracker_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE stats_tracker_reader SET default_transaction_read_only = on;

-- The owner of a database may create tables in its schema public.
ALTER DATABASE stats_tracker OWNER TO stats_tracker_owner;
REVOKE ALL ON DATABASE stats_tracker FROM PUBLIC;
GRANT CONNECT ON DATABASE stats_tracker TO stats_tracker_reader;

-- Existing tables, and tables of later migrations.
GRANT USAGE ON SCHEMA public TO stats_tracker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO stats_tracker_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE stats_tracker_owner IN SCHEMA public GRANT SELECT ON TABLES TO stats_tracker_reader;

COMMIT;
