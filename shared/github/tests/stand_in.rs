//! Tests of the stand-in over HTTP: paths, faults, clock and log.

use std::{io::Read, time::Duration};

use github::pages;
use github::stand_in::{self, Error, Fault, Options, StandIn};
use reqwest::{Client, StatusCode, redirect};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CLOCK: &str = "2026-05-10T12:00:00Z";

async fn start() -> StandIn {
    let options = Options {
        clock: Some(CLOCK.parse().unwrap()),
        page_bytes: 20_000,
        ..Options::default()
    };
    StandIn::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap()
}

fn client() -> Client {
    // Redirects are not followed, and bodies are not decompressed.
    Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent("test (me@example.org)")
        .build()
        .unwrap()
}

async fn get(stand_in: &StandIn, path: &str) -> (StatusCode, String) {
    let response = client().get(stand_in.base_url() + path).send().await.unwrap();
    assert_eq!(response.headers()["x-stand-in"], stand_in::HEADER_VALUE, "{path}");
    (response.status(), response.text().await.unwrap())
}

const PACKAGE: &str = "/fluxcd/source-controller/pkgs/container/source-controller";

#[tokio::test]
async fn every_address_has_its_page() {
    let stand_in = start().await;
    let total = |owner: &str, name: &str| {
        let package = stand_in.organisation(owner).unwrap().package(name).unwrap();
        format!("<h3 title=\"{}\">", package.total(CLOCK.parse().unwrap()))
    };
    for (path, expected) in [
        (
            "/fluxcd/source-controller/pkgs/container/source-controller",
            total("fluxcd", "source-controller"),
        ),
        (
            "/fluxcd/flagger/pkgs/container/charts%2Fflagger",
            total("fluxcd", "charts/flagger"),
        ),
        (
            "/FluxCD/Flagger/pkgs/container/charts%2fflagger",
            total("fluxcd", "charts/flagger"),
        ),
        (
            "/orgs/FluxCD/packages/container/package/source-controller-arm64",
            total("fluxcd", "source-controller-arm64"),
        ),
        (
            "/users/stand-in-user/packages/container/package/image-1",
            total("stand-in-user", "image-1"),
        ),
        (
            "/orgs/fluxcd/packages?ecosystem=container&page=1",
            "title=\"charts/flagger\"".into(),
        ),
        ("/orgs/fluxcd/packages", "<span>20</span> packages".into()),
        (
            "/stand-in-user?tab=packages&ecosystem=container&page=1",
            "title=\"image-3\"".into(),
        ),
        ("/orgs/stand-in-empty/packages", "<span>0</span> packages".into()),
        (
            "/fluxcd/flagger/pkgs/container/flagger/versions?filters%5Bversion_type%5D=tagged&page=2",
            ">v4.2.0<".into(),
        ),
        (
            "/orgs/fluxcd/packages/container/flagger/versions",
            "Version downloads".into(),
        ),
        (
            "/users/stand-in-user/packages/container/image-1/versions?filters%5Bversion_type%5D=tagged&page=1",
            ">latest<".into(),
        ),
        ("/login?return_to=%2F", "Password".into()),
    ] {
        let (status, page) = get(&stand_in, path).await;
        assert_eq!(status, 200, "{path}");
        assert!(page.contains(&expected), "{path} lacks {expected}");
        assert!(page.contains(pages::NOTICE), "{path}");
    }
    stand_in.stop().await;
}

#[tokio::test]
async fn an_organisations_form_leads_to_the_repositorys() {
    let stand_in = start().await;
    let ask = async |path: &str| {
        let response = client().get(stand_in.base_url() + path).send().await.unwrap();
        let location = response
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    };
    let organisation = "/orgs/fluxcd/packages/container/package/charts%2Fflagger";
    let repository = "/fluxcd/flagger/pkgs/container/charts%2Fflagger";
    // The package's faults apply to its page, not to the redirect.
    stand_in.set_fault("charts/flagger", "503".parse().unwrap(), Some(1));
    assert_eq!(ask(organisation).await, (302, Some(repository.into())));
    assert_eq!(ask(repository).await, (503, None));
    assert_eq!(ask(repository).await, (200, None));
    stand_in.set_fault("charts/flagger", Fault::Vanished, None);
    assert_eq!(ask(organisation).await, (404, None));
    // GitHub does not redirect the path of a user's package.
    let user = "/users/stand-in-user/packages/container/package/image-1";
    assert_eq!(ask(user).await, (200, None));
}

