//! Where this machine gets Debian's packages from. It may be a mirror nearby, or the only one that can be reached.

use std::{fs, path::Path};

use crate::debian_root::contents::SUITE;

/// Debian's own keys, as the machine's apt has them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Entries for [`SUITE`], from the machine's apt sources; none where those name no Debian, on Ubuntu for example.
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

/// The addresses in a file of either of apt's formats.
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
    fn the_keyring_is_named_where_it_is_there() {
        assert!(entries_from(&[DEB822.into()], true)[0].starts_with(&format!("deb [signed-by={KEYRING}] http")));
    }

    #[test]
    fn other_distributions_and_strangers_are_no_mirrors_of_debian() {
        let others =
            "deb http://archive.example/ubuntu noble main\ndeb https://download.example/linux/debian-tools x y\n";
        assert!(entries_from(&[others.into(), String::new()], true).is_empty());
    }
}
