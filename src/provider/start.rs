//! A provider as a process: what the host says on stdin, logs on stderr, and how the end comes (protocol §5.1).

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{HostData, Provider, serve};

/// A host with many links says much; without a bound a pipe that never ends its line fills the memory.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// A host that closes stdin as a matter of course does it by then.
const CLOSES_BY: Duration = Duration::from_secs(5);

/// How often a provider looks whether its host is there.
#[cfg(unix)]
const LOOK: Duration = Duration::from_secs(1);

/// Runs a provider as this process, from the host's first word to the last; call it first in `main`, and return
/// what it returns. Logs go to stderr, as the host asks or as `RUST_LOG` says.
///
/// A provider ends when its host shuts it down, by SIGTERM or SIGINT, and when its host has died: its parent
/// process is another then, and a host that keeps stdin open for the provider's life, as those in Elixir do, has
/// closed it.
pub fn run<P: Provider>() -> ExitCode {
    match start::<P>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start<P: Provider>() -> Result<(), String> {
    let parent = parent();
    let (data, stays_open) = read_host_data().inspect_err(|_| log(&HostData::default()))?;
    log(&data);
    tracing::debug!(?data, "told by the host");
    let ended = CancellationToken::new();
    if stays_open {
        watch_stdin(ended.clone()).map_err(|error| format!("cannot watch stdin: {error}"))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    let gone = async {
        let why = tokio::select! {
            () = ended.cancelled() => "the host has closed stdin",
            () = orphaned(parent) => "the host is gone",
            () = asked_to_end() => "asked to end",
        };
        tracing::info!("{why}");
    };
    let result = runtime.block_on(serve::<P>(data, gone));
    // What the provider left running, such as a look-up of a name, must not keep the process.
    runtime.shutdown_background();
    result.map_err(|error| error.to_string())
}

/// What the host says, and whether it keeps stdin open for as long as it lives: hosts in Elixir do and end the
/// line with a bare `\n`, those in Rust end it with `\r\n` and close.
fn read_host_data() -> Result<(HostData, bool), String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(
            "this is a capability provider, which a host starts: see `wash ctl start provider`"
                .to_owned(),
        );
    }
    let mut line = Vec::new();
    let read = stdin.lock().take(LONGEST_LINE).read_until(b'\n', &mut line);
    read.map_err(|error| format!("cannot read stdin: {error}"))?;
    let stays_open = line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    let data = HostData::read(&line)
        .map_err(|error| format!("cannot read what the host said on stdin: {error}"))?;
    Ok((data, stays_open))
}

/// A thread that nobody waits for: nothing can end its read but the host.
fn watch_stdin(ended: CancellationToken) -> io::Result<()> {
    let since = Instant::now();
    let watch = move || {
        let mut ignored = [0; 1024];
        loop {
            match io::stdin().lock().read(&mut ignored) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        if since.elapsed() > CLOSES_BY {
            ended.cancel();
        }
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(watch)
        .map(drop)
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Ready when another process has become the parent, as happens when the host dies.
#[cfg(unix)]
async fn orphaned(parent_at_start: u32) {
    while parent() == parent_at_start {
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
fn parent() {}

#[cfg(not(unix))]
async fn orphaned((): ()) {
    std::future::pending().await
}

#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Logs to stderr from now on. A level that the host names counts before `RUST_LOG`.
fn log(data: &HostData) {
    // What is below us says much that helps only with it.
    const QUIET: &str = "async_nats=warn";
    let named = data.log_level.as_deref().map(str::trim);
    let filter = match named.filter(|it| !it.is_empty()) {
        Some(level) if level.parse::<tracing::Level>().is_ok() => {
            EnvFilter::try_new(format!("{level},{QUIET}")).ok()
        }
        Some(filter) => EnvFilter::try_new(filter).ok(),
        None => EnvFilter::try_from_default_env().ok(),
    };
    let filter = filter.unwrap_or_else(|| EnvFilter::new(format!("info,{QUIET}")));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false);
    // A provider that has set up its own keeps it.
    let _ = if data.structured_logging || data.enable_structured_logging {
        logs.json().flatten_event(true).try_init()
    } else {
        logs.try_init()
    };
}
