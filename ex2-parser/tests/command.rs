//! Tests of the command: its output on each stream, and its exit codes.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use assert_cmd::assert::{Assert, OutputAssertExt};
use github::pages;

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ex2-parser"))
}

fn run(arguments: &[&str], page: &[u8]) -> Assert {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may refuse the page, and so close its input, before it has read all of it.
    _ = child.stdin.take().unwrap().write_all(page);
    child.wait_with_output().unwrap().assert()
}

/// Asserts one line on stderr with these words, and nothing on stdout.
fn assert_refuses(assert: &Assert, code: i32, words: &[&str]) {
    let output = assert.get_output();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(code), &b""[..]),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
}

const ENGINES: [&str; 3] = ["dom", "stream", "wasm"];

fn page() -> String {
    pages::PackagePage {
        total: 14_360,
        ..Default::default()
    }
    .render()
}

#[test]
fn the_total_alone() {
    for engine in ENGINES {
        run(&["--engine", engine], page().as_bytes())
            .success()
            .stdout("14360\n");
        run(&["--engine", engine, "-"], page().as_bytes())
            .success()
            .stdout("14360\n");
    }
    run(&[], page().as_bytes()).success().stdout("14360\n").stderr("");
}

#[test]
fn json_with_the_days() {
    let days: Vec<_> = pages::PackagePage::default()
        .daily
        .iter()
        .map(|(date, count)| format!("{{\"date\":\"{date}\",\"count\":{count}}}"))
        .collect();
    let json = format!("{{\"total\":14360,\"daily\":[{}]}}\n", days.join(","));
    for engine in ENGINES {
        run(&["--json", "--engine", engine], page().as_bytes())
            .success()
            .stdout(json.clone());
    }
}

#[test]
fn a_file_and_the_other_kinds_of_pages() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("page.html");
    fs::write(&file, page()).unwrap();
    command().arg(&file).assert().success().stdout("14360\n");

    let list = pages::PackageListPage {
        pages: 2,
        ..Default::default()
    }
    .render();
    let lines = "source-controller\tfluxcd/source-controller\ncharts/flagger\t-\n";
    let versions = pages::VersionListPage::default().render();
    let rows = "852161345\t17118\tlatest,v1.6.0-rc.1\n849002117\t7\tv1.5.0\n848900001\t1234567\t-\n";
    for engine in ENGINES {
        run(&["--page", "list", "--engine", engine], list.as_bytes())
            .success()
            .stdout(lines);
        run(&["--page", "versions", "--engine", engine], versions.as_bytes())
            .success()
            .stdout(rows);
    }
    let json = "{\"packages\":[{\"name\":\"source-controller\",\"repository\":\"fluxcd/source-controller\"},\
                {\"name\":\"charts/flagger\",\"repository\":null}],\"next_page\":2,\"heading_count\":32,\"rows\":2}\n";
    run(&["--page", "list", "--json"], list.as_bytes())
        .success()
        .stdout(json);
}

#[test]
fn a_page_without_a_total_is_bad_data() {
    let cut = &page()[..page().len() - 20];
    for engine in ENGINES {
        for (page, kind) in [
            ("", "not_a_package_page"),
            ("text", "not_a_package_page"),
            (&pages::not_found(), "not_a_package_page"),
            (&pages::login(), "not_a_package_page"),
            (&pages::rate_limit(pages::RateLimit::Secondary), "rate_limited"),
            ("<span>Total downloads</span><h3 title=x>", "markup_changed"),
            (cut, "truncated"),
            ("\0<\0h\0t\0m\0l", "not_utf8"),
        ] {
            assert_refuses(
                &run(&["--engine", engine], page.as_bytes()),
                65,
                &["standard input", kind],
            );
        }
    }
    assert_refuses(&run(&["--page", "versions"], b"x"), 65, &["not_a_version_list"]);
}

