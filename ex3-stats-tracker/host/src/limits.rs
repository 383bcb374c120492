//! The limits of guests and clients.

use std::time::Duration;

use crate::manifest::StatedLimits;

/// The limits that the host enforces. A limit in a component's table `tool.embedded-host` in `spin.toml` replaces the limit
/// here for that component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of requests that an instance answers, one after the other, before it is dropped. With 1, each request has
    /// a new instance, and nothing of one can be in the next.
    pub requests_per_instance: u32,
    /// Requests in guests at the same time, each in an instance of its own. Together with `memory_bytes` this bounds
    /// what all guests hold.
    pub concurrent_requests: u32,
    /// The time that a request waits for a free instance, before the response is 503.
    pub queue_wait: Duration,
    /// The most linear memory an instance may hold, in bytes.
    pub memory_bytes: usize,
    /// The most memory of the host for one request, in bytes: headers, bodies and other resources that the guest has
    /// handles of.
    pub host_bytes: usize,
    /// The most handles of host resources that a guest may have at the same time.
    pub handles: usize,
    /// The time limit of a request in the guest, from the instantiation to the end of the response. Waits for the pause
    /// between requests to other servers are not counted.
    pub deadline: Duration,
    /// The limit of computing time of a request in the guest, without waiting.
    pub computing: Duration,
    /// The largest request body, in bytes.
    pub request_body_bytes: usize,
    /// Request bodies held for all clients together, in bytes.
    pub request_bodies_bytes: usize,
    /// Connections on which requests are answered at the same time. Some more are open for what needs no instance; when
    /// there are no more, idle ones are closed for the next client.
    pub connections: usize,
    /// The largest request line with its headers, in bytes.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a client may take to send a request's head, and how long an idle connection stays open.
    pub head_wait: Duration,
    /// How long a client may go without sending or taking a byte in the middle of a request. Where more than half of the
    /// memory for bodies is taken, an eighth of it is left to a body that does not arrive, and of `upload`.
    pub stall: Duration,
    /// How long a client may take to send a whole request body.
    pub upload: Duration,
    /// What one request may write to stdout and stderr together, in bytes.
    pub output_bytes: usize,
    /// Requests that one request may have under way to other servers at the same time.
    pub outbound_requests_each: usize,
    /// The same for all requests together; more wait for as long as a connection may take.
    pub outbound_requests: usize,
    /// How long an outbound connection may take to be made, name look-up and TLS included, where the guest does not say.
    pub connect: Duration,
    /// How long an outbound request may wait for its response's head, and then for each piece of its body, where the
    /// guest does not say.
    pub outbound_wait: Duration,
    /// The longest of these times that a guest may ask for.
    pub longest_outbound_wait: Duration,
    /// Outbound connections kept open for the next request, for each server.
    pub idle_connections: usize,
}

