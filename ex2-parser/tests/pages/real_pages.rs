//! Tests with real pages, if they are beside the repository.

use ex2_parser::{Change, Error, ListedPackage, Package, Version, VersionList};

use super::{changed, empty_list, package, package_list, real, version_list};

#[test]
fn the_real_package_page() {
    let Some(page) = real::page("package_2026-05-10_nas-doctor.html") else {
        return;
    };
    let read = package(&page).unwrap();
    assert_eq!(read.total, 14_360);
    assert_eq!(read.daily.iter().map(|day| day.count).sum::<u64>(), 14_125);
    assert_eq!(
        (read.daily[0].date.to_string().as_str(), read.daily[0].count),
        ("2026-05-10", 412)
    );
    assert_eq!(read.daily[29].date.to_string(), "2026-04-11");
    ex2_parser::differential::check(&page);
    // Without the total it is changed markup. The number of issues is not used instead.
    let text = String::from_utf8(page).unwrap();
    assert_eq!(
        package(text.replace("title=\"14360\"", "")),
        changed(Change::LabelWithoutTotal)
    );
    assert_eq!(
        package(text.replace("Total downloads", "Downloads")),
        changed(Change::LabelMissing)
    );
    assert_eq!(
        package(text.replace("aria-label=\"Downloads for the last 30 days\"", "")),
        changed(Change::BarsWithoutChart)
    );
}

#[test]
fn the_other_real_pages() {
    let read = |name| real::page(name);
    if let Some(page) = read("package-fragment_2024-05-28_zaproxy.html") {
        assert_eq!(
            package(page),
            Ok(Package {
                total: 670_091,
                daily: Vec::new()
            })
        );
    }
    if let Some(page) = read("package-fragment_2026_iplayer-arr.html") {
        assert_eq!(
            package(page),
            Ok(Package {
                total: 1_318,
                daily: Vec::new()
            })
        );
    }
    if let Some(page) = read("error_rate-limit_abuse-detection.html") {
        assert_eq!(package(page), Err(Error::RateLimited));
    }
    if let Some(page) = read("org-list_shape.html") {
        let listed = ListedPackage {
            name: "image".into(),
            repository: None,
        };
        let read = package_list(page).unwrap();
        assert_eq!(read.packages.len(), 1);
        assert_eq!(read.packages[0].name, listed.name);
    }
    if let Some(page) = read("org-list-empty_shape.html") {
        assert_eq!(package_list(page), Ok(empty_list()));
    }
    if let Some(page) = read("versions_shape.html") {
        let version = |id, tags: &[&str], total| Version {
            id,
            tags: tags.iter().map(|&tag| tag.into()).collect(),
            total,
        };
        let versions = vec![
            version(1, &["latest", "v9.3.2-rc.1"], 17_118),
            version(2, &["latest-amd64"], 7),
        ];
        assert_eq!(
            version_list(page),
            Ok(VersionList {
                versions,
                next_page: None
            })
        );
    }
}
