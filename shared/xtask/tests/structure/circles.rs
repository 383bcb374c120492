//! No circle between files: of two files of a crate, at most one uses the other, whether straight or through others.
//!
//! [`sources`](crate::sources) says what counts as a use, and what it can't see.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use system::workspace;

use crate::metadata::metadata;
use crate::sources::{Uses, uses};

/// The uses that are part of a circle, a line each.
fn circles(uses: &Uses) -> Vec<String> {
    let shown = |file: &Path| file.strip_prefix(workspace()).unwrap_or(file).display().to_string();
    let mut circles = Vec::new();
    for (from, used) in uses {
        for (to, paths) in used {
            if reachable(uses, to).contains(from) {
                let paths: Vec<_> = paths.iter().map(String::as_str).collect();
                circles.push(format!("{} uses {}: {}", shown(from), shown(to), paths.join(", ")));
            }
        }
    }
    circles
}

/// The files that a file uses, straight or through others.
fn reachable<'a>(uses: &'a Uses, from: &Path) -> BTreeSet<&'a PathBuf> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&PathBuf> = uses[from].keys().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(uses[file].keys());
        }
    }
    reached
}

#[test]
fn no_file_uses_one_that_uses_it() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let roots: BTreeSet<PathBuf> = packages
        .flat_map(|package| package["targets"].as_array().unwrap())
        .map(|target| target["src_path"].as_str().unwrap().into())
        .collect();
    let mut files = BTreeSet::new();
    let mut found = BTreeSet::new();
    for root in roots {
        let uses = uses(&root);
        found.extend(circles(&uses));
        files.extend(uses.into_keys());
    }
    assert!(files.contains(&workspace().join("shared/system/src/cache/trust.rs")));
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "circles between files:\n{}", found.join("\n"));
}

/// Writes a crate, and returns the uses in it that are part of a circle, by the files' names.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let directory = format!("{}/", directory.path().display());
    let uses = uses(&PathBuf::from(format!("{directory}lib.rs")));
    let mut found: Vec<_> = circles(&uses)
        .into_iter()
        .map(|line| line.replace(&directory, ""))
        .collect();
    found.sort();
    found
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    for (a, b) in [
        ("use crate::b::B; pub struct A;", "use crate::a::A; pub struct B;"),
        ("use super::b; pub struct A;", "pub fn b() -> super::a::A { todo!() }"),
        // Through the root, which hands both on, and through a glob.
        ("use crate::B; pub struct A;", "use crate::A; pub struct B;"),
        (
            "use crate::b::*; pub struct A;",
            "use super::{a::{A as Other}}; pub struct B;",
        ),
        // Within a function, a macro, an attribute, an inline module.
        (
            "fn a() { use crate::b::B; } pub struct A;",
            "fn b() { println!(\"{:?}\", crate::a::A) } pub struct B;",
        ),
        (
            "#[error(\"{}\", crate::b::B)] pub struct A;",
            "mod inside { use crate::a::A; } pub struct B;",
        ),
        (
            "macro_rules! a { () => { $crate::b::B } } pub struct A;",
            "impl crate::a::A { fn b() {} } pub struct B;",
        ),
    ] {
        let root = "mod a; mod b; pub use a::A; pub use b::B;";
        let found = circles_of(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found.len(), 2, "{a} | {b}: {found:?}");
        assert!(found[0].starts_with("a.rs uses b.rs: "), "{found:?}");
        assert!(found[1].starts_with("b.rs uses a.rs: "), "{found:?}");
    }
}

#[test]
fn a_file_and_one_below_it_can_form_a_circle() {
    for below in ["a/below.rs", "a/below/mod.rs"] {
        let a = "mod below; use below::Below; pub struct A;";
        let found = circles_of(&[
            ("lib.rs", "mod a;"),
            ("a.rs", a),
            (below, "use super::A; pub struct Below;"),
        ]);
        assert_eq!(
            found,
            [
                format!("a.rs uses {below}: below::Below"),
                format!("{below} uses a.rs: super::A")
            ]
        );
    }
}

#[test]
fn what_is_no_circle_is_not_called_one() {
    for (a, b) in [
        // The other way only in tests.
        (
            "use crate::b::B; pub struct A;",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
        (
            "use crate::b::B; pub struct A;",
            "pub struct B; #[cfg(all(test, unix))] use crate::a::A;",
        ),
        // Of the same name in another crate, in a text, in a comment, as the scope of a visibility.
        ("use crate::b::B; pub struct A;", "use ::a::A; pub struct B;"),
        (
            "use crate::b::B; pub struct A;",
            "const B: &str = \"crate::a::A\"; // crate::a::A",
        ),
        (
            "pub(crate) mod in_a { pub(in crate::a) struct A; }",
            "use crate::a::in_a; pub struct B;",
        ),
    ] {
        let found = circles_of(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found, [""; 0], "{a} | {b}");
    }
    // A file that only lists the files below it, and hands names on from one to another.
    let face = "mod a; mod b; pub use a::A;";
    let found = circles_of(&[("lib.rs", face), ("a.rs", "pub struct A;"), ("b.rs", "use super::A;")]);
    assert_eq!(found, [""; 0]);
}
