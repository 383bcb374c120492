//! The names in a request: of accounts, packages and repositories. Values of these types are always valid.
//!
//! A name becomes part of a URL on github.com. So a name that GitHub or the registry would not accept is rejected before
//! any request, such as `..`, a second segment, a query or a control character.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The longest account name on GitHub.
const OWNER_MAX: usize = 39;

/// The longest repository name on GitHub.
const REPOSITORY_MAX: usize = 100;

/// The longest repository name in a registry (the OCI distribution specification's limit for clients).
const PACKAGE_NAME_MAX: usize = 255;

/// An organisation's or user's account name: 1 to 39 ASCII letters, digits and hyphens, no hyphen first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// The rule for account names, for error messages.
    pub const RULE: &str = "an account name has 1 to 39 letters, digits and hyphens, and no hyphen first";

    /// Reads one percent-encoded path segment.
    pub fn from_segment(segment: &str) -> Option<Owner> {
        Owner::parse(decode(segment, OWNER_MAX)?)
    }

    fn parse(name: String) -> Option<Owner> {
        let valid = (1..=OWNER_MAX).contains(&name.len())
            && !name.starts_with('-')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        valid.then_some(Owner(name))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A container package's name: an OCI repository path in lower case of at most 255 characters, such as
/// `source-controller` or `charts/flagger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageName(String);

impl PackageName {
    /// The rule for package names, for error messages.
    pub const RULE: &str = "a container package's name has 1 to 255 lower-case letters, digits and single separators \
                            (. _ __ -), with its slashes percent-encoded: charts%2Fflagger";

    /// Reads one percent-encoded path segment, in which a slash of the name is `%2F`.
    pub fn from_segment(segment: &str) -> Option<PackageName> {
        let name = decode(segment, PACKAGE_NAME_MAX)?;
        name.split('/').all(is_path_component).then_some(PackageName(name))
    }

    /// The decoded name, with its slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one segment of a path. A slash is the only character of a name that has to be encoded.
    pub fn to_segment(&self) -> String {
        self.0.replace('/', "%2F")
    }
}

/// The name of a repository, with or without its owner: `fluxcd/flagger`, `flagger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    owner: Option<Owner>,
    name: String,
}

impl Repository {
    /// The rule for repositories, for error messages.
    pub const RULE: &str = "a repository is OWNER/NAME or NAME, percent-encoded; its name has 1 to 100 letters, digits, \
                            full stops, hyphens and underscores";

    /// Reads one percent-encoded value of a query.
    pub fn from_query(value: &str) -> Option<Repository> {
        Repository::parse(&decode(value, OWNER_MAX + 1 + REPOSITORY_MAX)?)
    }

    /// Reads a repository as it is written in lists.
    pub fn parse(text: &str) -> Option<Repository> {
        let (owner, name) = match text.split_once('/') {
            Some((owner, name)) => (Some(Owner::parse(owner.to_owned())?), name),
            None => (None, text),
        };
        let valid = (1..=REPOSITORY_MAX).contains(&name.len())
            && !matches!(name, "." | "..")
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        valid.then(|| Repository {
            owner,
            name: name.to_owned(),
        })
    }

    /// The name without its owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the repository may belong to `owner`: it has no owner, or the same, compared without regard to case.
    pub fn is_of(&self, owner: &Owner) -> bool {
        let same = |mine: &Owner| mine.0.eq_ignore_ascii_case(&owner.0);
        self.owner.as_ref().is_none_or(same)
    }
}

