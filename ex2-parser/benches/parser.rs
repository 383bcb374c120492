//! How long it takes to read a package page: each engine, native and in WebAssembly, and each step of a guest's start.
//!
//! ```sh
//! cargo bench -p ex2-parser
//! ```
//!
//! The page is the real one of 237 KB where it is at hand, and a generated one of the same size. Every answer is
//! asserted before anything is timed. `lol_html` is a well-made streaming parser with CSS selectors, driven by the
//! selectors one would write; it is here to show what a tokenizer written for the job is worth.
//!
//! Bias: lol_html's selectors look for less than this project's rules check, and its answer is asserted too. The page is
//! in the processor's cache. A guest's page is copied into its memory inside the time; its compiled code is in the
//! system's file cache. `start` is all of a fresh guest: load, instantiate, read.

use std::{cell::Cell, cell::RefCell, fs, hint::black_box, path::PathBuf, rc::Rc};

use compiled_code::Store as CompiledCode;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ex2_parser::{
    Package, dom, stream,
    wasm::{self, Engine, Parser},
};
use lol_html::{HtmlRewriter, Settings, element, text};

struct Page {
    name: &'static str,
    bytes: Vec<u8>,
    total: u64,
    sum: u64,
}

fn pages() -> Vec<Page> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/ghcr/pages/package_2026-05-10_nas-doctor.html");
    let mut found = Vec::new();
    match fs::read(path) {
        Ok(bytes) => found.push(Page {
            name: "real",
            bytes,
            total: 14_360,
            sum: 14_125,
        }),
        Err(_) => eprintln!("skipped: the real page is not at hand"),
    }
    let generated = pages::PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..Default::default()
    };
    let sum = generated.daily.iter().map(|(_, count)| count).sum();
    found.push(Page {
        name: "generated",
        bytes: generated.render().into_bytes(),
        total: generated.total,
        sum,
    });
    found
}

fn assert_answer(page: &Page, package: &Package) {
    assert_eq!(package.total, page.total);
    assert_eq!(package.daily.len(), 30);
    assert_eq!(package.daily.iter().map(|day| day.count).sum::<u64>(), page.sum);
}

/// The total and the bars' sum, by lol_html.
fn lol_html(page: &[u8]) -> (u64, u64) {
    let total = Rc::new(Cell::new(0));
    let sum = Cell::new(0);
    let label = Rc::new(RefCell::new(String::new()));
    let found = Rc::new(Cell::new(false));
    let in_span = element!("span", |_| {
        label.borrow_mut().clear();
        Ok(())
    });
    let text_of_span = text!("span", |text| {
        label.borrow_mut().push_str(text.as_str());
        if text.last_in_text_node() {
            found.set(label.borrow().trim() == "Total downloads");
        }
        Ok(())
    });
    let heading = element!("h3[title]", |element| {
        if found.take() {
            let title = element.get_attribute("title");
            total.set(title.and_then(|title| title.parse().ok()).unwrap_or(0));
        }
        Ok(())
    });
    let bar = element!(
        "[aria-label='Downloads for the last 30 days'] rect[data-merge-count]",
        |element| {
            let count = element
                .get_attribute("data-merge-count")
                .and_then(|count| count.parse::<u64>().ok());
            sum.set(sum.get() + count.unwrap_or(0));
            Ok(())
        }
    );
    let settings = [in_span, text_of_span, heading, bar]
        .into_iter()
        .fold(Settings::new(), Settings::append_element_content_handler);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(page).unwrap();
    rewriter.end().unwrap();
    (total.get(), sum.get())
}

fn read(criterion: &mut Criterion) {
    for page in pages() {
        let mut group = criterion.benchmark_group(format!("read/{}", page.name));
        group.throughput(Throughput::Bytes(page.bytes.len() as u64));

        assert_answer(&page, &stream::package(&page.bytes).unwrap());
        group.bench_function("stream/native", |bencher| {
            bencher.iter(|| stream::package(black_box(&page.bytes)).unwrap());
        });
        assert_eq!(lol_html(&page.bytes), (page.total, page.sum));
        group.bench_function("lol_html/native", |bencher| {
            bencher.iter(|| lol_html(black_box(&page.bytes)))
        });
        assert_answer(&page, &dom::package(&page.bytes).unwrap());
        group.bench_function("dom/native", |bencher| {
            bencher.iter(|| dom::package(black_box(&page.bytes)).unwrap())
        });

        for (name, kind) in [("stream/wasm", Engine::Stream), ("dom/wasm", Engine::Dom)] {
            let engine = wasm::engine();
            let module = wasm::load(&engine, kind).unwrap();
            let mut parser = Parser::instantiate(&engine, &module).unwrap();
            assert_answer(&page, &parser.package(&page.bytes).unwrap());
            group.bench_function(name, |bencher| {
                bencher.iter(|| parser.package(black_box(&page.bytes)).unwrap())
            });
        }
    }
}

fn start(criterion: &mut Criterion) {
    let page = pages().remove(0);
    for (name, guest) in [("stream", guests::PARSER_STREAM), ("dom", guests::PARSER_DOM)] {
        let binary = guest.read().unwrap();
        let engine = wasm::engine();
        let kept = CompiledCode::default_location();
        let load = || compiled_code::wasmer::module(&kept, &engine, &binary).unwrap();
        let module = load();
        let fresh = |module: &wasmer::Module| Parser::instantiate(&engine, module).unwrap();
        assert_answer(&page, &fresh(&load()).package(&page.bytes).unwrap());

        let mut group = criterion.benchmark_group(format!("start/{name}"));
        group.bench_function("compile", |bencher| {
            bencher.iter(|| wasmer::Module::new(&engine, black_box(&binary)).unwrap());
        });
        group.bench_function("load", |bencher| bencher.iter(load));
        group.bench_function("instantiate", |bencher| bencher.iter(|| fresh(&module)));
        group.bench_function("start", |bencher| {
            bencher.iter(|| fresh(&load()).package(black_box(&page.bytes)).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    // A minute and a half in all.
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(std::time::Duration::from_millis(500))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = read, start
}
criterion_main!(benches);
