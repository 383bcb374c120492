//! Valid requests, invalid requests and posted pages.

use github::pages::{self, PackagePage, RateLimit};
use github::stand_in::StandIn;
use http::Method;
use serde_json::json;

use super::addresses::{LIST, PACKAGE, VERSIONS};
use super::tracker::Tracker;

/// More than the buffers between client and host hold, and less than the component's limit.
const UNWANTED_BODY_BYTES: usize = 3_000_000;

pub(crate) async fn valid_requests(tracker: &Tracker<'_>, github: &StandIn) {
    let organisation = github.organisation("fluxcd").expect("fluxcd is there").clone();
    let list = tracker.get(LIST).await;
    let expected: Vec<_> = organisation
        .packages_at(github.now())
        .map(|package| {
            let repository = package
                .repository
                .as_ref()
                .map(|repository| format!("fluxcd/{repository}"));
            json!({"name": package.name, "repository": repository})
        })
        .collect();
    assert_eq!(list.json, json!(expected));
    assert_eq!(list.header("owner-kind"), Some("organization"));
    for package in organisation.packages_at(github.now()) {
        let target = format!("{LIST}/{}", package.name.replace('/', "%2F"));
        let measurement = tracker.get(&target).await.json;
        // With owner and repository, which the list gives, the component needs one request only.
        let repository = package.repository.as_ref();
        let repository = repository.map(|repository| format!("&repository=fluxcd%2F{repository}"));
        let hints = format!("?owner=organization{}", repository.unwrap_or_default());
        github.clear_log();
        let hinted = tracker.get(&format!("{target}{hints}")).await.json;
        // All fields except the time of the measurement.
        for field in ["name", "total", "daily"] {
            assert_eq!(hinted[field], measurement[field], "{field} of {target}{hints}");
        }
        assert_eq!(github.log().requests.len(), 1, "{target}{hints}");
        assert_eq!(measurement["name"], package.name, "{measurement}");
        assert_eq!(measurement["total"], package.total(github.now()), "{}", package.name);
        let daily: Vec<_> = package
            .daily(github.now())
            .iter()
            .map(|(date, count)| json!({"date": date.to_string(), "count": count}))
            .collect();
        assert_eq!(measurement["daily"], json!(daily), "{}", package.name);
    }

    let user = tracker.get("/orgs/stand-in-user/packages").await;
    assert_eq!(user.header("owner-kind"), Some("user"));
    for hints in [
        "",
        "?owner=user",
        "?repository=repository-1",
        "?repository=nobody%2Fx&owner=user",
    ] {
        let target = format!("/orgs/stand-in-user/packages/image-1{hints}");
        assert_eq!(tracker.get(&target).await.status, 200, "{hints}");
        let target = format!("/orgs/stand-in-user/packages/image-1/versions{hints}");
        assert_eq!(tracker.get(&target).await.status, 200, "{hints}");
    }
    let hinted = format!("{VERSIONS}?repository=fluxcd%2Fsource-controller");
    let hinted = tracker.get(&hinted).await.json;

    github.clear_log();
    let versions = tracker.get(VERSIONS).await.json;
    assert_eq!(versions, hinted);
    let versions = versions.as_array().expect("a list");
    let total = organisation
        .package("source-controller")
        .expect("it is there")
        .total(github.now());
    assert!(versions.len() > 30, "more than a page");
    let listed = organisation.package("source-controller").expect("it is there");
    let listed = listed.versions(github.now(), true).into_iter();
    let listed: Vec<_> = listed
        .map(|version| json!({"id": version.id, "tags": version.tags, "total": version.total}))
        .collect();
    assert_eq!(*versions, listed);
    let sum: u64 = versions.iter().filter_map(|version| version["total"].as_u64()).sum();
    assert!(0 < sum && sum <= total, "{sum} of {total}");
    let log = github.log();
    assert!(log.requests.len() >= 2, "more than a page");
    assert_eq!(log.maximum_concurrency, 1);
    for request in log.requests {
        let user_agent = request.user_agent.unwrap_or_default();
        assert!(
            user_agent.starts_with("stats-tracker/") && user_agent.contains("contract@example.org"),
            "{user_agent}"
        );
        assert_eq!(request.accept_encoding.as_deref(), Some("gzip"));
    }

    github.clear_log();
    assert_eq!(tracker.get("/healthz").await.json, json!({"status": "ok"}));
    assert_eq!(github.log().requests.len(), 0);

    let get = tracker.get("/healthz").await;
    let head = tracker.ask(Method::HEAD, "/healthz", &[], "").await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (get.status, get.header("content-length"))
    );
}

