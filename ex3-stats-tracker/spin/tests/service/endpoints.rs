//! The responses of each endpoint when GitHub has the requested page.

use crate::fake::{FakeGitHub, NOW, Reply, gzip};
use github::pages::{
    self, ListedPackage, ListedVersion, OtherEcosystem, PackageListPage, PackagePage, VersionListPage,
};
use serde_json::json;
use stats_tracker_spin::fetch::{Content, Whole};
use stats_tracker_spin::service::{Request, respond};

const PACKAGE: &str = "/orgs/fluxcd/packages/container/package/source-controller";

/// The path of a page of the package's versions. It has no `package/`.
fn versions_at(accounts: &str, page: u32) -> String {
    let query = "filters%5Bversion_type%5D=tagged";
    format!("/{accounts}/packages/container/source-controller/versions?{query}&page={page}")
}

fn controller(total: u64) -> PackagePage {
    PackagePage {
        total,
        decoys: true,
        discussions: Some(14),
        ..PackagePage::default()
    }
}

#[test]
fn a_package_has_its_total_its_days_and_the_time() {
    let page = controller(355_103_300);
    let github = FakeGitHub::default().at(PACKAGE, Reply::page(page.render()));
    let measurement = github.get("/orgs/fluxcd/packages/source-controller").json();
    let daily: Vec<_> = page
        .daily
        .iter()
        .map(|(date, count)| json!({"date": date, "count": count}))
        .collect();
    assert_eq!(daily.len(), 30);
    assert_eq!(
        measurement,
        json!({"name": "source-controller", "total": 355_103_300, "daily": daily, "measured_at": NOW})
    );
    assert_eq!(github.asked(), [PACKAGE]);
}

#[test]
fn every_total_github_can_show_is_read() {
    for total in [0, 7, 999, 1_318, 14_360, 4_890_000_000, u64::MAX] {
        let github = FakeGitHub::default().at(PACKAGE, Reply::page(controller(total).render()));
        assert_eq!(
            github.get("/orgs/fluxcd/packages/source-controller").json()["total"],
            total
        );
    }
}

#[test]
fn a_package_without_a_chart_has_no_days() {
    let page = PackagePage {
        daily: Vec::new(),
        ..controller(7)
    };
    let github = FakeGitHub::default().at(PACKAGE, Reply::page(page.render()));
    assert_eq!(
        github.get("/orgs/fluxcd/packages/source-controller").json()["daily"],
        json!([])
    );
}

#[test]
fn a_name_with_a_slash_stays_one_segment() {
    let page = PackagePage {
        name: "charts/flagger".into(),
        ..controller(12)
    };
    let github = FakeGitHub::default().at(
        "/orgs/fluxcd/packages/container/package/charts%2Fflagger",
        Reply::page(page.render()),
    );
    for target in [
        "/orgs/fluxcd/packages/charts%2Fflagger",
        "/orgs/fluxcd/packages/charts%2fflagger?x=y",
    ] {
        let measurement = github.get(target).json();
        assert_eq!(
            (&measurement["name"], &measurement["total"]),
            (&json!("charts/flagger"), &json!(12))
        );
    }
}

#[test]
fn the_users_url_is_tried_if_there_is_no_such_organisation() {
    let page = PackagePage {
        owner: "octocat".into(),
        owner_is_user: true,
        ..controller(3)
    };
    let list = PackageListPage {
        owner: "octocat".into(),
        user: true,
        ..PackageListPage::default()
    };
    let versions = VersionListPage {
        owner: "octocat".into(),
        owner_is_user: true,
        ..VersionListPage::default()
    };
    let package = "/users/octocat/packages/container/package/source-controller";
    let github = FakeGitHub::default()
        .at(package, Reply::page(page.render()))
        .at(
            "/octocat?tab=packages&ecosystem=container&page=1",
            Reply::page(list.render()),
        )
        .at(&versions_at("users/octocat", 1), Reply::page(versions.render()));
    assert_eq!(
        github.get("/orgs/octocat/packages/source-controller").json()["total"],
        3
    );
    let list = github.get("/orgs/octocat/packages");
    assert_eq!(list.json()[0]["name"], "source-controller");
    assert_eq!(list.header("owner-kind"), Some("user"));
    assert_eq!(
        github.get("/orgs/octocat/packages/source-controller/versions").json()[0]["total"],
        17_118
    );
    assert_eq!(
        github.asked()[..2],
        ["/orgs/octocat/packages/container/package/source-controller", package]
    );
}

