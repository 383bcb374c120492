//! Processes that print the line and end: the whole time of a start, seen from outside.

use std::env;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bench::cases::{Case, Column, Model, Recorder, Row, Step};
use bench::engines::{self, About};
use criterion::{BatchSize, Criterion};

use crate::sink::{LINE, assert_says_the_line, null_device};

/// This package's program, which `cargo run -p ex1-hello` runs.
const HELLO: &str = env!("CARGO_BIN_EXE_ex1-hello");

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let case = |id: &str, label: &str, column, engine: &str| {
        Case::new(id, label, Row::ProcessStart, Model::Process, column, engine)
    };

    let directory = tempfile::tempdir().unwrap();
    match compile_natively(directory.path()) {
        Ok((program, compiler)) => {
            let case = case(
                "rust/native-process",
                "Process, the Rust program's source compiled natively",
                Column::Rust,
                &compiler,
            );
            measure(criterion, recorder, case, || Command::new(&program));
        }
        Err(why) => recorder.skipped("rust/native-process", "Process, native", &why),
    }

    let wasmer = engines::wasmer::default();
    for (id, guest, label, column) in [
        (
            "wat/process",
            "wat",
            "Process, ex1-hello with the Wat guest's cached code",
            Column::Wat,
        ),
        (
            "rust/process",
            "rust",
            "Process, ex1-hello with the Rust program's cached code",
            Column::RustInWasm,
        ),
        #[cfg(feature = "runtimes")]
        (
            "ruby-in-wasm/process",
            "ruby",
            "Process, ex1-hello with Ruby's cached code",
            Column::RubyInWasm,
        ),
    ] {
        // It is not built here, because that would take longer than all benches together.
        if let Some(program) = companion(guest)
            && !Path::new(HELLO).with_file_name(program).with_extension("d").is_file()
        {
            let command = format!("cargo run --release -p ex1-hello -- --guest {guest}");
            recorder.skipped(id, label, &format!("{program} is not built; `{command}` builds it"));
            continue;
        }
        let case = with_versions(case(id, label, column, &wasmer.name), &wasmer);
        measure(criterion, recorder, case, || {
            let mut command = Command::new(HELLO);
            command.args(["--guest", guest]);
            command
        });
    }

    let ruby = || Command::new(env::var_os("RUBY").unwrap_or_else(|| "ruby".into()));
    for (id, label, options) in [
        ("ruby/process", "Process, ruby -e", &[][..]),
        (
            "ruby/process-disable-gems",
            "Process, ruby --disable-gems -e",
            &["--disable-gems"],
        ),
    ] {
        match output_of(ruby().arg("--version")) {
            Ok(version) => {
                let case = case(id, label, Column::Ruby, &version);
                measure(criterion, recorder, case, || {
                    let mut command = ruby();
                    command
                        .args(options)
                        .arg("-e")
                        .arg(format!("puts {:?}", LINE.trim_end()));
                    command
                });
            }
            Err(why) => recorder.skipped(id, label, &format!("{why}; `cargo xtask setup` installs Ruby")),
        }
    }
}

/// The program that ex1-hello starts for a guest, and builds when it is first needed.
fn companion(guest: &str) -> Option<&'static str> {
    match guest {
        "rust" => Some("wasi-host"),
        "ruby" => Some("ruby-in-wasm"),
        _ => None,
    }
}

fn with_versions(case: Case, about: &About) -> Case {
    Case {
        versions: about.versions.clone(),
        ..case
    }
}

fn measure(criterion: &mut Criterion, recorder: &mut Recorder, mut case: Case, command: impl Fn() -> Command) {
    let run = |sink: File| {
        let mut command = command();
        match command.stdin(Stdio::null()).stdout(sink).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{command:?} ended with {status}; its messages are above")),
            Err(error) => Err(format!("{command:?} can't be started: {error}")),
        }
    };
    // The first run may have to build and compile, and caches the results. If it fails, something is missing.
    if let Err(why) = run(null_device()) {
        return recorder.skipped(&case.id, &case.label, &why);
    }
    let run = |sink| run(sink).unwrap_or_else(|why| panic!("{why}"));
    assert_says_the_line(run);
    let mut group = criterion.benchmark_group(&case.id);
    group.bench_function(case.measures(Step::Start), |bencher| {
        bencher.iter_batched(null_device, run, BatchSize::PerIteration);
    });
    group.finish();
    recorder.measured(case);
}

/// Compiles the guest's source for this machine, and returns the program with the compiler's version.
fn compile_natively(directory: &Path) -> Result<(PathBuf, String), String> {
    // The compiler beside the cargo that runs this bench.
    let rustc = env::var_os("CARGO")
        .map(|cargo| Path::new(&cargo).with_file_name(format!("rustc{}", env::consts::EXE_SUFFIX)))
        .filter(|rustc| rustc.is_file())
        .unwrap_or_else(|| "rustc".into());
    let program = directory.join(format!("hello{}", env::consts::EXE_SUFFIX));
    output_of(
        Command::new(&rustc)
            .args(["--edition", "2024", "-O", "-o"])
            .arg(&program)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/guest/src/main.rs")),
    )?;
    Ok((program, output_of(Command::new(&rustc).arg("--version"))?))
}

/// The output of a command.
fn output_of(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let failed = |why: &dyn fmt::Display| format!("{program} {why}");
    match command.output() {
        Err(error) => Err(failed(&format_args!("can't be started: {error}"))),
        Ok(output) if !output.status.success() => Err(failed(&format_args!(
            "ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))),
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
    }
}
