//! `wash nats export`: streams into a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::sync::mpsc;

use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::{Answer, Format, Sentence};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::nats::streams::{Exported, export};

use super::streams::{STANDARD, context};

/// Write streams to a file, for another server
///
/// Key-value buckets and object stores are streams too, and so is all that a lattice knows: with `wash nats import`
/// it goes on elsewhere. What is published meanwhile is not in the file, so stop hosts first. The file holds what
/// the streams hold, and nobody else may read it. --timeout is for each request, not for all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// File to write, or - for stdout
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Stream to write; repeat it for several [default: all]
    #[arg(long, value_name = "NAME")]
    stream: Vec<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Pieces between the server and the disk.
const PIECES: usize = 16;

impl ExportArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let to_stdout = self.file == Path::new(STANDARD);
        if to_stdout && session.output.page.format != Format::Text {
            let message = "streams and the answer cannot both go to stdout";
            return Err(CommandError::new(Kind::Usage, message).hint("name a file, or use -o text"));
        }
        let lattice = session.connect(&self.connection).await?;
        let server = lattice.client.server_info().version;
        let (send, receive) = mpsc::channel(PIECES);
        let spinner = session.output.spinner("exporting streams");
        let file = self.file.clone();
        let write = tokio::task::spawn_blocking(move || match to_stdout {
            true => write_stdout(receive),
            false => write_file(&file, receive),
        });
        let exported = export(context(&lattice), &server, &self.stream, send).await;
        // The writer keeps the file only if it has all of it.
        let whole = exported.is_ok();
        let written = write.await.unwrap_or_else(|it| Err(io::Error::other(it)));
        drop(spinner);
        let unwritten = |error: io::Error| {
            let message = format!("cannot write {}", self.file.display());
            CommandError::new(Kind::General, message).because(error)
        };
        let temporary = match (written, whole) {
            (Ok(temporary), true) => temporary,
            (Err(error), _) => return Err(unwritten(error)),
            (Ok(_), false) => None,
        };
        let exported = exported?;
        if let Some(temporary) = temporary {
            temporary
                .persist(&self.file)
                .map_err(|it| unwritten(it.error))?;
        }
        for it in &exported.skipped {
            session
                .output
                .warn(&format!("stream {} is left out: {}", it.stream, it.reason));
        }
        let told = tell(&exported, &self.file);
        if to_stdout {
            session.output.note(&told.text);
            return Ok(Box::new(Sentence::new("", json!({}))));
        }
        Ok(Box::new(told) as Box<dyn Answer>)
    }
}

fn tell(exported: &Exported, file: &Path) -> Sentence {
    let messages: u64 = exported.streams.iter().map(|it| it.1).sum();
    let count = exported.streams.len();
    let text = format!("exported {count} streams with {messages} messages");
    let list = |(name, messages): &(String, u64)| json!({"name": name, "messages": messages});
    let skipped = exported.skipped.iter();
    let skipped = skipped.map(|it| json!({"name": it.stream, "reason": it.reason}));
    let fields = json!({
        "file": file,
        "streams": exported.streams.iter().map(list).collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "messages": messages,
        "result": text,
    });
    let mut sentence = Sentence::new(text, fields);
    sentence.names = exported.streams.iter().map(|it| it.0.clone()).collect();
    sentence
}

/// Into a file beside, which takes its place later.
fn write_file(
    path: &Path,
    pieces: mpsc::Receiver<Vec<u8>>,
) -> io::Result<Option<tempfile::NamedTempFile>> {
    let dir = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(dir.unwrap_or(Path::new(".")))?;
    write(pieces, file.as_file_mut())?;
    File::sync_all(file.as_file())?;
    Ok(Some(file))
}

fn write_stdout(pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<Option<tempfile::NamedTempFile>> {
    let mut stdout = io::stdout().lock();
    write(pieces, &mut stdout)?;
    stdout.flush()?;
    Ok(None)
}

fn write(mut pieces: mpsc::Receiver<Vec<u8>>, to: &mut impl Write) -> io::Result<()> {
    while let Some(piece) = pieces.blocking_recv() {
        to.write_all(&piece)?;
    }
    Ok(())
}
