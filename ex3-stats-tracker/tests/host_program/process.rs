//! The program as a process with an environment, memory and output of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use system::processes;

use super::application::Application;

/// The variables that change requests to other servers.
const ENVIRONMENT: [&str; 10] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// `serve`, with the guest.
pub(super) struct Process {
    child: Child,
    base_url: String,
    printed: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// `prepare` changes the command, for example its environment.
    pub(super) fn start(application: &Application, prepare: impl FnOnce(&mut Command)) -> Self {
        Self::try_start(application, prepare).unwrap_or_else(|(status, printed)| panic!("{status}: {printed}"))
    }

    /// `Err` contains the exit status and the output of a program that ended before it listened.
    pub(super) fn try_start(
        application: &Application,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, (ExitStatus, String)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"));
        command
            .args(["serve", "--port", "0", "--application"])
            .arg(application.path("spin.toml"));
        for variable in ENVIRONMENT {
            command.env_remove(variable);
        }
        prepare(&mut command);
        let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // From here on the child is killed on drop.
        let mut process = Self {
            child,
            base_url: String::new(),
            printed: Arc::default(),
            reader: None,
        };
        let mut stderr = BufReader::new(process.child.stderr.take().unwrap());
        let mut printed = String::new();
        process.base_url = loop {
            let begun = printed.len();
            if stderr.read_line(&mut printed).unwrap() == 0 {
                return Err((process.child.wait().unwrap(), printed));
            }
            if let Some((_, url)) = printed[begun..].split_once("listens on ") {
                break url.split_whitespace().next().unwrap().to_owned();
            }
        };
        *process.printed.lock().unwrap() = printed;
        let all = process.printed.clone();
        process.reader = Some(thread::spawn(move || {
            let mut line = Vec::new();
            while stderr.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                all.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        }));
        Ok(process)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.base_url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// A figure of its memory in bytes, by the name in `/proc/PID/status`.
    #[cfg(target_os = "linux")]
    pub(super) fn memory(&self, name: &str) -> usize {
        let bytes = processes::memory(self.child.id(), name).unwrap();
        usize::try_from(bytes).unwrap()
    }

    /// Kills the program and returns all its output.
    pub(super) fn end(mut self) -> String {
        let _ = self.child.kill();
        self.reader.take().unwrap().join().unwrap();
        std::mem::take(&mut *self.printed.lock().unwrap())
    }
}

/// Limits the address space to less than a pool needs, which is 130 GiB for 32 instances. The command is replaced:
/// afterwards only its environment may be changed.
pub(super) fn limit_address_space(command: &mut Command) {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""]);
    *command = processes::run_by(limited, command);
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
