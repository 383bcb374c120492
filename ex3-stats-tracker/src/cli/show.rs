//! What several commands show: a collection's table, and where the stand-in is.

use std::io;

use comfy_table::Table;
use github::stand_in;

use super::error::{Error, print};
use crate::measure::{Collection, table};

pub(super) fn print_table(collection: &Collection) -> Result<(), Error> {
    // The width of the terminal; without one, lines are as long as they have to be. A terminal without a known size,
    // such as a serial line's, says that it has no columns.
    let width = Table::new().width().filter(|columns| *columns > 0);
    let text = table::render(collection, width);
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    if colours {
        print(text.as_bytes())
    } else {
        print(anstream::adapter::strip_str(&text).to_string().as_bytes())
    }
}

/// Where the stand-in is controlled, and what its figures are.
pub(super) fn words_on_the_stand_in(stand_in: &stand_in::StandIn) -> String {
    format!(
        "It asks the stand-in on {0} (clock, faults and log: {0}{1}).\n{2}",
        stand_in.base_url(),
        stand_in::control::PREFIX,
        table::STAND_IN
    )
}
