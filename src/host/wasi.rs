//! WASI preview 1 with nothing granted (protocol §1.4): clocks and random numbers work, output goes to the
//! log, and there are no files, variables or arguments.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtxBuilder, async_trait, p0, p1};

use super::wapc::Call;

/// Longest line of guest output in our log; the rest of it makes a line of its own.
const MAX_LINE: usize = 4096;

/// Lines that one call may write to our log; a guest in a loop must not fill the disk.
const MAX_LINES: u32 = 1000;

/// A context when a guest first asks for one: most actors never do, and making one is not free.
pub(super) type Wasi = Option<Box<WasiP1Ctx>>;

pub(super) fn add_to_linker(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    p1::add_to_linker_async(linker, context)?;
    p0::add_to_linker_async(linker, context)
}

fn context(call: &mut Call) -> &mut WasiP1Ctx {
    call.wasi
        .get_or_insert_with(|| Box::new(granting_nothing()))
}

fn granting_nothing() -> WasiP1Ctx {
    WasiCtxBuilder::new()
        .arg("main.wasm")
        .stdout(LogStream::default())
        .stderr(LogStream::default())
        .build_p1()
}

/// A WASI command: the operation is its argument, the payload its input, and what it prints the answer.
pub(super) fn command(operation: &str, payload: Bytes, limit: usize) -> (Wasi, MemoryOutputPipe) {
    let stdout = MemoryOutputPipe::new(limit);
    let context = WasiCtxBuilder::new()
        .arg("main.wasm")
        .arg(operation)
        .stdin(MemoryInputPipe::new(payload))
        .stdout(stdout.clone())
        .stderr(LogStream::default())
        .build_p1();
    (Some(Box::new(context)), stdout)
}

/// Writes a line unless the call has written its share.
pub(super) fn log(prefix: &str, text: &[u8], written: &mut u32) {
    let shown = text.get(..MAX_LINE).unwrap_or(text);
    match (*written).cmp(&MAX_LINES) {
        Ordering::Less => tracing::info!("{prefix}: {}", String::from_utf8_lossy(shown)),
        Ordering::Equal => {
            tracing::warn!("{prefix}: more than {MAX_LINES} lines, dropping the rest");
        }
        Ordering::Greater => return,
    }
    *written += 1;
}

/// Writes whole lines to the log; clones share what is not yet a line.
#[derive(Clone, Default)]
struct LogStream(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    text: Vec<u8>,
    written: u32,
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.emit();
            } else {
                self.text.push(byte);
                if self.text.len() >= MAX_LINE {
                    self.emit();
                }
            }
        }
    }

    fn emit(&mut self) {
        if !self.text.is_empty() {
            log("Log from guest", &self.text, &mut self.written);
            self.text.clear();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.emit();
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Preview 1 only asks for the other kind.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LINE)
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_becomes_lines_of_bounded_length_and_number() {
        let mut line = Line::default();
        line.push(b"one\n\ntwo");
        assert_eq!((line.text.as_slice(), line.written), (&b"two"[..], 1));
        line.push(&[b'x'; MAX_LINE]);
        assert_eq!((line.text.as_slice(), line.written), (&b"xxx"[..], 2));
        for _ in 0..2 * MAX_LINES {
            line.push(b"again\n");
        }
        assert_eq!(line.written, MAX_LINES + 1);
    }
}
