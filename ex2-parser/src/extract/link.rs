//! The URLs of GitHub that links in lists lead to.

use alloc::{string::String, vec::Vec};

/// The origin of absolute links to GitHub. Most links are paths.
const SITE: &[u8] = b"https://github.com";
/// The longest name of a package that ghcr.io accepts.
const MAX_NAME_BYTES: usize = 255;
/// More segments than any URL below has.
const MAX_SEGMENTS: usize = 8;

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link<'a> {
    /// A container package. `name` is `None` if no package can have the name.
    Package { owner: &'a [u8], name: Option<String> },
    /// A package of another ecosystem.
    OtherPackage,
    /// A repository.
    Repository { owner: &'a [u8], name: &'a [u8] },
    /// A version of a container package, and the tag in the link. `Some(None)` is a tag that no version can have.
    Version { id: u64, tag: Option<Option<String>> },
}

impl<'a> Link<'a> {
    /// Reads a link's URL; `None` if it leads to anything else.
    pub(super) fn read(href: &'a [u8]) -> Option<Self> {
        let (path, query) = split(href)?;
        let mut segments = [&b""[..]; MAX_SEGMENTS];
        let mut count = 0;
        for segment in path.split(|&byte| byte == b'/') {
            *segments.get_mut(count)? = segment;
            count += 1;
        }
        let segments = &segments[..count];
        if let Some(id) = version_id(segments) {
            let tag = parameter(query, b"tag").map(|tag| decode(tag).filter(|tag| is_name(tag) && !tag.contains('/')));
            return Some(Self::Version { id, tag });
        }
        Some(match *segments {
            [b"orgs" | b"users", owner, b"packages", b"container", b"package", name]
            | [owner, _, b"pkgs", b"container", name] => Self::Package {
                owner,
                name: decode(name).filter(|name| is_name(name)),
            },
            [b"orgs" | b"users", _, b"packages", _, b"package", _] | [_, _, b"pkgs", _, _] => Self::OtherPackage,
            [_, _, b"packages", id] if super::text::digits(id).is_some() => Self::OtherPackage,
            [b"orgs" | b"users" | b"topics" | b"sponsors" | b"settings", _] => return None,
            [owner, name] if is_word(owner) && is_word(name) => Self::Repository { owner, name },
            _ => return None,
        })
    }
}

/// The value of a parameter in the query of a link's URL.
pub(super) fn query_parameter<'a>(href: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    parameter(split(href)?.1, name)
}

/// Whether the URL of a next page is not one of packages: it leads to another site, or to another part of GitHub.
pub(super) fn leaves_packages(href: &[u8]) -> bool {
    match split(href) {
        // A URL without a scheme, but with a host.
        Some(_) if href.starts_with(b"//") => true,
        Some((path, _)) => !path
            .split(|&byte| byte == b'/')
            .any(|segment| matches!(segment, b"packages" | b"pkgs")),
        None => href.starts_with(b"http:") || href.starts_with(b"https:"),
    }
}

/// The path without its first slash, and the query.
fn split(href: &[u8]) -> Option<(&[u8], &[u8])> {
    let href = href.strip_prefix(SITE).unwrap_or(href).strip_prefix(b"/")?;
    let href = href.split(|&byte| byte == b'#').next()?;
    Some(match href.iter().position(|&byte| byte == b'?') {
        Some(at) => (&href[..at], &href[at + 1..]),
        None => (href, b""),
    })
}

fn parameter<'a>(query: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    query
        .split(|&byte| byte == b'&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
}

/// `…/container/<name>/<id>` or `…/container/package/<name>/<id>`.
fn version_id(segments: &[&[u8]]) -> Option<u64> {
    match *segments {
        [_, _, b"pkgs", b"container", _, id]
        | [b"orgs" | b"users", _, b"packages", b"container", b"package", _, id] => super::text::digits(id),
        [b"orgs" | b"users", _, b"packages", b"container", name, id] if name != b"package" => super::text::digits(id),
        _ => None,
    }
}

/// Decodes percent-encoding such as `%2F`, once.
fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let hex = |digit: u8| char::from(digit).to_digit(16);
        bytes.push((hex(digits[0])? * 16 + hex(digits[1])?) as u8);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// Whether a registry accepts the name: words of letters, digits, `.`, `_` and `-`, separated by slashes. A word that
