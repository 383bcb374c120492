//! Routing: finds the endpoint of a request.

use crate::address::{Hints, OwnerKind};
use crate::name::{Owner, PackageName, Repository};
use crate::problem::{Kind, Problem};

/// An endpoint with its valid parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /orgs/{org}/packages`
    Packages(Owner),
    /// `GET /orgs/{org}/packages/{name}`
    Package(Owner, PackageName, Hints),
    /// `GET /orgs/{org}/packages/{name}/versions`
    Versions(Owner, PackageName, Hints),
    /// `POST /extract`
    Extract,
    /// `GET /healthz`
    Health,
}

impl Route {
    /// Finds the endpoint of a request by its method and its target: a percent-encoded path, with an optional query that
    /// may have [`Hints`].
    ///
    /// # Errors
    ///
    /// `not_found` for an unknown path, `bad_request` with the status 405 for a method that the path does not allow, and
    /// `bad_request` for a name that no account, package or repository can have.
    pub fn find(method: &str, target: &str) -> Result<Route, Problem> {
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        // The longest path has five segments. The sixth is kept, so that a longer path does not match.
        let segments: [Option<&str>; 6] = std::array::from_fn(|_| segments.next());
        match segments {
            [Some("orgs"), Some(owner), Some("packages"), None, ..] => {
                reading(method)?;
                Ok(Route::Packages(self::owner(owner)?))
            }
            [Some("orgs"), Some(owner), Some("packages"), Some(name), None, _] => {
                reading(method)?;
                Ok(Route::Package(self::owner(owner)?, package_name(name)?, hints(query)?))
            }
            [
                Some("orgs"),
                Some(owner),
                Some("packages"),
                Some(name),
                Some("versions"),
                None,
            ] => {
                reading(method)?;
                Ok(Route::Versions(self::owner(owner)?, package_name(name)?, hints(query)?))
            }
            [Some("extract"), None, ..] => {
                if method != "POST" {
                    return Err(Problem::method_not_allowed("POST"));
                }
                Ok(Route::Extract)
            }
            [Some("healthz"), None, ..] => {
                reading(method)?;
                Ok(Route::Health)
            }
            _ => Err(Problem::new(
                Kind::NotFound,
                "no such path; there are /orgs/{org}/packages, /orgs/{org}/packages/{name}, \
                 /orgs/{org}/packages/{name}/versions, /extract and /healthz",
            )),
        }
    }
}

fn reading(method: &str) -> Result<(), Problem> {
    match method {
        "GET" | "HEAD" => Ok(()),
        _ => Err(Problem::method_not_allowed("GET, HEAD")),
    }
}

fn owner(segment: &str) -> Result<Owner, Problem> {
    Owner::from_segment(segment).ok_or_else(|| Problem::new(Kind::BadRequest, Owner::RULE))
}

fn package_name(segment: &str) -> Result<PackageName, Problem> {
    PackageName::from_segment(segment).ok_or_else(|| Problem::new(Kind::BadRequest, PackageName::RULE))
}

