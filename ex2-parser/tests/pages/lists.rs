//! Lists of packages and of versions.

use ex2_parser::{Change, Error, ListedPackage, PackageList, Version, VersionList};
use github::pages::{self, PackageListPage, PackagePage, VersionListPage};

use super::{changed, empty_list, package_list, version_list};

/// An organisation's list around these rows.
fn list(rows: &str) -> String {
    format!("<div id=org-packages>{rows}</div>")
}

#[test]
fn every_variation_of_a_package_list() {
    let listed = |name: &str, repository: Option<&str>| pages::ListedPackage {
        name: name.into(),
        repository: repository.map(Into::into),
    };
    for user in [false, true] {
        for (page, pages, next_page) in [(1, 1, None), (1, 3, Some(2)), (2, 3, Some(3)), (3, 3, None)] {
            let list = PackageListPage {
                user,
                page,
                pages,
                packages: vec![
                    listed("source-controller", Some("source-controller")),
                    listed("charts/flagger", Some("flagger")),
                    listed("x_y.z", None),
                ],
                other_ecosystems: vec![pages::OtherEcosystem {
                    name: "org.example.library".into(),
                    repository: "repo".into(),
                    id: 12_345,
                }],
                ..Default::default()
            };
            let read = |name: &str, repository: Option<&str>| ListedPackage {
                name: name.into(),
                repository: repository.map(Into::into),
            };
            let expected = PackageList {
                packages: vec![
                    read("source-controller", Some("fluxcd/source-controller")),
                    read("charts/flagger", Some("fluxcd/flagger")),
                    read("x_y.z", None),
                ],
                next_page,
                heading_count: Some(u64::from(pages - 1) * 30 + 4),
                rows: 4,
            };
            assert_eq!(package_list(list.render()), Ok(expected));
        }
    }
    for user in [false, true] {
        let empty = PackageListPage {
            user,
            packages: Vec::new(),
            ..Default::default()
        }
        .render();
        assert_eq!(package_list(&empty), Ok(empty_list()));
    }
}

#[test]
fn other_pages_and_changed_markup_are_no_package_list() {
    for page in [
        pages::not_found(),
        pages::login(),
        PackagePage::default().render(),
        VersionListPage::default().render(),
        String::new(),
    ] {
        assert_eq!(package_list(&page), Err(Error::NotAPackageList), "{page}");
    }
    assert_eq!(
        package_list("<div id=org-packages><li><a href=/x/y/z></a>"),
        changed(Change::RowsMissing)
    );
    for name in ["..%2Fx", "%2e%2e", "a%00b", "a%2F%2Fb", "%E2%80%AE", &"a".repeat(5_000)] {
        let page = list(&format!(
            "<li><a href=\"/orgs/o/packages/container/package/{name}\"></a>"
        ));
        let read = package_list(&page);
        assert_eq!(read, changed(Change::BadName), "{name}");
    }
    let row = |repository: &str| {
        format!("<li><a href=/orgs/o/packages/container/package/image>image</a><a href=/{repository}>repository</a>")
    };
    assert_eq!(
        package_list(list(&(row("o/r") + "</li>" + &row("o/s")))),
        changed(Change::TwoRepositories)
    );
    // A repository of another owner is not the package's.
    assert_eq!(
        package_list(list(&row("other/r"))).unwrap().packages[0].repository,
        None
    );
    for next in ["?page=", "?page=0", "?page=x", "", "?page=4294967296"] {
        let page = list(&(row("o/r") + &format!("<a rel=next href=\"/orgs/o/packages{next}\"></a>")));
        assert_eq!(package_list(page), changed(Change::BadPaging), "{next}");
    }
    let page = list(&(row("o/r") + "</li><em data-total-pages=3>1</em><a rel=next href=\"/o?x=y&amp;page=3\"></a>"));
    assert_eq!(package_list(page), changed(Change::BadPaging));
    let page = list(&(row("o/r") + "</li><em data-total-pages=3>1</em>"));
    assert_eq!(package_list(page).unwrap().next_page, Some(2));
}

#[test]
fn every_variation_of_a_version_list() {
    for (page, pages, next_page) in [(1, 1, None), (2, 3, Some(3)), (3, 3, None)] {
        for repository in [None, Some("source-controller".to_owned())] {
            let list = VersionListPage {
                page,
                pages,
                repository,
                ..Default::default()
            };
            let versions = list
                .versions
                .iter()
                .map(|version| Version {
                    id: version.id,
                    tags: version.tags.clone(),
                    total: version.total,
                })
                .collect();
            assert_eq!(version_list(list.render()), Ok(VersionList { versions, next_page }));
        }
    }
    let empty = VersionListPage {
        versions: Vec::new(),
        ..Default::default()
    }
    .render();
    assert_eq!(
        version_list(&empty),
        Ok(VersionList {
            versions: Vec::new(),
            next_page: None
        })
    );
}

#[test]
fn other_pages_and_changed_markup_are_no_version_list() {
    let empty_list = PackageListPage {
        packages: Vec::new(),
        ..Default::default()
    }
    .render();
    for page in [pages::not_found(), pages::login(), empty_list, String::new()] {
        assert_eq!(version_list(&page), Err(Error::NotAVersionList), "{page}");
    }
    let tag = |id: u64, tag: &str| {
        format!("<a class=Label href=\"/orgs/o/packages/container/image/{id}?tag={tag}\">{tag}</a>")
    };
    let count = |count: &str| format!("<svg></svg> {count} <span class=sr-only>Version downloads</span>");
    let row = |parts: &[String]| format!("<li class=Box-row>{}</li>", parts.concat());
    let read = |parts: &[String]| version_list(row(parts));
    assert_eq!(
        read(&[tag(1, "a"), tag(1, "b"), count("1,000")]).unwrap().versions[0].tags,
        ["a", "b"]
    );
    assert_eq!(
        read(&[tag(1, "a"), tag(2, "b"), count("7")]),
        changed(Change::BadVersion)
    );
    assert_eq!(read(&[count("7")]), changed(Change::BadVersion));
    assert_eq!(read(&[tag(1, "a")]), changed(Change::BadVersionCount));
    assert_eq!(read(&[tag(1, "a"), count("1.2K")]), changed(Change::BadVersionCount));
    assert_eq!(read(&[tag(1, "a"), count("")]), changed(Change::BadVersionCount));
    assert_eq!(
        read(&[tag(1, "a"), count("7"), count("8")]),
        changed(Change::BadVersionCount)
    );
    assert_eq!(version_list(count("7")), changed(Change::BadVersionCount));
    assert_eq!(read(&[tag(1, "a%2Fb"), count("7")]), changed(Change::BadName));
}
