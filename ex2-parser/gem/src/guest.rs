//! `GhcrPage::Guest`: the same parser, as a WebAssembly module.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::wasm::guest_limits::MemoryUse;
use ::wasm::guests;
use ex2_parser::wasm::{self, Parser};
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RString, Ruby, Value};
use wasmer::CompileError;

use crate::call::{self, Options};
use crate::instance::duration;
use crate::module::{self, Cache, Module, PAGE_BYTES};
use crate::{bytes, error, ghcr_page, gvl, store_cell};

#[magnus::wrap(class = "GhcrPage::Guest", free_immediately)]
pub(crate) struct Guest {
    state: Arc<State>,
    options: Options,
    /// The bytes of the guest's memory that were reported to Ruby's collector.
    reported: Cell<usize>,
}

/// The state that a call keeps alive.
struct State {
    module: Module,
    /// `None` after a guest was stopped. The next call makes a new instance.
    parser: RefCell<Option<Parser>>,
    memory: Arc<MemoryUse>,
    busy: AtomicBool,
}

// SAFETY: the parser's store is not `Send` only because host functions may hold any data. This store has only Wasmer's
// own objects. `busy` gives one thread at a time access.
unsafe impl Send for State {}
// SAFETY: the same.
unsafe impl Sync for State {}

/// Exclusive access to the parser until this is dropped, also by a panic.
struct AccessGuard(Arc<State>);

impl Drop for AccessGuard {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

enum Failure {
    Guest(guests::Error),
    Compile(CompileError),
}

impl Guest {
    /// Builds the parser's module if its source has changed, and loads it.
    pub(crate) fn load(ruby: &Ruby, time_limit: Option<f64>, cache: Value) -> Result<Self, Error> {
        let time_limit = duration(ruby, time_limit)?;
        let compiled = module::Options {
            cache: Cache::from_ruby(ruby, cache)?,
            interruptible: true,
        };
        let module = gvl::without_uninterrupted(|| {
            let binary = guests::PARSER_STREAM.read().map_err(Failure::Guest)?;
            Module::from_binary(&binary, &compiled).map_err(Failure::Compile)
        })?;
        let module = module.map_err(|failure| match failure {
            Failure::Guest(cause) => error::exception(ruby, "Error", cause.to_string()),
            Failure::Compile(cause) => error::compile(ruby, &cause),
        })?;
        Ok(Self {
            state: Arc::new(State {
                module,
                parser: RefCell::new(None),
                memory: Arc::default(),
                busy: AtomicBool::new(false),
            }),
            options: Options {
                time_limit,
                release_gvl: false,
            },
            reported: Cell::new(0),
        })
    }

    /// Reads a package page, as [`ghcr_page::parse`] does.
    pub(crate) fn parse(ruby: &Ruby, this: Obj<Self>, page: RString) -> Result<RArray, Error> {
        if this.state.busy.swap(true, Ordering::Acquire) {
            return Err(error::busy(
                ruby,
                "the guest reads a page for another thread: give each thread one of its own, or have them take turns \
                 with a Mutex",
            ));
        }
        let guard = AccessGuard(Arc::clone(&this.state));
        let answer = bytes::with(page, |page| this.read(ruby, guard, page));
        store_cell::report(ruby, &this.state.memory, &this.reported)?;
        ghcr_page::answer(ruby, &answer?)
    }

    fn read(&self, ruby: &Ruby, guard: AccessGuard, page: &[u8]) -> Result<ex2_parser::Package, Error> {
        let owner: Arc<State> = Arc::clone(&self.state);
        let page: *const [u8] = page;
        let work = move || {
            let state = &*guard.0;
            let mut parser = state.parser.take();
            let result = (|| {
                let parser = match &mut parser {
                    Some(parser) => parser,
                    none => {
                        let limit = u64::from(wasm::LIMITS.memory.0) * PAGE_BYTES;
                        let engine = state.module.engine(limit, &state.memory);
                        none.insert(Parser::instantiate(&engine, state.module.compiled())?)
                    }
                };
                // SAFETY: the caller keeps the bytes alive until this call ends. If the call is never resumed, the guest
                // only traps, and the bytes are not read again.
                parser.package(unsafe { &*page })
            })();
            if matches!(result, Ok(_) | Err(wasm::Error::Page(_))) {
                state.parser.replace(parser);
            }
            result
        };
        // SAFETY: the work uses only the owner and the page.
        match unsafe { call::run(ruby, self.options, owner, work) }? {
            Ok(package) => Ok(package),
            Err(wasm::Error::Page(cause)) => Err(ghcr_page::page_error(ruby, cause)),
            Err(wasm::Error::Trap(cause)) => Err(error::trapped(ruby, None, error::one_line(&cause))),
            Err(cause) => Err(error::exception(ruby, "Error", cause.to_string())),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: Ruby drops this object, with the GVL held.
        let ruby = unsafe { Ruby::get_unchecked() };
        ruby.gc_adjust_memory_usage(-(self.reported.get() as isize));
    }
}
