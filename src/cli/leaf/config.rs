//! `wash leaf config`: a nats-server configuration that the user owns.

use std::path::PathBuf;

use serde_json::json;

use super::remote::prepare;
use super::{HubFlags, write};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::host::{HostSettings, environment};
use crate::config::layer::{Layer, Layers};
use crate::nats::conf::Conf;
use crate::nats::leaf::Remote;

/// Write the configuration of a NATS server that is a leaf of a hub
///
/// `nats-server --config FILE` runs it, and so does `wash up --nats-config FILE`. Credentials and certificates are
/// read and checked now: a nats-server with bad ones starts all the same and stays alone.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// JetStream domain of this server; each server of a lattice needs one of its own
    #[arg(long, value_name = "DOMAIN", alias = "js-domain")]
    domain: Option<String>,

    /// Name of this server [default: leaf-DOMAIN]
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// Address to listen on for clients
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,

    /// Port for clients; 0 is any free one, here and below
    #[arg(long, value_name = "PORT", default_value_t = 4222)]
    port: u16,

    /// Port of the server's monitoring on this machine, which `wash leaf check` asks
    #[arg(long, value_name = "PORT", default_value_t = 8222)]
    http_port: u16,

    /// No monitoring
    #[arg(long, conflicts_with = "http_port")]
    no_http: bool,

    /// Port for websockets on this machine
    #[arg(long, value_name = "PORT")]
    websocket_port: Option<u16>,

    /// Directory of the JetStream store [default: below the state of wash]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,

    /// Write it here, rather than to stdout; `-o FILE` does the same
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace a file that is there
    #[arg(long, requires = "out")]
    force: bool,

    #[command(flatten)]
    hub: HubFlags,
}

impl ConfigArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let layers = Layers::new(
            self.hub.0.clone(),
            environment(&session.env),
            Layer::default(),
        );
        let settings = HostSettings::decide_all(&layers)?;
        if settings.leaf.remotes.is_empty() {
            return Err(
                CommandError::new(Kind::Usage, "there is no hub to be a leaf of").hint(
                    "name it with --remote nats-leaf://HOST:7422 or --remote tls://HOST:7422",
                ),
            );
        }
        let remotes = prepare(&settings.leaf).await?;
        let store = self.store(session)?;
        let name = match (&self.server_name, &self.domain) {
            (Some(name), _) => name.clone(),
            (None, Some(domain)) => format!("leaf-{domain}"),
            (None, None) => "leaf".to_owned(),
        };
        let text = Conf {
            about: &[
                "A NATS server that is a leaf of a hub, written by `wash leaf config`.",
                "Run it with: nats-server --config FILE, or wash up --nats-config FILE",
            ],
            host: &self.host,
            port: self.port,
            server_name: &name,
            store: &store,
            domain: self.domain.as_deref(),
            log: None,
            ports: None,
            monitor: (!self.no_http).then_some(self.http_port),
            websocket: self.websocket_port,
            remotes: &remotes,
        }
        .text();
        for version in remotes.iter().filter_map(|it| it.unsupported("2.9.0")) {
            session
                .output
                .note(&format!("it needs nats-server 2.10 or newer, to {version}"));
        }
        let secret = remotes.iter().any(Remote::has_secret);
        let shown: Vec<String> = remotes.iter().map(Remote::shown).collect();
        let mut fields = json!({
            "domain": self.domain,
            "remotes": shown,
            "secret": secret,
            "path": self.out,
        });
        let Some(path) = &self.out else {
            if secret {
                let note =
                    "it holds a secret: keep it in a file of mode 0600, or let --out FILE do that";
                session.output.note(note);
            }
            fields["config"] = text.clone().into();
            return Ok(Box::new(Sentence::new(text.trim_end(), fields)));
        };
        write(path, &text, secret, self.force)?;
        let sentence = format!(
            "wrote {}; run it with: nats-server --config {0}",
            path.display()
        );
        let named = path.display().to_string();
        Ok(Box::new(Sentence::new(sentence, fields).named(named)))
    }

    fn store(&self, session: &Session) -> Result<PathBuf, CommandError> {
        let store = match (&self.store, &session.dirs) {
            (Some(it), _) => it.clone(),
            (None, Some(dirs)) => {
                let folder = self.domain.as_deref().unwrap_or("default");
                let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
                let folder: String = folder
                    .chars()
                    .map(|it| if plain(it) { it } else { '_' })
                    .collect();
                dirs.state.join("leaf").join(folder)
            }
            (None, None) => {
                return Err(CommandError::new(
                    Kind::General,
                    "there is no home directory to keep a store in",
                )
                .hint("name a directory with --store DIR"));
            }
        };
        std::path::absolute(&store).map_err(|error| {
            CommandError::new(Kind::General, "cannot tell where the store is").because(error)
        })
    }
}
