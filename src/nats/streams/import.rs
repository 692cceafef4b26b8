//! Streams out of a file: first it is read to its end and checked, then each stream is made whole, or not at all.
//!
//! Sequences stay as they were, since revisions of keys and positions of consumers are sequences. Where messages
//! are missing, something is published on a subject of the import's own and purged in the end. Times are those of
//! the import; what has grown too old for its stream on the way stays out.

use std::io::BufRead;

use async_nats::jetstream::Context;

use super::MoveError;
use super::api::Api;
use super::outgoing::Outgoing;
use super::plan::is_partial;
use super::record::{Decoder, Record, name_of};
use super::target::Target;

/// What a file has, as its first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Names, and how many messages each has.
    pub streams: Vec<(String, u64)>,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Names, and how many messages each has.
    pub streams: Vec<(String, u64)>,
    /// Those that were there before.
    pub replaced: Vec<String>,
    /// Messages that were too old.
    pub expired: u64,
    pub consumers: u64,
}

/// Reads a file to its end. Blocks.
///
/// # Errors
/// [`MoveError::Malformed`], [`MoveError::Truncated`], [`MoveError::Corrupt`] and [`MoveError::File`].
pub fn check(input: impl BufRead) -> Result<Checked, MoveError> {
    let mut decoder = Decoder::new(input);
    let mut streams = Vec::new();
    while let Some(record) = decoder.next()? {
        match record {
            Record::End { stream, messages } => streams.push((stream, messages)),
            Record::Message(message) => {
                if let Err(reason) = Outgoing::new(message) {
                    return Err(decoder.malformed(reason));
                }
            }
            _ => {}
        }
    }
    Ok(Checked { streams })
}

/// Makes the streams of a file that was checked, all of them or those of these names. With `replace`, those that
/// are there are deleted first; what an import left that did not end, always.
///
/// # Errors
/// [`MoveError::Exists`] before anything is touched, what the server says, and [`MoveError::Diverged`] when
/// somebody else publishes to a stream that is being filled. A stream that is not whole is deleted again.
pub async fn import(
    context: Context,
    input: impl BufRead,
    names: &[String],
    replace: bool,
) -> Result<Imported, MoveError> {
    let api = Api(context);
    let mut decoder = Decoder::new(input);
    let Some(Record::Header { streams, .. }) = decoder.next()? else {
        return Err(decoder.malformed("it is no header"));
    };
    if let Some(missing) = names.iter().find(|it| !streams.contains(it)) {
        return Err(MoveError::NoStream(missing.clone()));
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let there = api.names().await?;
    let (mut exists, mut partial) = (Vec::new(), Vec::new());
    for name in streams.iter().filter(|it| is_wanted(it)) {
        if !there.contains(name) {
            continue;
        }
        let info = api.info(name).await?;
        match info.as_ref().and_then(|it| it.get("config")) {
            Some(config) if is_partial(config) => partial.push(name.clone()),
            _ => exists.push(name.clone()),
        }
    }
    if !replace && !exists.is_empty() {
        return Err(MoveError::Exists(exists));
    }
    let mut imported = Imported::default();
    while let Some(record) = decoder.next()? {
        let Record::Stream {
            config,
            first_seq,
            last_seq,
        } = record
        else {
            // Of a stream that is not wanted.
            continue;
        };
        let name = name_of(&config).unwrap_or_default().to_owned();
        if !is_wanted(&name) {
            continue;
        }
        if exists.contains(&name) {
            api.delete(&name).await?;
            imported.replaced.push(name.clone());
        } else if partial.contains(&name) {
            api.delete(&name).await?;
        }
        let mut target = Target::create(&api, &name, config, first_seq).await?;
        let filled = match target.fill(&mut decoder, last_seq).await {
            Ok(()) => target.settle().await,
            Err(error) => Err(error),
        };
        if let Err(error) = filled {
            if let Err(error) = api.delete(&name).await {
                tracing::warn!("{error}");
            }
            return Err(error);
        }
        imported.streams.push((name.clone(), target.messages));
        imported.expired += target.expired;
        imported.consumers += target.consumers;
    }
    Ok(imported)
}
