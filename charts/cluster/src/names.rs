//! The names of Services: dnsmasq instead of a cluster's DNS, with the Services that the API server lists.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::{
    api_server::ApiServer,
    command::{checked, on_path},
    error::Error,
    files::create_directory,
    namespaces::NODE_ADDRESS,
    program::Program,
};

/// The domain of all Services.
pub(crate) const DOMAIN: &str = "cluster.local";

/// The interval at which the Services are listed.
const INTERVAL: Duration = Duration::from_millis(300);

/// A name server at the node's address.
#[derive(Debug)]
pub(crate) struct Names {
    _dnsmasq: Program,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Names {
    pub(crate) fn start(server: &Arc<ApiServer>, directory: &Path) -> Result<Self, Error> {
        let names = directory.join("names");
        create_directory(&names)?;
        let mut command = Command::new(on_path("dnsmasq", "dnsmasq-base")?);
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--pid-file=",
            "--bind-interfaces",
            "--no-resolv",
            "--no-hosts",
        ]);
        command.arg(format!("--listen-address={NODE_ADDRESS}"));
        command.arg(format!("--local=/{DOMAIN}/"));
        command.arg(format!("--hostsdir={}", names.display()));
        let dnsmasq = Program::start("dnsmasq", &command, server.directory())?;
        let end = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (end, server, file) = (Arc::clone(&end), Arc::downgrade(server), names.join("services"));
            move || {
                let mut written = String::new();
                while !end.load(Ordering::Relaxed) {
                    let Some(server) = server.upgrade() else { return };
                    // After an error the next round tries again.
                    if let Ok(services) = services(&server)
                        && services != written
                        && replace(&file, &services).is_ok()
                    {
                        written = services;
                    }
                    drop(server);
                    thread::sleep(INTERVAL);
                }
            }
        });
        Ok(Self {
            _dnsmasq: dnsmasq,
            end,
            thread: Some(thread),
        })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// All Services with an address, in the format of a hosts file.
fn services(server: &ApiServer) -> Result<String, Error> {
    let answer = checked(
        server
            .kubectl()
            .args(["get", "services", "--all-namespaces", "--output=json"]),
    )?;
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let mut text = String::new();
    for service in answer["items"].as_array().into_iter().flatten() {
        let metadata = &service["metadata"];
        if let (Some(address), Some(name), Some(namespace)) = (
            service["spec"]["clusterIP"]
                .as_str()
                .filter(|address| *address != "None"),
            metadata["name"].as_str(),
            metadata["namespace"].as_str(),
        ) {
            let _ = writeln!(text, "{address} {name}.{namespace}.svc.{DOMAIN}");
        }
    }
    Ok(text)
}

/// Replaces the file atomically, because dnsmasq reads it as soon as it changes.
fn replace(file: &PathBuf, text: &str) -> std::io::Result<()> {
    let next = file.with_file_name(".next");
    fs::write(&next, text)?;
    fs::rename(next, file)
}
