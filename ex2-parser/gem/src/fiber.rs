//! Which fiber is which, and which is gone.
//!
//! A fiber that waits in a guest's proc may never come back: nobody resumes it, and one day the collector frees it with
//! its stack, without running what stands there to its end. So each fiber that calls procs has a [`Mark`] among its
//! fiber-local variables. What its guests hold hangs on the mark; and the mark is told when it is collected.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::typed_data::Obj;
use magnus::{Error, Ruby, TryConvert, Value, value::ReprValue};
use rb_sys::ID;

use crate::helper::Link;

/// The fiber-local variable's name.
const NAME: &str = "__wasm_host_fiber";

/// What there is of a fiber in Rust.
#[derive(Debug)]
pub(crate) struct Fiber {
    id: u64,
    collected: AtomicBool,
    /// How many guests wait for procs on it.
    depth: AtomicU32,
    /// Its guests that run on native threads of their own.
    helpers: Mutex<Vec<Arc<Link>>>,
}

impl Fiber {
    /// Never used twice, so it also tells fibers apart that are gone.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether no guest of it will ever go on.
    pub(crate) fn is_collected(&self) -> bool {
        self.collected.load(Ordering::Relaxed)
    }

    /// How many guests wait for procs on it.
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

/// What Ruby's collector sees of a fiber.
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

/// The fiber that runs, with its mark. While that stands on the fiber's stack, it is collected only with the fiber, also
/// where Ruby's code cleared the fiber's variables.
pub(crate) struct Current {
    mark: Obj<Mark>,
}

impl Current {
    pub(crate) fn get(ruby: &Ruby) -> Result<Self, Error> {
        let name = name();
        // SAFETY: this is a thread of Ruby's, with the GVL; reading a variable neither raises nor switches.
        let found = unsafe { Value::from_raw(rb_sys::rb_thread_local_aref(rb_sys::rb_thread_current(), name)) };
        // Not asked of nil: what an error of Ruby's is made with may run Ruby's code, and take the interrupts there.
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
            // SAFETY: the same; a frozen thread raises, which is caught.
            unsafe { rb_sys::rb_thread_local_aset(rb_sys::rb_thread_current(), name, mark.as_raw()) }
        })?;
        Ok(Self { mark })
    }

    pub(crate) fn fiber(&self) -> &Arc<Fiber> {
        &self.mark.0
    }

    /// Keeps the mark where the collector finds it until here.
    pub(crate) fn keep(&self) {
        hint::black_box(&self.mark);
    }
}

fn name() -> ID {
    static ID: OnceLock<ID> = OnceLock::new();
    // SAFETY: the text is as long as is said, and Ruby copies it.
    *ID.get_or_init(|| unsafe { rb_sys::rb_intern2(NAME.as_ptr().cast(), NAME.len() as std::ffi::c_long) })
}
