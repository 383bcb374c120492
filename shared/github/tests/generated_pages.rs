//! Tests of the generated pages, parsed with a browser's rules.

use github::pages;
use github::pages::{
    BARS, Change, Classes, ListedPackage, ListedVersion, NOTICE, OtherEcosystem, PackageListPage, PackagePage,
    RateLimit, VersionListPage,
};
use scraper::{ElementRef, Html, Selector};

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("the selector is well-formed");
    html.select(&selector).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element
        .text()
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The `title`s of the `h3`s directly after the label.
fn total(html: &Html) -> Vec<String> {
    select(html, "span")
        .into_iter()
        .filter(|span| text(*span) == "Total downloads")
        .filter_map(|span| span.next_siblings().find_map(ElementRef::wrap))
        .map(|h3| format!("{} {}", h3.attr("title").unwrap_or("-"), text(h3)))
        .collect()
}

/// Asserts that all start tags are closed, in order.
fn assert_well_formed(page: &str) {
    let html = Html::parse_document(page);
    assert!(page.starts_with("<!DOCTYPE html>\n"));
    // A missing DOCTYPE would mean quirks mode. The parser also reports duplicate attributes and stray end tags.
    let errors: Vec<_> = html
        .errors
        .iter()
        .filter(|error| !error.contains("self-closing"))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(page.contains(NOTICE), "a generated page says that it is one");
}

#[test]
fn every_total_is_exact_in_the_title_and_rounded_in_the_text() {
    for (count, shown) in [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1_318, "1.32K"),
        (14_360, "14.4K"),
        (355_103_300, "355M"),
        (4_890_000_000, "4.89B"),
    ] {
        for classes in [Classes::Old, Classes::Tmp] {
            for discussions in [None, Some(120)] {
                for decoys in [false, true] {
                    let page = PackagePage {
                        total: count,
                        classes,
                        discussions,
                        decoys,
                        ..Default::default()
                    }
                    .render();
                    assert_well_formed(&page);
                    assert_eq!(total(&Html::parse_document(&page)), [format!("{count} {shown}")]);
                    assert_eq!(page.contains("Discussions"), discussions.is_some());
                    assert_eq!(page.contains("tmp-pr-1"), classes == Classes::Tmp);
                }
            }
        }
    }
}

#[test]
fn the_chart_has_30_bars_newest_first() {
    let html = Html::parse_document(&PackagePage::default().render());
    let bars = select(&html, "[aria-label='Downloads for the last 30 days'] svg rect");
    assert_eq!(bars.len(), BARS);
    let dates: Vec<_> = bars.iter().map(|bar| bar.attr("data-date").unwrap()).collect();
    assert_eq!((dates[0], dates[29]), ("2026-05-10", "2026-04-11"));
    assert!(dates.is_sorted_by(|newer, older| newer > older));
    assert_eq!(bars[0].attr("data-merge-count"), Some("412"));

    let none = PackagePage {
        daily: Vec::new(),
        ..Default::default()
    }
    .render();
    assert!(!none.contains("last 30 days") && !none.contains("<rect"));
}

#[test]
fn decoys_do_not_match_the_parsers_rules() {
    let page = PackagePage {
        decoys: true,
        ..Default::default()
    }
    .render();
    let html = Html::parse_document(&page);
    for digit in '1'..='9' {
        assert!(
            page.contains(&digit.to_string().repeat(6)),
            "decoy {digit}{digit}{digit}… is on the page"
        );
    }
    assert_eq!(total(&html), ["14360 14.4K"]);
    assert_eq!(select(&html, "[aria-label='Downloads for the last 30 days']").len(), 1);
}

#[test]
fn an_owners_text_is_escaped() {
    let hostile = "\"><span>Total downloads</span><h3 title=\"1\">1</h3><script>alert('x')</script><!--\0";
    let page = PackagePage {
        owner: "a\"b".into(),
        repository: Some("<r>".into()),
        name: "../<x>&'y".into(),
        description: hostile.into(),
        published: "\"><h3 title=\"2\">".into(),
        daily: vec![("\"><rect>".into(), 1)],
        versions: vec![ListedVersion {
            id: 1,
            tags: vec!["<latest>\"".into()],
            total: 1,
        }],
        ..Default::default()
    }
    .render();
    assert_well_formed(&page);
    let html = Html::parse_document(&page);
    assert_eq!(total(&html), ["14360 14.4K"]);
    assert!(select(&html, "script").is_empty());
    assert_eq!(text(select(&html, "p.f4")[0]), hostile.replace('\0', "\u{fffd}"));
    assert_eq!(select(&html, "rect").len(), 1);
}

#[test]
fn padding_changes_only_the_size() {
    for bytes in [1, 30_000, 237_000, 1_000_000] {
        let page = PackagePage {
            bytes,
            ..Default::default()
        }
        .render();
        assert!(
            page.len() >= bytes && page.len() < bytes.max(20_000) + 5_000,
            "{bytes} asked, {} made",
            page.len()
        );
        assert_well_formed(&page);
        let html = Html::parse_document(&page);
        assert_eq!(total(&html), ["14360 14.4K"]);
        assert_eq!(select(&html, "rect").len(), BARS);
        assert_eq!(select(&html, "include-fragment[loading=lazy]").len(), 1);
    }
}

