//! Pages that are easily mistaken for another kind, and lists that have lost a part: the right answer, or the right error.
//!
//! Both engines run on generated pages, and on the small pages beside the repository if there are any.

mod real;

use std::fmt::Debug;

use ex2_parser::{Change, Error, Package, PackageList, VersionList, dom, stream};
use github::pages::{self, ListChange, ListedPackage, PackageListPage, PackagePage, VersionListPage};

/// An engine's function for one kind of page.
type Read<T> = fn(&[u8]) -> Result<T, Error>;

fn both_engines<T: PartialEq + Debug>(page: &[u8], read: [Read<T>; 2]) -> Result<T, Error> {
    let [dom, stream] = read.map(|read| read(page));
    assert_eq!(dom, stream, "{}", page.escape_ascii());
    stream
}

fn package(page: impl AsRef<[u8]>) -> Result<Package, Error> {
    both_engines(page.as_ref(), [dom::package, stream::package])
}

fn package_list(page: impl AsRef<[u8]>) -> Result<PackageList, Error> {
    both_engines(page.as_ref(), [dom::package_list, stream::package_list])
}

fn version_list(page: impl AsRef<[u8]>) -> Result<VersionList, Error> {
    both_engines(page.as_ref(), [dom::version_list, stream::version_list])
}

fn names(list: &PackageList) -> Vec<&str> {
    list.packages.iter().map(|package| package.name.as_str()).collect()
}

fn changed<T>(what: Change) -> Result<T, Error> {
    Err(Error::MarkupChanged { what })
}

fn list(change: Option<ListChange>) -> PackageListPage {
    PackageListPage {
        change,
        ..Default::default()
    }
}

#[test]
fn a_row_without_a_known_link_is_changed_markup() {
    for user in [false, true] {
        for change in [
            ListChange::LinkUnknown,
            ListChange::LinkUnknownAndRowRenamed,
            ListChange::SlashNotEncoded,
        ] {
            // The heading's count is right for the remaining rows, so only the row itself shows the change.
            for heading_count in [None, Some(1)] {
                let page = PackageListPage {
                    user,
                    heading_count,
                    ..list(Some(change))
                };
                assert_eq!(package_list(page.render()), changed(Change::BadRow), "{change:?}");
            }
        }
    }
    let row = |name: &str| format!("<a href=/orgs/o/packages/container/package/{name}>{name}</a>");
    let two = format!("<div id=org-packages><ul><li>{}{}</li></ul></div>", row("a"), row("b"));
    assert_eq!(package_list(two), changed(Change::BadRow));
    // A menu beside the rows is not a row, and neither is a list within a row.
    let menu = format!(
        "<div id=org-packages><ul><li><a href=/x>Sort</a></li></ul><ul><li>{}<ul><li>topic</li></ul></li></ul></div>",
        row("a")
    );
    assert_eq!(names(&package_list(menu).unwrap()), ["a"]);
}

#[test]
fn a_lists_rows_match_its_headings_count() {
    let with = |heading_count, page, pages| {
        package_list(
            PackageListPage {
                heading_count: Some(heading_count),
                page,
                pages,
                ..Default::default()
            }
            .render(),
        )
    };
    for (heading_count, page, pages, rows) in [
        (2, 1, 1, Ok(2)),
        (3, 1, 1, changed(Change::RowsMiscounted)),
        (1, 1, 1, changed(Change::RowsMiscounted)),
        (0, 1, 1, changed(Change::RowsMiscounted)),
        // On one of several pages, fewer rows than the heading's count are right, and more are not.
        (32, 1, 2, Ok(2)),
        (32, 2, 2, Ok(2)),
        (1, 2, 2, changed(Change::RowsMiscounted)),
        (1_234_567, 1, 9, Ok(2)),
    ] {
        let read = with(heading_count, page, pages);
        assert_eq!(
            read.as_ref().map(|list| (list.rows, list.heading_count)),
            rows.as_ref().map(|&rows| (rows, Some(heading_count))),
            "{heading_count} {page} {pages}"
        );
    }
    let page = list(None).render();
    for (heading, read) in [
        ("2 packages", Ok(Some(2))),
        ("<span>1.2k</span> packages", changed(Change::BadHeading)),
        ("30+ packages", changed(Change::BadHeading)),
        ("All of them", Ok(None)),
    ] {
        let page = page.replace("<span>2</span> packages", heading);
        assert_eq!(package_list(page).map(|list| list.heading_count), read, "{heading}");
    }
    let two = page.replace(
        "<ul>\n            <li class=\"Box-row\"",
        "<h3>3 packages</h3><ul>\n            <li class=\"Box-row\"",
    );
    assert_ne!(two, page);
    assert_eq!(package_list(two), changed(Change::BadHeading));
    // One package is listed twice, and another one is missing.
    let doubled = PackageListPage {
        packages: vec![
            ListedPackage {
                name: "image".into(),
                repository: None,
            };
            2
        ],
        ..Default::default()
    };
    assert_eq!(package_list(doubled.render()), changed(Change::RowsMiscounted));
}