pub(crate) async fn invalid_requests(tracker: &Tracker<'_>, github: &StandIn) {
    github.clear_log();
    let long = format!("{LIST}/{}", "a".repeat(5_000));
    for target in [
        "/orgs/flux_cd/packages",
        "/orgs/%2e%2e%2f/packages",
        "/orgs/-fluxcd/packages",
        "/orgs/fluxcd/packages/..%2F..%2Flogin",
        "/orgs/fluxcd/packages/flagger%00",
        "/orgs/fluxcd/packages/%FF%FE",
        "/orgs/fluxcd/packages/flagger%3Ftab%3Dx",
        "/orgs/fluxcd/packages/flagger%23x/versions",
        "/orgs/fluxcd/packages/Flagger",
        "/orgs/fluxcd/packages/flagger?repository=..",
        "/orgs/fluxcd/packages/flagger?repository=a%2Fb%2Fc",
        "/orgs/fluxcd/packages/flagger/versions?owner=organisation",
        &long,
    ] {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (400, &json!("bad_request")),
            "{target}"
        );
    }
    for (method, target, allow) in [
        (Method::POST, LIST, "GET, HEAD"),
        (Method::DELETE, PACKAGE, "GET, HEAD"),
        (Method::PUT, VERSIONS, "GET, HEAD"),
        (Method::GET, "/extract", "POST"),
        (Method::PATCH, "/healthz", "GET, HEAD"),
    ] {
        // The client gets the answer although the component does not read the body.
        let body = vec![b'x'; if method == Method::GET { 0 } else { UNWANTED_BODY_BYTES }];
        let answer = tracker.ask(method, target, &[], body).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{target}");
    }
    for target in [
        "/",
        "/orgs/fluxcd/packages/charts/flagger",
        "/favicon.ico",
        "/orgs/fluxcd/packages/flagger/versions/",
    ] {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (404, &json!("not_found")),
            "{target}"
        );
    }
    assert_eq!(github.log().requests.len(), 0, "GitHub is not asked about any of them");

    let nobody = [
        "/orgs/nobody/packages",
        "/orgs/nobody/packages/x",
        "/orgs/fluxcd/packages/x",
        "/orgs/fluxcd/packages/x/versions",
    ];
    for target in nobody {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (404, &json!("not_found")),
            "{target}"
        );
    }
}

pub(crate) async fn posted_pages(tracker: &Tracker<'_>, github: &StandIn) {
    github.clear_log();
    let page = PackagePage {
        total: 4_890_000_000,
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..PackagePage::default()
    };
    let answer = tracker.extract(page.render()).await;
    assert_eq!((answer.status, &answer.json["total"]), (200, &json!(4_890_000_000_u64)));
    let changed = PackagePage {
        change: Some(pages::Change::TitleDropped),
        ..page.clone()
    };
    let half = page.render();
    let half = &half[..half.len() / 2];
    for (body, status, kind) in [
        (Vec::new(), 400, "bad_request"),
        (pages::not_found().into_bytes(), 400, "bad_request"),
        ((0..=255).cycle().take(100_000).collect(), 400, "bad_request"),
        (half.as_bytes().to_vec(), 400, "bad_request"),
        (
            pages::rate_limit(RateLimit::AbuseDetection).into_bytes(),
            429,
            "rate_limited",
        ),
        (changed.render().into_bytes(), 502, "markup_changed"),
        (vec![b'x'; 5_000_000], 413, "too_large"),
    ] {
        let answer = tracker.extract(body).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (status, &json!(kind)),
            "{}",
            answer.json
        );
    }
    let encoded = [("content-encoding", "br")];
    let answer = tracker
        .ask(Method::POST, "/extract", &encoded, vec![b'x'; UNWANTED_BODY_BYTES])
        .await;
    assert_eq!((answer.status, &answer.json["kind"]), (400, &json!("bad_request")));
    assert_eq!(github.log().requests.len(), 0);
}
