//! The responses of each endpoint when GitHub does not have the requested page: an error of the right kind, and never a
//! count.

use std::iter;

use crate::fake::{BodyEnd, FakeGitHub, Reply, TestResponse, gzip};
use github::pages::{self, Change, PackageListPage, PackagePage, RateLimit, VersionListPage};
use stats_tracker_spin::fetch::{Body, Content, Interruption, Whole};
use stats_tracker_spin::github::{GitHub, REDIRECTS_MAX};
use stats_tracker_spin::page::PAGE_MAX_BYTES;
use stats_tracker_spin::service::{Request, respond};
use stats_tracker_spin::settings::Settings;

const LIST: &str = "/orgs/fluxcd/packages?ecosystem=container&page=1";
const PACKAGE: &str = "/orgs/fluxcd/packages/container/package/flagger";
const VERSIONS: &str = "/orgs/fluxcd/packages/container/flagger/versions?filters%5Bversion_type%5D=tagged&page=1";

/// The service's endpoints, each with the first page of GitHub that it needs.
const ENDPOINTS: [(&str, &str); 3] = [
    ("/orgs/fluxcd/packages", LIST),
    ("/orgs/fluxcd/packages/flagger", PACKAGE),
    ("/orgs/fluxcd/packages/flagger/versions", VERSIONS),
];

/// A page that the endpoint can read.
fn good_page(address: &str) -> String {
    match address {
        LIST => PackageListPage::default().render(),
        PACKAGE => PackagePage::default().render(),
        VERSIONS => VersionListPage::default().render(),
        other => unreachable!("{other} is no endpoint's page"),
    }
}

/// Requests every endpoint. GitHub responds to the first page with `reply`.
fn each(reply: impl Fn(&str) -> Reply) -> impl Iterator<Item = (TestResponse, FakeGitHub)> {
    ENDPOINTS.into_iter().map(move |(target, address)| {
        let github = FakeGitHub::default().at(address, reply(address));
        (github.get(target), github)
    })
}

#[test]
fn the_good_pages_are_good() {
    for (got, _) in each(|address| Reply::page(good_page(address))) {
        got.json();
    }
}

