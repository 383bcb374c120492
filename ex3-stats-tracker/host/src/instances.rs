//! The instances of a component. By default each answers one request and is dropped: nothing of one request can be in the
//! next one. Where `requests_per_instance` allows more, an instance that ended well waits here for its next request, which
//! saves the time of a new one.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::{Engine, Store};
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::{WasiBody, WasiHttpView};

use super::host_memory;
use super::outbound::Outbound;
use super::state::{Grants, GuestState};

/// The argument of the guest's call of `response-outparam.set`.
pub(super) type Answer = Result<Response<WasiBody>, ErrorCode>;

/// All instances of a component.
pub(super) struct Instances {
    grants: Arc<Grants>,
    handler: ProxyPre<GuestState>,
    engine: Engine,
    outbound: Arc<Outbound>,
    requests_each: u32,
    /// Those that wait for another request. A new one is made only while none waits, and only with a permit for a request:
    /// so there are never more instances than permits.
    waiting: Mutex<Vec<Instance>>,
}

/// An instance, from before it is instantiated until it is dropped.
pub(super) struct Instance {
    store: Store<GuestState>,
    proxy: Option<Proxy>,
    requests: u32,
}

impl Instances {
    pub(super) fn new(
        grants: Arc<Grants>,
        handler: ProxyPre<GuestState>,
        engine: &Engine,
        outbound: Arc<Outbound>,
        requests_each: u32,
    ) -> Self {
        Self {
            grants,
            handler,
            engine: engine.clone(),
            outbound,
            requests_each,
            waiting: Mutex::default(),
        }
    }

    pub(super) fn grants(&self) -> &Grants {
        &self.grants
    }

    #[cfg(all(test, feature = "compiler"))]
    pub(super) fn outbound(&self) -> &Arc<Outbound> {
        &self.outbound
    }

    /// An instance for one request: one that waits, else a new one, which is instantiated when it is called.
    pub(super) fn take(&self) -> Instance {
        self.lock().pop().unwrap_or_else(|| self.new_instance())
    }

    fn new_instance(&self) -> Instance {
        let mut store = Store::new(&self.engine, self.new_state());
        store.limiter(|state| state.memory());
        store.set_hostcall_fuel(host_memory::CALL_BYTES);
        store.set_max_component_handles(self.grants.handles);
        Instance {
            store,
            proxy: None,
            requests: 0,
        }
    }

    fn new_state(&self) -> GuestState {
        GuestState::new(&self.grants, &self.outbound)
    }

    /// Takes an instance back that ended without a failure. It is dropped if it has answered its number of requests, or if
    /// something of this one is left: a handle, or a request for memory that was refused.
    pub(super) fn give_back(&self, mut instance: Instance) {
        if instance.requests < self.requests_each && instance.store.data().is_as_before() {
            // The old state ends here, and with it a last line of output.
            instance.store.data_mut().begin_another_request(self.new_state());
            self.lock().push(instance);
        }
    }

    /// Lets the instance answer a request; the answer goes to the `sender`.
    pub(super) async fn call(
        &self,
        instance: &mut Instance,
        request: Request<Full<Bytes>>,
        sender: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        let Instance { store, proxy, requests } = instance;
        *requests += 1;
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam(sender)?;
        let proxy = match proxy {
            Some(proxy) => proxy,
            None => proxy.insert(self.handler.instantiate_async(&mut *store).await?),
        };
        proxy
            .wasi_http_incoming_handler()
            .call_handle(store, request, out)
            .await
    }

    /// Instantiates the component without a request.
    pub(super) async fn instantiate(&self, instance: &mut Instance) -> wasmtime::Result<()> {
        self.handler.instantiate_async(&mut instance.store).await.map(drop)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Instance>> {
        // No code panics while the lock is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    pub(super) fn store(&mut self) -> &mut Store<GuestState> {
        &mut self.store
    }
}
