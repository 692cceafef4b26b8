//! `wash policy serve`: answers hosts by the rules of a file, and tells them when the rules decide otherwise.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use async_nats::{Client, Message};
use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::rule_file::{self, RuleFile, Wake};
use crate::cli::session::Session;
use crate::config::rules;
use crate::config::rules::policy::{PolicyRules, Verdict};
use crate::lattice::policy::{Decision, Request, Revision, object};
use crate::lattice::subject::{Ctl, policy};

use super::facts;

/// Answers that are remembered, so that they can be taken back; beyond that the oldest stand.
const MAX_REMEMBERED: usize = 50_000;

/// The largest question read, in bytes; real ones are far below.
const MAX_BODY: usize = 256 << 10;

/// Answer the questions of hosts by a file of rules
///
/// Hosts ask if they were started with --policy-topic. The file is YAML, TOML (.toml) or JSON (.json):
///
///   default: deny
///   rules:
///     - effect: allow            # or deny; the first rule that fits decides
///       name: ours               # told in answers and in the log
///       action: start_actor      # start_provider, perform_invocation
///       issuer: A...             # the account that signed what is started or called
///       label: {zone: a}         # of the host
///
/// A rule may also look at target, source, source_issuer, capability, link_name, host and
/// lattice, and have a message. Each takes one text or a list of them, any of which will do; in
/// a text, * stands for any characters. What a rule leaves out fits everything; without a
/// default, what fits no rule is denied.
///
/// The file is read again when it changes, and on SIGHUP; hosts that listen on the topic of changes
/// follow at once. Answers given before a restart of the service stay until their hosts restart.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServeArgs {
    /// The rules
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Subject on which hosts ask [env: WASMCLOUD_POLICY_TOPIC] [default: wasmcloud.policy]
    #[arg(long, value_name = "SUBJECT")]
    topic: Option<String>,

    /// Subject on which hosts are told of changes [env: WASMCLOUD_POLICY_CHANGES_TOPIC]
    /// [default: wasmcloud.policy.changes]
    #[arg(long, value_name = "SUBJECT")]
    changes_topic: Option<String>,

    /// Those with the same group share the questions
    #[arg(long, value_name = "NAME", default_value = "wash-policy")]
    queue_group: String,

    /// Only check the file
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ServeArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        if self.dry_run {
            let rules: PolicyRules = rules::read(&self.file)?;
            let (file, count) = (self.file.display(), rules.rules.len());
            let text = format!("{file} is fine: {count} rules");
            return Ok(Box::new(Sentence::new(text, json!({"rules": count}))));
        }
        session.serve(self.serve(session))
    }

    async fn serve(self, session: &Session) -> CommandResult {
        let (mut file, rules) = RuleFile::open::<PolicyRules>(&self.file)?;
        let subject = |flag: Option<String>, variable: &str, default: &str| {
            flag.or_else(|| session.env.get(variable).map(str::to_owned))
                .unwrap_or_else(|| default.to_owned())
        };
        let topic = subject(self.topic, "WASMCLOUD_POLICY_TOPIC", policy::REQUESTS);
        let changes = "WASMCLOUD_POLICY_CHANGES_TOPIC";
        let changes = subject(self.changes_topic, changes, policy::CHANGES);
        let lattice = session.connect(&self.connection).await?;
        let client = lattice.client.clone();
        let prefix = lattice.settings.ctl_prefix.as_ref();
        let prefix = prefix.map(|it| it.value.as_str());
        let mut questions = rule_file::listen(&client, &topic, &self.queue_group).await?;

        let count = rules.rules.len();
        let mut service = Service {
            subjects: Ctl::new(prefix, &lattice.name),
            client,
            changes,
            rules,
            given: Given::default(),
        };
        let text = format!(
            "deciding by {} ({count} rules) on '{topic}'; changes go to '{}'",
            self.file.display(),
            service.changes,
        );
        let fields = json!({
            "file": self.file,
            "rules": count,
            "topic": topic,
            "changes_topic": service.changes,
            "queue_group": self.queue_group,
        });
        session.output.answer_now(&Sentence::new(text, fields));
        loop {
            match file.next(&mut questions).await? {
                Wake::Question(message) => service.answer(message).await,
                Wake::Rules(rules) => service.change(rules).await,
            }
        }
    }
}

