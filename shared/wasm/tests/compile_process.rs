//! The process that compiles, as a host and its compiler see it: a test that is both, so that it has its own `main`.

use std::process::ExitCode;

use wasm::compile_process::{self, CompileLimits, Error};

const LIMITS: CompileLimits = CompileLimits {
    processor_seconds: 1,
    memory: 256 << 20,
};

/// A compiler that reverses bytes, and has the faults of real ones.
fn compile(module: &[u8]) -> Result<Vec<u8>, String> {
    match module {
        b"endless" => loop {
            std::hint::spin_loop();
        },
        b"large" => Ok(vec![1; 1 << 30]),
        b"invalid" => Err("no module".to_owned()),
        b"a bug" => panic!("a bug of the compiler"),
        _ => Ok(module.iter().rev().copied().collect()),
    }
}

fn main() -> ExitCode {
    if let Some(code) = compile_process::serve(LIMITS, compile) {
        return code;
    }
    // More than a pipe holds, in both directions.
    let module: Vec<u8> = (0..1 << 20).map(|number: u32| number.to_le_bytes()[0]).collect();
    let reversed: Vec<u8> = module.iter().rev().copied().collect();
    assert_eq!(compile_process::compile(&module).unwrap(), reversed);
    assert_eq!(compile_process::compile(b"").unwrap(), b"");
    for module in [&b"endless"[..], b"large"] {
        let error = compile_process::compile(module).unwrap_err();
        assert!(matches!(error, Error::Ended(_)), "{error}");
    }
    let error = compile_process::compile(b"invalid").unwrap_err();
    assert_eq!(error.to_string(), "no module");
    let error = compile_process::compile(b"a bug").unwrap_err();
    assert!(error.to_string().contains("a bug of the compiler"), "{error}");
    println!("test result: ok");
    ExitCode::SUCCESS
}
