//! Tests of the program `pages`.

use assert_cmd::Command;

fn pages(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_pages"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_page_of_each_kind_is_printed() {
    for (arguments, expected) in [
        (
            &["package", "--total", "4890000000", "--discussions"][..],
            "<h3 title=\"4890000000\">4.89B</h3>",
        ),
        (&["package", "--no-chart", "--classes", "old"], "clearfix"),
        (&["package", "--change", "label-renamed"], "Downloads overall"),
        (&["list", "--packages", "30", "--pages", "2"], "rel=\"next\""),
        (&["versions"], "Version downloads"),
        (&["not-found"], "404"),
        (&["rate-limit", "--wording", "secondary"], "secondary rate limit"),
        (&["login"], "password"),
        (&["--completions", "bash"], "_pages"),
    ] {
        let output = pages(arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert!(
            String::from_utf8(output.stdout).unwrap().contains(expected),
            "{arguments:?}"
        );
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn wrong_usage_exits_with_64() {
    for arguments in [
        &["package", "--total", "many"][..],
        &["package", "--newest", "yesterday"],
        &["nothing"],
    ] {
        let output = pages(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
