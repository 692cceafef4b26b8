//! Who may start and call what: the first rule that fits decides. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{Any, Labels, Pattern, Rules, labels_fit};

/// Rules of a policy service, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRules {
    /// What is decided where no rule fits.
    #[serde(default)]
    pub default: Effect,
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Allow,
    /// Where a file says nothing.
    #[default]
    Deny,
}

/// One rule. It fits what everything in it fits; what it leaves out fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub effect: Effect,
    /// For logs and answers.
    #[serde(default)]
    pub name: Option<String>,
    /// Told to whoever is denied.
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default)]
    action: Any<Action>,
    /// Keys of what is started or called.
    #[serde(default)]
    target: Any<Pattern>,
    /// Accounts that signed it.
    #[serde(default)]
    issuer: Any<Pattern>,
    /// Keys of who calls.
    #[serde(default)]
    source: Any<Pattern>,
    /// Accounts that signed the caller.
    #[serde(default)]
    source_issuer: Any<Pattern>,
    /// Contracts: of the provider that is started or calls, or that the calling actor claims.
    #[serde(default)]
    capability: Any<Pattern>,
    #[serde(default)]
    link_name: Any<Pattern>,
    /// Keys of hosts.
    #[serde(default)]
    host: Any<Pattern>,
    /// Labels of the host.
    #[serde(default)]
    label: Labels,
    #[serde(default)]
    lattice: Any<Pattern>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    StartActor,
    StartProvider,
    PerformInvocation,
}

impl Rules for PolicyRules {}

/// All that rules can look at; empty where it is not known.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub action: Action,
    pub target: &'a str,
    pub issuer: &'a str,
    pub source: &'a str,
    pub source_issuer: &'a str,
    pub capabilities: Vec<&'a str>,
    pub link_name: &'a str,
    pub host: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    pub lattice: &'a str,
}

/// What was decided, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    pub effect: Effect,
    pub by: By<'a>,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By<'a> {
    /// Its place, from 1.
    Rule(usize, &'a Rule),
    Default,
}

impl Verdict<'_> {
    pub fn permitted(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// For whoever asked.
    pub fn message(&self) -> String {
        match &self.by {
            By::Rule(
                _,
                Rule {
                    message: Some(it), ..
                },
            ) => it.clone(),
            by => match self.permitted() {
                true => format!("allowed by {by}"),
                false => format!("denied by {by}"),
            },
        }
    }
}

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(
                number,
                Rule {
                    name: Some(name), ..
                },
            ) => write!(f, "rule {number}, '{name}'"),
            Self::Rule(number, _) => write!(f, "rule {number}"),
            Self::Default => f.write_str("the default, as no rule fits"),
        }
    }
}

impl PolicyRules {
    /// The first rule that fits decides, else the default.
    pub fn decide(&self, facts: &Facts<'_>) -> Verdict<'_> {
        let mut numbered = self.rules.iter().enumerate();
        match numbered.find(|(_, rule)| rule.fits(facts)) {
            Some((index, rule)) => Verdict {
                effect: rule.effect,
                by: By::Rule(index + 1, rule),
            },
            None => Verdict {
                effect: self.default,
                by: By::Default,
            },
        }
    }
}

impl Rule {
    fn fits(&self, facts: &Facts<'_>) -> bool {
        let one = |patterns: &Any<Pattern>, text: &str| patterns.fits(|it| it.fits(text));
        self.action.fits(|it| *it == facts.action)
            && one(&self.target, facts.target)
            && one(&self.issuer, facts.issuer)
            && one(&self.source, facts.source)
            && one(&self.source_issuer, facts.source_issuer)
            && self
                .capability
                .fits(|it| facts.capabilities.iter().any(|text| it.fits(text)))
            && one(&self.link_name, facts.link_name)
            && one(&self.host, facts.host)
            && labels_fit(&self.label, facts.labels)
            && one(&self.lattice, facts.lattice)
    }
}
