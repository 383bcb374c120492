//! Reads a request's body: whole, within its limit, and not from a client that lets everyone wait.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::limits::Limits;
use super::problem::Problem;

/// The unit in which the memory of all bodies together is counted.
const UNIT_BYTES: usize = 4096;

/// How long a body that is too large is read on: hundreds of megabytes on one machine, a polite moment elsewhere.
const LINGER: Duration = Duration::from_secs(2);

/// How often it is looked whether memory has become scarce.
const LOOK: Duration = Duration::from_secs(1);

/// By how much less time slow clients have then.
const SCARCE_SHARE: u32 = 8;

/// A share of the memory for bodies; freed when it is dropped.
pub(super) type Held = Option<OwnedSemaphorePermit>;

/// The units that so many bytes fill.
pub(super) fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES).min(Semaphore::MAX_PERMITS)
}

/// The body in one piece, and its share of the memory for all bodies.
///
/// A body that is too large is read on for a while and thrown away, unless the client waits to be told to send it
/// (`announced_first`): a connection that is closed while the client still sends takes the answer down with it.
pub(super) async fn read(
    mut body: impl Body<Data = Bytes> + Unpin,
    announced_first: bool,
    limit: usize,
    limits: &Limits,
    memory: &Arc<Semaphore>,
) -> Result<(Bytes, Held), Problem> {
    let whole = collect(&mut body, limit, limits, memory).await;
    let too_large = whole
        .as_ref()
        .is_err_and(|problem| *problem == Problem::body_too_large(limit));
    if too_large && !announced_first {
        let discard = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = timeout(LINGER, discard).await;
    }
    whole
}

async fn collect(
    body: &mut (impl Body<Data = Bytes> + Unpin),
    limit: usize,
    limits: &Limits,
    memory: &Arc<Semaphore>,
) -> Result<(Bytes, Held), Problem> {
    if body.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(Problem::body_too_large(limit));
    }
    // Fits a usize: it is at most the limit.
    let announced = announced as usize;
    let mut held = Share {
        memory,
        units: 0,
        permit: None,
    };
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let begun = Instant::now();
    let mut last = begun;
    loop {
        let next = loop {
            // Memory that becomes scarce while a client sends slowly is not left to it.
            let share = if is_scarce(memory, limits) { SCARCE_SHARE } else { 1 };
            let end = (begun + limits.upload / share).min(last + limits.stall / share);
            match timeout_at(end.min(Instant::now() + LOOK), body.frame()).await {
                Err(_) if Instant::now() < end => {}
                next => break next,
            }
        };
        last = Instant::now();
        let frame = match next {
            Err(_) => return Err(Problem::slow_client()),
            Ok(Some(Err(_))) => return Err(Problem::bad_request("the request body was cut off or malformed")),
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
        };
        // Trailers are left out: nothing here reads them.
        let Ok(data) = frame.into_data() else { continue };
        let length = first.len() + whole.len() + data.len();
        if length > limit {
            return Err(Problem::body_too_large(limit));
        }
        // What arrived, not what was announced: a client that announces megabytes and sends a byte has a byte.
        held.grow_to(length)?;
        if first.is_empty() && whole.is_empty() {
            // Often the only piece, and then it is not copied.
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.min(4 * length).max(length));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&data);
    }
    Ok((if whole.is_empty() { first } else { whole.freeze() }, held.permit))
}

fn is_scarce(memory: &Semaphore, limits: &Limits) -> bool {
    memory.available_permits() < units(limits.request_bodies_bytes) / 2
}

struct Share<'a> {
    memory: &'a Arc<Semaphore>,
    units: usize,
    permit: Held,
}

impl Share<'_> {
    fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = units(bytes).saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        // Not waited for: bodies that wait for one another's memory could all wait for ever.
        let more_units = u32::try_from(more).map_err(|_| Problem::busy())?;
        let permit = self
            .memory
            .clone()
            .try_acquire_many_owned(more_units)
            .map_err(|_| Problem::busy())?;
        self.units += more;
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    fn limits() -> Limits {
        Limits {
            request_bodies_bytes: 1 << 20,
            stall: Duration::from_secs(40),
            upload: Duration::from_secs(600),
            ..Limits::default()
        }
    }

    /// Sends this much at once, and then nothing more, and does not end.
    struct Stalling(Option<usize>);

    impl Body for Stalling {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b'a'; bytes]))))),
                None => Poll::Pending,
            }
        }
    }

    fn memory() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(units(limits().request_bodies_bytes)))
    }

    /// Reads a body that stalls after so many bytes.
    fn stalling(bytes: usize, memory: &Arc<Semaphore>) -> tokio::task::JoinHandle<Result<(Bytes, Held), Problem>> {
        let memory = memory.clone();
        tokio::spawn(async move { read(Stalling(Some(bytes)), false, 1 << 20, &limits(), &memory).await })
    }

    /// Reads a body that is there.
    async fn whole(bytes: usize, memory: &Arc<Semaphore>) -> Result<usize, Problem> {
        let body = http_body_util::Full::new(Bytes::from(vec![b'a'; bytes]));
        let read = read(body, false, 1 << 20, &limits(), memory).await;
        read.map(|(body, _)| body.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_does_not_keep_memory_that_others_need() {
        let memory = memory();
        let begun = Instant::now();
        let slow = stalling(1_000_000, &memory);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(whole(100_000, &memory).await, Err(Problem::busy()));
        assert_eq!(slow.await.unwrap().unwrap_err(), Problem::slow_client());
        // An eighth of what it has where there is enough.
        assert_eq!(begun.elapsed().as_secs(), 5);
        assert_eq!(whole(100_000, &memory).await, Ok(100_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_has_its_time_where_there_is_memory() {
        let memory = memory();
        let begun = Instant::now();
        let slow = stalling(100_000, &memory);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(whole(500_000, &memory).await, Ok(500_000));
        assert_eq!(slow.await.unwrap().unwrap_err(), Problem::slow_client());
        assert_eq!(begun.elapsed().as_secs(), 40);
    }
}
