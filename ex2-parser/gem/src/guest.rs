//! `GhcrPage::Guest`: the same parser as a WebAssembly module.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use ex2_parser::wasm::{self, Parser};
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RString, Ruby};
use wasmer::CompileError;

use crate::instance::duration;
use crate::module::{Module, PAGE};
use crate::{call, error, ghcr_page, gvl};

#[magnus::wrap(class = "GhcrPage::Guest", free_immediately)]
pub(crate) struct Guest {
    module: Module,
    time_limit: Option<Duration>,
    /// Gone after a guest was stopped: the next call begins with a fresh one.
    parser: RefCell<Option<Parser>>,
    busy: Cell<bool>,
}

// SAFETY: the parser's store is what isn't Send, for what it may hold of others'; this one holds wasmer's own objects.
// `busy`, read and written under the GVL, keeps all threads but one from it.
unsafe impl Send for Guest {}

enum Failure {
    Guest(guests::Error),
    Compile(CompileError),
}

impl Guest {
    /// Builds the parser's module where its source has changed, and loads it.
    pub(crate) fn load(ruby: &Ruby, time_limit: Option<f64>) -> Result<Self, Error> {
        let time_limit = duration(ruby, time_limit)?;
        let module = gvl::without_to_the_end(|| {
            let binary = guests::PARSER_STREAM.read().map_err(Failure::Guest)?;
            Module::from_binary(&binary, true).map_err(Failure::Compile)
        })?;
        let module = module.map_err(|failure| match failure {
            Failure::Guest(cause) => error::of(ruby, "Error", cause.to_string()),
            Failure::Compile(cause) => error::compile(ruby, &cause),
        })?;
        Ok(Self {
            module,
            time_limit,
            parser: RefCell::new(None),
            busy: Cell::new(false),
        })
    }

    /// Reads a package page, as [`ghcr_page::parse`] does.
    pub(crate) fn parse(ruby: &Ruby, this: Obj<Self>, page: RString) -> Result<RArray, Error> {
        if this.busy.replace(true) {
            return Err(error::busy(
                ruby,
                "the guest reads a page for another thread: give each thread one of its own, or have them take turns \
                 with a Mutex",
            ));
        }
        let answer = this.read(ruby, page);
        this.busy.set(false);
        ghcr_page::answer(ruby, &answer?)
    }

    fn read(&self, ruby: &Ruby, page: RString) -> Result<ex2_parser::Package, Error> {
        // Another thread may change the string meanwhile; a frozen copy shares its bytes until then.
        let page = RString::new_frozen(page);
        // SAFETY: nobody changes a frozen string, and it is on this function's stack, where the collector finds it.
        let bytes = unsafe { page.as_slice() };
        let mut parser = self.parser.take();
        let result = call::run(ruby, self.time_limit, || {
            let parser = match &mut parser {
                Some(parser) => parser,
                none => {
                    let limit = u64::from(wasm::LIMITS.memory.0) * PAGE;
                    none.insert(Parser::instantiate(&self.module.engine(limit), self.module.compiled())?)
                }
            };
            parser.package(bytes)
        })?;
        match result {
            Ok(package) => {
                self.parser.replace(parser);
                Ok(package)
            }
            Err(wasm::Error::Page(cause)) => {
                self.parser.replace(parser);
                Err(ghcr_page::page_error(ruby, cause))
            }
            Err(wasm::Error::Trap(cause)) => Err(error::trapped(ruby, None, error::one_line(&cause))),
            Err(cause) => Err(error::of(ruby, "Error", cause.to_string())),
        }
    }
}
