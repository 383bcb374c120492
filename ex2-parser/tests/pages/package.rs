//! Package pages: the total, the chart, and text that only looks like them.

use ex2_parser::{Change, Error};
use github::pages::{self, Classes, PackagePage};

use super::{TOTAL, changed, package};

fn chart(bars: &str) -> String {
    format!("{TOTAL}<div aria-label=\"Downloads for the last 30 days\"><svg>{bars}</svg></div>")
}

fn bars(from: &str, count: usize) -> Vec<String> {
    let mut date = ex2_parser::Date::parse(from.as_bytes()).unwrap();
    let mut bars = Vec::new();
    for index in 0..count {
        bars.push(format!(
            "<rect data-date=\"{date}\" data-merge-count=\"{index}\"></rect>"
        ));
        date = date.yesterday().unwrap();
    }
    bars
}

#[test]
fn every_variation_of_a_package_page() {
    let daily = PackagePage::default().daily;
    for total in [0, 7, 999, 1_318, 14_360, 355_103_300, 4_890_000_000, u64::MAX] {
        for discussions in [None, Some(12)] {
            for classes in [Classes::Old, Classes::Tmp] {
                for daily in [Vec::new(), daily.clone()] {
                    let page = PackagePage {
                        total,
                        discussions,
                        classes,
                        daily: daily.clone(),
                        decoys: true,
                        issues: 9,
                        description: "Total downloads</span><h3 title=\"666\"> & \"Downloads for the last 30 days\""
                            .into(),
                        ..Default::default()
                    };
                    let read = package(page.render()).unwrap();
                    assert_eq!(read.total, total);
                    let read: Vec<_> = read.daily.iter().map(|day| (day.date.to_string(), day.count)).collect();
                    assert_eq!(read, daily);
                }
            }
        }
    }
}

#[test]
fn a_page_of_a_real_size() {
    let page = PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        total: 14_360,
        ..Default::default()
    }
    .render();
    assert!(page.len() >= pages::REAL_PACKAGE_PAGE_BYTES);
    assert_eq!(package(&page).unwrap().total, 14_360);
}

#[test]
fn the_total_is_only_the_title_after_the_label() {
    for (page, total) in [
        ("<span> Total\n downloads </span> <!-- x --> <h3 title=14360>", 14_360),
        ("<span>Total&#32;downloads</span><h3 title='14360'>1</h3>", 14_360),
        ("<SPAN>Total downloads</SPAN><H3 TITLE=1 title=2>", 1),
        ("<p><span>Total downloads</span><h3 title=8></h3>", 8),
        (
            "<span>Total downloads</span><h3 title=5></h3><span>Total downloads</span><h3 title=5>",
            5,
        ),
        (
            "<h3 title=9>9</h3><span>Issues</span><h3 title=9>9</h3><span>Total downloads</span><h3 title=5>",
            5,
        ),
    ] {
        // A paragraph around the label ends before the heading, so they are not siblings any more.
        let expected = if page.starts_with("<p>") {
            changed(Change::LabelWithoutTotal)
        } else {
            Ok(total)
        };
        assert_eq!(package(page).map(|package| package.total), expected, "{page}");
    }
    for page in [
        "<span>Total downloads</span>",
        "<span>Total downloads</span><h3>14.4K</h3>",
        "<span>Total downloads</span><h3 title='14.4K'>",
        "<span>Total downloads</span><h3 title=''>",
        "<span>Total downloads</span><h3 title='14,360'>",
        "<span>Total downloads</span><h3 title=' 14360'>",
        "<span>Total downloads</span><h3 title='-1'>",
        "<span>Total downloads</span><h3 title='18446744073709551616'>",
        "<span>Total downloads</span><h4 title=14360>",
        "<span>Total downloads</span><p></p><h3 title=14360>",
        "<span>Total downloads</span>14.4K<h3 title=14360>",
        "<span>Total downloads</span>&nbsp;<h3 title=14360>",
        "<div><span>Total downloads</span></div><h3 title=9>9</h3>",
        "<span>Total downloads</span><svg><h3 title=9 /></svg>",
    ] {
        let expected = if page.contains("<svg>") {
            // HTML moves a heading out of an `svg`, so the element after the label is the `svg`.
            changed(Change::LabelWithoutTotal)
        } else {
            changed(Change::LabelWithoutTotal)
        };
        assert_eq!(package(page), expected, "{page}");
    }
    assert_eq!(
        package(format!("{TOTAL}<span>Total downloads</span><h3 title=8>")),
        changed(Change::TwoTotals)
    );
}