#[test]
fn links_around_a_list_are_not_part_of_it() {
    for user in [false, true] {
        for (page, pages, next_page) in [(1, 1, None), (1, 2, Some(2)), (2, 2, None)] {
            let page = PackageListPage {
                user,
                page,
                pages,
                links_around: true,
                ..Default::default()
            };
            let read = package_list(page.render()).unwrap();
            assert_eq!(names(&read), ["source-controller", "charts/flagger"]);
            assert_eq!((read.next_page, read.rows), (next_page, 2));
        }
    }
    // Only such links are not a list. Rows outside of a list are changed markup.
    let page = list(Some(ListChange::ListRenamed)).render();
    assert_eq!(package_list(&page), changed(Change::ListMissing));
    assert_eq!(package_list(page.replace("Box-row", "x")), Err(Error::NotAPackageList));
    // The next page of a version list has a URL of packages.
    let versions = VersionListPage::default().render();
    for (next, page) in [
        ("https://other.example/?page=2", Ok(None)),
        ("http://other.example/?page=2", Ok(None)),
        ("//other.example/?page=2", Ok(None)),
        ("//other.example/packages?page=2", Ok(None)),
        ("/explore?page=2", Ok(None)),
        ("/o/r/pkgs/container/x/versions?page=2", Ok(Some(2))),
        ("/orgs/o/packages/container/x/versions?a=b&amp;page=3", Ok(Some(3))),
        ("?page=2", changed(Change::BadPaging)),
    ] {
        let read = version_list(versions.replace("</main>", &format!("<a rel=next href=\"{next}\">Next</a></main>")));
        assert_eq!(read.map(|list| list.next_page), page, "{next}");
    }
}

#[test]
fn an_empty_list_is_recognised() {
    for user in [false, true] {
        let page = PackageListPage {
            user,
            packages: Vec::new(),
            ..Default::default()
        };
        let read = package_list(page.render()).unwrap();
        assert_eq!((read.packages, read.rows, read.heading_count), (Vec::new(), 0, Some(0)));
        let page = PackageListPage {
            heading_count: Some(2),
            ..page
        };
        assert_eq!(package_list(page.render()), changed(Change::RowsMiscounted));
    }
}

#[test]
fn a_versions_own_page_is_neither_a_package_page_nor_a_list() {
    let page = pages::version_page("image", "v1.2.3", 1_234);
    assert_eq!(package(&page), Err(Error::NotAPackagePage));
    assert_eq!(version_list(&page), Err(Error::NotAVersionList));
    assert_eq!(package_list(&page), Err(Error::NotAPackageList));
    // With a chart it is a package page whose total has changed.
    let with_chart = page.replace(
        "</main>",
        "<div aria-label=\"Downloads for the last 30 days\"></div></main>",
    );
    assert_eq!(package(with_chart), changed(Change::LabelWithoutTotal));
}

#[test]
fn a_package_page_is_no_list_of_its_newest_versions() {
    let page = PackagePage::default();
    assert!(page.render().contains("Version downloads") && !page.versions.is_empty());
    for change in [
        None,
        Some(pages::Change::LabelRenamed),
        Some(pages::Change::TitleDropped),
    ] {
        for daily in [Vec::new(), page.daily.clone()] {
            if daily.is_empty() && change == Some(pages::Change::LabelRenamed) {
                continue;
            }
            let page = PackagePage {
                change,
                daily,
                ..page.clone()
            };
            assert_eq!(version_list(page.render()), Err(Error::NotAVersionList));
            assert_eq!(package_list(page.render()), Err(Error::NotAPackageList));
        }
    }
}

#[test]
fn a_version_has_one_row() {
    let row = |id: u64, total: u64| {
        format!(
            "<li class=Box-row><a class=Label href=/o/r/pkgs/container/x/{id}?tag=a>a</a> {total} <span>Version downloads</span></li>"
        )
    };
    assert_eq!(version_list(row(1, 7) + &row(2, 8)).unwrap().versions.len(), 2);
    assert_eq!(version_list(row(1, 7) + &row(1, 8)), changed(Change::BadVersion));
    assert_eq!(version_list(row(1, 7) + "<li>lost</li>"), changed(Change::BadVersion));
    assert_eq!(
        version_list(row(1, 7) + "<li class=Box-row><a href=/o/r/pkgs/container/x/3>sha256:1</a></li>"),
        changed(Change::BadVersionCount)
    );
}

