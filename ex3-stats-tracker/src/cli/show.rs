//! The output of several commands: a collection's table, and the stand-in's URLs.

use std::io;

use comfy_table::Table;
use github::stand_in;

use super::error::{Error, print};
use crate::measure::{Collection, table};

pub(super) fn print_table(collection: &Collection) -> Result<(), Error> {
    // Without a terminal, or with one of unknown size (a serial line's size is zero), the lines have their full length.
    let width = Table::new().width().filter(|columns| *columns > 0);
    let text = table::render(collection, width);
    let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    if colours {
        print(text.as_bytes())
    } else {
        print(anstream::adapter::strip_str(&text).to_string().as_bytes())
    }
}

/// The message with the stand-in's URLs and the warning about its figures.
pub(super) fn words_on_the_stand_in(stand_in: &stand_in::StandIn) -> String {
    format!(
        "It asks the stand-in on {0} (clock, faults and log: {0}{1}).\n{2}",
        stand_in.base_url(),
        stand_in::control::PREFIX,
        table::STAND_IN
    )
}
