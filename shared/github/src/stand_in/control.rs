//! Clock, faults and log over HTTP, for tests in other languages.
//!
//! The paths begin with [`PREFIX`], which is no owner's: names on GitHub can't begin with `_`. Parameters are in the
//! query, answers are JSON.
//!
//! | request | effect |
//! | --- | --- |
//! | `GET /_stand-in` | returns the clock and the faults |
//! | `POST /_stand-in/clock?at=2026-05-10T12:00:00Z` | sets the clock and stops it |
//! | `POST /_stand-in/clock?advance=86400` | advances the clock by seconds and stops it |
//! | `DELETE /_stand-in/clock` | returns to the system's time |
//! | `POST /_stand-in/faults?set=flagger%3D429:2*1` | sets a fault: `TARGET=FAULT*COUNT@AFTER`, both numbers optional |
//! | `DELETE /_stand-in/faults` | removes all faults |
//! | `GET /_stand-in/log` | returns the requests, and how many were active at the same time |
//! | `DELETE /_stand-in/log` | clears the log |

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

/// The common prefix of the control paths.
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
            .map(|(fault, before, left)| json!({ "fault": fault, "requests_before": before, "requests_left": left }))
            .collect::<Vec<_>>(),
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
        return Err(refused("a parameter is missing: ?at=TIME or ?advance=SECONDS".into()));
    }
    Ok(())
}

fn set_fault(shared: &Shared, uri: &Uri) -> Result<(), Refused> {
    let set = parameter(uri, "set").ok_or_else(|| refused("a parameter is missing: ?set=TARGET=FAULT".into()))?;
    let fault: TargetedFault = set.parse().map_err(|error| refused(format!("{error}")))?;
    shared.faults.set(fault);
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
