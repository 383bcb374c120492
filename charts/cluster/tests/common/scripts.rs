//! The scripts of the walk-through. The READMEs show their regions.

use std::fs;

use super::{tree::DEPLOY, workspace};

/// The directory of the scripts, relative to the repository's root.
pub(crate) fn directory() -> String {
    format!("{DEPLOY}/walk-through")
}

/// The names of all scripts.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(workspace().join(directory()))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sh"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// The text of a script.
pub(crate) fn text(name: &str) -> String {
    let path = workspace().join(directory()).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The regions of a script: the name of each, and its commands.
pub(crate) fn regions(name: &str) -> Vec<(String, String)> {
    let text = text(name);
    let regions = text.lines().filter_map(|line| line.strip_prefix("# region: "));
    regions
        .map(|region| {
            let commands = text
                .split_once(&format!("# region: {region}\n"))
                .and_then(|(_, after)| after.split_once(&format!("# endregion: {region}\n")))
                .unwrap_or_else(|| panic!("{name}: {region} does not end"))
                .0;
            (region.to_owned(), commands.to_owned())
        })
        .collect()
}

/// The commands of one region of a script.
pub(crate) fn region(name: &str, region: &str) -> String {
    let found = regions(name).into_iter().find(|(each, _)| each == region);
    found.unwrap_or_else(|| panic!("{name} has no {region}")).1
}
