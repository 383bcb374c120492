//! Handles one request in one instance, until the end of the response or the deadline.
//!
//! The guest starts in the connection's own task, so most requests need no other task. A guest that still runs when its
//! response begins continues in a task of its own. That task is stopped if the client disconnects before the end of the
//! response.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use system::command_line;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use wasmtime::UpdateDeadline;
use wasmtime_wasi_http::{Error, WasiBody};

use super::compile::one_line;
use super::instances::{Answer, Instances};
use super::limits::ComponentLimits;
use super::problem::Problem;
use super::request_body::Held;

/// The shortest interval between two checks of a deadline that may be extended.
const LEAST_SLEEP: Duration = Duration::from_millis(5);

/// The longest cause of a failure that is printed.
const CAUSE_CHARACTERS: usize = 500;

/// A request, with everything that is needed for the response.
pub(super) struct Guest {
    pub(super) instances: Arc<Instances>,
    pub(super) request: Request<Full<Bytes>>,
    pub(super) limits: ComponentLimits,
    /// The permits for the instance and for the body's memory. They are released when the guest ends.
    pub(super) held: (OwnedSemaphorePermit, Held),
}

/// The reason for which a guest was stopped.
#[derive(Clone, Debug)]
enum Failure {
    Deadline(Duration),
    Computing(Duration),
    Memory(usize),
    HostMemory(usize),
    /// The engine's message, in one line.
    Trap(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline(limit) => write!(formatter, "it took more than {} s", limit.as_secs_f64()),
            Self::Computing(limit) => write!(formatter, "it computed for more than {} s", limit.as_secs_f64()),
            Self::Memory(limit) => write!(formatter, "it asked for more than {limit} bytes of memory"),
            Self::HostMemory(limit) => write!(formatter, "it made the host hold more than {limit} bytes for it"),
            Self::Trap(cause) => formatter.write_str(cause),
        }
    }
}

/// Runs the guest until its response begins.
pub(super) async fn answer(guest: Guest) -> Result<Response<WasiBody>, Problem> {
    let (sender, mut receiver) = oneshot::channel();
    let failed = Arc::new(AtomicBool::new(false));
    let mut run: Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> =
        Box::pin(run(guest, sender, failed.clone()));
    // The answer is given while the guest is polled, so there is no other moment to look for it.
    let (answer, ended) = poll_fn(|context| {
        let ended = match run.as_mut().poll(context) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        };
        match (receiver.try_recv().ok(), ended) {
            (None, None) => Poll::Pending,
            found => Poll::Ready(found),
        }
    })
    .await;
    match (answer, ended) {
        (Some(Ok(response)), _) if !is_sendable(response.status()) => Err(Problem::failed(
            "the component answered with a status that is not an answer",
        )),
        (Some(Ok(response)), ended) => {
            let guest = ended.is_none().then(|| AbortOnDrop(Some(tokio::spawn(run))));
            Ok(response.map(|inner| ResponseBody { inner, failed, guest }.boxed_unsync()))
        }
        (Some(Err(code)), _) => Err(Problem::failed(&format!(
            "the component answered with an error: {code:?}"
        ))),
        (None, Some(Err(failure))) => Err(failure.into()),
        (None, _) => Err(Problem::failed("the component ended without an answer")),
    }
}

/// What the guest made of a response, as far as HTTP allows it.
fn is_sendable(status: StatusCode) -> bool {
    // 1xx is not a final answer; hyper would refuse it and close the connection without a word.
    !status.is_informational()
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Deadline(limit) => Self::stopped("did not answer", limit),
            Failure::Computing(limit) => Self::stopped("computed without an answer", limit),
            Failure::Memory(limit) => {
                Self::failed(&format!("the component asked for more than {limit} bytes of memory"))
            }
            Failure::HostMemory(limit) => Self::failed(&format!(
                "the component made the host hold more than {limit} bytes for it"
            )),
            // The trap's message is for the operator of the host, so it is on stderr and not in the response.
            Failure::Trap(_) => Self::failed("the component failed"),
        }
    }
}