#[test]
fn pages_that_are_not_public_are_not_found() {
    for status in [404, 410, 451] {
        for (got, github) in each(|_| Reply::status(status).body(pages::not_found())) {
            let problem = got.problem("not_found");
            assert_eq!(got.0.status, 404);
            assert!(
                problem["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains("fluxcd")),
                "{problem}"
            );
            assert_eq!(github.asked().len(), 2, "the organisation, then the user");
        }
    }
}

#[test]
fn a_redirect_to_the_login_page_is_not_found() {
    for location in [
        "/login?return_to=%2Forgs",
        "https://github.test/login",
        "/login/oauth/authorize",
    ] {
        for (got, github) in each(|_| Reply::redirect(302, location)) {
            got.problem("not_found");
            assert_eq!(github.asked().len(), 2, "the login page is not asked for");
        }
    }
}

#[test]
fn a_rate_limit_has_the_time_to_wait() {
    // Without a usable header, half an hour.
    let waits = [
        (None, 1_800),
        (Some("60"), 60),
        (Some("0"), 0),
        (Some("Sun, 10 May 2026 12:36:56 GMT"), 120),
        (Some("soon"), 1_800),
    ];
    for (header, seconds) in waits {
        let with = |reply: Reply| {
            header
                .into_iter()
                .fold(reply, |reply, value| reply.header("retry-after", value))
        };
        for wording in [RateLimit::AbuseDetection, RateLimit::Secondary] {
            for status in [429, 403, 200] {
                for (got, github) in each(|_| with(Reply::status(status).body(pages::rate_limit(wording)))) {
                    let problem = got.problem("rate_limited");
                    assert_eq!(got.0.status, 429);
                    assert_eq!(problem["retry_after"], seconds, "{status} with {header:?}");
                    assert_eq!(
                        github.asked().len(),
                        1,
                        "a refusal is not answered with another request"
                    );
                }
            }
        }
    }
}

#[test]
fn a_refusal_in_the_middle_of_a_list_fails_the_list() {
    let first = PackageListPage {
        pages: 2,
        ..PackageListPage::default()
    };
    // A missing page and one of another kind may mean that the list became shorter: it is read again, and nothing else is.
    for (second, kind, requests) in [
        (Reply::status(429), "rate_limited", 2),
        (Reply::status(404), "unreachable", 4),
        (Reply::status(500), "unreachable", 2),
        (Reply::page(pages::login()), "markup_changed", 4),
    ] {
        let github = FakeGitHub::default()
            .at(LIST, Reply::page(first.render()))
            .at("/orgs/fluxcd/packages?ecosystem=container&page=2", second);
        github.get("/orgs/fluxcd/packages").problem(kind);
        assert_eq!(github.asked().len(), requests, "{kind}");
    }
}

#[test]
fn githubs_own_errors_are_unreachable() {
    for status in [202, 204, 304, 400, 403, 405, 406, 418, 422, 500, 502, 503, 504] {
        for (got, github) in each(|address| Reply::status(status).body(good_page(address))) {
            let problem = got.problem("unreachable");
            assert_eq!(got.0.status, 502);
            assert!(
                problem["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains(&status.to_string())),
                "{problem}"
            );
            assert_eq!(github.asked().len(), 1);
        }
    }
    // A page with the status 403 is read only to see whether it is a rate limit.
    for (got, _) in each(|_| Reply::status(403).body("<h1>Forbidden</h1>")) {
        got.problem("unreachable");
    }
    for (got, _) in each(|_| Reply::status(503).header("retry-after", 90)) {
        assert_eq!(got.problem("unreachable")["retry_after"], 90);
    }
}

#[test]
fn no_answer_is_unreachable_or_timed_out() {
    let refused = Interruption::Failed("the connection was refused".into());
    let slow = Interruption::TimedOut("its first byte".into());
    for (interruption, kind, status, detail) in [
        (
            refused,
            "unreachable",
            502,
            "GitHub did not answer: the connection was refused",
        ),
        (slow, "timed_out", 504, "GitHub's answer: its first byte took too long"),
    ] {
        for (target, address) in ENDPOINTS {
            let got = FakeGitHub::default()
                .silent_at(address, interruption.clone())
                .get(target);
            assert_eq!(got.problem(kind)["detail"], detail);
            assert_eq!(got.0.status, status);
        }
    }
}

#[test]
fn a_page_that_breaks_off_is_never_an_answer() {
    let broken = BodyEnd::Broken(Interruption::Failed("the connection broke".into()));
    let stalled = BodyEnd::Broken(Interruption::TimedOut("the page".into()));
    // All bytes of the page have arrived, but not the end of the body: there may be more.
    for (got, _) in each(|address| Reply::page(good_page(address)).end(broken.clone())) {
        got.problem("unreachable");
    }
    for (got, _) in each(|address| Reply::page(good_page(address)).end(stalled.clone())) {
        got.problem("timed_out");
    }
    for (got, _) in each(|address| Reply::page(good_page(address)).header("content-length", 1_000_000)) {
        got.problem("unreachable");
    }
    for (got, _) in each(|address| Reply::page(good_page(address)).header("content-length", 100)) {
        got.problem("unreachable");
    }
    for (got, _) in each(|address| Reply::page(&good_page(address)[..good_page(address).len() - 20])) {
        got.problem("unreachable");
    }
}

#[test]
fn damaged_gzip_is_never_an_answer() {
    let reply = |body: Vec<u8>| Reply::page(body).header("content-encoding", "gzip");
    let damage: [fn(Vec<u8>) -> Vec<u8>; 6] = [
        |whole| whole[..whole.len() - 1].to_vec(),
        |whole| whole[..whole.len() / 2].to_vec(),
        |whole| whole[..5].to_vec(),
        |_| Vec::new(),
        |mut whole| {
            // The checksum.
            let position = whole.len() - 8;
            whole[position] ^= 1;
            whole
        },
        |mut whole| {
            whole.extend_from_slice(b"more");
            whole
        },
    ];
    for damage in damage {
        for (got, _) in each(|address| reply(damage(gzip(good_page(address).as_bytes())))) {
            got.problem("unreachable");
        }
    }
    for (got, _) in each(|address| reply(good_page(address).into_bytes())) {
        got.problem("unreachable");
    }
    for (got, _) in each(|address| Reply::page(good_page(address)).header("content-encoding", "br")) {
        got.problem("unreachable");
    }
}

#[test]
fn a_page_without_end_is_too_large() {
    for (got, _) in each(|address| Reply::page(good_page(address)).end(BodyEnd::Endless)) {
        got.problem("too_large");
        assert_eq!(got.0.status, 502);
    }
    for (got, _) in each(|address| Reply::page(good_page(address)).header("content-length", PAGE_MAX_BYTES + 1)) {
        got.problem("too_large");
    }
}

/// The limit in `openapi.yaml`: 4 MiB, as sent and as decoded.
#[test]
fn a_page_of_the_largest_size_is_read() {
    let forms: [fn(Reply) -> Reply; 3] = [
        |reply| reply,
        |reply| {
            let length = reply.body.len();
            reply.header("content-length", length)
        },
        Reply::gzipped,
    ];
    for form in forms {
        let page = |address: &str, bytes| {
            let mut page = good_page(address).into_bytes();
            page.resize(bytes, b' ');
            form(Reply::page(page).chunks_of(65_536))
        };
        for (got, _) in each(|address| page(address, 4_194_304)) {
            got.json();
        }
        for (got, _) in each(|address| page(address, 4_194_305)) {
            got.problem("too_large");
        }
    }
}

#[test]
fn a_gzip_bomb_is_too_large() {
    let bomb = gzip(&vec![b' '; 100_000_000]);
    assert!(bomb.len() < 1_000_000);
    for (got, _) in each(|_| {
        Reply::page(bomb.clone())
            .header("content-encoding", "gzip")
            .chunks_of(usize::MAX)
    }) {
        got.problem("too_large");
    }
}

#[test]
fn changed_markup_is_reported() {
    for change in [
        Change::LabelRenamed,
        Change::TitleDropped,
        Change::TitleRounded,
        Change::TitleEmpty,
        Change::TitleTooLarge,
    ] {
        let page = PackagePage {
            change: Some(change),
            decoys: true,
            ..PackagePage::default()
        };
        let got = FakeGitHub::default()
            .at(PACKAGE, Reply::page(page.render()))
            .get("/orgs/fluxcd/packages/flagger");
        got.problem("markup_changed");
        assert_eq!(got.0.status, 502);
    }
    for page in [
        String::new(),
        "{}".into(),
        pages::not_found(),
        "<!doctype html><title>GitHub</title></html>".into(),
    ] {
        for (got, github) in each(|_| Reply::page(page.clone())) {
            got.problem("markup_changed");
            assert_eq!(github.asked().len(), 1, "a first page is not read again");
        }
    }
}

#[test]
fn a_redirect_leads_nowhere_but_to_github() {
    let elsewhere = [
        "https://evil.test/",
        "http://github.test/fluxcd",
        "https://github.test.evil.test/",
        "https://github.test@evil.test/",
        "https://github.test:8443/",
        "//evil.test/",
        "https://github.test//evil.test/",
        "/\\evil.test/",
        "/\u{e4}",
        "/a b",
        "relative",
        "",
        "javascript:alert(1)",
    ];
    for location in elsewhere {
        for status in [301, 302, 303, 307, 308] {
            for (got, github) in each(|_| Reply::redirect(status, location)) {
                got.problem("unreachable");
                assert_eq!(github.asked().len(), 1, "{location}");
            }
        }
    }
    for (got, _) in each(|_| Reply::status(301)) {
        got.problem("unreachable");
    }
}

#[test]
fn redirects_in_a_circle_end() {
    for (got, github) in each(|address| Reply::redirect(302, address)) {
        got.problem("unreachable");
        assert_eq!(github.asked().len(), REDIRECTS_MAX + 1);
    }
}

#[test]
fn other_paths_cause_no_request_to_github() {
    let hostile = [
        ("GET", "/", "not_found", 404),
        ("GET", "/orgs/fluxcd/packages/charts/flagger", "not_found", 404),
        ("GET", "/orgs/..%2F..%2Flogin/packages", "bad_request", 400),
        ("GET", "/orgs/fluxcd/packages/..%2F..%2Flogin", "bad_request", 400),
        ("GET", "/orgs/fluxcd/packages/a%00b", "bad_request", 400),
        (
            "GET",
            "/orgs/fluxcd/packages/a%0D%0AHost:%20evil.test",
            "bad_request",
            400,
        ),
        ("GET", "/orgs/fluxcd/packages/%FF%FE/versions", "bad_request", 400),
        ("GET", "/orgs/fluxcd/packages/flagger%3Ftab=x", "bad_request", 400),
        ("PUT", "/orgs/fluxcd/packages", "bad_request", 405),
        ("GET", "/extract", "bad_request", 405),
        ("PROPFIND", "/healthz", "bad_request", 405),
    ];
    let long = format!("/orgs/fluxcd/packages/{}", "a".repeat(5_000));
    for (method, target, kind, status) in
        hostile
            .into_iter()
            .chain(iter::once(("GET", long.as_str(), "bad_request", 400)))
    {
        let github = FakeGitHub::default();
        let got = github.ask(method, target);
        got.problem(kind);
        assert_eq!(got.0.status, status, "{method} {target}");
        assert_eq!(got.header("allow").is_some(), status == 405);
        assert_eq!(github.asked().len(), 0, "{method} {target}");
    }
}

#[test]
fn the_error_for_another_posted_body_has_its_kind() {
    let page = PackagePage::default().render();
    let changed = PackagePage {
        change: Some(Change::LabelRenamed),
        ..PackagePage::default()
    }
    .render();
    let plain = |body: Vec<u8>| (Content::default(), body);
    let encoded = |encoding: &str, body: Vec<u8>| {
        (
            Content {
                encoding: Some(encoding.into()),
                length: None,
            },
            body,
        )
    };
    for ((content, body), kind) in [
        (plain(Vec::new()), "bad_request"),
        (plain(pages::login().into_bytes()), "bad_request"),
        (plain(page.as_bytes()[..page.len() / 2].to_vec()), "bad_request"),
        (plain((0..=255).cycle().take(100_000).collect()), "bad_request"),
        (
            plain(pages::rate_limit(RateLimit::Secondary).into_bytes()),
            "rate_limited",
        ),
        (plain(changed.into_bytes()), "markup_changed"),
        (plain(vec![b'x'; 100_000_000]), "too_large"),
        (encoded("gzip", gzip(&vec![b'x'; 100_000_000])), "too_large"),
        (encoded("gzip", page.clone().into_bytes()), "bad_request"),
        (encoded("br", page.clone().into_bytes()), "bad_request"),
        (
            (
                Content {
                    encoding: None,
                    length: Some(12),
                },
                page.clone().into_bytes(),
            ),
            "bad_request",
        ),
        (
            (
                Content {
                    encoding: None,
                    length: Some(u64::MAX),
                },
                page.clone().into_bytes(),
            ),
            "too_large",
        ),
    ] {
        let github = FakeGitHub::default();
        let got = github.answer(Request {
            method: "POST",
            target: "/extract",
            content,
            body: Whole::new(body),
        });
        let problem = got.problem(kind);
        let status = match kind {
            "too_large" => 413,
            "markup_changed" => 502,
            "rate_limited" => 429,
            _ => 400,
        };
        assert_eq!(got.0.status, status, "{problem}");
        assert_eq!(github.asked().len(), 0);
    }
}

#[test]
fn an_unused_body_is_read_before_the_response() {
    /// A body of this number of bytes, with a count of the bytes that were read.
    struct Counted<'a>(u64, &'a std::cell::Cell<u64>);

    impl Body for Counted<'_> {
        async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
            let chunk_bytes = (self.0 - self.1.get()).min(65_536);
            self.1.set(self.1.get() + chunk_bytes);
            Ok((chunk_bytes > 0).then(|| vec![b'x'; chunk_bytes as usize]))
        }
    }

    let page = PAGE_MAX_BYTES;
    for (method, target, encoding, bytes, announced, status) in [
        ("POST", "/extract", None, page + 1, None, 413),
        ("POST", "/extract", None, page + 6_000_000, None, 413),
        ("POST", "/extract", None, page + 6_000_000, Some(page + 6_000_000), 413),
        ("POST", "/extract", Some("br"), 5_000_000, None, 400),
        ("POST", "/extract", Some("gzip"), 3_000_000, None, 400),
        ("POST", "/orgs/fluxcd/packages", None, 5_000_000, None, 405),
        ("PUT", "/nothing", None, 5_000_000, None, 404),
        ("GET", "/healthz", None, 5_000_000, None, 200),
    ] {
        let taken = std::cell::Cell::new(0);
        let content = Content {
            encoding: encoding.map(str::to_owned),
            length: announced,
        };
        let body = Counted(bytes, &taken);
        let got = FakeGitHub::default().answer(Request {
            method,
            target,
            content,
            body,
        });
        assert_eq!((got.0.status, taken.get()), (status, bytes), "{method} {target}");
    }
    // An endless body is not read to its end: of a page 4 MiB and a chunk, and then 16 MiB and a chunk.
    let taken = std::cell::Cell::new(0);
    let got = FakeGitHub::default().answer(Request {
        method: "POST",
        target: "/extract",
        content: Content::default(),
        body: Counted(u64::MAX, &taken),
    });
    got.problem("too_large");
    assert_eq!(taken.get(), (64 + 1 + 256 + 1) * 65_536);
}