#[test]
fn a_list_is_read_to_its_last_page() {
    let page = |page: u32| PackageListPage {
        packages: (0..if page == 3 { 5 } else { 30 })
            .map(|row| ListedPackage {
                name: format!("package-{page}-{row}"),
                repository: (row % 2 == 0).then(|| "flux2".into()),
            })
            .collect(),
        other_ecosystems: vec![OtherEcosystem {
            name: "org.example".into(),
            repository: "flux2".into(),
            id: 12_345,
        }],
        page,
        pages: 3,
        // Each page has one package of another ecosystem.
        heading_count: Some(68),
        ..PackageListPage::default()
    };
    let address = |page| format!("/orgs/fluxcd/packages?ecosystem=container&page={page}");
    let github = (1..=3).fold(FakeGitHub::default(), |github, number| {
        github.at(&address(number), Reply::page(page(number).render()))
    });
    let list = github.get("/orgs/fluxcd/packages");
    assert_eq!(list.header("owner-kind"), Some("organization"));
    let list = list.json();
    assert_eq!(list.as_array().map(Vec::len), Some(65));
    assert_eq!(list[0], json!({"name": "package-1-0", "repository": "fluxcd/flux2"}));
    assert_eq!(list[64], json!({"name": "package-3-4", "repository": "fluxcd/flux2"}));
    assert_eq!(list[1], json!({"name": "package-1-1", "repository": null}));
    assert_eq!(github.asked(), [address(1), address(2), address(3)]);
}

#[test]
fn hints_save_requests_and_change_no_answer() {
    let repository = "/fluxcd/source-controller/pkgs/container/source-controller";
    let query = "filters%5Bversion_type%5D=tagged";
    let user = PACKAGE.replace("/orgs/", "/users/");
    let page = Reply::page(controller(5).render());
    let versions = Reply::page(VersionListPage::default().render());
    let all = FakeGitHub::default()
        .at(repository, page.clone())
        .at(PACKAGE, page.clone())
        .at(&user, page.clone())
        .at(&format!("{repository}/versions?{query}&page=1"), versions.clone())
        .at(&versions_at("orgs/fluxcd", 1), versions.clone())
        .at(&versions_at("users/fluxcd", 1), versions.clone());
    let target = "/orgs/fluxcd/packages/source-controller";
    let (measurement, list) = (all.get(target).json(), all.get(&format!("{target}/versions")).json());
    for (hints, form) in [
        ("repository=fluxcd%2Fsource-controller", repository),
        ("owner=user&repository=FluxCD/source-controller", repository),
        ("owner=organization", PACKAGE),
        ("owner=user", &user),
        ("unknown=x", PACKAGE),
    ] {
        let asked = |target: String| {
            let before = all.asked().len();
            (all.get(&target).json(), all.asked()[before..].to_vec())
        };
        assert_eq!(
            asked(format!("{target}?{hints}")),
            (measurement.clone(), vec![form.to_owned()])
        );
        let form = format!("{}/versions?{query}&page=1", form.replace("/package/", "/"));
        assert_eq!(asked(format!("{target}/versions?{hints}")), (list.clone(), vec![form]));
    }

    // The repository was renamed, or the list is old: the account's form is tried next, and the other kind's is not.
    let stale = FakeGitHub::default()
        .at(&user, page)
        .at(&versions_at("users/fluxcd", 1), versions);
    let hints = "repository=fluxcd%2Fsource-controller&owner=user";
    assert_eq!(stale.get(&format!("{target}?{hints}")).json(), measurement);
    assert_eq!(stale.get(&format!("{target}/versions?{hints}")).json(), list);
    assert_eq!(
        stale.asked(),
        [
            repository.to_owned(),
            user.clone(),
            format!("{repository}/versions?{query}&page=1"),
            versions_at("users/fluxcd", 1),
        ]
    );
    let gone = FakeGitHub::default();
    gone.get(&format!("{target}?{hints}")).problem("not_found");
    let problem = gone.get(&format!("{target}/versions?{hints}")).problem("not_found");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("a list of versions"))
    );
    assert_eq!(gone.asked().len(), 4);
}

#[test]
fn an_empty_list_is_a_list() {
    let page = PackageListPage {
        packages: Vec::new(),
        ..PackageListPage::default()
    };
    let github = FakeGitHub::default().at(
        "/orgs/fluxcd/packages?ecosystem=container&page=1",
        Reply::page(page.render()),
    );
    assert_eq!(github.get("/orgs/fluxcd/packages").json(), json!([]));
}

