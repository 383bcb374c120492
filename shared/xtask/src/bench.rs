//! Runs the benches and records their figures: one file for each run.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use bench::cases;
use bench::exact::{self, ExactFigures};
use bench::matrix::machine::{self, Commit, Load, Machine};
use bench::matrix::record::{Bench, Record, SCHEMA};
use bench::matrix::{collect, rounds};
use clap::Args;
use jiff::Timestamp;
use system::command_line;

use crate::records;
use crate::run::{Cargo, FAILED, announce_and_run, bold, red};
use crate::selection::Selection;

/// Criterion's arguments for a short run with coarse figures.
const QUICK: [&str; 6] = [
    "--sample-size",
    "10",
    "--warm-up-time",
    "0.1",
    "--measurement-time",
    "0.3",
];

/// The default number of rounds: enough that each figure has a round without other load, and a run ends within half an
/// hour.
const ROUNDS: u32 = 3;

/// Benches that measure memory as well as time, and write records of another form beside their crate.
const WITH_OWN_RECORD: [&str; 1] = ["density"];

/// The expected duration of a bench that no record has.
const UNKNOWN_SECONDS: f64 = 180.0;

/// A machine is busy if its load is more than this for each core.
const BUSY: f64 = 0.5;

/// The options of a run.
#[derive(Args)]
#[command(
    after_help = "A full run takes half an hour after the build; its start prints the expected time. Run nothing \
                  else meanwhile: it would change the figures. The record also has the exact figures of the \
                  commit, as the READMEs show them. Its path is printed to standard output. Ctrl-C \
                  ends the run without a record.\n\nExit codes: 0 recorded; 1 a bench failed, and the figures of the \
                  others are recorded; 64 unknown bench; 73 the record can't be written."
)]
pub(crate) struct Options {
    /// A short trial run; its record is never spliced into a README
    #[arg(long)]
    quick: bool,
    /// The number of rounds; each figure is that of its quietest round [default: 3, and 1 with --quick]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Run only this bench; can be repeated
    #[arg(long = "bench", value_name = "NAME")]
    benches: Vec<String>,
    /// Additional cargo features, for example ex1-hello/llvm
    #[arg(long, value_name = "FEATURES")]
    features: Vec<String>,
}

/// Runs the benches, one after the other, and writes a record.
pub(crate) fn run(workspace: &Path, cargo: &Cargo, options: &Options) -> Result<ExitCode> {
    let selection = Selection::here(&options.features);
    let all = benches(cargo, &selection)?;
    if let Some(unknown) = options.benches.iter().find(|name| !all.contains(*name)) {
        let names: Vec<&str> = all.iter().map(String::as_str).collect();
        command_line::note(format_args!(
            "{}: there is no bench {unknown:?}; there are {}",
            red("error"),
            names.join(", ")
        ));
        return Ok(ExitCode::from(sysexits::ExitCode::Usage));
    }
    let chosen: Vec<&String> = all
        .iter()
        .filter(|name| options.benches.is_empty() || options.benches.contains(name))
        .collect();
    let target = cargo.target_directory()?;
    let _lock = lock(&target)?;
    // Before the benches, so that a damaged file is no reason to run them again.
    let exact_figures = ExactFigures::of_crates(workspace).with_context(|| {
        format!(
            "the exact figures can't be recorded; the tests `exact_figures` write their files with {}=1",
            exact::UPDATE
        )
    })?;

    for note in selection.notes() {
        command_line::note(format_args!("{note}"));
    }
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { ROUNDS });
    command_line::note(format_args!(
        "{}",
        plan(&chosen, &newest(workspace), options.quick, rounds)
    ));
    build(cargo, &selection, &chosen)?;
    let gem = build_gem(cargo, &selection, &target)?;

    let machine = Machine::this();
    let load_before = Load::now();
    warn_if_busy(&machine, load_before.as_ref());
    // A round runs all benches, so that the rounds of one bench are minutes apart.
    let mut measured: Vec<Vec<Bench>> = vec![Vec::new(); chosen.len()];
    for round in 1..=rounds {
        for (number, (name, measured)) in (1..).zip(chosen.iter().zip(&mut measured)) {
            let of = match rounds {
                1 => String::new(),
                _ => format!(", round {round} of {rounds}"),
            };
            command_line::note(format_args!(
                "{}",
                bold(format!("[{number}/{}] {name}{of}", chosen.len()))
            ));
            let mut command = bench_command(cargo, &selection);
            command.env(cases::ROUND, round.to_string());
            command.args(["--bench", name, "--"]);
            if options.quick {
                command.args(QUICK);
            }
            if let Some(gem) = &gem {
                command.env("WASM_HOST_LIBRARY", gem);
            }
            measured.push(measure(workspace, command, &target, name)?);
        }
    }
    let benches = measured
        .into_iter()
        .map(|mut of_bench| rounds::quietest(of_bench.remove(0), of_bench))
        .collect();

    let record = Record {
        schema: SCHEMA,
        recorded_at: Timestamp::now(),
        quick: options.quick,
        rounds,
        all_benches: chosen.len() == all.len(),
        machine,
        load_before,
        load_after: Load::now(),
        rustc: machine::rustc(workspace),
        commit: Commit::of(workspace),
        exact_figures,
        benches,
    };
    let path = record.write(&records::directory(workspace))?;
    command_line::print(format!("{}\n", path.strip_prefix(workspace).unwrap_or(&path).display()).as_bytes())?;
    Ok(conclude(&record))
}

