//! `serve`: the component alone.

use stand_in::StandIn;

use super::{
    ServeOptions,
    run::{Error, start},
    stop::Stop,
};
use crate::measure::{component::segment, table::STAND_IN};

/// The organisation of the stand-in, and of the address to try.
const ORG: &str = "fluxcd";

/// Serves until it is stopped.
pub(super) async fn serve(options: ServeOptions, stop: &mut Stop) -> Result<u8, Error> {
    let tracker = start(&options.github, ORG, options.port, stop).await?;
    let base_url = tracker.base_url();
    eprintln!(
        "The component listens on {base_url} until Ctrl-C. Try:\n\n    curl -s {base_url}/orgs/{}/packages\n",
        segment(ORG)
    );
    if let Some(stand_in) = tracker.stand_in() {
        eprintln!("{}", words_on_the_stand_in(stand_in));
    }
    stop.wait().await;
    tracker.stop().await;
    Ok(0)
}

/// Where it can be steered, and what its figures are.
pub(super) fn words_on_the_stand_in(stand_in: &StandIn) -> String {
    format!(
        "It asks the stand-in on {0} (clock, faults and log: {0}{1}).\n{STAND_IN}",
        stand_in.base_url(),
        stand_in::control::PREFIX
    )
}
