//! What an instance and its memory, functions and globals share: the store, and whose turn it is to use it.

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use magnus::block::Proc;
use magnus::value::Opaque;
use magnus::{Error, RArray, Ruby};
use wasmer::{AsStoreMut, Engine, Function, FunctionEnv, FunctionEnvMut, FunctionType, RuntimeError, Store, StoreMut};

use crate::call::{self, Reply, Request};
use crate::{error, value};

/// How many worlds there may be before the garbage collector is asked to look for some that nobody holds. It can't know:
/// an instance is a small object, and takes some gigabytes of the address space, which has room for twenty thousand.
const FEW: usize = 1_000;

/// How many worlds there are.
static WORLDS: AtomicUsize = AtomicUsize::new(0);

/// How many there may be until the collector is asked again.
static ENOUGH: AtomicUsize = AtomicUsize::new(FEW);

/// A store, which one call at a time uses.
pub(crate) struct World {
    store: UnsafeCell<Store>,
    access: Cell<Access>,
    imports: OnceCell<Vec<Import>>,
    time_limit: Option<Duration>,
}

// SAFETY: the store is what isn't Send, for what it may hold of others'. This one holds functions of this crate and
// wasmer's own objects, which are. `access`, read and written under the GVL or by the one call that has the store,
// keeps all but one thread from it.
unsafe impl Send for World {}

/// Who may use the store.
#[derive(Clone, Copy)]
enum Access {
    /// Whoever comes.
    Idle,
    /// The guest that runs, alone.
    Running,
    /// The thread whose guest waits for a proc to return.
    Lent(*mut StoreMut<'static>, ThreadId),
}

/// A proc that the guest may call.
pub(crate) struct Import {
    pub(crate) callable: Opaque<Proc>,
    /// For messages: `"console" "log"`.
    pub(crate) name: String,
    pub(crate) ty: FunctionType,
}

impl World {
    pub(crate) fn new(ruby: &Ruby, engine: Engine, time_limit: Option<Duration>) -> Self {
        if WORLDS.fetch_add(1, Ordering::Relaxed) >= ENOUGH.load(Ordering::Relaxed) {
            ruby.gc_start();
            // Those that are held are not looked for each time.
            ENOUGH.store(WORLDS.load(Ordering::Relaxed) + FEW, Ordering::Relaxed);
        }
        Self {
            store: UnsafeCell::new(Store::new(engine)),
            access: Cell::new(Access::Idle),
            imports: OnceCell::new(),
            time_limit,
        }
    }

    pub(crate) fn mark(&self, marker: &magnus::gc::Marker) {
        for import in self.imports.get().into_iter().flatten() {
            marker.mark(import.callable);
        }
    }

    /// Makes functions of the imports, once. Called before the guest is instantiated.
    ///
    /// The world must stay where it is from now on: the functions point to it.
    pub(crate) fn define(&self, ruby: &Ruby, imports: Vec<Import>) -> Result<Vec<Function>, Error> {
        let imports = self.imports.get_or_init(|| imports);
        self.with(ruby, |store| {
            let environment = FunctionEnv::new(store, ());
            let functions = imports.iter().enumerate().map(|(index, import)| {
                let world = Whereabouts(self);
                let function = move |mut environment: FunctionEnvMut<'_, ()>, arguments: &[wasmer::Value]| {
                    // SAFETY: the world owns the store, and so the function that runs.
                    let world = unsafe { &*world.get() };
                    world.call_out(&mut environment.as_store_mut(), index, arguments)
                };
                Function::new_with_env(store, &environment, import.ty.clone(), function)
            });
            functions.collect()
        })
    }

    /// Uses the store for a moment, which must not call into Ruby or a guest.
    pub(crate) fn with<T>(&self, ruby: &Ruby, work: impl FnOnce(&mut StoreMut<'_>) -> T) -> Result<T, Error> {
        match self.access.get() {
            // SAFETY: nobody else uses it, and nobody can come while this thread has the GVL.
            Access::Idle => Ok(work(&mut unsafe { &mut *self.store.get() }.as_store_mut())),
            // SAFETY: the guest that has it is suspended, and can't go on while this thread is here.
            Access::Lent(store, thread) if thread == thread::current().id() => Ok(work(unsafe { &mut *store })),
            _ => Err(busy(ruby)),
        }
    }

    /// Uses the store for a call into the guest.
    pub(crate) fn run<T>(&self, ruby: &Ruby, work: impl FnOnce(&mut StoreMut<'_>) -> T) -> Result<T, Error> {
        let before = self.access.get();
        let result = match before {
            Access::Idle => {
                self.access.set(Access::Running);
                call::run(ruby, self.time_limit, || {
                    // SAFETY: `Running` keeps everyone else away until it is done.
                    work(&mut unsafe { &mut *self.store.get() }.as_store_mut())
                })
            }
            Access::Lent(store, thread) if thread == thread::current().id() => {
                self.access.set(Access::Running);
                // SAFETY: as above; and the guest that lent it is suspended until this call has returned.
                call::run(ruby, self.time_limit, || work(unsafe { &mut *store }))
            }
            _ => return Err(busy(ruby)),
        };
        self.access.set(before);
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
            world: self,
            import,
            arguments,
            results: Vec::new(),
        };
        let lent = Access::Lent(ptr::from_mut(store).cast(), thread::current().id());
        let before = self.access.replace(lent);
        let reply = call::suspend(Request::Proc(ptr::from_mut(&mut call).cast()));
        self.access.set(before);
        match reply {
            Reply::GoOn => Ok(call.results),
            // What ended it is kept elsewhere, so this text is never read.
            Reply::End => Err(RuntimeError::new("ended by Ruby")),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        WORLDS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn busy(ruby: &Ruby) -> Error {
    error::busy(
        ruby,
        "the instance is in the middle of a call: give each thread an instance of its own, or have them take turns with \
         a Mutex",
    )
}

/// Where a world lies.
#[derive(Clone, Copy)]
struct Whereabouts(*const World);

// SAFETY: whoever follows the pointer says why it may.
unsafe impl Send for Whereabouts {}
// SAFETY: the same.
unsafe impl Sync for Whereabouts {}

impl Whereabouts {
    fn get(self) -> *const World {
        self.0
    }
}

/// A guest's call of a proc, while the guest is suspended.
pub(crate) struct ProcCall<'a> {
    world: &'a World,
    import: usize,
    arguments: &'a [wasmer::Value],
    results: Vec<wasmer::Value>,
}

impl ProcCall<'_> {
    /// Calls the proc.
    pub(crate) fn run(&mut self, ruby: &Ruby) -> Result<(), Error> {
        let Some(import) = self.world.imports.get().and_then(|imports| imports.get(self.import)) else {
            return Ok(());
        };
        // An array, because the collector doesn't look into a vector.
        let arguments = ruby.ary_new_capa(self.arguments.len());
        for argument in self.arguments {
            arguments.push(value::to_ruby(ruby, argument)?)?;
        }
        let answer: magnus::Value = ruby.get_inner(import.callable).call(arguments)?;
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
