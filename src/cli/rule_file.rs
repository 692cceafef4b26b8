//! Services that answer by a file of rules, which is read again when it changes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt as _;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::rules::{self, Rules};
use crate::lattice::connect::round_trip;

use super::report::{CommandError, Kind};

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct RuleFile {
    path: PathBuf,
    stamp: Option<Stamp>,
    ticks: Interval,
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

/// What a service has to do next.
pub(super) enum Wake<R> {
    Question(Message),
    /// They may be the same as before.
    Rules(R),
}

/// Listens to questions, shared with all of the same group; returns once that is in effect.
///
/// # Errors
/// The topic is no subject.
pub(super) async fn listen(
    client: &Client,
    topic: &str,
    group: &str,
) -> Result<Subscriber, CommandError> {
    let questions = client.queue_subscribe(topic.to_owned(), group.to_owned());
    let questions = questions.await.map_err(|error| {
        CommandError::new(Kind::Usage, format!("cannot listen on '{topic}'")).because(error)
    })?;
    round_trip(client).await;
    Ok(questions)
}

/// What tells one state of a file from another, without reading it.
type Stamp = (SystemTime, u64);

impl RuleFile {
    /// Reads the file, and looks at it from then on.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub(super) fn open<R: Rules>(path: &Path) -> Result<(Self, R), CommandError> {
        // First, so that a change while it is read is seen later.
        let stamp = stamp(path);
        let rules = rules::read(path)?;
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let file = Self {
            path: path.to_owned(),
            stamp,
            ticks,
            #[cfg(unix)]
            hangup: hangup(),
        };
        Ok((file, rules))
    }

    /// Waits for a question, or for other rules. Safe to drop and call again.
    ///
    /// # Errors
    /// The connection has ended.
    pub(super) async fn next<R: Rules>(
        &mut self,
        questions: &mut Subscriber,
    ) -> Result<Wake<R>, CommandError> {
        let question = tokio::select! {
            question = questions.next() => question,
            rules = self.changed() => return Ok(Wake::Rules(rules)),
        };
        let ended = || CommandError::new(Kind::Connect, "the connection to NATS has ended");
        question.map(Wake::Question).ok_or_else(ended)
    }

    /// Waits until the file has changed, or SIGHUP comes, and holds rules. A change that cannot be read is told in
    /// the log. Safe to drop and call again.
    async fn changed<R: Rules>(&mut self) -> R {
        loop {
            let asked = self.look().await;
            let stamp = stamp(&self.path);
            if stamp == self.stamp && !asked {
                continue;
            }
            self.stamp = stamp;
            match rules::read(&self.path) {
                Ok(rules) => return rules,
                Err(error) => tracing::error!("{error}; the rules stay as they were"),
            }
        }
    }

    /// Waits for the time to look at the file; true if somebody asked for it.
    #[cfg(unix)]
    async fn look(&mut self) -> bool {
        let hangup = async {
            match &mut self.hangup {
                Some(it) => it.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.ticks.tick() => false,
            _ = hangup => true,
        }
    }

    #[cfg(not(unix))]
    async fn look(&mut self) -> bool {
        self.ticks.tick().await;
        false
    }
}

/// A terminal that is closed ends the process, as it ends others.
#[cfg(unix)]
fn hangup() -> Option<tokio::signal::unix::Signal> {
    use std::io::IsTerminal as _;
    use tokio::signal::unix::{SignalKind, signal};

    let at_terminal = std::io::stdin().is_terminal();
    (!at_terminal).then(|| signal(SignalKind::hangup()).ok())?
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = path.metadata().ok()?;
    Some((about.modified().ok()?, about.len()))
}
