//! The real component, in the embedded host and in Spin, against the stand-in: every answer is one that `openapi.yaml` describes,
//! and every way the stand-in fails has its kind.
//!
//!     cargo test -p ex3-stats-tracker --test contract
//!     STATS_TRACKER_SPIN=spin cargo test -p ex3-stats-tracker --test contract     # and under `spin up`, which it says
//!                                                                                # it skips without the variable

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use bytes::Bytes;
use compiled_code::Store;
use ex3_stats_tracker::host::{Host, Limits, Options};
use ex3_stats_tracker::manifest::Manifest;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use pages::{PackagePage, RateLimit};
use serde_json::{Value, json};
use stand_in::{Fault, StandIn};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

const LIST: &str = "/orgs/fluxcd/packages";
const PACKAGE: &str = "/orgs/fluxcd/packages/source-controller";
const VERSIONS: &str = "/orgs/fluxcd/packages/source-controller/versions";

/// `openapi.yaml`, as a judge of answers.
struct Contract {
    document: Value,
    /// What was seen so far: path, method and status.
    seen: Mutex<BTreeSet<(String, String, u16)>>,
}

impl Contract {
    fn read() -> Contract {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.yaml");
        let text = std::fs::read_to_string(path).expect("openapi.yaml is there");
        let document = serde_saphyr::from_str(&text).expect("openapi.yaml is YAML");
        Contract {
            document,
            seen: Mutex::default(),
        }
    }

    /// The path of the document that a request's path is an instance of.
    fn path(&self, target: &str) -> Option<&str> {
        let target: Vec<_> = target.split('?').next().unwrap_or_default().split('/').collect();
        let matches = |path: &str| {
            let path: Vec<_> = path.split('/').collect();
            path.len() == target.len()
                && path
                    .iter()
                    .zip(&target)
                    .all(|(part, given)| part.starts_with('{') || part == given)
        };
        let paths = self.document["paths"].as_object().expect("paths");
        paths.keys().find(|path| matches(path)).map(String::as_str)
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("references stay in the document");
                self.document
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    /// A schema of the document, with everything it refers to.
    fn errors(&self, schema: &Value, instance: &Value) -> Vec<String> {
        let schema = json!({"allOf": [schema], "components": self.document["components"]});
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("a schema");
        validator
            .iter_errors(instance)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect()
    }

    /// Fails unless the document describes this answer to this request.
    #[track_caller]
    fn check(&self, method: &Method, target: &str, answer: &Answer) {
        let what = format!("{method} {target}: {} {}", answer.status, answer.json);
        let media_type = answer
            .header("content-type")
            .unwrap_or_else(|| panic!("no Content-Type: {what}"));
        let Some(path) = self.path(target) else {
            // A path of none of the endpoints: the problem alone is described.
            assert_eq!((answer.status, media_type), (404, "application/problem+json"), "{what}");
            let errors = self.errors(&json!({"$ref": "#/components/schemas/Problem"}), &answer.json);
            assert_eq!(errors, [""; 0], "{what}");
            return;
        };
        let operations = self.document["paths"][path].as_object().expect("operations");
        let wanted = if *method == Method::HEAD {
            "get".to_owned()
        } else {
            method.as_str().to_ascii_lowercase()
        };
        let (name, operation) = match operations.get_key_value(&wanted) {
            Some(found) => found,
            // A method the path does not take is described with the one it takes.
            None => operations
                .iter()
                .find(|(name, _)| *name != "parameters")
                .expect("an operation"),
        };
        let status = answer.status.to_string();
        let response = self.resolve(
            operation["responses"]
                .get(&status)
                .unwrap_or_else(|| panic!("undescribed: {what}")),
        );
        for (header, description) in response["headers"].as_object().into_iter().flatten() {
            let required = description["required"] == true;
            let description = self.resolve(description);
            match answer.header(&header.to_ascii_lowercase()) {
                None => assert!(!required, "no {header}: {what}"),
                Some(value) => {
                    let value = value
                        .parse::<u64>()
                        .map_or_else(|_| json!(value), |number| json!(number));
                    let errors = self.errors(&description["schema"], &value);
                    assert_eq!(errors, [""; 0], "{header} of {what}");
                }
            }
        }
        let content = response["content"]
            .get(media_type)
            .unwrap_or_else(|| panic!("undescribed {media_type}: {what}"));
        let errors = self.errors(&content["schema"], &answer.json);
        assert_eq!(errors, [""; 0], "{what}");
        self.seen
            .lock()
            .expect("not poisoned")
            .insert((path.to_owned(), name.clone(), answer.status));
    }

    /// Every answer the document describes.
    fn described(&self) -> BTreeSet<(String, String, u16)> {
        let mut described = BTreeSet::new();
        for (path, operations) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                for status in operation["responses"]
                    .as_object()
                    .into_iter()
                    .flat_map(|responses| responses.keys())
                {
                    described.insert((path.clone(), method.clone(), status.parse().expect("a status")));
                }
            }
        }
        described
    }
}

