//! Starts the component as the options say: the first step of each command that has a tracker.

use std::net::SocketAddr;

use super::arguments::GitHubOptions;
use super::error::Error;
use super::stop::{INTERRUPTED, Stop};
use crate::measure::{
    Tracker,
    tracker::{self, GitHub},
};

/// Starts the component on any free port. With `--stand-in`, also starts a stand-in with an organisation of that name.
pub(super) async fn start(options: &GitHubOptions, org: &str, stop: &mut Stop) -> Result<Tracker, Error> {
    start_at(tracker::ANY_PORT, github(options, org), options, stop).await
}

/// With `--stand-in`, a stand-in with an organisation of that name; otherwise github.com.
pub(super) fn github(options: &GitHubOptions, org: &str) -> GitHub {
    if options.stand_in {
        GitHub::StandIn {
            org: org.to_owned(),
            clock: options.clock,
            faults: options.stand_in_fault.clone(),
        }
    } else {
        GitHub::Real
    }
}

/// Starts the component at this address.
pub(super) async fn start_at(
    address: SocketAddr,
    github: GitHub,
    options: &GitHubOptions,
    stop: &mut Stop,
) -> Result<Tracker, Error> {
    let url = match &github {
        GitHub::At(url) => Some(url.as_str()),
        GitHub::Real | GitHub::StandIn { .. } => None,
    };
    let pause = options.pause(url)?;
    let options = tracker::Options {
        github,
        address,
        contact: options.contact.clone(),
        page_timeout: options.timeout,
        pause,
        spin: options.spin.clone(),
    };
    tokio::select! {
        tracker = Tracker::start(options) => Ok(tracker?),
        () = stop.wait() => Err(Error::new("stopped before anything was measured", INTERRUPTED)),
    }
}
