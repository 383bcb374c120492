//! Requests to other servers: proxies and certificate authorities from the environment.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use system::ports::free_port;

use super::application::Application;
use super::process::Process;
use super::servers::{self, FINE, head};

/// A private certificate authority, and a server with a certificate from it.
struct Secure {
    authority: String,
    server: SocketAddr,
}

/// The certificate is for `github.test` and 127.0.0.1. The server answers each request with 203.
fn secure_server() -> Secure {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = ["github.test".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let server = servers::server(move |mut stream| {
        let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::Stream::new(&mut connection, &mut stream);
        while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            let _ = stream.write_all(FINE);
        }
    });
    Secure {
        authority: authority_pem,
        server,
    }
}

/// The heads of the requests to a proxy, in lower case.
type RequestLog = Arc<Mutex<Vec<String>>>;

/// A proxy that connects every name to `server`. `None`: it refuses each request.
fn proxy(server: Option<SocketAddr>) -> (SocketAddr, RequestLog) {
    let asked = RequestLog::default();
    let heads = asked.clone();
    let address = servers::server(move |mut client| {
        heads
            .lock()
            .unwrap()
            .extend(head(&mut client).map(|head| head.to_lowercase()));
        let Some(server) = server else {
            let _ = client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
            return;
        };
        let server = TcpStream::connect(server).unwrap();
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
        for (mut from, mut to) in [
            (client.try_clone().unwrap(), server.try_clone().unwrap()),
            (server, client),
        ] {
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn other_servers_are_reached_through_the_proxy_of_the_environment() {
    let secure = secure_server();
    let (address, asked) = proxy(Some(secure.server));
    let application = Application::new("https://github.test");
    let authority = application.path("authority.pem");
    fs::write(&authority, &secure.authority).unwrap();
    let process = Process::start(&application, |command| {
        command
            .env("HTTPS_PROXY", format!("http://me:secret@{address}"))
            .env("SSL_CERT_FILE", &authority);
    });
    for _ in 0..2 {
        assert_eq!(process.get("/fsgithub.test").await, (200, "status 203".to_owned()));
    }
    {
        let asked = asked.lock().unwrap();
        let [head] = &asked[..] else {
            panic!("more or less than one connection: {asked:?}")
        };
        assert!(head.starts_with("connect github.test:443 http/1.1\r\n"), "{head}");
        assert!(head.contains("proxy-authorization: basic bwu6c2vjcmv0\r\n"), "{head}");
    }
    // A host that is not allowed is not requested from the proxy either.
    assert_eq!(process.get("/fsother.test").await, (200, "error 015".to_owned()));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let secure = secure_server();
    let (address, _) = proxy(Some(secure.server));
    let application = Application::new("https://github.test");
    let process = Process::start(&application, |command| {
        command.env("HTTPS_PROXY", address.to_string());
    });
    // 13 is TLS-certificate-error.
    assert_eq!(process.get("/fsgithub.test").await, (200, "error 013".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_and_the_exceptions_are_reached_without_a_proxy() {
    let secure = secure_server();
    let (address, asked) = proxy(Some(secure.server));
    let proxied = |command: &mut Command| {
        command
            .env("ALL_PROXY", format!("http://{address}"))
            .env("NO_PROXY", ".test");
    };
    let here = Application::new(&format!("https://{}", secure.server));
    let process = Process::start(&here, proxied);
    // The server is reached. Its certificate is refused, because the authority is not in Mozilla's list.
    assert_eq!(
        process.get(&format!("/fs{}", secure.server)).await,
        (200, "error 013".to_owned())
    );
    let excepted = Application::new("https://github.test");
    let process = Process::start(&excepted, proxied);
    // 1 is DNS-error: only the proxy knows the name.
    assert_eq!(process.get("/fsgithub.test").await, (200, "error 001".to_owned()));
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_or_does_not_listen_is_an_error() {
    let (refusing, asked) = proxy(None);
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
    for address in [refusing, nobody] {
        let application = Application::new("https://github.test");
        let process = Process::start(&application, |command| {
            command.env("HTTPS_PROXY", format!("http://{address}"));
        });
        // 38 is internal-error, with the proxy's name and answer.
        assert_eq!(
            process.get("/fsgithub.test").await,
            (200, "error 038".to_owned()),
            "{address}"
        );
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn an_invalid_variable_is_named() {
    for (variable, value) in [
        ("HTTPS_PROXY", "socks5://me:secret@127.0.0.1:1080"),
        ("SSL_CERT_FILE", "/nowhere/authority.pem"),
    ] {
        let application = Application::new("https://github.test");
        let ended = Process::try_start(&application, |command| {
            command.env(variable, value);
        });
        let (status, printed) = ended.map(|_| ()).unwrap_err();
        assert_eq!(status.code(), Some(64), "{printed}");
        assert!(printed.contains(variable) && !printed.contains("secret"), "{printed}");
        // Without servers on other machines, the variables are not used.
        let here = Application::new("http://127.0.0.1:4000");
        Process::start(&here, |command| {
            command.env(variable, value);
        });
    }
}
