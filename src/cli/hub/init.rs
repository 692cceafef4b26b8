//! `wash hub init`.

use std::path::PathBuf;

use clap::ArgGroup;
use serde_json::json;

use crate::claims::keyfile::quoted;
use crate::nats::hub::{Hub, Plan, Tls};

use super::super::CommandResult;
use super::super::output::Sentence;
use super::super::session::Session;
use super::{authority_line, directory, hub_error, now};

/// Make a hub: configuration, keys, certificates and the first credentials
///
/// Writes all that a nats-server in operator mode needs, in a directory of its own: nats.conf, which is yours to
/// edit, the accounts, and the keys that sign credentials, which the server itself needs not have. Then tells how to
/// run it, and what to copy to each machine. Nothing that exists is overwritten.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("tls").required(true).args(["self_signed", "tls_cert", "no_tls"]))]
pub(crate) struct InitArgs {
    /// Directory of the hub, empty or new [default: hub in the directory of configuration]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Sign a certificate for these names or addresses, by which machines reach the hub; comma-separated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    self_signed: Vec<String>,

    /// Certificate chain of the server, PEM; used where it is
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Key of the certificate, PEM; used where it is
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Speak in the clear, for networks where nobody else listens
    #[arg(long)]
    no_tls: bool,

    /// Name of the hub, its server and its operator
    #[arg(long, default_value = "hub")]
    name: String,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    host: String,

    /// Port for clients; 0 lets the system choose at each start
    #[arg(long, default_value_t = 4222)]
    port: u16,

    /// Port for leaf nodes
    #[arg(long, value_name = "PORT", default_value_t = 7422)]
    leaf_port: u16,

    /// Serve monitoring at this port, for this machine alone
    #[arg(long, value_name = "PORT")]
    monitor_port: Option<u16>,

    /// JetStream domain of the hub
    #[arg(long, default_value = "hub", conflicts_with = "no_jetstream")]
    domain: String,

    /// Keep no streams and no state on the hub
    #[arg(long)]
    no_jetstream: bool,

    /// Whom the first credentials are for
    #[arg(long, value_name = "NAME", default_value = "default")]
    machine: String,

    /// Move a hub that is there to DIR.replaced-TIME, as a whole, and make a new one; no credentials of the old hub
    /// work with it
    #[arg(long)]
    force: bool,
}

impl InitArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dir = directory(session, self.dir.as_deref())?;
        let plan = self.plan();
        let (hub, aside) = Hub::create(&dir, &plan, now(), self.force).map_err(hub_error)?;
        if let Some(aside) = &aside {
            let output = &session.output;
            output.note(&format!("the old hub is in {} now", aside.display()));
        }
        if self.no_tls && !is_loopback(&self.host) {
            let text = "without TLS, everything that passes the hub can be read on its way";
            session.output.warn(text);
        }
        let record = hub.record();
        let creds = hub.creds_file(&self.machine);
        let command = format!("nats-server --config {}", quoted(&hub.conf()));
        let mut text = format!(
            "Hub {} is ready in {}\n\nRun it:\n  {command}\n\nCopy to the machine '{}':\n  {}\n",
            record.name,
            hub.dir().display(),
            self.machine,
            creds.display(),
        );
        if let Some(line) = authority_line(&hub) {
            text += &line;
            text.push('\n');
        }
        text += &format!(
            "\nMachines join as leaf nodes at {}, clients at {}\n\
             Credentials for each further machine: wash hub creds NAME{}\n\
             Keep {} to yourself: whoever has it lets others in. The server needs none of it.",
            record.leaf_url,
            record.client_url,
            match &self.dir {
                Some(_) => format!(" --dir {}", quoted(hub.dir())),
                None => String::new(),
            },
            hub.dir().join("keys").display(),
        );
        let fields = json!({
            "name": record.name,
            "directory": hub.dir(),
            "config": hub.conf(),
            "command": command,
            "client_url": record.client_url,
            "leaf_url": record.leaf_url,
            "creds": creds,
            "authority": hub.authority(),
            "operator": record.operator,
            "account": record.account,
            "system_account": record.system_account,
            "replaced": aside,
        });
        let name = hub.dir().display().to_string();
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }

    fn plan(&self) -> Plan {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            _ if self.no_tls => Tls::None,
            _ => Tls::SelfSigned(self.self_signed.clone()),
        };
        Plan {
            name: self.name.clone(),
            host: self.host.clone(),
            port: self.port,
            leaf_port: self.leaf_port,
            monitor_port: self.monitor_port,
            domain: (!self.no_jetstream).then(|| self.domain.clone()),
            tls,
            reached_at: self.reached_at(),
            first_user: self.machine.clone(),
        }
    }

    /// The first name of the certificate, the address to listen on, or the name that this machine has.
    fn reached_at(&self) -> String {
        let plain = |it: &&String| !it.starts_with("*.");
        if let Some(name) = self.self_signed.iter().find(plain) {
            return name.clone();
        }
        if !matches!(self.host.as_str(), "0.0.0.0" | "::") {
            return self.host.clone();
        }
        sysinfo::System::host_name().unwrap_or_else(|_| "localhost".to_owned())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback())
}
