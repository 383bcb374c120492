//! Work without Ruby's global lock (the GVL), so that Ruby's other threads run meanwhile.

use std::ffi::c_void;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use magnus::Error;
use magnus::rb_sys::protect;
use rb_sys::{Qnil, RB_NOGVL_INTR_FAIL, RB_NOGVL_UBF_ASYNC_SAFE, VALUE};

/// Does `work` without the GVL, if Ruby has nothing for this thread; else `None`, and the work is not done.
///
/// Should Ruby want this thread's attention meanwhile, it sets `interrupted`.
pub(crate) fn without<T>(interrupted: &AtomicBool, work: impl FnOnce() -> T) -> Option<T> {
    struct Job<W, T> {
        work: Option<W>,
        result: Option<thread::Result<T>>,
    }

    unsafe extern "C" fn run<W: FnOnce() -> T, T>(job: *mut c_void) -> *mut c_void {
        // SAFETY: it is the pointer below, and nothing else uses it meanwhile.
        let job = unsafe { &mut *job.cast::<Job<W, T>>() };
        if let Some(work) = job.work.take() {
            // No panic may leave a function that C called.
            job.result = Some(panic::catch_unwind(AssertUnwindSafe(work)));
        }
        ptr::null_mut()
    }

    unsafe extern "C" fn interrupt(interrupted: *mut c_void) {
        // SAFETY: it is the pointer below. A signal handler may be what runs this, and a store is what it may do.
        unsafe { (*interrupted.cast::<AtomicBool>()).store(true, Ordering::Relaxed) };
    }

    fn run_of<W: FnOnce() -> T, T>(_: &Job<W, T>) -> unsafe extern "C" fn(*mut c_void) -> *mut c_void {
        run::<W, T>
    }

    let mut job = Job {
        work: Some(work),
        result: None,
    };
    // With INTR_FAIL Ruby leaves its interrupts to `check_interrupts` instead of acting on them here, so it never leaves
    // by longjmp. With UBF_ASYNC_SAFE it needs no thread of its own to call `interrupt`.
    // SAFETY: both pointers are valid until the call returns, and the work touches nothing of Ruby's.
    unsafe {
        rb_sys::rb_nogvl(
            Some(run_of(&job)),
            ptr::from_mut(&mut job).cast(),
            Some(interrupt),
            ptr::from_ref(interrupted).cast_mut().cast(),
            (RB_NOGVL_INTR_FAIL | RB_NOGVL_UBF_ASYNC_SAFE) as i32,
        );
    }
    Some(job.result?.unwrap_or_else(|payload| panic::resume_unwind(payload)))
}

/// The same for work that can't be interrupted. What Ruby has for this thread comes before it.
pub(crate) fn without_to_the_end<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    let mut work = Some(work);
    let interrupted = AtomicBool::new(false);
    loop {
        let done = without(&interrupted, || work.take().map(|work| work()));
        match done.flatten() {
            Some(result) => return Ok(result),
            None => check_interrupts()?,
        }
    }
}

/// Whether Ruby has something for a thread, which runs without the GVL.
///
/// `without` tells most of it, but not a signal that another of Ruby's threads sends the process (seen with Ruby 3.1).
pub(crate) fn is_interrupted(thread: VALUE) -> bool {
    // SAFETY: it reads a flag of a thread that lives, because it is the one that asks.
    unsafe { rb_sys::rb_thread_interrupted(thread) != 0 }
}

/// Lets Ruby act on what it has for this thread: signals, `Thread#raise`, `Thread#kill`, `Timeout`.
pub(crate) fn check_interrupts() -> Result<(), Error> {
    protect(|| {
        // SAFETY: called on a thread of Ruby's, with the GVL, and what it raises is caught.
        unsafe { rb_sys::rb_thread_check_ints() };
        Qnil.into()
    })
    .map(|_| ())
}
