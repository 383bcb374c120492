//! Compiling Ruby, which takes long enough to say so.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use system::command_line;
use wasmer::sys::{CompilerConfig, Cranelift, EngineBuilder, NativeEngineExt, Singlepass};
use wasmer::{CompileError, Engine, Module};
use wasmer_types::CompilationProgressCallback;

/// How often a terminal's progress is drawn.
const REDRAWN: Duration = Duration::from_millis(200);

/// What makes machine code of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Compiler {
    /// Compiles slowly to fast code
    Cranelift,
    /// Compiles quickly to slow code
    Singlepass,
}

impl Compiler {
    /// The one whose wait can be borne: Cranelift, but where Cranelift itself is not optimised, as in a dev build, it
    /// takes 40 times as long as it should, and Singlepass is taken.
    pub const OF_THIS_BUILD: Self = if cfg!(debug_assertions) {
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

    /// Compiles, and says on stderr what is done, how far it is where that is a terminal, and how long it took.
    pub(crate) fn compile(self, engine: &Engine, wasm: &[u8]) -> Result<Module, CompileError> {
        command_line::note(format_args!(
            "compiling {} MB of WebAssembly with Wasmer's {}, once: the result is cached",
            wasm.len() / 1_000_000,
            self.name(),
        ));
        let started = Instant::now();
        // indicatif draws nothing where stderr is not a terminal.
        let bar = ProgressBar::no_length().with_style(style());
        bar.enable_steady_tick(REDRAWN);
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
            ProgressStyle::with_template("{wide_bar} {percent:>3} %  {elapsed}").expect("the template is this one")
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
