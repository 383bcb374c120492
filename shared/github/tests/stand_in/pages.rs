//! GitHub's addresses and the pages under them, by the clock.

use std::time::Duration;

use github::pages;
use github::stand_in::{Fault, Options, StandIn};

use super::{CLOCK, PACKAGE, client, get, start};

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
