//! Calls into a guest that Ruby can interrupt.
//!
//! The guest runs on a stack of its own, a coroutine. A call of a proc and an interrupt suspend it: Ruby's code runs on
//! Ruby's stack and under Ruby's global lock (the GVL), and then the guest is resumed. A guest that runs longer than
//! [`GVL_TIME_SLICE`] is suspended too, and resumed without the GVL. Ruby has a function that takes the lock back in
//! the middle, `rb_thread_call_with_gvl`. It is not used: it may leave by `longjmp`, over the guest's frames and
//! Rust's, and Ruby's code would run on a stack that the garbage collector does not know.
//!
//! No exception, `throw` or `break` of Ruby unwinds through a guest. It is stored, the guest ends by a trap, and then
//! it continues in Ruby.
//!
//! While a guest is suspended, Ruby may switch to another fiber and never resume the guest's fiber. So the state of a
//! suspended call is on the heap, and [`SUSPENDED_CALLS`] points to it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use magnus::rb_sys::catch_unwind;
use magnus::{Error, Ruby};
use rb_sys::{Qnil, VALUE};

use crate::fiber::{self, Fiber};
use crate::helper::{AssertSend, Link, ResultSlot};
use crate::request::{Reply, Request};
use crate::{error, gvl};

/// The largest depth of nested calls: a guest calls a proc that calls a guest. Each level uses the thread's own stack,
/// which in a Ruby thread has one megabyte.
const MAX_DEPTH: u32 = 50;

/// The size of a coroutine's stack. Only Wasmer's and this crate's code runs there: guests have another stack.
const STACK_BYTES: usize = 1 << 20;

/// The time for which a guest keeps the GVL before it releases it for other Ruby threads. Ruby's own code keeps the GVL
/// ten times as long while another thread waits. A thread that released it may wait that long to get it back.
const GVL_TIME_SLICE: Duration = Duration::from_millis(10);

/// The options of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) time_limit: Option<Duration>,
    /// Whether to release the GVL at once, and not after [`GVL_TIME_SLICE`].
    pub(crate) release_gvl: bool,
}

/// The reason for which a guest is terminated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Termination {
    /// An exception, a `throw` or a `break` of Ruby.
    Ruby,
    TimedOut,
    /// The flag `stop` of a guest on its own thread.
    Stopped,
}

/// The way to suspend a guest.
#[derive(Clone, Copy)]
enum Suspender {
    /// The guest cannot be suspended: it runs on a thread of its own until it ends.
    None,
    Coroutine(*const Yielder<Reply, Request>),
    Helper(*const Link),
}

/// The state of the guest that runs on this thread.
struct Running {
    /// The Ruby thread; nil if the guest runs on a thread of its own.
    thread: VALUE,
    deadline: Option<Instant>,
    /// The end of the time slice with the GVL; `None` without the GVL.
    gvl_slice_end: Cell<Option<Instant>>,
    /// Whether Ruby has an interrupt for this thread. For a guest on a thread of its own: whether it has to stop.
    interrupted: *const AtomicBool,
    suspender: Cell<Suspender>,
    termination: Cell<Option<Termination>>,
}

/// A call that is suspended on this thread while a proc runs.
struct Suspended {
    fiber: Arc<Fiber>,
    call: *mut dyn UnwindCall,
}

