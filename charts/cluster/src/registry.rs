//! A container registry on the loopback address.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    command::on_path,
    error::Error,
    files::{create_directory, write},
    program::Program,
};

/// The time limit of a start. On an idle machine it takes a moment.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The interval of the checks whether it answers.
const INTERVAL: Duration = Duration::from_millis(100);

/// The registry of CNCF's Distribution project, without TLS and without a login. It ends when this is dropped.
#[derive(Debug)]
pub struct Registry {
    _program: Program,
    address: SocketAddr,
}

impl Registry {
    /// Starts a registry at a port, with its data and its log in `directory`, and waits until it answers. Data of an earlier
    /// registry in this directory is served again.
    ///
    /// # Errors
    ///
    /// If the program is missing, or ends.
    pub fn start(directory: &Path, port: u16) -> Result<Self, Error> {
        let program = on_path("docker-registry", "docker-registry")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        create_directory(directory)?;
        // JSON is YAML.
        let configuration = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": directory.join("data")}},
            "http": {"addr": address.to_string()},
        });
        let file = directory.join("registry.yaml");
        write(&file, configuration.to_string())?;
        let mut command = Command::new(program);
        command.arg("serve").arg(file);
        let mut program = Program::start("registry", &command, directory)?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            program.check()?;
            if start.elapsed() > TIMEOUT {
                return Err(program.error(format!("did not answer after {} s", TIMEOUT.as_secs())));
            }
            thread::sleep(INTERVAL);
        }
        Ok(Self {
            _program: program,
            address,
        })
    }

    /// Its address, such as `127.0.0.1:5000`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
