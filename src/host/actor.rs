//! Classic actors: one operation in a fresh instance (protocol §1.2, §1.3). A store per invocation, so no
//! instance ever sees another request's memory.
//!
//! `wapc` is what the guest can call, `engine` makes [`Code`]. Does not know who the actor is, nor links.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};
use wasmtime::{
    ExternType, FuncType, Instance, InstancePre, Module, ModuleExport, PoolConcurrencyLimitError,
    Store, Trap, TypedFunc, UpdateDeadline, ValType, WasmParams, WasmResults,
};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::runtime::with_ambient_tokio_runtime;

use super::engine::{EngineError, Inner};
use super::wapc::Call;
use super::wasi;

/// A guest's call out, on its way to [`Outbound`].
#[derive(Clone, Debug)]
pub struct HostCall {
    pub binding: String,
    pub namespace: String,
    pub operation: String,
    pub payload: Bytes,
    pub deadline: Instant,
    pub depth: u32,
}

/// Where a guest's calls go. The error text is what the guest reads.
pub trait Outbound: Send + Sync + 'static {
    fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>>;
}

/// Why an invocation of an actor failed; the text reaches the caller.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvokeError {
    /// The guest's own error.
    #[error("{0}")]
    Guest(String),
    #[error("actor trapped: {0}")]
    Trap(String),
    #[error("actor exceeded its time limit of {0:?}")]
    Time(std::time::Duration),
    #[error("actor exceeded its memory limit of {0} bytes")]
    Memory(usize),
    #[error("actor calls nest deeper than {0}")]
    Depth(u32),
    /// All instances of the host were taken until the deadline.
    #[error("host has no free instance (limit {0})")]
    Instances(u32),
    /// The actor ran as often as its `count` allows until the deadline.
    #[error("actor is at its limit of {0} calls at once")]
    Busy(u32),
    #[error("actor is stopping")]
    Stopping,
}

/// Optional initialisers, in the order in which the hosts of the generation call them (protocol §1.2).
const INITIALISERS: [&str; 3] = ["start", "wapc_init", "_start"];

/// Time a module may take to tell its API version.
const VERSION_TIME: Duration = Duration::from_secs(1);

/// Epoch ticks before a guest yields for the first time. With one, a call that starts just before a tick would
/// yield at once.
const FIRST_SLICE: u64 = 2;

/// Compiled, pre-instantiated code of one actor; shared by all its invocations.
#[derive(Clone)]
pub struct Code {
    inner: Arc<Shared>,
}

struct Shared {
    host: Arc<Inner>,
    pre: InstancePre<Call>,
    memory: Option<ModuleExport>,
    entry: Entry,
    api_version: i32,
}

/// How an operation gets into the module.
enum Entry {
    /// `__guest_call`, after the initialisers.
    Guest {
        initialisers: Vec<(&'static str, ModuleExport)>,
        call: ModuleExport,
    },
    /// `_start` of a WASI command.
    Command { start: ModuleExport },
}

/// The epoch callback found the deadline passed.
#[derive(Debug, thiserror::Error)]
#[error("the time is up")]
struct TimeUp;

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("api_version", &self.inner.api_version)
            .finish_non_exhaustive()
    }
}

