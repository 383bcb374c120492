//! Starts `ex1-hello serve`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The program, serving on a free port. It is killed when this is dropped.
pub(crate) struct Serving {
    process: Child,
    /// The page's URL, as the program printed it: `http://127.0.0.1:…/`.
    pub(crate) url: String,
}

impl Serving {
    /// Starts the program and waits for its URL.
    pub(crate) fn start() -> Self {
        let process = Command::new(assert_cmd::cargo::cargo_bin("ex1-hello"))
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Self {
            process,
            url: String::new(),
        };
        let mut line = String::new();
        BufReader::new(serving.process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        line.trim_end().clone_into(&mut serving.url);
        serving
    }

    /// Sends a signal to the program and waits for its end.
    #[allow(dead_code, reason = "each test crate uses a part of this module")]
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.process.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The process can have ended already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
