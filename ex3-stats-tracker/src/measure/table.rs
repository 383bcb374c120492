//! Formats a collection for people: a table, the sum, and the failures.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};
use system::command_line::{printable, thousands};

use super::{
    collection::{Collection, Earlier, Numbers, Source},
    sparkline::sparkline,
};

/// A line under the header and one under the rows.
const STYLE: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const TITLE: Style = Style::new().bold();

/// The notice beside all figures of the stand-in.
pub const STAND_IN: &str = "STAND-IN: these figures are invented and do not come from github.com.";

/// Formats the collection as text with colours, in lines of at most `width` columns if it is given.
///
/// If it does not fit, first the column of repositories is left out, then the sparklines, and then names are broken
/// into several lines. Totals are never shortened.
pub fn render(collection: &Collection, width: Option<u16>) -> String {
    let mut out = String::new();
    if collection.source == Source::StandIn {
        let _ = writeln!(out, "{WARNING}{STAND_IN}{WARNING:#}");
    }
    let _ = writeln!(
        out,
        "{TITLE}{} on {}{TITLE:#}",
        printable(&collection.org),
        collection.measured_at.strftime("%Y-%m-%d %H:%M UTC")
    );
    if !collection.packages.is_empty() {
        let _ = writeln!(out, "\n{}", table(collection, width));
    }
    out.push('\n');
    match collection.total {
        Some(total) => {
            let _ = writeln!(
                out,
                "{} downloads of {}",
                thousands(total),
                packages(collection.packages.len())
            );
            if let Some(Earlier { packages, oldest }) = collection.earlier {
                let _ = writeln!(
                    out,
                    "{WARNING}{packages} of them with {} of before, the oldest of {}{WARNING:#}",
                    if packages == 1 { "a total" } else { "totals" },
                    oldest.strftime("%Y-%m-%d %H:%M UTC")
                );
            }
        }
        None => out.push_str("No package could be read.\n"),
    }
    let nothing_read = collection.packages.is_empty();
    for asked in [true, false] {
        let kinds = collection.failures_by_kind(asked);
        let count = kinds.iter().map(|(_, failures)| failures.len()).sum();
        if count == 0 {
            continue;
        }
        let what = match (asked, count) {
            (true, _) => "could not be read",
            (false, 1) => "was not asked for",
            (false, _) => "were not asked for",
        };
        let of_the_sum = match (nothing_read, count) {
            (true, _) => "",
            (false, 1) => " and is not in the sum",
            (false, _) => " and are not in the sum",
        };
        let _ = writeln!(out, "\n{WARNING}{} {what}{of_the_sum}{WARNING:#}", packages(count));
        for (kind, failures) in kinds {
            let _ = writeln!(out, "  {kind} ({})", failures.len());
            for failure in failures {
                let _ = writeln!(out, "    {}: {}", printable(&failure.name), printable(&failure.detail));
            }
        }
    }
    if let Some(numbers) = collection.numbers
        && numbers.read < numbers.listed
    {
        let _ = writeln!(out, "\n{}", what_became_of(numbers));
    }
    out
}

/// A line with the numbers of listed, read and failed packages, so that no package is missing silently.
fn what_became_of(numbers: Numbers) -> String {
    let Numbers {
        listed,
        read,
        failed,
        not_asked,
    } = numbers;
    let listed = usize::try_from(listed).map_or_else(|_| listed.to_string(), packages);
    format!("{listed} listed: {read} read, {failed} failed, {not_asked} not asked for")
}

fn table(collection: &Collection, width: Option<u16>) -> String {
    let wide = build(collection, true, true);
    let Some(width) = width else { return wide.trim_fmt() };
    for (repositories, days) in [(true, true), (false, true), (false, false)] {
        let table = build(collection, repositories, days);
        if table
            .lines()
            .next()
            .is_none_or(|line| line.chars().count() <= usize::from(width))
        {
            return table.trim_fmt();
        }
    }
    let mut narrow = build(collection, false, false);
    narrow
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    narrow.trim_fmt()
}

