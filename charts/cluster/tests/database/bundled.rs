//! The bundled database: its start in an empty volume, and again with other passwords.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    common::{refusal, stdout},
    server::{Server, Volumes},
};

#[test]
fn it_starts_in_an_empty_volume_and_again_with_other_passwords() {
    let volumes = Volumes::new();
    // What a creation leaves that was interrupted.
    let left = volumes.directory("data").join("pgdata.new");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("PG_VERSION"), "17\n").unwrap();

    let server = Server::start(&volumes, |_| ());
    let (owner, reader) = (server.secret("owner-url"), server.secret("reader-url"));
    stdout(&mut server.by_url(&owner, "CREATE TABLE history AS SELECT 4711 AS total"));
    assert_eq!(stdout(&mut server.by_url(&reader, "TABLE history")), "4711\n");
    let refused = refusal(&mut server.by_url(&reader, "BEGIN READ WRITE; DELETE FROM history"));
    assert!(refused.contains("permission denied for table history"), "{refused}");
    let refused = refusal(&mut server.by_url(&reader, "BEGIN READ WRITE; CREATE TABLE of_the_reader ()"));
    assert!(refused.contains("permission denied for schema public"), "{refused}");
    // The superuser is only within the container, and nobody else needs no password.
    let superuser = owner.replace("stats_tracker_owner", "postgres");
    let refused = refusal(&mut server.by_url(&superuser, "SELECT 1"));
    assert!(refused.contains("no pg_hba.conf entry"), "{refused}");
    let refused = refusal(&mut server.psql("stats_tracker_owner", "stats_tracker", &["--command", "SELECT 1"]));
    assert!(refused.contains("no pg_hba.conf entry"), "{refused}");
    let settings = "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding), current_setting('data_checksums') \
                    FROM pg_database WHERE datname = 'stats_tracker'";
    let settings = stdout(&mut server.psql("postgres", "stats_tracker", &["--command", settings]));
    assert_eq!(settings, "b|C.UTF-8|UTF8|on\n");
    drop(server);

    // A new release has other passwords, and a restored volume the rights of its group.
    let data = volumes.directory("data").join("pgdata");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o770)).unwrap();
    let server = Server::start(&volumes, |_| ());
    let refused = refusal(&mut server.by_url(&owner, "SELECT 1"));
    assert!(refused.contains("password authentication failed"), "{refused}");
    for key in ["owner-url", "reader-url"] {
        let answer = stdout(&mut server.by_url(&server.secret(key), "TABLE history"));
        assert_eq!(answer, "4711\n", "{key}");
    }
}
