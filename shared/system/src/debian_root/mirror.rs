//! The Debian mirror of this machine's apt, which may be the nearest or the only reachable one.

use std::{fs, path::Path};

use crate::debian_root::contents::SUITE;

/// Debian's keys in the machine's apt.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The apt entries of [`SUITE`] at the mirrors in the machine's apt sources. Empty if no source is Debian's, for
/// example on Ubuntu.
pub(crate) fn entries() -> Vec<String> {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    if let Ok(files) = fs::read_dir("/etc/apt/sources.list.d") {
        let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        texts.extend(paths.iter().filter_map(|path| fs::read_to_string(path).ok()));
    }
    entries_from(&texts, Path::new(KEYRING).is_file())
}

fn entries_from(texts: &[String], keyring: bool) -> Vec<String> {
    let addresses: Vec<&str> = texts.iter().flat_map(|text| addresses(text)).collect();
    let named = |last: &str| {
        addresses
            .iter()
            .map(|address| address.trim_end_matches('/'))
            .find(|address| address.rsplit('/').next() == Some(last))
    };
    let options = if keyring {
        format!("[signed-by={KEYRING}] ")
    } else {
        String::new()
    };
    let mut entries = Vec::new();
    if let Some(archive) = named("debian") {
        entries.push(format!("deb {options}{archive} {SUITE} main"));
        entries.push(format!("deb {options}{archive} {SUITE}-updates main"));
        if let Some(security) = named("debian-security") {
            entries.push(format!("deb {options}{security} {SUITE}-security main"));
        }
    }
    entries
}

/// The URLs in an apt source file, in either format.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).flat_map(|line| {
        let rest = if let Some(rest) = line.strip_prefix("URIs:") {
            rest
        } else if line.starts_with("deb ") {
            line
        } else {
            ""
        };
        rest.split_whitespace().filter(|word| word.contains("://"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "Types: deb\n# URIs: http://old.example/debian\nURIs: http://mirror.example/debian/\n\
        Suites: bookworm\n\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n";

    #[test]
    fn both_of_apts_formats_are_read() {
        let lines = "# deb http://old.example/debian bookworm main\n\
            deb [arch=amd64] http://mirror.example/debian bookworm main\n\
            deb http://mirror.example/debian-security bookworm-security main\n";
        for text in [DEB822, lines] {
            assert_eq!(
                entries_from(&[text.into()], false),
                [
                    format!("deb http://mirror.example/debian {SUITE} main"),
                    format!("deb http://mirror.example/debian {SUITE}-updates main"),
                    format!("deb http://mirror.example/debian-security {SUITE}-security main"),
                ]
            );
        }
    }

    #[test]
    fn an_existing_keyring_is_used() {
        assert!(entries_from(&[DEB822.into()], true)[0].starts_with(&format!("deb [signed-by={KEYRING}] http")));
    }

    #[test]
    fn other_distributions_and_repositories_are_no_mirrors_of_debian() {
        let others =
            "deb http://archive.example/ubuntu noble main\ndeb https://download.example/linux/debian-tools x y\n";
        assert!(entries_from(&[others.into(), String::new()], true).is_empty());
    }
}