impl Code {
    pub(super) fn new(host: Arc<Inner>, pre: InstancePre<Call>) -> Result<Self, EngineError> {
        let module = pre.module();
        let memory = match module.get_export("memory") {
            Some(ExternType::Memory(_)) => module.get_export_index("memory"),
            _ => None,
        };
        let entry = Entry::of(module)?;
        let api_version = api_version(&host, &pre);
        let inner = Shared {
            host,
            pre,
            memory,
            entry,
            api_version,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// `__wasmbus_rpc_version`, 0 if absent.
    pub fn api_version(&self) -> i32 {
        self.inner.api_version
    }

    /// Runs one operation in a fresh instance.
    ///
    /// Ends at `deadline` or when the host's time limit is reached, whichever comes first; dropping the future
    /// ends the guest at once.
    ///
    /// # Errors
    /// Every variant of [`InvokeError`] but [`InvokeError::Busy`] and [`InvokeError::Stopping`].
    pub async fn invoke(
        &self,
        operation: &str,
        payload: Bytes,
        deadline: Instant,
        depth: u32,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Bytes, InvokeError> {
        let Shared { host, memory, .. } = &*self.inner;
        let limits = &host.limits;
        if depth >= limits.depth {
            return Err(InvokeError::Depth(limits.depth));
        }
        if payload.len() > limits.memory {
            return Err(InvokeError::Memory(limits.memory));
        }
        let now = Instant::now();
        let time = limits.time.min(deadline.saturating_duration_since(now));
        let deadline = now + time;

        // Declared before the store, so that it is released after the store has given its instance back.
        let _slot = match host.slots.try_acquire() {
            Ok(slot) => slot,
            Err(_) => match timeout_at(deadline, host.slots.acquire()).await {
                Ok(Ok(slot)) => slot,
                _ => return Err(InvokeError::Instances(limits.instances)),
            },
        };
        let _running = host.ticker.running();
        let mut call = Call::new(operation, payload, deadline, depth, outbound);
        call.memory = *memory;
        let mut store = store(host, call);
        match timeout_at(deadline, self.run(&mut store)).await {
            Ok(Ok(result)) => result.map_err(InvokeError::Guest),
            Ok(Err(error)) => {
                tracing::debug!(operation, "invocation failed: {error:?}");
                Err(failure(&error, store.data(), time, limits.instances))
            }
            Err(_) => Err(InvokeError::Time(time)),
        }
    }

    /// The guest's own answer or error.
    async fn run(&self, store: &mut Store<Call>) -> wasmtime::Result<Result<Bytes, String>> {
        match &self.inner.entry {
            Entry::Guest { initialisers, call } => self.run_guest(store, initialisers, call).await,
            Entry::Command { start } => self.run_command(store, start).await,
        }
    }

    async fn run_guest(
        &self,
        store: &mut Store<Call>,
        initialisers: &[(&'static str, ModuleExport)],
        call: &ModuleExport,
    ) -> wasmtime::Result<Result<Bytes, String>> {
        let instance = self.inner.pre.instantiate_async(&mut *store).await?;
        for (name, export) in initialisers {
            let function: TypedFunc<(), ()> = typed(&instance, store, export)?;
            if let Err(error) = function.call_async(&mut *store, ()).await {
                if error.is::<TimeUp>() {
                    return Err(error);
                }
                // The hosts of the generation go on, and guests whose `_start` exits rely on it.
                tracing::debug!("initialiser {name} failed: {error:#}");
            }
        }
        let function: TypedFunc<(u32, u32), i32> = typed(&instance, store, call)?;
        let state = store.data_mut();
        state.reset();
        let lengths = (length(state.operation.len())?, length(state.payload.len())?);
        let code = function.call_async(&mut *store, lengths).await?;

        let state = store.data_mut();
        if let Some(error) = state.guest_error.take() {
            return Ok(Err(error));
        }
        Ok(match code {
            1 => Ok(state.response.take().unwrap_or_default()),
            _ if !state.host_error.is_empty() => Err(std::mem::take(&mut state.host_error)),
            _ => Err("the actor failed and gave no reason".into()),
        })
    }

    async fn run_command(
        &self,
        store: &mut Store<Call>,
        start: &ModuleExport,
    ) -> wasmtime::Result<Result<Bytes, String>> {
        let state = store.data_mut();
        let payload = std::mem::take(&mut state.payload);
        let (context, stdout) = wasi::command(&state.operation, payload, state.quota.memory);
        state.wasi = context;
        let instance = self.inner.pre.instantiate_async(&mut *store).await?;
        let function: TypedFunc<(), ()> = typed(&instance, store, start)?;
        let status = match function.call_async(&mut *store, ()).await {
            Ok(()) => 0,
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => exit.0,
                None => return Err(error),
            },
        };
        Ok(match status {
            0 => Ok(stdout.contents()),
            _ => Err(format!("the actor exited with status {status}")),
        })
    }
}

impl Entry {
    fn of(module: &Module) -> Result<Self, EngineError> {
        let initialiser = |name: &&'static str| {
            let found = has_signature(module.get_export(name), 0, 0);
            Some((*name, module.get_export_index(name)?)).filter(|_| found)
        };
        if let Some(call) = module.get_export_index("__guest_call") {
            if !has_signature(module.get_export("__guest_call"), 2, 1) {
                return Err(EngineError::NotAnActor(
                    "its __guest_call is not a function of two lengths that returns a number"
                        .into(),
                ));
            }
            return Ok(Self::Guest {
                initialisers: INITIALISERS.iter().filter_map(initialiser).collect(),
                call,
            });
        }
        match initialiser(&"_start") {
            Some((_, start)) => Ok(Self::Command { start }),
            None => Err(EngineError::NotAnActor(
                "it exports neither __guest_call nor _start".into(),
            )),
        }
    }
}

/// A function with that many 32-bit parameters and results.
fn has_signature(export: Option<ExternType>, params: usize, results: usize) -> bool {
    let all_i32 = |mut types: Box<dyn Iterator<Item = ValType> + '_>| {
        types.all(|it| matches!(it, ValType::I32))
    };
    let matches = |it: &FuncType| {
        it.params().len() == params
            && it.results().len() == results
            && all_i32(Box::new(it.params()))
            && all_i32(Box::new(it.results()))
    };
    matches!(export, Some(ExternType::Func(it)) if matches(&it))
}

fn store(host: &Inner, mut call: Call) -> Store<Call> {
    call.quota.memory = host.limits.memory;
    let mut store = Store::new(&host.engine, call);
    store.limiter(|call| &mut call.quota);
    store.set_epoch_deadline(FIRST_SLICE);
    store.epoch_deadline_callback(|context| {
        if Instant::now() >= context.data().deadline {
            return Err(TimeUp.into());
        }
        // Unlike the engine's own way to yield, this lets the runtime look at sockets and timers first.
        let others = Box::pin(tokio::task::yield_now());
        Ok(UpdateDeadline::YieldCustom(1, others))
    });
    store
}

fn typed<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<Call>,
    export: &ModuleExport,
) -> wasmtime::Result<TypedFunc<P, R>> {
    instance
        .get_module_export(&mut *store, export)
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(|| wasmtime::format_err!("an export of the module is gone"))?
        .typed(&*store)
}

fn length(len: usize) -> wasmtime::Result<u32> {
    u32::try_from(len).map_err(|_| wasmtime::format_err!("a request of {len} bytes is too large"))
}

fn failure(error: &wasmtime::Error, call: &Call, time: Duration, instances: u32) -> InvokeError {
    if error.is::<TimeUp>() {
        InvokeError::Time(time)
    } else if call.quota.exceeded {
        InvokeError::Memory(call.quota.memory)
    } else if error.is::<PoolConcurrencyLimitError>() {
        InvokeError::Instances(instances)
    } else if let Some(trap) = error.downcast_ref::<Trap>() {
        let text = trap.to_string();
        InvokeError::Trap(text.strip_prefix("wasm trap: ").unwrap_or(&text).into())
    } else if let Some(exit) = error.downcast_ref::<I32Exit>() {
        InvokeError::Trap(format!("it exited with status {}", exit.0))
    } else {
        InvokeError::Trap(error.root_cause().to_string())
    }
}

/// Asks the module for its API version. A module that fails to tell has version 0: its calls will say why.
fn api_version(host: &Inner, pre: &InstancePre<Call>) -> i32 {
    const NAME: &str = "__wasmbus_rpc_version";
    let Some(export) = pre.module().get_export_index(NAME) else {
        return 0;
    };
    let deadline = Instant::now() + VERSION_TIME;
    let call = Call::new("", Bytes::new(), deadline, 0, Arc::new(Nowhere));
    let _running = host.ticker.running();
    let mut store = store(host, call);
    let mut asked = std::pin::pin!(async {
        let instance = pre.instantiate_async(&mut store).await?;
        let function: TypedFunc<(), i32> = typed(&instance, &mut store, &export)?;
        function.call_async(&mut store, ()).await
    });
    // Nothing in there waits for anything but its turn, so the loop ends with the deadline at the latest.
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // A start function may use timers, which need a runtime even where the caller has none.
        match with_ambient_tokio_runtime(|| asked.as_mut().poll(&mut context)) {
            Poll::Ready(Ok(version)) => return version,
            Poll::Ready(Err(error)) => {
                tracing::debug!("{NAME} failed: {error:#}");
                return 0;
            }
            Poll::Pending if Instant::now() >= deadline => return 0,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// Where a module cannot call anyone.
struct Nowhere;

impl Outbound for Nowhere {
    fn call(&self, _: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async { Err("no calls before the actor has started".into()) })
    }
}

#[cfg(test)]
mod tests;
