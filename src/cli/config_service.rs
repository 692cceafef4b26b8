//! `wash config-service`: tells hosts at their start what to start, by the rules of a file.

use std::path::PathBuf;

use async_nats::{Client, Message};
use serde_json::json;

use crate::config::rules::startup::{Login, Startup, StartupRules};
use crate::config::{Secret, rules};
use crate::lattice::command::RegistryCredential;
use crate::lattice::policy::object;
use crate::lattice::subject::{self, Ctl};
use crate::lattice::supplement::{AutoProvider, Question, Supplement};

use super::CommandResult;
use super::args::ConnectionArgs;
use super::output::Sentence;
use super::rule_file::{self, RuleFile, Wake};
use super::session::Session;

/// The largest question read, in bytes; real ones are far below.
const MAX_BODY: usize = 256 << 10;

/// Tell hosts what to start
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ConfigServiceCommand {
    Serve(Box<ServeArgs>),
}

impl ConfigServiceCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Serve(it) => it.run(session),
        }
    }
}

/// Tell hosts at their start what to start, by a file of rules
///
/// Hosts ask if they were started with --config-service-enabled. The file is YAML, TOML (.toml) or
/// JSON (.json):
///
///   rules:
///     - label: {zone: a}         # of the host; * stands for any characters
///       providers:
///         - image_ref: builtin:httpserver
///           link_name: default
///       actors: [registry.example/hello:0.1.0]
///       registries:
///         registry.example: {username: ann, password: ...}
///
/// Every rule that fits adds to what a host is told; a rule without labels fits every host. A file
/// with passwords must be readable by its owner alone. It is read again when it changes, and on
/// SIGHUP; hosts ask only when they start.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServeArgs {
    /// The rules
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Those with the same group share the questions
    #[arg(long, value_name = "NAME", default_value = "wash-config")]
    queue_group: String,

    /// Only check the file
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ServeArgs {
    fn run(self, session: &Session) -> CommandResult {
        if self.dry_run {
            let rules: StartupRules = rules::read(&self.file)?;
            let (file, count) = (self.file.display(), rules.rules.len());
            let text = format!("{file} is fine: {count} rules");
            return Ok(Box::new(Sentence::new(text, json!({"rules": count}))));
        }
        session.serve(self.serve(session))
    }

    async fn serve(self, session: &Session) -> CommandResult {
        let (mut file, mut rules) = RuleFile::open::<StartupRules>(&self.file)?;
        let lattice = session.connect(&self.connection).await?;
        let client = lattice.client.clone();
        let topic = subject::config::request(&lattice.name);
        let mut questions = rule_file::listen(&client, &topic, &self.queue_group).await?;
        let prefix = lattice.settings.ctl_prefix.as_ref();
        let subjects = Ctl::new(prefix.map(|it| it.value.as_str()), &lattice.name);
        let count = rules.rules.len();
        let (shown, name) = (self.file.display(), &lattice.name);
        let text =
            format!("telling hosts of lattice '{name}' what to start, by {shown} ({count} rules)");
        let fields = json!({
            "file": self.file,
            "rules": count,
            "topic": topic,
            "lattice": name.as_str(),
            "queue_group": self.queue_group,
        });
        session.output.answer_now(&Sentence::new(text, fields));
        loop {
            match file.next(&mut questions).await? {
                Wake::Question(message) => answer(&client, &subjects, &rules, message).await,
                Wake::Rules(changed) if changed == rules => {}
                Wake::Rules(changed) => {
                    rules = changed;
                    tracing::info!(rules = rules.rules.len(), "the rules have changed");
                }
            }
        }
    }
}

async fn answer(client: &Client, subjects: &Ctl, rules: &StartupRules, message: Message) {
    let Some(reply) = message.reply.filter(|it| subjects.may_answer(it)) else {
        return;
    };
    let fits = message.payload.len() <= MAX_BODY;
    let Some(Question { labels }) = fits.then(|| object(&message.payload)).flatten() else {
        tracing::warn!("a question cannot be read");
        return;
    };
    let supplement = supplement(&rules.of(&labels));
    tracing::info!(
        ?labels,
        providers = supplement.auto_start_providers.len(),
        actors = supplement.auto_start_actors.len(),
        registries = supplement.registry_credentials.len(),
        "told a host what to start"
    );
    let body = serde_json::to_vec(&supplement).unwrap_or_default();
    if let Err(error) = client.publish(reply, body.into()).await {
        tracing::warn!("cannot answer: {error}");
    }
}

fn supplement(startup: &Startup<'_>) -> Supplement {
    let providers = startup.providers.iter().map(|it| AutoProvider {
        image_reference: it.reference().to_owned(),
        link_name: it.link_name().to_owned(),
    });
    let registries = startup.registries.iter();
    Supplement {
        auto_start_providers: providers.collect(),
        auto_start_actors: startup.actors.iter().map(|&it| it.to_owned()).collect(),
        registry_credentials: registries
            .map(|(registry, login)| ((*registry).to_owned(), credential(login)))
            .collect(),
    }
}

fn credential(login: &Login) -> RegistryCredential {
    let text = |it: &Option<Secret>| it.as_ref().map(|it| it.reveal().to_owned());
    RegistryCredential {
        username: login.username.clone(),
        password: text(&login.password),
        token: text(&login.token),
        // Hosts from 0.58 on insist on it (protocol §6.6).
        registry_type: Some(login.kind.clone().unwrap_or_else(|| "oci".to_owned())),
    }
}
