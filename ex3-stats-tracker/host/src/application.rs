//! A Spin application, compiled and linked: what is done once, so that a request only has to be instantiated for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, EXPECT, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use wasmtime::component::Linker;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::allowed_hosts::AllowedHosts;
use super::clock::Clock;
use super::compile::{self, one_line};
use super::engine::Runtime;
use super::error::Error;
use super::error_codes;
use super::guest::{self, Guest};
use super::instances::{Answer, Instance, Instances};
use super::limits::{ComponentLimits, Limits};
use super::options::Options;
use super::outbound::Outbound;
use super::problem::Problem;
use super::request_body::{self, Held};
use super::router::Router;
use super::state::{Grants, GuestState};
use super::variables;
use crate::manifest::{self, Manifest};

/// Spin answers the paths below this one itself, without asking a component.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// An application that is ready to answer requests.
pub struct Application {
    components: Vec<Loaded>,
    router: Router,
    /// One for each request that may be in a guest at the same time.
    permits: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    /// The application's name and version, as Spin tells them.
    info: String,
    limits: Limits,
    _runtime: Runtime,
}

/// An instance that has answered. Its memory is freed when this is dropped.
pub struct Kept {
    _instance: Instance,
}

/// One component.
struct Loaded {
    instances: Arc<Instances>,
    limits: ComponentLimits,
}

impl Application {
    /// Resolves the variables, compiles the components (or loads what was compiled before) and links them. This takes
    /// up to some seconds of computing: async callers hand it to a blocking thread.
    pub fn load(manifest: &Manifest, variables: &BTreeMap<String, String>, options: &Options) -> Result<Self, Error> {
        let values = manifest.resolve(variables)?;
        let limits = options.limits;
        let runtime = Runtime::new(places(manifest, &limits), memory_bytes(manifest, &limits))?;
        let linker = linker(&runtime).map_err(|error| Error::Engine {
            problem: format!("{error:#}"),
        })?;

        let mut linked = Vec::new();
        for (id, component) in &manifest.components {
            let limits = ComponentLimits::new(&limits, &component.limits);
            let grants = Arc::new(grants(manifest, id, component, &values, limits, &options.clock)?);
            let path = options.sources.get(id).unwrap_or(&component.source);
            let compiled = compile::component(&runtime, &options.store, id, path)?;
            let instance = linker.instantiate_pre(&compiled).map_err(|error| Error::NotLinkable {
                component: id.clone(),
                path: path.clone(),
                problem: one_line(&format!("{error:#}")),
            })?;
            let handler = ProxyPre::new(instance).map_err(|_| Error::NotAHandler {
                component: id.clone(),
                path: path.clone(),
            })?;
            linked.push((grants, limits, handler));
        }
        let position = |id: &str| {
            manifest
                .components
                .keys()
                .position(|known| known == id)
                .expect("the manifest checked its routes' components")
        };
        let leaves = linked
            .iter()
            .any(|(grants, ..)| grants.allowed_hosts.leave_this_machine());
        let outbound = Outbound::new(&limits, options.outbound_pause, leaves)?;
        let loaded = |(grants, limits, handler): (_, ComponentLimits, _)| {
            let each = limits.requests_per_instance;
            let instances = Instances::new(grants, handler, runtime.engine(), outbound.clone(), each);
            Loaded {
                instances: Arc::new(instances),
                limits,
            }
        };
        Ok(Self {
            router: Router::new(&manifest.routes, position),
            components: linked.into_iter().map(loaded).collect(),
            permits: Arc::new(Semaphore::new(limits.concurrent_requests as usize)),
            bodies: Arc::new(Semaphore::new(request_body::units(limits.request_bodies_bytes))),
            info: serde_json::json!({"name": manifest.name, "version": manifest.version}).to_string(),
            limits,
            _runtime: runtime,
        })
    }

    /// Compiles the components for any processor of an architecture, named as in [`std::env::consts::ARCH`], and keeps the
    /// code in the options' store. A host with such a store compiles nothing, and needs no compiler.
    #[cfg(feature = "compiler")]
    pub fn compile_ahead(manifest: &Manifest, architecture: &str, options: &Options) -> Result<(), Error> {
        let runtime = Runtime::portable(architecture)?;
        for (id, component) in &manifest.components {
            let path = options.sources.get(id).unwrap_or(&component.source);
            compile::ahead(&runtime, architecture, &options.store, id, path)?;
        }
        Ok(())
    }

    /// Makes an instance of a component as each request gets one, and drops it. `None` where there is no such
    /// component. For measuring.
    pub async fn instantiate(&self, component: &str) -> Option<Result<(), wasmtime::Error>> {
        let instances = self.instances_of(component)?;
        let mut instance = instances.take();
        instance.store().set_epoch_deadline(u64::MAX / 2);
        Some(instances.instantiate(&mut instance).await)
    }

