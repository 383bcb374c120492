//! The commands `serve` and `compile`: the real program and the real component, with the stand-in.
//!
//!     cargo test -p ex3-stats-tracker --test serve

mod program;

use std::{fs, path::Path, process::Command};

use jiff::Timestamp;
use program::{CLOCK, LOUD, Running, clock, expected, get, last_line, program, stderr};
use serde_json::Value;
use wasm::guests;

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program(&["serve", "--stand-in", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    let line = last_line(&output);
    assert!(
        line.contains(&format!("127.0.0.1:{port}")) && line.contains("in use"),
        "{line}"
    );
}

/// `serve` with a stand-in, and the addresses of both from stderr.
struct Serving {
    running: Running,
    component: String,
    github: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut command = program(&["serve", "--stand-in", "--port", "0", "--clock", CLOCK]);
        let mut running = Running::start(command.args(arguments));
        let component = address(&running.url_after("The component listens on"));
        let github = address(&running.url_after("It asks the stand-in on"));
        running.line_with(LOUD);
        Self {
            running,
            component,
            github,
        }
    }

    fn get(address: &str, path: &str) -> (u16, Value) {
        let (status, body) = get(&format!("http://{address}{path}"));
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    #[cfg(unix)]
    fn interrupt(self) -> (Option<i32>, String) {
        let (status, stdout) = self.running.end("-INT");
        (status.code(), stdout)
    }
}

/// The host and the port of a URL.
fn address(url: &str) -> String {
    url.strip_prefix("http://").unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn the_component_alone_serves_until_ctrl_c() {
    let serving = Serving::start(&[]);
    let (status, body) = Serving::get(&serving.component, "/orgs/fluxcd/packages/charts%2Fflagger");
    assert_eq!(status, 200);
    assert_eq!(body["total"], expected("charts/flagger"));
    let measured_at: Timestamp = body["measured_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(measured_at, clock(), "the component uses the stand-in's clock");
    let (_, state) = Serving::get(&serving.github, "/_stand-in");
    assert_eq!(state["now"], CLOCK);
    assert_eq!(serving.interrupt(), (Some(0), String::new()));
}

/// The requests of one client take an hour, the other client sends nothing. The program ends nevertheless.
#[cfg(unix)]
#[test]
fn it_ends_in_the_middle_of_long_requests() {
    use std::{io::Write, net::TcpStream};

    for twice in [false, true] {
        let slow = ["--timeout", "1h", "--stand-in-fault", "flux=slow-first-byte"];
        let mut serving = Serving::start(&slow);
        let silent = TcpStream::connect(&serving.component).unwrap();
        let mut asking = TcpStream::connect(&serving.component).unwrap();
        asking
            .write_all(b"GET /orgs/fluxcd/packages/flux HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        // The component works on the request once the stand-in has received its own.
        while !Serving::get(&serving.github, "/_stand-in/log")
            .1
            .to_string()
            .contains("/flux")
        {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        if twice {
            serving.running.signal("-INT");
            serving.running.line_with("Ctrl-C once more");
        }
        let (code, _) = serving.interrupt();
        assert_eq!(code, Some(if twice { 130 } else { 0 }));
        drop((silent, asking));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_is_closed_ends_it_but_not_under_nohup() {
    let arguments = [
        env!("CARGO_BIN_EXE_ex3-stats-tracker"),
        "serve",
        "--stand-in",
        "--port",
        "0",
    ];
    // A program inherits the ignored signals of its parent, and the tests themselves may run under nohup.
    let (running, _) = serve(Command::new("env").arg("--default-signal=HUP").args(arguments));
    assert_eq!(running.end("-HUP").0.code(), Some(0));

    let (mut running, address) = serve(Command::new("nohup").args(arguments));
    running.signal("-HUP");
    assert_eq!(Serving::get(&address, "/healthz").0, 200);
    assert_eq!(running.end("-TERM").0.code(), Some(0));
}

/// Writes this workspace's `spin.toml` with another path of the module.
fn write_manifest(path: &Path, source: &str) {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/spin/spin.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    table["component"]["stats-tracker"]["source"] = source.into();
    fs::write(path, table.to_string()).unwrap();
}

/// Starts `serve`, and returns its address from stderr.
fn serve(command: &mut Command) -> (Running, String) {
    let mut running = Running::start(command);
    let address = address(&running.url_after("listens on"));
    (running, address)
}

/// Like in a container: nothing is built, and the variables are named like Spin's.
#[cfg(unix)]
#[test]
fn an_application_that_is_built_already_is_served_until_sigterm() {
    let stand_in = Serving::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("spin.toml");
    write_manifest(&manifest, guests::SPIN_COMPONENT.build().unwrap().to_str().unwrap());

    let mut command = program(&["serve", "--bind", "127.0.0.2", "--port", "0", "--application"]);
    command
        .arg(&manifest)
        .env("SPIN_VARIABLE_GITHUB_URL", format!("http://{}", stand_in.github))
        .env("SPIN_VARIABLE_CONTACT", "you@example.org")
        .env("SPIN_VARIABLE_PAGE_TIMEOUT", "20");
    let (running, address) = serve(&mut command);
    assert!(address.starts_with("127.0.0.2:"), "{address}");
    let (status, body) = Serving::get(&address, "/orgs/fluxcd/packages/flagger");
    assert_eq!(status, 200);
    assert_eq!(body["total"], expected("flagger"));
    let (_, log) = Serving::get(&stand_in.github, "/_stand-in/log");
    let agent = log["requests"][0]["user_agent"].as_str().unwrap();
    assert!(agent.contains("you@example.org"), "{agent}");

    assert_eq!(running.end("-TERM").0.code(), Some(0));
    assert_eq!(stand_in.interrupt().0, Some(0));
}

/// Like in an image: `spin.toml` and the compiled code are in the program's directory, so no options are needed.
#[cfg(unix)]
#[test]
fn compiled_code_is_served_without_another_compilation() {
    // On the same file system as the program, for a hard link.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::copy(guests::SPIN_COMPONENT.build().unwrap(), path("component.wasm")).unwrap();
    write_manifest(&path("spin.toml"), "component.wasm");
    let code = path("compiled-code");
    let output = program(&["compile"])
        .arg(path("spin.toml"))
        .arg("--output")
        .arg(&code)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    let entries = || -> Vec<_> { code.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect() };
    let compiled = entries();
    assert_eq!(compiled.len(), 1, "{compiled:?}");

    fs::hard_link(env!("CARGO_BIN_EXE_ex3-stats-tracker"), path("program")).unwrap();
    let answers = || {
        let mut command = Command::new(path("program"));
        let (running, address) = serve(command.args(["serve", "--port", "0"]));
        let (status, body) = Serving::get(&address, "/healthz");
        assert_eq!(status, 200);
        assert_eq!(body["status"], "ok");
        assert_eq!(running.end("-TERM").0.code(), Some(0));
    };
    answers();
    assert_eq!(entries(), compiled, "nothing was compiled");
    // A compilation adds an entry to the cache.
    let mut damaged = fs::read(&compiled[0]).unwrap();
    damaged[1_000] ^= 1;
    fs::write(&compiled[0], damaged).unwrap();
    answers();
    assert_eq!(entries().len(), 2);
}

/// From any directory without an argument, and from its own directory with its file name.
#[test]
fn the_trackers_own_component_is_built_and_compiled() {
    let directory = tempfile::tempdir().unwrap();
    let spin = Path::new(env!("CARGO_MANIFEST_DIR")).join("spin");
    for (name, arguments, from) in [
        ("by default", &[][..], directory.path()),
        ("from its directory", &["spin.toml"], &spin),
    ] {
        let code = directory.path().join(name);
        let output = program(&["compile"])
            .args(arguments)
            .arg("--output")
            .arg(&code)
            .current_dir(from)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(code.read_dir().unwrap().count(), 1, "{name}");
    }
}

#[test]
fn a_file_that_can_not_be_compiled_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("text.wasm"), "text").unwrap();
    for name in ["text", "missing"] {
        write_manifest(&path(&format!("{name}.toml")), &format!("{name}.wasm"));
    }
    fs::write(path("not.toml"), "[").unwrap();
    fs::copy(guests::SPIN_COMPONENT.build().unwrap(), path("component.wasm")).unwrap();
    write_manifest(&path("spin.toml"), "component.wasm");
    // `text.wasm` is a file, so not even root can create files below it.
    for (manifest, output, code, named, advice) in [
        ("none.toml", "code", 66, "none.toml", "give the path of a spin.toml"),
        ("not.toml", "code", 65, "not.toml", "correct it"),
        ("missing.toml", "code", 66, "missing.wasm", "build it first"),
        ("text.toml", "code", 65, "text.wasm", "build it for wasm32-wasip1"),
        ("spin.toml", "text.wasm", 73, "text.wasm", "name a directory"),
        (
            "spin.toml",
            "text.wasm/below",
            73,
            "text.wasm/below",
            "name a directory",
        ),
    ] {
        let output = program(&["compile"])
            .arg(path(manifest))
            .arg("--output")
            .arg(path(output))
            .output()
            .unwrap();
        let line = last_line(&output);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(
            line.contains(path(named).to_str().unwrap()) && line.contains(advice),
            "{line}"
        );
        assert!(!path("code").exists(), "{manifest}");
    }
}