/// An answer of the component's.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Fails unless the problem's detail begins so.
    #[track_caller]
    fn says(&self, detail: Option<&str>) {
        if let Some(detail) = detail {
            let said = self.json["detail"].as_str().unwrap_or_default();
            assert!(said.starts_with(detail), "{said:?} is not {detail:?}");
        }
    }
}

/// What runs the component.
#[derive(Clone, Debug)]
enum Runner {
    /// This workspace's own host.
    EmbeddedHost,
    /// `spin up`, of this program.
    Spin(PathBuf),
}

/// The component, running.
enum Running {
    Host(Host),
    Spin(Spin),
}

impl Running {
    async fn start(runner: &Runner, variables: BTreeMap<String, String>) -> Running {
        match runner {
            Runner::EmbeddedHost => Running::host(variables, Limits::default()).await,
            Runner::Spin(program) => Running::Spin(Spin::up(program, &variables).await),
        }
    }

    async fn host(variables: BTreeMap<String, String>, limits: Limits) -> Running {
        let manifest = Manifest::read(&spin_toml()).expect("a manifest");
        let module = guests::SPIN_COMPONENT.build().unwrap_or_else(|error| panic!("{error}"));
        let options = Options {
            sources: BTreeMap::from([("stats-tracker".to_owned(), module)]),
            store: Store::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract-compiled-code")),
            limits,
            ..Options::default()
        };
        let host = Host::start(&manifest, variables, LOOPBACK, options).await;
        Running::Host(host.unwrap_or_else(|error| panic!("{error}")))
    }

    fn base_url(&self) -> String {
        match self {
            Running::Host(host) => host.base_url(),
            Running::Spin(spin) => format!("http://{}", spin.address),
        }
    }

    async fn stop(self) {
        if let Running::Host(host) = self {
            host.stop().await;
        }
    }
}

/// A `spin up`, which ends with its value.
struct Spin {
    child: Child,
    address: SocketAddr,
}

