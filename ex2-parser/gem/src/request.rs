//! The messages between a suspended guest and its caller.

use std::ptr;

use magnus::{Error, Ruby};

/// The reason for which a guest is suspended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    /// Ruby has an interrupt for this thread.
    Interrupt,
    /// The time slice with the GVL is over.
    ReleaseGvl,
    /// The guest called a proc.
    Proc(ProcRequest),
}

/// The instruction to a suspended guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Continue,
    Terminate,
}

/// A guest's call of a proc.
pub(crate) trait RunProc {
    /// Calls the proc, for a guest that waits on this fiber.
    fn run(&mut self, ruby: &Ruby, fiber: u64) -> Result<(), Error>;
}

/// A pointer to a [`RunProc`] on the suspended stack.
///
/// It is no `*mut dyn RunProc`: the call borrows from the suspended stack, and a request has no lifetime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcRequest {
    call: *mut (),
    run: unsafe fn(*mut (), &Ruby, u64) -> Result<(), Error>,
}

// SAFETY: the receiver uses the pointer only while the guest that owns the call is suspended.
unsafe impl Send for ProcRequest {}

impl ProcRequest {
    pub(crate) fn new<Call: RunProc>(call: &mut Call) -> Self {
        /// # Safety
        ///
        /// `call` points to a `Call` that nothing else uses.
        unsafe fn run<Call: RunProc>(call: *mut (), ruby: &Ruby, fiber: u64) -> Result<(), Error> {
            // SAFETY: the caller guarantees it.
            unsafe { &mut *call.cast::<Call>() }.run(ruby, fiber)
        }
        Self {
            call: ptr::from_mut(call).cast(),
            run: run::<Call>,
        }
    }

    /// Calls the proc.
    ///
    /// # Safety
    ///
    /// The guest is still suspended in the function that owns the call.
    pub(crate) unsafe fn run(self, ruby: &Ruby, fiber: u64) -> Result<(), Error> {
        // SAFETY: `new` made the pointer and the function for one type, and the suspended guest does not use the call.
        unsafe { (self.run)(self.call, ruby, fiber) }
    }
}
