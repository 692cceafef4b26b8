//! What `wash apply` is going to do, as far as it can be known before anything is sent.

use std::path::Path;

use crate::cli::ctl::artifact::{self, Artifact};
use crate::cli::ctl::resolve::{Candidates, Noun, full_key};
use crate::cli::ctl::{link_name, read_text};
use crate::cli::report::{CommandError, Kind};
use crate::config::env::Env;
use crate::config::manifest::{At, Finding, MAX_MANIFEST, Manifest, Syntax};
use crate::lattice::wire::Map;

/// A manifest whose local parts have been looked at: modules read, references made absolute.
#[derive(Debug)]
pub(in crate::cli) struct Plan {
    pub(super) shown: String,
    pub(super) actors: Vec<(At<String>, Artifact)>,
    pub(super) providers: Vec<PlannedProvider>,
    pub(super) links: Vec<PlannedLink>,
}

#[derive(Debug)]
pub(super) struct PlannedProvider {
    pub(super) typed: String,
    pub(super) artifact: Artifact,
    pub(super) link_name: String,
}

#[derive(Debug)]
pub(super) struct PlannedLink {
    pub(super) actor: At<String>,
    pub(super) provider: At<String>,
    pub(super) contract: String,
    pub(super) link_name: String,
    pub(super) values: Values,
}

/// Link values, which may be secrets.
pub(super) struct Values(pub(super) Map);

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Plan {
    /// Reads a manifest and everything local that it names; nothing is sent. Paths are relative to the
    /// manifest's directory.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for the manifest itself, [`Kind::Refused`] with all findings.
    pub(in crate::cli) fn read(
        file: &Path,
        variables: Option<&Env>,
        verify: bool,
    ) -> Result<Self, CommandError> {
        let text = read_text(file, MAX_MANIFEST)?;
        let shown = match file == Path::new("-") {
            true => "stdin".to_owned(),
            false => file.display().to_string(),
        };
        let lookup = variables.map(|env| move |name: &str| env.get(name).map(str::to_owned));
        let lookup = lookup
            .as_ref()
            .map(|it| it as &dyn Fn(&str) -> Option<String>);
        let manifest =
            Manifest::parse(&text, Syntax::of(file), lookup).map_err(|it| invalid(&shown, &it))?;
        Self::of(shown, manifest, file.parent(), verify)
    }

    fn of(
        shown: String,
        manifest: Manifest,
        base: Option<&Path>,
        verify: bool,
    ) -> Result<Self, CommandError> {
        let mut findings = Vec::new();
        let mut plan = Self {
            shown,
            actors: Vec::new(),
            providers: Vec::new(),
            links: Vec::new(),
        };
        for actor in manifest.actors {
            match artifact::actor(&actor.value, base, verify) {
                Ok(found) => plan.actors.push((actor, found)),
                Err(error) => findings.push(actor.finding(error.message)),
            }
        }
        for it in manifest.capabilities {
            if let Err(error) = link_name(&it.link_name.value) {
                findings.push(it.link_name.finding(error.message));
            }
            match artifact::provider(&it.image_ref.value, base) {
                Ok(artifact) => plan.providers.push(PlannedProvider {
                    typed: it.image_ref.value,
                    artifact,
                    link_name: it.link_name.value,
                }),
                Err(error) => findings.push(it.image_ref.finding(error.message)),
            }
        }
        for it in manifest.links {
            if let Err(error) = link_name(&it.link_name.value) {
                findings.push(it.link_name.finding(error.message));
            }
            plan.links.push(PlannedLink {
                actor: it.actor,
                provider: it.provider_id,
                contract: it.contract_id.value,
                link_name: it.link_name.value,
                values: Values(it.values),
            });
        }
        if findings.is_empty() {
            Ok(plan)
        } else {
            findings.sort_by_key(|it| it.position);
            Err(invalid(&plan.shown, &findings))
        }
    }

    /// The key of an actor of this manifest, as far as it can be known before it runs.
    fn actor(&self, typed: &str) -> End {
        let of_reference =
            |(at, it): &&(At<String>, Artifact)| at.value == typed || it.reference == typed;
        match self.actors.iter().find(of_reference) {
            Some((_, artifact)) => match artifact.key() {
                Some(key) => End::Known(key.to_owned()),
                None => End::Later(artifact.reference.clone()),
            },
            None => End::Elsewhere,
        }
    }

    fn provider(&self, typed: &str) -> End {
        let of_reference =
            |it: &&PlannedProvider| it.typed == typed || it.artifact.reference == typed;
        match self.providers.iter().find(of_reference) {
            Some(it) => match crate::providers::builtin(&it.artifact.reference, true) {
                Some(builtin) => End::Known(builtin.key.to_owned()),
                None => End::Later(it.typed.clone()),
            },
            None => End::Elsewhere,
        }
    }

    /// Adds the names of this manifest's own modules.
    pub(super) fn add_actors(&self, candidates: &mut Candidates) {
        for (at, artifact) in &self.actors {
            let Some(claims) = &artifact.claims else {
                continue;
            };
            let entry = candidates.entry(&claims.token.subject);
            entry.running = true;
            entry.references.push(at.value.clone());
            let metadata = claims.metadata();
            entry.names.extend(metadata.name.clone());
            entry.names.extend(metadata.call_alias.clone());
        }
    }

    /// Some keys are only known once things run.
    fn has_unknown(&self, noun: Noun) -> bool {
        match noun {
            Noun::Actor => self.actors.iter().any(|it| it.1.key().is_none()),
            Noun::Provider => {
                let known = |it: &PlannedProvider| {
                    crate::providers::builtin(&it.artifact.reference, true).is_some()
                };
                !self.providers.iter().all(known)
            }
            Noun::Host => false,
        }
    }
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Known(String),
    /// Known once this, which the manifest starts, runs.
    Later(String),
    /// Not of this manifest.
    Elsewhere,
}

pub(super) fn invalid(shown: &str, findings: &[Finding]) -> CommandError {
    let message = match findings {
        [only] => format!("{shown}:{only}"),
        several => format!("{shown}: {} things are wrong", several.len()),
    };
    let mut error = CommandError::new(Kind::Refused, message);
    if findings.len() > 1 {
        error.causes = findings.iter().map(|it| format!("{shown}:{it}")).collect();
    }
    error.hint("nothing was sent")
}

/// What an end of a link means; what cannot be found becomes a finding.
pub(super) fn find_end(
    noun: Noun,
    at: &At<String>,
    plan: &Plan,
    candidates: &Candidates,
    findings: &mut Vec<Finding>,
) -> End {
    let typed = at.value.as_str();
    match full_key(noun, typed) {
        Ok(Some(key)) => return End::Known(key),
        Ok(None) => {}
        Err(error) => {
            findings.push(at.finding(error.message));
            return End::Elsewhere;
        }
    }
    let own = match noun {
        Noun::Provider => plan.provider(typed),
        Noun::Actor | Noun::Host => plan.actor(typed),
    };
    if own != End::Elsewhere {
        return own;
    }
    if let Some(builtin) = crate::providers::builtin(typed, true).filter(|_| noun == Noun::Provider)
    {
        return End::Known(builtin.key.to_owned());
    }
    match candidates.find(noun, typed) {
        Ok(key) => End::Known(key),
        Err(error) if error.kind == Kind::NotFound && plan.has_unknown(noun) => {
            End::Later(typed.to_owned())
        }
        Err(error) => {
            findings.push(at.finding(error.message));
            End::Elsewhere
        }
    }
}