#[test]
fn a_page_of_another_kind_is_bad_data_and_named() {
    let (list, versions) = (
        pages::PackageListPage::default().render(),
        pages::VersionListPage::default().render(),
    );
    let version = pages::version_page("image", "v1", 1_234);
    for engine in ENGINES {
        for (kind, page, words) in [
            ("package", &list, &["not_a_package_page", "--page list"][..]),
            ("package", &versions, &["not_a_package_page", "--page versions"]),
            ("package", &version, &["not_a_package_page", "the page of the package"]),
            ("list", &page(), &["not_a_package_list", "--page package"]),
            ("list", &versions, &["not_a_package_list", "--page versions"]),
            ("list", &version, &["not_a_package_list"]),
            ("versions", &page(), &["not_a_version_list", "--page package"]),
            ("versions", &list, &["not_a_version_list", "--page list"]),
            ("versions", &version, &["not_a_version_list"]),
        ] {
            let assert = run(&["--engine", engine, "--page", kind], page.as_bytes());
            assert_refuses(&assert, 65, words);
            let message = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
            assert!(!message.contains("markup"), "{message}");
        }
    }
}

#[test]
fn an_incomplete_list_is_bad_data() {
    let list = pages::PackageListPage::default();
    for engine in ENGINES {
        for (change, heading_count, words) in [
            (Some(pages::ListChange::LinkUnknown), None, "links to no package"),
            (Some(pages::ListChange::SlashNotEncoded), None, "links to no package"),
            (Some(pages::ListChange::ListRenamed), None, "outside of any list"),
            (None, Some(3), "as many rows as its heading counts"),
        ] {
            let page = pages::PackageListPage {
                change,
                heading_count,
                ..list.clone()
            };
            assert_refuses(
                &run(&["--engine", engine, "--page", "list"], page.render().as_bytes()),
                65,
                &["markup_changed", words],
            );
        }
    }
}

#[test]
fn a_huge_page_is_an_error_message() {
    let huge = vec![b'<'; 100 * 1024 * 1024];
    for engine in ENGINES {
        assert_refuses(&run(&["--engine", engine], &huge), 65, &["too_large", "8 MiB"]);
    }
}

#[cfg(unix)]
#[test]
fn an_endless_page_is_an_error_message() {
    assert_refuses(&command().arg("/dev/zero").assert(), 65, &["/dev/zero", "too_large"]);
}

#[test]
fn a_missing_file_and_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.html");
    assert_refuses(
        &command().arg(&missing).assert(),
        66,
        &["missing.html", "can't be read"],
    );
    assert_refuses(&command().arg(directory.path()).assert(), 66, &["can't be read"]);
    assert_refuses(&command().arg("new\nline").assert(), 66, &["can't be read"]);
    assert_refuses(&command().arg("x".repeat(5_000)).assert(), 66, &["can't be read"]);
}

#[test]
fn mistakes_on_the_command_line() {
    for arguments in [
        &["--engine", "regex"][..],
        &["--nothing"],
        &["a", "b"],
        &["--page", "x"],
    ] {
        let assert = run(arguments, b"").code(64).stdout("");
        assert!(!assert.get_output().stderr.is_empty());
    }
}

#[test]
fn help_version_and_completions() {
    let help = run(&["--help"], b"").success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    for word in ["--engine", "--json", "rate_limited", "65", "66"] {
        assert!(help.contains(word), "{word}");
    }
    run(&["--version"], b"").success();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["--completions", shell], b"").success();
        assert!(
            String::from_utf8(script.get_output().stdout.clone())
                .unwrap()
                .contains("ex2-parser"),
            "{shell}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_an_error() {
    use std::os::fd::OwnedFd;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command()
        .stdin(Stdio::piped())
        .stdout(Stdio::from(OwnedFd::from(writer)))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(page().as_bytes()).unwrap();
    child.wait_with_output().unwrap().assert().success().stderr("");
}
