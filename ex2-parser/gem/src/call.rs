//! A call into a guest, which Ruby can interrupt.
//!
//! The guest runs on a stack of its own, a coroutine. Whatever needs Ruby meanwhile, a proc or an interrupt, suspends
//! it: Ruby's code runs on Ruby's stack and under Ruby's global lock (the GVL), and the guest is resumed. A guest that
//! takes longer than [`KEEPS_GVL`] is suspended, too, to be resumed without the GVL. Ruby has a function for taking the
//! lock back in the middle, `rb_thread_call_with_gvl`. It may leave by `longjmp`, over the guest's frames and Rust's, and
//! Ruby's code would run on a stack that its garbage collector doesn't know.
//!
//! Nothing of Ruby ever unwinds through a guest: an exception, a `throw` or a `break` is kept, the guest ends by a trap,
//! and then the thing kept goes on.
//!
//! While a guest is suspended its fiber may be left for another one, and never be resumed. So what a suspended call
//! consists of lies on the heap, and is found again by [`IN_PLACE`].

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
use crate::helper::{Lent, Link, Slot};
use crate::store_cell::ProcCall;
use crate::{error, gvl};

/// How deep calls may nest, guest in proc in guest: each takes some of the thread's own stack, of which a Ruby thread has
/// one megabyte.
const MAX_DEPTH: u32 = 50;

/// The coroutine's stack. Only Wasmer's and this crate's own code runs there: guests have one more.
const STACK_BYTES: usize = 1 << 20;

/// How long a guest runs with the GVL, until Ruby's other threads may run beside it. Ruby's own code keeps it ten times as
/// long where another thread waits for it; and so long may pass until a thread that gave it up has it again.
const KEEPS_GVL: Duration = Duration::from_millis(10);

/// How a call may run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) time_limit: Option<Duration>,
    /// Whether to give the GVL up at once, not after [`KEEPS_GVL`].
    pub(crate) release_gvl: bool,
}

/// Why a guest is suspended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    /// Ruby wants this thread's attention.
    Interrupt,
    /// It had the GVL long enough.
    ReleaseGvl,
    /// The guest called a proc. The call lives on the suspended stack.
    Proc(*mut ProcCall<'static>),
}

// SAFETY: whoever is asked follows the pointer while the guest that owns it waits.
unsafe impl Send for Request {}

/// What a suspended guest is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How a guest is suspended.
#[derive(Clone, Copy)]
enum Suspender {
    /// It can't be: it runs on a thread of its own until it is done.
    None,
    Coroutine(*const Yielder<Reply, Request>),
    Helper(*const Link),
}

/// The guest that runs on this thread.
struct Running {
    /// Ruby's thread; nil on a thread of its own.
    thread: VALUE,
    deadline: Option<Instant>,
    /// When it has had the GVL long enough, if it has it.
    keeps_gvl_until: Cell<Option<Instant>>,
    /// Whether Ruby wants this thread's attention, or, on a thread of its own, the guest is wanted no more.
    interrupted: *const AtomicBool,
    suspender: Cell<Suspender>,
    end: Cell<Option<End>>,
}

/// A call that is suspended on this thread while a proc runs.
struct Suspended {
    fiber: Arc<Fiber>,
    call: *mut dyn Abandoned,
}

