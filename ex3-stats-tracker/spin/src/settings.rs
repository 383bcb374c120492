//! The component's settings: the Spin variables of `spin.toml`.

use std::time::Duration;

/// The variable with GitHub's URL.
pub const GITHUB_URL: &str = "github_url";

/// The variable with the contact in the User-Agent, for GitHub.
pub const CONTACT: &str = "contact";

/// The variable with the time limit for one page, in seconds.
pub const PAGE_TIMEOUT: &str = "page_timeout";

/// The largest time limit for one page in seconds. The host allows no longer one.
const PAGE_TIMEOUT_MAX: u64 = 3_600;

/// The smallest time limit for all requests to GitHub for one response: a list can have a hundred pages.
const ANSWER_TIMEOUT_MIN: Duration = Duration::from_secs(280);

/// The time that a response may take in addition to the time limit of one page. With the largest time limit, the sum is
/// less than `deadline_seconds` in `spin.toml`. So the component reports the time-out, with its cause, before the host
/// ends the request.
const ANSWER_MARGIN: Duration = Duration::from_secs(200);

/// The longest contact in bytes, so that the header stays small.
const CONTACT_MAX: usize = 200;

/// The validated settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// GitHub's scheme and authority, without a slash at the end.
    pub base_url: String,
    /// The value of the header `User-Agent`.
    pub user_agent: String,
    /// The time limit for one page.
    pub page_timeout: Duration,
}

impl Settings {
    /// Validates the variables' values. An empty contact means the project's own URL, if it has one.
    ///
    /// # Errors
    ///
    /// A sentence with the variable's name and its rule.
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

    /// The time limit for all requests to GitHub for one response.
    pub fn answer_timeout(&self) -> Duration {
        ANSWER_TIMEOUT_MIN.max(self.page_timeout + ANSWER_MARGIN)
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
        // The host's deadline is later than the component's.
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
