//! The wasmtime engine: made once per host, compiles each actor once, keeps compiled code on disk.

use std::path::PathBuf;
use std::time::Duration;

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

/// Engine, linker and epoch thread of one host; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {}

impl Engine {
    /// # Errors
    /// [`EngineError::Setup`].
    pub fn new(limits: Limits, cache: Option<PathBuf>) -> Result<Self, EngineError> {
        let _ = (limits, cache);
        todo!()
    }

    /// Compiles and pre-instantiates a module, or takes it from the cache. Blocks for as long as compiling takes.
    ///
    /// # Errors
    /// Every variant but [`EngineError::Setup`].
    pub fn load(&self, wasm: &[u8]) -> Result<super::actor::Code, EngineError> {
        let _ = wasm;
        todo!()
    }
}
