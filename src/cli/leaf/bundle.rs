//! `wash leaf bundle`: one file for the next machine.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::own::OwnConfig;
use super::passphrase::PassphraseArgs;
use super::remote::prepare;
use super::{HubFlags, write};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::auth::Auth;
use crate::config::bundle::{Bundle, Leaf};
use crate::config::env::Env;
use crate::config::host::{self, HostFile, HostSettings, Key, Places, labels, remembered};
use crate::config::layer::{Layer, Layers, Source};

/// Write one file with everything that another machine needs to join this lattice
///
/// The way to the hub, its credentials and certificates, the lattice, the cluster's seed and issuers, domains and
/// labels. They are taken from flags, from --config, or from what `wash up` was last told here. There:
/// wash up --bundle FILE. The file holds secrets; encrypt it if it travels.
#[derive(Debug, clap::Args)]
pub(crate) struct BundleArgs {
    /// JetStream domain of the other machine's server; each server of a lattice needs one of its own
    #[arg(long, value_name = "DOMAIN")]
    domain: String,

    /// Label of the other host; may be repeated
    #[arg(short, long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,

    /// Take the hubs from this configuration of a NATS server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Name of the lattice [default: that of this machine]
    #[arg(short = 'x', long, value_name = "NAME")]
    lattice: Option<String>,

    /// JetStream domain of the lattice's state [default: that of this machine]
    #[arg(long, value_name = "DOMAIN")]
    js_domain: Option<String>,

    /// Host configuration to take the cluster from [env: WASH_HOST_CONFIG, HOST_CONFIG]
    #[arg(long, value_name = "FILE")]
    host_config: Option<PathBuf>,

    /// Encrypt the bundle with a passphrase that is asked for
    #[arg(long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    encrypt: bool,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// Where to write the bundle; `-o FILE` does the same
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    hub: HubFlags,
}

impl BundleArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let passphrase = match self.encrypt {
            true => Some(PassphraseArgs::ask_new(session)?),
            false => self.passphrase.read(session)?,
        };
        let (settings, config) = self.settings(session)?;
        let leaf = match config {
            // The hubs of a file have their own ways to log in; one way fits into a bundle.
            Some(own) => only(&own)?,
            None => settings.leaf.clone(),
        };
        if leaf.remotes.is_empty() {
            return Err(CommandError::new(
                Kind::NotFound,
                "no hub is known that both machines reach",
            )
            .hint("name it with --remote URL and --creds FILE, or with --config FILE")
            .hint("or start this machine with `wash up --leaf-remote URL` first"));
        }
        let remotes = prepare(&leaf).await?;
        let Some(cluster) = &settings.cluster_seed else {
            return Err(
                CommandError::new(Kind::NotFound, "this machine has no cluster seed yet")
                    .hint("`wash up` makes one and keeps it; or set WASMCLOUD_CLUSTER_SEED"),
            );
        };
        if settings.js_domain.as_deref() == Some(self.domain.as_str()) {
            let message = format!("the domain {} is that of the lattice's state", self.domain);
            return Err(CommandError::new(Kind::Usage, message)
                .hint("the other machine needs a domain of its own: --domain NAME"));
        }
        let own = cluster.value.public();
        let mut issuers = vec![own.clone()];
        issuers.extend(
            settings
                .cluster_issuers
                .iter()
                .filter(|it| **it != own)
                .cloned(),
        );
        let bundle = Bundle {
            lattice: settings.lattice.value.clone(),
            ctl_topic_prefix: settings.ctl_topic_prefix.clone(),
            domain: Some(self.domain.clone()),
            js_domain: settings.js_domain.clone(),
            cluster_seed: cluster.value.reveal(),
            cluster_issuers: issuers,
            labels: labels::decide(&self.labels, &Env::default())?,
            leaf: contents(&leaf)?,
        };
        if bundle.js_domain.is_none() {
            session.output.warn(
                "no domain is known for the lattice's state, so the other machine would keep its own; \
                 give --js-domain, and start this machine with the same",
            );
        }
        let text = bundle.text(passphrase.as_ref())?;
        write(&self.out, &text, true, self.force)?;
        let mut fields = bundle.shown();
        fields["path"] = Value::String(self.out.display().to_string());
        fields["encrypted"] = Value::Bool(passphrase.is_some());
        let hubs: Vec<String> = remotes.iter().map(|it| it.shown()).collect();
        let path = self.out.display();
        let safety = match passphrase {
            Some(_) => "it is encrypted",
            None => "it holds secrets and is not encrypted",
        };
        let text = format!(
            "wrote {path} for lattice '{}' over {}; {safety}\non the other machine: wash up --bundle {path}",
            bundle.lattice,
            hubs.join(" and "),
        );
        let named = self.out.display().to_string();
        Ok(Box::new(Sentence::new(text, fields).named(named)))
    }

    /// Flags, variables, what `wash up` was last told, and the host's configuration, in this order.
    fn settings(
        &self,
        session: &Session,
    ) -> Result<(HostSettings, Option<OwnConfig>), CommandError> {
        let mut flags = self.hub.0.clone();
        let mut add = |key: Key, value: &Option<String>| {
            let flag = Source::Flag(key.definition().flag);
            flags.set(key, value.clone().unwrap_or_default(), flag);
        };
        add(Key::Lattice, &self.lattice);
        add(Key::JsDomain, &self.js_domain);
        let names_hub = flags.get(Key::LeafRemotes).is_some();
        let dirs = session.dirs.as_ref();
        let mut known = match dirs {
            Some(dirs) => remembered::read(&remembered::path(&dirs.config))?,
            None => Layer::default(),
        };
        if names_hub || self.config.is_some() {
            // Another hub has other credentials.
            known = without_hubs(known);
        }
        let work_dir = std::env::current_dir().unwrap_or_default();
        let named = self.host_config.clone();
        let named = named.or_else(|| Places::named_by(&session.env));
        let places = Places::find(named.as_deref(), dirs, &work_dir);
        let file = match &places.read {
            Some(path) => HostFile::read(path)?,
            None => HostFile::default(),
        };
        let config = match (&self.config, known.get(Key::NatsConfig)) {
            (Some(path), _) => Some(OwnConfig::read(path, &session.env)?),
            (None, Some(path)) if !names_hub => {
                Some(OwnConfig::read(Path::new(&path.value), &session.env)?)
            }
            _ => None,
        };
        let layers = Layers::new(
            flags,
            host::environment(&session.env),
            known.over(file.layer()?),
        );
        Ok((HostSettings::decide_all(&layers)?, config))
    }
}

