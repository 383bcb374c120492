//! Connects to servers: directly or through the user's proxy, and with the certificates that the user trusts.

use std::env;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::{Method, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, WasiBody};

use super::errors;
use super::server::Server;
use crate::error::Error as StartError;

/// The environment variables for the HTTPS proxy, in order of precedence, as in curl.
const PROXY: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The environment variables for certificates that replace the platform's.
const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What is read of a response at once, and the most that its head may take. GitHub's take 8 KB.
const READ_BUFFER_BYTES: usize = 64 << 10;

/// Makes connections to servers.
pub(super) struct Connector {
    tls: TlsConnector,
    proxies: Matcher,
}

impl Connector {
    /// For servers on this machine: no proxy, and nobody to trust but Mozilla's list, which is compiled in.
    pub(super) fn within_this_machine() -> Result<Self, StartError> {
        Ok(Self {
            tls: tls(mozillas_roots())?,
            proxies: Matcher::builder().build(),
        })
    }

    /// For all servers, as the environment says: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`, else the platform's certificates, besides Mozilla's.
    pub(super) fn from_environment() -> Result<Self, StartError> {
        let mut roots = mozillas_roots();
        let found = rustls_native_certs::load_native_certs();
        if let Some(error) = found.errors.first()
            && let Some(variable) = CERTIFICATES.iter().find(|name| env::var_os(name).is_some())
        {
            // A platform without any is a container; a file that the user names is meant to be there.
            return Err(StartError::Environment {
                variable: (*variable).to_owned(),
                problem: format!(
                    "names no certificates: {error}; name a PEM file, or a directory of such files, or unset it"
                ),
            });
        }
        // Platforms have some certificates that are old and malformed. They are ignored.
        roots.add_parsable_certificates(found.certs);
        Ok(Self {
            tls: tls(roots)?,
            proxies: proxies(|name| env::var(name).ok())?,
        })
    }

    pub(super) async fn connect(&self, server: &Server) -> Result<SendRequest<WasiBody>, Error> {
        if !server.tls {
            return handshake(tcp(server).await?).await;
        }
        match self.proxy(server) {
            Some(proxy) => self.through(&proxy, server).await,
            None => self.secure(tcp(server).await?, server).await,
        }
    }

    /// The proxy on the way to a server, if there is one. What listens on this machine is never asked through one.
    fn proxy(&self, server: &Server) -> Option<Intercept> {
        if is_this_machine(&server.host) {
            return None;
        }
        let address = format!("https://{}:{}/", server.host, server.port);
        self.proxies.intercept(&address.parse::<Uri>().ok()?)
    }

    async fn secure<S>(&self, stream: S, server: &Server) -> Result<SendRequest<WasiBody>, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let name = ServerName::try_from(bare(&server.host).to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let stream = self.tls.connect(name, stream).await;
        handshake(stream.map_err(|error| errors::of_tls(&error))?).await
    }

    async fn through(&self, proxy: &Intercept, server: &Server) -> Result<SendRequest<WasiBody>, Error> {
        let tls = proxy.uri().scheme_str() == Some("https");
        let at = Server {
            tls,
            host: proxy.uri().host().unwrap_or_default().to_owned(),
            port: proxy.uri().port_u16().unwrap_or(if tls { 443 } else { 80 }),
        };
        // The address without a password in it.
        let failed = |problem: String| {
            let scheme = if tls { "https" } else { "http" };
            Error::InternalError(Some(format!("the proxy {scheme}://{}:{} {problem}", at.host, at.port)))
        };
        let unreachable = |error: Error| failed(format!("can't be reached: {error}"));
        let stream = tcp(&at).await.map_err(unreachable)?;
        let tunnel = if tls {
            let name = ServerName::try_from(bare(&at.host).to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
            let stream = self.tls.connect(name, stream).await;
            open_tunnel(
                stream.map_err(|error| unreachable(errors::of_tls(&error)))?,
                proxy,
                server,
            )
            .await
        } else {
            open_tunnel(stream, proxy, server).await
        };
        self.secure(tunnel.map_err(failed)?, server).await
    }
}

/// Asks a proxy for a way to a server. `Err` says what it did instead.
async fn open_tunnel<S>(
    stream: S,
    proxy: &Intercept,
    server: &Server,
) -> Result<TokioIo<hyper::upgrade::Upgraded>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broke = |error: hyper::Error| format!("broke the connection: {error}");
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(READ_BUFFER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broke)?;
    tokio::spawn(async move {
        let _ = connection.with_upgrades().await;
    });
    let authority = format!("{}:{}", server.host, server.port);
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(&authority)
        .header(http::header::HOST, &authority);
    if let Some(password) = proxy.basic_auth() {
        request = request.header(PROXY_AUTHORIZATION, password);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("can't be asked for {authority}: {error}"))?;
    let response = sender.send_request(request).await.map_err(broke)?;
    if !response.status().is_success() {
        return Err(format!("answered {}; correct HTTPS_PROXY", response.status()));
    }
    hyper::upgrade::on(response).await.map(TokioIo::new).map_err(broke)
}