/// Runs one bench with its own Criterion directory, and returns its part of the record.
fn measure(workspace: &Path, mut command: Command, target: &Path, name: &str) -> Result<Bench> {
    let directory = target.join("criterion-recorded").join(name);
    collect::prepare(&directory).with_context(|| format!("{} can't be emptied", directory.display()))?;
    command
        .env("CRITERION_HOME", &directory)
        // Ruby takes a page's encoding from the locale, and the figures must not depend on the user's.
        .env("LC_ALL", "C.UTF-8");
    let begun = Instant::now();
    let status = announce_and_run(&mut command)?;
    let failed = (!status.success()).then(|| format!("it ended with {status}"));
    if let Some(failed) = &failed {
        command_line::note(format_args!("{}: the bench {name} failed: {failed}", red("error")));
    }
    let home = std::env::home_dir();
    let cleaned = |text: &str| collect::without_paths(text, workspace, home.as_deref());
    let seconds = begun.elapsed().as_secs_f64().round();
    Ok(collect::bench(&directory, name, seconds, failed, &cleaned)?)
}

/// `cargo bench` of the selection, with all output on standard error.
fn bench_command(cargo: &Cargo, selection: &Selection) -> Command {
    let mut command = cargo.command(&["bench"]);
    command.args(selection.arguments()).stdin(Stdio::null());
    command.stdout(Stdio::from(io::stderr()));
    command
}

fn build(cargo: &Cargo, selection: &Selection, chosen: &[&String]) -> Result<()> {
    let mut command = bench_command(cargo, selection);
    command.arg("--no-run");
    for name in chosen {
        command.args(["--bench", name]);
    }
    let status = announce_and_run(&mut command)?;
    ensure!(status.success(), "the benches can't be built");
    Ok(())
}

/// Builds the gem's library with the optimisation of the benches. Returns its path, with the file name that Ruby
/// expects; `None` without Ruby.
///
/// Building the gem's tests has the features of the benches, so that the dependencies are compiled already.
/// `cargo build` would select other features and compile the engines again.
fn build_gem(cargo: &Cargo, selection: &Selection, target: &Path) -> Result<Option<PathBuf>> {
    if selection.excludes("wasm-host") {
        return Ok(None);
    }
    let mut command = cargo.command(&["test", "--release"]);
    command.args(selection.arguments());
    command.args(["--no-run", "--test", "specs"]);
    command.stdin(Stdio::null()).stdout(Stdio::from(io::stderr()));
    let status = announce_and_run(&mut command)?;
    ensure!(status.success(), "the gem can't be built");
    let built = cargo.build_directory()?.join("release/deps/libwasm_host.so");
    let library = target.join("wasm_host.so");
    match fs::copy(&built, &library) {
        Ok(_) => Ok(Some(library)),
        Err(error) => {
            command_line::note(format_args!(
                "{}: {error}; the gem's cases are skipped",
                built.display()
            ));
            Ok(None)
        }
    }
}

/// Prevents a second run at the same time, which would change the figures of both.
fn lock(target: &Path) -> Result<File> {
    fs::create_dir_all(target)?;
    let path = target.join("bench.lock");
    let file = File::create(&path).with_context(|| format!("{} can't be created", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another `cargo xtask bench` runs; wait for its end"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} can't be locked", path.display())),
    }
}