/// Runs the guest to its end.
async fn run(guest: Guest, sender: oneshot::Sender<Answer>, failed: Arc<AtomicBool>) -> Result<(), Failure> {
    let Guest {
        instances,
        request,
        limits,
        held,
    } = guest;
    // Released after the instance below, since locals are dropped in reverse order: the next request that gets the permit
    // finds the instance's place in the pool free.
    let _held = held;
    let mut instance = instances.take();
    // Dropped before the instance, whose end closes the response's body: whoever reads that knows then how it ended.
    let mut ended = Ended { failed, well: false };
    let begun = Instant::now();
    let store = instance.store();
    let waiting = store.data().waiting().clone();
    // It moves while the guest waits for its turn at another server, which is the host's doing.
    let end = move || begun + limits.deadline + waiting.total();
    let meter = Arc::new(Meter::new());
    store.set_epoch_deadline(1);
    let (computed, deadline) = (meter.clone(), end.clone());
    store.epoch_deadline_callback(move |_| {
        if Instant::now() < deadline() && computed.running() < limits.computing {
            // Others get their turn, and the deadline of a guest that waits is looked at.
            Ok(UpdateDeadline::Yield(1))
        } else {
            Ok(UpdateDeadline::Interrupt)
        }
    });
    let result = {
        let mut call = pin!(instances.call(&mut instance, request, sender));
        loop {
            let turn = poll_fn(|context| meter.measure(|| call.as_mut().poll(context)));
            match timeout_at(end().max(Instant::now() + LEAST_SLEEP), turn).await {
                Err(_) if Instant::now() < end() => {}
                result => break result,
            }
        }
    };
    let failure = match result {
        Ok(Ok(())) => {
            ended.well = true;
            instances.give_back(instance);
            return Ok(());
        }
        Err(_) => Failure::Deadline(limits.deadline),
        Ok(Err(_)) if Instant::now() >= end() => Failure::Deadline(limits.deadline),
        Ok(Err(_)) if meter.spent() >= limits.computing => Failure::Computing(limits.computing),
        Ok(Err(_)) if instance.store().data().exceeded_host_memory() => Failure::HostMemory(limits.host_bytes),
        Ok(Err(_)) if instance.store().data_mut().memory().refused => Failure::Memory(limits.memory_bytes),
        Ok(Err(error)) => Failure::Trap(shortened(&one_line(&error.root_cause().to_string()))),
    };
    let component = &instances.grants().id;
    command_line::note(format_args!("[{component}] a request failed: {failure}"));
    Err(failure)
}

/// Makes a cause printable, since it may quote the guest.
fn shortened(cause: &str) -> String {
    cause.chars().take(CAUSE_CHARACTERS).collect()
}

/// The computing time of a guest.
struct Meter {
    origin: Instant,
    /// Before the present turn, in nanoseconds.
    spent: AtomicU64,
    /// When the present turn began, in nanoseconds from the origin.
    begun: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            spent: AtomicU64::new(0),
            begun: AtomicU64::new(0),
        }
    }

    /// The guest's turns are one after the other, so nothing else changes these in between.
    fn measure<T>(&self, turn: impl FnOnce() -> T) -> T {
        self.begun.store(self.now(), Ordering::Relaxed);
        let result = turn();
        self.spent.fetch_add(self.turn(), Ordering::Relaxed);
        result
    }

    /// Within a turn: with it.
    fn running(&self) -> Duration {
        self.spent() + Duration::from_nanos(self.turn())
    }

    /// Between turns.
    fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    fn turn(&self) -> u64 {
        self.now().saturating_sub(self.begun.load(Ordering::Relaxed))
    }

    fn now(&self) -> u64 {
        // Overflows after 584 years.
        self.origin.elapsed().as_nanos() as u64
    }
}

/// Reports that the guest failed (by a trap, its deadline, a panic or because it was dropped), unless it ended
/// regularly.
struct Ended {
    failed: Arc<AtomicBool>,
    well: bool,
}

impl Drop for Ended {
    fn drop(&mut self) {
        if !self.well {
            self.failed.store(true, Ordering::Release);
        }
    }
}

struct AbortOnDrop(Option<JoinHandle<Result<(), Failure>>>);

impl AbortOnDrop {
    /// Lets the guest run until it ends, or until its deadline.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// A guest's response body. If the guest fails, the body ends with an error, so that the client does not mistake a part
/// of the response for the whole.
struct ResponseBody {
    inner: WasiBody,
    failed: Arc<AtomicBool>,
    guest: Option<AbortOnDrop>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(None) if self.failed.load(Ordering::Acquire) => {
                Poll::Ready(Some(Err(Error::HttpResponseIncomplete)))
            }
            Poll::Ready(None) => {
                // The client has the whole response. The guest may continue, as under Spin.
                if let Some(guest) = self.guest.take() {
                    guest.release();
                }
                Poll::Ready(None)
            }
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && !self.failed.load(Ordering::Acquire)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
