//! The cases in Ruby: libraries in C, parsers in Ruby, a shortcut, and this workspace's gem. Their code is in
//! `benches/ruby`.

use std::collections::BTreeMap;
use std::time::Duration;

use bench::cases::{Case, Column, Model, Recorder, Row, Ruby, Step};
use bench::ruby_vm::{Error, Vm};
use criterion::{Criterion, Throughput};
use ex2_parser::Package;

use crate::page::Page;

/// A class of `benches/ruby` with a method `parse`.
struct Parser {
    id: &'static str,
    label: &'static str,
    column: Column,
    file: &'static str,
    class: &'static str,
    /// The package with the library that this needs.
    package: &'static str,
}

const PARSERS: [Parser; 8] = [
    Parser {
        id: "nokogiri/html4",
        label: "Nokogiri, HTML4: libxml2's tree",
        column: Column::NativeC,
        file: "nokogiri_html4",
        class: "NokogiriHtml4",
        package: "Debian: ruby-nokogiri",
    },
    Parser {
        id: "nokogiri/html5",
        label: "Nokogiri, HTML5: Gumbo's tree",
        column: Column::NativeC,
        file: "nokogiri_html5",
        class: "NokogiriHtml5",
        package: "Debian: ruby-nokogiri",
    },
    Parser {
        id: "htree",
        label: "HTree: a tree in pure Ruby",
        column: Column::Ruby,
        file: "htree_parser",
        class: "HTreeParser",
        package: "Debian: ruby-htree",
    },
    Parser {
        id: "gammo",
        label: "Gammo: an HTML5 tree in pure Ruby",
        column: Column::Ruby,
        file: "gammo_parser",
        class: "GammoParser",
        package: "gem install gammo",
    },
    Parser {
        id: "string-scanner",
        label: "no parser: StringScanner and a few regular expressions",
        column: Column::Shortcut,
        file: "string_scanner",
        class: "Shortcut",
        package: "part of Ruby",
    },
    Parser {
        id: "ghcr-page/native",
        label: "GhcrPage.parse: the gem, a native extension in Rust by magnus",
        column: Column::RustFromRuby,
        file: "ghcr_page_native",
        class: "GhcrPageNative",
        package: "ex2-parser/gem",
    },
    Parser {
        id: "ghcr-page/guest",
        label: "GhcrPage::Guest#parse: the gem, in Wasm",
        column: Column::WasmFromRuby,
        file: "ghcr_page_guest",
        class: "GhcrPageGuest",
        package: "ex2-parser/gem",
    },
    Parser {
        id: "wasmtime-rb/guest",
        label: "wasmtime-rb, the same guest in Wasm",
        column: Column::WasmFromRuby,
        file: "wasmtime_rb_parser",
        class: "WasmtimeRbParser",
        package: "gem install wasmtime",
    },
];

/// A method in `benches/ruby` that calls something as often as it is told.
struct Call {
    id: &'static str,
    label: &'static str,
    column: Column,
    file: &'static str,
    class: &'static str,
    method: &'static str,
    /// The package with the library that this needs.
    package: &'static str,
}

impl Call {
    /// One of `calls.rb`, which needs nothing.
    const fn without_a_gem(id: &'static str, label: &'static str, column: Column, method: &'static str) -> Self {
        Self {
            id,
            label,
            column,
            file: "calls",
            class: "Calls",
            method,
            package: "part of this bench",
        }
    }

    /// One of `gem_calls.rb`.
    const fn of_the_gem(id: &'static str, label: &'static str, method: &'static str) -> Self {
        Self {
            id,
            label,
            column: Column::WasmFromRuby,
            file: "gem_calls",
            class: "GemCalls",
            method,
            package: "ex2-parser/gem",
        }
    }
}

const CALLS: [Call; 5] = [
    Call::without_a_gem("call/ruby", "Ruby → a method of Ruby's", Column::Ruby, "ruby"),
    Call::without_a_gem(
        "call/native",
        "Ruby → native Rust by magnus, which returns at once",
        Column::RustFromRuby,
        "native",
    ),
    Call::of_the_gem("call/wasm", "Ruby → Wasm, which returns at once", "wasm"),
    Call::of_the_gem("call/wasm-ruby", "Ruby → Wasm → a Ruby proc", "wasm_ruby"),
    Call {
        id: "call/wasmtime-rb",
        label: "Ruby → Wasm by wasmtime-rb, which returns at once",
        column: Column::WasmFromRuby,
        file: "wasmtime_rb_calls",
        class: "WasmtimeRbCalls",
        method: "wasm",
        package: "gem install wasmtime",
    },
];

/// Ruby's way to run code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Interpreted,
    Yjit,
}

impl Mode {
    fn case(self, page: &Page, parser: &Parser) -> Case {
        let (id, label, engine) = match self {
            Self::Interpreted => ("", "", "CRuby"),
            Self::Yjit => ("/yjit", ", YJIT", "CRuby, YJIT"),
        };
        let label = format!("{}{label}", parser.label);
        page.case(&format!("{}{id}", parser.id), &label, parser.column, engine)
    }

