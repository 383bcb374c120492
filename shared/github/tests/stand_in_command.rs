//! Tests of the program `stand-in`: usage, URL, and end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// Kills the process at the end of the test, also after a panic.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn it_serves_until_it_is_ended() {
    let child = Command::new(env!("CARGO_BIN_EXE_stand-in"))
        .args([
            "--port",
            "0",
            "--clock",
            "2026-05-10T12:00:00Z",
            "--fault",
            "flagger=404",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = KilledOnDrop(child);
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /fluxcd/flagger/pkgs/container/flagger HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");

    let port = address.rsplit(':').next().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_stand-in"))
        .args(["--port", port])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(69));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains(address), "{said}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
}

#[test]
fn wrong_usage_exits_with_64() {
    for arguments in [
        &["--fault", "flagger"][..],
        &["--fault", "a=b"],
        &["--clock", "noon"],
        &["--port", "x"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_stand-in"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_stand-in"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("gzip-bomb"));
}
