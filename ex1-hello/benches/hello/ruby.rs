//! `puts` in Ruby's loaded virtual machine.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use bench::cases::{Case, Column, Model, Recorder, Row, Ruby, Step};
use bench::ruby_vm::magnus::value::{BoxValue, ReprValue};
use bench::ruby_vm::magnus::{self, RClass, Value};
use bench::ruby_vm::{self, Tasks, Vm};
use criterion::Criterion;

use crate::sink::{LINE, NULL_DEVICE};

/// The tasks: how a line reaches the sink, and the language of the loop. Buffered output is another job, because
/// hundreds of lines need only one write.
const TASKS: [(&str, &str); 4] = [
    ("puts", "sync, a loop in Ruby"),
    ("puts-called", "sync, each called from Rust"),
    ("puts-buffered", "buffered, a loop in Ruby"),
    ("puts-buffered-called", "buffered, each called from Rust"),
];

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder) {
    let mut facts = None;
    match Vm::start(&[]) {
        Ok(mut vm) => {
            let answer = |vm: &mut Vm, fact| vm.answer(fact).unwrap_or_else(|error| panic!("{error}"));
            facts = Some(Ruby {
                version: answer(&mut vm, "version"),
                yjit: false,
                description: answer(&mut vm, "description"),
            });
            measure(criterion, recorder, &mut vm, Mode::Interpreted);
        }
        Err(error) => skip(recorder, Mode::Interpreted, &error.to_string()),
    }
    match with_yjit() {
        Ok(mut vm) => {
            measure(criterion, recorder, &mut vm, Mode::Yjit);
            facts.iter_mut().for_each(|facts| facts.yjit = true);
        }
        Err(why) => skip(recorder, Mode::Yjit, &why),
    }
    facts.into_iter().for_each(|facts| recorder.ruby(facts));
}

/// Whether Ruby interprets or compiles its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Interpreted,
    Yjit,
}

impl Mode {
    fn case(self, task: &str, what: &str) -> Case {
        let (id, engine) = match self {
            Self::Interpreted => ("", "CRuby"),
            Self::Yjit => ("/yjit", "CRuby, YJIT"),
        };
        let label = format!("{engine}, puts, {what}");
        let id = format!("ruby/{task}{id}");
        Case::new(id, label, Row::HelloWorld, Model::Call, Column::Ruby, engine)
    }
}

fn skip(recorder: &mut Recorder, mode: Mode, why: &str) {
    for (task, what) in TASKS {
        let case = mode.case(task, what);
        recorder.skipped(&case.id, &case.label, why);
    }
}

fn with_yjit() -> Result<Vm, String> {
    let mut vm = Vm::start(&["--yjit"]).map_err(|error| format!("this Ruby doesn't start with --yjit: {error}"))?;
    match vm.answer("yjit").as_deref() {
        Ok("true") => Ok(vm),
        Ok(_) => Err("this Ruby was built without YJIT".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn measure(criterion: &mut Criterion, recorder: &mut Recorder, vm: &mut Vm, mode: Mode) {
    let directory = tempfile::tempdir().unwrap();
    let description = vm.answer("description").unwrap_or_else(|error| panic!("{error}"));
    for (task, what) in TASKS {
        assert_says_two_lines(vm, task, &directory.path().join(task));
        let mut case = mode.case(task, what);
        case.versions.insert("ruby".to_owned(), description.clone());
        let mut group = criterion.benchmark_group(&case.id);
        group.bench_function(case.measures(Step::Work), |bencher| {
            bencher.iter_custom(|iterations| {
                vm.measure(task, iterations)
                    .unwrap_or_else(|error| panic!("{task}: {error}"))
            });
        });
        if (mode, task) == (Mode::Interpreted, "puts") {
            // Each takes a tenth of a second.
            group.sample_size(10);
            group.bench_function(case.measures(Step::Start), |bencher| {
                bencher.iter_custom(|times| starts(task, times))
            });
        }
        group.finish();
        recorder.measured(case);
    }
}

/// The time to start Ruby this number of times, each with its first line, but without its end.
fn starts(task: &str, times: u64) -> Duration {
    let start = || {
        let started = Instant::now();
        let mut vm = Vm::start(&[])?;
        vm.measure(task, 1)?;
        Ok(started.elapsed())
    };
    (0..times)
        .map(|_| start().unwrap_or_else(|error: ruby_vm::Error| panic!("{task}: {error}")))
        .sum()
}

fn assert_says_two_lines(vm: &mut Vm, task: &str, path: &Path) {
    vm.answer(&format!("{task} {}", path.display()))
        .unwrap_or_else(|error| panic!("{task}: {error}"));
    assert_eq!(fs::read_to_string(path).unwrap(), LINE.repeat(2));
}

/// The Ruby side: two speakers of `puts.rb` that print to the sink.
pub(crate) struct Speakers {
    class: RClass,
    sync: BoxValue<Value>,
    buffered: BoxValue<Value>,
}

impl Speakers {
    pub(crate) fn new(ruby: &magnus::Ruby) -> Result<Self, magnus::Error> {
        ruby.require(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/hello/puts.rb"))?;
        let class: RClass = ruby.eval("Speaker")?;
        Ok(Self {
            class,
            sync: BoxValue::new(class.funcall("at", (NULL_DEVICE, true))?),
            buffered: BoxValue::new(class.funcall("at", (NULL_DEVICE, false))?),
        })
    }
}

fn speak(speaker: Value, task: &str, times: u64) -> Result<(), magnus::Error> {
    speaker.funcall::<_, _, Value>("take_over", ())?;
    if task.ends_with("-called") {
        for _ in 0..times {
            speaker.funcall::<_, _, Value>("say", ())?;
        }
    } else {
        speaker.funcall::<_, _, Value>("repeat", (times,))?;
    }
    speaker.funcall::<_, _, Value>("flush", ()).map(drop)
}

impl Tasks for Speakers {
    fn run(&mut self, _: &magnus::Ruby, task: &str, iterations: u64) -> Result<(), magnus::Error> {
        let speaker = if task.contains("buffered") {
            &self.buffered
        } else {
            &self.sync
        };
        speak(**speaker, task, iterations)
    }

    /// A fact about Ruby, by its name. For `TASK PATH` the task prints its line twice to that file.
    fn answer(&mut self, ruby: &magnus::Ruby, task: &str) -> Result<String, magnus::Error> {
        let fact = |code| ruby.eval::<Value>(code).map(|value| value.to_string());
        match task.split_once(' ') {
            None if task == "version" => fact("RUBY_VERSION"),
            None if task == "description" => fact("RUBY_DESCRIPTION"),
            None => fact("defined?(RubyVM::YJIT) ? RubyVM::YJIT.enabled? : false"),
            Some((task, path)) => {
                let speaker: Value = self.class.funcall("at", (path, !task.contains("buffered")))?;
                speak(speaker, task, 2).map(|()| String::new())
            }
        }
    }
}
