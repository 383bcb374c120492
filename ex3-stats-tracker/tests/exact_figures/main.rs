//! What the component executes for one request, to the digit: see `bench::exact`.
//!
//! The host here is made of wasmtime's own crates and counts. Its clock stands still, its random numbers are always the
//! same, and GitHub's page is in memory, so that two runs are equal.

#[path = "../component/mod.rs"]
mod component;
mod counting_host;

use std::{io::Write, path::Path};

use bench::exact::{self, Counts, ExactFigures};
use bytes::Bytes;
use counting_host::CountingHost;
use flate2::{Compression, write::GzEncoder};
use github::pages::{self, PackagePage};
use http::{Method, Request};
use http_body_util::Full;
use serde_json::Value;

/// The address of a package's measurement.
const PACKAGE: &str = "/orgs/fluxcd/packages/source-controller?repository=source-controller&owner=organization";

fn request(method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("http://localhost{path}"))
        .header(http::header::HOST, "localhost")
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(Full::new(body))
        .unwrap()
}

/// The page as GitHub sends it to the component.
fn compressed(page: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(page).unwrap();
    encoder.finish().unwrap().into()
}

/// Sends a request to a new instance, checks the answer's total, and returns the counts.
async fn count(host: &CountingHost, request: Request<Full<Bytes>>, total: u64) -> Counts {
    let (status, body, counts) = host.answer(request).await.unwrap_or_else(|error| panic!("{error:#}"));
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status.as_u16(), answer["total"].as_u64()),
        (200, Some(total)),
        "{answer}"
    );
    counts
}

#[tokio::test]
async fn the_component_executes_what_is_recorded() {
    // Always a generated page: a recorded one is not on every machine.
    let page = PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..Default::default()
    };
    let html = Bytes::from(page.render());
    let host = CountingHost::new(compressed(&html)).unwrap_or_else(|error| panic!("{error:#}"));
    let mut runs = Vec::new();
    for _ in 0..2 {
        let extract = request(Method::POST, "/extract", html.clone());
        let measure = request(Method::GET, PACKAGE, Bytes::new());
        runs.push(ExactFigures(
            [
                (
                    "`POST /extract`, with the page".to_owned(),
                    count(&host, extract, page.total).await,
                ),
                (
                    "`GET` of a package, with one compressed page of GitHub".to_owned(),
                    count(&host, measure, page.total).await,
                ),
            ]
            .into(),
        ));
    }
    assert_eq!(runs[0], runs[1], "two runs are equal to the digit");
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join(exact::FILE);
    runs[0].assert_as_in(&recorded).unwrap();
}
