//! Tests of faulty images of the component.

use std::{fs, process::Command};

use images::Image;
use system::processes::copy_program;

use crate::built::unpacked;

const PROGRAM: &str = "ex3-stats-tracker";
const CODE: &str = "compiled-code";

#[test]
fn a_component_without_its_code_is_refused_in_one_sentence() {
    let root = unpacked(Image::Component).root();
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    copy_program(&root.join(PROGRAM), &place(PROGRAM)).unwrap();
    for name in ["spin.toml", "stats_tracker_spin.wasm"] {
        fs::copy(root.join(name), place(name)).unwrap();
    }
    let refusal = || {
        let output = Command::new(place(PROGRAM))
            .args(["serve", "--port", "0"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(sysexits::ExitCode::Software as i32),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("stats_tracker_spin.wasm") && said.contains("build the image again"),
            "{said}"
        );
        said
    };
    assert!(refusal().contains("no compiled code of it"));
    fs::create_dir(place(CODE)).unwrap();
    for entry in root.join(CODE).read_dir().unwrap() {
        let entry = entry.unwrap();
        let mut code = fs::read(entry.path()).unwrap();
        code[1_000] ^= 1;
        fs::write(place(CODE).join(entry.file_name()), code).unwrap();
    }
    assert!(refusal().contains("no compiled code of it"));
}
