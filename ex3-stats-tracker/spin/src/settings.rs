//! What the one who runs the component may set: the Spin variables of `spin.toml`.

use std::time::Duration;

/// The variable that says where GitHub is.
pub const GITHUB_URL: &str = "github_url";

/// The variable that says whom GitHub may write to.
pub const CONTACT: &str = "contact";

/// The variable that says how many seconds one page may take altogether.
pub const PAGE_TIMEOUT: &str = "page_timeout";

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
            Ok(seconds @ 1..=3600) => Duration::from_secs(seconds),
            _ => {
                return Err(format!(
                    "the variable {PAGE_TIMEOUT} has to be a number of seconds from 1 to 3600"
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
        for timeout in ["", "0", "-1", "1.5", "1h", "3601", "99999999999999999999"] {
            let settings = Settings::new("https://github.com", "", timeout);
            assert!(settings.is_err_and(|error| error.contains(PAGE_TIMEOUT)), "{timeout}");
        }
    }
}
