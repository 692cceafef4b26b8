//! What `wash up` says once its host answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::leaf::Links;
use crate::cli::output::{Answer, Page};
use crate::lattice::state::CutOff;
use crate::nats::embedded;

/// A running host, for people and programs. A host in the background tells it to the command that started it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) host_id: String,
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) lattice: String,
    pub(super) nats_url: String,
    /// `embedded`, `server` or `external`.
    #[serde(default)]
    pub(super) nats_kind: String,
    /// The server that was started for this host; none if one was there already.
    pub(super) nats_pid: Option<u32>,
    /// Where that server keeps its streams.
    #[serde(default)]
    pub(super) nats_dir: Option<PathBuf>,
    pub(super) nats_version: String,
    pub(super) nats_log: Option<PathBuf>,
    pub(super) cluster_signer: String,
    pub(super) cluster_issuers: Vec<String>,
    /// None for stderr.
    pub(super) log: Option<PathBuf>,
    /// None if nothing is kept.
    pub(super) host_config: Option<PathBuf>,
    /// None without a hub.
    #[serde(default)]
    pub(super) leaf: Links,
    #[serde(default)]
    pub(super) state: Known,
    /// The context by which commands reach this host, for as long as it runs.
    #[serde(default)]
    pub(super) context: Option<String>,
    /// What they take if they are told nothing.
    #[serde(default)]
    pub(super) default_context: Option<String>,
    /// What `--apply` did.
    pub(super) applied: Option<Applied>,
}

/// What a host knows of its lattice's state when it is ready.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    domain: Option<String>,
    /// Why it is not up to date.
    cut_off: Option<String>,
    /// When it last was; RFC 3339.
    known_at: Option<String>,
}

impl Known {
    pub(super) fn of(domain: Option<&str>, cut_off: Option<CutOff>) -> Self {
        let known_at = cut_off.as_ref().and_then(|it| it.known_at);
        Self {
            domain: domain.map(str::to_owned),
            known_at: known_at.and_then(|it| {
                let it = OffsetDateTime::from(it).replace_nanosecond(0).ok()?;
                it.format(&Rfc3339).ok()
            }),
            cut_off: cut_off.map(|it| it.reason),
        }
    }

    fn text(&self) -> Option<String> {
        let reason = self.cut_off.as_ref()?;
        let domain = self.domain.as_deref().unwrap_or_default();
        let known = match &self.known_at {
            Some(at) => format!("serving what was known at {at}"),
            None => "nothing is known yet".to_owned(),
        };
        Some(format!(
            "domain '{domain}' is out of reach ({reason}); {known}, catching up by itself"
        ))
    }

    fn fields(&self) -> Value {
        json!({
            "domain": self.domain,
            "up_to_date": self.cut_off.is_none(),
            "cut_off": self.cut_off,
            "known_at": self.known_at,
        })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Applied {
    pub(super) fields: Map<String, Value>,
    pub(super) text: String,
}

impl Applied {
    pub(super) fn new(answer: &dyn Answer, page: &Page) -> Self {
        Self {
            fields: answer.fields(),
            text: answer.text(page),
        }
    }
}

impl Ready {
    fn context_line(&self) -> Option<String> {
        let context = self.context.as_ref()?;
        Some(match &self.default_context {
            Some(default) if default != context => format!(
                "Context  {context} (choose it with --context; without one it is '{default}')"
            ),
            _ => format!("Context  {context} (used by every command while this host runs)"),
        })
    }

    pub(super) fn kill_command(&self) -> String {
        format!("wash down {}", self.host_id)
    }
}

impl Answer for Ready {
    fn fields(&self) -> Map<String, Value> {
        let fields = json!({
            "host_id": self.host_id,
            "name": self.name,
            "pid": self.pid,
            "lattice": self.lattice,
            "nats_url": self.nats_url,
            "nats_kind": self.nats_kind,
            "nats_pid": self.nats_pid,
            "nats_dir": self.nats_dir,
            "nats_started": self.nats_pid.is_some(),
            "nats_version": self.nats_version,
            "nats_log": self.nats_log,
            "cluster_signer": self.cluster_signer,
            "cluster_issuers": self.cluster_issuers,
            "log": self.log,
            // As older versions name it.
            "wasmcloud_log": self.log,
            "host_config": self.host_config,
            "context": self.context,
            "default_context": self.default_context,
            "kill_cmd": self.kill_command(),
            "leaf": self.leaf.fields(),
            "state": self.state.fields(),
            "applied": self.applied.as_ref().map(|it| &it.fields),
        });
        match fields {
            Value::Object(it) => it,
            _ => Map::new(),
        }
    }

    fn text(&self, _: &Page) -> String {
        let nats = match self.nats_pid {
            Some(_) if self.nats_kind == "embedded" => format!(
                "{} (embedded in wash, a single node for this machine)",
                self.nats_url
            ),
            Some(pid) => format!(
                "{} (nats-server {}, started here, pid {pid})",
                self.nats_url, self.nats_version
            ),
            None if embedded::is_version(&self.nats_version) => format!(
                "{} (embedded in another wash, was there already and stays)",
                self.nats_url
            ),
            None => format!(
                "{} (nats-server {}, was there already and stays)",
                self.nats_url, self.nats_version
            ),
        };
        let mut lines = vec![
            format!("Host     {} ({})", self.host_id, self.name),
            format!("Lattice  {}", self.lattice),
            format!("NATS     {nats}"),
            format!("Cluster  {}", self.cluster_signer),
        ];
        if let Some(leaf) = self.leaf.text() {
            lines.insert(3, format!("Leaf     {leaf}"));
        }
        if let Some(state) = self.state.text() {
            lines.push(format!("State    {state}"));
        }
        if let Some(path) = &self.host_config {
            lines.push(format!("Config   {}", path.display()));
        }
        lines.extend(self.context_line());
        match &self.log {
            Some(path) => {
                lines.push(format!("Log      {}", path.display()));
                lines.push(format!("Stop     {}", self.kill_command()));
            }
            None => {
                lines.push("Log      stderr".to_owned());
                lines.push("Stop     Ctrl-C".to_owned());
            }
        }
        if let Some(applied) = &self.applied {
            lines.push(applied.text.clone());
        }
        lines.join("\n")
    }

    fn names(&self) -> Vec<String> {
        vec![self.host_id.clone()]
    }
}