/// The hints in a query; other parameters are ignored.
fn hints(query: &str) -> Result<Hints, Problem> {
    let refused = |rule| Problem::new(Kind::BadRequest, rule);
    let mut hints = Hints::default();
    for (name, value) in query.split('&').filter_map(|parameter| parameter.split_once('=')) {
        match name {
            "repository" => {
                let repository = Repository::from_query(value).ok_or_else(|| refused(Repository::RULE))?;
                hints.repository = Some(repository);
            }
            "owner" => {
                let owner = OwnerKind::parse(value).ok_or_else(|| refused("an owner is organization or user"))?;
                hints.owner = Some(owner);
            }
            _ => {}
        }
    }
    Ok(hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_and_other_parameters_ignored() {
        let route = |query: &str| {
            let package = Route::find("GET", &format!("/orgs/fluxcd/packages/flagger{query}"));
            let versions = Route::find("GET", &format!("/orgs/fluxcd/packages/flagger/versions{query}"));
            match (package, versions) {
                (Ok(Route::Package(_, _, hints)), Ok(Route::Versions(_, _, same))) if hints == same => Ok(hints),
                (Err(problem), Err(same)) if problem == same => Err(problem),
                other => panic!("{other:?}"),
            }
        };
        let all = Hints {
            repository: Repository::parse("fluxcd/flagger"),
            owner: Some(OwnerKind::Organization),
        };
        assert_eq!(route("?x=y&owner=organization&repository=fluxcd%2Fflagger&&z"), Ok(all));
        assert_eq!(route("?Owner=x&repositories=..&owner"), Ok(Hints::default()));
        for query in [
            "?owner=",
            "?owner=organisation",
            "?owner=User",
            "?repository=",
            "?repository=..",
            "?repository=a/b/c",
            "?repository=%2e%2e%2flogin",
            "?repository=a%0d%0ab",
            "?repository=a&owner=both",
        ] {
            let problem = route(query).expect_err(query);
            assert_eq!((problem.kind, problem.status), (Kind::BadRequest, 400), "{query}");
        }
    }

    fn fluxcd() -> Owner {
        Owner::from_segment("fluxcd").expect("an owner")
    }

    fn flagger() -> PackageName {
        PackageName::from_segment("charts%2Fflagger").expect("a name")
    }

    #[test]
    fn every_endpoint_is_found() {
        for (method, target, route) in [
            ("GET", "/orgs/fluxcd/packages", Route::Packages(fluxcd())),
            ("HEAD", "/orgs/fluxcd/packages?page=2", Route::Packages(fluxcd())),
            (
                "GET",
                "/orgs/fluxcd/packages/charts%2Fflagger",
                Route::Package(fluxcd(), flagger(), Hints::default()),
            ),
            (
                "GET",
                "/orgs/fluxcd/packages/charts%2Fflagger/versions",
                Route::Versions(fluxcd(), flagger(), Hints::default()),
            ),
            ("POST", "/extract", Route::Extract),
            ("GET", "/healthz", Route::Health),
            ("HEAD", "/healthz", Route::Health),
        ] {
            assert_eq!(Route::find(method, target), Ok(route), "{method} {target}");
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for target in [
            "",
            "/",
            "//",
            "/orgs",
            "/orgs/fluxcd",
            "/orgs/fluxcd/packages/charts/flagger",
            "/orgs/fluxcd/packages/flagger/versions/",
            "/orgs/fluxcd/packages/flagger/versions/1",
            "/orgs/fluxcd/packages/../packages/flagger",
            "/healthz/",
            "/HEALTHZ",
            "/extract/x",
            "//orgs/fluxcd/packages",
            "/?/healthz",
            &"/a".repeat(5_000),
        ] {
            let problem = Route::find("GET", target).expect_err(target);
            assert_eq!((problem.kind, problem.status), (Kind::NotFound, 404), "{target}");
        }
    }

    #[test]
    fn the_error_for_a_wrong_method_names_the_allowed_ones() {
        for (method, target, allow) in [
            ("POST", "/orgs/fluxcd/packages", "GET, HEAD"),
            ("DELETE", "/orgs/fluxcd/packages/flagger", "GET, HEAD"),
            ("get", "/healthz", "GET, HEAD"),
            ("OPTIONS", "/orgs/fluxcd/packages/flagger/versions", "GET, HEAD"),
            ("GET", "/extract", "POST"),
            ("HEAD", "/extract", "POST"),
        ] {
            let problem = Route::find(method, target).expect_err(target);
            assert_eq!(
                (problem.kind, problem.status, problem.allow),
                (Kind::BadRequest, 405, Some(allow))
            );
        }
    }

    #[test]
    fn invalid_names_are_bad_requests() {
        for target in [
            "/orgs//packages",
            "/orgs/../packages",
            "/orgs/%2E%2E/packages",
            "/orgs/a%2Fb/packages",
            "/orgs/%FF/packages",
            "/orgs/fluxcd/packages/",
            "/orgs/fluxcd/packages/..",
            "/orgs/fluxcd/packages/..%2F..%2Fsettings",
            "/orgs/fluxcd/packages/flagger%00",
            "/orgs/fluxcd/packages/flagger%3Ftab=x/versions",
        ] {
            let problem = Route::find("GET", target).expect_err(target);
            assert_eq!((problem.kind, problem.status), (Kind::BadRequest, 400), "{target}");
        }
        let long = format!("/orgs/fluxcd/packages/{}", "a".repeat(5_000));
        assert_eq!(Route::find("GET", &long).expect_err("too long").kind, Kind::BadRequest);
    }

    proptest::proptest! {
        #[test]
        fn no_request_causes_a_panic(method in "\\PC{0,8}", target in "\\PC{0,60}|/orgs/\\PC{0,20}/packages/\\PC{0,20}") {
            let _ = Route::find(&method, &target);
        }
    }
}