thread_local! {
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
    /// The calls that are suspended on this thread, the innermost last, all of one fiber: others' run elsewhere. Those of
    /// a thread that ends while they are suspended are left as they are.
    static IN_PLACE: RefCell<Vec<Suspended>> = const { RefCell::new(Vec::new()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// Answers a guest's question: whether it may go on.
pub(crate) fn should_continue() -> bool {
    // SAFETY: it points to what runs now, which lives until it is done, or is null.
    let Some(running) = (unsafe { RUNNING.get().as_ref() }) else {
        return true;
    };
    if running.end.get().is_some() {
        return false;
    }
    // SAFETY: whoever runs the guest keeps the flag until it is done.
    let interrupted = unsafe { (*running.interrupted).load(Ordering::Relaxed) };
    if let Suspender::None = running.suspender.get() {
        if interrupted {
            running.end.set(Some(End::Stopped));
            return false;
        }
    } else if (interrupted || gvl::is_interrupted(running.thread)) && suspend(Request::Interrupt) == Reply::End {
        return false;
    }
    let keeps_gvl_until = running.keeps_gvl_until.get();
    if running.deadline.is_none() && keeps_gvl_until.is_none() {
        return true;
    }
    let now = Instant::now();
    if running.deadline.is_some_and(|deadline| now >= deadline) {
        running.end.set(Some(End::TimedOut));
        return false;
    }
    keeps_gvl_until.is_none_or(|until| now < until) || suspend(Request::ReleaseGvl) == Reply::GoOn
}

/// Suspends the guest that runs on this thread until Ruby has done what it asks for.
pub(crate) fn suspend(request: Request) -> Reply {
    // SAFETY: as in `should_continue`; a guest that calls a proc was started by `run`, and what it is suspended by lives as long.
    unsafe {
        match RUNNING.get().as_ref().map(|running| running.suspender.get()) {
            Some(Suspender::Coroutine(yielder)) => (*yielder).suspend(request),
            Some(Suspender::Helper(link)) => (*link).ask(request),
            Some(Suspender::None) | None => Reply::End,
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
        keeps_gvl_until: Cell::new(None),
        interrupted: &raw const *stop,
        suspender: Cell::new(Suspender::None),
        end: Cell::new(None),
    };
    let outer = RUNNING.replace(&running);
    let result = work();
    RUNNING.set(outer);
    (result, running.end.get() == Some(End::TimedOut))
}

/// Does `work`, which may run a guest, within the limits of `options`.
///
/// Returns Ruby's error where a proc or an interrupt ended it, and `TimedOut` where the clock did.
///
/// # Safety
///
/// The fiber may be left while the guest waits for a proc, and never be resumed: then `work` is unwound later, by a
/// guest that traps. What it uses on the way has to live until then, so `owner` has to keep it; nothing of it may lie on
/// the caller's stack.
pub(crate) unsafe fn run<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    match another_fiber(ruby)? {
        None => run_in_place(ruby, options, owner, work),
        Some(current) => run_on_helper(ruby, options, owner, work, &current),
    }
}

/// The fiber that runs, if another one's guests are suspended on this thread: they have to be resumed first.
fn another_fiber(ruby: &Ruby) -> Result<Option<fiber::Current>, Error> {
    if IN_PLACE.with_borrow(Vec::is_empty) {
        return Ok(None);
    }
    unwind_abandoned();
    let Some(fiber) = IN_PLACE.with_borrow(|calls| calls.last().map(|call| call.fiber.id())) else {
        return Ok(None);
    };
    let current = fiber::Current::get(ruby)?;
    Ok((current.fiber().id() != fiber).then_some(current))
}

/// Ends this thread's calls that nobody will resume any more.
fn unwind_abandoned() {
    while let Some(abandoned) = IN_PLACE.with_borrow_mut(|calls| {
        let last = calls.last()?;
        if last.fiber.is_collected() { calls.pop() } else { None }
    }) {
        // SAFETY: its fiber is gone, so nobody else has it; and it is the last that was suspended on this thread.
        unsafe { (*abandoned.call).unwind() };
    }
}

/// A call on a coroutine's stack, on the heap.
struct Call<T> {
    running: Running,
    interrupted: AtomicBool,
    coroutine: Coroutine<Reply, Request, thread::Result<T>, DefaultStack>,
    /// Keeps what the guest's frames use.
    _owner: Arc<dyn Any>,
}

trait Abandoned {
    /// Unwinds a suspended call, and frees it.
    ///
    /// # Safety
    ///
    /// Nobody may use it but this function, on the thread that it was suspended on, when it is the innermost one there.
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

impl<T> Abandoned for Call<T> {
    unsafe fn unwind(&mut self) {
        // SAFETY: `run_in_place` made a raw pointer of a box, and will never get to making a box of it again.
        let mut call = unsafe { Box::from_raw(ptr::from_mut(self)) };
        call.running.end.set(Some(End::Ruby));
        while let CoroutineResult::Yield(_) = call.resume(Reply::End) {}
        STACKS.with_borrow_mut(|stacks| stacks.push(call.coroutine.into_stack()));
    }
}

fn run_in_place<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    let start = Instant::now();
    let body = |yielder: &Yielder<Reply, Request>, _: Reply| {
        // SAFETY: `resume` has just set it.
        unsafe { (*RUNNING.get()).suspender.set(Suspender::Coroutine(yielder)) };
        panic::catch_unwind(AssertUnwindSafe(work))
    };
    let call = Box::into_raw(Box::new(Call {
        running: Running {
            // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
            thread: unsafe { rb_sys::rb_thread_current() },
            deadline: options.time_limit.and_then(|limit| start.checked_add(limit)),
            keeps_gvl_until: Cell::new((!options.release_gvl).then(|| start + KEEPS_GVL)),
            interrupted: ptr::null(),
            suspender: Cell::new(Suspender::None),
            end: Cell::new(None),
        },
        interrupted: AtomicBool::new(false),
        // SAFETY: it is driven to its end, below or by `unwind`, and all that it uses until then lives as long, as the
        // caller promised.
        coroutine: unsafe { Coroutine::with_stack_unchecked(stack(ruby)?, body) },
        _owner: owner,
    }));
    // SAFETY: it is this function's own, until it is given to `IN_PLACE`, which gives it back or keeps it for good.
    let this = unsafe { &mut *call };
    this.running.interrupted = &raw const this.interrupted;
    let mut kept: Option<Error> = None;
    let result = loop {
        let ends = this.running.end.get().is_some();
        let step = if ends {
            // All that is left to do is to unwind.
            Some(this.resume(Reply::End))
        } else if this.running.keeps_gvl_until.get().is_some() {
            Some(this.resume(Reply::GoOn))
        } else {
            let interrupted = this.running.interrupted;
            // SAFETY: the flag lies in the call, which lives.
            gvl::without(unsafe { &*interrupted }, || this.resume(Reply::GoOn))
        };
        let handled = match step {
            Some(CoroutineResult::Return(result)) => break result,
            Some(CoroutineResult::Yield(_)) if ends => Ok(()),
            Some(CoroutineResult::Yield(Request::ReleaseGvl)) => {
                this.running.keeps_gvl_until.set(None);
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
            // Ruby had something for this thread before it could go on.
            None => gvl::check_interrupts(),
        };
        if let Err(error) = handled {
            if !this.coroutine.started() {
                // SAFETY: as below.
                drop(unsafe { Box::from_raw(call) });
                return Err(error);
            }
            this.running.end.set(Some(End::Ruby));
            kept = Some(error);
        }
    };
    // SAFETY: it was made of a box above, and its guest is done.
    let call = unsafe { Box::from_raw(call) };
    let end = call.running.end.get();
    STACKS.with_borrow_mut(|stacks| stacks.push(call.coroutine.into_stack()));
    finish(ruby, options, end, kept, result)
}

/// A proc has returned, with the GVL. Its time is the guest's.
fn after_proc(running: &Running, options: Options) {
    if running.deadline.is_none() && options.release_gvl {
        return;
    }
    let now = Instant::now();
    if running.deadline.is_some_and(|deadline| now >= deadline) {
        running.end.set(Some(End::TimedOut));
    }
    if !options.release_gvl {
        running.keeps_gvl_until.set(Some(now + KEEPS_GVL));
    }
}

/// What a call comes to.
fn finish<T>(
    ruby: &Ruby,
    options: Options,
    end: Option<End>,
    kept: Option<Error>,
    result: thread::Result<T>,
) -> Result<T, Error> {
    if let Some(error) = kept {
        return Err(error);
    }
    if end == Some(End::TimedOut) {
        return Err(error::timed_out(ruby, options.time_limit.unwrap_or_default()));
    }
    result.map_err(|payload| error::panicked(ruby, payload.as_ref()))
}

/// The same as [`run_in_place`] on a native thread, where no other fiber's guest is suspended.
fn run_on_helper<T: 'static>(
    ruby: &Ruby,
    options: Options,
    owner: Arc<dyn Any>,
    work: impl FnOnce() -> T,
    current: &fiber::Current,
) -> Result<T, Error> {
    let link = Arc::new(Link::new());
    let slot = Slot::new();
    let deadline = options.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
    let thread = unsafe { rb_sys::rb_thread_current() };
    spawn(
        ruby,
        Lent((work, owner, Arc::clone(&link), Arc::clone(&slot))),
        thread,
        deadline,
    )?;
    current.fiber().add_helper(Arc::clone(&link));
    let mut end = None;
    let mut kept: Option<Error> = None;
    loop {
        let step = if end.is_some() {
            Some(link.wait())
        } else {
            gvl::without(&link.interrupted, || link.wait())
        };
        let handled = match step {
            Some(None) => break,
            Some(Some(_)) if end.is_some() => {
                link.reply(Reply::End);
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
                    // It runs: it is to ask at once, and to be told.
                    link.interrupted.store(true, Ordering::Relaxed);
                    (end, kept) = (Some(End::Ruby), Some(error));
                    continue;
                }
            },
        };
        if let Err(error) = handled {
            (end, kept) = (Some(End::Ruby), Some(error));
        } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            end = Some(End::TimedOut);
        }
        link.reply(if end.is_some() { Reply::End } else { Reply::GoOn });
    }
    current.fiber().remove_helper(&link);
    current.keep();
    match slot.take() {
        Ok((result, late)) => finish(ruby, options, end.or(late.then_some(End::TimedOut)), kept, Ok(result)),
        Err(payload) => finish(ruby, options, end, kept, Err(payload)),
    }
}

type HelperWork<W, T> = Lent<(W, Arc<dyn Any>, Arc<Link>, Arc<Slot<(T, bool)>>)>;

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
            keeps_gvl_until: Cell::new(None),
            interrupted: &raw const link.interrupted,
            suspender: Cell::new(Suspender::Helper(&raw const *link)),
            end: Cell::new(None),
        };
        RUNNING.set(&running);
        let result = panic::catch_unwind(AssertUnwindSafe(work));
        RUNNING.set(ptr::null());
        let late = running.end.get() == Some(End::TimedOut);
        slot.put(result.map(|result| (result, late)));
        drop((owner, slot));
        link.done();
    };
    let builder = thread::Builder::new()
        .name("wasm guest".to_owned())
        .stack_size(STACK_BYTES);
    // SAFETY: what the work borrows lives until the guest is done, as the caller of `run` promised.
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

