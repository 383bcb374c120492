//! What a guest makes the host hold: fields, addresses, bodies, pollables and whatever else it has handles of.
//!
//! A guest's own memory is bounded by its store. What it asks of WASI is not in there: each header that it appends, each
//! request that it makes and never sends is memory of the host's. Each call is bounded by itself
//! ([`CALL_BYTES`], [`FIELDS_BYTES`], [`CHUNK_BYTES`]), what stays of all calls is counted here from time to time.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use wasmtime_wasi::ResourceTable;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types::{Method, Scheme};
use wasmtime_wasi_http::p2::types::{
    HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse,
};

/// The most that a guest may hand over in one call. More than any piece of a body or any header.
pub(super) const CALL_BYTES: usize = 256 << 10;

/// The most that one set of headers may hold. Servers take 8 KB and more rarely 32.
pub(super) const FIELDS_BYTES: usize = 32 << 10;

/// The piece in which a guest writes a body: small enough for many bodies, large enough to be written in a moment.
pub(super) const CHUNK_BYTES: usize = 32 << 10;

/// The most random bytes that are made in one call.
pub(super) const RANDOM_BYTES: u64 = 256 << 10;

/// So many calls may pass before it is counted again what the host holds: it is off by what these hand over.
const CALLS_PER_COUNT: u32 = 4;

/// What an entry of the table takes besides what is counted below: itself, its box, its list of children.
const ENTRY_BYTES: usize = 512;

/// Pieces of a body that wait to be taken: one, and the one that wasmtime-wasi-http adds.
const BODY_BYTES: usize = 2 * CHUNK_BYTES;

/// An entry of a header map, with its index, in a map that has doubled a moment ago.
const HEADER_BYTES: usize = size_of::<HeaderName>() + 2 * size_of::<HeaderValue>() + 64;

/// Counts what the host holds for one request.
#[derive(Debug)]
pub(super) struct HostMemory {
    limit: usize,
    calls: u32,
    /// What requests hold that are on their way to another server.
    sent: Arc<AtomicUsize>,
    /// Whether the guest made the host hold more than it may, and lost all of it.
    pub(super) exceeded: bool,
}

impl HostMemory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: 0,
            sent: Arc::default(),
            exceeded: false,
        }
    }

    /// Called before each call of the guest's is answered. A guest that exceeded its limit loses what is held for it at
    /// once; it traps on whatever handle it uses next.
    pub(super) fn before_call(&mut self, table: &mut ResourceTable) {
        self.calls = self.calls.wrapping_add(1);
        if !self.calls.is_multiple_of(CALLS_PER_COUNT) {
            return;
        }
        let held: usize = table.iter_mut().map(|entry| ENTRY_BYTES + held_by(entry)).sum();
        if held + self.sent.load(Ordering::Relaxed) > self.limit {
            self.exceeded = true;
            *table = ResourceTable::new();
            table.set_max_capacity(0);
        }
    }

    /// Counts a request for as long as it is on its way.
    pub(super) fn send<B: hyper::body::Body>(&self, request: &http::Request<B>) -> Sent {
        let body = if request.body().is_end_stream() { 0 } else { BODY_BYTES };
        let bytes = ENTRY_BYTES + headers(request.headers()) + request.uri().to_string().len() + body;
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        Sent {
            sent: self.sent.clone(),
            bytes,
        }
    }
}

/// A request on its way.
pub(super) struct Sent {
    sent: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.sent.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What an entry holds of what the guest gave; what a connection holds is bounded by their number.
fn held_by(entry: &(dyn std::any::Any + Send)) -> usize {
    if let Some(fields) = entry.downcast_ref::<FieldMap>() {
        return headers(fields);
    }
    if let Some(request) = entry.downcast_ref::<HostOutgoingRequest>() {
        let method = match &request.method {
            Method::Other(method) => method.capacity(),
            _ => 0,
        };
        let scheme = match &request.scheme {
            Some(Scheme::Other(scheme)) => scheme.capacity(),
            _ => 0,
        };
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        let body = request.body.as_ref().map_or(0, |_| BODY_BYTES);
        let address = text(&request.authority) + text(&request.path_with_query);
        return headers(&request.headers) + method + scheme + address + body;
    }
    if let Some(response) = entry.downcast_ref::<HostOutgoingResponse>() {
        return headers(&response.headers) + response.body.as_ref().map_or(0, |_| BODY_BYTES);
    }
    if let Some(response) = entry.downcast_ref::<HostIncomingResponse>() {
        return headers(&response.headers);
    }
    if let Some(HostFutureIncomingResponse::Ready(Ok((response, _)))) = entry.downcast_ref() {
        return headers(response.headers());
    }
    0
}

fn headers(map: &HeaderMap) -> usize {
    let content: usize = map
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER_BYTES)
        .sum();
    content.max(map.capacity() * HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full_headers() -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("a", HeaderValue::from_bytes(&[b'a'; 10_000]).unwrap());
        map
    }

    #[test]
    fn what_is_held_beyond_the_limit_is_lost_at_once() {
        let mut table = ResourceTable::new();
        let mut memory = HostMemory::new(100_000);
        for _ in 0..9 {
            table
                .push(HostIncomingResponse {
                    status: 200,
                    headers: {
                        let mut fields = FieldMap::new_mutable(FIELDS_BYTES);
                        for (name, value) in &full_headers() {
                            fields.append_raw(name.clone(), value.clone()).unwrap();
                        }
                        fields
                    },
                    body: None,
                })
                .unwrap();
        }
        for _ in 0..CALLS_PER_COUNT {
            memory.before_call(&mut table);
        }
        assert!(!memory.exceeded && !table.is_empty());
        table.push(FieldMap::default()).unwrap();
        let request = http::Request::builder()
            .uri("https://github.test/")
            .body(http_body_util::Full::new(bytes::Bytes::from("body")))
            .unwrap();
        let sent = memory.send(&request);
        for _ in 0..CALLS_PER_COUNT {
            memory.before_call(&mut table);
        }
        assert!(memory.exceeded && table.is_empty());
        assert!(table.push(()).is_err());
        drop(sent);
        assert_eq!(memory.sent.load(Ordering::Relaxed), 0);
    }
}