thread_local! {
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
    /// The calls that are suspended on this thread, with the innermost last. All belong to one fiber: the guests of
    /// other fibers run on helper threads. If a thread ends while calls are suspended, they are leaked.
    static SUSPENDED_CALLS: RefCell<Vec<Suspended>> = const { RefCell::new(Vec::new()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// Answers a guest's poll: whether it may continue.
pub(crate) fn should_continue() -> bool {
    // SAFETY: the pointer is null, or points to the running call's state, which lives until the call ends.
    let Some(running) = (unsafe { RUNNING.get().as_ref() }) else {
        return true;
    };
    if running.termination.get().is_some() {
        return false;
    }
    // SAFETY: the function that runs the guest keeps the flag alive until the guest ends.
    let interrupted = unsafe { (*running.interrupted).load(Ordering::Relaxed) };
    if let Suspender::None = running.suspender.get() {
        if interrupted {
            running.termination.set(Some(Termination::Stopped));
            return false;
        }
    } else if (interrupted || gvl::is_interrupted(running.thread)) && suspend(Request::Interrupt) == Reply::Terminate {
        return false;
    }
    let gvl_slice_end = running.gvl_slice_end.get();
    if running.deadline.is_none() && gvl_slice_end.is_none() {
        return true;
    }
    let now = Instant::now();
    if running.deadline.is_some_and(|deadline| now >= deadline) {
        running.termination.set(Some(Termination::TimedOut));
        return false;
    }
    gvl_slice_end.is_none_or(|until| now < until) || suspend(Request::ReleaseGvl) == Reply::Continue
}

/// Suspends the guest that runs on this thread until Ruby has handled the request.
pub(crate) fn suspend(request: Request) -> Reply {
    // SAFETY: as in `should_continue`. The suspender lives as long as the guest.
    unsafe {
        match RUNNING.get().as_ref().map(|running| running.suspender.get()) {
            Some(Suspender::Coroutine(yielder)) => (*yielder).suspend(request),
            Some(Suspender::Helper(link)) => (*link).request(request),
            Some(Suspender::None) | None => Reply::Terminate,
        }
    }
}

/// Runs `work` on this thread, which belongs to the guest, until `deadline` or until `stop` is set.
///
/// Returns the result of `work`, and whether the deadline ended it.
pub(crate) fn run_on_own_thread<T>(
    deadline: Option<Instant>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T,
) -> (T, bool) {
    let running = Running {
        thread: Qnil.into(),
        deadline,
        gvl_slice_end: Cell::new(None),
        interrupted: &raw const *stop,
        suspender: Cell::new(Suspender::None),
        termination: Cell::new(None),
    };
    let outer = RUNNING.replace(&running);
    let result = work();
    RUNNING.set(outer);
    (result, running.termination.get() == Some(Termination::TimedOut))
}

/// Runs `work`, which may run a guest, within the limits of `options`.
///
/// Returns Ruby's error if a proc or an interrupt ended it, and an error of the class `TimedOut` if the time limit did.
///
/// # Safety
///
/// The fiber may be suspended while the guest waits for a proc, and never be resumed. Then `work` is unwound later, by
/// a trap of its guest. Everything that `work` uses during unwinding has to live until then: `owner` has to keep it
/// alive, and none of it may be on the caller's stack.
pub(crate) unsafe fn run<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    match fiber_for_helper(ruby)? {
        None => run_on_coroutine(ruby, options, owner, work),
        Some(current) => run_on_helper_thread(ruby, options, owner, work, &current),
    }
}

/// Returns the current fiber if guests of another fiber are suspended on this thread. Those have to be resumed before
/// another guest can run on this thread's stack, so the current fiber's guest needs a helper thread.
fn fiber_for_helper(ruby: &Ruby) -> Result<Option<fiber::Current>, Error> {
    if SUSPENDED_CALLS.with_borrow(Vec::is_empty) {
        return Ok(None);
    }
    unwind_abandoned();
    let Some(fiber) = SUSPENDED_CALLS.with_borrow(|calls| calls.last().map(|call| call.fiber.id())) else {
        return Ok(None);
    };
    let current = fiber::Current::get(ruby)?;
    Ok((current.fiber().id() != fiber).then_some(current))
}

/// Unwinds the suspended calls of this thread whose fiber was collected.
fn unwind_abandoned() {
    while let Some(abandoned) = SUSPENDED_CALLS.with_borrow_mut(|calls| {
        let last = calls.last()?;
        if last.fiber.is_collected() { calls.pop() } else { None }
    }) {
        // SAFETY: the call's fiber is gone, so there is no other user, and it is this thread's innermost suspended
        // call.
        unsafe { (*abandoned.call).unwind() };
    }
}

/// The state of a call on a coroutine's stack. It is on the heap.
struct Call<T> {
    running: Running,
    interrupted: AtomicBool,
    coroutine: Coroutine<Reply, Request, thread::Result<T>, DefaultStack>,
    /// Keeps alive what the guest's frames use.
    _owner: Arc<dyn Any>,
}

trait UnwindCall {
    /// Unwinds a suspended call, and frees it.
    ///
    /// # Safety
    ///
    /// The caller has the only pointer to the call, runs on the thread that the call was suspended on, and the call is
    /// the innermost one there.
    unsafe fn unwind(&mut self);
}

impl<T> Call<T> {
    fn resume(&mut self, reply: Reply) -> CoroutineResult<Request, thread::Result<T>> {
        let outer = RUNNING.replace(&raw const self.running);
        let result = self.coroutine.resume(reply);
        RUNNING.set(outer);
        result
    }
}

impl<T> UnwindCall for Call<T> {
    unsafe fn unwind(&mut self) {
        // SAFETY: the pointer came from a box in `run_on_coroutine`, which will never run again and so not free it.
        let mut call = unsafe { Box::from_raw(ptr::from_mut(self)) };
        call.running.termination.set(Some(Termination::Ruby));
        while let CoroutineResult::Yield(_) = call.resume(Reply::Terminate) {}
        STACKS.with_borrow_mut(|stacks| stacks.push(call.coroutine.into_stack()));
    }
}

fn run_on_coroutine<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    let start = Instant::now();
    let body = |yielder: &Yielder<Reply, Request>, _: Reply| {
        // SAFETY: `resume` has just set the pointer.
        unsafe { (*RUNNING.get()).suspender.set(Suspender::Coroutine(yielder)) };
        panic::catch_unwind(AssertUnwindSafe(work))
    };
    let call = Box::into_raw(Box::new(Call {
        running: Running {
            // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
            thread: unsafe { rb_sys::rb_thread_current() },
            deadline: options.time_limit.and_then(|limit| start.checked_add(limit)),
            gvl_slice_end: Cell::new((!options.release_gvl).then(|| start + GVL_TIME_SLICE)),
            interrupted: ptr::null(),
            suspender: Cell::new(Suspender::None),
            termination: Cell::new(None),
        },
        interrupted: AtomicBool::new(false),
        // SAFETY: the coroutine runs to its end, below or in `unwind`, and the caller guarantees that everything it
        // uses lives until then.
        coroutine: unsafe { Coroutine::with_stack_unchecked(stack(ruby)?, body) },
        _owner: owner,
    }));
    // SAFETY: this function owns the call. While the call is in `SUSPENDED_CALLS`, this function does not run.
    let this = unsafe { &mut *call };
    this.running.interrupted = &raw const this.interrupted;
    let mut ruby_error: Option<Error> = None;
    let result = loop {
        let is_terminated = this.running.termination.get().is_some();
        let step = if is_terminated {
            // Unwinds the guest.
            Some(this.resume(Reply::Terminate))
        } else if this.running.gvl_slice_end.get().is_some() {
            Some(this.resume(Reply::Continue))
        } else {
            let interrupted = this.running.interrupted;
            // SAFETY: the flag is part of the call, which is alive.
            gvl::without(unsafe { &*interrupted }, || this.resume(Reply::Continue))
        };
        let handled = match step {
            Some(CoroutineResult::Return(result)) => break result,
            Some(CoroutineResult::Yield(_)) if is_terminated => Ok(()),
            Some(CoroutineResult::Yield(Request::ReleaseGvl)) => {
                this.running.gvl_slice_end.set(None);
                Ok(())
            }
            Some(CoroutineResult::Yield(request)) => {
                this.interrupted.store(false, Ordering::Relaxed);
                let handled = handle(ruby, request, Some(call));
                if let Request::Proc(_) = request {
                    after_proc(&this.running, options);
                }
                handled
            }
            // An interrupt was pending, so the guest was not resumed.
            None => gvl::check_interrupts(),
        };
        if let Err(error) = handled {
            if !this.coroutine.started() {
                // SAFETY: as below.
                drop(unsafe { Box::from_raw(call) });
                return Err(error);
            }
            this.running.termination.set(Some(Termination::Ruby));
            ruby_error = Some(error);
        }
    };
    // SAFETY: the pointer came from a box above, and the guest has ended.
    let call = unsafe { Box::from_raw(call) };
    let termination = call.running.termination.get();
    STACKS.with_borrow_mut(|stacks| stacks.push(call.coroutine.into_stack()));
    finish(ruby, options, termination, ruby_error, result)
}

/// Checks the deadline after a proc, whose time counts as the guest's, and starts a new time slice.
fn after_proc(running: &Running, options: Options) {
    if running.deadline.is_none() && options.release_gvl {
        return;
    }
    let now = Instant::now();
    if running.deadline.is_some_and(|deadline| now >= deadline) {
        running.termination.set(Some(Termination::TimedOut));
    }
    if !options.release_gvl {
        running.gvl_slice_end.set(Some(now + GVL_TIME_SLICE));
    }
}

/// Makes the result of a call.
fn finish<T>(
    ruby: &Ruby,
    options: Options,
    termination: Option<Termination>,
    ruby_error: Option<Error>,
    result: thread::Result<T>,
) -> Result<T, Error> {
    if let Some(error) = ruby_error {
        return Err(error);
    }
    if termination == Some(Termination::TimedOut) {
        return Err(error::timed_out(ruby, options.time_limit.unwrap_or_default()));
    }
    result.map_err(|payload| error::panicked(ruby, payload.as_ref()))
}

/// As [`run_on_coroutine`], on a helper thread, on which no guest of another fiber is suspended.
fn run_on_helper_thread<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
    current: &fiber::Current,
) -> Result<T, Error> {
    let link = Arc::new(Link::new());
    let slot = ResultSlot::new();
    let deadline = options.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
    let thread = unsafe { rb_sys::rb_thread_current() };
    spawn(
        ruby,
        AssertSend((work, owner, Arc::clone(&link), Arc::clone(&slot))),
        thread,
        deadline,
    )?;
    current.fiber().add_helper(Arc::clone(&link));
    let mut termination = None;
    let mut ruby_error: Option<Error> = None;
    loop {
        let step = if termination.is_some() {
            Some(link.wait())
        } else {
            gvl::without(&link.interrupted, || link.wait())
        };
        let handled = match step {
            Some(None) => break,
            Some(Some(_)) if termination.is_some() => {
                link.reply(Reply::Terminate);
                continue;
            }
            Some(Some(Request::ReleaseGvl)) => Ok(()),
            Some(Some(request)) => {
                link.interrupted.store(false, Ordering::Relaxed);
                let handled = handle::<T>(ruby, request, None);
                if !link.is_of_this_process() {
                    return Err(error::busy(
                        ruby,
                        "the process was forked while the guest waited for its proc: its thread is the parent's",
                    ));
                }
                handled
            }
            None => match gvl::check_interrupts() {
                Ok(()) => continue,
                Err(error) => {
                    // The guest is running. The flag makes its next poll send a request, which gets the reply.
                    link.interrupted.store(true, Ordering::Relaxed);
                    (termination, ruby_error) = (Some(Termination::Ruby), Some(error));
                    continue;
                }
            },
        };
        if let Err(error) = handled {
            (termination, ruby_error) = (Some(Termination::Ruby), Some(error));
        } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            termination = Some(Termination::TimedOut);
        }
        link.reply(if termination.is_some() {
            Reply::Terminate
        } else {
            Reply::Continue
        });
    }
    current.fiber().remove_helper(&link);
    current.keep();
    match slot.take() {
        Ok((result, late)) => finish(
            ruby,
            options,
            termination.or(late.then_some(Termination::TimedOut)),
            ruby_error,
            Ok(result),
        ),
        Err(payload) => finish(ruby, options, termination, ruby_error, Err(payload)),
    }
}

