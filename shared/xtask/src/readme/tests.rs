//! Tests of the splicing of READMEs.

use super::*;

const README: &str = "# Title\n<!-- file: a.wat -->\n```wat\nold\n```\n<!-- end -->\nText\n";

#[test]
fn a_block_is_replaced_and_the_rest_stays() {
    let spliced = splice(README, |source| {
        assert_eq!(
            source,
            Source::File {
                path: "a.wat",
                region: None
            }
        );
        Ok(Block::Fenced("new\n".to_owned()))
    });
    assert_eq!(spliced.unwrap(), README.replace("old", "new"));
}

#[test]
fn splicing_twice_changes_nothing_more() {
    let new = |_: Source<'_>| Ok(Block::Fenced("new".to_owned()));
    let once = splice(README, new).unwrap();
    assert_eq!(splice(&once, new).unwrap(), once);
}

#[test]
fn markers_without_a_block_or_an_end_are_errors() {
    for text in [
        "<!-- file: a -->\nno fence\n<!-- end -->\n",
        "<!-- output: a -->\n```text\n```\n",
        "<!-- file: a -->",
        "<!-- matrix: summary -->\nno end\n",
    ] {
        assert!(splice(text, |_| Ok(Block::Unchanged)).is_err(), "{text:?}");
    }
}

#[test]
fn files_that_name_one_record_are_of_that_one() {
    let workspace = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(workspace.path().join(file), text).unwrap();
    let record = || record_of(workspace.path(), &["a.md", "b.md"]).map_err(|error| format!("{error:#}"));
    write("a.md", "# Title\n<!-- matrix: summary from 1 -->\n<!-- end -->\n");
    assert!(record().unwrap_err().contains("b.md can't be read"));
    write(
        "b.md",
        "<!-- matrix: verdicts -->\n<!-- end -->\n<!-- matrix: run from 1 -->\n<!-- end -->\n",
    );
    assert_eq!(record().unwrap(), "1");
    write("b.md", "<!-- matrix: run from 2 -->\n<!-- end -->\n");
    let error = record().unwrap_err();
    assert!(
        error.contains("a.md names 1, and b.md names 2: `cargo xtask matrix"),
        "{error}"
    );
    write("a.md", "");
    write("b.md", "");
    assert!(
        record()
            .unwrap_err()
            .contains("no record of the benches is named in a.md or b.md")
    );
}

#[test]
fn a_part_of_a_record_is_markdown_and_its_marker_names_the_record() {
    let text = "a\n<!-- matrix: summary -->\n<!-- end -->\nb\n";
    let splice = |text: &str| {
        splice(text, |_| {
            Ok(Block::Markdown {
                marker: "<!-- matrix: summary from 1 -->".to_owned(),
                content: "| table |\n".to_owned(),
            })
        })
    };
    let once = splice(text).unwrap();
    assert_eq!(
        once,
        "a\n<!-- matrix: summary from 1 -->\n\n| table |\n\n<!-- end -->\nb\n"
    );
    assert_eq!(splice(&once).unwrap(), once);
}

#[test]
fn an_unchanged_block_is_the_same() {
    assert_eq!(splice(README, |_| Ok(Block::Unchanged)).unwrap(), README);
}

#[test]
fn a_file_is_written_compared_and_its_difference_found() {
    let workspace = tempfile::tempdir().unwrap();
    let differs = |content, write| compare_or_write(workspace.path(), "plot.svg", content, write).unwrap();
    assert!(differs("one\n", false), "a missing file differs");
    assert!(!differs("one\n", true));
    assert!(!differs("one\n", false));
    assert!(differs("two\n", false));
    assert_eq!(fs::read_to_string(workspace.path().join("plot.svg")).unwrap(), "one\n");
}

#[test]
fn a_region_has_no_common_indentation() {
    let text = "x\n  // region: part\n  one\n\n    two\n  // endregion: part\ny\n";
    assert_eq!(region(text, "part").unwrap(), "one\n\n  two");
    assert!(region(text, "par").is_err());
}

#[test]
fn programs_of_the_workspaces_build_are_run() {
    let built = |command: &str| with_built_programs(command, Path::new("/target/debug"));
    assert_eq!(built("cargo run -q -p a"), "'/target/debug/a'");
    assert_eq!(
        built("cargo run -q -p a -- --json | cargo run -q -p b"),
        "'/target/debug/a' --json | '/target/debug/b'"
    );
    assert_eq!(built("cargo run -q -p a -- x || true"), "'/target/debug/a' x || true");
    assert_eq!(built("cargo run -q -p a | wc"), "'/target/debug/a' | wc");
    assert_eq!(built("cargo xtask setup"), "cargo xtask setup");
}

