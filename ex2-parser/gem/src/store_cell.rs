//! What an instance and its memory, functions and globals share: the store, and exclusive access to it.

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use magnus::block::Proc;
use magnus::rb_sys::protect;
use magnus::value::Opaque;
use magnus::{Error, RArray, Ruby, Value};
use rb_sys::{Qnil, VALUE};
use wasmer::{AsStoreMut, Engine, Function, FunctionEnv, FunctionEnvMut, FunctionType, RuntimeError, Store, StoreMut};

use crate::call::{self, Options, Reply, Request};
use crate::checkpoint::MemoryUse;
use crate::{error, fiber, value};

/// A store, which one call at a time uses.
pub(crate) struct StoreCell {
    /// Gone once it was closed.
    store: UnsafeCell<Option<Store>>,
    access: Access,
    /// The borrower, while the store is lent.
    lent: Cell<Borrower>,
    imports: OnceCell<Vec<Import>>,
    /// Ruby's objects that the instance marks for the garbage collector.
    marked: RefCell<Vec<Opaque<Value>>>,
    options: Options,
    memory: Arc<MemoryUse>,
    /// The bytes that were reported to Ruby's collector.
    reported: Cell<usize>,
}

// SAFETY: the store is what isn't Send, for what it may hold of others'. This one holds functions of this crate and
// wasmer's own objects, which are. All else is used under the GVL, or by the one call that has the store.
unsafe impl Send for StoreCell {}
// SAFETY: the same. `access` grants exclusive access, and is all that may be changed without the GVL.
unsafe impl Sync for StoreCell {}

/// The state of the access to the store.
struct Access(AtomicU8);

/// No call has the store.
const IDLE: u8 = 0;
/// The running guest has it.
const RUNNING: u8 = 1;
/// The guest waits for a proc. The fiber that runs the proc may use the store.
const LENT: u8 = 2;
/// The store is gone.
const CLOSED: u8 = 3;

/// The borrower of a store, while the guest that has the store waits for a proc.
#[derive(Clone, Copy)]
struct Borrower {
    store: *mut StoreMut<'static>,
    /// Ruby's thread may look into it,
    thread: VALUE,
    /// and this fiber may call its guest.
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

/// The right to run the guest, given back when it is dropped: also where the guest's host panics.
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
        // What borrows it to change it doesn't allocate, so the collector never comes meanwhile.
        for value in &*self.marked.borrow() {
            marker.mark(*value);
        }
    }

    /// Has the collector find a value for as long as the instance lives.
    pub(crate) fn keep(&self, value: Value) {
        self.marked.borrow_mut().push(value.into());
    }

    /// Makes functions of the imports, once. Called before the guest is instantiated.
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
                    // SAFETY: the store cell owns the store, and so the function that runs.
                    let cell = unsafe { &*cell.get() };
                    cell.call_out(&mut environment.as_store_mut(), index, arguments)
                };
                Function::new_with_env(store, &environment, import.ty.clone(), function)
            });
            functions.collect()
        })
    }

    /// Uses the store for a moment, which must not call into Ruby or a guest.
    pub(crate) fn with<T>(&self, ruby: &Ruby, work: impl FnOnce(&mut StoreMut<'_>) -> T) -> Result<T, Error> {
        match self.access.0.load(Ordering::Acquire) {
            // SAFETY: nobody else uses it, and nobody can come while this thread has the GVL.
            IDLE => match unsafe { &mut *self.store.get() } {
                Some(store) => Ok(work(&mut store.as_store_mut())),
                None => Err(closed(ruby)),
            },
            // SAFETY: the guest that has it is suspended, and can't go on while this thread is here.
            LENT if self.lent.get().thread == current_thread() => Ok(work(unsafe { &mut *self.lent.get().store })),
            CLOSED => Err(closed(ruby)),
            _ => Err(busy(ruby)),
        }
    }

    /// Uses the store for a call into the guest.
    ///
    /// # Safety
    ///
    /// What `work` uses has to be its own, see [`call::run`].
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
                // SAFETY: the guest that lent it is suspended until this call has returned.
                return work(unsafe { &mut *lent.store });
            }
            // SAFETY: `RUNNING` keeps everyone else away until it is done.
            match unsafe { &mut *guard.cell.store.get() } {
                Some(store) => work(&mut store.as_store_mut()),
                None => unreachable!("an idle store cell has its store"),
            }
        };
        // SAFETY: the owner is the store cell, and the rest is the caller's promise.
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
        match call::suspend(Request::Proc(ptr::from_mut(&mut call).cast())) {
            Reply::GoOn => Ok(call.results),
            // What ended it is kept elsewhere, so this text is never read.
            Reply::End => Err(RuntimeError::new("ended by Ruby")),
        }
    }

    /// Tells Ruby's collector how much the guest's memories take by now. It may run then.
    pub(crate) fn report_memory(&self, ruby: &Ruby) -> Result<(), Error> {
        report(ruby, &self.memory, &self.reported)
    }

    /// Frees the store, with all that the guest has.
    pub(crate) fn close(&self, ruby: &Ruby) -> Result<(), Error> {
        match self.access.0.load(Ordering::Acquire) {
            IDLE => {
                self.access.0.store(CLOSED, Ordering::Release);
                // SAFETY: nobody else uses it, and nobody will.
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

    /// The guest's memory is Ruby's no more.
    pub(crate) fn freed(&self, ruby: &Ruby) {
        ruby.gc_adjust_memory_usage(-(self.reported.replace(0) as isize));
    }
}

/// Tells Ruby's collector of a change.
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
    // Ruby looks at how much there is whenever it allocates, and not before.
    protect(|| {
        // SAFETY: this thread has the GVL, and what is allocated is freed at once.
        unsafe { rb_sys::ruby_xfree(rb_sys::ruby_xmalloc(1)) };
        Qnil.into()
    })
    .map(|_| ())
}

fn current_thread() -> VALUE {
    // SAFETY: the caller has a Ruby, so this is a thread of Ruby's, with the GVL.
    unsafe { rb_sys::rb_thread_current() }
}

fn closed(ruby: &Ruby) -> Error {
    error::of(
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

// SAFETY: each use that follows the pointer gives its own reason.
unsafe impl Send for StorePtr {}
// SAFETY: the same.
unsafe impl Sync for StorePtr {}

impl StorePtr {
    fn get(self) -> *const StoreCell {
        self.0
    }
}

/// A guest's call of a proc, while the guest is suspended.
pub(crate) struct ProcCall<'a> {
    cell: &'a StoreCell,
    store: *mut StoreMut<'static>,
    import: usize,
    arguments: &'a [wasmer::Value],
    results: Vec<wasmer::Value>,
}

impl ProcCall<'_> {
    /// Calls the proc, which may use the store meanwhile.
    pub(crate) fn run(&mut self, ruby: &Ruby, fiber: u64) -> Result<(), Error> {
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

    fn call(&mut self, ruby: &Ruby) -> Result<(), Error> {
        let Some(import) = self.cell.imports.get().and_then(|imports| imports.get(self.import)) else {
            return Ok(());
        };
        // An array, because the collector doesn't look into a vector.
        let arguments = ruby.ary_new_capa(self.arguments.len());
        for argument in self.arguments {
            arguments.push(value::to_ruby(ruby, argument)?)?;
        }
        let answer: Value = ruby.get_inner(import.callable).call(arguments)?;
        let types = import.ty.results();
        let returned = |error| error::about(&format!("the proc of the import {} returned", import.name), error);
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

/// Ends the time for which a store is lent.
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