/// The names of the selected packages' benches, without those that keep their own records.
fn benches(cargo: &Cargo, selection: &Selection) -> Result<BTreeSet<String>> {
    let metadata = cargo.metadata()?;
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        if selection.excludes(package["name"].as_str().unwrap_or_default()) {
            continue;
        }
        for target in package["targets"].as_array().into_iter().flatten() {
            let is_bench = target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench"));
            names.extend(target["name"].as_str().filter(|_| is_bench).map(str::to_owned));
        }
    }
    names.retain(|name| !WITH_OWN_RECORD.contains(&name.as_str()));
    ensure!(!names.is_empty(), "the workspace has no bench");
    Ok(names)
}

/// The newest full record that can be read, for the durations of its benches.
fn newest(workspace: &Path) -> Option<Record> {
    let paths: Vec<PathBuf> = Record::list(&records::directory(workspace)).ok()?;
    let records = paths.iter().rev().filter_map(|path| Record::read(path).ok());
    records.into_iter().find(|record| !record.quick)
}

/// The benches that will run, and the expected time.
fn plan(chosen: &[&String], newest: &Option<Record>, quick: bool, rounds: u32) -> String {
    let names: Vec<&str> = chosen.iter().map(|name| name.as_str()).collect();
    let names = names.join(", ");
    if quick {
        return format!("after the build, a quick run of {names}: some minutes, and coarse figures");
    }
    let seconds = |name: &str| {
        let record = newest.as_ref()?;
        let bench = record.benches.iter().find(|bench| bench.name == name)?;
        Some(bench.seconds / f64::from(record.rounds))
    };
    let known = chosen.iter().filter(|name| seconds(name).is_some()).count();
    let expected: f64 = chosen.iter().map(|name| seconds(name).unwrap_or(UNKNOWN_SECONDS)).sum();
    let source = match newest {
        Some(record) if known == chosen.len() => format!("as on {}", record.recorded_at.strftime("%-d %B %Y")),
        _ => "a guess before the first full run".to_owned(),
    };
    format!(
        "after the build, {names}, {rounds} times: about {:.0} minutes, {source}",
        (expected * f64::from(rounds) / 60.0).ceil()
    )
}

fn warn_if_busy(machine: &Machine, load: Option<&Load>) {
    let Some(load) = load else { return };
    // Five minutes, because the average of one minute still includes the build.
    if load.five / machine.cores.max(1) as f64 > BUSY {
        command_line::note(format_args!(
            "The load was {:.1} on {} cores in the last five minutes. If that was not only the build, the machine is \
             busy and the figures will be too long.",
            load.five, machine.cores
        ));
    }
}