/// All links of the pages to a package, its versions or one version lead to a page here, and have a form that is
/// recorded from GitHub's pages.
#[tokio::test]
async fn links_lead_to_pages_and_have_recorded_forms() {
    let stand_in = start().await;
    let links = |page: &str| -> Vec<String> {
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        links
            .map(|link| link.replace("&amp;", "&"))
            .filter(|link| link.starts_with('/') && (link.contains("/packages/container/") || link.contains("/pkgs/")))
            .collect()
    };
    // Without names and numbers: `/users/*/packages/container/*/versions?filters%5Bversion_type%5D=tagged`.
    let form = |link: &str| {
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        let words = [
            "",
            "orgs",
            "users",
            "packages",
            "pkgs",
            "container",
            "package",
            "versions",
        ];
        let path = path
            .split('/')
            .map(|part| if words.contains(&part) { part } else { "*" });
        let query = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name @ ("tag" | "page"), _)) => name,
            _ => pair,
        });
        let query = query.filter(|name| *name != "page").collect::<Vec<_>>();
        (path.collect::<Vec<_>>().join("/"), query.join("&"))
    };
    let mut forms = std::collections::BTreeSet::new();
    for page in [
        PACKAGE,
        "/users/stand-in-user/packages/container/package/image-1",
        "/orgs/fluxcd/packages?ecosystem=container&page=1",
        "/stand-in-user?tab=packages&ecosystem=container&page=1",
        "/orgs/fluxcd/packages/container/flagger/versions?filters%5Bversion_type%5D=tagged&page=1",
        "/stand-in-user/repository-1/pkgs/container/image-1/versions",
    ] {
        let (status, html) = get(&stand_in, page).await;
        assert_eq!(status, 200, "{page}");
        let links = links(&html);
        assert!(!links.is_empty(), "{page}");
        for link in links {
            let status = client().get(stand_in.base_url() + &link).send().await.unwrap().status();
            assert!(matches!(status.as_u16(), 200 | 302), "{page} links {link}: {status}");
            forms.insert(form(&link));
        }
    }

    let recorded = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/ghcr/pages");
    let Ok(directory) = std::fs::read_dir(&recorded) else {
        eprintln!("skipped: no recorded pages in {}", recorded.display());
        return;
    };
    let mut seen = 0;
    for file in directory {
        let file = file.unwrap().path();
        for link in links(&std::fs::read_to_string(&file).unwrap()) {
            assert!(
                forms.contains(&form(&link)),
                "{} links {link}; here: {forms:?}",
                file.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[tokio::test]
async fn a_missing_page_is_not_found() {
    let stand_in = start().await;
    for path in [
        "/",
        "/nobody",
        "/orgs/nobody/packages?ecosystem=container&page=1",
        "/orgs/stand-in-user/packages?ecosystem=container&page=1",
        "/fluxcd?tab=packages&ecosystem=container&page=1",
        "/stand-in-user",
        "/orgs/fluxcd/packages/container/package/none",
        "/orgs/fluxcd/packages/container/package/charts/flagger",
        "/orgs/fluxcd/packages/container/package/",
        "/orgs/fluxcd/packages/container/package/%FF%00",
        "/users/fluxcd/packages/container/package/flagger",
        "/fluxcd/flux2/pkgs/container/flagger",
        "/fluxcd/flagger/pkgs/container/flagger/1",
        "/orgs/fluxcd/packages/container/package/..%2Fflagger",
        "/orgs/stand-in-user/packages",
        "/orgs/stand-in-user/packages/container/package/image-1",
        "/users/stand-in-user/packages",
        "/users/fluxcd/packages/container/flagger/versions",
        // A form that GitHub's pages do not have.
        "/orgs/fluxcd/packages/container/package/flagger/versions",
        "/users/stand-in-user/packages/container/package/image-1/versions",
        "/orgs/fluxcd/packages/container/flagger",
        "/orgs/fluxcd/packages/container/flagger/versions/1",
        "/fluxcd/flagger/pkgs/container/flagger/versions/2",
        "/fluxcd/packages/container/package/flagger",
        "/fluxcd/flagger/packages",
    ] {
        let (status, page) = get(&stand_in, path).await;
        assert_eq!((status.as_u16(), page.contains("<h1>404</h1>")), (404, true), "{path}");
    }
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let stand_in = start().await;
    let mut names = Vec::new();
    for page in 1..=4 {
        let (_, html) = get(
            &stand_in,
            &format!("/orgs/stand-in-many/packages?ecosystem=container&page={page}"),
        )
        .await;
        let rows: Vec<_> = html
            .match_indices("/orgs/stand-in-many/packages/container/package/")
            .map(|(start, matched)| html[start + matched.len()..].split('"').next().unwrap().to_owned())
            .collect();
        assert_eq!(rows.len(), [30, 30, 15, 0][page - 1], "page {page}");
        assert_eq!(html.contains("rel=\"next\""), page < 3, "page {page}");
        assert_eq!(
            html.contains("/stand-in-many/java-library/packages/12345"),
            page >= 3,
            "page {page}"
        );
        names.extend(rows);
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 75);
}

#[tokio::test]
async fn the_chosen_organisation_exists_once() {
    for (name, packages) in [
        ("fluxcd", 20),
        ("stand-in-many", 75),
        ("stand-in-thousand", 1_000),
        ("Stand-In-Empty", 0),
        ("acme", 3),
    ] {
        let options = Options {
            organisation: name.into(),
            ..Options::default()
        };
        let stand_in = StandIn::start("127.0.0.1:0".parse().unwrap(), options).await.unwrap();
        let organisation = stand_in.organisation(name).unwrap();
        assert_eq!(organisation.packages_at(stand_in.now()).count(), packages, "{name}");
    }
}

#[tokio::test]
async fn counts_follow_the_clock() {
    let stand_in = start().await;
    let total = async || {
        let (_, page) = get(&stand_in, PACKAGE).await;
        // The last `h3` of the total's block; a comment after it has another one.
        let label = page.rfind("mb-1\">Total downloads<").unwrap();
        let title = page[label..].split("<h3 title=\"").nth(1).unwrap();
        title.split('"').next().unwrap().parse::<u64>().unwrap()
    };
    let noon = total().await;
    assert_eq!(noon, total().await, "a clock that was set stands still");
    stand_in.advance(Duration::from_secs(24 * 3_600));
    let next_noon = total().await;
    let package = stand_in
        .organisation("fluxcd")
        .unwrap()
        .package("source-controller")
        .unwrap();
    let bars = package.daily(stand_in.now());
    assert!(next_noon > noon);
    // From noon to noon: half of yesterday's bar and the newest bar, with a rounding error of two halves.
    assert!((next_noon - noon).abs_diff(bars[1].1 / 2 + bars[0].1) <= 1);
    stand_in.set_clock(CLOCK.parse().unwrap());
    assert_eq!(total().await, noon);
}

#[tokio::test]
async fn faults_with_a_status() {
    let stand_in = start().await;
    for (fault, status, text) in [
        ("404", 404, "<h1>404</h1>"),
        ("429", 429, "abuse detection"),
        ("429:120", 429, "secondary rate limit"),
        ("403", 403, "Whoa there!"),
        ("500", 500, "<h1>500</h1>"),
        ("503", 503, "<h1>503</h1>"),
        ("vanished", 404, "<h1>404</h1>"),
        ("login", 302, ""),
        ("label-renamed", 200, "Downloads overall"),
        ("title-dropped", 200, "Last published"),
        ("empty", 200, ""),
    ] {
        stand_in.set_fault("source-controller", fault.parse().unwrap(), Some(1));
        let response = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{fault}");
        let retry_after = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(retry_after.as_deref(), (fault == "429:120").then_some("120"));
        let location = response
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(
            location.is_some_and(|to| to.starts_with("/login?return_to=%2Ffluxcd")),
            fault == "login"
        );
        let page = response.text().await.unwrap();
        assert!(page.contains(text), "{fault}");
        assert!(
            !page.contains("tmp-mb-1\">Total downloads</span>\n            <h3 title"),
            "{fault}"
        );
        let (status, _) = get(&stand_in, PACKAGE).await;
        assert_eq!(status, 200, "{fault} was for one request only");
    }
}

#[tokio::test]
async fn a_vanished_package_is_not_listed_and_a_fallen_total_is_lower() {
    let stand_in = start().await;
    let list = "/orgs/fluxcd/packages?ecosystem=container&page=1";
    stand_in.set_fault("flagger", Fault::Vanished, None);
    assert!(!get(&stand_in, list).await.1.contains("title=\"flagger\""));
    stand_in.clear_faults();
    assert!(get(&stand_in, list).await.1.contains("title=\"flagger\""));

    stand_in.set_fault("source-controller", Fault::FallingTotal, None);
    let total = stand_in.organisation("fluxcd").unwrap().packages[0].total(CLOCK.parse().unwrap());
    assert!(
        get(&stand_in, PACKAGE)
            .await
            .1
            .contains(&format!("<h3 title=\"{}\">", total / 10 * 9))
    );
    stand_in.set_fault("source-controller", Fault::NoChart, None);
    let (_, page) = get(&stand_in, PACKAGE).await;
    assert!(page.contains(&format!("<h3 title=\"{total}\">")) && !page.contains("<rect\n"));
}

#[tokio::test]
async fn a_renamed_package_has_its_new_name_only() {
    let stand_in = start().await;
    let list = "/orgs/fluxcd/packages?ecosystem=container&page=1";
    let old = "/fluxcd/flagger/pkgs/container/flagger-manifests";
    let new = "/fluxcd/flagger/pkgs/container/manifests%2Fflagger";
    for (clock, found, missing) in [("2026-08-03T23:00:00Z", old, new), ("2026-08-04T01:00:00Z", new, old)] {
        stand_in.set_clock(clock.parse().unwrap());
        let (_, html) = get(&stand_in, list).await;
        let name = |path: &str| format!("title=\"{}\"", path.rsplit('/').next().unwrap().replace("%2F", "/"));
        assert!(html.contains(&name(found)) && !html.contains(&name(missing)), "{clock}");
        for (path, status) in [(found, 200), (missing, 404)] {
            assert_eq!(get(&stand_in, path).await.0, status, "{path} at {clock}");
            assert_eq!(
                get(&stand_in, &format!("{path}/versions")).await.0,
                status,
                "{path} at {clock}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_are_cut() {
    let stand_in = start().await;
    for fault in [Fault::CutBody, Fault::CutChunked] {
        stand_in.set_fault("*", fault, Some(1));
        let mut response = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.content_length().is_some(), fault == Fault::CutBody);
        let mut read = 0;
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => panic!("{fault}: the body ended as if it were whole"),
                Err(error) => break error,
            }
        };
        assert!(read > 5_000, "{fault}: {read} bytes came before {error}");
    }
    stand_in.set_fault("*", Fault::Disconnect, Some(1));
    let mut stream = TcpStream::connect(stand_in.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.is_empty(), "{}", String::from_utf8_lossy(&all));
}

#[tokio::test]
async fn gzip_is_sent_if_it_is_accepted_or_as_a_fault() {
    let stand_in = start().await;
    let send = async |accept: Option<&str>| {
        let mut request = client().get(stand_in.base_url() + PACKAGE);
        if let Some(accept) = accept {
            request = request.header("accept-encoding", accept);
        }
        let response = request.send().await.unwrap();
        let packed = response
            .headers()
            .get("content-encoding")
            .is_some_and(|encoding| encoding == "gzip");
        (packed, response.bytes().await.unwrap())
    };
    let (packed, plain) = send(None).await;
    assert!(!packed);
    let unpack = |bytes: &[u8]| {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).map(|_| text)
    };
    let (packed, bytes) = send(Some("br, gzip")).await;
    assert!(packed && bytes.len() < plain.len());
    assert_eq!(unpack(&bytes).unwrap(), plain);

    stand_in.set_fault("source-controller", Fault::Gzip, None);
    let (packed, bytes) = send(None).await;
    assert!(packed);
    assert_eq!(unpack(&bytes).unwrap(), plain);
    stand_in.set_fault("source-controller", Fault::GzipCut, None);
    let (packed, bytes) = send(None).await;
    assert!(packed && unpack(&bytes).is_err());
    stand_in.set_fault("source-controller", Fault::GzipBomb, None);
    let (packed, bytes) = send(None).await;
    assert!(packed && bytes.len() < 4 << 20);
}

#[tokio::test]
async fn slow_and_endless_answers_end_with_the_server() {
    let stand_in = start().await;
    stand_in.set_fault("flux", Fault::SlowFirstByte(Duration::from_secs(3_600)), None);
    stand_in.set_fault("flagger", Fault::SlowBody(Duration::from_secs(3_600)), None);
    stand_in.set_fault("source-controller", Fault::Endless, None);
    let address = |name: &str| format!("{}/fluxcd/{name}/pkgs/container/{name}", stand_in.base_url());
    let silent = tokio::spawn(client().get(address("flux")).send());
    let mut slow = client().get(address("flagger")).send().await.unwrap();
    assert!(slow.content_length().unwrap() > 20_000);
    assert_eq!(slow.chunk().await.unwrap().unwrap().len(), 1_024);
    let mut endless = client().get(address("source-controller")).send().await.unwrap();
    let mut read = 0;
    while read < 10_000_000 {
        read += endless.chunk().await.unwrap().expect("it does not end").len();
    }
    stand_in.stop().await;
    assert!(slow.chunk().await.is_err());
    while let Ok(chunk) = endless.chunk().await {
        assert!(chunk.is_some(), "the endless body ended as if it were whole");
    }
    // The answer is late or missing, but the request ends.
    let _ = silent.await.unwrap();
}

#[tokio::test]
async fn the_log_has_clients_paths_and_the_concurrency() {
    let stand_in = start().await;
    get(&stand_in, PACKAGE).await;
    get(&stand_in, "/nobody?x=1").await;
    let log = stand_in.log();
    assert_eq!(log.maximum_concurrency, 1);
    let lines: Vec<_> = log
        .requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str(), request.status))
        .collect();
    assert_eq!(lines, [("GET", PACKAGE, 200), ("GET", "/nobody?x=1", 404)]);
    assert_eq!(log.requests[0].user_agent.as_deref(), Some("test (me@example.org)"));
    assert!(log.requests.iter().all(|request| request.ended_at.is_some()));

    // Two slow requests, so that both are active at the same time.
    stand_in.set_fault("*", Fault::SlowBody(Duration::from_secs(3_600)), None);
    let first = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
    let second = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
    let log = stand_in.log();
    assert_eq!(log.maximum_concurrency, 2);
    assert_eq!(log.requests[3].fault.as_deref(), Some("slow-body:3600000"));
    assert_eq!(log.requests[3].ended_at, None);
    drop((first, second));
    stand_in.clear_log();
    assert!(stand_in.log().requests.is_empty());
}