#[test]
fn the_same_value_renders_to_the_same_bytes() {
    let page = PackagePage {
        bytes: 50_000,
        ..Default::default()
    };
    assert_eq!(page.render(), page.render());
}

#[test]
fn a_changed_markup_has_no_total_to_find() {
    for change in [
        Change::LabelRenamed,
        Change::TitleDropped,
        Change::TitleRounded,
        Change::TitleEmpty,
        Change::TitleTooLarge,
    ] {
        let page = PackagePage {
            change: Some(change),
            ..Default::default()
        }
        .render();
        assert_well_formed(&page);
        let found = total(&Html::parse_document(&page));
        let titles: Vec<_> = found
            .iter()
            .filter_map(|found| found.split(' ').next()?.parse::<u64>().ok())
            .collect();
        assert!(titles.is_empty(), "{change:?}: {found:?}");
    }
}

#[test]
fn a_list_shows_its_packages_and_pages() {
    let list = PackageListPage {
        packages: vec![
            ListedPackage {
                name: "charts/flagger".into(),
                repository: Some("flagger".into()),
            },
            ListedPackage {
                name: "lonely".into(),
                repository: None,
            },
        ],
        other_ecosystems: vec![OtherEcosystem {
            name: "org.example.library".into(),
            repository: "java".into(),
            id: 12_345,
        }],
        page: 2,
        pages: 3,
        ..Default::default()
    };
    let page = list.render();
    assert_well_formed(&page);
    let html = Html::parse_document(&page);
    let rows = select(&html, "div#org-packages li.Box-row a.text-bold");
    let links: Vec<_> = rows
        .iter()
        .map(|row| (row.attr("title").unwrap(), row.attr("href").unwrap()))
        .collect();
    assert_eq!(
        links,
        [
            (
                "charts/flagger",
                "/orgs/fluxcd/packages/container/package/charts%2Fflagger"
            ),
            ("lonely", "/orgs/fluxcd/packages/container/package/lonely"),
            ("org.example.library", "/fluxcd/java/packages/12345"),
        ]
    );
    assert_eq!(
        select(&html, ".pagination em.current")[0].attr("data-total-pages"),
        Some("3")
    );
    assert_eq!(
        select(&html, "a[rel=next]")[0].attr("href"),
        Some("/orgs/fluxcd/packages?ecosystem=container&page=3"),
    );

    let last = PackageListPage { page: 3, ..list }.render();
    assert!(!last.contains("rel=\"next\""));
    let user = PackageListPage {
        user: true,
        owner: "octocat".into(),
        pages: 2,
        ..Default::default()
    }
    .render();
    assert!(user.contains("href=\"/users/octocat/packages/container/package/source-controller\""));
    assert!(user.contains("href=\"/octocat?tab=packages&amp;ecosystem=container&amp;page=2\""));
}

#[test]
fn an_empty_list_says_so() {
    let page = PackageListPage {
        packages: Vec::new(),
        ..Default::default()
    }
    .render();
    assert_well_formed(&page);
    let html = Html::parse_document(&page);
    assert_eq!(select(&html, "#org-packages div.blankslate").len(), 1);
    assert_eq!(text(select(&html, "#org-packages .Box-header h3")[0]), "0 packages");
    assert!(select(&html, "li.Box-row").is_empty());
}

#[test]
fn versions_share_a_count_between_their_tags() {
    let page = VersionListPage {
        pages: 2,
        ..Default::default()
    }
    .render();
    assert_well_formed(&page);
    let html = Html::parse_document(&page);
    let rows = select(&html, "li.Box-row");
    assert_eq!(rows.len(), 3);
    let tags: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.select(&Selector::parse("a.Label").unwrap()).map(text).collect())
        .collect();
    assert_eq!(tags, [vec!["latest", "v1.6.0-rc.1"], vec!["v1.5.0"], vec![]]);
    assert!(text(rows[0]).ends_with("17,118 Version downloads"));
    assert!(text(rows[2]).ends_with("1,234,567 Version downloads"));
    assert!(page.contains("/orgs/fluxcd/packages/container/source-controller/852161345?tag=v1.6.0-rc.1"));
}

#[test]
fn pages_without_a_count_have_their_texts() {
    for (page, title, line) in [
        (pages::not_found(), "Page not found · GitHub", "404"),
        (pages::login(), "Sign in to GitHub · GitHub", "Sign in to GitHub"),
        (
            pages::rate_limit(RateLimit::AbuseDetection),
            "Rate limit · GitHub",
            "Whoa there!",
        ),
        (
            pages::rate_limit(RateLimit::Secondary),
            "Rate limit · GitHub",
            "Whoa there!",
        ),
    ] {
        assert_well_formed(&page);
        let html = Html::parse_document(&page);
        assert_eq!(text(select(&html, "title")[0]), title);
        assert_eq!(text(select(&html, "h1")[0]), line);
        assert!(total(&html).is_empty());
    }
    assert_ne!(
        pages::rate_limit(RateLimit::AbuseDetection),
        pages::rate_limit(RateLimit::Secondary)
    );
}
