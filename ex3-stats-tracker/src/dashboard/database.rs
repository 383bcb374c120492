//! The user's own database, from `DATABASE_URL`.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use system::command_line::printable;

use super::error::Error;

/// The schemes of `DATABASE_URL` for the supported databases.
const DATABASES: [&str; 3] = ["sqlite3:", "postgresql:", "postgres:"];

/// The directory of PostgreSQL's socket on Debian, which clients use if the URL has no host.
const SOCKET_DIRECTORY: &str = "/var/run/postgresql";

/// The value of `DATABASE_URL`, if it is set.
pub(crate) fn url() -> Option<OsString> {
    env::var_os("DATABASE_URL").filter(|url| !url.is_empty())
}

/// Checks the value of `DATABASE_URL` before anything is started, so that an unusable URL is reported at once. `root`
/// is that of Debian's Ruby, if Rails runs there.
///
/// # Errors
///
/// If Rails can't use it. The message contains only the wrong part of the URL: the rest may have a password.
pub(crate) fn check(root: Option<&Path>) -> Result<(), Error> {
    let Some(url) = url() else {
        return Ok(());
    };
    wrong(&url.to_string_lossy(), root).map_or(Ok(()), |why| Err(Error::DatabaseUrl(why)))
}

/// The fault of a database URL, for a Rails that runs in this root; `None` if it has none.
fn wrong(url: &str, root: Option<&Path>) -> Option<String> {
    if !DATABASES.iter().any(|database| url.starts_with(database)) {
        let scheme = url.split(':').next().unwrap_or_default();
        return Some(format!("begins with `{}`", printable(scheme)));
    }
    let parsed = Url::parse(url).ok()?;
    if parsed.scheme() == "sqlite3" {
        if let Some(host) = parsed.host_str().filter(|host| !host.is_empty()) {
            return Some(format!("names the host `{}` of a file", printable(host)));
        }
        if !parsed.path().starts_with('/') {
            let file = percent_decode_str(parsed.path()).decode_utf8_lossy().into_owned();
            return Some(format!("names the file `{}` by a relative path", printable(&file)));
        }
    }
    let directory = directory(url)?;
    // Rails would create it, in Debian's root as a temporary directory: what is stored there would be lost.
    if parsed.scheme() == "sqlite3" && !directory.is_dir() {
        return Some(format!(
            "names a file in {}: the directory has to exist",
            printable(&directory.to_string_lossy())
        ));
    }
    // A bind mount of this directory would hide the root's own directory, with Ruby in it.
    let hidden = root?.join(directory.strip_prefix("/").ok()?);
    let holds_something = fs::read_dir(hidden).is_ok_and(|mut entries| entries.next().is_some());
    holds_something.then(|| {
        format!(
            "names a file in {}, which is the system's: choose a directory of its own",
            directory.display()
        )
    })
}

/// The directory on this machine that the database needs: of PostgreSQL's socket, or of SQLite's file. `None` if it is
/// reached by the network, or if the URL can't be parsed: then the database's client reports the error.
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
    // Debian's /var/run is a symbolic link, and a bind mount needs the real path.
    let path = path
        .strip_prefix("/var/run")
        .map_or_else(|_| path.clone(), |below| Path::new("/run").join(below));
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_a_url_does_not_contain_its_password() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("usr/bin")).unwrap();
        fs::create_dir(root.path().join("srv")).unwrap();
        for (url, expected) in [
            ("mysql://me:secret@host/x", Some("begins with `mysql`")),
            ("figures.sqlite3", Some("begins with `figures.sqlite3`")),
            (
                "sqlite3:figures.sqlite3",
                Some("the file `figures.sqlite3` by a relative path"),
            ),
            ("sqlite3:my%20figures", Some("the file `my figures` by a relative path")),
            ("sqlite3::memory:", Some("relative path")),
            ("sqlite3:", Some("relative path")),
            ("sqlite3://figures/all.sqlite3", Some("the host `figures` of a file")),
            (
                "sqlite3:/usr/all.sqlite3",
                Some("a file in /usr, which is the system's"),
            ),
            ("sqlite3:/all.sqlite3", Some("a file in /, which is the system's")),
            ("sqlite3:/srv/all.sqlite3", None),
            (
                "sqlite3:///usr/elsewhere/all.sqlite3",
                Some("a file in /usr/elsewhere: the directory has to exist"),
            ),
            ("postgresql://me:secret@db.example/figures", None),
            ("postgresql:///figures?host=/run/pg", None),
        ] {
            let wrong = wrong(url, Some(root.path()));
            let fits = |expected| wrong.as_ref().is_some_and(|wrong| wrong.contains(expected));
            assert!(expected.map_or(wrong.is_none(), fits), "{url}: {wrong:?}");
            assert!(!wrong.unwrap_or_default().contains("secret"), "{url}");
        }
        assert_eq!(
            wrong("sqlite3:/usr/all.sqlite3", None),
            None,
            "with a Ruby of one's own"
        );
    }

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