impl Spin {
    async fn up(program: &Path, variables: &BTreeMap<String, String>) -> Spin {
        guests::SPIN_COMPONENT
            .copy_to_target()
            .unwrap_or_else(|error| panic!("{error}"));
        // Spin says nowhere which port it took, so it is given one that was free a moment ago.
        let port = std::net::TcpListener::bind(LOOPBACK).and_then(|listener| listener.local_addr());
        let address = port.expect("a free port");
        let mut command = Command::new(program);
        command
            .args(["up", "--listen", &address.to_string(), "--from"])
            .arg(spin_toml());
        for (name, value) in variables {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Its trigger is a process of its own, and ends with the group.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut spin = Spin { child, address };
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return spin;
            }
            if let Some(status) = spin.child.try_wait().expect("the child's state") {
                panic!("{} ended with {status}", program.display());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{} listens nowhere after a minute", program.display());
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        // All of its group: `spin up` killed alone leaves its trigger behind.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }
}

fn variables(github: &str, page_timeout: &str) -> BTreeMap<String, String> {
    let variables = [
        ("github_url", github),
        ("contact", "contract@example.org"),
        ("page_timeout", page_timeout),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn spin_toml() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spin/spin.toml")
}

/// The component in its host, asking a stand-in.
struct Tracker<'a> {
    contract: &'a Contract,
    host: Running,
}

impl Tracker<'_> {
    async fn start<'a>(contract: &'a Contract, runner: &Runner, github: &str, page_timeout: &str) -> Tracker<'a> {
        let host = Running::start(runner, variables(github, page_timeout)).await;
        Tracker { contract, host }
    }

    /// Sends a request, and holds its answer to the contract.
    async fn ask(&self, method: Method, target: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let uri: Uri = format!("{}{target}", self.host.base_url()).parse().expect("a URI");
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().expect("a header's name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a header's value"));
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client
            .request(request)
            .await
            .unwrap_or_else(|error| panic!("{method} {target}: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("the answer is whole")
            .to_bytes();
        if method == Method::HEAD {
            assert!(body.is_empty());
            return Answer {
                status,
                headers,
                json: Value::Null,
            };
        }
        // A host that cuts an answer short is found out by its length alone.
        assert_eq!(
            headers.get("content-length").and_then(|length| length.to_str().ok()),
            Some(body.len().to_string().as_str()),
            "{method} {target}"
        );
        let json: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
        // WASI's names for errors are for programs.
        let detail = json["detail"].as_str().unwrap_or_default();
        assert!(!detail.contains("ErrorCode") && !detail.contains("::"), "{detail}");
        let answer = Answer { status, headers, json };
        self.contract.check(&method, target, &answer);
        answer
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target, &[], "").await
    }

    async fn extract(&self, body: impl Into<Bytes>) -> Answer {
        self.ask(Method::POST, "/extract", &[("content-type", "text/html")], body)
            .await
    }
}

async fn stand_in() -> StandIn {
    let clock = "2026-05-10T12:00:00Z".parse().expect("a time");
    let options = stand_in::Options {
        clock: Some(clock),
        ..stand_in::Options::default()
    };
    StandIn::start(LOOPBACK, options).await.expect("the stand-in starts")
}

