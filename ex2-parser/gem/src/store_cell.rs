//! The store that an instance shares with its memory, functions and globals, and exclusive access to it.

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use magnus::block::Proc;
use magnus::rb_sys::protect;
use magnus::value::Opaque;
use magnus::{Error, RArray, Ruby, Value};
use rb_sys::{Qnil, VALUE};
use wasm::guest_limits::MemoryUse;
use wasmer::{AsStoreMut, Engine, Function, FunctionEnv, FunctionEnvMut, FunctionType, RuntimeError, Store, StoreMut};

use crate::call::{self, Options};
use crate::request::{ProcRequest, Reply, Request, RunProc};
use crate::{error, fiber, value};

/// A store that one call at a time uses.
pub(crate) struct StoreCell {
    /// `None` after the store was closed.
    store: UnsafeCell<Option<Store>>,
    access: Access,
    /// The borrower, while the store is lent.
    lent: Cell<Borrower>,
    imports: OnceCell<Vec<Import>>,
    /// Ruby's objects that the Ruby object of the store marks for the garbage collector.
    marked: RefCell<Vec<Opaque<Value>>>,
    options: Options,
    memory: Arc<MemoryUse>,
    /// The number of bytes that were reported to Ruby's collector.
    reported: Cell<usize>,
}

// SAFETY: a store is not `Send` only because host functions may hold any data. This store has functions of this crate
// and Wasmer's own objects, which are `Send`. All other fields are used under the GVL, or by the one call that has the
// store.
unsafe impl Send for StoreCell {}
// SAFETY: the same. `access` grants exclusive access. It is the only field that is changed without the GVL.
unsafe impl Sync for StoreCell {}

/// The state of the access to the store.
struct Access(AtomicU8);

/// No call has the store.
const IDLE: u8 = 0;
/// The running guest has the store.
const RUNNING: u8 = 1;
/// The guest waits for a proc. The fiber that runs the proc may use the store.
const LENT: u8 = 2;
/// The store is gone.
const CLOSED: u8 = 3;

/// The borrower of a store, while the guest that has the store waits for a proc.
#[derive(Clone, Copy)]
struct Borrower {
    store: *mut StoreMut<'static>,
    /// The Ruby thread that may use the store.
    thread: VALUE,
    /// The fiber that may also call the guest.
    fiber: u64,
}

/// A proc that the guest may call.
pub(crate) struct Import {
    /// Marked by the store cell.
    pub(crate) callable: Opaque<Proc>,
    /// For messages: `"console" "log"`.
    pub(crate) name: String,
    pub(crate) ty: FunctionType,
}

/// Exclusive access to the store until this is dropped, also by a panic.
struct AccessGuard {
    cell: Arc<StoreCell>,
    before: u8,
}

impl Drop for AccessGuard {
    fn drop(&mut self) {
        self.cell.access.0.store(self.before, Ordering::Release);
    }
}

impl StoreCell {
    pub(crate) fn new(engine: Engine, options: Options, memory: Arc<MemoryUse>) -> Arc<Self> {
        Arc::new(Self {
            store: UnsafeCell::new(Some(Store::new(engine))),
            access: Access(AtomicU8::new(IDLE)),
            lent: Cell::new(Borrower {
                store: ptr::null_mut(),
                thread: Qnil.into(),
                fiber: 0,
            }),
            imports: OnceCell::new(),
            marked: RefCell::default(),
            options,
            memory,
            reported: Cell::new(0),
        })
    }

    pub(crate) fn mark(&self, marker: &magnus::gc::Marker) {
        // Code that borrows it mutably does not allocate, so the collector never runs during such a borrow.
        for value in &*self.marked.borrow() {
            marker.mark(*value);
        }
    }

    /// Keeps a Ruby value alive for as long as the store lives.
    pub(crate) fn keep(&self, value: Value) {
        self.marked.borrow_mut().push(value.into());
    }

