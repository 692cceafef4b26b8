//! `wash policy test`: what a file of rules decides, and by which rule.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::ctl::pairs::Pair;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::config::rules;
use crate::config::rules::policy::{Action, By, Facts, PolicyRules};

/// Tell what a file of rules decides, and by which rule
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The rules
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// What is to be done
    #[arg(long, value_enum)]
    action: Asked,

    /// Key of what is started or called
    #[arg(long, value_name = "KEY", default_value = "")]
    target: String,

    /// Account that signed it
    #[arg(long, value_name = "KEY", default_value = "")]
    issuer: String,

    /// Key of who calls
    #[arg(long, value_name = "KEY", default_value = "")]
    source: String,

    /// Account that signed the caller
    #[arg(long, value_name = "KEY", default_value = "")]
    source_issuer: String,

    /// Contract of the provider, or claimed by the caller; may be repeated
    #[arg(long, value_name = "CONTRACT")]
    capability: Vec<String>,

    /// Link name of the provider
    #[arg(long, value_name = "NAME", default_value = "default")]
    link_name: String,

    /// Key of the host
    #[arg(long, value_name = "KEY", default_value = "")]
    host: String,

    /// Label of the host; may be repeated
    #[arg(short, long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Pair>,

    /// The host's lattice
    #[arg(short = 'x', long, value_name = "NAME", default_value = "default")]
    lattice: String,

    /// Fail if it decides otherwise
    #[arg(long, value_enum)]
    expect: Option<Expected>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Asked {
    #[value(alias = "start-actor")]
    StartActor,
    #[value(alias = "start-provider")]
    StartProvider,
    #[value(alias = "perform-invocation", alias = "call")]
    PerformInvocation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Expected {
    Allow,
    Deny,
}

impl TestArgs {
    pub(super) fn run(self) -> CommandResult {
        let rules: PolicyRules = rules::read(&self.file)?;
        let labels: BTreeMap<String, String> = Pair::map(self.labels);
        let verdict = rules.decide(&Facts {
            action: match self.action {
                Asked::StartActor => Action::StartActor,
                Asked::StartProvider => Action::StartProvider,
                Asked::PerformInvocation => Action::PerformInvocation,
            },
            target: &self.target,
            issuer: &self.issuer,
            source: &self.source,
            source_issuer: &self.source_issuer,
            capabilities: self.capability.iter().map(String::as_str).collect(),
            link_name: &self.link_name,
            host: &self.host,
            labels: &labels,
            lattice: &self.lattice,
        });
        let (word, expected) = match verdict.permitted() {
            true => ("allowed", Expected::Allow),
            false => ("denied", Expected::Deny),
        };
        let (rule, name) = match &verdict.by {
            By::Rule(number, rule) => (Some(*number), rule.name.clone()),
            By::Default => (None, None),
        };
        let text = format!("{word} by {}", verdict.by);
        let fields = json!({
            "permitted": verdict.permitted(),
            "rule": rule,
            "name": name,
            "message": verdict.message(),
        });
        let answer = Sentence::new(&text, fields).named(word);
        match self.expect {
            Some(it) if it != expected => {
                let error = CommandError::new(Kind::Refused, format!("not as expected: {text}"));
                Err(error.after(answer))
            }
            _ => Ok(Box::new(answer)),
        }
    }
}
