//! The pure-Ruby parser, run by the Ruby interpreter compiled to WebAssembly, under Wasmer.

use std::path::PathBuf;

use bench::cases::{Column, Recorder, Step};
use bench::engines;
use criterion::{Criterion, Throughput};
use ex2_parser::Package;
use ruby_in_wasm::{Compiler, Host, Library, RUBY, Start};
use wasm::compiled_code::Store as CompiledCode;

use crate::page::Page;

/// The same code as for native Ruby.
const HTREE_PARSER: &str = include_str!("../ruby/htree_parser.rb");

const LABEL: &str = "HTree in Ruby in Wasm";

/// Has to run last: Wasmer has one stack size for the whole process, and Ruby's host sets a larger one.
pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder, page: &Page) {
    let about = engines::wasmer::of_ruby(Compiler::DEFAULT == Compiler::Cranelift);
    let id = format!("htree/{}", about.id);
    let binary = match RUBY.read() {
        Ok(binary) => binary,
        Err(error) => return recorder.skipped(&id, LABEL, &error.to_string()),
    };
    let Some(library) = Library::find("htree") else {
        return recorder.skipped(
            &id,
            LABEL,
            "this machine's Ruby has no HTree to hand in (Debian: ruby-htree)",
        );
    };
    let host = Host::new(Compiler::DEFAULT).unwrap();
    let module = host.load(&CompiledCode::default_location(), &binary).unwrap();
    let mut files = library.into_files();
    files.push((PathBuf::from("/page.html"), page.bytes().to_vec()));
    let start = Start {
        files,
        ..Start::default()
    };
    let mut ruby = host.start(&module, start).unwrap_or_else(|error| panic!("{error}"));
    for code in [
        &format!("$LOAD_PATH.unshift {:?}", Library::DIRECTORY),
        Library::HTREE_COMPATIBILITY,
        HTREE_PARSER,
        "require 'json'",
        "$page = File.read('/page.html', encoding: 'UTF-8')",
    ] {
        ruby.eval(code).unwrap_or_else(|error| panic!("{error}"));
    }

    let mut case = page.case(&id, LABEL, Column::RubyInWasm, &about.name);
    case.versions.extend(about.versions);
    let package = format!("{} {}", RUBY.name, RUBY.version);
    case.versions.insert("ruby".to_owned(), package);
    case.guest_bytes = Some(binary.len() as u64);
    let answer = ruby
        .eval("HTreeParser.parse($page).to_json")
        .unwrap_or_else(|error| panic!("{error}"));
    page.assert_answer(&case, &serde_json::from_str::<Package>(&answer).unwrap());

    let parse = ruby
        .function("-> { HTreeParser.parse($page) }")
        .unwrap_or_else(|error| panic!("{error}"));
    let mut group = criterion.benchmark_group(&case.id);
    group.sample_size(10);
    group.throughput(Throughput::Bytes(page.bytes().len() as u64));
    group.bench_function(case.measures(Step::Work), |bencher| {
        bencher.iter(|| ruby.call(parse).unwrap_or_else(|error| panic!("{error}")));
    });
    group.finish();
    recorder.measured(case);
}
