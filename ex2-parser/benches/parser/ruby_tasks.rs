//! The tasks of the child process with Ruby: it has the page as a String, and loads the classes of `benches/ruby`.

use std::collections::BTreeMap;

use bench::ruby_vm::Tasks;
use bench::ruby_vm::magnus::value::{BoxValue, ReprValue};
use bench::ruby_vm::magnus::{Error, Module, Object, RModule, RString, Ruby, Value, function};
use wasm::guests;

use crate::page::Page;

pub(crate) struct RubyTasks {
    page: BoxValue<RString>,
    counts: RModule,
    /// The loaded classes, by name.
    classes: BTreeMap<String, BoxValue<Value>>,
}

impl RubyTasks {
    pub(crate) fn new(ruby: &Ruby) -> Result<Self, Error> {
        require(ruby, "counts")?;
        // What `calls.rb` calls natively, and where `wasmtime_rb_parser.rb` finds its guest.
        let native = ruby.define_module("NativeCall")?;
        native.define_singleton_method("answer", function!(native_answer, 0))?;
        let guest = guests::PARSER_STREAM.build().map(|path| path.display().to_string());
        let guest = guest.map_err(|error| Error::new(ruby.exception_runtime_error(), error.to_string()))?;
        ruby.define_global_const("PARSER_GUEST", guest)?;
        Ok(Self {
            // The String's encoding is UTF-8.
            page: BoxValue::new(ruby.str_new(&Page::load().html)),
            counts: ruby.class_object().const_get("Counts")?,
            classes: BTreeMap::new(),
        })
    }

    fn class(&self, ruby: &Ruby, name: &str) -> Result<Value, Error> {
        let class = self.classes.get(name).map(|class| **class);
        class.ok_or_else(|| Error::new(ruby.exception_arg_error(), format!("{name} was not loaded")))
    }
}

/// Returns at once: what a call into native code costs.
fn native_answer() -> i64 {
    42
}

fn require(ruby: &Ruby, file: &str) -> Result<(), Error> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ruby");
    ruby.require(format!("{directory}/{file}")).map(drop)
}

impl Tasks for RubyTasks {
    /// `CLASS`: calls its `parse` once per iteration. `CLASS.METHOD`: calls the method once, with the number of
    /// iterations.
    fn run(&mut self, ruby: &Ruby, task: &str, iterations: u64) -> Result<(), Error> {
        if let Some((class, method)) = task.split_once('.') {
            return self
                .class(ruby, class)?
                .funcall::<_, _, Value>(method, (iterations,))
                .map(drop);
        }
        let class = self.class(ruby, task)?;
        for _ in 0..iterations {
            class.funcall::<_, _, Value>("parse", (*self.page,))?;
        }
        Ok(())
    }

    /// `load FILE CLASS`: the versions of the class's libraries, as JSON. `parse CLASS`: the page's counts, as JSON.
    /// `call CLASS.METHOD`: the method's result. Anything else is the name of a fact about this Ruby.
    fn answer(&mut self, ruby: &Ruby, task: &str) -> Result<String, Error> {
        match *task.split([' ', '.']).collect::<Vec<_>>() {
            ["load", file, name] => {
                require(ruby, file)?;
                let class: Value = ruby.class_object().const_get(name)?;
                self.classes.insert(name.to_owned(), BoxValue::new(class));
                let versions: Value = class.funcall("versions", ())?;
                self.counts.funcall("json", (versions,))
            }
            ["parse", name] => {
                let counts: Value = self.class(ruby, name)?.funcall("parse", (*self.page,))?;
                self.counts.funcall("json", (counts,))
            }
            ["call", name, method] => {
                let value: Value = self.class(ruby, name)?.funcall(method, (1,))?;
                Ok(value.to_string())
            }
            ["version"] => ruby.eval("RUBY_VERSION"),
            ["description"] => ruby.eval("RUBY_DESCRIPTION"),
            _ => ruby.eval("(defined?(RubyVM::YJIT) ? RubyVM::YJIT.enabled? : false).to_s"),
        }
    }
}