/// Each page was found by changing a whole page: an earlier rule would have returned another number as the total.
#[test]
fn a_doubtful_number_is_not_the_total() {
    let counter = |label: &str, number: u64| format!("<div><span>{label}</span><h3 title={number}>{number}</h3></div>");
    for follower in [
        "<strong-count title=1234567>1.23M</strong-count>",
        "<h3 title='1234567 downloads'>1.23M</h3>",
        "<h3>1.23M</h3>",
    ] {
        let page = format!("<div><span>Total downloads</span><h3 title=9>9</h3> {follower}</div>");
        assert_eq!(package(&page), changed(Change::TwoTotals), "{page}");
    }
    let row = |counters: &[String]| format!("<div>{}</div>", counters.concat());
    let alone = row(&[counter("Total downloads", 1_234_567)]);
    let others = [counter("Discussions", 120), counter("Issues", 9)];
    assert_eq!(
        package(row(&others) + &alone).map(|package| package.total),
        Ok(1_234_567)
    );
    // The first counter of a row has no other counter before it, so both totals are read.
    let first = row(&others).replace("Discussions", "Total downloads");
    assert_eq!(package(first + &alone), changed(Change::TwoTotals));
    let second = row(&others).replace("Issues", "Total downloads");
    assert_eq!(
        package(second.clone() + &alone).map(|package| package.total),
        Ok(1_234_567)
    );
    assert_eq!(package(second), changed(Change::LabelWithoutTotal));
}

/// The total is smaller than the sum of the chart's days, which is 435. It is right, as counts can fall, unless the page
/// shows where the right one may be.
#[test]
fn a_total_below_the_charts_sum_is_doubtful() {
    let page = |more: &str| chart(&bars("2024-03-10", 30).concat()) + more;
    for (more, doubtful) in [
        ("", false),
        // A label without a total.
        ("<p><span>Total downloads</span></p>", true),
        ("<h3 title=9>9</h3><p><span>Total downloads</span></p>", true),
        // A number without a label, large enough for the sum.
        ("<div>x</div><h3 title=435>435</h3>", true),
        ("<span></span><h3 title=435>435</h3>", true),
        ("<span>Issues</span><div>x</div><h3 title=435>435</h3>", true),
        ("<div>x</div><h3 title=434>434</h3>", false),
        // A number with a label.
        ("<span>Issues</span><h3 title=435>435</h3>", false),
    ] {
        let expected = if doubtful {
            changed(Change::LabelWithoutTotal)
        } else {
            Ok(7)
        };
        assert_eq!(package(page(more)).map(|package| package.total), expected, "{more}");
    }
    // A total that is as large as the sum is not.
    let equal = page("<div>x</div><h3 title=9000>9000</h3>").replace("title=\"7\"", "title=\"435\"");
    assert_eq!(package(equal).map(|package| package.total), Ok(435));
}

