//! The WebAssembly engine: its compiler, its pool of instances, and its clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use system::command_line;
#[cfg(feature = "compiler")]
use wasm::compiled_code;
#[cfg(feature = "compiler")]
use wasmtime::OptLevel;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::error::Error;

/// The engine's name in the keys of the cache.
pub(super) const NAME: &str = "wasmtime";

/// wasmtime's version. The engine itself refuses code of any other version.
pub(super) const VERSION: &str = "48";

/// How often a computing guest is looked at: fine enough for a deadline of a second, and a hundred wake-ups a second
/// of a thread that does nothing else.
const TICK: Duration = Duration::from_millis(10);

/// Core modules of a component: the guest, the WASI adapter, and the two that the encoder puts around them; twice that.
pub(super) const MODULES_PER_COMPONENT: u32 = 8;

/// Tables of a component: one each of those modules.
pub(super) const TABLES_PER_COMPONENT: u32 = 8;

/// Linear memories of a component: the guest's, which its adapter uses as well.
pub(super) const MEMORIES_PER_COMPONENT: u32 = 1;

/// Entries of a table: a guest's functions that are called through pointers.
pub(super) const TABLE_ELEMENTS: usize = 20_000;

/// Linear memory that is cleared by writing zeros rather than given back to the system and faulted in again: what a
/// guest touches that holds one package page twice.
const KEPT_MEMORY_BYTES: usize = 2 << 20;

/// The same for tables: all of a usual guest's.
const KEPT_TABLE_BYTES: usize = 64 << 10;

/// Address space that an instance without a pool takes at first, and then at a time.
const ON_DEMAND_BYTES: u64 = 4 << 20;

/// What processors from about 2009 on have, the level that distributions for servers are built for. A guest is compiled
/// to 128-bit SIMD, which is slow without.
#[cfg(feature = "compiler")]
const X86_64_V2: [&str; 6] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
];

/// An engine, with the thread that advances its epoch until this is dropped.
#[derive(Debug)]
pub(super) struct Runtime {
    engine: Engine,
    stopped: Arc<AtomicBool>,
    code_for_pool: bool,
}

impl Runtime {
    /// A pool for `instances` component instances of at most `memory_bytes` each. Where the address space for it can't
    /// be reserved, which is 4 GiB and more for each instance, there is no pool.
    pub(super) fn new(instances: u32, memory_bytes: usize) -> Result<Self, Error> {
        let pool = match Self::with(&config(pool(instances, memory_bytes)), true) {
            Ok(runtime) => return Ok(runtime),
            Err(problem) => problem,
        };
        let runtime = Self::without_pool().map_err(|_| pool)?;
        command_line::note(format_args!(
            "the address space for {instances} instances can't be reserved, as where `ulimit -v` bounds it: each takes its \
             memory on demand, which is slower"
        ));
        Ok(runtime)
    }

    /// Each instance's memory is taken on demand, and as little address space for it as there can be. The code for it
    /// checks the bounds of each access: what was compiled for a pool can't be used.
    pub(super) fn without_pool() -> Result<Self, Error> {
        Self::with(&on_demand(), false)
    }

    /// For compiling alone: code for a pool, and for any processor of an architecture that a server has, instead of for
    /// this machine's. How instances are allocated changes no code, so there is no pool, and no address space for it.
    #[cfg(feature = "compiler")]
    pub(super) fn portable(architecture: &str) -> Result<Self, Error> {
        let mut config = config(InstanceAllocationStrategy::OnDemand);
        let target = format!("{architecture}-unknown-linux-gnu");
        config.target(&target).map_err(|error| Error::Engine {
            problem: format!("{error:#}"),
        })?;
        if architecture == "x86_64" {
            for feature in X86_64_V2 {
                // SAFETY: these say which instructions may be used, and the engine checks before it runs what was
                // compiled that the processor has them.
                unsafe { config.cranelift_flag_enable(feature) };
            }
        }
        Self::with(&config, true)
    }

    fn with(config: &Config, code_for_pool: bool) -> Result<Self, Error> {
        let engine = Engine::new(config).map_err(|error| Error::Engine {
            problem: format!("{error:#}"),
        })?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (clock, stop) = (engine.clone(), stopped.clone());
        // A thread of its own, since guests may occupy every worker of the runtime.
        thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(TICK);
                    clock.increment_epoch();
                }
            })
            .map_err(|error| Error::Engine {
                problem: format!("no thread for its clock: {error}"),
            })?;
        Ok(Self {
            engine,
            stopped,
            code_for_pool,
        })
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether the code that it runs is that for a pool.
    pub(super) fn runs_code_for_pool(&self) -> bool {
        self.code_for_pool
    }

    /// Names the compiler with every setting that changes what it makes.
    #[cfg(feature = "compiler")]
    pub(super) fn compiler(&self) -> String {
        let settings = compiled_code::settings(self.engine.precompile_compatibility_hash());
        format!("cranelift {settings}")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn pool(instances: u32, memory_bytes: usize) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(MODULES_PER_COMPONENT))
        .total_memories(instances)
        .total_tables(instances.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(instances)
        .max_core_instances_per_component(MODULES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memory_size(memory_bytes)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEPT_MEMORY_BYTES)
        .table_keep_resident(KEPT_TABLE_BYTES)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

fn config(strategy: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(strategy)
        .memory_init_cow(true)
        .epoch_interruption(true)
        // WASI 0.2 waits by polling: the machinery for the concurrent calls of 0.3 would be set up for each instance.
        .concurrency_support(false);
    #[cfg(feature = "compiler")]
    config.cranelift_opt_level(OptLevel::Speed);
    config
}

/// Without a pool, and with no more address space than an instance needs. Code for it checks the bounds of each access,
/// and is not the same code.
fn on_demand() -> Config {
    let mut config = config(InstanceAllocationStrategy::OnDemand);
    config
        .memory_reservation(ON_DEMAND_BYTES)
        .memory_reservation_for_growth(ON_DEMAND_BYTES)
        .memory_guard_size(64 << 10);
    config
}
