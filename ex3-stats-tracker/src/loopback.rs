//! HTTP within this machine.

/// A client for what listens on this machine. A proxy is for the way to GitHub and has no part in it.
pub(crate) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}