#[test]
fn versions_come_with_all_their_tags() {
    let page = |page, versions| VersionListPage {
        versions,
        page,
        pages: 2,
        ..VersionListPage::default()
    };
    let version = |id, tags: &[&str], total| ListedVersion {
        id,
        tags: tags.iter().map(|tag| (*tag).into()).collect(),
        total,
    };
    let address = |page| versions_at("orgs/fluxcd", page);
    let first = page(
        1,
        vec![
            version(9, &["latest", "v1.6.0"], 17_118),
            version(8, &["v1.5.0"], 4_890_000_000),
        ],
    );
    let second = page(2, vec![version(7, &["v1.4.0"], 0)]);
    let github = FakeGitHub::default()
        .at(&address(1), Reply::page(first.render()))
        .at(&address(2), Reply::page(second.render()));
    assert_eq!(
        github.get("/orgs/fluxcd/packages/source-controller/versions").json(),
        json!([
            {"id": 9, "tags": ["latest", "v1.6.0"], "total": 17_118},
            {"id": 8, "tags": ["v1.5.0"], "total": 4_890_000_000_u64},
            {"id": 7, "tags": ["v1.4.0"], "total": 0},
        ])
    );
    assert_eq!(github.asked(), [address(1), address(2)]);
}

#[test]
fn pages_may_be_compressed_and_arrive_in_any_chunks() {
    let page = PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..controller(14_360)
    }
    .render();
    for chunk_bytes in [1, 7, 4_096, usize::MAX] {
        for reply in [Reply::page(page.clone()), Reply::page(page.clone()).gzipped()] {
            let length = reply.body.len();
            let github =
                FakeGitHub::default().at(PACKAGE, reply.header("content-length", length).chunks_of(chunk_bytes));
            assert_eq!(
                github.get("/orgs/fluxcd/packages/source-controller").json()["total"],
                14_360
            );
        }
    }
}

#[test]
fn a_renamed_repository_is_followed() {
    let page = Reply::page(controller(5).render());
    let github = FakeGitHub::default()
        .at(
            PACKAGE,
            Reply::redirect(301, "https://github.test/fluxcd/old/pkgs/container/source-controller"),
        )
        .at(
            "/fluxcd/old/pkgs/container/source-controller",
            Reply::redirect(302, "/fluxcd/new?a=b"),
        )
        .at("/fluxcd/new?a=b", page);
    assert_eq!(github.get("/orgs/fluxcd/packages/source-controller").json()["total"], 5);
}

#[test]
fn requests_to_github_have_a_user_agent() {
    let github = FakeGitHub::default();
    github.get("/orgs/fluxcd/packages").problem("not_found");
    for request in github.requests() {
        let header = |name: &str| {
            request
                .headers
                .iter()
                .find(|(header, _)| header == name)
                .map(|(_, value)| value.as_str())
        };
        let user_agent = header("user-agent").expect("a User-Agent");
        assert!(
            user_agent.starts_with("stats-tracker/") && user_agent.contains("you@example.org"),
            "{user_agent}"
        );
        assert_eq!(header("accept-encoding"), Some("gzip"));
        assert_eq!(header("accept"), Some("text/html"));
    }
}

#[test]
fn a_posted_page_is_read_without_a_request_to_github() {
    let page = controller(14_360);
    let daily: Vec<_> = page
        .daily
        .iter()
        .map(|(date, count)| json!({"date": date, "count": count}))
        .collect();
    let github = FakeGitHub::default();
    for (encoding, body) in [
        (None, page.render().into_bytes()),
        (Some("gzip".to_owned()), gzip(page.render().as_bytes())),
    ] {
        let content = Content {
            encoding,
            length: Some(body.len() as u64),
        };
        let got = github.answer(Request {
            method: "POST",
            target: "/extract",
            content,
            body: Whole::new(body),
        });
        assert_eq!(got.json(), json!({"total": 14_360, "daily": daily}));
    }
    assert_eq!(github.asked().len(), 0);
}

#[test]
fn health_needs_neither_github_nor_settings() {
    let request = Request {
        method: "GET",
        target: "/healthz",
        content: Content::default(),
        body: Whole::default(),
    };
    let answer = crate::fake::ready(respond::<FakeGitHub>(request, || unreachable!("nothing is fetched")));
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &br#"{"status":"ok"}"#[..])
    );
}

#[test]
fn head_is_answered_like_get() {
    let github = FakeGitHub::default().at(PACKAGE, Reply::page(controller(5).render()));
    let get = github.get("/orgs/fluxcd/packages/source-controller").0;
    assert_eq!(github.ask("HEAD", "/orgs/fluxcd/packages/source-controller").0, get);
}
