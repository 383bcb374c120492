//! Lists that contradict their headings, change while they are read, or are too long: the complete list, or an error.

use crate::fake::{FakeGitHub, Reply};
use github::pages::{self, ListedPackage, ListedVersion, OtherEcosystem, PackageListPage, VersionListPage};
use serde_json::Value;
use stats_tracker_spin::list::LIST_MAX_PAGES;

const TARGET: &str = "/orgs/fluxcd/packages";

fn address(page: u32) -> String {
    format!("/orgs/fluxcd/packages?ecosystem=container&page={page}")
}

/// Page `page` of `pages`, with a heading that counts `count` packages.
fn page(page: u32, pages: u32, count: u64, names: &[&str]) -> Reply {
    let package = |name: &&str| ListedPackage {
        name: (*name).into(),
        repository: None,
    };
    let list = PackageListPage {
        packages: names.iter().map(package).collect(),
        page,
        pages,
        heading_count: Some(count),
        ..PackageListPage::default()
    };
    Reply::page(list.render())
}

fn names(list: &Value) -> Vec<&str> {
    let rows = list.as_array().expect("a list");
    rows.iter().map(|row| row["name"].as_str().expect("a name")).collect()
}

#[test]
fn a_list_that_shrinks_between_two_pages_is_read_again() {
    // `a` is deleted after the first page was read. `c` moves onto that page, and is missed.
    let github = FakeGitHub::default()
        .then(&address(1), page(1, 2, 4, &["a", "b"]))
        .then(&address(2), page(2, 2, 3, &["d"]))
        .then(&address(1), page(1, 2, 3, &["b", "c"]));
    assert_eq!(names(&github.get(TARGET).json()), ["b", "c", "d"]);
    assert_eq!(github.asked(), [address(1), address(2), address(1), address(2)]);
}

#[test]
fn a_list_that_grows_between_two_pages_is_read_again() {
    // `new` is published after the first page was read. `b` moves to the second page.
    for (heading, why) in [(4, "the heading says so"), (3, "a row stands there twice")] {
        let github = FakeGitHub::default()
            .then(&address(1), page(1, 2, 3, &["a", "b"]))
            .then(&address(2), page(2, 2, heading, &["b", "c"]))
            .then(&address(1), page(1, 2, 4, &["new", "a"]))
            .then(&address(2), page(2, 2, 4, &["b", "c"]));
        assert_eq!(names(&github.get(TARGET).json()), ["new", "a", "b", "c"], "{why}");
        assert_eq!(github.asked().len(), 4, "{why}");
    }
}

#[test]
fn a_missing_later_page_means_that_the_list_changed() {
    let past_the_end = page(2, 1, 2, &[]);
    for gone in [Reply::status(404), past_the_end] {
        let github = FakeGitHub::default()
            .then(&address(1), page(1, 2, 3, &["a", "b"]))
            .at(&address(2), gone)
            .then(&address(1), page(1, 1, 2, &["b", "c"]));
        assert_eq!(names(&github.get(TARGET).json()), ["b", "c"]);
        assert_eq!(github.asked(), [address(1), address(2), address(1)]);
    }
}

#[test]
fn a_list_that_changes_each_time_is_an_error() {
    let github = FakeGitHub::default()
        .at(&address(1), page(1, 2, 4, &["a", "b"]))
        .at(&address(2), page(2, 2, 3, &["d"]));
    let problem = github.get(TARGET).problem("unreachable");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("changed while it was read: from 4 to 3"), "{detail}");
    assert_eq!(github.asked().len(), 4, "not a third time");

    let github = FakeGitHub::default()
        .at(&address(1), page(1, 2, 4, &["a", "b"]))
        .at(&address(2), page(2, 2, 4, &["b", "c"]));
    let problem = github.get(TARGET).problem("unreachable");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("a row of page 2"), "{detail}");

    let github = FakeGitHub::default()
        .at(&address(1), page(1, 2, 4, &["a", "b"]))
        .at(&address(2), Reply::page(pages::login()));
    github.get(TARGET).problem("markup_changed");
    assert_eq!(github.asked().len(), 4);
}

