//! The way to other servers: through a proxy, trusting whom the user trusts. The program is told by its environment.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::application::{Application, LOOPBACK};
use super::process::Process;
use super::servers::{self, FINE, head};

/// Somebody's own certificate authority, and a server that it vouches for.
struct Secure {
    authority: String,
    server: SocketAddr,
}

/// The server is `github.test` and 127.0.0.1, and answers each request with 203.
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

/// What a proxy was asked: each head, in lower case.
type RequestLog = Arc<Mutex<Vec<String>>>;

/// A proxy whose names all lead to `server`, or that refuses everybody.
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
async fn others_are_asked_through_the_proxy_that_the_environment_names() {
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
            panic!("one connection was to be enough: {asked:?}")
        };
        assert!(head.starts_with("connect github.test:443 http/1.1\r\n"), "{head}");
        assert!(head.contains("proxy-authorization: basic bwu6c2vjcmv0\r\n"), "{head}");
    }
    // What may not be reached is not asked of a proxy either.
    assert_eq!(process.get("/fsother.test").await, (200, "error 015".to_owned()));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_vouched_for_is_not_trusted() {
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
async fn this_machine_and_who_is_excepted_are_asked_without_a_proxy() {
    let secure = secure_server();
    let (address, asked) = proxy(Some(secure.server));
    let proxied = |command: &mut Command| {
        command
            .env("ALL_PROXY", format!("http://{address}"))
            .env("NO_PROXY", ".test");
    };
    let here = Application::new(&format!("https://{}", secure.server));
    let process = Process::start(&here, proxied);
    // It is reached, and what listens on this machine is trusted by Mozilla's list alone.
    assert_eq!(
        process.get(&format!("/fs{}", secure.server)).await,
        (200, "error 013".to_owned())
    );
    let excepted = Application::new("https://github.test");
    let process = Process::start(&excepted, proxied);
    // 1 is DNS-error: nothing is called so but behind the proxy.
    assert_eq!(process.get("/fsgithub.test").await, (200, "error 001".to_owned()));
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_help_is_an_error() {
    let (refusing, asked) = proxy(None);
    let nobody = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
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
fn what_the_environment_says_wrongly_is_named() {
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
        // Where nobody but this machine is asked, it does not matter.
        let here = Application::new("http://127.0.0.1:4000");
        Process::start(&here, |command| {
            command.env(variable, value);
        });
    }
}
