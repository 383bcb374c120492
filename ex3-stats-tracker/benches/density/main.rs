//! Density and cold start: the memory that one more instance of the component holds, and the time of a first answer from
//! nothing, beside the same parser as native processes. Each instance and each process has answered one `/extract`, and the
//! answers are checked.
//!
//!     cargo bench -p ex3-stats-tracker --bench density                 about two minutes
//!     cargo bench -p ex3-stats-tracker --bench density -- --record     the same, into density.json, which the README shows
//!     cargo bench -p ex3-stats-tracker --bench density -- --test       a few of each
//!
//! The memory of instances is that by which the host's private memory grew (`RssAnon` in proc_pid_status(5)): the written
//! pages of guests, and what the host holds for them. That of a process is its heap and its stacks (`Anonymous` of the
//! mappings without a file in proc_pid_smaps(5)): its program is that of this bench, and larger than one of a parser alone.
//! The kernel's own memory for a process is in neither.
//!
//! | module | content |
//! | --- | --- |
//! | `children` | this program started again, as a host or as a native process |
//! | `limits` | what the machine has to allow |
//! | `roles` | what a child does |

mod children;
#[path = "../common/mod.rs"]
mod common;
mod limits;
mod roles;

use std::process::ExitCode;

use bench::density::{self, Figures, FirstAnswer, FirstAnswers, Held, Record};
use bench::matrix::machine::{Commit, Load, Machine, rustc};
use clap::Parser;
use jiff::{Timestamp, Unit};
use system::{command_line, workspace};

use children::Inputs;
use roles::Role;

/// The numbers of instances in one host, and of processes. More processes than a thousand take longer than they tell.
const INSTANCES: [u64; 5] = [1, 10, 100, 1_000, 10_000];
const PROCESSES: [u64; 4] = [1, 10, 100, 1_000];

/// The number of first answers that are timed.
const COLD_STARTS: u64 = 200;

/// The most of each in a short run.
const FEW: u64 = 10;

/// An instance or a process that holds more has a fault. Each is expected to hold less than a quarter of this.
const MOST_KILOBYTES: u64 = 2 << 10;

/// Memory and first answers of instances and of native processes
#[derive(Parser)]
#[command(
    name = "density",
    after_help = "Exit codes: 0 measured; 64 a wrong argument; 71 a limit of the machine is too low; 73 the record can't be \
                  written; 101 a wrong answer, or too much memory."
)]
struct Arguments {
    /// Measure; `cargo bench` passes it, and `cargo test` does not
    #[arg(long)]
    bench: bool,
    /// A few of each
    #[arg(long)]
    test: bool,
    /// Write the figures into density.json
    #[arg(long, requires = "bench", conflicts_with = "test")]
    record: bool,
}

impl Arguments {
    fn is_short(&self) -> bool {
        self.test || !self.bench
    }
}

fn main() -> ExitCode {
    match Role::of_this_process() {
        Some(role) => {
            role.play();
            ExitCode::SUCCESS
        }
        None => run(&command_line::arguments()),
    }
}

fn run(arguments: &Arguments) -> ExitCode {
    let most = match arguments.is_short() {
        true => FEW,
        false => u64::MAX,
    };
    let (instances, processes) = (up_to(most, &INSTANCES), up_to(most, &PROCESSES));
    if let Err(too_low) = limits::check(greatest(&instances), greatest(&processes)) {
        return command_line::fail(sysexits::ExitCode::OsErr, too_low);
    }
    let load_before = Load::now();
    let inputs = Inputs::new();
    if arguments.is_short() {
        inputs.check_that_children_end_with_this_process();
    }
    let figures = measure(&inputs, &instances, &processes, COLD_STARTS.min(most));
    // Nobody may read them, as after `| head`.
    _ = command_line::print(table(&figures).as_bytes());
    if !arguments.record {
        return ExitCode::SUCCESS;
    }
    let record = Record {
        recorded_at: Timestamp::now()
            .round(Unit::Second)
            .expect("the year is one of four digits"),
        machine: Machine::this(),
        load_before,
        rustc: rustc(workspace()),
        commit: Commit::of(workspace()),
        page_bytes: inputs.page_bytes(),
        figures,
    };
    match record.write(workspace()) {
        Ok(()) => {
            command_line::note(format_args!("{}: written", density::FILE));
            ExitCode::SUCCESS
        }
        Err(error) => command_line::fail(
            sysexits::ExitCode::CantCreat,
            format_args!("{} can't be written: {error}", density::FILE),
        ),
    }
}

