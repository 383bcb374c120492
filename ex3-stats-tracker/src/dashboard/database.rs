//! The user's own database, as `DATABASE_URL` names it.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use reqwest::Url;

/// Where Debian's PostgreSQL has its socket: where its clients look when no host is named.
const SOCKET_DIRECTORY: &str = "/var/run/postgresql";

/// The value of `DATABASE_URL`, where there is one.
pub(crate) fn url() -> Option<OsString> {
    env::var_os("DATABASE_URL").filter(|url| !url.is_empty())
}

/// The directory of this machine through which the database is reached: of PostgreSQL's socket, or of SQLite's file.
/// None where it is reached by the network, or where the address can't be read: the database's client says why.
pub(super) fn directory(url: &str) -> Option<PathBuf> {
    let url = Url::parse(url).ok()?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let path = if url.scheme() == "sqlite3" {
        Path::new(&decoded(url.path())).parent()?.to_owned()
    } else {
        let host = url.query_pairs().find(|(name, _)| name == "host");
        let host = host.map_or_else(
            || decoded(url.host_str().unwrap_or_default()),
            |(_, host)| host.into_owned(),
        );
        PathBuf::from(if host.is_empty() { SOCKET_DIRECTORY } else { &host })
    };
    // Debian's /var/run is a link, and what a root is given has to lie at its real path.
    let path = path
        .strip_prefix("/var/run")
        .map_or_else(|_| path.clone(), |below| Path::new("/run").join(below));
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_or_a_file_is_in_a_directory_of_this_machine() {
        for (url, expected) in [
            ("postgresql://me@%2Frun%2Fpg:5433/figures", Some("/run/pg")),
            ("postgres://me:secret@%2Frun%2Fpg/figures", Some("/run/pg")),
            ("postgresql:///figures?host=/run/pg", Some("/run/pg")),
            ("postgresql:///figures?host=%2Frun%2Fpg", Some("/run/pg")),
            ("postgresql:///figures", Some("/run/postgresql")),
            ("postgresql://me@db.example:5432/figures", None),
            ("postgresql://[::1]/figures", None),
            ("postgresql://db.example/figures?host=127.0.0.1", None),
            ("sqlite3:/var/lib/figures/all.sqlite3", Some("/var/lib/figures")),
            ("sqlite3:///var/my%20figures/all.sqlite3", Some("/var/my figures")),
            ("sqlite3:all.sqlite3", None),
            ("postgresql", None),
            ("", None),
        ] {
            assert_eq!(directory(url).as_deref(), expected.map(Path::new), "{url}");
        }
    }
}