/// Does for a suspended guest what it asks for. `call` is the guest's, where it is suspended on this thread.
fn handle<T: 'static>(ruby: &Ruby, request: Request, call: Option<*mut Call<T>>) -> Result<(), Error> {
    let current = fiber::Current::get(ruby)?;
    if let Some(call) = call {
        let fiber = Arc::clone(current.fiber());
        IN_PLACE.with_borrow_mut(|calls| calls.push(Suspended { fiber, call }));
    }
    let depth = current.fiber().depth().fetch_add(1, Ordering::Relaxed);
    let handled = catch_unwind(AssertUnwindSafe(|| match request {
        Request::ReleaseGvl => Ok(()),
        Request::Interrupt => gvl::check_interrupts(),
        Request::Proc(_) if depth >= MAX_DEPTH => Err(Error::new(
            ruby.exception_sys_stack_error(),
            format!("guests and procs call each other {MAX_DEPTH} deep: does a proc call the export that called it?"),
        )),
        // SAFETY: the guest is suspended in the function that owns the call.
        Request::Proc(call) => unsafe { (*call).run(ruby, current.fiber().id()) },
    }));
    current.fiber().depth().fetch_sub(1, Ordering::Relaxed);
    if call.is_some() {
        IN_PLACE.with_borrow_mut(Vec::pop);
    }
    current.keep();
    handled.flatten()
}