    /// Answers a request in an instance of a component, and keeps the instance, which a server drops after its answer.
    /// Without limits of time. `None` where there is no such component. For measuring.
    ///
    /// # Errors
    ///
    /// If the instance can't be made, traps, or ends without a whole answer.
    pub async fn answer_and_keep(
        &self,
        component: &str,
        request: Request<Full<Bytes>>,
    ) -> Option<Result<(Bytes, Kept), wasmtime::Error>> {
        let instances = self.instances_of(component)?;
        let mut instance = instances.take();
        instance.store().set_epoch_deadline(u64::MAX / 2);
        let (sender, receiver) = oneshot::channel();
        // The guest waits for a reader of its answer.
        let read = async {
            let response: Answer = receiver.await.ok()?;
            Some(response.ok()?.into_body().collect().await.ok()?.to_bytes())
        };
        let (called, body) = tokio::join!(instances.call(&mut instance, request, sender), read);
        let answer = body.ok_or_else(|| wasmtime::Error::msg("the component gave no whole answer"));
        Some(called.and(answer).map(|body| (body, Kept { _instance: instance })))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn instances_of(&self, component: &str) -> Option<&Instances> {
        let mut all = self.components.iter().map(|loaded| &*loaded.instances);
        all.find(|instances| &*instances.grants().id == component)
    }

    /// The answer to one of Spin's own paths: whether the host is alive, and what it runs. It needs no instance, so
    /// that a host whose instances are all taken is not believed dead.
    pub(super) fn well_known(&self, path: &str) -> Option<Response<WasiBody>> {
        let name = path.strip_prefix(WELL_KNOWN)?;
        let body = |text: String| Full::from(text).map_err(|never| match never {}).boxed_unsync();
        let mut response = match name {
            "health" => Response::new(body("OK".to_owned())),
            "info" => Response::new(body(self.info.clone())),
            _ => Response::new(body(String::new())),
        };
        match name {
            "health" => {}
            "info" => {
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, json);
            }
            _ => *response.status_mut() = StatusCode::NOT_FOUND,
        }
        Some(response)
    }

    /// Answers one request: by a component, or by a problem.
    pub(super) async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
        match self.try_answer(request, client).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn try_answer(&self, request: Request<Incoming>, client: SocketAddr) -> Result<Response<WasiBody>, Problem> {
        let (mut head, body) = request.into_parts();
        check_head(&head, self.limits.header_bytes)?;
        let found = self
            .router
            .route(head.uri.path())
            .ok_or_else(|| Problem::no_route(head.uri.path()))?;
        let loaded = &self.components[found.component()];
        found.write_headers(&head.uri, client, &mut head.headers);

        // The body is there before an instance is: a client that sends slowly holds no instance.
        let announced_first = head.headers.contains_key(EXPECT);
        let limit = loaded.limits.request_body_bytes;
        let (body, held) = request_body::read(body, announced_first, limit, &self.limits, &self.bodies).await?;
        let permit = timeout(self.limits.queue_wait, self.permits.clone().acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(Problem::busy)?;

        let request = Request::from_parts(head, Full::new(body));
        guest::answer(loaded.guest(request, (permit, held))).await
    }
}

impl Loaded {
    fn guest(&self, request: Request<Full<Bytes>>, held: (OwnedSemaphorePermit, Held)) -> Guest {
        Guest {
            instances: self.instances.clone(),
            request,
            limits: self.limits,
            held,
        }
    }
}

/// The places of the pool: one for each request at a time. A component whose instances wait for another request has that
/// many of its own, since the waiting ones keep theirs.
fn places(manifest: &Manifest, limits: &Limits) -> u32 {
    let keeping =
        |component: &&manifest::Component| ComponentLimits::new(limits, &component.limits).requests_per_instance > 1;
    let count = manifest.components.values().filter(keeping).count();
    let shared = usize::from(count < manifest.components.len());
    let times = u32::try_from(count + shared).unwrap_or(u32::MAX);
    limits.concurrent_requests.saturating_mul(times)
}

/// The most that any component's instances may hold: the pool has places of one size.
fn memory_bytes(manifest: &Manifest, limits: &Limits) -> usize {
    manifest
        .components
        .values()
        .map(|component| ComponentLimits::new(limits, &component.limits).memory_bytes)
        .max()
        .unwrap_or(limits.memory_bytes)
}

fn linker(runtime: &Runtime) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(runtime.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    error_codes::add_to_linker(&mut linker)?;
    variables::add_to_linker(&mut linker, GuestState::variables)?;
    Ok(linker)
}

fn grants(
    manifest: &Manifest,
    id: &str,
    component: &manifest::Component,
    values: &BTreeMap<String, String>,
    limits: ComponentLimits,
    clock: &Clock,
) -> Result<Grants, Error> {
    let key = |key: &str, problem: String| Error::Key {
        path: manifest.path().to_owned(),
        key: format!("component.{id}.{key}"),
        problem,
    };
    let render = |name: &str, template: &manifest::Template| {
        template
            .render(values)
            .map_err(|variable| key(name, format!("there is no variable `{variable}`; declare it")))
    };
    let hosts = component
        .allowed_outbound_hosts
        .iter()
        .map(|host| render("allowed_outbound_hosts", host))
        .collect::<Result<Vec<_>, _>>()?;
    let allowed_hosts = AllowedHosts::parse(&hosts).map_err(|problem| key("allowed_outbound_hosts", problem))?;
    let variables = component
        .variables
        .iter()
        .map(|(name, value)| Ok((name.clone(), render(&format!("variables.{name}"), value)?)))
        .collect::<Result<_, Error>>()?;
    Ok(Grants {
        id: id.into(),
        variables: Arc::new(variables),
        environment: component.environment.clone().into_iter().collect(),
        allowed_hosts,
        memory_bytes: limits.memory_bytes,
        output_bytes: limits.output_bytes,
        host_bytes: limits.host_bytes,
        handles: limits.handles,
        outbound_requests: limits.outbound_requests,
        clock: clock.clone(),
    })
}

/// What a component is told of a request has to be there and of a size to be told.
fn check_head(head: &http::request::Parts, limit: usize) -> Result<(), Problem> {
    let target = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let headers: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if target + headers > limit {
        return Err(Problem::head_too_large(limit));
    }
    let host = head.headers.get(HOST).is_some_and(|host| host.to_str().is_ok());
    if head.uri.authority().is_none() && !host {
        return Err(Problem::bad_request("the request has no readable Host header"));
    }
    Ok(())
}

#[cfg(all(test, feature = "compiler"))]
#[path = "../tests/guest/mod.rs"]
mod guest_module;

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::thread;
    use std::time::Duration;