fn build(collection: &Collection, repositories: bool, days: bool) -> Table {
    let row = |name: String, repository: String, total: String, line: String| {
        let mut row = vec![name];
        if repositories {
            row.push(repository);
        }
        row.push(total);
        if days {
            row.push(line);
        }
        row
    };
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(row(
        "Package".into(),
        "Repository".into(),
        "Total".into(),
        "Last 30 days".into(),
    ));
    let owner = format!("{}/", collection.org);
    for package in &collection.packages {
        // The organisation's own repositories are shown without its name.
        let repository = package.repository.as_deref().unwrap_or("-");
        table.add_row(row(
            printable(&package.name),
            printable(repository.strip_prefix(&owner).unwrap_or(repository)),
            thousands(package.total),
            sparkline(&package.daily),
        ));
    }
    let total = if repositories { 2 } else { 1 };
    if let Some(column) = table.column_mut(total) {
        column.set_cell_alignment(CellAlignment::Right);
        // A total that is broken into two lines would be read as a smaller one.
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

fn packages(count: usize) -> String {
    if count == 1 {
        "1 package".into()
    } else {
        format!("{count} packages")
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::measure::{
        collection::{Failure, MeasuredPackage},
        component::{Daily, Kind},
    };

    fn package(name: &str, repository: Option<&str>, total: u64) -> MeasuredPackage {
        let daily = (1..=30)
            .map(|day| Daily {
                date: Date::constant(2026, 4, day),
                count: day as u64,
            })
            .collect();
        MeasuredPackage {
            name: name.into(),
            repository: repository.map(Into::into),
            total,
            daily,
        }
    }

    fn collection(source: Source, failures: Vec<Failure>) -> Collection {
        let packages = vec![
            package("source-controller", Some("fluxcd/source-controller"), 355_103_300),
            package("charts/flagger", Some("elsewhere/flagger"), 7),
            package("lonely", None, 4_890_000_000),
        ];
        Collection::new(
            "fluxcd".into(),
            source,
            "2026-05-10T12:00:00Z".parse().unwrap(),
            packages,
            failures,
        )
    }

    fn plain(collection: &Collection, width: Option<u16>) -> String {
        anstream::adapter::strip_str(&render(collection, width)).to_string()
    }

    #[test]
    fn totals_stand_under_each_other_and_lines_on_the_right() {
        let text = plain(&collection(Source::GitHub, vec![]), None);
        assert_eq!(
            text,
            "\
fluxcd on 2026-05-10 12:00 UTC

 Package             Repository                  Total   Last 30 days
────────────────────────────────────────────────────────────────────────────────────────
 source-controller   source-controller     355,103,300   ▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▅▆▆▆▆▇▇▇▇█████
 charts/flagger      elsewhere/flagger               7   ▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▅▆▆▆▆▇▇▇▇█████
 lonely              -                   4,890,000,000   ▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▅▆▆▆▆▇▇▇▇█████
────────────────────────────────────────────────────────────────────────────────────────

5,245,103,307 downloads of 3 packages
"
        );
    }

    #[test]
    fn figures_of_the_stand_in_are_called_so_first() {
        assert!(plain(&collection(Source::StandIn, vec![]), None).starts_with(STAND_IN));
        assert!(!plain(&collection(Source::GitHub, vec![]), None).contains("STAND-IN"));
    }

    #[test]
    fn a_narrow_terminal_gets_narrow_lines_with_whole_totals() {
        for width in [30, 40, 60, 70, 85, 100, 200] {
            let text = plain(&collection(Source::GitHub, vec![]), Some(width));
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= usize::from(width).max(38), "{width}: {widest}\n{text}");
            assert!(text.contains("4,890,000,000"), "{width}\n{text}");
        }
        let text = plain(&collection(Source::GitHub, vec![]), Some(70));
        assert!(!text.contains("Repository") && text.contains("Last 30 days"), "{text}");
        let text = plain(&collection(Source::GitHub, vec![]), Some(40));
        assert!(!text.contains("Last 30 days"), "{text}");
    }

    #[test]
    fn failures_are_named_by_kind_and_said_to_be_missing_in_the_sum() {
        let failure = |name: &str, kind| Failure {
            name: name.into(),
            kind,
            detail: format!("why {name}"),
            asked: name != "d",
        };
        let failures = vec![
            failure("a", Kind::TimedOut),
            failure("b", Kind::RateLimited),
            failure("c", Kind::TimedOut),
            failure("d", Kind::RateLimited),
        ];
        let text = plain(&collection(Source::GitHub, failures.clone()), None);
        assert!(
            text.ends_with(
                "\n3 packages could not be read and are not in the sum\n  rate_limited (1)\n    b: why b\n  timed_out (2)\n    a: why a\n    c: why c\n\
                 \n1 package was not asked for and is not in the sum\n  rate_limited (1)\n    d: why d\n\
                 \n7 packages listed: 3 read, 3 failed, 1 not asked for\n"
            ),
            "{text}"
        );
        let nothing = Collection {
            packages: vec![],
            total: None,
            ..collection(Source::GitHub, failures)
        };
        let text = plain(&nothing, None);
        assert!(
            text.contains("No package could be read.") && !text.contains("downloads of"),
            "{text}"
        );
    }

    #[test]
    fn one_is_one() {
        let failure = Failure {
            name: "a".into(),
            kind: Kind::NotFound,
            detail: "gone".into(),
            asked: true,
        };
        let mut one = collection(Source::GitHub, vec![failure]);
        one.earlier = Some(Earlier {
            packages: 1,
            oldest: "2026-05-09T06:30:00Z".parse().unwrap(),
        });
        let text = plain(&one, None);
        for sentence in [
            "\n1 package could not be read and is not in the sum\n",
            "\n1 of them with a total of before, the oldest of 2026-05-09 06:30 UTC\n",
            "\n4 packages listed: 3 read, 1 failed, 0 not asked for\n",
        ] {
            assert!(text.contains(sentence), "{sentence}\n{text}");
        }
    }

    #[test]
    fn hostile_names_do_not_steer_the_terminal() {
        let mut hostile = collection(Source::GitHub, vec![]);
        hostile.org = "a\u{1b}]0;b".into();
        hostile.packages[0].name = "\u{1b}[31mred\r\n".into();
        hostile.packages[1].repository = Some("x\u{202e}y\t".into());
        let detail = "\u{9b}2J".to_owned();
        hostile.failures = vec![Failure {
            name: "\u{7}".into(),
            kind: Kind::NotFound,
            detail,
            asked: true,
        }];
        let text = plain(&hostile, None);
        assert!(
            !text.contains(|character: char| character.is_control() && character != '\n'),
            "{text:?}"
        );
        assert!(!text.contains('\u{202e}'));
        assert!(text.contains("\\u{1b}[31mred\\u{d}\\u{a}"), "{text}");
    }
}
