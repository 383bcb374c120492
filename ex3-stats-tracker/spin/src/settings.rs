//! What the one who runs the component may set: the Spin variables of `spin.toml`.

use std::time::Duration;

/// The variable that says where GitHub is.
pub const GITHUB_URL: &str = "github_url";

/// The variable that says whom GitHub may write to.
pub const CONTACT: &str = "contact";

/// The variable that says how many seconds one page may take altogether.
pub const PAGE_TIMEOUT: &str = "page_timeout";

/// The longest time one page may be given: the host lets nothing take longer.
const PAGE_TIMEOUT_MAX: u64 = 3_600;

/// How long everything GitHub is asked for one answer may take at least: a list can have a hundred pages.
const ANSWER_TIMEOUT_MIN: Duration = Duration::from_secs(280);

/// How much longer than one page an answer may take. With the longest page it is less than the `deadline_seconds` of
/// `spin.toml`, so that it is the component that says what took so long.
const BEYOND_ONE_PAGE: Duration = Duration::from_secs(200);

/// Longer than any contact; a header has to stay small.
const CONTACT_MAX: usize = 200;

/// The settings, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// GitHub's scheme and authority, without a slash at the end.
    pub base_url: String,
    /// How the tracker introduces itself.
    pub user_agent: String,
    /// How long one page may take altogether.
    pub page_timeout: Duration,
}

impl Settings {
    /// Checks the variables' values. An empty contact stands for the project's own address, if it has one.
    ///
    /// # Errors
    ///
    /// A sentence that names the variable and what it has to be.
    pub fn new(github_url: &str, contact: &str, page_timeout: &str) -> Result<Settings, String> {
        let base_url = base_url(github_url)
            .ok_or_else(|| format!("the variable {GITHUB_URL} has to be http(s)://HOST or http(s)://HOST:PORT"))?;
        let contact = match contact.trim() {
            "" => option_env!("CARGO_PKG_REPOSITORY").unwrap_or_default(),
            contact => contact,
        };
        if contact.len() > CONTACT_MAX || !contact.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(format!(
                "the variable {CONTACT} has to be at most {CONTACT_MAX} printable ASCII characters"
            ));
        }
        let page_timeout = match page_timeout.trim().parse() {
            Ok(seconds @ 1..=PAGE_TIMEOUT_MAX) => Duration::from_secs(seconds),
            _ => {
                return Err(format!(
                    "the variable {PAGE_TIMEOUT} has to be a number of seconds from 1 to {PAGE_TIMEOUT_MAX}"
                ));
            }
        };
        let contact = if contact.is_empty() {
            "its operator left no contact"
        } else {
            contact
        };
        let user_agent = format!(
            "stats-tracker/{} (counts container downloads; {contact})",
            env!("CARGO_PKG_VERSION")
        );
        Ok(Settings {
            base_url: base_url.to_owned(),
            user_agent,
            page_timeout,
        })
    }

    /// How long everything GitHub is asked for one answer may take.
    pub fn answer_timeout(&self) -> Duration {
        ANSWER_TIMEOUT_MIN.max(self.page_timeout + BEYOND_ONE_PAGE)
    }
}

/// `http(s)://AUTHORITY` without path, query, credentials or a slash at the end.
fn base_url(url: &str) -> Option<&str> {
    let url = url.trim();
    let url = url.strip_suffix('/').unwrap_or(url);
    let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let valid = !authority.is_empty()
        && authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'));
    valid.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_scheme_and_an_authority() {
        for (url, base) in [
            ("https://github.com", "https://github.com"),
            ("https://github.com/", "https://github.com"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(
                Settings::new(url, "", "30")
                    .map(|settings| settings.base_url)
                    .as_deref(),
                Ok(base)
            );
        }
        for url in [
            "",
            "github.com",
            "ftp://github.com",
            "https://",
            "https://a@b",
            "https://a/b",
            "https://a?b",
            "https://a b",
        ] {
            assert!(
                Settings::new(url, "", "30").is_err_and(|error| error.contains(GITHUB_URL)),
                "{url}"
            );
        }
    }

    #[test]
    fn the_contact_is_in_the_user_agent() {
        let settings = Settings::new("https://github.com", "you@example.org", "30").expect("valid");
        assert!(
            settings
                .user_agent
                .starts_with(concat!("stats-tracker/", env!("CARGO_PKG_VERSION")))
        );
        assert!(settings.user_agent.ends_with("; you@example.org)"));
        for contact in ["a\r\nX-Injected: b", "\u{0}", "ä", &"a".repeat(5_000)] {
            assert!(Settings::new("https://github.com", contact, "30").is_err_and(|error| error.contains(CONTACT)));
        }
    }

    #[test]
    fn a_timeout_is_a_number_of_seconds() {
        let settings = Settings::new("https://github.com", "", "7").expect("valid");
        assert_eq!(settings.page_timeout, Duration::from_secs(7));
        assert_eq!(settings.answer_timeout(), Duration::from_secs(280));
        let patient = Settings::new("https://github.com", "", "3600").expect("valid");
        assert!(patient.answer_timeout() > patient.page_timeout);
        // The host's patience is longer than the component's.
        let manifest = include_str!("../spin.toml");
        let deadline = manifest
            .lines()
            .find_map(|line| line.strip_prefix("deadline_seconds = "));
        let deadline = deadline
            .and_then(|seconds| seconds.parse().ok())
            .expect("spin.toml says it");
        assert!(patient.answer_timeout() < Duration::from_secs(deadline));
        for timeout in ["", "0", "-1", "1.5", "1h", "3601", "99999999999999999999"] {
            let settings = Settings::new("https://github.com", "", timeout);
            assert!(settings.is_err_and(|error| error.contains(PAGE_TIMEOUT)), "{timeout}");
        }
    }
}