#[test]
fn the_document_is_sound() {
    let contract = Contract::read();
    assert_eq!(contract.document["openapi"], "3.1.0");
    let mut references = 0;
    let mut values = vec![&contract.document];
    while let Some(value) = values.pop() {
        if value.get("$ref").is_some_and(Value::is_string) {
            contract.resolve(value);
            references += 1;
        }
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => values.extend(fields.values()),
            _ => {}
        }
    }
    assert!(references > 30, "{references}");
    for (name, schema) in contract.document["components"]["schemas"].as_object().expect("schemas") {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn the_contract_refuses_what_it_does_not_describe() {
    let contract = Contract::read();
    let measurement = json!({"$ref": "#/components/schemas/Measurement"});
    let good = json!({
        "name": "charts/flagger", "total": 18_446_744_073_709_551_615_u64, "measured_at": "2026-05-10T12:00:00Z",
        "daily": [{"date": "2026-05-10", "count": 412}],
    });
    assert_eq!(contract.errors(&measurement, &good), [""; 0]);
    for (field, wrong) in [
        ("total", json!("14360")),
        ("total", json!(-1)),
        ("total", json!(1.5)),
        ("total", Value::Null),
        ("name", json!("../flagger")),
        ("measured_at", json!("2026-05-10 12:00")),
        ("daily", json!([{"date": "2026-05-40", "count": 1}])),
        ("daily", json!([{"date": "2026-05-10"}])),
        ("more", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[field] = wrong;
        assert_ne!(contract.errors(&measurement, &bad), [""; 0], "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract() {
    the_contract_is_kept_under(Runner::EmbeddedHost).await;
}

/// A page that takes longer than the host waits by itself arrives, where `page_timeout` allows for it: the limits of the
/// host are scaled to a hundredth, so that nobody waits for the 35 seconds that this stands for.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_take_as_long_as_the_component_is_told() {
    let contract = Contract::read();
    let github = stand_in().await;
    let limits = Limits {
        outbound_wait: std::time::Duration::from_millis(300),
        ..Limits::default()
    };
    let tracker = Tracker {
        contract: &contract,
        host: Running::host(variables(&github.base_url(), "60"), limits).await,
    };
    let slow = "slow-first-byte:1500".parse().unwrap_or_else(|error| panic!("{error}"));
    github.set_fault("source-controller", slow, None);
    let answer = tracker.get(PACKAGE).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    tracker.host.stop().await;
}

/// The contract under Spin itself, where `STATS_TRACKER_SPIN` names a `spin` program.
#[tokio::test(flavor = "multi_thread")]
async fn the_component_keeps_the_contract_under_spin() {
    match std::env::var_os("STATS_TRACKER_SPIN") {
        Some(program) => the_contract_is_kept_under(Runner::Spin(program.into())).await,
        None => eprintln!("skipped: STATS_TRACKER_SPIN names no spin program"),
    }
}

async fn the_contract_is_kept_under(runner: Runner) {
    let contract = Contract::read();
    let github = stand_in().await;
    let tracker = Tracker::start(&contract, &runner, &github.base_url(), "60").await;
    what_is_there(&tracker, &github).await;
    what_is_asked_wrongly(&tracker, &github).await;
    what_is_posted(&tracker, &github).await;
    what_fails(&tracker, &github).await;
    what_fails_in_a_list(&tracker, &github).await;
    what_changes_while_it_is_read(&tracker, &github).await;
    assert_eq!(
        tracker.get("/healthz").await.json,
        json!({"status": "ok"}),
        "it stays up"
    );
    tracker.host.stop().await;

    // Every failure here is one of waiting, so that it does not matter how slow this machine is.
    let impatient = Tracker::start(&contract, &runner, &github.base_url(), "1").await;
    what_takes_too_long(&impatient, &github).await;
    impatient.host.stop().await;

    let address = github.base_url();
    github.stop().await;
    let alone = Tracker::start(&contract, &runner, &address, "60").await;
    for target in [LIST, PACKAGE, VERSIONS] {
        let answer = alone.get(target).await;
        assert_eq!(answer.json["kind"], "unreachable");
        answer.says(Some("GitHub did not answer: the connection was refused"));
    }
    assert_eq!(alone.get("/healthz").await.status, 200);

    let mut missing = contract.described();
    let seen = contract.seen.lock().expect("not poisoned").clone();
    missing.retain(|described| !seen.contains(described));
    // Whether a body comes too slowly is a matter of time alone; the service's own tests have it.
    assert!(missing.remove(&("/extract".to_owned(), "post".to_owned(), 408)));
    assert_eq!(missing, BTreeSet::new(), "described, and never seen");
}

async fn what_is_there(tracker: &Tracker<'_>, github: &StandIn) {
    let organisation = github.organisation("fluxcd").expect("fluxcd is there").clone();
    let list = tracker.get(LIST).await;
    let expected: Vec<_> = organisation
        .packages
        .iter()
        .map(|package| {
            let repository = package
                .repository
                .as_ref()
                .map(|repository| format!("fluxcd/{repository}"));
            json!({"name": package.name, "repository": repository})
        })
        .collect();
    assert_eq!(list.json, json!(expected));
    assert_eq!(list.header("owner-kind"), Some("organization"));
    for package in &organisation.packages {
        let target = format!("{LIST}/{}", package.name.replace('/', "%2F"));
        let measurement = tracker.get(&target).await.json;
        // With what the list said, one request is enough.
        let repository = package.repository.as_ref();
        let repository = repository.map(|repository| format!("&repository=fluxcd%2F{repository}"));
        let hints = format!("?owner=organization{}", repository.unwrap_or_default());
        github.clear_log();
        let hinted = tracker.get(&format!("{target}{hints}")).await.json;
        // All but the time of the measurement, which is another one.
        for field in ["name", "total", "daily"] {
            assert_eq!(hinted[field], measurement[field], "{field} of {target}{hints}");
        }
        assert_eq!(github.log().requests.len(), 1, "{target}{hints}");
        assert_eq!(measurement["name"], package.name, "{measurement}");
        assert_eq!(measurement["total"], package.total(github.now()), "{}", package.name);
        let daily: Vec<_> = package
            .daily(github.now())
            .iter()
            .map(|(date, count)| json!({"date": date.to_string(), "count": count}))
            .collect();
        assert_eq!(measurement["daily"], json!(daily), "{}", package.name);
    }

    let user = tracker.get("/orgs/stand-in-user/packages").await;
    assert_eq!(user.header("owner-kind"), Some("user"));
    for hints in [
        "",
        "?owner=user",
        "?repository=repository-1",
        "?repository=nobody%2Fx&owner=user",
    ] {
        let target = format!("/orgs/stand-in-user/packages/image-1{hints}");
        assert_eq!(tracker.get(&target).await.status, 200, "{hints}");
        let target = format!("/orgs/stand-in-user/packages/image-1/versions{hints}");
        assert_eq!(tracker.get(&target).await.status, 200, "{hints}");
    }
    let hinted = format!("{VERSIONS}?repository=fluxcd%2Fsource-controller");
    let hinted = tracker.get(&hinted).await.json;

    github.clear_log();
    let versions = tracker.get(VERSIONS).await.json;
    assert_eq!(versions, hinted);
    let versions = versions.as_array().expect("a list");
    let total = organisation
        .package("source-controller")
        .expect("it is there")
        .total(github.now());
    assert!(versions.len() > 30, "more than a page");
    assert_eq!(versions[0]["total"], total - total / 2);
    assert_eq!(versions[0]["tags"][0], "latest");
    let log = github.log();
    assert!(log.requests.len() >= 2, "more than a page");
    assert_eq!(log.maximum_concurrency, 1);
    for request in log.requests {
        let user_agent = request.user_agent.unwrap_or_default();
        assert!(
            user_agent.starts_with("stats-tracker/") && user_agent.contains("contract@example.org"),
            "{user_agent}"
        );
        assert_eq!(request.accept_encoding.as_deref(), Some("gzip"));
    }

    github.clear_log();
    assert_eq!(tracker.get("/healthz").await.json, json!({"status": "ok"}));
    assert_eq!(github.log().requests.len(), 0);

    let get = tracker.get("/healthz").await;
    let head = tracker.ask(Method::HEAD, "/healthz", &[], "").await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (get.status, get.header("content-length"))
    );
}

async fn what_is_asked_wrongly(tracker: &Tracker<'_>, github: &StandIn) {
    github.clear_log();
    let long = format!("{LIST}/{}", "a".repeat(5_000));
    for target in [
        "/orgs/flux_cd/packages",
        "/orgs/%2e%2e%2f/packages",
        "/orgs/-fluxcd/packages",
        "/orgs/fluxcd/packages/..%2F..%2Flogin",
        "/orgs/fluxcd/packages/flagger%00",
        "/orgs/fluxcd/packages/%FF%FE",
        "/orgs/fluxcd/packages/flagger%3Ftab%3Dx",
        "/orgs/fluxcd/packages/flagger%23x/versions",
        "/orgs/fluxcd/packages/Flagger",
        "/orgs/fluxcd/packages/flagger?repository=..",
        "/orgs/fluxcd/packages/flagger?repository=a%2Fb%2Fc",
        "/orgs/fluxcd/packages/flagger/versions?owner=organisation",
        &long,
    ] {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (400, &json!("bad_request")),
            "{target}"
        );
    }
    for (method, target, allow) in [
        (Method::POST, LIST, "GET, HEAD"),
        (Method::DELETE, PACKAGE, "GET, HEAD"),
        (Method::PUT, VERSIONS, "GET, HEAD"),
        (Method::GET, "/extract", "POST"),
        (Method::PATCH, "/healthz", "GET, HEAD"),
    ] {
        let answer = tracker.ask(method, target, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{target}");
    }
    for target in [
        "/",
        "/orgs/fluxcd/packages/charts/flagger",
        "/favicon.ico",
        "/orgs/fluxcd/packages/flagger/versions/",
    ] {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (404, &json!("not_found")),
            "{target}"
        );
    }
    assert_eq!(github.log().requests.len(), 0, "nothing of this is GitHub's business");

    let nobody = [
        "/orgs/nobody/packages",
        "/orgs/nobody/packages/x",
        "/orgs/fluxcd/packages/x",
        "/orgs/fluxcd/packages/x/versions",
    ];
    for target in nobody {
        let answer = tracker.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (404, &json!("not_found")),
            "{target}"
        );
    }
}

