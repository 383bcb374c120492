//! A call into a guest, without Ruby's global lock (the GVL).
//!
//! The guest runs on a stack of its own, a coroutine. Whatever needs Ruby meanwhile, a proc or an interrupt, suspends
//! it: the region without the lock ends in the ordinary way, Ruby's code runs on Ruby's stack and under the lock, and
//! the guest is resumed. Ruby has a function for taking the lock back in the middle, `rb_thread_call_with_gvl`. It may
//! leave by `longjmp`, over the guest's frames and Rust's, and Ruby's code would run on a stack that its garbage
//! collector doesn't know.
//!
//! Nothing of Ruby ever unwinds through a guest: an exception, a `throw` or a `break` is kept, the guest ends by a trap,
//! and then the thing kept goes on.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use magnus::rb_sys::catch_unwind;
use magnus::{Error, Ruby};
use rb_sys::{Qnil, VALUE};

use crate::world::ProcCall;
use crate::{error, gvl};

/// How deep calls may nest, guest in proc in guest: each takes some of the thread's own stack, of which a Ruby thread has
/// one megabyte.
const MAX_DEPTH: usize = 50;

/// The coroutine's stack. Only Wasmer's and this crate's own code runs there: guests have one more.
const STACK_BYTES: usize = 1 << 20;

/// Why a guest is suspended.
pub(crate) enum Request {
    /// Ruby wants this thread's attention.
    Interrupt,
    /// The guest called a proc. The call lives on the suspended stack.
    Proc(*mut ProcCall<'static>),
}

/// What a suspended guest is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    GoOn,
    End,
}

/// Why a guest had to end before its time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Ruby has something that ends the call.
    Ruby,
    TimedOut,
    /// It is wanted no more, on its thread.
    Stopped,
}

/// The guest that runs on this thread.
struct Running {
    /// Ruby's thread; nil on a thread of its own.
    thread: VALUE,
    deadline: Option<Instant>,
    /// Whether Ruby wants this thread's attention, or, on a thread of its own, the guest is wanted no more.
    interrupted: *const AtomicBool,
    /// For suspending it; null on a thread of its own.
    yielder: Cell<*const Yielder<Reply, Request>>,
    end: Cell<Option<End>>,
}

