//! The first line of a NATS server, `INFO {…}`: whether an address speaks NATS, and what it offers.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;

/// What a server says about itself before anyone has authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Greeting {
    pub server_name: String,
    pub version: String,
    pub jetstream: bool,
    pub domain: Option<String>,
    pub auth_required: bool,
    pub tls_required: bool,
    /// Bytes.
    pub max_payload: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// Nobody listens there.
    #[error("nothing listens on {0}")]
    Refused(String),
    #[error("cannot reach {address}: {reason}")]
    Unreachable { address: String, reason: String },
    /// Somebody listens, but does not greet as NATS does.
    #[error("what listens on {0} does not speak NATS")]
    NotNats(String),
}

/// A server's greeting is a few hundred bytes; cluster addresses make it longer.
const MAX_GREETING: u64 = 64 * 1024;

/// Connects to `address` (`host:port`) and reads the greeting, for at most `limit`.
///
/// # Errors
/// Every variant of [`GreetingError`]. A server that wants TLS before it speaks counts as
/// [`GreetingError::NotNats`].
pub async fn greet(address: &str, limit: Duration) -> Result<Greeting, GreetingError> {
    let unreachable = |reason: String| GreetingError::Unreachable {
        address: address.to_owned(),
        reason,
    };
    let stream = tokio::time::timeout(limit, TcpStream::connect(address))
        .await
        .map_err(|_| unreachable(format!("no answer within {limit:?}")))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => GreetingError::Refused(address.to_owned()),
            _ => unreachable(error.to_string()),
        })?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(MAX_GREETING));
    let read = tokio::time::timeout(limit, reader.read_until(b'\n', &mut line)).await;
    match read {
        Ok(Ok(_)) => parse(&line),
        _ => None,
    }
    .ok_or_else(|| GreetingError::NotNats(address.to_owned()))
}

fn parse(line: &[u8]) -> Option<Greeting> {
    let json = line.strip_prefix(b"INFO ")?;
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(20);

    async fn greeted_with(text: &'static [u8]) -> Result<Greeting, GreetingError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(text).await.unwrap();
            drop(stream);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = serve => unreachable!(),
            greeting = greet(&address, LIMIT) => greeting,
        }
    }

    #[tokio::test]
    async fn only_nats_is_taken_for_nats() {
        let nats = greeted_with(b"INFO {\"version\":\"2.9.10\",\"jetstream\":true} \r\n").await;
        let nats = nats.unwrap();
        assert_eq!((nats.version.as_str(), nats.jetstream), ("2.9.10", true));
        for other in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"",
            b"INFO nonsense\r\n",
            b"\xff\xfe",
        ] {
            let got = greeted_with(other).await;
            assert!(matches!(got, Err(GreetingError::NotNats(_))), "{got:?}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_apart() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let got = greet(&address, LIMIT).await;
        assert!(matches!(got, Err(GreetingError::Refused(_))), "{got:?}");
    }
}
