//! The page of a version. It also has a total, so that a parser could take it for the package's page.

use system::command_line::thousands;

use crate::pages::{escape::Escaped, filler::NOTICE};

/// The page of one version of a package. Its `Total downloads` are those of the version, in a `span` and with commas.
pub fn version_page(name: &str, tag: &str, total: u64) -> String {
    let figure = |label: &str, count: u64| {
        format!(
            "      <div class=\"d-flex\"><span>{label}</span> <span class=\"flex-auto text-right text-bold\">{}</span></div>\n",
            thousands(count)
        )
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n  <!-- {NOTICE} -->\n  <head><meta charset=\"utf-8\"><title>{0} {1} · GitHub</title></head>\n  <body>\n    <main>\n      <h2>{0} {1}</h2>\n{2}{3}{4}{5}    </main>\n  </body>\n</html>\n",
        Escaped(name),
        Escaped(tag),
        figure("Total downloads", total),
        figure("Last 30 days", total / 2),
        figure("Last week", total / 9),
        figure("Today", total / 99),
    )
}
