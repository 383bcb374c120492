//! `GhcrPage::Guest`: the same parser as a WebAssembly module.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::wasm::guests;
use ex2_parser::wasm::{self, Parser};
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RString, Ruby, Value};
use wasmer::CompileError;

use crate::call::{self, Options};
use crate::checkpoint::MemoryUse;
use crate::instance::duration;
use crate::module::{self, Cache, Module, PAGE};
use crate::{bytes, error, ghcr_page, gvl, store_cell};

#[magnus::wrap(class = "GhcrPage::Guest", free_immediately)]
pub(crate) struct Guest {
    state: Arc<State>,
    options: Options,
    /// How much of the guest's memory Ruby's collector knows of.
    reported: Cell<usize>,
}

/// What a call uses, and keeps while it does.
struct State {
    module: Module,
    /// Gone after a guest was stopped: the next call begins with a fresh one.
    parser: RefCell<Option<Parser>>,
    memory: Arc<MemoryUse>,
    busy: AtomicBool,
}

// SAFETY: the parser's store is what isn't Send, for what it may hold of others'; this one holds wasmer's own objects.
// `busy` keeps all threads but one from it.
unsafe impl Send for State {}
// SAFETY: the same.
unsafe impl Sync for State {}

/// The right to use the parser, given back when it is dropped: also where the guest's host panics.
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
    /// Builds the parser's module where its source has changed, and loads it.
    pub(crate) fn load(ruby: &Ruby, time_limit: Option<f64>, cache: Value) -> Result<Self, Error> {
        let time_limit = duration(ruby, time_limit)?;
        let compiled = module::Options {
            cache: Cache::from_ruby(ruby, cache)?,
            interruptible: true,
        };
        let module = gvl::without_to_the_end(|| {
            let binary = guests::PARSER_STREAM.read().map_err(Failure::Guest)?;
            Module::from_binary(&binary, &compiled).map_err(Failure::Compile)
        })?;
        let module = module.map_err(|failure| match failure {
            Failure::Guest(cause) => error::of(ruby, "Error", cause.to_string()),
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
                        let limit = u64::from(wasm::LIMITS.memory.0) * PAGE;
                        let engine = state.module.engine(limit, &state.memory);
                        none.insert(Parser::instantiate(&engine, state.module.compiled())?)
                    }
                };
                // SAFETY: the caller has the bytes until this call is done. Should it never be resumed, then the guest
                // only traps, and nobody looks at the page again.
                parser.package(unsafe { &*page })
            })();
            if matches!(result, Ok(_) | Err(wasm::Error::Page(_))) {
                state.parser.replace(parser);
            }
            result
        };
        // SAFETY: the owner is what the work uses, besides the page.
        match unsafe { call::run(ruby, self.options, owner, work) }? {
            Ok(package) => Ok(package),
            Err(wasm::Error::Page(cause)) => Err(ghcr_page::page_error(ruby, cause)),
            Err(wasm::Error::Trap(cause)) => Err(error::trapped(ruby, None, error::one_line(&cause))),
            Err(cause) => Err(error::of(ruby, "Error", cause.to_string())),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: it is Ruby that drops it, with the GVL.
        let ruby = unsafe { Ruby::get_unchecked() };
        ruby.gc_adjust_memory_usage(-(self.reported.get() as isize));
    }
}
