-- The tracker's database on your own PostgreSQL, with two users: the owner of the tables, and a reader.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv reader_password READER_PASSWORD

CREATE ROLE stats_tracker_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE stats_tracker_reader LOGIN PASSWORD :'reader_password';
CREATE DATABASE stats_tracker OWNER stats_tracker_owner;

\connect stats_tracker
GRANT USAGE ON SCHEMA public TO stats_tracker_reader;
-- The tables that migrations will make.
ALTER DEFAULT PRIVILEGES FOR ROLE stats_tracker_owner IN SCHEMA public GRANT SELECT ON TABLES TO stats_tracker_reader;
