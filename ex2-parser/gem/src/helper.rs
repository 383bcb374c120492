//! Runs a guest on a helper thread, while the calling Ruby thread handles the guest's requests.
//!
//! On one native thread, guests have to end in the reverse order of their start: Wasmer keeps a stack of running guests
//! for each thread. Fibers have no such order: one may wait in a proc while the guest of another continues. So a guest
//! runs on a helper thread if another fiber of the same Ruby thread waits in a proc.

use std::any::Any;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::request::{Reply, Request};

/// The channel between the two threads.
#[derive(Debug)]
pub(crate) struct Link {
    exchange: Mutex<Exchange>,
    changed: Condvar,
    /// Whether Ruby has an interrupt for the calling thread.
    pub(crate) interrupted: AtomicBool,
    abandoned: AtomicBool,
    /// The id of the process that has the helper thread: a forked process does not have its parent's threads.
    process: u32,
}

/// The last message on the channel.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// The caller's reply: the guest runs.
    Resume(Reply),
    /// The guest's request: the caller handles it.
    Request(Request),
    /// The guest has ended.
    Done,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            exchange: Mutex::new(Exchange::Resume(Reply::Continue)),
            changed: Condvar::new(),
            interrupted: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            process: process::id(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, exchange: Exchange) {
        *self.lock() = exchange;
        self.changed.notify_all();
    }

    /// On the helper thread: sends a request, and waits for the reply.
    pub(crate) fn request(&self, request: Request) -> Reply {
        if self.abandoned.load(Ordering::Relaxed) {
            return Reply::Terminate;
        }
        self.set(Exchange::Request(request));
        let mut exchange = self.lock();
        loop {
            match *exchange {
                // The fiber may have been collected just before the request.
                _ if self.abandoned.load(Ordering::Relaxed) => return Reply::Terminate,
                Exchange::Resume(reply) => return reply,
                _ => exchange = self.changed.wait(exchange).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// On the helper thread: reports that the guest has ended.
    pub(crate) fn done(&self) {
        self.set(Exchange::Done);
    }

    /// On the calling thread: sends the reply.
    pub(crate) fn reply(&self, reply: Reply) {
        self.set(Exchange::Resume(reply));
    }

    /// On the calling thread: waits for the guest's next request; `None` if the guest has ended.
    pub(crate) fn wait(&self) -> Option<Request> {
        let mut exchange = self.lock();
        loop {
            match *exchange {
                Exchange::Request(request) => return Some(request),
                Exchange::Done => return None,
                Exchange::Resume(_) => exchange = self.changed.wait(exchange).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Tells the guest to end, because the calling fiber was collected.
    pub(crate) fn abandon(&self) {
        let _exchange = self.lock();
        self.abandoned.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Whether the helper thread is in this process.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }
}

/// The result or the panic of `work` on its thread.
pub(crate) struct ResultSlot<T>(Mutex<Option<thread::Result<T>>>);

impl<T> ResultSlot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(None)))
    }

    pub(crate) fn put(&self, result: thread::Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    pub(crate) fn take(&self) -> thread::Result<T> {
        let result = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(Box::new("the guest's thread left no result") as Box<dyn Any + Send>))
    }
}

/// Makes a value `Send` that another thread uses while this thread waits.
pub(crate) struct AssertSend<T>(pub(crate) T);

// SAFETY: the sending thread waits until the receiving thread has dropped the value, or has ended with all of its own.
unsafe impl<T> Send for AssertSend<T> {}

impl<T> AssertSend<T> {
    /// A method, so that closures capture the whole wrapper, and not only its field.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}