async fn what_is_posted(tracker: &Tracker<'_>, github: &StandIn) {
    github.clear_log();
    let page = PackagePage {
        total: 4_890_000_000,
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..PackagePage::default()
    };
    let answer = tracker.extract(page.render()).await;
    assert_eq!((answer.status, &answer.json["total"]), (200, &json!(4_890_000_000_u64)));
    let changed = PackagePage {
        change: Some(pages::Change::TitleDropped),
        ..page.clone()
    };
    let half = page.render();
    let half = &half[..half.len() / 2];
    for (body, status, kind) in [
        (Vec::new(), 400, "bad_request"),
        (pages::not_found().into_bytes(), 400, "bad_request"),
        ((0..=255).cycle().take(100_000).collect(), 400, "bad_request"),
        (half.as_bytes().to_vec(), 400, "bad_request"),
        (
            pages::rate_limit(RateLimit::AbuseDetection).into_bytes(),
            429,
            "rate_limited",
        ),
        (changed.render().into_bytes(), 502, "markup_changed"),
        (vec![b'x'; 5_000_000], 413, "too_large"),
    ] {
        let answer = tracker.extract(body).await;
        assert_eq!(
            (answer.status, &answer.json["kind"]),
            (status, &json!(kind)),
            "{}",
            answer.json
        );
    }
    assert_eq!(github.log().requests.len(), 0);
}