#[test]
fn a_command_that_fails_is_an_error() {
    assert_eq!(
        output(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap(),
        "out\n"
    );
    assert!(output(Command::new("sh").args(["-c", "echo out; exit 1"])).is_err());
}

#[test]
fn a_difference_names_the_line() {
    assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2\n- b\n+ c");
    assert_eq!(difference("a\n", "a\nc\n"), "line 2\n- (end)\n+ c");
}

/// A git repository with a record, and with a README that shows it.
fn workspace() -> (tempfile::TempDir, Cargo, Record) {
    let directory = tempfile::tempdir().unwrap();
    let cargo = Cargo::new(directory.path().to_path_buf());
    let record = Record::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/record.json")).unwrap();
    record.write(&records::directory(directory.path())).unwrap();
    assert!(
        cargo
            .in_workspace("git")
            .args(["init", "--quiet"])
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir(directory.path().join("ex1-hello")).unwrap();
    let text = "# Title\n<!-- matrix: summary -->\n<!-- end -->\n<!-- matrix: plot hello -->\n<!-- end -->\nEnd\n";
    fs::write(directory.path().join("ex1-hello/README.md"), text).unwrap();
    (directory, cargo, record)
}

#[test]
fn a_readme_agrees_with_its_record_until_one_of_them_changes() {
    let (directory, cargo, record) = workspace();
    let path = |name: &str| directory.path().join(name);
    let agrees = || compare(directory.path(), &cargo, false);
    assert!(format!("{:#}", agrees().unwrap_err()).contains("`cargo xtask matrix --write` names the newest"));

    splice_record(directory.path(), &cargo, &record).unwrap();
    let readme = fs::read_to_string(path("ex1-hello/README.md")).unwrap();
    assert!(
        readme.contains("<!-- matrix: summary from 2026-11-22T122031Z -->\n\n|"),
        "{readme}"
    );
    assert!(
        readme.starts_with("# Title\n") && readme.ends_with("<!-- end -->\nEnd\n"),
        "{readme}"
    );
    agrees().unwrap();

    for (name, from, to) in [
        ("ex1-hello/README.md", "230 ns", "130 ns"),
        ("ex1-hello/hello-world.svg", ">1 µs<", ">2 µs<"),
        (
            "shared/bench/records/2026-11-22T122031Z.json",
            "\"estimate\": 230.0",
            "\"estimate\": 229.0",
        ),
    ] {
        let before = fs::read_to_string(path(name)).unwrap();
        assert!(before.contains(from), "{from} in {name}");
        fs::write(path(name), before.replace(from, to)).unwrap();
        let error = agrees().unwrap_err().to_string();
        assert!(error.contains("differ from their sources"), "{name}: {error}");
        fs::write(path(name), before).unwrap();
        agrees().unwrap();
    }
    fs::remove_file(path("ex1-hello/hello-world.svg")).unwrap();
    assert!(agrees().is_err(), "the plot is gone");
    compare(directory.path(), &cargo, true).unwrap();
    agrees().unwrap();
}

#[test]
fn a_readme_keeps_its_record_until_the_next_splice() {
    let (directory, cargo, mut record) = workspace();
    splice_record(directory.path(), &cargo, &record).unwrap();
    record.recorded_at = "2026-12-24T00:00:00Z".parse().unwrap();
    record.write(&records::directory(directory.path())).unwrap();
    compare(directory.path(), &cargo, false).unwrap();
}

#[test]
fn a_readme_agrees_with_the_record_of_density_and_a_record_of_the_matrix_leaves_it_alone() {
    let (directory, cargo, record) = workspace();
    let path = |name: &str| directory.path().join(name);
    let readme = "# Title\n<!-- density: memory -->\n<!-- end -->\n<!-- density: plot -->\n<!-- end -->\nEnd\n";
    fs::remove_dir_all(path("ex1-hello")).unwrap();
    fs::create_dir_all(path("ex3-stats-tracker/benches")).unwrap();
    fs::write(path("ex3-stats-tracker/README.md"), readme).unwrap();
    let splice = |write| compare(directory.path(), &cargo, write);
    assert!(format!("{:#}", splice(true).unwrap_err()).contains("density.json can't be read"));

    let density = include_str!("density/fixture.json");
    fs::write(path("ex3-stats-tracker/benches/density.json"), density).unwrap();
    assert!(splice(false).is_err(), "nothing is spliced yet");
    splice(true).unwrap();
    splice(false).unwrap();
    let spliced = fs::read_to_string(path("ex3-stats-tracker/README.md")).unwrap();
    assert!(spliced.contains("| 10,000 | 128 | ") && spliced.contains("](density.svg)\n"));
    splice_record(directory.path(), &cargo, &record).unwrap();
    assert_eq!(
        fs::read_to_string(path("ex3-stats-tracker/README.md")).unwrap(),
        spliced
    );

    let newer = density.replace("128000", "256000");
    fs::write(path("ex3-stats-tracker/benches/density.json"), newer).unwrap();
    let error = splice(false).unwrap_err().to_string();
    assert!(error.starts_with("2 READMEs or plots differ"), "{error}");
}

#[test]
fn an_unknown_part_or_record_is_named() {
    let (directory, cargo, record) = workspace();
    let write = |marker: &str| {
        let text = format!("<!-- matrix: {marker} -->\n<!-- end -->\n");
        fs::write(directory.path().join("ex1-hello/README.md"), text).unwrap();
        format!("{:#}", compare(directory.path(), &cargo, false).unwrap_err())
    };
    let error = write("summary from 1999-01-01T000000Z");
    assert!(
        error.contains("1999-01-01T000000Z") && error.contains("can't be read"),
        "{error}"
    );
    let error = write(&format!("everything from {}", record.name()));
    assert!(error.contains("a record has no part \"everything\""), "{error}");
}
