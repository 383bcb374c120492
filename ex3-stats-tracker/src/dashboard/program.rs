//! A command of the Rails application.

use std::{net::TcpListener, path::Path};

/// A command of the application, such as `bin/rails db:prepare`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program<'a> {
    /// The program's name and arguments.
    pub(super) command: &'a [&'a str],
    /// The destination of its stdout.
    pub(super) stdout: Stdout,
    /// The listening socket that it may ask for.
    pub(super) socket: Option<&'a TcpListener>,
    /// A directory that it writes to, beside the storage.
    pub(super) writes: Option<&'a Path>,
}

/// The destination of a process's stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdout {
    Read,
    Log,
}