fn up_to(most: u64, counts: &[u64]) -> Vec<u64> {
    counts.iter().copied().filter(|count| *count <= most).collect()
}

fn greatest(counts: &[u64]) -> u64 {
    counts.iter().copied().max().unwrap_or_default()
}

fn measure(inputs: &Inputs, instances: &[u64], processes: &[u64], cold_starts: u64) -> Figures {
    let processes = processes
        .iter()
        .map(|count| held(*count, inputs.held_by_processes(*count)));
    let processes = processes.collect();
    let process = first_answer(inputs.cold_starts(Role::Process, cold_starts));
    let host = first_answer(inputs.cold_starts(Role::Host { instances: 1 }, cold_starts));
    // The times of the last host remain, which has the most instances.
    let mut answers = Vec::new();
    let held_by_instances = |count: &u64| {
        let host = inputs.host(*count);
        answers = host.answers;
        let grown = host.after.checked_sub(host.before);
        held(*count, grown.expect("a host with more instances holds more"))
    };
    Figures {
        instances: instances.iter().map(held_by_instances).collect(),
        processes,
        first_answers: FirstAnswers {
            instance: first_answer(answers),
            process,
            host,
        },
    }
}

fn held(count: u64, kilobytes: u64) -> Held {
    assert!(
        (1..=MOST_KILOBYTES * count).contains(&kilobytes),
        "{count} of them hold {kilobytes} KiB, and {MOST_KILOBYTES} KiB each are the most that is expected"
    );
    Held { count, kilobytes }
}

fn first_answer(mut microseconds: Vec<u64>) -> FirstAnswer {
    microseconds.sort_unstable();
    let percentile = |percent: usize| microseconds[(microseconds.len() * percent).div_ceil(100).max(1) - 1];
    FirstAnswer {
        count: microseconds.len() as u64,
        p50_microseconds: percentile(50),
        p99_microseconds: percentile(99),
    }
}

/// A table for a terminal.
fn table(figures: &Figures) -> String {
    let mut text = format!(
        "{:>9}  {:>22}  {:>22}\n{:>9}  {:>10}  {:>10}  {:>10}  {:>10}\n",
        "", "instances in one host", "native processes", "number", "MiB in all", "KiB each", "MiB in all", "KiB each"
    );
    for instances in &figures.instances {
        let processes = figures.processes.iter().find(|held| held.count == instances.count);
        let cells = [Some(instances), processes].map(|held| match held {
            Some(held) => format!("{:>10.1}  {:>10}", held.kilobytes as f64 / 1024.0, held.each()),
            None => String::new(),
        });
        text += format!("{:>9}  {}  {}", instances.count, cells[0], cells[1]).trim_end();
        text += "\n";
    }
    text += &format!("\n{:<46}  {:>9}  {:>9}\n", "first answer", "p50", "p99");
    for (name, first) in [
        ("a new instance in a running host", figures.first_answers.instance),
        ("a native process, from nothing", figures.first_answers.process),
        (
            "a host from nothing, its code compiled before",
            figures.first_answers.host,
        ),
    ] {
        let cells = [first.p50_microseconds, first.p99_microseconds]
            .map(|microseconds| format!("{:.2} ms", microseconds as f64 / 1000.0));
        text += &format!("{name:<46}  {:>9}  {:>9}\n", cells[0], cells[1]);
    }
    text
}
