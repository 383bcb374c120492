//! Reads a request's body as a whole, with limits on its size and on its time.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::limits::Limits;
use super::problem::Problem;

/// The unit of the semaphore that counts the memory of all bodies.
const UNIT_BYTES: usize = 4096;

/// The time for which the rest of a too large body is read, so that the client can receive the response: enough for
/// hundreds of megabytes on one machine.
const LINGER: Duration = Duration::from_secs(2);

/// The interval of the checks whether memory has become scarce.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The divisor of the time limits of slow clients while memory is scarce.
const SCARCE_DIVISOR: u32 = 8;

/// A share of the memory for bodies, which is released when this is dropped.
pub(super) type Held = Option<OwnedSemaphorePermit>;

/// The number of units for a number of bytes.
pub(super) fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT_BYTES).min(Semaphore::MAX_PERMITS)
}

/// The whole body, and its share of the memory for all bodies.
///
/// The rest of a too large body is read and discarded for a while: if the connection is closed while the client still
/// sends, the client can lose the response. This is not needed if the client waits for `100 Continue`
/// (`announced_first`).
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
    // It fits in a usize, because it is at most the limit.
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
            // While memory is scarce, slow clients have less time, so that their memory becomes free.
            let divisor = if is_scarce(memory, limits) { SCARCE_DIVISOR } else { 1 };
            let end = (begun + limits.upload / divisor).min(last + limits.stall / divisor);
            match timeout_at(end.min(Instant::now() + CHECK_INTERVAL), body.frame()).await {
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
        // Trailers are ignored.
        let Ok(data) = frame.into_data() else { continue };
        let length = first.len() + whole.len() + data.len();
        if length > limit {
            return Err(Problem::body_too_large(limit));
        }
        // The received size counts, not the announced one: a client can announce megabytes and send a byte.
        held.grow_to(length)?;
        if first.is_empty() && whole.is_empty() {
            // Often this is the only piece. Then it is not copied.
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
        // Without waiting: bodies that wait for each other's memory would be a deadlock.
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

    /// A body that sends this number of bytes at once, then nothing more, and does not end.
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

    /// Reads a body that stalls after this number of bytes.
    fn stalling(bytes: usize, memory: &Arc<Semaphore>) -> tokio::task::JoinHandle<Result<(Bytes, Held), Problem>> {
        let memory = memory.clone();
        tokio::spawn(async move { read(Stalling(Some(bytes)), false, 1 << 20, &limits(), &memory).await })
    }

    /// Reads a complete body.
    async fn whole(bytes: usize, memory: &Arc<Semaphore>) -> Result<usize, Problem> {
        let body = http_body_util::Full::new(Bytes::from(vec![b'a'; bytes]));
        let read = read(body, false, 1 << 20, &limits(), memory).await;
        read.map(|(body, _)| body.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_has_less_time_while_memory_is_scarce() {
        let memory = memory();
        let begun = Instant::now();
        let slow = stalling(1_000_000, &memory);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(whole(100_000, &memory).await, Err(Problem::busy()));
        assert_eq!(slow.await.unwrap().unwrap_err(), Problem::slow_client());
        // An eighth of its usual time.
        assert_eq!(begun.elapsed().as_secs(), 5);
        assert_eq!(whole(100_000, &memory).await, Ok(100_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_has_its_usual_time_with_enough_memory() {
        let memory = memory();
        let begun = Instant::now();
        let slow = stalling(100_000, &memory);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(whole(500_000, &memory).await, Ok(500_000));
        assert_eq!(slow.await.unwrap().unwrap_err(), Problem::slow_client());
        assert_eq!(begun.elapsed().as_secs(), 40);
    }
}