#[test]
fn a_heading_that_counts_other_rows_is_changed_markup() {
    for count in [0, 3, 5, u64::MAX] {
        let github = FakeGitHub::default()
            .at(&address(1), page(1, 2, count, &["a", "b"]))
            .at(&address(2), page(2, 2, count, &["c", "d"]));
        github.get(TARGET).problem("markup_changed");
        let github = FakeGitHub::default().at(&address(1), page(1, 1, count, &["a", "b", "c", "d"]));
        github.get(TARGET).problem("markup_changed");
    }
    // The heading counts rows of other ecosystems too.
    let list = PackageListPage {
        other_ecosystems: vec![OtherEcosystem {
            name: "org.example".into(),
            repository: "flux2".into(),
            id: 12_345,
        }],
        heading_count: Some(3),
        ..PackageListPage::default()
    };
    let github = FakeGitHub::default().at(&address(1), Reply::page(list.render()));
    assert_eq!(github.get(TARGET).json().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_version_that_moves_to_the_next_page_is_read_again() {
    let address =
        |page| format!("/orgs/fluxcd/packages/container/flagger/versions?filters%5Bversion_type%5D=tagged&page={page}");
    let page = |page, ids: &[u64]| {
        let version = |id: &u64| ListedVersion {
            id: *id,
            tags: vec![format!("v{id}")],
            total: *id,
        };
        let list = VersionListPage {
            versions: ids.iter().map(version).collect(),
            page,
            pages: 2,
            ..VersionListPage::default()
        };
        Reply::page(list.render())
    };
    let ids = |list: &Value| -> Vec<_> {
        let rows = list.as_array().expect("a list");
        rows.iter().map(|row| row["id"].as_u64().expect("a number")).collect()
    };
    let target = "/orgs/fluxcd/packages/flagger/versions";
    let github = FakeGitHub::default()
        .then(&address(1), page(1, &[4, 3]))
        .then(&address(1), page(1, &[5, 4]))
        .then(&address(2), page(2, &[3, 2]));
    assert_eq!(ids(&github.get(target).json()), [5, 4, 3, 2]);
    assert_eq!(github.asked(), [address(1), address(2), address(1), address(2)]);

    let github = FakeGitHub::default()
        .at(&address(1), page(1, &[4, 3]))
        .at(&address(2), page(2, &[3, 2]));
    github.get(target).problem("unreachable");
}

#[test]
fn an_endless_list_is_refused_and_not_truncated() {
    let github = (1..=LIST_MAX_PAGES + 1).fold(FakeGitHub::default(), |github, page| {
        let packages = vec![ListedPackage {
            name: format!("package-{page}"),
            repository: None,
        }];
        let list = PackageListPage {
            packages,
            page,
            pages: 1_000,
            ..PackageListPage::default()
        };
        github.at(&address(page), Reply::page(list.render()))
    });
    github.get(TARGET).problem("too_large");
    assert_eq!(github.asked().len(), LIST_MAX_PAGES as usize);
}

#[test]
fn a_list_of_many_rows_is_refused_and_not_truncated() {
    // A thousand rows on each page.
    let list = |pages| {
        (1..=pages).fold(FakeGitHub::default(), |github, page| {
            let name = |row| format!("p-{page}-{row}");
            let packages = (0..1_000)
                .map(|row| ListedPackage {
                    name: name(row),
                    repository: None,
                })
                .collect();
            let list = PackageListPage {
                packages,
                page,
                pages,
                heading_count: Some(u64::from(pages) * 1_000),
                ..PackageListPage::default()
            };
            github.at(&address(page), Reply::page(list.render()))
        })
    };
    let longest = list(10).get(TARGET).json();
    assert_eq!(longest.as_array().map(Vec::len), Some(10_000));
    list(11).get(TARGET).problem("too_large");
}

#[test]
fn a_list_that_goes_in_circles_ends() {
    let list = PackageListPage {
        page: 1,
        pages: 9,
        ..PackageListPage::default()
    }
    .render();
    let github = FakeGitHub::default()
        .at(&address(1), Reply::page(list.clone()))
        .at(&address(2), Reply::page(list));
    github.get(TARGET).problem("markup_changed");
    assert_eq!(github.asked().len(), 2);
}
