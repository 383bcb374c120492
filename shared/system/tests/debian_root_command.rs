//! Tests of the command line and its exit codes.

use std::process::{Command, Output};

fn debian_root(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_debian-root"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn help_runs_no_program() {
    let help = debian_root(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--rebuild"));
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for arguments in [&[][..], &["--nosuch"], &["--build", "--rebuild"]] {
        let wrong = debian_root(arguments);
        assert_eq!(wrong.status.code(), Some(64), "{arguments:?}");
        assert!(
            String::from_utf8(wrong.stderr).unwrap().contains("error"),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_program_has_its_own_options_and_its_own_exit_code() {
    let ruby = debian_root(&["ruby", "-e", "print ARGV; exit 7", "--", "--help"]);
    assert_eq!(String::from_utf8(ruby.stdout).unwrap(), "[\"--help\"]");
    assert_eq!(ruby.status.code(), Some(7));
}
