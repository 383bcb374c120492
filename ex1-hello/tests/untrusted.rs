//! Tests of faulty and malicious modules, each with its error.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ex1_hello::source::Source;
use ex1_hello::untrusted::{Error, Hello, OUTPUT_LIMIT, engine, load};
use wasm::compiled_code::Store as CompiledCode;
use wasm::guests;
use wasmer::Module;

/// A sink that the test can read while a module owns a clone.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run(source: &Source) -> Result<String, Error> {
    let directory = tempfile::tempdir().unwrap();
    let cache = CompiledCode::at(directory.path());
    let engine = engine();
    let module = load(&cache, &engine, &source.assemble()?)?;
    let printed = Printed::default();
    Hello::instantiate(&engine, &module, Box::new(printed.clone()))?.call()?;
    Ok(String::from_utf8(printed.0.lock().unwrap().clone()).unwrap())
}

/// Runs a module with the two imports and `rest`.
fn run_with(rest: &str) -> Result<String, Error> {
    let text = format!(
        "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory 1)) {rest})"
    );
    run(&Source {
        name: "own.wat".to_owned(),
        bytes: text.into_bytes().into(),
    })
}

/// Runs a module that prints `length` bytes at `offset` of a memory of 65,536 bytes.
fn log_at(offset: u32, length: u32) -> Result<String, Error> {
    run_with(&format!(
        "(data (i32.const 65531) \"h\\c3\\a9ll\")
         (func (export \"helloWorld\") (call $log (i32.const {offset}) (i32.const {length})))"
    ))
}

#[test]
fn hello_wat_prints_its_line() {
    assert_eq!(run(&Source::hello()).unwrap(), "Hello World from WebAssembly!\n");
}

/// The benches compare this module with the one written by hand, so that both must have the same interface.
#[test]
fn the_module_compiled_from_rust_has_the_same_imports_and_prints_the_same_line() {
    let compiled = Source {
        name: "hello_guest.wasm".to_owned(),
        bytes: guests::HELLO_MODULE.read().unwrap().into(),
    };
    let by_hand = Source::hello();
    assert_eq!(run(&compiled).unwrap(), run(&by_hand).unwrap());

    let engine = engine();
    let [compiled, by_hand] =
        [&compiled, &by_hand].map(|source| Module::new(&engine, source.assemble().unwrap()).unwrap());
    let imports = |module: &Module| {
        let mut imports: Vec<String> = module.imports().map(|import| format!("{import:?}")).collect();
        imports.sort();
        imports
    };
    assert_eq!(imports(&compiled), imports(&by_hand));
    let exported = by_hand.exports().next().unwrap();
    assert!(
        compiled.exports().any(|export| export == exported),
        "{exported:?} in {compiled:?}"
    );
}

#[test]
fn a_text_may_reach_to_the_memorys_end_and_no_further() {
    assert_eq!(log_at(65531, 5).unwrap(), "héll\n");
    assert_eq!(log_at(65536, 0).unwrap(), "\n");
    for (offset, length) in [
        (65531, 6),
        (65536, 1),
        (65537, 0),
        (0, 65537),
        (u32::MAX, u32::MAX),
        (1, u32::MAX),
    ] {
        let error = log_at(offset, length).unwrap_err();
        assert!(
            matches!(error, Error::OutOfBounds { memory: 65536, .. }),
            "{offset} {length}: {error}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_not_printed() {
    assert!(matches!(
        log_at(65533, 3).unwrap_err(),
        Error::NotUtf8 {
            offset: 65533,
            length: 3
        }
    ));
}

#[test]
fn a_start_function_may_print() {
    let text = "(data (i32.const 0) \"early\") (func $early (call $log (i32.const 0) (i32.const 5))) (start $early)
                (func (export \"helloWorld\"))";
    assert_eq!(run_with(text).unwrap(), "early\n");
}

#[test]
fn the_faults_of_a_start_function_are_named() {
    let text = "(func $bad (call $log (i32.const -1) (i32.const 5))) (start $bad) (func (export \"helloWorld\"))";
    assert!(matches!(
        run_with(text).unwrap_err(),
        Error::OutOfBounds {
            offset: u32::MAX,
            length: 5,
            ..
        }
    ));
}

#[test]
fn a_guest_that_grows_its_memory_prints_from_all_of_it() {
    let text = "(func (export \"helloWorld\")
                  (drop (memory.grow (i32.const 1)))
                  (i32.store8 (i32.const 131071) (i32.const 33))
                  (call $log (i32.const 131071) (i32.const 1)))";
    assert_eq!(run_with(text).unwrap(), "!\n");
}

#[test]
fn a_guest_that_prints_without_end_is_stopped() {
    let text = "(func (export \"helloWorld\") (loop (call $log (i32.const 0) (i32.const 1000)) (br 0)))";
    assert!(matches!(run_with(text).unwrap_err(), Error::TooMuchOutput));
}

#[test]
fn the_output_limit_is_for_each_call() {
    let module = "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory 1))
        (func (export \"helloWorld\") (call $log (i32.const 0) (i32.const 65536))))";
    let engine = engine();
    let module = Module::new(&engine, wat::parse_str(module).unwrap()).unwrap();
    let mut hello = Hello::instantiate(&engine, &module, Box::new(io::sink())).unwrap();
    for _ in 0..=OUTPUT_LIMIT / 65536 {
        hello.call().unwrap();
    }
}

#[test]
fn a_trap_is_an_error() {
    let trap = |body: &str| {
        run_with(&format!("(func $f (export \"helloWorld\") {body})"))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(trap("unreachable"), "the module was stopped: unreachable");
    assert_eq!(
        trap("(drop (i32.load (i32.const 65536)))"),
        "the module was stopped: out of bounds memory access"
    );
    assert_eq!(trap("(call $f)"), "the module was stopped: call stack exhausted");
}

#[test]
fn a_missing_or_wrong_hello_world_is_named() {
    assert!(matches!(run_with("").unwrap_err(), Error::NoHelloWorld));
    assert!(matches!(
        run_with("(func (export \"helloworld\"))").unwrap_err(),
        Error::NoHelloWorld
    ));
    for (unfit, is) in [
        ("(func (export \"helloWorld\") (param i32))", "a function"),
        (
            "(func (export \"helloWorld\") (result i32) (i32.const 1))",
            "a function",
        ),
        ("(memory (export \"helloWorld\") 1)", "a memory"),
        ("(global (export \"helloWorld\") i32 (i32.const 1))", "a global"),
    ] {
        let error = run_with(unfit).unwrap_err();
        assert!(
            matches!(&error, Error::NotCallable(what) if what.starts_with(is)),
            "{unfit}: {error}"
        );
    }
}

#[test]
fn imports_must_be_the_two() {
    let error = |text: &'static str| {
        run(&Source {
            name: "own.wat".to_owned(),
            bytes: text.as_bytes().into(),
        })
        .unwrap_err()
    };
    let log = r#"(import "console" "log" (func (param i32 i32)))"#;
    assert!(matches!(error("(module)"), Error::LacksImport(_)));
    assert!(
        error(r#"(module (import "js" "mem" (memory 1)))"#)
            .to_string()
            .contains("console")
    );
    assert!(
        error(Box::leak(format!("(module {log})").into_boxed_str()))
            .to_string()
            .contains("js")
    );
    for unknown in [
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#,
        r#"(module (import "console" "log" (func (param i32))))"#,
        r#"(module (import "console" "log" (func (param i32 i32) (result i32))))"#,
        r#"(module (import "console" "log" (memory 1)))"#,
        r#"(module (import "js" "mem" (global i32)))"#,
    ] {
        assert!(matches!(error(unknown), Error::UnknownImport { .. }), "{unknown}");
    }
}

#[test]
fn a_module_gets_the_memory_that_it_asks_for_up_to_the_limit() {
    let hello = |memory: &str| {
        let text = format!(
            "(module (import \"console\" \"log\" (func $log (param i32 i32))) (import \"js\" \"mem\" (memory {memory}))
               (func (export \"helloWorld\")))"
        );
        run(&Source {
            name: "own.wat".to_owned(),
            bytes: text.into_bytes().into(),
        })
    };
    for fits in ["0", "1 1", "2 10", "256", "256 65536"] {
        assert_eq!(hello(fits).unwrap(), "", "{fits}");
    }
    for too_large in ["257", "65536", "65536 65536"] {
        assert!(
            matches!(hello(too_large).unwrap_err(), Error::TooLarge(_)),
            "{too_large}"
        );
    }
}

#[test]
fn a_module_that_is_not_valid_is_an_error() {
    let bytes: &[u8] = b"\0asm\x01\0\0\0\x01\xff\xff";
    let error = run(&Source {
        name: "own.wasm".to_owned(),
        bytes: bytes.into(),
    })
    .unwrap_err();
    assert!(matches!(error, Error::Compile(_)), "{error}");
}