/// Isolation is the reason for the sandbox. A manifest asks for more where the component is trusted with all of its requests.
const REQUESTS_PER_INSTANCE: u32 = 1;
/// Twice the default number of requests that are in flight when a whole organisation is measured in parallel, and
/// with `MEMORY_BYTES` at most 2 GiB, which a small machine has.
const CONCURRENT_REQUESTS: u32 = 32;
/// Longer than a burst of extractions takes, and shorter than clients' usual time-outs.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// A package page is about 230 KB and the largest list a few MB; a guest that holds more than this is broken.
const MEMORY_BYTES: usize = 64 << 20;
/// The headers of a page and the chunks of a response take a twentieth of this.
const HOST_BYTES: usize = 1 << 20;
/// A guest with requests to a hundred servers at once has five hundred.
const HANDLES: usize = 1_000;
/// A request may ask another server a hundred times, one after the other, for two or three seconds each.
const DEADLINE: Duration = Duration::from_secs(300);
/// A page takes milliseconds, and a hundred pages on a busy machine a second or two; beyond that a guest loops.
const COMPUTING: Duration = Duration::from_secs(10);
/// Thirty times a package page.
const REQUEST_BODY_BYTES: usize = 8 << 20;
/// Eight of the largest bodies, or some hundreds of package pages.
const REQUEST_BODIES_BYTES: usize = 64 << 20;
/// More than the dashboard, a collector and a load test open together.
const CONNECTIONS: usize = 256;
/// Browsers and proxies limit it to 8 KB. Percent-encoded names of 5,000 characters still get a regular error response.
const HEADER_BYTES: usize = 32 << 10;
/// Browsers send about twenty.
const HEADERS: usize = 64;
/// Long enough for a reader's browser to reuse a keep-alive connection.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// As long as a short interruption of a mobile network.
const STALL: Duration = Duration::from_secs(15);
/// The largest body at 150 KB/s.
const UPLOAD: Duration = Duration::from_secs(60);
/// Enough for a backtrace and some lines. A guest that logs a whole page is cut off.
const OUTPUT_BYTES: usize = 16 << 10;
/// A browser's six, and more for a guest that collects from many servers.
const OUTBOUND_REQUESTS_EACH: usize = 16;
/// Four for each instance; with those that are served they stay below 1024 open files, which is what a process may have
/// where nobody said otherwise.
const OUTBOUND_REQUESTS: usize = 128;
/// A far server answers in less than a second; a SYN is sent again after 1, 3 and 7 seconds.
const CONNECT: Duration = Duration::from_secs(10);
/// GitHub gives up on its own pages after 10 seconds.
const OUTBOUND_WAIT: Duration = Duration::from_secs(30);
/// The largest `--timeout`.
const LONGEST_OUTBOUND_WAIT: Duration = Duration::from_secs(3_600);
/// One server is asked by at most this many requests at a time without connecting anew.
const IDLE_CONNECTIONS: usize = 8;

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_instance: REQUESTS_PER_INSTANCE,
            concurrent_requests: CONCURRENT_REQUESTS,
            queue_wait: QUEUE_WAIT,
            memory_bytes: MEMORY_BYTES,
            host_bytes: HOST_BYTES,
            handles: HANDLES,
            deadline: DEADLINE,
            computing: COMPUTING,
            request_body_bytes: REQUEST_BODY_BYTES,
            request_bodies_bytes: REQUEST_BODIES_BYTES,
            connections: CONNECTIONS,
            header_bytes: HEADER_BYTES,
            headers: HEADERS,
            head_wait: HEAD_WAIT,
            stall: STALL,
            upload: UPLOAD,
            output_bytes: OUTPUT_BYTES,
            outbound_requests_each: OUTBOUND_REQUESTS_EACH,
            outbound_requests: OUTBOUND_REQUESTS,
            connect: CONNECT,
            outbound_wait: OUTBOUND_WAIT,
            longest_outbound_wait: LONGEST_OUTBOUND_WAIT,
            idle_connections: IDLE_CONNECTIONS,
        }
    }
}

/// The limits that differ from component to component.
#[derive(Clone, Copy, Debug)]
pub(super) struct ComponentLimits {
    pub(super) requests_per_instance: u32,
    pub(super) memory_bytes: usize,
    pub(super) deadline: Duration,
    pub(super) computing: Duration,
    pub(super) request_body_bytes: usize,
    pub(super) output_bytes: usize,
    pub(super) host_bytes: usize,
    pub(super) handles: usize,
    pub(super) outbound_requests: usize,
}

impl ComponentLimits {
    pub(super) fn new(host: &Limits, stated: &StatedLimits) -> Self {
        Self {
            requests_per_instance: stated.requests_per_instance.unwrap_or(host.requests_per_instance),
            memory_bytes: stated.memory_bytes.unwrap_or(host.memory_bytes),
            deadline: stated.deadline_seconds.map_or(host.deadline, Duration::from_secs),
            computing: stated.computing_seconds.map_or(host.computing, Duration::from_secs),
            request_body_bytes: stated.request_body_bytes.unwrap_or(host.request_body_bytes),
            output_bytes: host.output_bytes,
            host_bytes: host.host_bytes,
            handles: host.handles,
            outbound_requests: host.outbound_requests_each,
        }
    }
}
