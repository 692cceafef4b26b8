//! `wash nats import`: streams out of a file.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::nats::streams::{MoveError, check, import};

use super::streams::{STANDARD, context};

/// Make the streams of a file that `wash nats export` wrote
///
/// The file is checked to its end before anything is made. Messages keep their sequences, subjects and headers, so
/// keys keep their revisions and history; durable consumers go on after what was acknowledged. Times are those of
/// the import. Messages go to the streams by their own subjects, so import before hosts and clients are there.
/// --timeout is for each request, not for all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// File to read, or - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Stream to make; repeat it for several [default: all in the file]
    #[arg(long, value_name = "NAME")]
    stream: Vec<String>,

    /// Delete streams that are there, and what is in them
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ImportArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let lattice = session.connect(&self.connection).await?;
        let spinner = session.output.spinner("importing streams");
        let unread = |error: io::Error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => Kind::NotFound,
                _ => Kind::General,
            };
            let message = format!("cannot read {}", self.file.display());
            CommandError::new(kind, message).because(error)
        };
        let path = self.file.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let mut file = open(&path)?;
            let checked = check(BufReader::new(&mut file));
            file.rewind()?;
            Ok((file, checked))
        });
        let opened = opened.await.unwrap_or_else(|it| Err(io::Error::other(it)));
        let (file, checked) = opened.map_err(unread)?;
        checked?;
        let input = BufReader::new(file);
        let imported = import(context(&lattice), input, &self.stream, self.replace).await?;
        drop(spinner);
        let messages: u64 = imported.streams.iter().map(|it| it.1).sum();
        let count = imported.streams.len();
        let mut text = format!("imported {count} streams with {messages} messages");
        if imported.expired > 0 {
            text.push_str(&format!("; {} have grown too old", imported.expired));
        }
        let list = |(name, messages): &(String, u64)| json!({"name": name, "messages": messages});
        let fields = json!({
            "streams": imported.streams.iter().map(list).collect::<Vec<_>>(),
            "replaced": imported.replaced,
            "messages": messages,
            "expired": imported.expired,
            "consumers": imported.consumers,
            "result": text,
        });
        let mut sentence = Sentence::new(text, fields);
        sentence.names = imported.streams.into_iter().map(|it| it.0).collect();
        Ok(Box::new(sentence))
    }
}

/// A file that can be read twice: stdin is kept in one without a name.
fn open(path: &Path) -> io::Result<File> {
    if path != Path::new(STANDARD) {
        return File::open(path);
    }
    let mut file = tempfile::tempfile()?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    file.rewind()?;
    Ok(file)
}

impl From<MoveError> for CommandError {
    fn from(error: MoveError) -> Self {
        let (kind, hint) = match &error {
            MoveError::Unanswered { .. } => (
                Kind::Timeout,
                "check that JetStream is on, or allow more with --timeout",
            ),
            MoveError::Refused { reason, .. } if reason.contains("nats-server") => (
                Kind::Refused,
                "import into a nats-server: wash nats install",
            ),
            MoveError::Refused { .. } => (Kind::Refused, "see the server's log"),
            MoveError::NoStream(_) => (Kind::NotFound, "leave --stream out for all there are"),
            MoveError::Exists(_) => (
                Kind::Ambiguous,
                "choose others with --stream, or lose what is in these with --replace",
            ),
            MoveError::Unmovable { .. } => (Kind::Refused, "leave it out"),
            MoveError::Diverged { .. } => (
                Kind::Refused,
                "stop who publishes to it, and try again; a stream that was not whole is gone again",
            ),
            MoveError::Malformed { .. } | MoveError::Truncated { .. } | MoveError::Corrupt => {
                (Kind::Refused, "nothing was imported; export again")
            }
            MoveError::File(_) => (Kind::General, "check the file, and that the disk has room"),
        };
        Self::new(kind, "cannot move streams")
            .because(error)
            .hint(hint)
    }
}