/// changes a path, such as `..`, is not accepted.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && name.split('/').all(|word| is_word(word.as_bytes()))
}

fn is_word(word: &[u8]) -> bool {
    !matches!(word, b"" | b"." | b"..")
        && word
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(owner: &str, name: Option<&str>) -> Option<Link<'static>> {
        Some(Link::Package {
            owner: owner.to_owned().leak().as_bytes(),
            name: name.map(Into::into),
        })
    }

    #[test]
    fn each_form_of_a_package_url_is_recognised() {
        for href in [
            "/orgs/fluxcd/packages/container/package/charts%2Fflagger",
            "/users/fluxcd/packages/container/package/charts%2fflagger",
            "/fluxcd/flagger/pkgs/container/charts%2Fflagger",
            "https://github.com/fluxcd/flagger/pkgs/container/charts%2Fflagger?tab=x#y",
        ] {
            assert_eq!(
                Link::read(href.as_bytes()),
                package("fluxcd", Some("charts/flagger")),
                "{href}"
            );
        }
    }

    #[test]
    fn impossible_package_names_are_rejected() {
        for name in [
            "..",
            "..%2Fx",
            "a%2F..%2Fb",
            "%2Fa",
            "a%2F",
            "a%00b",
            "a%252Fb",
            "a%",
            "a%F",
            "a%zz",
            "%C3%A9",
            "%FF",
            "a&b",
            "",
        ] {
            let href = format!("/orgs/fluxcd/packages/container/package/{name}");
            assert_eq!(Link::read(href.as_bytes()), package("fluxcd", None), "{name}");
        }
        let href = format!("/orgs/fluxcd/packages/container/package/{}", "a".repeat(5_000));
        assert_eq!(Link::read(href.as_bytes()), package("fluxcd", None));
    }

    #[test]
    fn other_links_are_distinguished() {
        assert_eq!(Link::read(b"/fluxcd/repo/packages/12345"), Some(Link::OtherPackage));
        assert_eq!(
            Link::read(b"/orgs/fluxcd/packages/npm/package/x"),
            Some(Link::OtherPackage)
        );
        assert_eq!(
            Link::read(b"/fluxcd/flagger"),
            Some(Link::Repository {
                owner: b"fluxcd",
                name: b"flagger"
            })
        );
        for href in [
            "https://example.com/orgs/fluxcd/packages/container/package/x",
            "//example.com/orgs/fluxcd/packages/container/package/x",
            "orgs/fluxcd/packages/container/package/x",
            "/orgs/fluxcd/packages",
            "/orgs/fluxcd",
            "/fluxcd",
            "/fluxcd/",
            "//flagger",
            "/fluxcd/a%20b",
            "/flux%20cd/flagger",
            "/fluxcd/repo/packages/latest",
            "/a/b/c/d/e/f/g/h/i/j",
            "/",
            "",
        ] {
            assert_eq!(Link::read(href.as_bytes()), None, "{href}");
        }
    }

    #[test]
    fn versions_have_an_id_and_an_optional_tag() {
        let version = |id, tag: Option<Option<&str>>| {
            Some(Link::Version {
                id,
                tag: tag.map(|tag| tag.map(Into::into)),
            })
        };
        assert_eq!(
            Link::read(b"/orgs/o/packages/container/image/1?tag=v9.3.2-rc.1"),
            version(1, Some(Some("v9.3.2-rc.1")))
        );
        assert_eq!(
            Link::read(b"/orgs/o/packages/container/package/image/2"),
            version(2, None)
        );
        assert_eq!(
            Link::read(b"/o/r/pkgs/container/a%2Fb/3?x=y&tag=latest#z"),
            version(3, Some(Some("latest")))
        );
        assert_eq!(
            Link::read(b"/o/r/pkgs/container/image/4?tag=.."),
            version(4, Some(None))
        );
        assert_eq!(
            Link::read(b"/o/r/pkgs/container/image/4?tag=a%2Fb"),
            version(4, Some(None))
        );
        // A package named `5` is not version 5 of a package.
        assert_eq!(
            Link::read(b"/orgs/o/packages/container/package/5"),
            package("o", Some("5"))
        );
    }
}
