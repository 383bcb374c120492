//! The certificate of an external database, by `database.external.ca`: the chart's own init container connects with the
//! chart's own variables.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use system::{debian_root::DebianRoot, postgresql::PostgreSql};

use crate::{
    common::{output, stdout},
    list, object, rendered, text,
};

/// The time limit of a reload.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The exit code of `wait.rb` if it waited in vain.
const IN_VAIN: i32 = 69;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::default();
    // Another name than that of its certificates, which would seem to be self-signed.
    parameters
        .distinguished_name
        .push(DnType::CommonName, "a database's authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// Gives a server a certificate for `localhost`, and turns TLS on.
fn with_tls(postgresql: &PostgreSql, authority: &Authority) {
    let sql = |sql: &str| {
        let mut psql = postgresql.client("psql");
        stdout(psql.args([
            "--no-psqlrc",
            "--no-align",
            "--tuples-only",
            "--command",
            sql,
            "postgres",
        ]))
    };
    let data = PathBuf::from(sql("SHOW data_directory").trim());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, authority).unwrap();
    let owner = data.metadata().unwrap();
    for (file, content) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(file);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    sql("ALTER SYSTEM SET ssl = on");
    sql("SELECT pg_reload_conf()");
    let start = Instant::now();
    while sql("SHOW ssl").trim() != "on" {
        assert!(start.elapsed() < TIMEOUT, "the server does not turn TLS on");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Runs the init container of the migration, which connects to the database, and returns its exit code and its words.
fn connect(pod: &Value, url: &str, ca: &Path) -> (Option<i32>, String) {
    let container = &pod["initContainers"][0];
    let root = DebianRoot::get().unwrap_or_else(|error| panic!("{error}"));
    let mut arguments = list(&container["args"]).map(text);
    let program = arguments.next().unwrap();
    let mut inside = root.command(program).args(arguments.map(str::to_owned));
    for variable in list(&container["env"]) {
        let name = text(&variable["name"]);
        inside = inside.env(name, variable["value"].as_str().unwrap_or(url));
    }
    let mount = list(&container["volumeMounts"]).find(|mount| mount["name"] == "database-ca");
    inside = inside.read_at(ca, text(&mount.expect("the CA is mounted")["mountPath"]));
    // One attempt.
    let ended = output(&mut inside.env("STATS_TRACKER_WAIT", "0").command().unwrap());
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn only_a_server_with_a_certificate_of_the_ca_for_its_name_is_connected_to() {
    let postgresql = PostgreSql::listening(([127, 0, 0, 1], 0).into());
    let ours = authority();
    with_tls(&postgresql, &ours);
    let [_, _, (_, user), (_, password)] = postgresql.variables();
    let url = |host: &str| format!("postgresql://{user}:{password}@{host}:{}/postgres", postgresql.port());
    let objects = rendered(&[
        "--set=database.mode=external",
        "--set=database.external.existingSecret=addresses",
        "--set=database.external.ca.existingConfigMap=authority",
    ]);
    let pod = &object(&objects, "Job", "migration")["spec"]["template"]["spec"];
    let directory = tempfile::tempdir().unwrap();
    let ca = |authority: &Authority| {
        let volume = list(&pod["volumes"])
            .find(|volume| volume["name"] == "database-ca")
            .unwrap();
        let file = text(&volume["configMap"]["items"][0]["path"]);
        fs::write(directory.path().join(file), authority.as_ref().pem()).unwrap();
    };

    ca(&ours);
    let (code, said) = connect(pod, &url("localhost"), directory.path());
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = connect(pod, &url("127.0.0.1"), directory.path());
    assert_eq!(code, Some(IN_VAIN), "{said}");
    assert!(said.contains("does not match host name"), "{said}");

    ca(&authority());
    let (code, said) = connect(pod, &url("localhost"), directory.path());
    assert_eq!(code, Some(IN_VAIN), "{said}");
    assert!(said.contains("SSL error"), "{said}");
    // A URL that says less is taken at its word.
    let (code, said) = connect(
        pod,
        &format!("{}?sslmode=require&sslrootcert=", url("localhost")),
        directory.path(),
    );
    assert_eq!(code, Some(0), "{said}");
}
