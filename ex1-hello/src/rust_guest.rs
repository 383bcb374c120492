//! The same program written in Rust: the package `hello-guest`, run under WASI.

use std::process::ExitStatus;
use std::time::Duration;

use wasm::guests;

use crate::companion::{self, WASI_HOST};

/// The guest was not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guest can't be built.
    #[error(transparent)]
    Guest(#[from] guests::Error),
    /// Its host can't be built or started.
    #[error(transparent)]
    Host(#[from] companion::Error),
}

/// Builds the guest and its host if needed, and runs the guest.
pub fn run(time_limit: Duration) -> Result<ExitStatus, Error> {
    let guest = guests::HELLO.build()?;
    let seconds = time_limit.as_secs().to_string();
    Ok(WASI_HOST.run(["--time-limit".into(), seconds.into(), guest.into()])?)
}
