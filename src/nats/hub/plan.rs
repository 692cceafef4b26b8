//! What somebody wants of a new hub.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::conf::Conf;
use super::record::Record;
use super::{ACCOUNTS, HubError, PID, certificate};

/// A hub to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of the hub, its server and its operator.
    pub name: String,
    /// Address to listen on, without the port.
    pub host: String,
    /// For clients; 0 lets the kernel choose at each start, here as below.
    pub port: u16,
    pub leaf_port: u16,
    /// Monitoring, for this machine alone.
    pub monitor_port: Option<u16>,
    /// JetStream domain; none for a hub without JetStream.
    pub domain: Option<String>,
    pub tls: Tls,
    /// Name or address by which machines reach the hub.
    pub reached_at: String,
    /// Who gets the first credentials.
    pub first_user: String,
}

/// How a hub proves who it is.
#[derive(Clone, Debug)]
pub enum Tls {
    /// Everything, messages included, can be read on the way.
    None,
    /// PEM files, used where they are.
    Files { certificate: PathBuf, key: PathBuf },
    /// An authority of its own, and a certificate for these names and addresses.
    SelfSigned(Vec<String>),
}

/// Names become file names, and part of subjects.
const MAX_NAME: usize = 64;

impl Plan {
    /// Refuses what the server, a file system or another machine could not use.
    pub(super) fn check(&self) -> Result<(), HubError> {
        check_name("the hub's name", &self.name)?;
        check_name("the name", &self.first_user)?;
        check_address("the address", &self.host)?;
        check_address("the address", &self.reached_at)?;
        if let Some(domain) = &self.domain
            && (domain.is_empty() || !domain.chars().all(is_plain))
        {
            return Err(HubError::Bad {
                what: "the JetStream domain",
                value: domain.clone(),
                reason: "only letters, digits, - and _ are allowed",
            });
        }
        let ports = [Some(self.port), Some(self.leaf_port), self.monitor_port];
        for (index, port) in ports.iter().enumerate() {
            if let Some(port) = port
                && *port != 0
                && ports.iter().skip(index + 1).any(|it| *it == Some(*port))
            {
                return Err(HubError::Bad {
                    what: "port",
                    value: port.to_string(),
                    reason: "clients, leaf nodes and monitoring each need one of their own",
                });
            }
        }
        match &self.tls {
            Tls::None => Ok(()),
            Tls::Files { certificate, key } => certificate::check(certificate, key),
            Tls::SelfSigned(names) => match names.iter().find(|it| !certificate::is_name(it)) {
                None => Ok(()),
                Some(name) => Err(HubError::Bad {
                    what: "the name",
                    value: name.clone(),
                    reason: "a certificate states DNS names and IP addresses, without scheme and port",
                }),
            },
        }
    }

    /// Where machines reach one of the ports.
    pub(super) fn url(&self, port: u16) -> String {
        let scheme = match self.tls {
            Tls::None => "nats",
            _ => "tls",
        };
        let host = &self.reached_at;
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }

    /// The server's configuration for a hub that will be in `dir`.
    pub(super) fn conf(
        &self,
        dir: &Path,
        record: &Record,
        token: &str,
    ) -> Result<String, HubError> {
        let own = (dir.join("tls/cert.pem"), dir.join("tls/key.pem"));
        let absolute =
            |it: &Path| std::path::absolute(it).map_err(super::files::failed("find", it));
        let tls = match &self.tls {
            Tls::None => None,
            Tls::SelfSigned(_) => Some(own),
            Tls::Files { certificate, key } => Some((absolute(certificate)?, absolute(key)?)),
        };
        for path in tls
            .iter()
            .flat_map(|it| [&it.0, &it.1])
            .chain([&dir.to_owned()])
        {
            if path.to_str().is_none() {
                return Err(HubError::Bad {
                    what: "the path",
                    value: path.display().to_string(),
                    reason: "it is not text, and a configuration file is",
                });
            }
        }
        Ok(Conf {
            name: &self.name,
            host: &self.host,
            port: self.port,
            leaf_port: self.leaf_port,
            monitor_port: self.monitor_port,
            domain: self.domain.as_deref(),
            tls: tls.as_ref().map(|it| (it.0.as_path(), it.1.as_path())),
            operator_token: token,
            system_account: &record.system_account,
            pid_file: &dir.join(PID),
            store: &dir.join("jetstream"),
            accounts_file: ACCOUNTS,
        }
        .text())
    }
}

/// A name that can be part of a file name and of a server's name everywhere.
pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), HubError> {
    let bad = |reason| {
        Err(HubError::Bad {
            what,
            value: name.to_owned(),
            reason,
        })
    };
    if name.is_empty() || name.len() > MAX_NAME {
        return bad("it must have 1 to 64 characters");
    }
    if !name.chars().all(|it| is_plain(it) || it == '.') {
        return bad("only letters, digits, dots, - and _ are allowed");
    }
    if name.starts_with(['.', '-']) {
        return bad("it must begin with a letter, a digit or _");
    }
    Ok(())
}

fn check_address(what: &'static str, address: &str) -> Result<(), HubError> {
    if address.parse::<IpAddr>().is_ok() || certificate::is_name(address) {
        return Ok(());
    }
    Err(HubError::Bad {
        what,
        value: address.to_owned(),
        reason: "it is neither an IP address nor a DNS name; ports are given apart",
    })
}

fn is_plain(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '-' || it == '_'
}
