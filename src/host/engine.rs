//! The wasmtime engine: made once per host, compiles each actor once, keeps compiled code on disk.
//!
//! Beside it, `wapc` and `wasi` are what the linker offers, `cache` is the disk, `ticker` the epoch. Knows nothing of claims or the lattice.

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

/// Memory that a finished instance leaves behind for the next one, already mapped. More is given back. It
/// makes a call three times as fast where the kernel can tell which pages were written; elsewhere the engine
/// would have to rewrite all of it, which costs more than it saves.
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
        // From the file it takes less memory, and the same as after a restart.
        Ok(cache.get(&key, engine).unwrap_or(module))
    }

    #[cfg(test)]
    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.engine
    }

    #[cfg(test)]
    pub(super) fn free_instances(&self) -> usize {
        self.inner.slots.available_permits()
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
    let keep = match PoolingAllocationConfig::is_pagemap_scan_available() {
        true => KEEP_RESIDENT,
        false => 0,
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(total)
        .total_memories(total)
        .total_tables(total)
        .total_stacks(total)
        .total_component_instances(0)
        .total_gc_heaps(0)
        .max_memory_size(limits.memory)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(keep)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::host::testing::{engine, guest};

    fn refusal(wasm: &[u8]) -> EngineError {
        engine(Limits::default()).load(wasm).unwrap_err()
    }

    fn refusal_of(text: &str) -> String {
        refusal(&wat::parse_str(text).unwrap()).to_string()
    }

    #[test]
    fn an_unknown_import_is_named() {
        let text = r#"(module (import "env" "magic" (func)) (func (export "_start")))"#;
        assert_eq!(
            refusal_of(text),
            "the module imports env::magic, which this host does not offer"
        );
    }

    #[test]
    fn an_import_of_another_type_is_refused() {
        let text = r#"(module (import "wapc" "__host_error" (func)) (func (export "_start")))"#;
        assert!(refusal_of(text).contains("__host_error"));
    }

    #[test]
    fn what_is_no_actor_is_told_apart() {
        let texts = [
            ("(component)", "components come in a later version"),
            ("(module)", "neither __guest_call nor _start"),
            (
                r#"(module (func (export "__guest_call")))"#,
                "not a function of two lengths",
            ),
            (
                r#"(module (memory 5000) (func (export "_start")))"#,
                "starts with 327680000 bytes of memory, and the host's memory limit is 268435456",
            ),
        ];
        for (text, expected) in texts {
            let found = refusal_of(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
        for bytes in [&b""[..], b"#!/bin/sh", b"\0asm"] {
            let found = refusal(bytes).to_string();
            assert!(found.contains("no WebAssembly module"), "{found}");
        }
    }

    #[test]
    fn a_damaged_module_does_not_compile() {
        let mut wasm = guest("echo");
        wasm.truncate(wasm.len() - 3);
        assert!(matches!(refusal(&wasm), EngineError::Compile(_)));
    }

    #[test]
    fn modules_of_newer_compilers_load() {
        // What LLVM assumes by default today: reference types, multi-value, bulk memory, SIMD.
        let text = r#"(module
            (memory (export "memory") 1)
            (table 2 funcref)
            (func $pair (result i32 i32) (i32.const 1) (i32.const 2))
            (func (export "__guest_call") (param i32 i32) (result i32)
                (memory.fill (i32.const 0) (i32.const 1) (i32.const 8))
                (table.set (i32.const 0) (ref.null func))
                (drop (i32x4.extract_lane 0 (v128.load (i32.const 0))))
                (call $pair) (drop)))"#;
        engine(Limits::default())
            .load(&wat::parse_str(text).unwrap())
            .unwrap();
    }

    /// The compiled code that loading these guests leaves behind, one file each.
    fn compiled(cache: &Path, guests: &[&str]) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for name in guests {
            cached(cache).load(&guest(name)).unwrap();
            let entries = std::fs::read_dir(cache).unwrap();
            let found = entries.map(|it| it.unwrap().path());
            let new: Vec<PathBuf> = found.filter(|it| !files.contains(it)).collect();
            assert_eq!(new.len(), 1, "{name}: {new:?}");
            files.extend(new);
        }
        files
    }

    fn cached(cache: &Path) -> Engine {
        Engine::new(Limits::default(), Some(cache.to_owned())).unwrap()
    }

    #[test]
    fn compiled_code_comes_from_disk_the_second_time() {
        let dir = tempfile::tempdir().unwrap();
        let files = compiled(dir.path(), &["echo", "operation"]);
        let version = || {
            let code = cached(dir.path()).load(&guest("echo")).unwrap();
            code.api_version()
        };
        assert_eq!(version(), 1);
        // What another guest compiled to shows where the code is taken from.
        std::fs::copy(&files[1], &files[0]).unwrap();
        assert_eq!(version(), 0);
    }

    #[test]
    fn damaged_code_is_compiled_anew_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let files = compiled(dir.path(), &["echo"]);
        let intact = std::fs::read(&files[0]).unwrap();
        let mut flipped = intact.clone();
        flipped[intact.len() / 2] ^= 1;
        let truncated = intact[..intact.len() / 3].to_vec();
        for damaged in [flipped, truncated, Vec::new()] {
            std::fs::write(&files[0], &damaged).unwrap();
            let code = cached(dir.path()).load(&guest("echo")).unwrap();
            assert_eq!(code.api_version(), 1);
            assert!(std::fs::read(&files[0]).unwrap() != damaged, "not replaced");
        }
    }

    #[test]
    fn an_unusable_cache_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let code = cached(&file.path().join("below")).load(&guest("echo"));
        assert_eq!(code.unwrap().api_version(), 1);
    }
}