async fn tcp(server: &Server) -> Result<TcpStream, Error> {
    let dns_error = |problem: String| Error::DnsError {
        rcode: Some(problem),
        info_code: None,
    };
    let addresses: Vec<_> = tokio::net::lookup_host((bare(&server.host), server.port))
        .await
        .map_err(|error| dns_error(error.to_string()))?
        .collect();
    if addresses.is_empty() {
        return Err(dns_error("the name has no address".to_owned()));
    }
    let stream = TcpStream::connect(&*addresses)
        .await
        .map_err(|error: io::Error| errors::of_connect(&error))?;
    // A request is one small write, followed by waiting: nothing is gained by collecting more.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn handshake<S>(stream: S) -> Result<SendRequest<WasiBody>, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(READ_BUFFER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(errors::of_head)?;
    // Ends when the sender is dropped or the server closes; what goes wrong is told to whoever waits for a response.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// An IPv6 address stands in brackets in a URL, and without them for the system and in a certificate.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether a name or address is this machine's by itself, without asking anybody.
pub(crate) fn is_this_machine(host: &str) -> bool {
    match bare(host).parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn mozillas_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.into(),
    }
}

fn tls(roots: RootCertStore) -> Result<TlsConnector, StartError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Engine {
            problem: format!("no TLS for outbound requests: {error}"),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn proxies(environment: impl Fn(&str) -> Option<String>) -> Result<Matcher, StartError> {
    let set = |name: &&str| {
        let value = environment(name).filter(|value| !value.trim().is_empty())?;
        Some(((*name).to_owned(), value.trim().to_owned()))
    };
    let Some((variable, proxy)) = PROXY.iter().find_map(set) else {
        return Ok(Matcher::builder().build());
    };
    let usable = proxy.parse::<Uri>().is_ok_and(|uri| {
        let http = matches!(uri.scheme_str(), None | Some("http" | "https"));
        http && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !usable {
        // Its value may have a password in it.
        return Err(StartError::Environment {
            variable,
            problem: "is no address of an HTTP proxy; write it as http://host:port, or unset it".to_owned(),
        });
    }
    let but = NO_PROXY
        .iter()
        .find_map(set)
        .map(|(_, value)| value)
        .unwrap_or_default();
    Ok(Matcher::builder().https(proxy).no(but).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(environment: &[(&str, &str)], host: &str) -> Option<String> {
        let proxies = proxies(|name| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let connector = Connector {
            tls: tls(mozillas_roots()).unwrap(),
            proxies: proxies.ok()?,
        };
        let server = Server {
            tls: true,
            host: host.to_owned(),
            port: 443,
        };
        connector.proxy(&server).map(|proxy| proxy.uri().to_string())
    }

    #[test]
    fn the_environment_names_the_proxy_and_who_is_asked_without() {
        let through = Some("http://proxy:3128/".to_owned());
        for name in PROXY {
            assert_eq!(proxy(&[(name, "http://proxy:3128")], "github.com"), through, "{name}");
        }
        assert_eq!(proxy(&[("HTTPS_PROXY", " proxy:3128 ")], "github.com"), through);
        assert_eq!(proxy(&[("HTTPS_PROXY", "")], "github.com"), None);
        assert_eq!(proxy(&[("HTTP_PROXY", "http://proxy:3128")], "github.com"), None);
        for but in ["github.com", ".com", "a.example, github.com", "*"] {
            let environment = [("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", but)];
            assert_eq!(proxy(&environment, "github.com"), None, "{but}");
        }
        let environment = [("HTTPS_PROXY", "http://proxy:3128"), ("no_proxy", "10.0.0.0/8")];
        assert_eq!(proxy(&environment, "github.com"), through);
        assert_eq!(proxy(&environment, "10.1.2.3"), None);
    }

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        let environment = [("HTTPS_PROXY", "http://proxy:3128")];
        for host in ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0"] {
            assert_eq!(proxy(&environment, host), None, "{host}");
        }
        assert!(proxy(&environment, "localhost.example").is_some());
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_password() {
        for value in [
            "socks5://me:secret@proxy:1080",
            "http://",
            "http://a b:secret",
            "/secret",
        ] {
            let refused = proxies(|name| (name == "HTTPS_PROXY").then(|| value.to_owned()));
            let problem = refused.map(drop).unwrap_err().to_string();
            assert!(problem.starts_with("HTTPS_PROXY "), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
