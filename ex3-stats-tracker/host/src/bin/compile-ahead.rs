//! Compiles an application's components for every processor of an architecture, which need not be this machine's:
//!
//!     cargo run -p spin-host --features every-architecture -- aarch64 spin.toml DIRECTORY
//!
//! The images of another architecture are built with it. For this machine's architecture there is `ex3-stats-tracker
//! compile`.

use std::{env, path::Path, process::ExitCode};

use spin_host::{Application, Options, manifest::Manifest};
use system::command_line;
use wasm::compiled_code::Store;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [architecture, application, directory] = &*arguments else {
        return command_line::fail(
            sysexits::ExitCode::Usage,
            "name the architecture as Rust does, the application's spin.toml, and the directory for the code",
        );
    };
    let options = Options {
        store: Store::at(directory),
        ..Options::default()
    };
    let compiled = Manifest::read(Path::new(application))
        .map_err(spin_host::Error::from)
        .and_then(|manifest| Application::compile_ahead(&manifest, architecture, &options));
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(sysexits::ExitCode::Unavailable, error),
    }
}