    /// Creates the host functions for the imports. Called once, before the guest is instantiated.
    pub(crate) fn define(&self, ruby: &Ruby, imports: Vec<Import>) -> Result<Vec<Function>, Error> {
        let imports = self.imports.get_or_init(|| imports);
        if imports.is_empty() {
            return Ok(Vec::new());
        }
        self.with(ruby, |store| {
            let environment = FunctionEnv::new(store, ());
            let functions = imports.iter().enumerate().map(|(index, import)| {
                let cell = StorePtr(self);
                let function = move |mut environment: FunctionEnvMut<'_, ()>, arguments: &[wasmer::Value]| {
                    // SAFETY: the store cell owns the store, and so this function.
                    let cell = unsafe { &*cell.get() };
                    cell.call_out(&mut environment.as_store_mut(), index, arguments)
                };
                Function::new_with_env(store, &environment, import.ty.clone(), function)
            });
            functions.collect()
        })
    }

    /// Calls `work` with the store. `work` must not call into Ruby or a guest.
    pub(crate) fn with<T>(&self, ruby: &Ruby, work: impl FnOnce(&mut StoreMut<'_>) -> T) -> Result<T, Error> {
        match self.access.0.load(Ordering::Acquire) {
            // SAFETY: the store is idle, and stays so while this thread has the GVL.
            IDLE => match unsafe { &mut *self.store.get() } {
                Some(store) => Ok(work(&mut store.as_store_mut())),
                None => Err(closed(ruby)),
            },
            // SAFETY: the guest that has the store is suspended, and cannot resume while this thread is here.
            LENT if self.lent.get().thread == current_thread() => Ok(work(unsafe { &mut *self.lent.get().store })),
            CLOSED => Err(closed(ruby)),
            _ => Err(busy(ruby)),
        }
    }

    /// Calls `work` with the store, for a call into the guest.
    ///
    /// # Safety
    ///
    /// `work` has to own everything that it uses, see [`call::run`].
    pub(crate) unsafe fn run<T: 'static>(
        self: &Arc<Self>,
        ruby: &Ruby,
        work: impl FnOnce(&mut StoreMut<'_>) -> T,
    ) -> Result<T, Error> {
        let before = self.access.0.load(Ordering::Acquire);
        let lent = self.lent.get();
        match before {
            IDLE => {}
            LENT if lent.thread == current_thread() && lent.fiber == fiber::Current::get(ruby)?.fiber().id() => {}
            CLOSED => return Err(closed(ruby)),
            _ => return Err(busy(ruby)),
        }
        self.access.0.store(RUNNING, Ordering::Release);
        let guard = AccessGuard {
            cell: Arc::clone(self),
            before,
        };
        let owner: Arc<StoreCell> = Arc::clone(self);
        let work = move || {
            let guard = guard;
            if before == LENT {
                // SAFETY: the guest that lent the store is suspended until this call has returned.
                return work(unsafe { &mut *lent.store });
            }
            // SAFETY: `RUNNING` excludes all other access until the call ends.
            match unsafe { &mut *guard.cell.store.get() } {
                Some(store) => work(&mut store.as_store_mut()),
                None => unreachable!("an idle store cell has its store"),
            }
        };
        // SAFETY: the owner is the store cell. The caller guarantees the rest.
        let result = unsafe { call::run(ruby, self.options, owner, work) };
        self.report_memory(ruby)?;
        result
    }

    /// The guest calls a proc.
    fn call_out(
        &self,
        store: &mut StoreMut<'_>,
        import: usize,
        arguments: &[wasmer::Value],
    ) -> Result<Vec<wasmer::Value>, RuntimeError> {
        let mut call = ProcCall {
            cell: self,
            store: ptr::from_mut(store).cast(),
            import,
            arguments,
            results: Vec::new(),
        };
        match call::suspend(Request::Proc(ProcRequest::new(&mut call))) {
            Reply::Continue => Ok(call.results),
            // The call's error is stored elsewhere, so this text is never shown.
            Reply::Terminate => Err(RuntimeError::new("ended by Ruby")),
        }
    }

    /// Reports the size of the guest's memories to Ruby's collector, which may run then.
    pub(crate) fn report_memory(&self, ruby: &Ruby) -> Result<(), Error> {
        report(ruby, &self.memory, &self.reported)
    }

    /// Frees the store with everything in it.
    pub(crate) fn close(&self, ruby: &Ruby) -> Result<(), Error> {
        match self.access.0.load(Ordering::Acquire) {
            IDLE => {
                self.access.0.store(CLOSED, Ordering::Release);
                // SAFETY: the store was idle, and `CLOSED` excludes all further access.
                drop(unsafe { (*self.store.get()).take() });
                self.marked.borrow_mut().clear();
                self.freed(ruby);
                Ok(())
            }
            CLOSED => Ok(()),
            _ => Err(busy(ruby)),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.access.0.load(Ordering::Acquire) == CLOSED
    }

    /// Tells Ruby's collector that the guest's memory was freed.
    pub(crate) fn freed(&self, ruby: &Ruby) {
        ruby.gc_adjust_memory_usage(-(self.reported.replace(0) as isize));
    }
}

/// Reports the change of the memory's size to Ruby's collector.
pub(crate) fn report(ruby: &Ruby, memory: &MemoryUse, reported: &Cell<usize>) -> Result<(), Error> {
    let now = memory.bytes();
    let before = reported.replace(now);
    if now == before {
        return Ok(());
    }
    ruby.gc_adjust_memory_usage(now as isize - before as isize);
    if now < before {
        return Ok(());
    }
    // Ruby compares the reported size with its limit only when it allocates.
    protect(|| {
        // SAFETY: this thread has the GVL, and the allocation is freed at once.
        unsafe { rb_sys::ruby_xfree(rb_sys::ruby_xmalloc(1)) };
        Qnil.into()
    })
    .map(|_| ())
}

fn current_thread() -> VALUE {
    // SAFETY: the caller has a `Ruby`, so this is a Ruby thread with the GVL.
    unsafe { rb_sys::rb_thread_current() }
}

fn closed(ruby: &Ruby) -> Error {
    error::exception(
        ruby,
        "ClosedError",
        "the instance was closed: make another one of its module",
    )
}

fn busy(ruby: &Ruby) -> Error {
    error::busy(
        ruby,
        "the instance is in the middle of a call: give each thread an instance of its own, or have them take turns with \
         a Mutex",
    )
}

/// A pointer to a store cell.
#[derive(Clone, Copy)]
struct StorePtr(*const StoreCell);

// SAFETY: each dereference of the pointer states its own reason.
unsafe impl Send for StorePtr {}
// SAFETY: the same.
unsafe impl Sync for StorePtr {}

impl StorePtr {
    fn get(self) -> *const StoreCell {
        self.0
    }
}

/// The data of a guest's call of a proc. The guest is suspended until the proc returns.
struct ProcCall<'a> {
    cell: &'a StoreCell,
    store: *mut StoreMut<'static>,
    import: usize,
    arguments: &'a [wasmer::Value],
    results: Vec<wasmer::Value>,
}

