//! What hosts start by their labels, and how they log in to registries. Every rule that fits adds to it. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Labels, Rules, labels_fit};
use crate::config::Secret;

/// Rules of a config service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartupRules {
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One rule. Without labels it fits every host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    label: Labels,
    #[serde(default)]
    providers: Vec<Provider>,
    /// References.
    #[serde(default)]
    actors: Vec<Reference>,
    /// By registry.
    #[serde(default)]
    registries: BTreeMap<String, Login>,
}

/// A provider to start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    image_ref: Reference,
    #[serde(default = "default_link_name")]
    link_name: Reference,
}

impl Provider {
    pub fn reference(&self) -> &str {
        &self.image_ref.0
    }

    pub fn link_name(&self) -> &str {
        &self.link_name.0
    }
}

/// A text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference(String);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "" => Err(serde::de::Error::custom("it is empty")),
            text => Ok(Self(text.to_owned())),
        }
    }
}

/// How to log in to a registry: a user with a password, or with a token in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Login {
    pub username: Option<String>,
    #[serde(deserialize_with = "secret")]
    pub password: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    pub token: Option<Secret>,
    /// `oci` or `bindle`; none is `oci`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// What one host is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Startup<'a> {
    /// In the order of the file; so are the actors.
    pub providers: Vec<&'a Provider>,
    pub actors: Vec<&'a str>,
    pub registries: BTreeMap<&'a str, &'a Login>,
}

impl Rules for StartupRules {
    fn are_secret(&self) -> bool {
        let mut logins = self.rules.iter().flat_map(|it| it.registries.values());
        logins.any(|it| it.password.is_some() || it.token.is_some())
    }
}

impl StartupRules {
    /// What a host with these labels starts. Of two logins for a registry the later counts.
    pub fn of(&self, labels: &BTreeMap<String, String>) -> Startup<'_> {
        let mut startup = Startup::default();
        for rule in self.rules.iter().filter(|it| labels_fit(&it.label, labels)) {
            for provider in &rule.providers {
                if !startup.providers.contains(&provider) {
                    startup.providers.push(provider);
                }
            }
            for Reference(actor) in &rule.actors {
                if !startup.actors.contains(&actor.as_str()) {
                    startup.actors.push(actor);
                }
            }
            let logins = rule.registries.iter().map(|(key, it)| (key.as_str(), it));
            startup.registries.extend(logins);
        }
        startup
    }
}

fn default_link_name() -> Reference {
    Reference("default".to_owned())
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