/// Prints a line for each bench, and returns the exit code.
fn conclude(record: &Record) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for bench in &record.benches {
        command_line::note(format_args!(
            "{}: {} estimates, {} rates, {} cases skipped, {:.0} s",
            bench.name,
            bench.estimates.len(),
            bench.rates.len(),
            bench.skipped.len(),
            bench.seconds
        ));
        if let Some(failed) = &bench.failed {
            command_line::note(format_args!("{}: {}: {failed}", red("failed"), bench.name));
            code = ExitCode::from(FAILED);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_until_the_first_ends() {
        let target = tempfile::tempdir().unwrap();
        let first = lock(target.path()).unwrap();
        let error = lock(target.path()).unwrap_err().to_string();
        assert!(error.contains("another `cargo xtask bench` runs"), "{error}");
        // Not by dropping it: a program that another test is about to start has a copy of the file for a moment.
        first.unlock().unwrap();
        lock(target.path()).unwrap();
    }

    #[test]
    fn the_plan_has_the_expected_time() {
        let (hello, parser) = ("hello".to_owned(), "parser".to_owned());
        let first = plan(&[&hello, &parser], &None, false, 3);
        assert!(
            first.contains("hello, parser, 3 times: about 18 minutes, a guess"),
            "{first}"
        );
        assert!(plan(&[&hello], &None, true, 1).contains("a quick run of hello"));
    }

    #[test]
    fn the_workspace_has_benches_without_the_fuzz_target() {
        let benches = benches(&Cargo::new(system::workspace().to_path_buf()), &Selection::here(&[])).unwrap();
        for name in ["hello", "parser", "host", "load"] {
            assert!(benches.contains(name), "{name} in {benches:?}");
        }
        // It writes no figures for this record: a run with it would end without one.
        assert!(!benches.contains("density"), "{benches:?}");
    }

    /// A shell script in place of cargo, with two benches. `bench` is the part of the script that runs a bench.
    #[cfg(unix)]
    fn cargo(workspace: &Path, bench: &str) -> Cargo {
        use std::os::unix::fs::PermissionsExt;
        let packages = r#"[{"name":"a","targets":[{"kind":["bench"],"name":"hello"},{"kind":["bin"],"name":"a"}]},
            {"name":"b","targets":[{"kind":["bench"],"name":"parser"}]},
            {"name":"parser-fuzz","targets":[{"kind":["bench"],"name":"endless"}]}]"#;
        let estimate = r#"{"confidence_interval":{"confidence_level":0.95,"lower_bound":9.0,"upper_bound":11.0},"point_estimate":10.0}"#;
        let script = format!(
            r#"#!/bin/sh
target="{target}"
if [ "$1" = metadata ]; then
    echo '{{"target_directory":"'"$target"'","build_directory":"'"$target"'/build","packages":{packages}}}'
    exit
fi
echo "$@" >> "$target/calls"
measure() {{
    mkdir -p "$CRITERION_HOME/$1/new" && cd "$CRITERION_HOME/$1/new" || exit 1
    echo '{{"full_id":"'"$1"'"}}' > benchmark.json
    echo '{{"iters":[1,1]}}' > sample.json
    echo '{{"mean":{estimate},"median":{estimate},"slope":null}}' > estimates.json
}}
{bench}
"#,
            target = workspace.join("target").display()
        );
        fs::create_dir_all(workspace.join("target")).unwrap();
        let program = workspace.join("cargo");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Cargo::instead(program, workspace.to_path_buf())
    }

    #[cfg(unix)]
    fn recorded(workspace: &Path) -> Vec<Record> {
        let paths = Record::list(&records::directory(workspace)).unwrap();
        paths.iter().map(|path| Record::read(path).unwrap()).collect()
    }

    #[cfg(unix)]
    fn options(benches: &[&str]) -> Options {
        Options {
            quick: false,
            rounds: Some(1),
            benches: benches.iter().map(|name| (*name).to_owned()).collect(),
            features: Vec::new(),
        }
    }

    const BUILT: &str = "case \"$*\" in *--no-run*) exit 0;; esac\n";

    #[test]
    #[cfg(unix)]
    fn the_gem_is_copied_from_cargos_build_directory() {
        let workspace = tempfile::tempdir().unwrap();
        let cargo = cargo(workspace.path(), BUILT);
        let target = workspace.path().join("target");
        let built = target.join("build/release/deps");
        fs::create_dir_all(&built).unwrap();
        fs::write(built.join("libwasm_host.so"), "the gem").unwrap();
        let selection = Selection::here(&[]);
        let gem = build_gem(&cargo, &selection, &target).unwrap();
        // Without Ruby there is no gem.
        assert_eq!(gem.is_none(), selection.excludes("wasm-host"));
        assert!(gem.is_none_or(|gem| fs::read_to_string(gem).unwrap() == "the gem"));
    }

    #[test]
    #[cfg(unix)]
    fn a_record_has_only_the_figures_of_its_run() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let cargo = cargo(workspace, &format!("{BUILT}measure now"));
        let stale = workspace.join("target/criterion-recorded/hello/renamed/new");
        fs::create_dir_all(&stale).unwrap();
        fs::write(stale.join("estimates.json"), "{}").unwrap();

        assert_eq!(run(workspace, &cargo, &options(&[])).unwrap(), ExitCode::SUCCESS);
        let records = recorded(workspace);
        assert_eq!(records.len(), 1);
        let names: Vec<&str> = records[0].benches.iter().map(|bench| bench.name.as_str()).collect();
        assert_eq!(names, ["hello", "parser"]);
        for bench in &records[0].benches {
            assert_eq!(bench.estimates.keys().collect::<Vec<_>>(), ["now"]);
        }
        assert!(records[0].is_complete());
    }

    #[test]
    #[cfg(unix)]
    fn a_record_has_the_exact_figures_and_a_damaged_file_of_them_ends_the_run_before_the_build() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let cargo = cargo(workspace, &format!("{BUILT}measure now"));
        let counted = workspace.join("ex1-hello");
        fs::create_dir(&counted).unwrap();
        let file = counted.join(exact::FILE);
        fs::write(&file, "{").unwrap();
        let error = run(workspace, &cargo, &options(&[])).unwrap_err();
        let causes = format!("{error:#}");
        assert!(
            causes.contains("UPDATE_EXPECT=1") && causes.contains("ex1-hello"),
            "{causes}"
        );
        assert!(!workspace.join("target/calls").exists());

        fs::copy(system::workspace().join("ex1-hello").join(exact::FILE), &file).unwrap();
        assert_eq!(run(workspace, &cargo, &options(&[])).unwrap(), ExitCode::SUCCESS);
        let record = &recorded(workspace)[0];
        assert_eq!(record.exact_figures["ex1-hello"], ExactFigures::read(&file).unwrap());
        assert_eq!(record.exact_figures.len(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn each_figure_is_that_of_its_quietest_round() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let noisy = r#"measure "work"
echo "$BENCH_ROUND" >> "$target/rounds"
if [ "$BENCH_ROUND" = 2 ]; then sed -i 's/10.0/9.5/g' "$CRITERION_HOME/work/new/estimates.json"; fi"#;
        let cargo = cargo(workspace, &format!("{BUILT}{noisy}"));
        let options = Options {
            rounds: None,
            ..options(&["hello"])
        };
        assert_eq!(run(workspace, &cargo, &options).unwrap(), ExitCode::SUCCESS);
        let record = &recorded(workspace)[0];
        assert_eq!(record.rounds, 3);
        let estimates = &record.benches[0].estimates["work"];
        assert_eq!(estimates.median.estimate, 9.5);
        assert_eq!(estimates.rounds, [10.0, 9.5, 10.0]);
        let rounds = fs::read_to_string(workspace.join("target/rounds")).unwrap();
        assert_eq!(rounds, "1\n2\n3\n");
    }

    #[test]
    #[cfg(unix)]
    fn a_failed_bench_is_recorded_as_failed_and_the_others_with_their_figures() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let fails = "case \"$*\" in *'--bench hello'*) exit 101;; esac\nmeasure now";
        let cargo = cargo(workspace, &format!("{BUILT}{fails}"));
        assert_eq!(run(workspace, &cargo, &options(&[])).unwrap(), ExitCode::from(FAILED));
        let records = recorded(workspace);
        assert!(records[0].benches[0].failed.as_ref().unwrap().contains("101"));
        assert_eq!(records[0].benches[1].estimates.len(), 1);
        assert!(!records[0].is_complete());
    }

    #[test]
    #[cfg(unix)]
    fn a_failed_build_is_not_recorded() {
        let workspace = tempfile::tempdir().unwrap();
        let cargo = cargo(workspace.path(), "exit 101");
        let error = run(workspace.path(), &cargo, &options(&[])).unwrap_err();
        assert!(error.to_string().contains("can't be built"), "{error}");
        assert!(recorded(workspace.path()).is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn a_bench_without_figures_is_an_error() {
        let workspace = tempfile::tempdir().unwrap();
        let cargo = cargo(workspace.path(), BUILT);
        let error = run(workspace.path(), &cargo, &options(&["hello"])).unwrap_err();
        assert!(error.to_string().contains("hello ran and wrote no figure"), "{error}");
        assert!(recorded(workspace.path()).is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn a_run_of_one_bench_is_incomplete_and_an_unknown_bench_runs_nothing() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path();
        let cargo = cargo(workspace, &format!("{BUILT}measure now"));
        for unknown in ["helo", "endless"] {
            assert_eq!(
                run(workspace, &cargo, &options(&[unknown])).unwrap(),
                ExitCode::from(sysexits::ExitCode::Usage)
            );
        }
        assert!(!workspace.join("target/calls").exists());
        let quick = Options {
            quick: true,
            ..options(&["parser"])
        };
        assert_eq!(run(workspace, &cargo, &quick).unwrap(), ExitCode::SUCCESS);
        let records = recorded(workspace);
        assert!(records[0].quick && !records[0].all_benches);
        let calls = fs::read_to_string(workspace.join("target/calls")).unwrap();
        assert!(
            calls.contains("--sample-size 10") && !calls.contains("--bench hello"),
            "{calls}"
        );
    }
}
