//! `database.sql` on a managed PostgreSQL, whose administrator is no superuser. Since PostgreSQL 16 such a user may only
//! change and grant the roles that it has made.

use std::fs;

use crate::{
    common::{refusal, stdout},
    server::{Server, Volumes},
};

/// The path of the script in the server's container.
const SCRIPT: &str = "/etc/stats-tracker/database.sql";

/// The database of the script.
const DATABASE: &str = "stats_tracker";

#[test]
fn an_administrator_without_a_superusers_rights_makes_the_database_and_can_repeat_it() {
    let volumes = Volumes::new();
    // Everyone may connect, and the bundled database's own users are made only below.
    let server = Server::start(&volumes, |files| {
        fs::write(
            files.join("pg_hba.conf"),
            "local all all trust\nhost all all all trust\n",
        )
        .unwrap();
        fs::write(
            files.join("make-users.sh"),
            "until pg_isready --quiet; do sleep 0.1; done\n",
        )
        .unwrap();
    });
    let as_user = |user: &str, database: &str, sql: &str| server.psql(user, database, &["--command", sql]);
    let administrator = "CREATE ROLE administrator LOGIN CREATEROLE CREATEDB";
    stdout(&mut as_user("postgres", "postgres", administrator));
    let run = |owner: &str, reader: &str| {
        let passwords = [("OWNER_PASSWORD", owner), ("READER_PASSWORD", reader)];
        server.psql_with("administrator", "postgres", &["--quiet", "--file", SCRIPT], &passwords)
    };

    let refused = refusal(&mut run("", "a password"));
    assert!(
        refused.contains("set the environment variables OWNER_PASSWORD and READER_PASSWORD"),
        "{refused}"
    );
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'stats_tracker_%'";
    assert_eq!(stdout(&mut as_user("postgres", "postgres", roles)), "0\n");

    // A provider's page may have made the database already.
    stdout(&mut as_user(
        "administrator",
        "postgres",
        "CREATE DATABASE stats_tracker",
    ));
    stdout(&mut run("one's", "other's"));
    stdout(&mut as_user(
        "stats_tracker_owner",
        DATABASE,
        "CREATE TABLE history AS SELECT 4711",
    ));
    assert_eq!(
        stdout(&mut as_user("stats_tracker_reader", DATABASE, "TABLE history")),
        "4711\n"
    );
    let passwords = "SELECT string_agg(rolpassword, ' ') FROM pg_authid WHERE rolname LIKE 'stats_tracker_%'";
    let before = stdout(&mut as_user("postgres", "postgres", passwords));
    assert_eq!(before.matches("SCRAM-SHA-256").count(), 2, "{before}");

    // What the provider's extensions have in the schema public belongs to others.
    stdout(&mut as_user(
        "postgres",
        DATABASE,
        "CREATE VIEW public.of_the_provider AS SELECT 1",
    ));
    // And a table to which the reader has no right, as after a restored backup without rights.
    let revoke = "REVOKE ALL ON history FROM stats_tracker_reader";
    stdout(&mut as_user("stats_tracker_owner", DATABASE, revoke));
    stdout(&mut run("another one's", "another other's"));
    assert_ne!(
        stdout(&mut as_user("postgres", "postgres", passwords)),
        before,
        "new passwords"
    );
    assert_eq!(
        stdout(&mut as_user("stats_tracker_reader", DATABASE, "TABLE history")),
        "4711\n"
    );
    stdout(&mut as_user(
        "stats_tracker_owner",
        DATABASE,
        "CREATE TABLE later AS SELECT 1",
    ));
    assert_eq!(
        stdout(&mut as_user("stats_tracker_reader", DATABASE, "TABLE later")),
        "1\n"
    );
    let writes = "BEGIN READ WRITE; DELETE FROM history";
    let refused = refusal(&mut as_user("stats_tracker_reader", DATABASE, writes));
    assert!(refused.contains("permission denied for table history"), "{refused}");
    let refused = refusal(&mut as_user(
        "stats_tracker_reader",
        DATABASE,
        "CREATE TABLE of_the_reader ()",
    ));
    assert!(refused.contains("read-only transaction"), "{refused}");

    // And one that does not exist yet.
    stdout(&mut as_user("postgres", "postgres", "DROP DATABASE stats_tracker"));
    stdout(&mut run("one's", "other's"));
    stdout(&mut as_user("stats_tracker_owner", DATABASE, "CREATE TABLE history ()"));
}
