//! A guest on a native thread of its own, while the thread that called it does what the guest asks for.
//!
//! A native thread's guests end in the opposite order of their beginning: Wasmer keeps for each thread which guest runs
//! there. Fibers don't: one may wait in a guest's proc while another one's guest goes on. So a guest runs here when
//! another fiber of its thread waits in a proc.

use std::any::Any;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::call::{Reply, Request};

/// What the two threads tell each other.
#[derive(Debug)]
pub(crate) struct Link {
    turn: Mutex<Turn>,
    changed: Condvar,
    /// Whether Ruby wants its thread's attention.
    pub(crate) interrupted: AtomicBool,
    abandoned: AtomicBool,
    /// A forked process has none of its parent's threads.
    process: u32,
}

/// Whose turn it is.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The guest's, which goes on with this.
    Guest(Reply),
    /// The caller's, who is asked for this.
    Caller(Request),
    /// Nobody's: the guest is done.
    Done,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            turn: Mutex::new(Turn::Guest(Reply::GoOn)),
            changed: Condvar::new(),
            interrupted: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            process: process::id(),
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, turn: Turn) {
        *self.turn() = turn;
        self.changed.notify_all();
    }

    /// On the guest's thread: asks, and waits for the reply.
    pub(crate) fn ask(&self, request: Request) -> Reply {
        if self.abandoned.load(Ordering::Relaxed) {
            return Reply::End;
        }
        self.pass(Turn::Caller(request));
        let mut turn = self.turn();
        loop {
            match *turn {
                // The fiber may have been collected just before it was asked.
                _ if self.abandoned.load(Ordering::Relaxed) => return Reply::End,
                Turn::Guest(reply) => return reply,
                _ => turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// On the guest's thread: it is done.
    pub(crate) fn done(&self) {
        self.pass(Turn::Done);
    }

    /// On the caller's thread: the reply.
    pub(crate) fn reply(&self, reply: Reply) {
        self.pass(Turn::Guest(reply));
    }

    /// On the caller's thread: waits for the guest to ask or to be done.
    pub(crate) fn wait(&self) -> Option<Request> {
        let mut turn = self.turn();
        loop {
            match *turn {
                Turn::Caller(request) => return Some(request),
                Turn::Done => return None,
                Turn::Guest(_) => turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The fiber that called is gone: whatever its guest asks for, it has to end.
    pub(crate) fn abandon(&self) {
        let _turn = self.turn();
        self.abandoned.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Whether the guest's thread lives in this process.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }
}

/// What `work` returned on its thread, or why it panicked.
pub(crate) struct Slot<T>(Mutex<Option<thread::Result<T>>>);

impl<T> Slot<T> {
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

/// For what goes to another thread and comes back while this one waits.
pub(crate) struct Lent<T>(pub(crate) T);

// SAFETY: the thread that lends it waits until the other one is done with it, or is gone with all that it had.
unsafe impl<T> Send for Lent<T> {}

impl<T> Lent<T> {
    /// By a method, so that closures take all of it along, and not what is in it.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}