/// Percent-decodes a segment; `None` for one that is not UTF-8 or longer than `limit` bytes once decoded.
fn decode(segment: &str, limit: usize) -> Option<String> {
    // An encoded byte has three characters, so a longer segment is too long without decoding it.
    if segment.len() > 3 * limit {
        return None;
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    (decoded.len() <= limit).then(|| decoded.into_owned())
}

/// A path component by the OCI distribution specification: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    is_word(first)
        && is_word(last)
        && bytes.split(|&byte| is_word(byte)).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_repositories_are_accepted() {
        for text in [
            "flagger",
            "fluxcd/flagger",
            "octocat/.github",
            "a/b_c-d.e",
            &"a".repeat(100),
        ] {
            assert!(Repository::parse(text).is_some(), "{text}");
        }
        assert_eq!(
            Repository::from_query("fluxcd%2Fflagger"),
            Repository::parse("fluxcd/flagger")
        );
        let (owner, name) = ("o".repeat(39), "n".repeat(100));
        for longest in [
            format!("{owner}/{name}"),
            format!("{}%2F{}", "%6F".repeat(39), "%6E".repeat(100)),
        ] {
            assert_eq!(
                Repository::from_query(&longest),
                Repository::parse(&format!("{owner}/{name}"))
            );
        }
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            ".",
            "..",
            "a/..",
            "../a",
            "a b",
            "a?b",
            "a#b",
            "a%2Fb",
            "ä",
            "-a/b",
            "a\0",
            &"a".repeat(101),
        ] {
            assert_eq!(Repository::parse(text), None, "{text}");
        }
        for text in ["%FF", "%2E%2E", "a%2F..%2F..%2Flogin", &"a".repeat(5_000)] {
            assert_eq!(Repository::from_query(text), None, "{text}");
        }
    }

    #[test]
    fn valid_account_names_are_accepted() {
        for name in ["fluxcd", "a", "A-b-9", "0x", &"a".repeat(39)] {
            assert_eq!(
                Owner::from_segment(name).map(|owner| owner.to_string()).as_deref(),
                Some(name)
            );
        }
        assert_eq!(
            Owner::from_segment("flux%63d")
                .map(|owner| owner.to_string())
                .as_deref(),
            Some("fluxcd")
        );
        assert_eq!(
            Owner::from_segment(&"%61".repeat(39)),
            Owner::from_segment(&"a".repeat(39)),
            "the limit is that of the decoded name"
        );
    }

    #[test]
    fn invalid_account_names_are_rejected() {
        for name in [
            "",
            "-a",
            ".",
            "..",
            "a.b",
            "a_b",
            "a b",
            "a%20b",
            "a%2Fb",
            "%2e%2e",
            "a%00",
            "a?b",
            "a%3Fb",
            "a%23b",
            "ä",
            "%FF",
            "%zz",
            "%",
            "a%0d%0aX: y",
        ] {
            assert_eq!(Owner::from_segment(name), None, "{name:?}");
        }
        assert_eq!(Owner::from_segment(&"a".repeat(40)), None);
        assert_eq!(Owner::from_segment(&"a".repeat(5_000)), None);
    }

    #[test]
    fn valid_package_names_are_accepted() {
        for (segment, name) in [
            ("source-controller", "source-controller"),
            ("charts%2Fflagger", "charts/flagger"),
            ("charts%2fflagger", "charts/flagger"),
            ("a%2Fb%2Fc", "a/b/c"),
            ("a.b_c__d---e", "a.b_c__d---e"),
            ("0", "0"),
        ] {
            let parsed = PackageName::from_segment(segment).unwrap_or_else(|| panic!("{segment} is a name"));
            assert_eq!(parsed.as_str(), name);
            assert_eq!(parsed.to_segment(), segment.replace("%2f", "%2F"));
        }
        let longest = "a".repeat(255);
        for segment in [longest.clone(), "%61".repeat(255)] {
            assert_eq!(
                PackageName::from_segment(&segment).map(|name| name.0).as_ref(),
                Some(&longest)
            );
        }
    }

    #[test]
    fn invalid_package_names_are_rejected() {
        for segment in [
            "",
            "A",
            "a%2F",
            "%2Fa",
            "a%2F%2Fb",
            "..",
            "a%2F..%2Fb",
            "a..b",
            "a.",
            ".a",
            "-a",
            "a-",
            "_a",
            "a___b",
            "a.-b",
            "a%00b",
            "a%20b",
            "a%3Fb",
            "a%23b",
            "a%25b",
            "%FF%FE",
            "ä",
            "a%0Ab",
            "a\u{2215}b",
            "a\\b",
            "%252F",
        ] {
            assert_eq!(PackageName::from_segment(segment), None, "{segment:?}");
        }
        assert_eq!(PackageName::from_segment(&"a".repeat(256)), None);
        assert_eq!(PackageName::from_segment(&"a".repeat(5_000)), None);
        assert_eq!(PackageName::from_segment(&"%61".repeat(256)), None);
    }

    proptest::proptest! {
        #[test]
        fn accepted_names_are_one_segment(segment in "[ -~]{0,40}|.{0,40}") {
            if let Some(name) = PackageName::from_segment(&segment) {
                let again = name.to_segment();
                proptest::prop_assert!(!again.contains(['/', '?', '#', '\\', ' ']));
                proptest::prop_assert!(!again.contains(".."));
                proptest::prop_assert_eq!(PackageName::from_segment(&again), Some(name));
            }
        }
    }
}
