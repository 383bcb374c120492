//! The names a caller may ask for: an account's, a package's and a repository's, valid by construction.
//!
//! A parameter becomes part of an address on github.com, so nothing is fetched for one that GitHub or the
//! registry could not have given out: `..`, a second segment, a query or a control character never get that far.

use std::fmt;

use percent_encoding::percent_decode_str;

/// GitHub gives out account names of at most 39 characters.
const OWNER_MAX: usize = 39;

/// GitHub gives out repository names of at most 100 characters.
const REPOSITORY_MAX: usize = 100;

/// The longest repository name a registry takes (the OCI distribution specification's limit for clients).
const PACKAGE_NAME_MAX: usize = 255;

/// An organisation's or user's account name: 1 to 39 ASCII letters, digits and hyphens, no hyphen first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// What an account name looks like, for the one who sent another.
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
    /// What a package name looks like, for the one who sent another.
    pub const RULE: &str = "a container package's name has 1 to 255 lower-case letters, digits and single separators \
                            (. _ __ -), with its slashes percent-encoded: charts%2Fflagger";

    /// Reads one percent-encoded path segment; a slash of the name stands in it as `%2F`.
    pub fn from_segment(segment: &str) -> Option<PackageName> {
        let name = decode(segment, PACKAGE_NAME_MAX)?;
        name.split('/').all(is_path_component).then_some(PackageName(name))
    }

    /// The name itself, slashes and all.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one segment of an address. A slash is the only character of a name that has to be encoded.
    pub fn to_segment(&self) -> String {
        self.0.replace('/', "%2F")
    }
}

/// A repository: its name, and its owner's where it was given with it. `flagger`, `fluxcd/flagger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    owner: Option<Owner>,
    name: String,
}

impl Repository {
    /// What a repository looks like, for the one who sent another.
    pub const RULE: &str = "a repository is OWNER/NAME or NAME, percent-encoded; its name has 1 to 100 letters, digits, \
                            full stops, hyphens and underscores";

    /// Reads one percent-encoded value of a query.
    pub fn from_query(value: &str) -> Option<Repository> {
        Repository::parse(&decode(value, OWNER_MAX + 1 + REPOSITORY_MAX)?)
    }

    /// Reads a repository as lists name it.
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

    /// Whether `owner` owns it, as far as it says whose it is. Capitals do not matter to GitHub.
    pub fn is_of(&self, owner: &Owner) -> bool {
        let same = |mine: &Owner| mine.0.eq_ignore_ascii_case(&owner.0);
        self.owner.as_ref().is_none_or(same)
    }
}

/// Percent-decodes a segment; `None` for one that is not UTF-8 or longer than `limit` bytes once decoded.
fn decode(segment: &str, limit: usize) -> Option<String> {
    // Encoded, a byte takes three characters: what is longer still need not be decoded to be known as too long.
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
    fn repositories_github_gives_out_are_repositories() {
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
    fn accounts_github_gives_out_are_owners() {
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
    }

    #[test]
    fn anything_else_is_no_owner() {
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
    fn repository_paths_are_package_names() {
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
        assert_eq!(PackageName::from_segment(&longest).map(|name| name.0), Some(longest));
    }

    #[test]
    fn anything_else_is_no_package_name() {
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
        fn what_is_taken_can_only_be_one_segment(segment in "[ -~]{0,40}|.{0,40}") {
            if let Some(name) = PackageName::from_segment(&segment) {
                let again = name.to_segment();
                proptest::prop_assert!(!again.contains(['/', '?', '#', '\\', ' ']));
                proptest::prop_assert!(!again.contains(".."));
                proptest::prop_assert_eq!(PackageName::from_segment(&again), Some(name));
            }
        }
    }
}