type HelperWork<W, T> = AssertSend<(W, Arc<dyn Any>, Arc<Link>, Arc<ResultSlot<(T, bool)>>)>;

fn spawn<W: FnOnce() -> T, T: 'static>(
    ruby: &Ruby,
    lent: HelperWork<W, T>,
    thread: VALUE,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let body = move || {
        let (work, owner, link, slot) = lent.into_inner();
        let running = Running {
            thread,
            deadline,
            gvl_slice_end: Cell::new(None),
            interrupted: &raw const link.interrupted,
            suspender: Cell::new(Suspender::Helper(&raw const *link)),
            termination: Cell::new(None),
        };
        RUNNING.set(&running);
        let result = panic::catch_unwind(AssertUnwindSafe(work));
        RUNNING.set(ptr::null());
        let late = running.termination.get() == Some(Termination::TimedOut);
        slot.put(result.map(|result| (result, late)));
        drop((owner, slot));
        link.done();
    };
    let builder = thread::Builder::new()
        .name("wasm guest".to_owned())
        .stack_size(STACK_BYTES);
    // SAFETY: the caller of `run` guarantees that everything the work borrows lives until the guest ends.
    unsafe { builder.spawn_unchecked(body) }.map(|_| ()).map_err(|cause| {
        Error::new(
            ruby.exception_no_mem_error(),
            format!("no thread can be started for a guest: {cause}"),
        )
    })
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

