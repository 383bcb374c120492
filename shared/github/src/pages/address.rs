//! The paths of GitHub's pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to encode in a segment of a path. A slash in a name is one of them: `charts%2Fflagger`.
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

/// A page of an organisation's container packages; `page` begins with 1.
pub fn organisation_packages(organisation: &str, page: u32) -> String {
    format!(
        "/orgs/{}/packages?ecosystem=container&page={page}",
        segment(organisation)
    )
}

/// A page of a user's container packages; `page` begins with 1.
pub fn user_packages(user: &str, page: u32) -> String {
    format!("/{}?tab=packages&ecosystem=container&page={page}", segment(user))
}

/// The common prefix of the paths of a package's versions, with or without a repository, and without `package/`:
/// `/orgs/fluxcd/packages/container/charts%2Fflagger`, `/users/octocat/packages/container/image`.
pub fn versions_of(owner: &str, owner_is_user: bool, name: &str) -> String {
    let accounts = if owner_is_user { "users" } else { "orgs" };
    format!("/{accounts}/{}/packages/container/{}", segment(owner), segment(name))
}

/// The tagged versions of a package, without the page's number; `versions_of` is the result of [`versions_of()`].
pub fn tagged_versions(versions_of: &str) -> String {
    format!("{versions_of}/versions?filters%5Bversion_type%5D=tagged")
}

/// A page of the tagged versions of a package; `page` begins with 1.
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
