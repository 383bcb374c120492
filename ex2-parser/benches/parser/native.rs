//! Native code: this project's two engines, a library, and a search for the label alone as the lower bound.

use std::hint::black_box;

use bench::cases::{self, Case, Column, Recorder, Step};
use criterion::{Criterion, Throughput};
use ex2_parser::{dom, stream};
use memchr::memmem;

use crate::lol_html;
use crate::page::{LABEL, Page};

const ENGINE: &str = "native code";

pub(crate) fn bench(criterion: &mut Criterion, recorder: &mut Recorder, page: &Page) {
    let mut measure = |mut case: Case, crates: &[&str], read: &mut dyn FnMut(&[u8])| {
        case.versions
            .extend(crates.iter().map(|&name| (name.to_owned(), cases::locked(name))));
        let mut group = criterion.benchmark_group(&case.id);
        group.throughput(Throughput::Bytes(page.bytes().len() as u64));
        group.bench_function(case.measures(Step::Work), |bencher| {
            bencher.iter(|| read(black_box(page.bytes())));
        });
        group.finish();
        recorder.measured(case);
    };

    let case = page.case(
        "stream/native",
        "Rust, stream: our tokenizer, no tree",
        Column::Rust,
        ENGINE,
    );
    page.assert_answer(&case, &stream::package(page.bytes()).unwrap());
    measure(case, &["memchr"], &mut |html| {
        black_box(stream::package(html).unwrap());
    });

    let case = page.case("dom/native", "Rust, dom: html5ever's tree", Column::Rust, ENGINE);
    page.assert_answer(&case, &dom::package(page.bytes()).unwrap());
    measure(case, &["html5ever", "scraper"], &mut |html| {
        black_box(dom::package(html).unwrap());
    });

    let case = page.case(
        "lol-html/native",
        "Rust, lol_html: CSS selectors, no tree",
        Column::Rust,
        ENGINE,
    );
    page.assert_answer(&case, &lol_html::package(page.bytes()));
    measure(case, &["lol_html"], &mut |html| {
        black_box(lol_html::package(html));
    });

    let label = memmem::Finder::new(LABEL);
    let case = page.case(
        "memmem",
        "no parser: the label's place among the bytes",
        Column::Floor,
        ENGINE,
    );
    assert_eq!(label.find(page.bytes()), page.html.find(LABEL));
    measure(case, &["memchr"], &mut |html| {
        black_box(label.find(html).expect("the label is on the page"));
    });
}
