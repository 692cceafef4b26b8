//! What a provider's process writes, line by line into the host's log: long lines are cut, and a flood is counted
//! instead of written. It is always read on, so that the process is never stuck for long.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

/// Longer lines are cut. Bytes.
const MAX_LINE: usize = 4 << 10;

/// Lines at once, and per second in the long run.
const BURST: u32 = 200;
const PER_SECOND: u32 = 50;

/// How often a flood is told of.
const TELL: Duration = Duration::from_secs(5);

/// How long a flood waits after each piece that is read, so that it does not cost a whole core.
const BRAKE: Duration = Duration::from_millis(2);

/// Lines that are remembered for the message about an early end.
const LAST: usize = 3;

/// Reads both streams for as long as it lives.
#[derive(Debug)]
pub(super) struct Output {
    last: Arc<Mutex<VecDeque<String>>>,
    _readers: Vec<AbortOnDropHandle<()>>,
}

impl Output {
    /// `secrets` are never written, should the process tell them.
    pub(super) fn follow(child: &mut Child, name: &str, secrets: &[String]) -> Self {
        let last = Arc::default();
        let mut readers = Vec::new();
        let log = Log {
            name: printable(name.as_bytes()),
            secrets: secrets
                .iter()
                .filter(|it| !it.is_empty())
                .cloned()
                .collect(),
            last: Arc::clone(&last),
            rate: Rate::new(Instant::now()),
        };
        if let Some(stream) = child.stdout.take() {
            readers.push(AbortOnDropHandle::new(tokio::spawn(
                log.clone().follow(stream),
            )));
        }
        if let Some(stream) = child.stderr.take() {
            readers.push(AbortOnDropHandle::new(tokio::spawn(log.follow(stream))));
        }
        Self {
            last,
            _readers: readers,
        }
    }

    /// The last lines, for whoever wants to know why it ended.
    pub(super) fn last_words(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<_> = last.iter().map(String::as_str).collect();
        lines.join(" | ")
    }
}

#[derive(Clone, Debug)]
struct Log {
    name: String,
    secrets: Vec<String>,
    last: Arc<Mutex<VecDeque<String>>>,
    rate: Rate,
}

impl Log {
    async fn follow(mut self, mut stream: impl AsyncRead + Unpin) {
        let mut lines = Lines::default();
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count) = stream.read(&mut buffer).await {
            let Some(read) = buffer.get(..count).filter(|it| !it.is_empty()) else {
                break;
            };
            lines.push(read, |line| self.line(line));
            if self.rate.dropped > 0 {
                self.tell_dropped(Instant::now());
                sleep(BRAKE).await;
            }
        }
        lines.end(|line| self.line(line));
        self.rate.told = None;
        self.tell_dropped(Instant::now());
    }

    fn line(&mut self, line: &[u8]) {
        if !self.rate.allows(Instant::now()) {
            return;
        }
        let mut text = printable(line);
        for secret in &self.secrets {
            text = text.replace(secret, "…");
        }
        if text.trim().is_empty() {
            return;
        }
        tracing::info!("[{}]: {text}", self.name);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(text);
    }

    fn tell_dropped(&mut self, now: Instant) {
        let quiet = (self.rate.told).is_some_and(|it| now.duration_since(it) < TELL);
        if self.rate.dropped == 0 || quiet {
            return;
        }
        tracing::warn!(
            "[{}]: {} lines are left out: it writes more than {PER_SECOND} a second",
            self.name,
            self.rate.dropped
        );
        self.rate.dropped = 0;
        self.rate.told = Some(now);
    }
}

/// Without colours and other control characters.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            // Up to the letter that ends the sequence.
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if c == '\t' {
            clean.push(' ');
        } else if !c.is_control() {
            clean.push(c);
        }
    }
    clean
}

/// Cuts a stream into lines of limited length.
#[derive(Debug, Default)]
struct Lines {
    open: Vec<u8>,
    /// The rest of this line is thrown away.
    cut: bool,
}

impl Lines {
    fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|it| *it == b'\n') {
            let (head, rest) = bytes.split_at(end);
            self.add(head, &mut line);
            if !std::mem::take(&mut self.cut) {
                line(&self.open);
            }
            self.open.clear();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.add(bytes, &mut line);
    }

    fn end(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.open.is_empty() && !self.cut {
            line(&self.open);
        }
    }

    fn add(&mut self, bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        if self.cut {
            return;
        }
        let room = MAX_LINE - self.open.len().min(MAX_LINE);
        self.open
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room {
            self.open.extend_from_slice("…".as_bytes());
            line(&self.open);
            self.open.clear();
            self.cut = true;
        }
    }
}

/// A bucket of tokens.
#[derive(Clone, Debug)]
struct Rate {
    tokens: u32,
    filled: Instant,
    dropped: u64,
    told: Option<Instant>,
}

impl Rate {
    fn new(now: Instant) -> Self {
        Self {
            tokens: BURST,
            filled: now,
            dropped: 0,
            told: None,
        }
    }

    fn allows(&mut self, now: Instant) -> bool {
        let since = now.duration_since(self.filled).as_millis();
        let more = u32::try_from(since * u128::from(PER_SECOND) / 1000).unwrap_or(BURST);
        if more > 0 {
            self.tokens = self.tokens.saturating_add(more).min(BURST);
            self.filled = now;
        }
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => {
                self.dropped += 1;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for piece in pieces {
            lines.push(piece, |it| found.push(printable(it)));
        }
        lines.end(|it| found.push(printable(it)));
        found
    }

    #[test]
    fn lines_are_whole_wherever_they_were_split() {
        assert_eq!(
            lines(&[b"one\ntw", b"o\n\nthr", b"ee"]),
            ["one", "two", "", "three"]
        );
        assert_eq!(lines(&[b"a\x1b[31mb\x1b[0m\tc\r\x07\n"]), ["ab c"]);
    }

    #[test]
    fn a_line_without_end_is_cut_once() {
        let long = vec![b'x'; MAX_LINE - 1];
        let found = lines(&[&long, &long, &long, b"\nnext\n"]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].chars().count(), MAX_LINE + 1);
        assert_eq!(found[1], "next");
    }

    #[tokio::test]
    async fn secrets_are_not_passed_on() {
        let log = Log {
            name: "p".to_owned(),
            secrets: vec!["SCSEED".to_owned()],
            last: Arc::default(),
            rate: Rate::new(Instant::now()),
        };
        let last = Arc::clone(&log.last);
        log.follow(&b"one\nthe seed is SCSEED!"[..]).await;
        assert_eq!(*last.lock().unwrap(), ["one", "the seed is …!"]);
    }

    #[test]
    fn a_flood_is_counted() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let shown = (0..1000).filter(|_| rate.allows(start)).count();
        assert_eq!((shown, rate.dropped), (200, 800));
        let later = start + Duration::from_secs(1);
        let shown = (0..1000).filter(|_| rate.allows(later)).count();
        assert_eq!(shown, 50);
    }
}
