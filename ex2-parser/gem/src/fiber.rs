//! Identifies fibers, and detects that one was garbage-collected.
//!
//! A fiber that waits in a proc of a guest may never be resumed. The garbage collector then frees the fiber with its
//! stack, and does not unwind it. So each fiber that calls procs has a [`Mark`] in a fiber-local variable. The collector
//! drops the mark together with the fiber, and the drop ends the fiber's guests.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::typed_data::Obj;
use magnus::{Error, Ruby, TryConvert, Value, value::ReprValue};
use rb_sys::ID;

use crate::helper::Link;

/// The name of the fiber-local variable.
const NAME: &str = "__wasm_host_fiber";

/// The Rust side of a fiber.
#[derive(Debug)]
pub(crate) struct Fiber {
    id: u64,
    collected: AtomicBool,
    /// The number of guests that wait for procs on this fiber.
    depth: AtomicU32,
    /// The fiber's guests that run on helper threads.
    helpers: Mutex<Vec<Arc<Link>>>,
}

impl Fiber {
    /// An id that is never reused, also not after a fiber was collected.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether the fiber was collected, so that its guests will never be resumed.
    pub(crate) fn is_collected(&self) -> bool {
        self.collected.load(Ordering::Relaxed)
    }

    /// The number of guests that wait for procs on this fiber.
    pub(crate) fn depth(&self) -> &AtomicU32 {
        &self.depth
    }

    pub(crate) fn add_helper(&self, link: Arc<Link>) {
        self.helpers.lock().unwrap_or_else(PoisonError::into_inner).push(link);
    }

    pub(crate) fn remove_helper(&self, link: &Link) {
        let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        helpers.retain(|other| !std::ptr::eq(&raw const **other, link));
    }
}

/// The Ruby object that is collected together with a fiber.
#[magnus::wrap(class = "WasmHost::Native::FiberMark", free_immediately, size)]
pub(crate) struct Mark(Arc<Fiber>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.collected.store(true, Ordering::Relaxed);
        for link in self.0.helpers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            link.abandon();
        }
    }
}

/// The current fiber with its mark. The mark is on the fiber's stack, so it lives as long as the fiber, even if Ruby code
/// clears the fiber's variables.
pub(crate) struct Current {
    mark: Obj<Mark>,
}

impl Current {
    pub(crate) fn get(ruby: &Ruby) -> Result<Self, Error> {
        let name = name();
        // SAFETY: this is a Ruby thread with the GVL. Reading a variable neither raises nor switches threads.
        let found = unsafe { Value::from_raw(rb_sys::rb_thread_local_aref(rb_sys::rb_thread_current(), name)) };
        // `try_convert` is not called for nil: making its error may run Ruby code, which would handle interrupts there.
        if !found.is_nil() {
            return Obj::try_convert(found).map(|mark| Self { mark });
        }
        static IDS: AtomicU64 = AtomicU64::new(0);
        let mark = ruby.obj_wrap(Mark(Arc::new(Fiber {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            collected: AtomicBool::new(false),
            depth: AtomicU32::new(0),
            helpers: Mutex::default(),
        })));
        protect(|| {
            // SAFETY: the same. A frozen thread raises, and `protect` catches that.
            unsafe { rb_sys::rb_thread_local_aset(rb_sys::rb_thread_current(), name, mark.as_raw()) }
        })?;
        Ok(Self { mark })
    }

    pub(crate) fn fiber(&self) -> &Arc<Fiber> {
        &self.mark.0
    }

    /// Keeps the mark on the stack, where the collector finds it, until this call.
    pub(crate) fn keep(&self) {
        hint::black_box(&self.mark);
    }
}

fn name() -> ID {
    static ID: OnceLock<ID> = OnceLock::new();
    // SAFETY: the length is the text's, and Ruby copies it.
    *ID.get_or_init(|| unsafe { rb_sys::rb_intern2(NAME.as_ptr().cast(), NAME.len() as std::ffi::c_long) })
}
