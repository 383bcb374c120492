//! Runs work without Ruby's global lock (the GVL), so that other Ruby threads run meanwhile.

use std::ffi::c_void;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use magnus::Error;
use magnus::rb_sys::protect;
use rb_sys::{Qnil, RB_NOGVL_INTR_FAIL, RB_NOGVL_UBF_ASYNC_SAFE, VALUE};

/// Runs `work` without the GVL. Returns `None`, and does not run it, if Ruby has an interrupt for this thread.
///
/// An interrupt that arrives meanwhile sets `interrupted`.
pub(crate) fn without<T>(interrupted: &AtomicBool, work: impl FnOnce() -> T) -> Option<T> {
    struct Job<W, T> {
        work: Option<W>,
        result: Option<thread::Result<T>>,
    }

    unsafe extern "C" fn run<W: FnOnce() -> T, T>(job: *mut c_void) -> *mut c_void {
        // SAFETY: this is the pointer below, and there is no other use of it meanwhile.
        let job = unsafe { &mut *job.cast::<Job<W, T>>() };
        if let Some(work) = job.work.take() {
            // A panic must not unwind into C.
            job.result = Some(panic::catch_unwind(AssertUnwindSafe(work)));
        }
        ptr::null_mut()
    }

    unsafe extern "C" fn interrupt(interrupted: *mut c_void) {
        // SAFETY: this is the pointer below. A signal handler may call this, and an atomic store is allowed there.
        unsafe { (*interrupted.cast::<AtomicBool>()).store(true, Ordering::Relaxed) };
    }

    fn run_of<W: FnOnce() -> T, T>(_: &Job<W, T>) -> unsafe extern "C" fn(*mut c_void) -> *mut c_void {
        run::<W, T>
    }

    let mut job = Job {
        work: Some(work),
        result: None,
    };
    // With INTR_FAIL, Ruby does not handle interrupts here, so this call never leaves by longjmp. `check_interrupts`
    // handles them. With UBF_ASYNC_SAFE, Ruby needs no extra thread to call `interrupt`.
    // SAFETY: both pointers are valid until the call returns, and the work does not use Ruby.
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

/// The same for work that can't be interrupted. Pending interrupts are handled before it.
pub(crate) fn without_uninterrupted<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
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

/// Whether Ruby has an interrupt for a thread that runs without the GVL.
///
/// The flag of `without` reports most interrupts, but not a signal that another Ruby thread sends to the process (seen
/// with Ruby 3.1).
pub(crate) fn is_interrupted(thread: VALUE) -> bool {
    // SAFETY: it reads a flag of the current thread, which is alive.
    unsafe { rb_sys::rb_thread_interrupted(thread) != 0 }
}

/// Lets Ruby handle this thread's interrupts: signals, `Thread#raise`, `Thread#kill`, `Timeout`.
pub(crate) fn check_interrupts() -> Result<(), Error> {
    protect(|| {
        // SAFETY: called on a Ruby thread with the GVL. `protect` catches exceptions.
        unsafe { rb_sys::rb_thread_check_ints() };
        Qnil.into()
    })
    .map(|_| ())
}
