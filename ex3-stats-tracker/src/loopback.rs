//! HTTP on the loopback interface.

/// A client for servers on this machine. It ignores the environment's proxy, which is meant for GitHub.
pub(crate) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}
