//! `serve`: the component alone.

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use spin_host::Host;
use spin_host::manifest::Manifest;
use system::command_line;
use wasm::compiled_code::Store;

use super::arguments::ServeOptions;
use super::error::Error;
use super::stop::{ENDING, Stop, gracefully};

/// The manifest of a built application in the program's directory, and the directory of its compiled code.
const MANIFEST: &str = "spin.toml";
const COMPILED_CODE: &str = "compiled-code";

/// Serves until it is stopped.
pub(super) async fn serve(options: ServeOptions, stop: &mut Stop) -> Result<u8, Error> {
    let built = options.application.clone().or_else(|| {
        let beside = directory_of_the_program()?.join(MANIFEST);
        beside.is_file().then_some(beside)
    });
    match built {
        Some(manifest) if !wants_the_workspaces(&options) => serve_built(&manifest, &options, stop).await,
        _ => serve_the_workspaces(&options, stop).await,
    }
}

/// Runs a built application. Nothing is written if its code was compiled ahead.
async fn serve_built(manifest: &Path, options: &ServeOptions, stop: &mut Stop) -> Result<u8, Error> {
    let manifest = Manifest::read(manifest)?;
    let mut variables = BTreeMap::from([
        ("contact".to_owned(), options.github.contact.clone()),
        ("page_timeout".to_owned(), options.github.timeout.as_secs().to_string()),
    ]);
    if let Some(url) = &options.github_url {
        variables.insert("github_url".to_owned(), url.clone());
    }
    let store = directory_of_the_program()
        .map(|directory| directory.join(COMPILED_CODE))
        .filter(|directory| directory.is_dir())
        .map_or_else(Store::default_location, Store::at);
    let options_of_host = spin_host::Options {
        store,
        outbound_pause: options.github.pause(options.github_url.as_deref())?,
        ..spin_host::Options::default()
    };
    let address = SocketAddr::new(options.bind, options.port);
    let host = tokio::select! {
        host = Host::start(&manifest, variables, address, options_of_host) => host?,
        () = stop.wait() => return Ok(0),
    };
    say_where(&host.base_url());
    stop.wait().await;
    command_line::note(ENDING);
    gracefully(host.stop()).await;
    Ok(0)
}

/// The organisation of the stand-in and of the printed example.
const ORG: &str = "fluxcd";

#[cfg(not(feature = "tracker"))]
async fn serve_the_workspaces(_: &ServeOptions, _: &mut Stop) -> Result<u8, Error> {
    Err(Error::new(
        format!("there is no {MANIFEST} beside this program; name one with --application"),
        sysexits::ExitCode::NoInput,
    ))
}

/// Builds this workspace's component, unless it is up to date, and runs it. With `--stand-in`, also starts a stand-in.
#[cfg(feature = "tracker")]
async fn serve_the_workspaces(options: &ServeOptions, stop: &mut Stop) -> Result<u8, Error> {
    use super::show::words_on_the_stand_in;
    use super::start::{github, start_at};
    use crate::measure::tracker::GitHub;

    let address = SocketAddr::new(options.bind, options.port);
    let github = match &options.github_url {
        Some(url) => GitHub::At(url.clone()),
        None => github(&options.github, ORG),
    };
    let tracker = start_at(address, github, &options.github, stop).await?;
    say_where(&tracker.base_url());
    if let Some(stand_in) = tracker.stand_in() {
        command_line::note(words_on_the_stand_in(stand_in));
    }
    stop.wait().await;
    command_line::note(ENDING);
    gracefully(tracker.stop()).await;
    Ok(0)
}

#[cfg(feature = "tracker")]
fn wants_the_workspaces(options: &ServeOptions) -> bool {
    options.github.stand_in || options.github.spin.is_some()
}

#[cfg(not(feature = "tracker"))]
fn wants_the_workspaces(_: &ServeOptions) -> bool {
    false
}

fn directory_of_the_program() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.to_owned())
}

fn say_where(base_url: &str) {
    command_line::note(format_args!(
        "The component listens on {base_url} until Ctrl-C. Try:\n\n    curl -s {base_url}/orgs/{ORG}/packages\n"
    ));
}
