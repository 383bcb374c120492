//! Shared parts of the tests: the chart, commands, and one API server for all tests of a file.

#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod relay;
pub(crate) mod scripts;
pub(crate) mod stand_in_kubelet;
pub(crate) mod test_cluster;
pub(crate) mod tree;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, Weak},
};

use cluster::{ApiServer, cached};
pub(crate) use system::workspace;
use system::{cache, command_line, python};

/// The path of the chart.
pub(crate) fn chart() -> PathBuf {
    workspace().join("charts/stats-tracker")
}

/// All files of values that the chart is tested with, by name.
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

/// The API server of all tests of a file, with the custom resources. It ends with the last test.
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

/// A command's output, with any exit code.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask setup` installs what the tests need",
            command.get_program().display()
        )
    })
}

/// The stdout of a command, which must succeed.
pub(crate) fn stdout(command: &mut Command) -> String {
    let output = output(command);
    printed(command, output)
}

/// The stdout of a finished command, which must have succeeded.
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

/// The stderr of a command, which must fail.
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

/// The directory of the packages for Python that `.github/NAME.txt` pins.
pub(crate) fn python_packages(name: &str) -> PathBuf {
    let requirements = workspace().join(format!(".github/{name}.txt"));
    // Compiled modules have this ending. Those of another Python or processor can't be loaded.
    let ending = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
    let python = stdout(Command::new("python3").args(["-c", ending]));
    let made_from = python + &fs::read_to_string(&requirements).unwrap();
    cached::directory(&cache::directory("cluster").unwrap(), name, &made_from, |place| {
        stdout(&mut python::install(&requirements, place));
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{error}"))
}

/// Creates a namespace in which Pod Security accepts only "restricted" pods.
pub(crate) fn restricted_namespace(server: &ApiServer, name: &str) {
    stdout(server.kubectl().args(["create", "namespace", name]));
    stdout(server.kubectl().args(["label", "namespace", name]).args([
        "pod-security.kubernetes.io/enforce=restricted",
        "pod-security.kubernetes.io/warn=restricted",
    ]));
}
