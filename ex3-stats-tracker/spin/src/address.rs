//! GitHub's URLs: the URL of each page, and the order in which the forms of a URL are tried.
//!
//! The stand-in shares no code with this file. Tests compare the URLs of both with links on recorded pages, so that the
//! two cannot agree on an error.

use crate::name::{Owner, PackageName, Repository};

/// The kind of an account. GitHub has different URLs for organisations and users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// `/orgs/fluxcd/…`
    Organization,
    /// `/users/octocat/…`
    User,
}

impl OwnerKind {
    /// Both kinds, in the order in which they are tried if the kind is unknown: the more frequent one first.
    pub const ALL: [OwnerKind; 2] = [OwnerKind::Organization, OwnerKind::User];

    /// The kind's name in requests and in the header `Owner-Kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            OwnerKind::Organization => "organization",
            OwnerKind::User => "user",
        }
    }

    /// Parses the output of [`as_str`](OwnerKind::as_str).
    pub fn parse(text: &str) -> Option<OwnerKind> {
        OwnerKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The first segment of the paths of an account's pages.
    fn accounts(self) -> &'static str {
        match self {
            OwnerKind::Organization => "orgs",
            OwnerKind::User => "users",
        }
    }
}

/// Facts about a package that the caller knows from the list. Each saves a request that GitHub would answer with a
/// redirect or a 404. None changes an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The package's repository in the list.
    pub repository: Option<Repository>,
    /// The kind of the account that has the list.
    pub owner: Option<OwnerKind>,
}

/// A page of an account's list of container packages.
pub fn package_list(kind: OwnerKind, owner: &Owner, page: u32) -> String {
    match kind {
        OwnerKind::Organization => format!("/orgs/{owner}/packages?ecosystem=container&page={page}"),
        OwnerKind::User => format!("/{owner}?tab=packages&ecosystem=container&page={page}"),
    }
}

/// The possible paths of a package's page, with the most likely first.
pub fn package(owner: &Owner, name: &PackageName, hints: &Hints) -> Vec<String> {
    forms(owner, name, hints, "package/", "")
}

/// The possible paths of a package's tagged versions, with the most likely first and without the number of the page.
///
/// Unlike a package's page, a list of versions has no `package/` before the name.
pub fn version_list(owner: &Owner, name: &PackageName, hints: &Hints) -> Vec<String> {
    forms(owner, name, hints, "", "/versions?filters%5Bversion_type%5D=tagged")
}

/// The form with the repository, if it is known, and the forms with the account.
///
/// A repository of another owner is ignored: its path leads to a package of that owner.
fn forms(owner: &Owner, name: &PackageName, hints: &Hints, before: &str, after: &str) -> Vec<String> {
    let name = name.to_segment();
    let repository = hints
        .repository
        .as_ref()
        .filter(|repository| repository.is_of(owner))
        .map(|repository| format!("/{owner}/{}/pkgs/container/{name}{after}", repository.name()));
    let kinds = OwnerKind::ALL
        .into_iter()
        .filter(|kind| hints.owner.is_none_or(|known| known == *kind));
    let accounts = kinds.map(|kind| format!("/{}/{owner}/packages/container/{before}{name}{after}", kind.accounts()));
    repository.into_iter().chain(accounts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(repository: Option<&str>, owner: Option<OwnerKind>) -> Hints {
        Hints {
            repository: repository.map(|text| Repository::parse(text).expect("a repository")),
            owner,
        }
    }

    fn flagger() -> (Owner, PackageName) {
        let owner = Owner::from_segment("fluxcd").expect("an owner");
        (owner, PackageName::from_segment("charts%2Fflagger").expect("a name"))
    }

    #[test]
    fn hints_order_and_limit_the_paths() {
        let (owner, name) = flagger();
        let repository = "/fluxcd/flagger/pkgs/container/charts%2Fflagger";
        let organization = "/orgs/fluxcd/packages/container/package/charts%2Fflagger";
        let user = "/users/fluxcd/packages/container/package/charts%2Fflagger";
        for (hints, addresses) in [
            (hints(None, None), vec![organization, user]),
            (hints(None, Some(OwnerKind::Organization)), vec![organization]),
            (hints(None, Some(OwnerKind::User)), vec![user]),
            (
                hints(Some("fluxcd/flagger"), None),
                vec![repository, organization, user],
            ),
            (
                hints(Some("FluxCD/flagger"), Some(OwnerKind::User)),
                vec![repository, user],
            ),
            (hints(Some("flagger"), Some(OwnerKind::User)), vec![repository, user]),
            (hints(Some("octocat/flagger"), Some(OwnerKind::User)), vec![user]),
        ] {
            assert_eq!(package(&owner, &name, &hints), addresses, "{hints:?}");
        }
    }

    #[test]
    fn paths_of_versions_have_no_word_before_the_name() {
        let (owner, name) = flagger();
        let query = "/versions?filters%5Bversion_type%5D=tagged";
        assert_eq!(
            version_list(&owner, &name, &hints(Some("flagger"), None)),
            [
                format!("/fluxcd/flagger/pkgs/container/charts%2Fflagger{query}"),
                format!("/orgs/fluxcd/packages/container/charts%2Fflagger{query}"),
                format!("/users/fluxcd/packages/container/charts%2Fflagger{query}"),
            ]
        );
    }

    /// Compares the paths with links on GitHub's real pages, if those are beside the repository.
    #[test]
    fn paths_match_the_links_on_recorded_pages() {
        let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/ghcr/pages");
        let read = |page: &str| std::fs::read_to_string(pages.join(page)).ok();
        let (Some(package_page), Some(list)) =
            (read("package_2026-05-10_nas-doctor.html"), read("org-list_shape.html"))
        else {
            eprintln!("skipped: no recorded pages in {}", pages.display());
            return;
        };
        let linked = |page: &str, address: &str| page.contains(&format!("href=\"{}\"", address.replace('&', "&amp;")));

        let owner = Owner::from_segment("mcdays94").expect("an owner");
        let name = PackageName::from_segment("nas-doctor").expect("a name");
        let [user] = &version_list(&owner, &name, &hints(None, Some(OwnerKind::User)))[..] else {
            panic!("one form")
        };
        assert!(linked(&package_page, user), "{user}");
        let [repository, _] = &package(
            &owner,
            &name,
            &hints(Some("mcdays94/nas-doctor"), Some(OwnerKind::User)),
        )[..] else {
            panic!("two forms")
        };
        // The page's own URL, from the link to the login form.
        let encoded = repository.replace('/', "%2F");
        assert!(
            package_page.contains(&format!("return_to=https%3A%2F%2Fgithub.com{encoded}\"")),
            "{repository}"
        );

        let owner = Owner::from_segment("example").expect("an owner");
        let name = PackageName::from_segment("image").expect("a name");
        let [organization] = &package(&owner, &name, &hints(None, Some(OwnerKind::Organization)))[..] else {
            panic!("one form")
        };
        assert!(linked(&list, organization), "{organization}");
    }
}
