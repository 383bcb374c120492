//! The embedded host, with a guest that misbehaves on purpose (`guest/guest.wat`).
//!
//!     cargo test -p ex3-stats-tracker --test host

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use compiled_code::Store;
use ex3_stats_tracker::host::{Error, Host, Limits, Options};
use ex3_stats_tracker::manifest::Manifest;
use serde_json::Value;
use tempfile::TempDir;
use wit_component::StringEncoding;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// The guest as a core module that says which interfaces it speaks, as spin-sdk's are.
static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut module = wat::parse_str(include_str!("guest/guest.wat")).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("guest.wit", include_str!("guest/guest.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
});

/// An application on disk.
struct Application {
    directory: TempDir,
    variables: BTreeMap<String, String>,
    limits: Limits,
    outbound_pause: Duration,
}

impl Application {
    /// `allowed` is what `allowed_outbound_hosts` names.
    fn new(allowed: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("guest.wasm"), &*GUEST).unwrap();
        let application = Self {
            directory,
            variables: BTreeMap::new(),
            limits: Limits::default(),
            outbound_pause: Duration::ZERO,
        };
        application.write_manifest(&manifest(allowed));
        application
    }

    fn write_manifest(&self, text: &str) {
        fs::write(self.path("spin.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn options(&self) -> Options {
        Options {
            limits: self.limits,
            sources: BTreeMap::new(),
            // One store for all tests: the guest is compiled once.
            store: Store::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("host-compiled-code")),
            outbound_pause: self.outbound_pause,
            ..Options::default()
        }
    }

    async fn start(&self) -> Result<Host, Error> {
        let manifest = Manifest::read(&self.path("spin.toml"))?;
        Host::start(&manifest, self.variables.clone(), LOOPBACK, self.options()).await
    }
}

fn manifest(allowed: &str) -> String {
    format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [variables]
        greeting = {{ default = "hello from a variable" }}
        allowed = {{ default = "{allowed}" }}
        [[trigger.http]]
        route = "/..."
        component = "guest"
        [component.guest]
        source = "guest.wasm"
        allowed_outbound_hosts = ["{{{{ allowed }}}}"]
        environment = {{ ONE = "1" }}
        [component.guest.variables]
        greeting = "{{{{ greeting }}}}!"
        "#
    )
}

/// An application that may reach nothing that is there.
fn alone() -> Application {
    Application::new("https://nowhere.invalid")
}

