//! The gem's specs, on the library as it is built along with this test, and once more with the garbage collector under
//! stress.
//!
//!     cargo test -p wasm-host

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn specs() {
    run(&[], "0");
}

#[test]
fn specs_under_gc_stress() {
    run(&["--tag", "~slow"], "1");
}

fn run(arguments: &[&str], stress: &str) {
    let this = env::current_exe().expect("a test knows where it lies");
    let built = this.with_file_name("libwasm_host.so");
    // Ruby derives the name of what it calls first from the file's.
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let library = directory.path().join("wasm_host.so");
    fs::copy(&built, &library).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
    let target = kept::target_directory(&this).expect("tests lie in a target directory");
    let output = Command::new("ruby")
        .args(["-S", "rspec", "--format", "progress"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env("LANG", "C.UTF-8")
        .env("STATS_TRACKER_KEPT", target.join("kept"))
        .env("WASM_HOST_GC_STRESS", stress)
        .env("WASM_HOST_LIBRARY", &library)
        .output()
        .expect("Ruby is installed by `cargo xtask setup`");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "RSpec ended with {}", output.status);
    let summary = said
        .lines()
        .rfind(|line| line.contains(" examples, "))
        .unwrap_or_default();
    // A run that ran nothing has not passed, nor one that left something out.
    assert!(
        !summary.starts_with("0 examples") && summary.ends_with(" 0 failures"),
        "not every example ran: {summary}"
    );
    eprintln!("{summary}");
}
