//! The wasmtime engine: made once per host, compiles each actor once, keeps compiled code on disk.
//!
//! Beside it, `wapc` and `wasi` are what the linker offers, [`super::cache`] is the disk, `ticker` the
//! epoch. Knows nothing of claims or the lattice.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig,
    UnknownImportError,
};

use super::actor::Code;
use super::cache::Cache;
use super::ticker::Ticker;
use super::wapc::Call;
use super::{wapc, wasi};

/// What one actor may use (decisions §3). Each is a setting of the host.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// Wall time of one invocation, host calls included.
    pub time: Duration,
    /// How many actor-to-actor calls may lead to one another.
    pub depth: u32,
    /// Instances of all actors that may run at once on this host.
    pub instances: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            time: Duration::from_secs(30),
            depth: 32,
            instances: 1000,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("cannot set up the WebAssembly engine: {0}")]
    Setup(String),
    #[error("cannot compile the module: {0}")]
    Compile(String),
    #[error("the module imports {0}, which this host does not offer")]
    UnknownImport(String),
    #[error("not an actor: {0}")]
    NotAnActor(String),
}

/// Address space of one linear memory. All of a 32-bit memory fits, so compiled code needs no bounds checks.
const RESERVATION: usize = 4 << 30;

/// Native stack of one invocation. Only what is touched takes memory.
const STACK: usize = 2 << 20;

/// The guest's part of [`STACK`]. The rest is for host calls, among them calls to actors on this host.
const GUEST_STACK: usize = 1 << 20;

/// Memory that a finished instance leaves behind for the next one, already mapped. More is given back.
const KEEP_RESIDENT: usize = 512 << 10;

/// Elements of a table; function pointers of one actor. A large module has some ten thousand.
pub(super) const TABLE_ELEMENTS: usize = 64 << 10;

/// Instances beyond the limit, for modules that are being loaded.
const SPARE: u32 = 8;

/// Engine, linker and epoch thread of one host; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) engine: wasmtime::Engine,
    pub(super) linker: Linker<Call>,
    pub(super) limits: Limits,
    pub(super) ticker: Ticker,
    /// One permit per instance of [`Limits::instances`], so that callers queue before the pool is asked.
    pub(super) slots: Semaphore,
    cache: Option<Cache>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Limits out of range are brought into it: at least one instance, at most 4 GiB of memory. A cache that
    /// cannot be used is a warning.
    ///
    /// # Errors
    /// [`EngineError::Setup`].
    pub fn new(mut limits: Limits, cache: Option<PathBuf>) -> Result<Self, EngineError> {
        limits.instances = limits.instances.clamp(1, 1 << 20);
        limits.memory = limits.memory.clamp(64 << 10, RESERVATION);

        let engine = match wasmtime::Engine::new(&pooling(&limits)) {
            Ok(engine) => engine,
            Err(error) => {
                tracing::warn!(
                    instances = limits.instances,
                    "cannot reserve address space for all instances, calls will be slower; \
                     look at `ulimit -v`, or lower the instance limit: {error:#}"
                );
                wasmtime::Engine::new(&on_demand()).map_err(setup)?
            }
        };
        let mut linker = Linker::new(&engine);
        wapc::add_to_linker(&mut linker).map_err(setup)?;
        wasi::add_to_linker(&mut linker).map_err(setup)?;
        let ticker = Ticker::start(engine.clone()).map_err(|error| {
            EngineError::Setup(format!("cannot start the epoch thread: {error}"))
        })?;
        let cache = cache.and_then(|dir| match Cache::open(&dir, &engine) {
            Ok(cache) => Some(cache),
            Err(error) => {
                tracing::warn!(
                    "cannot keep compiled code in {}, every start compiles anew: {error}",
                    dir.display()
                );
                None
            }
        });
        let slots = Semaphore::new(limits.instances as usize);
        Ok(Self {
            inner: Arc::new(Inner {
                engine,
                linker,
                limits,
                ticker,
                slots,
                cache,
            }),
        })
    }

    /// Compiles and pre-instantiates a module, or takes it from the cache. Blocks for as long as compiling takes.
    ///
    /// # Errors
    /// Every variant but [`EngineError::Setup`].
    pub fn load(&self, wasm: &[u8]) -> Result<Code, EngineError> {
        let not_an_actor = |reason: &str| EngineError::NotAnActor(reason.into());
        if wasmparser::Parser::is_component(wasm) {
            return Err(not_an_actor(
                "it is a component, and this version runs core modules only; components come in a later version",
            ));
        }
        if !wasmparser::Parser::is_core_wasm(wasm) {
            return Err(not_an_actor("it is no WebAssembly module"));
        }
        let memory = minimum_memory(wasm);
        let limit = self.inner.limits.memory;
        if memory > limit as u64 {
            return Err(EngineError::NotAnActor(format!(
                "it starts with {memory} bytes of memory, and the host's memory limit is {limit}"
            )));
        }
        let module = self.module(wasm)?;
        let pre = self
            .inner
            .linker
            .instantiate_pre(&module)
            .map_err(|error| match error.downcast_ref::<UnknownImportError>() {
                Some(import) => {
                    EngineError::UnknownImport(format!("{}::{}", import.module(), import.name()))
                }
                None => EngineError::NotAnActor(format!("{error:#}")),
            })?;
        Code::new(Arc::clone(&self.inner), pre)
    }

    fn module(&self, wasm: &[u8]) -> Result<Module, EngineError> {
        let Inner { engine, cache, .. } = &*self.inner;
        let compile = || {
            Module::from_binary(engine, wasm)
                .map_err(|error| EngineError::Compile(format!("{error:#}")))
        };
        let Some(cache) = cache else {
            return compile();
        };
        let key = cache.key(wasm);
        if let Some(module) = cache.get(&key, engine) {
            return Ok(module);
        }
        let module = compile()?;
        cache.put(&key, &module);
        Ok(module)
    }

    #[cfg(test)]
    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.engine
    }
}

fn setup(error: wasmtime::Error) -> EngineError {
    EngineError::Setup(format!("{error:#}"))
}

fn common() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Classic actors hold numbers only. Without these, a store sets up less and the pool reserves less.
        .gc_support(false)
        .concurrency_support(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(STACK);
    config
}

fn pooling(limits: &Limits) -> Config {
    let total = limits.instances + SPARE;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(total)
        .total_memories(total)
        .total_tables(total)
        .total_stacks(total)
        .total_component_instances(0)
        .total_gc_heaps(0)
        .max_memory_size(limits.memory)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = common();
    config
        .memory_reservation(RESERVATION as u64)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// For machines that limit address space: memories as large as needed, with bounds checks.
fn on_demand() -> Config {
    let mut config = common();
    config
        .memory_reservation(0)
        .memory_reservation_for_growth(1 << 20)
        .memory_guard_size(64 << 10)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config
}

/// Bytes of all memories that the module defines, before anything has run. Invalid modules count as 0: the
/// compiler explains them better.
fn minimum_memory(wasm: &[u8]) -> u64 {
    let mut bytes = 0_u64;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(wasmparser::Payload::MemorySection(section)) => {
                for memory in section.into_iter().flatten() {
                    bytes = bytes.saturating_add(memory.initial.saturating_mul(64 << 10));
                }
            }
            Ok(wasmparser::Payload::CodeSectionStart { .. }) | Err(_) => break,
            Ok(_) => {}
        }
    }
    bytes
}
