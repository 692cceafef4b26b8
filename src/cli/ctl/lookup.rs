//! Who is meant: names looked up in what the lattice says of itself, and in what is built in.

use std::collections::BTreeSet;

use super::artifact;
use super::driver::Driver;
use super::resolve::{Candidates, Noun, full_key};
use crate::cli::report::{CommandError, Kind};
use crate::lattice::wire::Map;
use crate::providers::BUILTINS;

impl Driver<'_> {
    /// The id of the host that `typed` means; without it the only host there is.
    pub(super) async fn host(&self, typed: Option<&str>) -> Result<String, CommandError> {
        let Some(typed) = typed else {
            if let Some(home) = &self.home {
                return Ok(home.clone());
            }
            return match self.some_hosts().await? {
                [host] => Ok(host.id.clone()),
                several => Err(several_hosts(
                    several
                        .iter()
                        .map(|it| (it.id.as_str(), it.friendly_name.as_str())),
                    "name one with --host",
                )),
            };
        };
        if let Some(id) = full_key(Noun::Host, typed)? {
            return Ok(id);
        }
        self.some_hosts().await?;
        self.host_candidates().await?.find(Noun::Host, typed)
    }

    async fn host_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for host in self.hosts().await? {
            let entry = candidates.entry(&host.id);
            entry.running = true;
            push(&mut entry.names, &host.friendly_name);
        }
        Ok(candidates)
    }

    /// Takes the host out of positionals that may name one, in the first place or, for what is `turned`, in the
    /// last: the order of older versions.
    pub(super) async fn split_host(
        &self,
        mut typed: Vec<String>,
        least: usize,
        turned: bool,
    ) -> Result<(Option<String>, Vec<String>), CommandError> {
        if typed.len() <= least {
            return Ok((None, typed));
        }
        let last = typed.len() - 1;
        let places = if turned { vec![0, last] } else { vec![0] };
        for at in &places {
            if let Ok(Some(id)) = full_key(Noun::Host, &typed[*at]) {
                typed.remove(*at);
                return Ok((Some(id), typed));
            }
        }
        let candidates = self.host_candidates().await?;
        for at in places {
            if let Ok(id) = candidates.find(Noun::Host, &typed[at]) {
                typed.remove(at);
                return Ok((Some(id), typed));
            }
        }
        Ok((None, typed))
    }

    /// The key of the actor that `typed` means: a key, a local module, a name, an alias or a reference.
    pub(in crate::cli) async fn actor(&self, typed: &str) -> Result<String, CommandError> {
        if let Some(id) = full_key(Noun::Actor, typed)? {
            return Ok(id);
        }
        if let Some(key) = artifact::local_key(typed) {
            return Ok(key);
        }
        let candidates = self.actor_candidates().await?;
        if candidates.is_empty() {
            self.some_hosts().await?;
        }
        candidates.find(Noun::Actor, typed)
    }

    pub(super) async fn actor_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for actor in self.inventories().await?.iter().flat_map(|it| &it.actors) {
            let entry = candidates.entry(&actor.id);
            entry.running = true;
            entry.names.extend(known(actor.name.as_deref()));
            entry.references.extend(actor.image_ref.clone());
        }
        for claims in self.claims().await {
            let Some(key) = field(claims, ["sub", "subject"]).filter(|it| it.starts_with('M'))
            else {
                continue;
            };
            let entry = candidates.entry(key);
            entry.names.extend(known(field(claims, ["name", "name"])));
            (entry.names).extend(known(field(claims, ["call_alias", "call_alias"])));
        }
        Ok(candidates)
    }

    /// The key of the provider that `typed` means: a key, a name, a contract, a reference or a built-in.
    pub(in crate::cli) async fn provider(&self, typed: &str) -> Result<String, CommandError> {
        if let Some(id) = full_key(Noun::Provider, typed)? {
            return Ok(id);
        }
        if typed.starts_with("builtin:")
            && let Some(builtin) = crate::providers::builtin(typed, false)
        {
            return Ok(builtin.key.to_owned());
        }
        self.provider_candidates()
            .await?
            .find(Noun::Provider, typed)
    }

    pub(super) async fn provider_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for it in self
            .inventories()
            .await?
            .iter()
            .flat_map(|it| &it.providers)
        {
            let entry = candidates.entry(&it.id);
            entry.running = true;
            entry.names.extend(known(it.name.as_deref()));
            entry.references.extend(it.image_ref.clone());
            entry.references.extend(it.builtin.clone());
            push(&mut entry.references, &it.contract_id);
        }
        for claims in self.claims().await {
            let Some(key) = field(claims, ["sub", "subject"]).filter(|it| it.starts_with('V'))
            else {
                continue;
            };
            let entry = candidates.entry(key);
            entry.names.extend(known(field(claims, ["name", "name"])));
            (entry.references).extend(known(field(claims, ["contract_id", "contract_id"])));
        }
        for builtin in BUILTINS {
            let entry = candidates.entry(builtin.key);
            push(&mut entry.names, builtin.title);
            push(&mut entry.names, builtin.name);
            push(&mut entry.references, builtin.contract);
            (entry.references).extend(builtin.aliases.iter().map(ToString::to_string));
        }
        Ok(candidates)
    }
}

/// Several hosts where one is needed.
pub(super) fn several_hosts<'a>(
    hosts: impl Iterator<Item = (&'a str, &'a str)>,
    hint: &str,
) -> CommandError {
    let hosts: BTreeSet<_> = hosts
        .map(|(id, name)| match name {
            "" => id.to_owned(),
            name => format!("{id} ({name})"),
        })
        .collect();
    let list: Vec<_> = hosts.into_iter().collect();
    CommandError::new(
        Kind::Ambiguous,
        format!("{} hosts could be meant: {}", list.len(), list.join(", ")),
    )
    .hint(hint)
}

fn field<'a>(claims: &'a Map, names: [&str; 2]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|it| claims.get(*it))
        .map(String::as_str)
}

/// Hosts write `N/A` for names they do not know.
fn known(name: Option<&str>) -> Option<String> {
    name.filter(|it| !it.is_empty() && *it != "N/A")
        .map(str::to_owned)
}

fn push(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() {
        list.push(text.to_owned());
    }
}
