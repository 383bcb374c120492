//! GitHub's addresses: which page stands where, and in which order the forms of an address are asked for.
//!
//! Nothing is shared with the stand-in, whose addresses are its own: both are held to links of recorded pages.

use std::fmt;

use crate::name::{Owner, PackageName, Repository};

/// Whether an account is an organisation or a user. GitHub has other addresses for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// `/orgs/fluxcd/…`
    Organization,
    /// `/users/octocat/…`
    User,
}

impl OwnerKind {
    /// Both, the more frequent first: the order in which they are asked for where nothing is known.
    pub const ALL: [OwnerKind; 2] = [OwnerKind::Organization, OwnerKind::User];

    /// The kind's name in requests and in the header `Owner-Kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            OwnerKind::Organization => "organization",
            OwnerKind::User => "user",
        }
    }

    /// Reads what [`as_str`](OwnerKind::as_str) writes.
    pub fn parse(text: &str) -> Option<OwnerKind> {
        OwnerKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The first segment of an account's addresses.
    fn accounts(self) -> &'static str {
        match self {
            OwnerKind::Organization => "orgs",
            OwnerKind::User => "users",
        }
    }
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the caller knows of a package from the list. Each saves a request that GitHub would answer with a redirect or
/// a 404; none changes an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The repository that the list named.
    pub repository: Option<Repository>,
    /// What kind of account the list was found under.
    pub owner: Option<OwnerKind>,
}

/// A page of an account's list of container packages.
pub fn package_list(kind: OwnerKind, owner: &Owner, page: u32) -> String {
    match kind {
        OwnerKind::Organization => format!("/orgs/{owner}/packages?ecosystem=container&page={page}"),
        OwnerKind::User => format!("/{owner}?tab=packages&ecosystem=container&page={page}"),
    }
}

/// Where a package's page may be, the likeliest first.
pub fn package(owner: &Owner, name: &PackageName, hints: &Hints) -> Vec<String> {
    forms(owner, name, hints, "package/", "")
}

/// Where a package's tagged versions may be, the likeliest first: each without the number of the page.
///
/// Unlike a package's page, a list of versions has no `package/` before the name.
pub fn version_list(owner: &Owner, name: &PackageName, hints: &Hints) -> Vec<String> {
    forms(owner, name, hints, "", "/versions?filters%5Bversion_type%5D=tagged")
}

/// The repository's form, where the repository is known, and the accounts'.
///
/// A repository of somebody else is no hint: what stands there is another account's package.
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
    fn what_is_known_comes_first_and_what_is_ruled_out_not_at_all() {
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
    fn versions_have_no_word_before_the_name() {
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

    /// Links of pages that GitHub itself wrote, where they lie beside the clone.
    #[test]
    fn recorded_pages_link_what_is_asked_for() {
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
        // The page's own address, as its link to the login form gives it back.
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
