//! Limits the memory that the host uses for a guest: headers, URLs, bodies, pollables and other resources of its
//! handles.
//!
//! The store limits a guest's own memory. WASI's resources are not in it: each header that a guest appends, and each
//! request that it creates and never sends, uses memory of the host. Constants limit each call ([`CALL_BYTES`],
//! [`FIELDS_BYTES`], [`CHUNK_BYTES`]). The total of all resources is counted here every few calls.

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

/// The limit of data that a guest passes in one call: more than any piece of a body or any header.
pub(super) const CALL_BYTES: usize = 256 << 10;

/// The limit of a set of headers. Servers accept 8 KB, and rarely 32.
pub(super) const FIELDS_BYTES: usize = 32 << 10;

/// The size of the pieces in which a guest writes a body: small enough for many bodies, large enough to be fast.
pub(super) const CHUNK_BYTES: usize = 32 << 10;

/// The limit of random bytes in one call.
pub(super) const RANDOM_BYTES: u64 = 256 << 10;

/// The number of calls between two counts. A count can be too low by the data of these calls.
const CALLS_PER_COUNT: u32 = 4;

/// The size of a table's entry without the data that is counted below: the entry, its box, its list of children.
const ENTRY_BYTES: usize = 512;

/// The pieces of a body that wait to be sent: one, and another one of wasmtime-wasi-http.
const BODY_BYTES: usize = 2 * CHUNK_BYTES;

/// The size of an entry of a header map with its index, if the map has just doubled.
const HEADER_BYTES: usize = size_of::<HeaderName>() + 2 * size_of::<HeaderValue>() + 64;

/// Counts the host's memory for one request.
#[derive(Debug)]
pub(super) struct HostMemory {
    limit: usize,
    calls: u32,
    /// The memory of requests that are being sent to another server.
    sent: Arc<AtomicUsize>,
    /// Whether the limit was exceeded, and the guest's resources were dropped.
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

    /// To be called before each host call of the guest. If the limit is exceeded, all resources are dropped at once,
    /// and the guest traps when it uses the next handle.
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

    /// Counts a request until the returned value is dropped.
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

/// A counted request that is being sent.
pub(super) struct Sent {
    sent: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.sent.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The size of the guest's data in an entry. The memory of connections is limited by their number.
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
    fn resources_beyond_the_limit_are_dropped_at_once() {
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
