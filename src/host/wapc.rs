//! The waPC calls a guest can make to its host (protocol §1.1), and what the host remembers of one
//! invocation.
//!
//! A pointer or length that leaves the guest's memory traps; zero lengths may come with any pointer.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Duration, Instant};
use wasmtime::{Caller, Extern, Linker, ModuleExport, ResourceLimiter, bail, format_err};

use super::actor::{HostCall, Outbound};
use super::engine::TABLE_ELEMENTS;
use super::wasi::{Wasi, log};

/// The module names under which guests of different generations look for the same functions.
const MODULES: [&str; 2] = ["wapc", "wasmbus"];

/// Longest error text of a guest that is passed on.
const MAX_ERROR: usize = 64 << 10;

/// The part of the remaining time that a guest keeps for itself, so that it can answer when its host call
/// times out; at most [`MAX_RESERVE`].
const RESERVE: u32 = 20;
const MAX_RESERVE: Duration = Duration::from_millis(20);

/// One invocation: what the guest may read, and what it has handed over so far.
pub(super) struct Call {
    pub(super) operation: Box<str>,
    pub(super) payload: Bytes,
    pub(super) response: Option<Bytes>,
    pub(super) guest_error: Option<String>,
    pub(super) host_response: Bytes,
    pub(super) host_error: String,
    pub(super) deadline: Instant,
    pub(super) depth: u32,
    pub(super) outbound: Arc<dyn Outbound>,
    /// Where the module exports its memory.
    pub(super) memory: Option<ModuleExport>,
    pub(super) quota: Quota,
    pub(super) wasi: Wasi,
    /// Lines of `__console_log` so far.
    logged: u32,
}

impl Call {
    /// An invocation that has not begun.
    pub(super) fn new(
        operation: &str,
        payload: Bytes,
        deadline: Instant,
        depth: u32,
        outbound: Arc<dyn Outbound>,
    ) -> Self {
        Self {
            operation: operation.into(),
            payload,
            response: None,
            guest_error: None,
            host_response: Bytes::new(),
            host_error: String::new(),
            deadline,
            depth,
            outbound,
            memory: None,
            quota: Quota {
                memory: 0,
                exceeded: false,
            },
            wasi: None,
            logged: 0,
        }
    }

    /// Forgets what initialisers may have left.
    pub(super) fn reset(&mut self) {
        self.response = None;
        self.guest_error = None;
        self.host_response = Bytes::new();
        self.host_error.clear();
    }
}

/// Bounds the memory of an instance, and remembers that it asked for more.
pub(super) struct Quota {
    pub(super) memory: usize,
    pub(super) exceeded: bool,
}

impl ResourceLimiter for Quota {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.exceeded |= desired > self.memory;
        Ok(desired <= self.memory)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    for module in MODULES {
        linker.func_wrap(module, "__guest_request", guest_request)?;
        linker.func_wrap(module, "__guest_response", guest_response)?;
        linker.func_wrap(module, "__guest_error", guest_error)?;
        linker.func_wrap_async(
            module,
            "__host_call",
            |mut caller: Caller<'_, Call>, args: HostCallArgs| {
                Box::new(async move { host_call(&mut caller, args).await })
            },
        )?;
        linker.func_wrap(module, "__host_response_len", |caller: Caller<'_, Call>| {
            caller.data().host_response.len() as u32
        })?;
        linker.func_wrap(
            module,
            "__host_response",
            |mut caller: Caller<'_, Call>, ptr: u32| {
                let bytes = caller.data().host_response.clone();
                write(&mut caller, ptr, &bytes, "__host_response")
            },
        )?;
        linker.func_wrap(module, "__host_error_len", |caller: Caller<'_, Call>| {
            caller.data().host_error.len() as u32
        })?;
        linker.func_wrap(
            module,
            "__host_error",
            |mut caller: Caller<'_, Call>, ptr: u32| {
                let text = std::mem::take(&mut caller.data_mut().host_error);
                let written = write(&mut caller, ptr, text.as_bytes(), "__host_error");
                caller.data_mut().host_error = text;
                written
            },
        )?;
        linker.func_wrap(module, "__console_log", console_log)?;
    }
    Ok(())
}

fn guest_request(mut caller: Caller<'_, Call>, op_ptr: u32, msg_ptr: u32) -> wasmtime::Result<()> {
    let (memory, call) = memory(&mut caller)?;
    place(memory, op_ptr, call.operation.as_bytes(), "__guest_request")?;
    place(memory, msg_ptr, &call.payload, "__guest_request")
}

