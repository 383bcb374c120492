//! What the tests have in common: the chart, running commands, and one API server for all tests of a file.

#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod relay;
pub(crate) mod stand_in_kubelet;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, Weak},
};

use cluster::ApiServer;
use system::command_line;
pub(crate) use system::workspace;

/// Where the chart is.
pub(crate) fn chart() -> PathBuf {
    workspace().join("charts/stats-tracker")
}

/// The values of every way to install the chart that it is tested with, by the file's name.
pub(crate) fn ci_values() -> Vec<(String, PathBuf)> {
    let mut files: Vec<_> = fs::read_dir(chart().join("ci"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix("-values.yaml")?.to_owned();
            Some((name, path))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the chart has ci/*-values.yaml");
    files
}

/// The API server that the tests of a file share, with the custom resources. It goes with the last of them.
pub(crate) fn api_server() -> Arc<ApiServer> {
    static SHARED: Mutex<Weak<ApiServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    shared.upgrade().unwrap_or_else(|| {
        let server = ApiServer::start().unwrap_or_else(|error| panic!("{error}"));
        server
            .define_custom_resources()
            .unwrap_or_else(|error| panic!("{error}"));
        let server = Arc::new(server);
        *shared = Arc::downgrade(&server);
        server
    })
}

/// A command's output, whatever it ends with.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask setup` installs what the tests need",
            command.get_program().display()
        )
    })
}

/// What a command printed to stdout. It has to succeed.
pub(crate) fn stdout(command: &mut Command) -> String {
    let output = output(command);
    printed(command, output)
}

/// The stdout of a command's output. It has to have succeeded.
pub(crate) fn printed(command: &Command, output: Output) -> String {
    assert!(
        output.status.success(),
        "{} ended with {}\n{}{}",
        command_line::typed(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What a command printed to stderr. It has to fail.
pub(crate) fn refusal(command: &mut Command) -> String {
    let output = output(command);
    assert!(
        !output.status.success(),
        "{} succeeded\n{}",
        command_line::typed(command),
        String::from_utf8_lossy(&output.stdout),
    );
    String::from_utf8(output.stderr).unwrap()
}

/// Makes a namespace in which only pods are let in that Pod Security calls "restricted", and others are warned of.
pub(crate) fn restricted_namespace(server: &ApiServer, name: &str) {
    stdout(server.kubectl().args(["create", "namespace", name]));
    stdout(server.kubectl().args(["label", "namespace", name]).args([
        "pod-security.kubernetes.io/enforce=restricted",
        "pod-security.kubernetes.io/warn=restricted",
    ]));
}
