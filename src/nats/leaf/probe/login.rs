//! Logging in at a hub, and what it tells those who may.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::{Attempt, Greeted, read_line};
use crate::nats::leaf::{Fault, Login, Rights, Way};

/// Lines of a hub before its answer to us: it tells first what its side listens to.
pub(super) const MAX_LINES: usize = 100_000;

/// A hub's answer to a leaf that may join.
pub(super) struct Welcome {
    pub(super) round_trip: Duration,
    pub(super) account: Option<String>,
    pub(super) rights: Rights,
}

/// The line by which a hub tells a leaf what it got.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    remote_account: Option<String>,
    #[serde(flatten)]
    rights: Rights,
}

impl Attempt<'_> {
    /// Logs in, and asks for a sign of life. `heard` gets what the hub says before that, line by line.
    pub(super) async fn log_in(
        &self,
        hub: &mut Greeted,
        mut heard: impl FnMut(&str),
    ) -> Result<Welcome, Fault> {
        let Greeted { lines, info, .. } = hub;
        if info.tls_verify && self.remote.tls.certificate.is_none() {
            return Err(Fault::NoCertificate(self.address.clone()));
        }
        let mut connect = json!({
            "name": "wash-probe",
            "server_id": "wash-probe",
            "version": "2.9.0",
            "headers": true,
        });
        for (key, value) in self.credentials(&info.nonce)? {
            connect[key] = value.into();
        }
        let asked = Instant::now();
        let greeting = format!("CONNECT {connect}\r\nPING\r\n");
        let sent = async {
            lines.get_mut().write_all(greeting.as_bytes()).await?;
            lines.get_mut().flush().await
        };
        // A hub that refuses may close before it has read all; its reason is still to be read.
        let sent = self.timed(sent).await;
        let mut told = Told::default();
        for _ in 0..MAX_LINES {
            let line = match self.timed(read_line(lines)).await {
                Ok(it) if it.is_empty() => break,
                Ok(it) => it,
                Err(error) => return Err(self.broken(&error)),
            };
            if line == "PONG" {
                return Ok(Welcome {
                    round_trip: asked.elapsed(),
                    account: told.remote_account,
                    rights: told.rights,
                });
            }
            if line == "PING" {
                let pong = self.timed(lines.get_mut().write_all(b"PONG\r\n")).await;
                pong.map_err(|error| self.broken(&error))?;
            }
            if let Some(Ok(it)) = line.strip_prefix("INFO ").map(serde_json::from_str) {
                told = it;
            }
            if let Some(reason) = line.strip_prefix("-ERR ") {
                return Err(self.refused(reason.trim_matches('\'')));
            }
            heard(&line);
        }
        Err(match sent {
            Err(error) => self.broken(&error),
            Ok(()) => self.unreachable("it closes the connection"),
        })
    }

    fn credentials(&self, nonce: &str) -> Result<Vec<(&'static str, String)>, Fault> {
        let sign = |seed: &str| -> Result<(String, String), Fault> {
            let bad = |_| Fault::Authentication {
                address: self.address.clone(),
                reason: "the seed is not valid".to_owned(),
                way: self.way(),
            };
            let key = nkeys::KeyPair::from_seed(seed).map_err(bad)?;
            let signature = key.sign(nonce.as_bytes()).map_err(bad)?;
            Ok((key.public_key(), BASE64URL_NOPAD.encode(&signature)))
        };
        let own = self.url.login();
        Ok(match (&self.remote.login, own) {
            (Login::Creds { jwt, seed, .. }, _) => {
                vec![("jwt", jwt.clone()), ("sig", sign(seed)?.1)]
            }
            (Login::Nkey { seed }, _) => {
                let (public, signature) = sign(seed)?;
                vec![("nkey", public), ("sig", signature)]
            }
            (_, Some((user, Some(password)))) => vec![("user", user), ("pass", password)],
            (_, Some((token, None))) => vec![("user", token.clone()), ("auth_token", token)],
            (Login::User { user, password }, None) => {
                vec![("user", user.clone()), ("pass", password.clone())]
            }
            (Login::Token(token), None) => {
                vec![("user", token.clone()), ("auth_token", token.clone())]
            }
            (Login::None, None) => Vec::new(),
        })
    }

    fn refused(&self, reason: &str) -> Fault {
        let address = self.address.clone();
        let text = reason.to_ascii_lowercase();
        let about_rights = text.contains("permission") || text.contains("maximum");
        let reason = reason.to_owned();
        if about_rights {
            Fault::Authorization { address, reason }
        } else {
            let way = self.way();
            Fault::Authentication {
                address,
                reason,
                way,
            }
        }
    }

    fn way(&self) -> Way {
        match (&self.remote.login, self.url.login()) {
            (Login::Creds { .. }, _) => Way::Creds,
            (Login::Nkey { .. }, _) => Way::Nkey,
            (_, Some((_, Some(_)))) | (Login::User { .. }, None) => Way::Password,
            (_, Some((_, None))) | (Login::Token(_), None) => Way::Token,
            (Login::None, None) => Way::None,
        }
    }
}
