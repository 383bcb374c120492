//! Dependencies that the product must not have.

use std::process::Command;

use system::workspace;

/// The licence of these crates (BUSL-1.1) requires a contract for production.
const SINGLEPASS: &str = "wasmer-compiler-singlepass";
const LLVM: &str = "wasmer-compiler-llvm";

fn dependencies(packages: &[&str]) -> String {
    let mut tree = Command::new("cargo");
    tree.args([
        "tree",
        "--locked",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    for package in packages {
        tree.args(["--package", package]);
    }
    let output = tree.current_dir(workspace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_product_is_open_source() {
    for package in ["ex3-stats-tracker", "stats-tracker-spin", "wasm-host", "images"] {
        let all = dependencies(&[package]);
        assert!(all.contains(package), "{all}");
        assert!(!all.contains(SINGLEPASS) && !all.contains(LLVM), "{package}: {all}");
    }
    // The test can find it: the benches use it.
    assert!(dependencies(&["ruby-in-wasm"]).contains(SINGLEPASS));
}
