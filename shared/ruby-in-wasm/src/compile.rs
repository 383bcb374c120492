//! Compiles Ruby's module, with a progress bar, because this takes long.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use system::command_line;
use wasmer::sys::{CompilerConfig, Cranelift, EngineBuilder, NativeEngineExt, Singlepass};
use wasmer::{CompileError, Engine, Module};
use wasmer_types::CompilationProgressCallback;

/// The interval at which the progress bar is drawn.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// The compiler of Ruby's module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Compiler {
    /// Compiles slowly to fast code
    Cranelift,
    /// Compiles quickly to slow code
    Singlepass,
}

impl Compiler {
    /// Cranelift; but in a dev build Singlepass, because there Cranelift itself is not optimised and takes 40 times as
    /// long.
    pub const DEFAULT: Self = if cfg!(debug_assertions) {
        Self::Singlepass
    } else {
        Self::Cranelift
    };

    fn name(self) -> &'static str {
        match self {
            Self::Cranelift => "Cranelift",
            Self::Singlepass => "Singlepass",
        }
    }

    pub(crate) fn engine(self) -> Engine {
        let config: Box<dyn CompilerConfig> = match self {
            Self::Cranelift => Box::new(Cranelift::default()),
            Self::Singlepass => Box::new(Singlepass::default()),
        };
        EngineBuilder::new(config).engine().into()
    }

    /// Compiles, with messages on stderr, and with a progress bar if that is a terminal.
    pub(crate) fn compile(self, engine: &Engine, wasm: &[u8]) -> Result<Module, CompileError> {
        command_line::note(format_args!(
            "compiling {} MB of WebAssembly with Wasmer's {}, once: the result is cached",
            wasm.len() / 1_000_000,
            self.name(),
        ));
        let started = Instant::now();
        // indicatif draws nothing if stderr is not a terminal.
        let bar = ProgressBar::no_length().with_style(style());
        bar.enable_steady_tick(REDRAW_INTERVAL);
        let module = engine.new_module_with_progress(wasm, progress(bar.clone()));
        bar.finish_and_clear();
        if module.is_ok() {
            command_line::note(format_args!("compiled in {:.0} s", started.elapsed().as_secs_f64()));
        }
        module
    }
}

fn style() -> ProgressStyle {
    static STYLE: OnceLock<ProgressStyle> = OnceLock::new();
    STYLE
        .get_or_init(|| {
            ProgressStyle::with_template("{wide_bar} {percent:>3} %  {elapsed}").expect("the template is valid")
        })
        .clone()
}

fn progress(bar: ProgressBar) -> CompilationProgressCallback {
    CompilationProgressCallback::new(move |progress| {
        if let (Some(steps), Some(step)) = (progress.phase_step_count(), progress.phase_step()) {
            bar.set_length(steps);
            bar.set_position(step);
        }
        Ok(())
    })
}
