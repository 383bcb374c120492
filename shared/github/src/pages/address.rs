//! The addresses the pages link to, as paths on the site's host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in one segment of a path; a name's slash does not: `charts%2Fflagger`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path, percent-encoded.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A package under its repository: `/fluxcd/flagger/pkgs/container/charts%2Fflagger`.
pub fn repository_package(owner: &str, repository: &str, name: &str) -> String {
    format!(
        "/{}/{}/pkgs/container/{}",
        segment(owner),
        segment(repository),
        segment(name)
    )
}

/// A package under its organisation: `/orgs/fluxcd/packages/container/package/charts%2Fflagger`.
pub fn organisation_package(organisation: &str, name: &str) -> String {
    format!(
        "/orgs/{}/packages/container/package/{}",
        segment(organisation),
        segment(name)
    )
}

/// A package under its user: `/users/octocat/packages/container/package/image`.
pub fn user_package(user: &str, name: &str) -> String {
    format!("/users/{}/packages/container/package/{}", segment(user), segment(name))
}

/// An organisation's container packages, from page 1.
pub fn organisation_packages(organisation: &str, page: u32) -> String {
    format!(
        "/orgs/{}/packages?ecosystem=container&page={page}",
        segment(organisation)
    )
}

/// A user's container packages, from page 1.
pub fn user_packages(user: &str, page: u32) -> String {
    format!("/{}?tab=packages&ecosystem=container&page={page}", segment(user))
}

/// What a package's versions have in common, whether or not it has a repository: no `package/` before the name.
/// `/orgs/fluxcd/packages/container/charts%2Fflagger`, `/users/octocat/packages/container/image`.
pub fn versions_of(owner: &str, owner_is_user: bool, name: &str) -> String {
    let accounts = if owner_is_user { "users" } else { "orgs" };
    format!("/{accounts}/{}/packages/container/{}", segment(owner), segment(name))
}

/// The tagged versions of a package, without the number of the page; `versions_of` is the part of that name.
pub fn tagged_versions(versions_of: &str) -> String {
    format!("{versions_of}/versions?filters%5Bversion_type%5D=tagged")
}

/// A page of the tagged versions of a package, from page 1.
pub fn versions(versions_of: &str, page: u32) -> String {
    format!("{}&page={page}", tagged_versions(versions_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_one_segment() {
        assert_eq!(
            organisation_package("fluxcd", "charts/flagger"),
            "/orgs/fluxcd/packages/container/package/charts%2Fflagger"
        );
        assert_eq!(
            versions(&versions_of("o", false, "image"), 2),
            "/orgs/o/packages/container/image/versions?filters%5Bversion_type%5D=tagged&page=2"
        );
        assert_eq!(versions_of("u", true, "a/b"), "/users/u/packages/container/a%2Fb");
        assert_eq!(repository_package("a", "b", "../c"), "/a/b/pkgs/container/..%2Fc");
    }
}