    use http_body_util::{BodyExt, Empty};
    use tokio::time::{pause, resume, sleep};
    use wasm::compiled_code::Store;

    use super::guest_module::{MANIFEST, module};
    use super::*;
    use crate::waiting::Waiting;

    /// A server that answers each request.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                        let _ = stream.write_all(b"HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello");
                    }
                });
            }
        });
        address
    }

    /// The guest's, in this directory, which may ask this server.
    fn application(directory: &Path, server: SocketAddr, options: &Options) -> Application {
        let path = directory.join("spin.toml");
        fs::write(directory.join("guest.wasm"), module()).unwrap();
        let manifest = Manifest::parse(MANIFEST, &path).unwrap();
        let variables = BTreeMap::from([("allowed".to_owned(), format!("http://{server}"))]);
        Application::load(&manifest, &variables, options).unwrap()
    }

    fn request(uri: String) -> http::request::Builder {
        Request::builder().uri(uri).header(HOST, "h")
    }

    /// A guest has a minute, and is made to wait for half an hour before its turn at a server comes. The clock is put
    /// forward, so that it is no matter of how slow this machine is.
    #[tokio::test]
    async fn a_deadline_moves_while_a_guest_waits_for_its_turn() {
        let directory = tempfile::tempdir().unwrap();
        let server = server();
        let options = Options {
            limits: Limits {
                deadline: Duration::from_secs(60),
                ..Limits::default()
            },
            store: Store::at(directory.path().join("compiled-code")),
            outbound_pause: Duration::from_millis(1),
            ..Options::default()
        };
        let application = application(directory.path(), server, &options);
        let place = || Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();

        // Somebody whose turn it is until the response was read.
        let nothing = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let first = request(format!("http://{server}/")).body(nothing).unwrap();
        let outbound = application.components[0].instances.outbound().clone();
        let waiting = Arc::new(Waiting::default());
        let turn = outbound.send(first, None, &waiting, place()).await.unwrap();

        let asking = request(format!("/fp{server}")).body(Full::default()).unwrap();
        let guest = application.components[0].guest(asking, (place(), None));
        pause();
        let answer = tokio::spawn(guest::answer(guest));
        sleep(Duration::from_secs(30 * 60)).await;
        assert!(!answer.is_finished(), "it was to be waiting still");
        resume();
        drop(turn);
        let Ok(response) = answer.await.unwrap() else {
            panic!("it was stopped")
        };
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&body[..], b"status 203");
    }
}
