-- The tracker's database with its two users: the owner of the tables, for migrations and the collector, and the reader, for
-- the web process. For psql, with the passwords in OWNER_PASSWORD and READER_PASSWORD:
--
--     psql --host="$DATABASE_HOST" --username=postgres --dbname=postgres --file=charts/stats-tracker/files/database.sql
--
-- It needs no superuser, but a user with CREATEROLE and CREATEDB, as the administrator of a managed PostgreSQL is. It can run
-- at any time again, which sets the passwords and the rights. The chart's bundled database runs it at every start.
\set ON_ERROR_STOP on
\set owner_password ''
\set reader_password ''
\getenv owner_password OWNER_PASSWORD
\getenv reader_password READER_PASSWORD

SELECT '' IN (:'owner_password', :'reader_password') AS without_password \gset
\if :without_password
DO $$ BEGIN RAISE 'a user would have no password: set the environment variables OWNER_PASSWORD and READER_PASSWORD'; END $$;
\endif

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['stats_tracker_owner', 'stats_tracker_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE stats_tracker_owner LOGIN PASSWORD :'owner_password';
ALTER ROLE stats_tracker_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE stats_tracker_reader SET default_transaction_read_only = on;

-- Who is no superuser may give a database only to a role whose member they are, and act only as such a role. Since
-- PostgreSQL 16 the creator of a role may grant it, but does not have its rights.
SELECT 'GRANT stats_tracker_owner TO CURRENT_USER'
WHERE NOT pg_has_role(current_user, 'stats_tracker_owner', 'USAGE')
\gexec

SELECT 'CREATE DATABASE stats_tracker OWNER stats_tracker_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'stats_tracker')
\gexec
SELECT 'ALTER DATABASE stats_tracker OWNER TO stats_tracker_owner'
FROM pg_database
WHERE datname = 'stats_tracker' AND pg_get_userbyid(datdba) <> 'stats_tracker_owner'
\gexec

\connect stats_tracker
-- The owner of a database may create tables in its schema public, and give rights on both.
SET ROLE stats_tracker_owner;
REVOKE ALL ON DATABASE stats_tracker FROM PUBLIC;
GRANT CONNECT ON DATABASE stats_tracker TO stats_tracker_reader;
GRANT USAGE ON SCHEMA public TO stats_tracker_reader;

-- Existing tables, without those of others, such as views of extensions; then the tables of later migrations.
SELECT format('GRANT SELECT ON %s TO stats_tracker_reader', oid::regclass)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relowner = 'stats_tracker_owner'::regrole
  AND relkind IN ('r', 'p', 'v', 'm')
\gexec
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO stats_tracker_reader;