    /// YJIT compiles nothing of what a library in C or Rust does.
    fn parsers(self) -> impl Iterator<Item = &'static Parser> {
        PARSERS
            .iter()
            .filter(move |parser| self == Self::Interpreted || matches!(parser.column, Column::Ruby | Column::Shortcut))
    }
}

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder, page: &Page) {
    let mut facts = None;
    match Vm::start(&[]) {
        Ok(mut vm) => {
            facts = Some(Ruby {
                version: expect_answer(vm.answer("version")),
                yjit: false,
                description: expect_answer(vm.answer("description")),
            });
            for parser in Mode::Interpreted.parsers() {
                measure(criterion, recorder, &mut vm, page, parser, Mode::Interpreted);
            }
            calls(criterion, recorder, &mut vm);
        }
        Err(error) => skip(recorder, page, Mode::Interpreted, &error.to_string()),
    }
    match with_yjit() {
        Ok(mut vm) => {
            for parser in Mode::Yjit.parsers() {
                measure(criterion, recorder, &mut vm, page, parser, Mode::Yjit);
            }
            facts.iter_mut().for_each(|facts| facts.yjit = true);
        }
        Err(why) => skip(recorder, page, Mode::Yjit, &why),
    }
    facts.into_iter().for_each(|facts| recorder.ruby(facts));
}

/// Returns the answer, or panics: without it, the measurement would be wrong.
fn expect_answer<T>(answer: Result<T, Error>) -> T {
    answer.unwrap_or_else(|error| panic!("{error}"))
}

fn skip(recorder: &mut Recorder, page: &Page, mode: Mode, why: &str) {
    for parser in mode.parsers() {
        let case = mode.case(page, parser);
        recorder.skipped(&case.id, &case.label, why);
    }
    if mode == Mode::Interpreted {
        skip_calls(recorder, why);
    }
}

fn skip_calls(recorder: &mut Recorder, why: &str) {
    for call in &CALLS {
        recorder.skipped(call.id, call.label, why);
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

/// Loads a class. Returns the versions of its libraries, or the name of a missing library.
fn load(vm: &mut Vm, file: &str, class: &str) -> Result<BTreeMap<String, String>, String> {
    match vm.answer(&format!("load {file} {class}")) {
        Err(Error::Missing(what)) => Err(what),
        versions => {
            let mut versions: BTreeMap<String, String> = serde_json::from_str(&expect_answer(versions)).unwrap();
            versions.insert("ruby".to_owned(), expect_answer(vm.answer("description")));
            Ok(versions)
        }
    }
}

fn measure(criterion: &mut Criterion, recorder: &mut Recorder, vm: &mut Vm, page: &Page, parser: &Parser, mode: Mode) {
    let mut case = mode.case(page, parser);
    match load(vm, parser.file, parser.class) {
        Ok(versions) => case.versions.extend(versions),
        Err(what) => {
            let why = format!("{what} ({})", parser.package);
            return recorder.skipped(&case.id, &case.label, &why);
        }
    }
    let answer = expect_answer(vm.answer(&format!("parse {}", parser.class)));
    page.assert_answer(&case, &serde_json::from_str::<Package>(&answer).unwrap());

    let mut group = criterion.benchmark_group(&case.id);
    // Warm-up: YJIT compiles code that ran often, and the garbage collector adapts its thresholds.
    group.warm_up_time(Duration::from_secs(2)).sample_size(10);
    group.throughput(Throughput::Bytes(page.bytes().len() as u64));
    group.bench_function(case.measures(Step::Work), |bencher| {
        bencher.iter_custom(|iterations| expect_answer(vm.measure(parser.class, iterations)));
    });
    group.finish();
    recorder.measured(case);
}

fn calls(criterion: &mut Criterion, recorder: &mut Recorder, vm: &mut Vm) {
    for calls in CALLS.chunk_by(|one, next| one.file == next.file) {
        match load(vm, calls[0].file, calls[0].class) {
            Ok(versions) => calls
                .iter()
                .for_each(|call| measure_call(criterion, recorder, vm, call, &versions)),
            Err(what) => calls.iter().for_each(|call| {
                recorder.skipped(call.id, call.label, &format!("{what} ({})", call.package));
            }),
        }
    }
}

fn measure_call(
    criterion: &mut Criterion,
    recorder: &mut Recorder,
    vm: &mut Vm,
    call: &Call,
    versions: &BTreeMap<String, String>,
) {
    let task = format!("{}.{}", call.class, call.method);
    assert_eq!(expect_answer(vm.answer(&format!("call {task}"))), "42", "{}", call.id);
    let mut case = Case {
        versions: versions.clone(),
        ..Case::new(call.id, call.label, Row::Call, Model::Call, call.column, "CRuby")
    };
    let mut group = criterion.benchmark_group(&case.id);
    group.bench_function(case.measures(Step::Work), |bencher| {
        bencher.iter_custom(|iterations| expect_answer(vm.measure(&task, iterations)));
    });
    group.finish();
    recorder.measured(case);
}