thread_local! {
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
    /// The fiber of every suspended call on this thread, the innermost last.
    static SUSPENDED: RefCell<Vec<VALUE>> = const { RefCell::new(Vec::new()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// Answers a guest's question: whether it may go on.
pub(crate) fn look() -> bool {
    // SAFETY: it points to what runs now, which is below on this thread's stacks, or is null.
    let Some(running) = (unsafe { RUNNING.get().as_ref() }) else {
        return true;
    };
    if running.end.get().is_some() {
        return false;
    }
    // SAFETY: whoever runs the guest keeps the flag until it is done.
    let interrupted = unsafe { (*running.interrupted).load(Ordering::Relaxed) };
    if running.yielder.get().is_null() {
        if interrupted {
            running.end.set(Some(End::Stopped));
            return false;
        }
    } else if (interrupted || gvl::is_interrupted(running.thread)) && suspend(Request::Interrupt) == Reply::End {
        return false;
    }
    if running.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        running.end.set(Some(End::TimedOut));
        return false;
    }
    true
}

/// Suspends the guest that runs on this thread until Ruby has done what it asks for.
pub(crate) fn suspend(request: Request) -> Reply {
    // SAFETY: as in `look`; a guest that calls a proc was started by `run`, which sets the yielder first.
    unsafe {
        let running = RUNNING.get();
        match running.as_ref().map(|running| running.yielder.get()) {
            Some(yielder) if !yielder.is_null() => (*yielder).suspend(request),
            _ => Reply::End,
        }
    }
}

/// Does `work` on this thread of the guest's own, within `deadline`, and until `stop` is set.
///
/// Returns whether it was ended, and by what.
pub(crate) fn run_on_own_thread<T>(
    deadline: Option<Instant>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T,
) -> (T, bool) {
    let running = Running {
        thread: Qnil.into(),
        deadline,
        interrupted: &raw const *stop,
        yielder: Cell::new(ptr::null()),
        end: Cell::new(None),
    };
    let outer = RUNNING.replace(&running);
    let result = work();
    RUNNING.set(outer);
    (result, running.end.get() == Some(End::TimedOut))
}

/// Does `work`, which may run a guest, without the GVL and within `limit`.
///
/// Returns Ruby's error where a proc or an interrupt ended it, and `TimedOut` where the clock did.
pub(crate) fn run<T>(ruby: &Ruby, limit: Option<Duration>, work: impl FnOnce() -> T) -> Result<T, Error> {
    enter(ruby)?;
    let interrupted = AtomicBool::new(false);
    let running = Running {
        // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
        thread: unsafe { rb_sys::rb_thread_current() },
        deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
        interrupted: &raw const interrupted,
        yielder: Cell::new(ptr::null()),
        end: Cell::new(None),
    };
    let body = |yielder: &Yielder<Reply, Request>, _: Reply| {
        running.yielder.set(yielder);
        panic::catch_unwind(AssertUnwindSafe(work))
    };
    // SAFETY: it is driven to its end below, and all that it borrows outlives this function's end.
    let mut coroutine: Coroutine<Reply, Request, thread::Result<T>, DefaultStack> =
        unsafe { Coroutine::with_stack_unchecked(stack(ruby)?, body) };
    let mut kept: Option<Error> = None;
    let result = loop {
        let reply = if kept.is_some() { Reply::End } else { Reply::GoOn };
        let mut resume = || {
            let outer = RUNNING.replace(&running);
            let result = coroutine.resume(reply);
            RUNNING.set(outer);
            result
        };
        // Once something is kept, all that is left to do is to unwind.
        let part = match kept {
            Some(_) => Some(resume()),
            None => gvl::without(&interrupted, resume),
        };
        let handled = match part {
            Some(CoroutineResult::Return(result)) => break result,
            Some(CoroutineResult::Yield(_)) if kept.is_some() => Ok(()),
            Some(CoroutineResult::Yield(request)) => handle(ruby, &request, &interrupted),
            // Ruby had something for this thread before it could go on.
            None => gvl::check_interrupts(),
        };
        if let Err(error) = handled {
            if !coroutine.started() {
                return Err(error);
            }
            kept = Some(error);
            running.end.set(Some(End::Ruby));
        }
    };
    STACKS.with_borrow_mut(|stacks| stacks.push(coroutine.into_stack()));
    if let Some(error) = kept {
        return Err(error);
    }
    if running.end.get() == Some(End::TimedOut) {
        return Err(error::timed_out(ruby, limit.unwrap_or_default()));
    }
    Ok(result.unwrap_or_else(|payload| panic::resume_unwind(payload)))
}

/// Refuses a call that would leave the thread's calls in another order than they were begun.
fn enter(ruby: &Ruby) -> Result<(), Error> {
    let (depth, fiber) = SUSPENDED.with_borrow(|fibers| (fibers.len(), fibers.last().copied()));
    if depth >= MAX_DEPTH {
        return Err(Error::new(
            ruby.exception_sys_stack_error(),
            format!("guests and procs call each other {MAX_DEPTH} deep: does a proc call the export that called it?"),
        ));
    }
    // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
    if fiber.is_some_and(|fiber| fiber != unsafe { rb_sys::rb_fiber_current() }) {
        return Err(error::busy(
            ruby,
            "a guest of another fiber waits on this thread for its proc to return: let it return before this fiber \
             calls a guest, or call this one in a thread of its own",
        ));
    }
    Ok(())
}

fn stack(ruby: &Ruby) -> Result<DefaultStack, Error> {
    match STACKS.with_borrow_mut(Vec::pop) {
        Some(stack) => Ok(stack),
        None => DefaultStack::new(STACK_BYTES).map_err(|cause| {
            Error::new(
                ruby.exception_no_mem_error(),
                format!("no room for a guest's stack: {cause}"),
            )
        }),
    }
}

/// Does for a suspended guest what it asks for.
fn handle(ruby: &Ruby, request: &Request, interrupted: &AtomicBool) -> Result<(), Error> {
    // SAFETY: this is a thread of Ruby's, with the GVL. The fiber runs, so nothing moves or frees it.
    let fiber = unsafe { rb_sys::rb_fiber_current() };
    SUSPENDED.with_borrow_mut(|fibers| fibers.push(fiber));
    let handled = catch_unwind(AssertUnwindSafe(|| match request {
        Request::Interrupt => {
            interrupted.store(false, Ordering::Relaxed);
            gvl::check_interrupts()
        }
        // SAFETY: the guest is suspended in the function that owns the call.
        Request::Proc(call) => unsafe { (**call).run(ruby) },
    }));
    SUSPENDED.with_borrow_mut(Vec::pop);
    handled.flatten()
}