async fn get(host: &Host, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("{}{path}", host.base_url())).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn problem(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Sends bytes as they are, and reads until the host closes.
fn raw(host: &Host, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host.address()).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_answers_through_wasi_http() {
    let host = alone().start().await.unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    assert_eq!(get(&host, "/.well-known/spin/health").await, (200, "OK".to_owned()));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_all_sizes_come_back_as_they_were_sent() {
    let host = alone().start().await.unwrap();
    let client = reqwest::Client::new();
    for length in [0, 1, 16_383, 16_384, 237_000, 8 << 20] {
        let body: Vec<u8> = (0..length).map(|index: usize| (index * 31 % 251) as u8).collect();
        let response = client
            .post(format!("{}/e", host.base_url()))
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.bytes().await.unwrap(), body, "{length} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_streamed() {
    let host = alone().start().await.unwrap();
    let (status, body) = get(&host, "/b").await;
    assert_eq!((status, body.len()), (200, 8 << 20));
    assert!(body.bytes().all(|byte| byte == b'b'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_sees_its_own_variables_and_environment_only() {
    let mut application = alone();
    application.variables.insert("greeting".to_owned(), "given".to_owned());
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, "/v").await, (200, "given!".to_owned()));
    assert_eq!(get(&host, "/x").await, (200, "status 001".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_one_request_breaks_no_other() {
    let host = alone().start().await.unwrap();
    let large = Limits::default().memory_bytes.to_string();
    for (path, status, detail) in [
        ("/t", 500, "the component failed"),
        ("/n", 500, "ended without an answer"),
        ("/g", 500, &*large),
        ("/p", 200, ""),
    ] {
        let (found, body) = get(&host, path).await;
        assert_eq!(found, status, "{path}: {body}");
        if status != 200 {
            let problem = problem(&body);
            assert_eq!(problem["status"], status);
            assert_eq!(problem["type"], "about:blank");
            assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        }
        assert_eq!(get(&host, "/").await, (200, "hello".to_owned()), "after {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_compute_or_wait_for_ever_are_stopped() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(300);
    let host = application.start().await.unwrap();
    let (looping, waiting) = tokio::join!(get(&host, "/l"), get(&host, "/w"));
    for (status, body) in [looping, waiting] {
        assert_eq!(status, 504, "{body}");
        assert_eq!(problem(&body)["kind"], "timed_out");
    }
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_not_computing() {
    let mut application = alone();
    application.limits.deadline = Duration::from_secs(1);
    application.limits.computing = Duration::from_millis(200);
    let host = application.start().await.unwrap();
    let (looping, waiting) = tokio::join!(get(&host, "/l"), get(&host, "/w"));
    assert_eq!(looping.0, 504);
    assert!(
        looping.1.contains("computed without an answer for 0.2 s"),
        "{}",
        looping.1
    );
    assert_eq!(waiting.0, 504);
    assert!(waiting.1.contains("did not answer for 1 s"), "{}", waiting.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn looping_guests_leave_room_for_others() {
    let mut application = alone();
    application.limits.computing = Duration::from_secs(60);
    let host = application.start().await.unwrap();
    // More than there are workers, each of them busy for as long as it is let.
    let loops: Vec<_> = (0..8)
        .map(|_| {
            let url = format!("{}/l", host.base_url());
            tokio::spawn(async move { reqwest::get(url).await.unwrap().status() })
        })
        .collect();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    for looping in loops {
        assert!(!looping.is_finished(), "the others were to be looping still");
        looping.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_is_not_taken_for_a_whole_one() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(300);
    let host = application.start().await.unwrap();
    for path in ["/h", "/d"] {
        match reqwest::get(format!("{}{path}", host.base_url())).await {
            Ok(response) => assert!(response.text().await.is_err(), "{path}"),
            // Broken off before anything of it was written.
            Err(error) => assert!(!error.is_connect() && !error.is_timeout(), "{path}: {error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_ends_with_its_client() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_secs(30);
    application.limits.deadline = Duration::from_secs(600);
    let host = application.start().await.unwrap();
    // The one place is taken by a guest that never ends: before its answer, and in the middle of it.
    for path in ["/w", "/l", "/d"] {
        let mut stream = TcpStream::connect(host.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
        if path == "/d" {
            let mut begun = [0; 12];
            stream.read_exact(&mut begun).unwrap();
            assert_eq!(&begun, b"HTTP/1.1 200");
        } else {
            // What comes too early finds a place, and proves nothing, but does not fail.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(stream);
        assert_eq!(get(&host, "/").await, (200, "hello".to_owned()), "after {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_told_to_come_back() {
    let mut application = alone();
    application.limits.concurrent_requests = 1;
    application.limits.queue_wait = Duration::from_millis(50);
    let host = application.start().await.unwrap();
    let mut stream = TcpStream::connect(host.address()).unwrap();
    write!(stream, "GET /d HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    let response = reqwest::get(host.base_url()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_their_limit_are_refused() {
    let mut application = alone();
    application.limits.request_body_bytes = 1000;
    let host = application.start().await.unwrap();
    let url = format!("{}/e", host.base_url());
    let client = reqwest::Client::new();
    assert_eq!(
        client.post(&url).body(vec![0; 1000]).send().await.unwrap().status(),
        200
    );
    let announced = raw(
        &host,
        b"POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 104857600\r\n\r\n",
    );
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    let mut endless = b"POST /e HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        endless.extend_from_slice(b"64\r\n");
        endless.extend_from_slice(&[b'x'; 100]);
        endless.extend_from_slice(b"\r\n");
    }
    let chunked = raw(&host, &endless);
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    assert!(chunked.contains(r#""kind":"too_large""#), "{chunked}");
    assert_eq!(get(&host, "/").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_states_limits_for_its_component() {
    let application = alone();
    let text = manifest("https://nowhere.invalid");
    application.write_manifest(&format!(
        "{text}\n[component.guest.tool.embedded-host]\nrequest_body_bytes = 10\nmemory_bytes = 1048576\n"
    ));
    let host = application.start().await.unwrap();
    let client = reqwest::Client::new();
    let response = client
        .post(format!("{}/e", host.base_url()))
        .body("more than ten bytes")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
    let (status, body) = get(&host, "/g").await;
    assert_eq!(status, 500);
    assert!(problem(&body)["detail"].as_str().unwrap().contains("1048576"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_an_answer_or_an_end() {
    let mut application = alone();
    application.limits.head_wait = Duration::from_secs(1);
    application.limits.stall = Duration::from_secs(1);
    application.limits.header_bytes = 10_000;
    let host = application.start().await.unwrap();
    let long = "x".repeat(20_000);
    let many = "a: b\r\n".repeat(100);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost: \u{e9}\r\n\r\n".to_owned(), "400"),
        ("\0\0\0\0\r\n\r\n".to_owned(), "400"),
        (format!("GET /{long} HTTP/1.1\r\nhost: h\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\na: {long}\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nhost: h\r\n{many}\r\n"), "431"),
        (
            "POST /e HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nabc".to_owned(),
            "408",
        ),
        (
            "POST /e HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "400",
        ),
        // A head that never ends is closed without an answer.
        ("GET / HTTP/1.1\r\nhost:".to_owned(), ""),
    ] {
        let answer = raw(&host, request.as_bytes());
        let found = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{}: {answer}", &request[..request.len().min(40)]);
    }
    assert_eq!(get(&host, "/").await.0, 200);
}

/// A server that counts its connections and answers each request with 204.
fn counting_server() -> (SocketAddr, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let (connected, connections) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            if connected.send(()).is_err() {
                return;
            }
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() {
                    request.push(byte[0]);
                    if request.ends_with(b"\r\n\r\n") {
                        let _ = stream.write_all(b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello");
                        request.clear();
                    }
                }
            });
        }
    });
    (address, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_hosts_are_reached() {
    let (allowed, to_allowed) = counting_server();
    let (forbidden, to_forbidden) = counting_server();
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{allowed}"));
    let host = application.start().await.unwrap();
    assert_eq!(
        get(&host, &format!("/fp{allowed}")).await,
        (200, "status 203".to_owned())
    );
    // 15 is HTTP-request-denied: another port, another name for the same port, another scheme.
    for path in [
        format!("/fp{forbidden}"),
        format!("/fplocalhost:{}", allowed.port()),
        format!("/fs{allowed}"),
        format!("/fp{allowed}@{forbidden}"),
    ] {
        assert_eq!(get(&host, &path).await, (200, "error 015".to_owned()), "{path}");
    }
    assert_eq!(to_allowed.try_iter().count(), 1);
    assert_eq!(to_forbidden.try_iter().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_instances() {
    let (address, connections) = counting_server();
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{address}"));
    let host = application.start().await.unwrap();
    for _ in 0..20 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 203".to_owned())
        );
    }
    assert_eq!(connections.try_iter().count(), 1);
}

/// When requests began and when they ended.
type Notes = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A server that takes its time for each request, and notes it.
fn noting_server(takes: Duration) -> (SocketAddr, Notes) {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let noted = Notes::default();
    let notes = noted.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let notes = notes.clone();
            thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|length| length > 0) {
                    let begun = Instant::now();
                    thread::sleep(takes);
                    notes.lock().unwrap().push((begun, Instant::now()));
                    let _ = stream.write_all(b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello");
                }
            });
        }
    });
    (address, noted)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_together_ask_a_server_one_request_at_a_time() {
    const CALLERS: usize = 12;
    const PAUSE: Duration = Duration::from_millis(50);
    let (server, noted) = noting_server(Duration::from_millis(20));
    let mut application = Application::new("*://*:*");
    application.outbound_pause = PAUSE;
    // The last one waits longer for its turn than any of these.
    application.limits.deadline = Duration::from_millis(400);
    application.limits.outbound_wait = Duration::from_millis(200);
    application.limits.computing = Duration::from_millis(200);
    let host = Arc::new(application.start().await.unwrap());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (host, path) = (host.clone(), format!("/fp{server}"));
            tokio::spawn(async move { get(&host, &path).await })
        })
        .collect();
    // Who goes away while waiting holds up nobody.
    let leaving = TcpStream::connect(host.address()).unwrap();
    write!(&leaving, "GET /fp{server} HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(leaving);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), (200, "status 203".to_owned()));
    }
    let mut noted = noted.lock().unwrap().clone();
    assert!(noted.len() >= CALLERS);
    noted.sort();
    for pair in noted.windows(2) {
        let [(_, ended), (begun, _)] = pair else { unreachable!() };
        // The host's pause begins when the response was read: after the server wrote it.
        assert!(
            *begun >= *ended + PAUSE,
            "{:?}",
            begun.saturating_duration_since(*ended)
        );
    }
}

/// A server that says the same to each request, and hangs up after a while.
fn saying(answer: &'static [u8], hold: Duration) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
                thread::sleep(hold);
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn outbound_errors_are_named() {
    let mut application = Application::new("*://*:*");
    application.limits.outbound_wait = Duration::from_millis(200);
    application.limits.connect = Duration::from_secs(5);
    let host = application.start().await.unwrap();
    let free = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let silent = TcpListener::bind(LOOPBACK).unwrap();
    let plain = saying(
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        Duration::from_secs(60),
    );
    let cut = saying(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", Duration::ZERO);
    let stalling = saying(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        Duration::from_secs(60),
    );
    let garbled = saying(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        Duration::from_secs(60),
    );
    let silent_end = saying(b"", Duration::ZERO);
    let not_http = saying(b"SSH-2.0-OpenSSH\r\n\r\n", Duration::from_secs(60));
    for (path, error) in [
        (format!("/fp{cut}"), "error 025"),      // HTTP-response-incomplete
        (format!("/fp{stalling}"), "error 009"), // connection-read-timeout
        (format!("/fp{garbled}"), "error 025"),
        (format!("/fp{silent_end}"), "error 007"), // connection-terminated
        (format!("/fp{not_http}"), "error 035"),   // HTTP-protocol-error
        (format!("/fp{free}"), "error 006"),       // connection-refused
        (format!("/fp{}", silent.local_addr().unwrap()), "error 009"), // connection-read-timeout
        ("/fpname.invalid".to_owned(), "error 001"), // DNS-error
        (format!("/fs{plain}"), "error 012"),      // TLS-protocol-error
    ] {
        assert_eq!(get(&host, &path).await, (200, error.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_was_closed_is_made_anew() {
    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    // Promises to keep each connection, and closes it after one answer.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut application = alone();
    application
        .variables
        .insert("allowed".to_owned(), format!("http://{address}"));
    let host = application.start().await.unwrap();
    for _ in 0..10 {
        assert_eq!(
            get(&host, &format!("/fp{address}")).await,
            (200, "status 200".to_owned())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_compiled_code_is_rebuilt() {
    let application = alone();
    let directory = application.path("store");
    let start = || {
        let options = Options {
            store: Store::at(&directory),
            ..application.options()
        };
        let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
        async move {
            Host::start(&manifest, BTreeMap::new(), LOOPBACK, options)
                .await
                .unwrap()
        }
    };
    assert_eq!(get(&start().await, "/").await.0, 200);
    let entries: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    let whole = fs::read(entry).unwrap();
    for damage in [&whole[..whole.len() / 2], b"", b"not compiled code"] {
        fs::write(entry, damage).unwrap();
        assert_eq!(get(&start().await, "/").await, (200, "hello".to_owned()));
        assert_eq!(fs::read(entry).unwrap().len(), whole.len(), "it was to be replaced");
    }
    // A whole entry is used as it is.
    let before = fs::metadata(entry).unwrap().modified().unwrap();
    assert_eq!(get(&start().await, "/").await.0, 200);
    assert_eq!(fs::metadata(entry).unwrap().modified().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_was_compiled_ahead_is_all_that_is_needed() {
    let application = alone();
    let directory = application.path("ahead");
    let options = Options {
        store: Store::at(&directory),
        ..application.options()
    };
    let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
    ex3_stats_tracker::host::Application::compile_ahead(&manifest, &options).unwrap();
    let entries = || -> Vec<_> {
        let entries = fs::read_dir(&directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let before = entries();
    assert_eq!(before.len(), 1);
    let host = Host::start(&manifest, BTreeMap::new(), LOOPBACK, options)
        .await
        .unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    assert_eq!(entries(), before, "nothing was compiled for this processor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_taken_as_it_is() {
    let application = alone();
    let component = wit_component::ComponentEncoder::default()
        .module(&GUEST)
        .unwrap()
        .encode()
        .unwrap();
    fs::write(application.path("guest.wasm"), component).unwrap();
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_cannot_run_are_named() {
    let no_handler = wat::parse_str("(component)").unwrap();
    let unknown_import =
        wat::parse_str(r#"(component (import "other:host/things@1.0.0" (instance (export "thing" (func)))))"#).unwrap();
    let no_interfaces = wat::parse_str(r#"(module (import "env" "thing" (func)))"#).unwrap();
    for (source, expected) in [
        (None, "can't be read: "),
        (Some(Vec::new()), "is neither a WebAssembly module nor a component"),
        (Some(b"<!doctype html>".to_vec()), "is neither"),
        (Some(b"\0asm\x01\0\0\0\xff\xff".to_vec()), "can't be made a component: "),
        (Some(b"\0asm\x0d\0\x01\0\xff\xff".to_vec()), "can't be compiled: "),
        (Some(GUEST[..GUEST.len() / 2].to_vec()), "can't be made a component: "),
        (Some(no_interfaces), "can't be made a component: "),
        (Some(unknown_import), "other:host/things"),
        (Some(no_handler), "exports no wasi:http/incoming-handler"),
    ] {
        let application = alone();
        let path = application.path("guest.wasm");
        match source {
            Some(source) => fs::write(&path, source).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = application.start().await.expect_err(expected).to_string();
        assert!(error.starts_with("component guest: "), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}\nhas no\n{expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_allowed_is_named() {
    let mut application = alone();
    for (value, expected) in [("", "has no scheme"), ("https://github.com/a/path", "more than a host")] {
        application.variables.insert("allowed".to_owned(), value.to_owned());
        let error = application.start().await.unwrap_err().to_string();
        assert!(error.contains("component.guest.allowed_outbound_hosts: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let application = alone();
    let taken = TcpListener::bind(LOOPBACK).unwrap();
    let address = taken.local_addr().unwrap();
    let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
    let error = Host::start(&manifest, BTreeMap::new(), address, application.options())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::AddressInUse { address: named } if named == address),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish() {
    let mut application = alone();
    application.limits.deadline = Duration::from_millis(500);
    let host = application.start().await.unwrap();
    let address = host.address();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /w HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    host.stop().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(TcpStream::connect(address).is_err());
}
