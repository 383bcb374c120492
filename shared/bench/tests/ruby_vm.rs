//! Starts real Rubies. Without the test harness, because this program also runs as the process with Ruby.

use std::time::Duration;

use bench::ruby_vm::magnus::{self, Ruby};
use bench::ruby_vm::{self, Error, Tasks, Vm};

/// Evaluates each task as Ruby code.
struct Evaluate;

impl Tasks for Evaluate {
    fn run(&mut self, ruby: &Ruby, task: &str, iterations: u64) -> Result<(), magnus::Error> {
        (0..iterations).try_for_each(|_| ruby.eval::<magnus::Value>(task).map(drop))
    }

    fn answer(&mut self, ruby: &Ruby, task: &str) -> Result<String, magnus::Error> {
        ruby.eval::<magnus::Value>(task).map(|value| value.to_string())
    }
}

fn main() {
    ruby_vm::serve_if_asked(|_| Ok(Evaluate));
    let tests: [(&str, fn()); 6] = [
        ("tasks_are_answered_and_remembered", tasks_are_answered_and_remembered),
        ("texts_are_utf_8", texts_are_utf_8),
        ("a_task_runs_as_often_as_it_is_told", a_task_runs_as_often_as_it_is_told),
        ("what_ruby_raises_is_an_error", what_ruby_raises_is_an_error),
        ("a_process_that_ends_is_an_error", a_process_that_ends_is_an_error),
        ("options_reach_ruby", options_reach_ruby),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
}

fn tasks_are_answered_and_remembered() {
    let mut ruby = Vm::start(&[]).unwrap();
    assert_eq!(ruby.answer("1 + 1").unwrap(), "2");
    assert_eq!(ruby.answer("$kept = \"line\\nline\"").unwrap(), "line\nline");
    assert_eq!(ruby.answer("$kept.size").unwrap(), "9");
}

fn texts_are_utf_8() {
    let mut ruby = Vm::start(&[]).unwrap();
    assert_eq!(ruby.answer("Encoding.default_external").unwrap(), "UTF-8");
}

fn a_task_runs_as_often_as_it_is_told() {
    let mut ruby = Vm::start(&[]).unwrap();
    ruby.answer("$runs = 0").unwrap();
    assert!(ruby.measure("$runs += 1", 7).unwrap() > Duration::ZERO);
    assert_eq!(ruby.answer("$runs").unwrap(), "7");
}

fn what_ruby_raises_is_an_error() {
    let mut ruby = Vm::start(&[]).unwrap();
    let Err(Error::Raised(message)) = ruby.measure("def no = raise(ArgumentError, 'not so'); no", 1) else {
        panic!("it raises");
    };
    assert!(message.contains("ArgumentError: not so"), "{message}");
    assert!(message.contains("in `no'") || message.contains("#no'"), "{message}");
    let Err(Error::Missing(message)) = ruby.answer("require 'no_such_library'") else {
        panic!("it can't be loaded");
    };
    assert!(message.contains("no_such_library"), "{message}");
    assert!(
        matches!(ruby.answer("("), Err(Error::Raised(_))),
        "a mistake in the code"
    );
    assert_eq!(ruby.answer("1").unwrap(), "1", "the process continues");
}

fn a_process_that_ends_is_an_error() {
    let mut ruby = Vm::start(&[]).unwrap();
    assert!(matches!(ruby.answer("Process.kill(:KILL, $$)"), Err(Error::Gone(_))));
    assert!(matches!(ruby.answer("1"), Err(Error::Gone(_))));
    assert!(matches!(
        Vm::start(&["--no-such-option"]),
        Err(Error::Gone(_) | Error::Raised(_))
    ));
}

fn options_reach_ruby() {
    let debug = |options: &[&str]| Vm::start(options).unwrap().answer("$VERBOSE.inspect").unwrap();
    assert_eq!(debug(&[]), "false");
    assert_eq!(debug(&["-w"]), "true");
}
