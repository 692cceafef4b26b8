//! What a server says about itself over HTTP: its leaf links and its JetStream.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The monitoring address of a server, without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// `host:port`.
    address: String,
}

/// One leaf link, as either end tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Link {
    /// Of this connection; servers before 2.10 do not tell.
    pub id: Option<u64>,
    /// The server at the other end; servers before 2.10 do not tell.
    pub name: String,
    pub account: String,
    pub ip: String,
    pub port: u16,
    /// As the server writes it: `1.5ms`.
    pub rtt: String,
    /// This end asked for the link; servers before 2.10 do not tell.
    pub is_spoke: Option<bool>,
}

impl Link {
    /// This is that link, later.
    pub fn is_same(&self, earlier: &Self) -> bool {
        (self.id, &self.ip, self.port) == (earlier.id, &earlier.ip, earlier.port)
    }

    /// How people know the other end: by name, or else by address.
    pub fn peer(&self) -> String {
        match self.name.as_str() {
            "" => format!("{}:{}", self.ip, self.port),
            name => name.to_owned(),
        }
    }

    /// The other end has answered. A server counts a link before the other end has accepted it, and forgets it
    /// when it is refused; a round trip means that it was accepted.
    pub fn is_proven(&self) -> bool {
        self.round_trip().is_some_and(|it| !it.is_zero())
    }

    pub fn round_trip(&self) -> Option<Duration> {
        parse_duration(&self.rtt)
    }
}

/// What a server is and how it is configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    pub server_id: String,
    pub server_name: String,
    pub version: String,
    pub port: u16,
    pub leaf: Leafs,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Leafs {
    #[serde(deserialize_with = "or_null")]
    pub remotes: Vec<ConfiguredRemote>,
}

/// A hub that the server was told to be a leaf of.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConfiguredRemote {
    /// May hold passwords.
    #[serde(deserialize_with = "or_null")]
    pub urls: Vec<String>,
}

impl fmt::Debug for ConfiguredRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfiguredRemote(…)")
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JetStream {
    pub disabled: bool,
    pub config: JetStreamConfig,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JetStreamConfig {
    pub domain: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the monitoring of NATS at http://{address} does not answer: {reason}")]
pub struct MonitorError {
    pub address: String,
    pub reason: String,
}

/// One answer; far above what a server takes.
const LIMIT: Duration = Duration::from_secs(5);

/// Bytes of one answer: room for thousands of links.
const MAX_ANSWER: u64 = 4 << 20;

impl Monitor {
    /// `address` is `host:port`, with or without `http://`.
    pub fn new(address: &str) -> Self {
        let address = address.strip_prefix("http://").unwrap_or(address);
        Self {
            address: address.trim_end_matches('/').to_owned(),
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// The leaf links that the server counts now.
    ///
    /// # Errors
    /// [`MonitorError`] if it does not answer.
    pub async fn links(&self) -> Result<Vec<Link>, MonitorError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "or_null")]
            leafs: Vec<Link>,
        }
        let answer: Answer = self.get("/leafz").await?;
        Ok(answer.leafs)
    }

    /// # Errors
    /// [`MonitorError`] if it does not answer.
    pub async fn jetstream(&self) -> Result<JetStream, MonitorError> {
        self.get("/jsz").await
    }

    /// # Errors
    /// [`MonitorError`] if it does not answer.
    pub async fn about(&self) -> Result<About, MonitorError> {
        self.get("/varz").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, MonitorError> {
        let failed = |reason: String| MonitorError {
            address: self.address.clone(),
            reason,
        };
        let exchange = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            // Version 1.0: the answer ends with the connection.
            let request = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = tokio::time::timeout(LIMIT, exchange)
            .await
            .map_err(|_| failed(format!("nothing within {LIMIT:?}")))?
            .map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or_else(|| failed("it does not speak HTTP".to_owned()))?;
        let status = head.split_whitespace().nth(1).unwrap_or_default();
        if status != "200" {
            return Err(failed(format!("it answers {path} with status {status}")));
        }
        serde_json::from_str(body)
            .map_err(|_| failed(format!("its answer to {path} is not that of a nats-server")))
    }
}

/// Servers write null for an empty list.
fn or_null<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads a duration as Go writes it: `1m2.5s`, `228µs`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ns" => 1e-9,
            "µs" | "μs" | "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn round_trips_are_read_as_servers_write_them() {
        let millis = Duration::from_millis;
        for (text, expected) in [
            ("0s", Some(Duration::ZERO)),
            ("228µs", Some(Duration::from_micros(228))),
            ("1.5ms", Some(Duration::from_micros(1500))),
            ("1m2.5s", Some(millis(62_500))),
            ("", None),
            ("soon", None),
            ("1x", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    async fn answered_with(text: &'static str) -> Result<Vec<Link>, MonitorError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let monitor = Monitor::new(&format!("http://{}/", listener.local_addr().unwrap()));
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // Closing with something unread would reset the connection.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            stream.write_all(text.as_bytes()).await.unwrap();
        };
        tokio::join!(serve, monitor.links()).1
    }

    #[tokio::test]
    async fn links_of_old_and_new_servers_are_read_and_nothing_else_is_taken_for_one() {
        let old = "HTTP/1.0 200 OK\r\n\r\n{\"leafnodes\":1,\"leafs\":[{\"account\":\"$G\",\"rtt\":\"0s\"}]}";
        let old = answered_with(old).await.unwrap();
        assert!(!old[0].is_proven() && old[0].is_spoke.is_none());
        let none = answered_with("HTTP/1.0 200 OK\r\n\r\n{\"leafs\":null}").await;
        assert!(none.unwrap().is_empty());
        let new = "HTTP/1.0 200 OK\r\n\r\n{\"leafs\":[{\"name\":\"hub\",\"is_spoke\":true,\"rtt\":\"2ms\"}]}";
        let new = answered_with(new).await.unwrap();
        assert!(new[0].is_proven() && new[0].name == "hub");
        for other in [
            "",
            "SSH-2.0\r\n",
            "HTTP/1.0 404 No\r\n\r\n{}",
            "HTTP/1.0 200 OK\r\n\r\nhello",
        ] {
            assert!(answered_with(other).await.is_err(), "{other}");
        }
    }
}
