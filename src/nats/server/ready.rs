//! When a server that was started is ready: it has bound its ports and greets.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;

use super::super::greeting::{Greeting, greet};
use super::super::monitor::Monitor;
use super::log::last_lines;
use super::spawn::Files;
use super::{Config, StartError, describe};

/// What a ready server answered.
pub(super) struct Answer {
    pub(super) address: String,
    pub(super) greeting: Greeting,
    pub(super) monitor: Option<Monitor>,
}

/// Waits for the first sign of life that counts: the file with the bound addresses, then a greeting.
pub(super) struct Ready<'a> {
    pub(super) config: &'a Config,
    pub(super) files: &'a Files,
    pub(super) log_before: u64,
    pub(super) pid: u32,
}

/// Short, because it is most of the time that a start takes.
const POLL: Duration = Duration::from_millis(5);

/// The greeting of a server on this machine.
const GREETING_LIMIT: Duration = Duration::from_secs(5);

impl Ready<'_> {
    pub(super) async fn wait(&self, child: &mut Child) -> Result<Answer, StartError> {
        let limit = self.config.ready_timeout;
        tokio::select! {
            status = child.wait() => Err(self.ended(status)),
            found = self.answer() => {
                // Without its own, JetStream may be across a leaf.
                if found.greeting.jetstream || self.config.own.is_some() {
                    Ok(found)
                } else {
                    Err(StartError::NoJetStream { log: self.log() })
                }
            }
            () = tokio::time::sleep(limit) => Err(StartError::NotReady { limit, log: self.log() }),
        }
    }

    async fn answer(&self) -> Answer {
        loop {
            if let Some(ports) = bound_ports(&self.files.ports, self.pid)
                && let Some(port) = port_of(&ports.nats)
            {
                let address = join(reachable(&self.config.host), port);
                if let Ok(greeting) = greet(&address, GREETING_LIMIT).await {
                    let http = ports
                        .monitoring
                        .iter()
                        .find_map(|it| it.strip_prefix("http://"));
                    return Answer {
                        address,
                        greeting,
                        monitor: http.map(Monitor::new),
                    };
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn ended(&self, status: io::Result<ExitStatus>) -> StartError {
        let log = self.log();
        if log.iter().any(|it| it.contains("address already in use")) {
            return StartError::PortTaken {
                address: join(&self.config.host, self.config.port),
            };
        }
        StartError::Ended {
            status: describe(status),
            log,
        }
    }

    fn log(&self) -> Vec<String> {
        last_lines(&self.files.log, self.log_before)
    }
}

/// The server reports a taken port only in its log; asking first names the reason.
pub(super) async fn check_address(config: &Config) -> Result<(), StartError> {
    let address = join(&config.host, config.port);
    match tokio::net::TcpListener::bind(&address).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(StartError::PortTaken { address })
        }
        Err(error) => Err(StartError::Listen {
            address,
            reason: error.to_string(),
        }),
    }
}

/// The file that a ready server writes, `{program}_{pid}.ports`.
#[derive(serde::Deserialize)]
struct Ports {
    nats: Vec<String>,
    #[serde(default)]
    monitoring: Vec<String>,
}

fn bound_ports(dir: &Path, pid: u32) -> Option<Ports> {
    let suffix = format!("_{pid}.ports");
    let file = fs::read_dir(dir)
        .ok()?
        .flatten()
        .find(|it| it.file_name().to_string_lossy().ends_with(&suffix))?;
    serde_json::from_slice(&fs::read(file.path()).ok()?).ok()
}

fn port_of(urls: &[String]) -> Option<u16> {
    urls.first()?.rsplit_once(':')?.1.parse().ok()
}

/// Where a server that listens on every address is reached from here.
fn reachable(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

/// `host:port`, with brackets around IPv6.
fn join(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
