//! Finds the component for a path, and writes Spin's headers about the match.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::manifest::Route;

/// An application's routes, the most specific first.
#[derive(Clone, Debug)]
pub(super) struct Router {
    routes: Vec<Parsed>,
}

#[derive(Clone, Debug)]
struct Parsed {
    pattern: String,
    segments: Vec<Segment>,
    component: usize,
}

/// A segment of a pattern. The variants are in the order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Named(String),
    Rest,
}

/// A path that a route matched.
#[derive(Clone, Debug)]
pub(super) struct Match<'a> {
    route: &'a Parsed,
    named: Vec<(&'a str, &'a str)>,
    /// The part of the path that `...` matched, with its slash.
    rest: &'a str,
}

impl Router {
    /// `index` returns the index of a component in the caller's list.
    pub(super) fn new(routes: &[Route], index: impl Fn(&str) -> usize) -> Self {
        let mut routes: Vec<_> = routes
            .iter()
            .map(|route| Parsed {
                pattern: route.pattern.clone(),
                segments: segments(&route.pattern),
                component: index(&route.component),
            })
            .collect();
        routes.sort_by(|one, other| kinds(one).cmp(kinds(other)));
        Self { routes }
    }

    pub(super) fn route<'a>(&'a self, path: &'a str) -> Option<Match<'a>> {
        self.routes.iter().find_map(|route| route.matches(path))
    }
}

/// The kinds of a route's segments, for sorting routes by precedence, independently of names and literals.
fn kinds(route: &Parsed) -> impl Iterator<Item = u8> {
    route.segments.iter().map(|segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Named(_) => 1,
        Segment::Rest => 2,
    })
}

fn segments(pattern: &str) -> Vec<Segment> {
    // Slashes at the begin and the end are ignored, as in Spin.
    let pattern = pattern.trim_matches('/');
    if pattern.is_empty() {
        return Vec::new();
    }
    let segment = |segment: &str| match segment.strip_prefix(':') {
        Some(name) => Segment::Named(name.to_owned()),
        None if segment == "..." => Segment::Rest,
        None => Segment::Literal(segment.to_owned()),
    };
    pattern.split('/').map(segment).collect()
}

impl Parsed {
    fn matches<'a>(&'a self, path: &'a str) -> Option<Match<'a>> {
        let mut named = Vec::new();
        let mut rest = path;
        for segment in &self.segments {
            if *segment == Segment::Rest {
                return Some(Match {
                    route: self,
                    named,
                    rest,
                });
            }
            let after = rest.strip_prefix('/')?;
            let end = after.find('/').unwrap_or(after.len());
            let (found, remaining) = after.split_at(end);
            match segment {
                Segment::Literal(literal) if literal == found => {}
                Segment::Named(name) if !found.is_empty() => named.push((name.as_str(), found)),
                _ => return None,
            }
            rest = remaining;
        }
        matches!(rest, "" | "/").then_some(Match {
            route: self,
            named,
            rest: "",
        })
    }
}

impl Match<'_> {
    pub(super) fn component(&self) -> usize {
        self.route.component
    }

    /// Sets Spin's headers, and removes headers of the client that begin with `spin-`.
    pub(super) fn write_headers(&self, uri: &Uri, client: SocketAddr, headers: &mut HeaderMap) {
        let sent: Vec<_> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("spin-"))
            .cloned()
            .collect();
        for name in sent {
            headers.remove(name);
        }
        let host = headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or("localhost");
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
        let full_url = format!("http://{host}{path_and_query}");
        let prefix = self.route.pattern.strip_suffix("/...").unwrap_or(&self.route.pattern);
        let mut set = |name: &'static str, value: &str| {
            // A path is visible ASCII, but a pattern can have other characters.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("spin-full-url", &full_url);
        set("spin-path-info", self.rest);
        set("spin-matched-route", &self.route.pattern);
        set("spin-raw-component-route", &self.route.pattern);
        set("spin-component-route", prefix);
        set("spin-base-path", "/");
        set("spin-client-addr", &client.to_string());
        for (name, value) in &self.named {
            let name = HeaderName::try_from(format!("spin-path-match-{name}"));
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(patterns: &[&str]) -> Router {
        let routes: Vec<_> = patterns
            .iter()
            .map(|pattern| Route {
                pattern: (*pattern).to_owned(),
                component: (*pattern).to_owned(),
            })
            .collect();
        Router::new(&routes, |component| {
            patterns.iter().position(|pattern| *pattern == component).unwrap()
        })
    }

    #[test]
    fn the_most_specific_route_matches() {
        let patterns = ["/...", "/one/...", "/one/two", "/one/:name", "/:any/two/...", "/"];
        let router = router(&patterns);
        for (path, expected) in [
            ("/", "/"),
            ("/one", "/one/..."),
            ("/one/", "/one/..."),
            ("/one/two", "/one/two"),
            ("/one/two/", "/one/two"),
            ("/one/three", "/one/:name"),
            ("/one/three/four", "/one/..."),
            ("/three/two/one", "/:any/two/..."),
            ("/three", "/..."),
            ("//", "/..."),
        ] {
            let found = router.route(path).map(|found| patterns[found.component()]);
            assert_eq!(found, Some(expected), "{path}");
        }
    }

    #[test]
    fn other_paths_match_no_route() {
        let router = router(&["/one", "/two/:name"]);
        for path in ["/", "/on", "/one/two", "/two", "/two/", "/two/a/b", "*", ""] {
            assert!(router.route(path).is_none(), "{path}");
        }
    }

    #[test]
    fn headers_describe_the_match_and_clients_cannot_forge_them() {
        let router = router(&["/orgs/:org/..."]);
        let uri = Uri::from_static("/orgs/fluxcd/packages/a%2Fb?page=2");
        let found = router.route(uri.path()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("tracker.example:80"));
        headers.insert("spin-client-addr", HeaderValue::from_static("forged"));
        headers.insert("spin-anything", HeaderValue::from_static("forged"));
        found.write_headers(&uri, "127.0.0.1:9".parse().unwrap(), &mut headers);
        for (name, value) in [
            (
                "spin-full-url",
                "http://tracker.example:80/orgs/fluxcd/packages/a%2Fb?page=2",
            ),
            ("spin-path-info", "/packages/a%2Fb"),
            ("spin-matched-route", "/orgs/:org/..."),
            ("spin-component-route", "/orgs/:org"),
            ("spin-path-match-org", "fluxcd"),
            ("spin-client-addr", "127.0.0.1:9"),
            ("spin-base-path", "/"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert!(!headers.contains_key("spin-anything"));
    }
}