fn without_hubs(known: Layer<Key>) -> Layer<Key> {
    let mut kept = Layer::default();
    for key in [Key::Lattice, Key::CtlTopicPrefix, Key::JsDomain] {
        if let Some(setting) = known.get(key) {
            kept.set(key, setting.value.clone(), setting.source.clone());
        }
    }
    kept
}

/// The hubs of a file as one set of settings.
fn only(own: &OwnConfig) -> Result<host::Leaf, CommandError> {
    let [hub] = own.hubs.as_slice() else {
        let message = format!(
            "{} names {} hubs, and a bundle is made for one",
            own.path.display(),
            own.hubs.len()
        );
        return Err(CommandError::new(Kind::Usage, message)
            .hint("name the one with --remote URL and its credentials"));
    };
    Ok(hub.clone())
}

/// What files say goes into the bundle.
fn contents(leaf: &host::Leaf) -> Result<Leaf, CommandError> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read {}", path.display());
            CommandError::new(Kind::Auth, message).because(error)
        })
    };
    let mut bundled = Leaf {
        remotes: leaf.remotes.clone(),
        ca: leaf.tls.ca.as_deref().map(read).transpose()?,
        tls_first: leaf.tls.first,
        account: leaf.account.clone(),
        ..Leaf::default()
    };
    if let Some((certificate, key)) = &leaf.tls.certificate {
        bundled.certificate = Some(read(certificate)?);
        bundled.key = Some(read(key)?);
    }
    match &leaf.auth.value {
        Auth::Anonymous | Auth::Jwt { .. } => {}
        Auth::Creds(path) => bundled.creds = Some(read(path)?),
        Auth::Nkey(seed) => bundled.nkey = Some(seed.reveal()),
        Auth::UserPassword { user, password } => {
            bundled.user = Some(user.clone());
            bundled.password = Some(password.reveal().to_owned());
        }
        Auth::Token(token) => bundled.token = Some(token.reveal().to_owned()),
    }
    Ok(bundled)
}
