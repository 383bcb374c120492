//! Tests of the stand-in over HTTP: its pages, its faults, and its control.

mod control;
mod faults;
mod pages;

use github::stand_in::{self, Options, StandIn};
use reqwest::{Client, StatusCode, redirect};

const CLOCK: &str = "2026-05-10T12:00:00Z";

async fn start() -> StandIn {
    let options = Options {
        clock: Some(CLOCK.parse().unwrap()),
        page_bytes: 20_000,
        ..Options::default()
    };
    StandIn::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap()
}

fn client() -> Client {
    // Redirects are not followed, and bodies are not decompressed.
    Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent("test (me@example.org)")
        .build()
        .unwrap()
}

async fn get(stand_in: &StandIn, path: &str) -> (StatusCode, String) {
    let response = client().get(stand_in.base_url() + path).send().await.unwrap();
    assert_eq!(response.headers()["x-stand-in"], stand_in::HEADER_VALUE, "{path}");
    (response.status(), response.text().await.unwrap())
}

const PACKAGE: &str = "/fluxcd/source-controller/pkgs/container/source-controller";