struct Service {
    client: Client,
    subjects: Ctl,
    /// Subject of changes.
    changes: String,
    rules: PolicyRules,
    given: Given,
}

impl Service {
    async fn answer(&mut self, message: Message) {
        let Some(reply) = message.reply.filter(|it| self.subjects.may_answer(it)) else {
            return;
        };
        let fits = message.payload.len() <= MAX_BODY;
        let request: Option<Request> = fits.then(|| object(&message.payload)).flatten();
        let decision = match &request {
            Some(request) => {
                let verdict = self.rules.decide(&facts(request));
                log(request, &verdict);
                Decision {
                    request_id: request.request_id.clone(),
                    permitted: verdict.permitted(),
                    message: verdict.message(),
                }
            }
            None => {
                tracing::warn!("a question cannot be read, and is denied");
                Decision {
                    request_id: String::new(),
                    permitted: false,
                    message: "the question cannot be read".to_owned(),
                }
            }
        };
        self.publish(reply.to_string(), &decision).await;
        if let Some(request) = request {
            self.given.remember(request, decision.permitted);
        }
    }

    /// Takes back what would be decided otherwise now.
    async fn change(&mut self, rules: PolicyRules) {
        if rules == self.rules {
            return;
        }
        self.rules = rules;
        let mut revisions = Vec::new();
        for (request, permitted) in self.given.all() {
            let verdict = self.rules.decide(&facts(request));
            if verdict.permitted() != *permitted {
                *permitted = verdict.permitted();
                log(request, &verdict);
                let id = request.request_id.clone();
                revisions.push(Revision::new(id, *permitted, verdict.message()));
            }
        }
        let (count, changed) = (self.rules.rules.len(), revisions.len());
        tracing::info!(rules = count, changed, "the rules have changed");
        for revision in revisions {
            self.publish(self.changes.clone(), &revision).await;
        }
    }

    async fn publish(&self, subject: String, body: &impl serde::Serialize) {
        let body = serde_json::to_vec(body).unwrap_or_default();
        if let Err(error) = self.client.publish(subject, body.into()).await {
            tracing::warn!("cannot send: {error}");
        }
    }
}

/// Each denial, and with more words each permission.
fn log(request: &Request, verdict: &Verdict<'_>) {
    let facts = facts(request);
    let (action, by) = (request.action.name(), &verdict.by);
    let (target, issuer, host) = (facts.target, facts.issuer, facts.host);
    let (source, lattice) = (facts.source, facts.lattice);
    match verdict.permitted() {
        true => {
            tracing::debug!(
                action,
                target,
                issuer,
                source,
                host,
                lattice,
                "allowed by {by}"
            );
        }
        false => tracing::warn!(
            action,
            target,
            issuer,
            source,
            host,
            lattice,
            "denied by {by}"
        ),
    }
}

/// What was answered, by request.
#[derive(Debug, Default)]
struct Given {
    answers: HashMap<String, (Request, bool)>,
    /// Oldest first.
    order: VecDeque<String>,
}

impl Given {
    fn remember(&mut self, request: Request, permitted: bool) {
        let id = request.request_id.clone();
        // Without an id it cannot be taken back.
        if id.is_empty() {
            return;
        }
        if self
            .answers
            .insert(id.clone(), (request, permitted))
            .is_none()
        {
            self.order.push_back(id);
        }
        while self.order.len() > MAX_REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
    }

    fn all(&mut self) -> impl Iterator<Item = (&Request, &mut bool)> {
        self.answers
            .values_mut()
            .map(|(request, permitted)| (&*request, permitted))
    }
}
