//! `wash up --detached`: the same command again in the background, and the line by which it reports.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::config::running::create_private_dir;
use crate::nats::ProcessId;

use super::ready::Ready;
use crate::cli::signals::Signals;

/// Set for the process in the background to the path of its log.
const VARIABLE: &str = "WASH_UP_LOG";

/// What the background tells the foreground: one line of JSON on its stdout.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    /// The host answers; what is left is that a manifest could not be applied.
    Ready(Box<Ready>, Option<Failure>),
    Failed(Failure),
}

/// A [`CommandError`] on its way to the foreground.
#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    code: u8,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl From<&CommandError> for Failure {
    fn from(error: &CommandError) -> Self {
        Self {
            code: error.kind.code(),
            message: error.message.clone(),
            causes: error.causes.clone(),
            hints: error.hints.clone(),
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        let kind = Kind::ALL.into_iter().find(|it| it.code() == failure.code);
        let mut error = Self::new(kind.unwrap_or(Kind::General), failure.message);
        error.causes = failure.causes;
        error.hints = failure.hints;
        error
    }
}

/// The log of this process, if it is the one in the background.
pub(super) fn log_of_background(env: &Env) -> Option<PathBuf> {
    env.get(VARIABLE).map(PathBuf::from)
}

/// Leaves the terminal that started us.
pub(super) fn leave_terminal() {
    // It fails only if we lead a group of our own, which is as good.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
}

pub(super) fn report_ready(ready: &Ready, refused: Option<&CommandError>) {
    report(&Report::Ready(
        Box::new(ready.clone()),
        refused.map(Failure::from),
    ));
}

pub(super) fn report_failure(error: &CommandError) {
    report(&Report::Failed(error.into()));
}

fn report(report: &Report) {
    let Ok(mut line) = serde_json::to_string(report) else {
        return;
    };
    line.push('\n');
    let mut stdout = io::stdout().lock();
    // Nobody listens any more if the foreground has given up.
    let _ = stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Starts this command again in the background, and returns once its host answers.
pub(super) async fn run(session: &Session, limit: Duration) -> Result<Ready, CommandError> {
    let dirs = session.dirs.as_ref().ok_or_else(|| {
        CommandError::new(Kind::General, "there is no home directory to keep a log in")
            .hint("set WASH_HOME to a directory that may be written")
    })?;
    let failed = |what: &str, error: io::Error| {
        CommandError::new(Kind::General, format!("cannot {what}")).because(error)
    };
    let mut signals = Signals::install().map_err(|it| failed("watch for signals", it))?;
    let (path, log) = create_log(dirs).map_err(|it| failed("create the log", it))?;
    let mut child = spawn(&path, log).map_err(|it| failed("start in the background", it))?;
    // Its own start is bounded as well; this is for one that hangs.
    let limit = limit.saturating_add(Duration::from_secs(5));
    let mut line = String::new();
    let listened = {
        let stdout = child.stdout.take();
        let read = async {
            match stdout {
                Some(it) => {
                    BufReader::new(it.take(MAX_REPORT))
                        .read_line(&mut line)
                        .await
                }
                None => Ok(0),
            }
        };
        tokio::select! {
            read = tokio::time::timeout(limit, read) => read.map_err(|_| Kind::Timeout),
            _ = signals.next() => Err(Kind::Interrupted),
        }
    };
    if let Err(kind) = listened {
        end(&mut child).await;
        return Err(match kind {
            Kind::Interrupted => CommandError::interrupted(kind),
            _ => quiet(&path, limit),
        });
    }
    match serde_json::from_str(&line) {
        Ok(Report::Ready(ready, None)) => Ok(*ready),
        Ok(Report::Ready(ready, Some(refused))) => Err(CommandError::from(refused).after(*ready)),
        Ok(Report::Failed(failure)) => {
            Err(CommandError::from(failure).hint(format!("its log is {}", path.display())))
        }
        Err(_) => {
            let status = child.wait().await.map_err(|it| failed("wait", it))?;
            let message = format!("the host ended before it was ready ({status})");
            let mut error = CommandError::new(Kind::General, message);
            error.causes = last_lines(&path);
            Err(error.hint(format!("its log is {}", path.display())))
        }
    }
}

fn quiet(log: &Path, limit: Duration) -> CommandError {
    let mut error = CommandError::new(
        Kind::Timeout,
        format!("the host was not ready within {limit:?} and has been stopped"),
    );
    error.causes = last_lines(log);
    error
        .hint("allow more with --ready-timeout")
        .hint(format!("its log is {}", log.display()))
}

/// Bytes of one report; far more than any has.
const MAX_REPORT: u64 = 1 << 20;

/// A start that is given up stops what it has started; longer than its own grace.
const STOP_LIMIT: Duration = Duration::from_secs(20);

async fn end(child: &mut Child) {
    let process = child.id().and_then(ProcessId::of);
    if let Some(process) = process {
        process.signal(crate::nats::process::Signal::Terminate);
        if tokio::time::timeout(STOP_LIMIT, child.wait()).await.is_ok() {
            return;
        }
    }
    let _ = child.kill().await;
}

fn spawn(path: &Path, log: File) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
}

/// Logs of this many hosts in the background are kept.
const KEPT_LOGS: usize = 20;

fn create_log(dirs: &Dirs) -> io::Result<(PathBuf, File)> {
    let folder = dirs.state.join("logs");
    create_private_dir(&folder)?;
    remove_old(&folder);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let path = folder.join(format!("up-{}-{}.log", now.as_secs(), std::process::id()));
    let mut options = File::options();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    Ok((path, file))
}

fn remove_old(folder: &Path) {
    let Ok(files) = folder.read_dir() else {
        return;
    };
    let mut logs: Vec<_> = files
        .flatten()
        .filter(|it| it.file_name().to_string_lossy().starts_with("up-"))
        .filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it.path())))
        .collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(KEPT_LOGS);
    for (_, path) in logs.into_iter().take(surplus) {
        // One that stays costs nothing but room.
        let _ = std::fs::remove_file(path);
    }
}

/// What a process that ended without a report wrote last.
fn last_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let skip = lines.len().saturating_sub(5);
    lines.into_iter().skip(skip).map(str::to_owned).collect()
}