fn guest_response(mut caller: Caller<'_, Call>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, call) = memory(&mut caller)?;
    let bytes = slice(memory, ptr, len, "__guest_response")?;
    call.response = Some(Bytes::copy_from_slice(bytes));
    Ok(())
}

fn guest_error(mut caller: Caller<'_, Call>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, call) = memory(&mut caller)?;
    let bytes = slice(memory, ptr, len, "__guest_error")?;
    call.guest_error = Some(text(bytes, MAX_ERROR));
    Ok(())
}

fn console_log(mut caller: Caller<'_, Call>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, call) = memory(&mut caller)?;
    let bytes = slice(memory, ptr, len, "__console_log")?;
    log("Log from guest (non-actor)", bytes, &mut call.logged);
    Ok(())
}

/// Pointer and length of binding, namespace, operation and payload.
type HostCallArgs = (u32, u32, u32, u32, u32, u32, u32, u32);

/// 1 if the call succeeded, 0 if not; the guest then asks for the answer or the error.
async fn host_call(caller: &mut Caller<'_, Call>, args: HostCallArgs) -> wasmtime::Result<i32> {
    let (bd_ptr, bd_len, ns_ptr, ns_len, op_ptr, op_len, ptr, len) = args;
    let (memory, call) = memory(caller)?;
    let payload = slice(memory, ptr, len, "__host_call")?;
    let request = HostCall {
        binding: name(memory, bd_ptr, bd_len, "binding")?,
        namespace: name(memory, ns_ptr, ns_len, "namespace")?,
        operation: name(memory, op_ptr, op_len, "operation")?,
        payload: Bytes::copy_from_slice(payload),
        deadline: before(call.deadline, Instant::now()),
        depth: call.depth,
    };
    call.host_response = Bytes::new();
    call.host_error.clear();
    let outbound = Arc::clone(&call.outbound);
    let result = outbound.call(request).await;

    let call = caller.data_mut();
    let limit = call.quota.memory;
    match result {
        Ok(bytes) if bytes.len() > limit => {
            call.host_error = format!(
                "the answer has {} bytes, and the actor's memory limit is {limit}",
                bytes.len()
            );
            Ok(0)
        }
        Ok(bytes) => {
            call.host_response = bytes;
            Ok(1)
        }
        Err(error) => {
            call.host_error = text(error.as_bytes(), MAX_ERROR);
            Ok(0)
        }
    }
}

/// A little before the invocation's own deadline.
fn before(deadline: Instant, now: Instant) -> Instant {
    let remaining = deadline.saturating_duration_since(now);
    now + (remaining - (remaining / RESERVE).min(MAX_RESERVE))
}

fn memory<'a>(caller: &'a mut Caller<'_, Call>) -> wasmtime::Result<(&'a mut [u8], &'a mut Call)> {
    let export = caller.data().memory;
    match export.and_then(|it| caller.get_module_export(&it)) {
        Some(Extern::Memory(memory)) => Ok(memory.data_and_store_mut(caller)),
        _ => bail!("the module exports no memory named 'memory'"),
    }
}

fn write(
    caller: &mut Caller<'_, Call>,
    ptr: u32,
    bytes: &[u8],
    what: &'static str,
) -> wasmtime::Result<()> {
    let (memory, _) = memory(caller)?;
    place(memory, ptr, bytes, what)
}

fn place(memory: &mut [u8], ptr: u32, bytes: &[u8], what: &'static str) -> wasmtime::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let size = memory.len();
    let start = ptr as usize;
    let target = start
        .checked_add(bytes.len())
        .and_then(|end| memory.get_mut(start..end))
        .ok_or_else(|| outside(what, ptr, bytes.len(), size))?;
    target.copy_from_slice(bytes);
    Ok(())
}

fn slice<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    what: &'static str,
) -> wasmtime::Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    let (start, len) = (ptr as usize, len as usize);
    start
        .checked_add(len)
        .and_then(|end| memory.get(start..end))
        .ok_or_else(|| outside(what, ptr, len, memory.len()))
}

fn name(memory: &[u8], ptr: u32, len: u32, what: &'static str) -> wasmtime::Result<String> {
    let bytes = slice(memory, ptr, len, "__host_call")?;
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => bail!("__host_call: the {what} is not UTF-8"),
    }
}

fn outside(what: &'static str, ptr: u32, len: usize, size: usize) -> wasmtime::Error {
    format_err!("{what}: {len} bytes at {ptr} are outside the memory of {size} bytes")
}

/// At most `max` bytes as text; what is not UTF-8 is replaced.
fn text(bytes: &[u8], max: usize) -> String {
    let shown = bytes.get(..max).unwrap_or(bytes);
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < bytes.len() {
        text.push('…');
    }
    text
}