#[test]
fn an_incomplete_posted_body_is_an_error() {
    struct Stops(Option<Vec<u8>>, Interruption);

    impl Body for Stops {
        async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
            self.0.take().map(Some).ok_or_else(|| self.1.clone())
        }
    }

    for (interruption, kind, status) in [
        (Interruption::TimedOut("the body".into()), "timed_out", 408),
        (Interruption::Failed("the connection broke".into()), "bad_request", 400),
    ] {
        let body = Stops(Some(PackagePage::default().render().into_bytes()), interruption);
        let request = Request {
            method: "POST",
            target: "/extract",
            content: Content::default(),
            body,
        };
        let got = FakeGitHub::default().answer(request);
        got.problem(kind);
        assert_eq!(got.0.status, status);
    }
}

#[test]
fn invalid_settings_are_named() {
    let target = "/orgs/fluxcd/packages";
    let request = Request {
        method: "GET",
        target,
        content: Content::default(),
        body: Whole::default(),
    };
    let wrong =
        || -> Result<GitHub<FakeGitHub>, String> { Err(Settings::new("github.com", "", "30").expect_err("no URL")) };
    let answer = crate::fake::ready(respond(request, wrong));
    let problem = TestResponse(answer).problem("unreachable");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("github_url")),
        "{problem}"
    );
}
