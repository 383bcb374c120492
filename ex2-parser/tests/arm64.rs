//! The parser on a 64-bit Arm processor, which QEMU emulates: its masks come from other instructions than those of the
//! machine that runs the tests.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use ex2_parser::stream;
use github::pages;

const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Debian's toolchain, which comes with the standard library's source. The linker and the emulator are packages, too.
const PROGRAMS: [&str; 4] = [
    "/usr/bin/cargo",
    "/usr/bin/rustc",
    "/usr/bin/aarch64-linux-gnu-gcc",
    "/usr/bin/qemu-aarch64",
];

/// Attributes whose parts are at every place in a block of 64 bytes.
fn attributes_of_every_length() -> String {
    let tags = (0..140).map(|length| {
        let value = "v".repeat(length);
        format!("<div x=\"{value}\" TITLE=\"a>b\" id='{value}' aria-label=\"é=\"></div><a/x{value} rel=\"next\" y=\"{value}\"/>")
    });
    tags.collect()
}

#[test]
fn the_engines_agree_on_another_processor() {
    if let Some(missing) = PROGRAMS.iter().find(|program| !Path::new(program).exists()) {
        eprintln!("skipped: {missing} is not installed; `cargo xtask setup` installs it on Debian");
        return;
    }
    let [cargo, rustc, linker, emulator] = PROGRAMS;
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("arm64");
    let program = directory.join(TARGET).join("debug").join("differential");
    let status = Command::new(cargo)
        .args(["build", "--locked", "--package", "ex2-parser", "--no-default-features"])
        .args(["--features", "differential", "--bin", "differential"])
        .args(["-Zbuild-std=std,panic_unwind", "--target", TARGET, "--target-dir"])
        .arg(&directory)
        // Optimized: an emulator is slow. Without what only a debugger needs.
        .args([
            "--config",
            "profile.dev.opt-level=1",
            "--config",
            "profile.dev.debug=false",
        ])
        .env("RUSTC", rustc)
        // Building the standard library is unstable. This variable allows it with a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", linker)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "it can't be built");

    let pages = [
        pages::PackagePage::default().render(),
        pages::PackageListPage::default().render(),
        pages::VersionListPage::default().render(),
        attributes_of_every_length(),
    ];
    let files = tempfile::tempdir().unwrap();
    let mut command = Command::new(emulator);
    command.args(["-L", "/usr/aarch64-linux-gnu"]).arg(program);
    let mut expected = String::new();
    for (index, page) in pages.iter().enumerate() {
        let file = files.path().join(index.to_string());
        fs::write(&file, page).unwrap();
        expected += &format!("{}: {:?}\n", file.display(), stream::package(page.as_bytes()));
        command.arg(file);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