/// What each of the stand-in's faults is to whoever asks for a package: a kind, or none where there is an answer.
fn expected(fault: &str) -> Option<&'static str> {
    match fault {
        "gzip" | "no-chart" | "falling-total" | "list-shrinks" | "list-grows" | "heading-off" => None,
        "404" | "login" | "vanished" => Some("not_found"),
        "429" | "429:7" | "403" => Some("rate_limited"),
        "label-renamed" | "title-dropped" | "title-rounded" | "title-empty" | "title-too-large"
        | "bar-not-a-number" | "empty" | "binary" | "utf-16" => Some("markup_changed"),
        "endless" | "gzip-bomb" => Some("too_large"),
        _ => Some("unreachable"),
    }
}

/// What each of the faults of the wire is called for people, whatever runs the component: the same, whichever of WASI's
/// error codes a host has for it.
fn detail(fault: &str) -> Option<&'static str> {
    match fault {
        "500" | "503" => Some("GitHub answered with the status 50"),
        "disconnect" => Some("GitHub did not answer: the connection broke"),
        "cut-body" | "cut-chunked" => Some("GitHub did not answer: the connection broke"),
        "gzip-cut" => Some("GitHub's page is cut off or damaged"),
        "redirect-loop" => Some("GitHub redirected more than"),
        "redirect-elsewhere" => Some("GitHub redirected to another host"),
        "endless" | "gzip-bomb" => Some("GitHub's page has more than"),
        "slow-first-byte" => Some("GitHub's answer: its "),
        "slow-body" => Some("GitHub's answer: its page took too long"),
        _ => None,
    }
}

