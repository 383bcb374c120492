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

/// The tagged versions of the package at the path `package`, from page 1.
pub fn versions(package: &str, page: u32) -> String {
    format!(
        "{}/versions?filters%5Bversion_type%5D=tagged&page={page}",
        of_versions(package)
    )
}

/// One version of the package at the path `package`.
pub fn version(package: &str, id: u64) -> String {
    format!("{}/{id}", of_versions(package))
}

/// What the addresses of a package's versions begin with: an owner's have one segment less than the package's page,
/// `/orgs/fluxcd/packages/container/flagger/versions`.
fn of_versions(package: &str) -> String {
    package.replacen("/packages/container/package/", "/packages/container/", 1)
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
            versions(&organisation_package("o", "image"), 2),
            "/orgs/o/packages/container/image/versions?filters%5Bversion_type%5D=tagged&page=2"
        );
        assert_eq!(
            version(&repository_package("o", "r", "image"), 7),
            "/o/r/pkgs/container/image/7"
        );
        assert_eq!(repository_package("a", "b", "../c"), "/a/b/pkgs/container/..%2Fc");
    }
}