#[test]
fn a_label_outside_of_page_text_is_ignored() {
    for page in [
        format!("<!-- {TOTAL} -->"),
        format!("<!----!>{}", "<!-- x --!><p>"),
        format!("<script>{TOTAL}</script>"),
        format!("<script><!-- <script>{TOTAL}</script> {TOTAL} --></script>"),
        format!("<style>{TOTAL}</style>"),
        format!("<textarea>{TOTAL}</textarea>"),
        format!("<title>{TOTAL}</title>"),
        format!("<noscript>{TOTAL}</noscript>"),
        format!("<iframe>{TOTAL}</iframe>"),
        format!("<template>{TOTAL}</template>"),
        format!("<template><template></template>{TOTAL}</template>"),
        format!("<plaintext>{TOTAL}"),
        format!("<div title='{TOTAL}'>"),
        format!("<div title={}>", TOTAL.replace(' ', "&#32;").replace('>', "&gt;")),
        TOTAL.replace('<', "&lt;"),
        TOTAL.replace("Total downloads", "Total downloads today"),
        TOTAL.replace("Total downloads", "Total <b>downloads</b>"),
        TOTAL.replace("Total", "total"),
        TOTAL.replace("span", "label"),
        format!("<!DOCTYPE \"{TOTAL}"),
        format!("<?{}", TOTAL.replace('>', " ")),
    ] {
        let expected = if page.starts_with("<!DOCTYPE") {
            None
        } else {
            Some(Err(Error::NotAPackagePage))
        };
        let read = package(&page);
        if let Some(expected) = expected {
            assert_eq!(read, expected, "{page}");
        } else {
            assert!(read.is_err(), "{page}");
        }
    }
}

#[test]
fn the_chart_has_thirty_consecutive_days() {
    let good = bars("2024-03-10", 30);
    let read = package(chart(&good.concat())).unwrap();
    assert_eq!(
        (read.daily.len(), read.daily[0].count, read.daily[29].count),
        (30, 0, 29)
    );
    assert_eq!(read.daily[10].date.to_string(), "2024-02-29");
    // A bar without either attribute is decoration.
    assert!(package(chart(&format!("<rect width=1 />{}", good.concat()))).is_ok());
    // Elements of HTML are no bars, neither beside an `svg` nor inside of one.
    let of_html = chart("").replace("<svg></svg>", &good.concat());
    assert_eq!(package(of_html), changed(Change::BarsNotThirtyDays));
    let inside = format!("{}<foreignObject>{}</foreignObject>", good.concat(), good[0]);
    assert_eq!(package(chart(&inside)).unwrap().daily.len(), 30);

    // The chart ends with its element: after another element in it, and not after itself.
    let later = chart(&good.concat()).replace("<svg>", "<p>x</p><svg>");
    assert_eq!(package(later).unwrap().daily.len(), 30);
    let outside = chart("").replace("</div>", &format!("</div><svg>{}</svg>", good.concat()));
    assert_eq!(package(outside), changed(Change::BarsNotThirtyDays));

    let mut swapped = good.clone();
    swapped.swap(3, 4);
    let mut doubled = good.clone();
    doubled[5] = doubled[4].clone();
    let reversed: Vec<_> = good.iter().rev().cloned().collect();
    for bars in [
        bars("2024-03-10", 29),
        bars("2024-03-10", 31),
        swapped,
        doubled,
        reversed,
        Vec::new(),
    ] {
        assert_eq!(package(chart(&bars.concat())), changed(Change::BarsNotThirtyDays));
    }
    for bad in [
        "data-date=2024-03-10",
        "data-merge-count=1",
        "data-date=2024-02-30 data-merge-count=1",
        "data-date=2024-03-10 data-merge-count=1.5",
        "data-date=2024-03-10 data-merge-count=''",
        "data-date=2024-03-10 data-merge-count=18446744073709551616",
    ] {
        assert_eq!(
            package(chart(&format!("<rect {bad} />"))),
            changed(Change::BadBar),
            "{bad}"
        );
    }
    assert_eq!(
        package(format!("{TOTAL}<svg>{}</svg>", good.concat())),
        changed(Change::BarsWithoutChart)
    );
    let two = chart(&good.concat()).replacen(TOTAL, "", 1);
    assert_eq!(package(chart(&good.concat()) + &two), changed(Change::TwoCharts));
    assert_eq!(package(two), changed(Change::LabelMissing));
}
