//! Clock, faults and log over HTTP, for tests in other languages and for trying things out.
//!
//! All of it lies under [`PREFIX`], which no owner on GitHub can have: their names never begin with `_`. Parameters
//! stand in the query, answers are JSON.
//!
//! | request | what it does |
//! | --- | --- |
//! | `GET /_stand-in` | the clock and the faults |
//! | `POST /_stand-in/clock?at=2026-05-10T12:00:00Z` | sets the clock, which then stands still |
//! | `POST /_stand-in/clock?advance=86400` | sets it forward, in seconds |
//! | `DELETE /_stand-in/clock` | lets it run with the system's time again |
//! | `POST /_stand-in/faults?set=flagger%3D429:2*1` | sets a fault: `TARGET=FAULT*COUNT`, the count optional |
//! | `DELETE /_stand-in/faults` | clears them all |
//! | `GET /_stand-in/log` | the requests so far, and how many were under way at once |
//! | `DELETE /_stand-in/log` | forgets them |

use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::stand_in::{
    answer::{HEADER, HEADER_VALUE},
    fault::TargetedFault,
    state::Shared,
};

/// The path of the control addresses.
pub const PREFIX: &str = "/_stand-in";

pub(crate) fn answer(shared: &Shared, method: &Method, uri: &Uri) -> Response {
    let path = uri.path().strip_prefix(PREFIX).unwrap_or("");
    let result = match (method.as_str(), path) {
        ("GET" | "HEAD", "" | "/") => Ok(state(shared)),
        ("POST", "/clock") => set_clock(shared, uri).map(|()| state(shared)),
        ("DELETE", "/clock") => {
            shared.clock.run();
            Ok(state(shared))
        }
        ("POST", "/faults") => set_fault(shared, uri).map(|()| state(shared)),
        ("DELETE", "/faults") => {
            shared.faults.clear();
            Ok(state(shared))
        }
        ("GET" | "HEAD", "/log") => Ok(json!(shared.recorder.copy())),
        ("DELETE", "/log") => {
            shared.recorder.clear();
            Ok(state(shared))
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            format!("there is no {method} {}; see GET {PREFIX}", uri.path()),
        )),
    };
    let (status, value) = match result {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Body::from(format!("{value}\n")));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(HEADER, HeaderValue::from_static(HEADER_VALUE));
    response
}

fn state(shared: &Shared) -> serde_json::Value {
    json!({
        "source": HEADER_VALUE,
        "now": shared.clock.now().to_string(),
        "organisations": shared.organisations.iter().map(|organisation| &organisation.name).collect::<Vec<_>>(),
        "faults": shared.faults.list().into_iter()
            .map(|(fault, left)| json!({ "fault": fault, "requests_left": left })).collect::<Vec<_>>(),
    })
}

type Refused = (StatusCode, String);

fn set_clock(shared: &Shared, uri: &Uri) -> Result<(), Refused> {
    if let Some(at) = parameter(uri, "at") {
        let at: Timestamp = at
            .parse()
            .map_err(|_| refused(format!("`{at}` is no time such as 2026-05-10T12:00:00Z")))?;
        shared.clock.set(at);
    } else if let Some(seconds) = parameter(uri, "advance") {
        let seconds = seconds
            .parse()
            .map_err(|_| refused(format!("`{seconds}` is no number of seconds")))?;
        shared.clock.advance(Duration::from_secs(seconds));
    } else {
        return Err(refused("say ?at=TIME or ?advance=SECONDS".into()));
    }
    Ok(())
}

fn set_fault(shared: &Shared, uri: &Uri) -> Result<(), Refused> {
    let set = parameter(uri, "set").ok_or_else(|| refused("say ?set=TARGET=FAULT".into()))?;
    let TargetedFault { target, fault, count } = set.parse().map_err(|error| refused(format!("{error}")))?;
    shared.faults.set(&target, fault, count);
    Ok(())
}

fn refused(error: String) -> Refused {
    (StatusCode::BAD_REQUEST, error)
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    uri.query()?.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}
