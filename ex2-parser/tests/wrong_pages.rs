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

/// What separates one row, one heading or one pagination from the next.
#[test]
fn parts_of_a_list_are_not_mixed_up() {
    let row = |name: &str| format!("<li><a href=/orgs/o/packages/container/package/{name}>{name}</a></li>");
    let in_list = |rows: &str| package_list(format!("<div id=org-packages>{rows}</div>"));
    // A link that stands twice in its row is one package; so is a package whose second row has the same repository.
    let twice =
        "<li><a href=/orgs/o/packages/container/package/a></a><a href=/orgs/o/packages/container/package/a></a></li>";
    assert_eq!(in_list(twice).unwrap().rows, 1);
    let with = |repository: &str| {
        format!("<li><a href=/orgs/o/packages/container/package/a></a><a href=/o/{repository}></a></li>")
    };
    let read = in_list(&(with("r") + &with("r"))).unwrap();
    assert_eq!(read.packages[0].repository.as_deref(), Some("o/r"));
    // Only an `h3` outside of the rows, and not in another one, is the list's heading.
    let heading = "<h3>7 packages</h3>";
    let inside = format!("<li><a href=/orgs/o/packages/container/package/a></a>{heading}</li>");
    assert_eq!(in_list(&inside).unwrap().heading_count, None);
    assert_eq!(
        in_list(&format!("<h2>7 packages</h2>{}", row("a")))
            .unwrap()
            .heading_count,
        None
    );
    // A heading may stand twice if it says the same, and may have words of another count.
    let same = format!("<h3>1 package</h3><h3>1 package</h3>{}", row("a"));
    assert_eq!(in_list(&same).unwrap().heading_count, Some(1));
    let words = format!("<h3>No packages</h3><h3>1 member</h3>{}", row("a"));
    assert_eq!(in_list(&words).unwrap().heading_count, None);
    // An empty row with the class of a row is changed markup, also without siblings that are rows.
    let empty = format!("<ul>{}</ul><ul><li class=Box-row></li></ul>", row("a"));
    assert_eq!(in_list(&empty), changed(Change::BadRow));
    assert_eq!(
        version_list(
            "<ul><li class=Box-row><a href=/o/r/pkgs/container/x/1></a> 7 <span>Version downloads</span></li></ul>\
             <ul><li>topic</li></ul><ul><li>other</li></ul>"
        )
        .map(|list| list.versions.len()),
        Ok(1)
    );
    // A row with a link to a version, but without its class or a tag, is not a version's.
    let menu = "<ul><li><a href=/o/r/pkgs/container/x/2>menu</a></li></ul>";
    let version =
        "<ul><li class=Box-row><a href=/o/r/pkgs/container/x/1></a> 7 <span>Version downloads</span></li></ul>";
    assert_eq!(version_list(version.to_owned() + menu).unwrap().versions.len(), 1);
    let row_without_link = "<ul><li class=Box-row>topic</li></ul>";
    assert_eq!(
        version_list(version.to_owned() + row_without_link)
            .unwrap()
            .versions
            .len(),
        1
    );
}

/// A list's pagination: each way to say it is read, and what contradicts another is changed markup.
#[test]
fn a_lists_pagination_is_read_whole() {
    let row = "<li><a href=/orgs/o/packages/container/package/a></a></li>";
    let next = |page: u32| format!("<a rel=next href=\"/orgs/o/packages?page={page}\">Next</a>");
    let of = |current: &str, total: &str| format!("<em data-total-pages={total}>{current}</em>");
    let previous = "<a rel=prev href=\"/orgs/o/packages?page=1\">Previous</a>";
    let bad = || changed(Change::BadPaging);
    for (paging, expected) in [
        (next(2), Ok(Some(2))),
        (next(2) + &next(2), Ok(Some(2))),
        (next(2) + &next(3), bad()),
        (next(0) + &next(2), bad()),
        (of("1", "x") + &next(2), bad()),
        (of("x", "3") + &next(2), bad()),
        (of("x", "3") + &of("1", "3"), bad()),
        (of("3", "3"), Ok(None)),
        (of("2", "3") + previous, Ok(Some(3))),
        // The number ends with its element, or where another one begins.
        (of("1", "3") + "2", Ok(Some(2))),
        ("<em data-total-pages=3>1<i>2</i></em>".into(), Ok(Some(2))),
    ] {
        let list = package_list(format!("<div id=org-packages>{row}{paging}</div>"));
        assert_eq!(list.map(|list| list.next_page), expected, "{paging}");
        let versions = version_list(format!(
            "<li><a href=/o/r/pkgs/container/x/1>x</a> 7 <span>Version downloads</span></li>{paging}"
        ));
        assert_eq!(versions.map(|list| list.next_page), expected, "{paging}");
    }
    // A link to another site ends the number too.
    let versions = version_list(
        "<li><a href=/o/r/pkgs/container/x/1>x</a> 7 <span>Version downloads</span></li>\
         <em data-total-pages=3>1<a rel=next href=\"https://other.example/?page=9\">2</a></em>",
    );
    assert_eq!(versions.map(|list| list.next_page), Ok(Some(2)));
    // A last page may have fewer rows than the heading counts: a link to a page before it, or its number, says so.
    for paging in [previous.to_owned(), of("2", "2"), of("2", "2") + previous] {
        let list = package_list(format!("<div id=org-packages><h3>31 packages</h3>{row}{paging}</div>"));
        assert_eq!(list.map(|list| list.rows), Ok(1), "{paging}");
    }
    for paging in [
        String::new(),
        of("1", "1"),
        "<a rel=x href=/orgs/o/packages></a>".to_owned(),
    ] {
        let list = package_list(format!("<div id=org-packages><h3>31 packages</h3>{row}{paging}</div>"));
        assert_eq!(list, changed(Change::RowsMiscounted), "{paging}");
    }
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
