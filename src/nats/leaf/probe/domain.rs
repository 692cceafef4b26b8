//! Who has a JetStream domain, asked from outside.
//!
//! A server that has the domain itself hears only itself: its own requests stay at home, and nothing tells it of
//! another one of the same name. So the question is put to the hub, on a link of its own, by somebody who has no
//! domain. Every server that takes itself for the domain answers.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::login::MAX_LINES;
use super::{Attempt, Fault, Lines, bracketed, read_line};
use crate::nats::leaf::{LeafUrl, Remote};

/// Who answers for a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The hub has it.
    pub hub: bool,
    /// Servers that answer across the hub, the hub among them.
    pub answers: usize,
}

/// Bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;

/// After the first answer, others come within this time.
const OTHERS: Duration = Duration::from_millis(300);

/// Asks a hub who has a JetStream domain, for at most `limit`. Where nobody is known to listen there, the answer
/// comes at once.
///
/// # Errors
/// Every variant of [`Fault`].
pub async fn owners(
    url: &LeafUrl,
    remote: &Remote,
    domain: &str,
    limit: Duration,
) -> Result<Owners, Fault> {
    let attempt = Attempt {
        url,
        remote,
        address: format!("{}:{}", bracketed(url.host()), url.port()),
        give_up: Instant::now() + limit,
    };
    let mut greeted = attempt.greeted().await?;
    let subject = format!("$JS.{domain}.API.INFO");
    let hub = greeted.info.domain.as_deref() == Some(domain);
    // A hub tells a new leaf what its side listens to. That may be out of date: a leaf that has gone without a
    // word is known as gone only later. So those who listen are asked.
    let mut listens = hub;
    let interest = format!("LS+ {subject}");
    let heard = |line: &str| listens |= line == interest;
    attempt.log_in(&mut greeted, heard).await?;
    if !listens {
        return Ok(Owners::default());
    }
    let answers = attempt.ask(&mut greeted.lines, &subject, domain).await?;
    Ok(Owners { hub, answers })
}

impl Attempt<'_> {
    /// The number of answers; none in time is none.
    async fn ask(&self, lines: &mut Lines, subject: &str, domain: &str) -> Result<usize, Fault> {
        let inbox = format!("_INBOX.{}", uuid::Uuid::new_v4().simple());
        let question = format!("LS+ {inbox}\r\nLMSG {subject} {inbox} 0\r\n\r\nPING\r\n");
        let sent = async {
            lines.get_mut().write_all(question.as_bytes()).await?;
            lines.get_mut().flush().await
        };
        self.timed(sent)
            .await
            .map_err(|error| self.broken(&error))?;
        let mut answers = 0;
        let mut give_up = self.give_up;
        let listening = async {
            for _ in 0..MAX_LINES {
                let line = tokio::time::timeout_at(give_up, read_line(lines)).await;
                let Ok(Ok(line)) = line else {
                    return;
                };
                if line.is_empty() {
                    return;
                }
                if line == "PING" && lines.get_mut().write_all(b"PONG\r\n").await.is_err() {
                    return;
                }
                let Some(size) = answer_size(&line, &inbox) else {
                    continue;
                };
                let mut body = vec![0; size + 2];
                let read = tokio::time::timeout_at(give_up, lines.read_exact(&mut body)).await;
                if !matches!(read, Ok(Ok(_))) {
                    return;
                }
                if is_of(domain, body.get(..size).unwrap_or_default()) {
                    answers += 1;
                    give_up = give_up.min(Instant::now() + OTHERS);
                }
            }
        };
        listening.await;
        Ok(answers)
    }
}

/// `LMSG {inbox} {size}`, with the size of headers before it if there are any.
fn answer_size(line: &str, inbox: &str) -> Option<usize> {
    let mut words = line.split_ascii_whitespace();
    let is_message = matches!(words.next(), Some("LMSG" | "HMSG"));
    let is_ours = words.next() == Some(inbox);
    let size = words.next_back()?.parse().ok()?;
    (is_message && is_ours && size <= MAX_ANSWER).then_some(size)
}

fn is_of(domain: &str, body: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        domain: String,
    }
    // Headers, if there are any, end before the JSON begins.
    let start = body.iter().position(|it| *it == b'{').unwrap_or_default();
    let json = body.get(start..).unwrap_or_default();
    serde_json::from_slice::<Answer>(json).is_ok_and(|it| it.domain == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_what_else_a_hub_says() {
        let inbox = "_INBOX.a";
        for (line, size) in [
            ("LMSG _INBOX.a 338", Some(338)),
            ("LMSG _INBOX.a reply 5", Some(5)),
            ("LMSG _INBOX.b 338", None),
            ("LMSG _INBOX.a", None),
            ("LMSG _INBOX.a -1", None),
            ("LMSG _INBOX.a 99999999999", None),
            ("LS+ _INBOX.a 3", None),
            ("", None),
        ] {
            assert_eq!(answer_size(line, inbox), size, "{line}");
        }
        assert!(is_of("core", br#"{"type":"x","domain":"core"}"#));
        assert!(!is_of("core", br#"{"domain":"cor"}"#));
        assert!(!is_of("core", br#"{"error":{"code":503}}"#));
        assert!(!is_of("core", b"junk"));
    }
}