/// The stand-in's faults as they are written, but those that are only slow.
fn faults() -> impl Iterator<Item = String> {
    let syntax = stand_in::fault::SYNTAX.split(", ").flat_map(|fault| match fault {
        "500 to 599" => vec!["500".to_owned(), "503".to_owned()],
        "429[:RETRY_AFTER_SECONDS]" => vec!["429".to_owned(), "429:7".to_owned()],
        fault => vec![fault.to_owned()],
    });
    syntax.filter(|fault| !fault.starts_with("slow-"))
}

async fn what_fails(tracker: &Tracker<'_>, github: &StandIn) {
    for name in faults() {
        let fault: Fault = name.parse().unwrap_or_else(|error| panic!("{error}"));
        github.set_fault("source-controller", fault, None);
        let answer = tracker.get(PACKAGE).await;
        github.clear_faults();
        match expected(&name) {
            None => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.json);
                assert!(answer.json["total"].as_u64().is_some_and(|total| total > 0), "{name}");
                assert_eq!(
                    answer.json["daily"].as_array().map(Vec::len),
                    Some(if name == "no-chart" { 0 } else { 30 })
                );
            }
            Some(kind) => assert_eq!(answer.json["kind"], kind, "{name}: {}", answer.json),
        }
        answer.says(detail(&name));
        match name.as_str() {
            "429:7" => assert_eq!(answer.header("retry-after"), Some("7")),
            "429" | "403" => assert_eq!(answer.header("retry-after"), Some("1800")),
            _ => {}
        }
        assert_eq!(tracker.get(PACKAGE).await.status, 200, "after {name}");
    }
}

async fn what_fails_in_a_list(tracker: &Tracker<'_>, github: &StandIn) {
    for (name, kind) in [
        ("404", "not_found"),
        ("429:60", "rate_limited"),
        ("503", "unreachable"),
        ("cut-body", "unreachable"),
        ("endless", "too_large"),
        ("binary", "markup_changed"),
        ("redirect-loop", "unreachable"),
    ] {
        for target in [LIST, VERSIONS] {
            github.set_fault("*", name.parse().unwrap_or_else(|error| panic!("{error}")), None);
            let answer = tracker.get(target).await;
            github.clear_faults();
            assert_eq!(answer.json["kind"], kind, "{name} on {target}: {}", answer.json);
        }
    }
}

/// A list that is not the same on its second page as on its first: read again, and then whole or a problem.
async fn what_changes_while_it_is_read(tracker: &Tracker<'_>, github: &StandIn) {
    const MANY: &str = "/orgs/stand-in-many/packages";
    let whole = tracker.get(MANY).await.json;
    assert_eq!(whole.as_array().map(Vec::len), Some(75));
    for (name, kind) in [
        ("list-shrinks", "unreachable"),
        ("list-grows", "unreachable"),
        ("heading-off", "markup_changed"),
    ] {
        let fault: Fault = name.parse().unwrap_or_else(|error| panic!("{error}"));
        github.set_fault(MANY, fault, Some(1));
        assert_eq!(tracker.get(MANY).await.json, whole, "{name}, once");
        github.set_fault(MANY, fault, None);
        github.clear_log();
        let answer = tracker.get(MANY).await;
        assert_eq!(answer.json["kind"], kind, "{name}: {}", answer.json);
        let readings = github
            .log()
            .requests
            .iter()
            .filter(|request| request.path.ends_with("page=1"))
            .count();
        assert_eq!(readings, 2, "{name}");
        github.clear_faults();
    }
}

async fn what_takes_too_long(tracker: &Tracker<'_>, github: &StandIn) {
    for fault in ["slow-first-byte", "slow-body"] {
        github.set_fault("*", fault.parse().unwrap_or_else(|error| panic!("{error}")), None);
        for target in [LIST, PACKAGE, VERSIONS] {
            let answer = tracker.get(target).await;
            assert_eq!(
                (answer.status, &answer.json["kind"]),
                (504, &json!("timed_out")),
                "{fault} on {target}: {}",
                answer.json
            );
            answer.says(detail(fault));
        }
        github.clear_faults();
    }
}