impl RunProc for ProcCall<'_> {
    /// Calls the proc. The proc may use the store.
    fn run(&mut self, ruby: &Ruby, fiber: u64) -> Result<(), Error> {
        let cell = self.cell;
        cell.report_memory(ruby)?;
        let before = cell.lent.replace(Borrower {
            store: self.store,
            thread: current_thread(),
            fiber,
        });
        let _guard = ReturnGuard { cell, before };
        cell.access.0.store(LENT, Ordering::Release);
        self.call(ruby)
    }
}

impl ProcCall<'_> {
    fn call(&mut self, ruby: &Ruby) -> Result<(), Error> {
        let Some(import) = self.cell.imports.get().and_then(|imports| imports.get(self.import)) else {
            return Ok(());
        };
        // A Ruby array, because the collector does not scan a vector.
        let arguments = ruby.ary_new_capa(self.arguments.len());
        for argument in self.arguments {
            arguments.push(value::to_ruby(ruby, argument)?)?;
        }
        let answer: Value = ruby.get_inner(import.callable).call(arguments)?;
        let types = import.ty.results();
        let returned = |error| error::with_context(&format!("the proc of the import {} returned", import.name), error);
        match types {
            [] => {}
            [ty] => self.results.push(value::to_guest(ruby, answer, *ty).map_err(returned)?),
            types => {
                let answers = RArray::from_value(answer)
                    .filter(|answers| answers.len() == types.len())
                    .ok_or_else(|| {
                        Error::new(
                            ruby.exception_type_error(),
                            format!(
                                "the proc of the import {} returned {}: it is an array of {} numbers that is wanted",
                                import.name,
                                error::class_of(answer),
                                types.len()
                            ),
                        )
                    })?;
                for (index, ty) in types.iter().enumerate() {
                    let answer = answers.entry(index as isize)?;
                    self.results.push(value::to_guest(ruby, answer, *ty).map_err(returned)?);
                }
            }
        }
        Ok(())
    }
}

/// Takes the store back from the borrower when this is dropped.
struct ReturnGuard<'a> {
    cell: &'a StoreCell,
    before: Borrower,
}

impl Drop for ReturnGuard<'_> {
    fn drop(&mut self) {
        self.cell.lent.set(self.before);
        self.cell.access.0.store(RUNNING, Ordering::Release);
    }
}