/// Handles the request of a suspended guest. `call` is the guest's call if it is suspended on this thread.
fn handle<T: 'static>(ruby: &Ruby, request: Request, call: Option<*mut Call<T>>) -> Result<(), Error> {
    let current = fiber::Current::get(ruby)?;
    if let Some(call) = call {
        let fiber = Arc::clone(current.fiber());
        SUSPENDED_CALLS.with_borrow_mut(|calls| calls.push(Suspended { fiber, call }));
    }
    let depth = current.fiber().depth().fetch_add(1, Ordering::Relaxed);
    let handled = catch_unwind(AssertUnwindSafe(|| match request {
        Request::ReleaseGvl => Ok(()),
        Request::Interrupt => gvl::check_interrupts(),
        Request::Proc(_) if depth >= MAX_DEPTH => Err(Error::new(
            ruby.exception_sys_stack_error(),
            format!("guests and procs call each other {MAX_DEPTH} deep: does a proc call the export that called it?"),
        )),
        // SAFETY: the guest is suspended in the function that owns the call's data.
        Request::Proc(call) => unsafe { call.run(ruby, current.fiber().id()) },
    }));
    current.fiber().depth().fetch_sub(1, Ordering::Relaxed);
    if call.is_some() {
        SUSPENDED_CALLS.with_borrow_mut(Vec::pop);
    }
    current.keep();
    handled.flatten()
}