#[tokio::test]
async fn it_is_controlled_over_http() {
    let stand_in = start().await;
    let call = async |method: &str, path: &str| {
        let url = format!("{}/_stand-in{path}", stand_in.base_url());
        let response = client().request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.headers()["x-stand-in"], stand_in::HEADER_VALUE);
        (
            response.status().as_u16(),
            response.json::<serde_json::Value>().await.unwrap(),
        )
    };
    assert_eq!(
        call("POST", "/clock?at=2026-06-01T00:00:00Z").await.1["now"],
        "2026-06-01T00:00:00Z"
    );
    assert_eq!(
        call("POST", "/clock?advance=86400").await.1["now"],
        "2026-06-02T00:00:00Z"
    );
    let running: jiff::Timestamp = call("DELETE", "/clock").await.1["now"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let now = jiff::Timestamp::now();
    assert!((now - jiff::SignedDuration::from_hours(1)..=now).contains(&running));
    let (status, state) = call("POST", "/faults?set=charts%2Fflagger%3D429:2*3").await;
    assert_eq!(status, 200);
    assert_eq!(
        state["faults"][0],
        serde_json::json!({ "fault": "charts/flagger=429:2", "requests_before": 0, "requests_left": 3 })
    );
    let (status, _) = get(&stand_in, "/fluxcd/flagger/pkgs/container/charts%2Fflagger").await;
    assert_eq!(status, 429);
    let (_, log) = call("GET", "/log").await;
    assert_eq!(log["requests"][0]["status"], 429);
    assert_eq!(
        log["requests"].as_array().unwrap().len(),
        1,
        "control requests are not logged"
    );
    assert_eq!(call("DELETE", "/faults").await.1["faults"], serde_json::json!([]));
    call("DELETE", "/log").await;
    assert!(stand_in.log().requests.is_empty());
    for (method, path) in [
        ("POST", "/clock"),
        ("POST", "/clock?at=noon"),
        ("POST", "/clock?advance=-1"),
        ("POST", "/faults?set=flagger"),
        ("POST", "/faults?set=flagger%3Dnonsense"),
    ] {
        let (status, answer) = call(method, path).await;
        assert_eq!(status, 400, "{path}");
        assert!(answer["error"].is_string());
    }
    assert_eq!(call("GET", "/nothing").await.0, 404);
}

#[tokio::test]
async fn other_interfaces_are_refused_and_a_used_port_is_named() {
    let error = StandIn::start("0.0.0.0:0".parse().unwrap(), Options::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotLoopback(_)), "{error}");
    let stand_in = start().await;
    let error = StandIn::start(stand_in.address(), Options::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&stand_in.address().to_string()), "{error}");
}

#[tokio::test]
async fn hostile_requests_get_an_answer() {
    let stand_in = start().await;
    let long = "a".repeat(5_000);
    for path in [
        "/%00",
        "/..%2f..%2fetc/passwd",
        "//////",
        "/?page=%%%&tab",
        &format!("/{long}"),
        "/orgs/%E0%80/packages",
    ] {
        assert_eq!(get(&stand_in, path).await.0, 404, "{path}");
    }
    let (status, page) = get(&stand_in, "/orgs/fluxcd/packages?page=99999999999999999999").await;
    assert_eq!(status, 200);
    assert!(page.contains("source-controller"));
    let (status, page) = get(&stand_in, "/orgs/fluxcd/packages?page=4294967295").await;
    assert_eq!((status.as_u16(), page.contains("blankslate")), (200, true));
}