#[test]
fn a_label_in_an_owners_text_is_not_the_label() {
    for daily in [Vec::new(), PackagePage::default().daily] {
        let page = PackagePage {
            description: "Total downloads".into(),
            total: 4_890_000_000,
            daily,
            ..Default::default()
        };
        assert_eq!(package(page.render()).map(|package| package.total), Ok(4_890_000_000));
        for change in [
            pages::Change::TitleDropped,
            pages::Change::TitleRounded,
            pages::Change::TitleEmpty,
            pages::Change::LabelRenamed,
        ] {
            let page = PackagePage {
                change: Some(change),
                ..page.clone()
            };
            assert_eq!(package(page.render()), changed(Change::LabelWithoutTotal), "{change:?}");
        }
    }
    // A number with two labels is not the total. Here the real block is gone.
    assert_eq!(
        package("<span>Issues</span> <span>Total downloads</span><h3 title=9>9</h3>"),
        changed(Change::LabelWithoutTotal)
    );
    // The real label has lost its total, and an added label stands before the issues.
    let page = PackagePage::default().render();
    let page = page.replacen("<h3 title=\"14360\">", "<h4 title=\"14360\">", 1);
    let page = page.replace("<h3 title=\"9\">", "<span>Total downloads</span> <h3 title=\"9\">");
    assert_eq!(package(page), changed(Change::LabelWithoutTotal));
}

/// A page at a limit is read, and a page beyond it is `TooLarge`, with no other error.
#[test]
fn a_page_beyond_a_limit_is_too_large_whatever_it_is() {
    const MAX_TAGS: usize = 50_000;
    const TOTAL: &str = "<span>Total downloads</span><h3 title=7>7</h3>";
    const ROW: &str = "<li><a href=/orgs/o/packages/container/package/image>image</a></li>";
    const VERSION: &str = "<li><a href=/o/r/pkgs/container/x/1>x</a> 7 <span>Version downloads</span></li>";
    let list = format!("<div id=org-packages>{ROW}</div>");
    let whoa = "<h1>Whoa there!</h1>";
    let ends = |page: &str| page.matches("</").count();
    let starts = |page: &str| page.matches('<').count() - ends(page) - page.matches("<!").count();
    let grown = |page: &str, over: usize| {
        let bytes = ex2_parser::MAX_PAGE_BYTES - page.len() + over;
        [
            page.to_owned() + &" ".repeat(bytes),
            page.to_owned() + &"<br>".repeat(MAX_TAGS - starts(page) + over),
            page.to_owned() + &"</y>".repeat(MAX_TAGS - ends(page) + over),
        ]
    };
    for page in grown(TOTAL, 0) {
        assert_eq!(package(page).map(|package| package.total), Ok(7));
    }
    for page in grown(&list, 0) {
        assert_eq!(package_list(page).map(|list| list.rows), Ok(1));
    }
    for page in grown(VERSION, 0) {
        assert_eq!(version_list(page).map(|list| list.versions.len()), Ok(1));
    }
    for page in [TOTAL, &list, VERSION, whoa, "<!doctype html>", ""] {
        for page in grown(page, 1) {
            assert_eq!(package(&page), Err(Error::TooLarge));
            assert_eq!(package_list(&page), Err(Error::TooLarge));
            assert_eq!(version_list(&page), Err(Error::TooLarge));
        }
    }
}

#[test]
fn the_small_pages_beside_the_repository() {
    if let Some(page) = real::case("list-one-row-unknown.html") {
        assert_eq!(package_list(page), changed(Change::BadRow));
    }
    if let Some(page) = real::case("list-fewer-rows-than-heading.html") {
        assert_eq!(package_list(page), changed(Change::RowsMiscounted));
    }
    if let Some(page) = real::case("list-slash-not-encoded-beside-another.html") {
        assert_eq!(package_list(page), changed(Change::BadRow));
    }
    if let Some(page) = real::case("list-next-link-outside.html") {
        let read = package_list(page).unwrap();
        assert_eq!((names(&read), read.next_page), (vec!["image"], None));
        // One page cannot show whether the other repository is right, so the caller gets the row as it is.
        assert_eq!((read.rows, read.heading_count), (1, Some(2)));
    }
    if let Some(page) = real::case("user-list-empty.html") {
        assert_eq!(package_list(page).unwrap().packages, []);
    }
    if let Some(page) = real::case("user-list-rows-elsewhere.html") {
        assert_eq!(names(&package_list(page).unwrap()), ["image"]);
    }
    if let Some(page) = real::case("version-detail-page.html") {
        assert_eq!(package(page), Err(Error::NotAPackagePage));
    }
    if let Some(page) = real::page("package_2026-05-10_nas-doctor.html") {
        assert_eq!(version_list(&page), Err(Error::NotAVersionList));
        assert_eq!(package_list(&page), Err(Error::NotAPackageList));
    }
}
