//! Trying hubs by hand, and what it says about joining them.

use std::time::Duration;

use futures_util::future::join_all;

use super::mend::mend;
use crate::cli::report::Kind;
use crate::lattice::LatticeName;
use crate::lattice::subject::{Ctl, event, rpc};
use crate::nats::leaf::{Fault, Probe, Remote, TlsFault, probe};

/// One attempt at a hub.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Bytes of one message; what calls are chunked for.
const USUAL_PAYLOAD: u64 = 1024 * 1024;

/// What was found out about one address, or one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) status: Status,
    pub(crate) detail: String,
    /// What mends it.
    pub(crate) hint: Option<String>,
    /// The hub takes no more leafs of this user.
    full: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    /// It cannot be told.
    Unknown,
    Warning,
    Failed(Kind),
}

impl Finding {
    pub(crate) fn new(status: Status, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            hint: None,
            full: false,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hub that takes no more leafs than it has is no trouble for those that are joined.
    pub(crate) fn joined(self, joined: bool) -> Self {
        match self.status {
            Status::Failed(_) if joined && self.full => Self {
                status: Status::Unknown,
                hint: None,
                ..self
            },
            _ => self,
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        matches!(self.status, Status::Failed(_))
    }
}

/// What a lattice sends and receives, one subject of each kind.
pub(crate) fn needs(
    lattice: &LatticeName,
    ctl_prefix: Option<&str>,
    js_domain: Option<&str>,
) -> Vec<String> {
    const ANY: &str = "wash-probe";
    let mut subjects = vec![
        Ctl::new(ctl_prefix, lattice).ping_hosts(),
        rpc::actor(lattice, ANY),
        rpc::provider(lattice, ANY, "default"),
        event::all(lattice),
        format!("_INBOX.{ANY}"),
    ];
    subjects.extend(js_domain.map(|it| format!("$JS.{it}.API.INFO")));
    subjects
}

/// Tries every address of every hub. Without `logins` it is not known how to log in, nor whom to trust.
pub(crate) async fn examine(remotes: &[Remote], logins: bool, needs: &[String]) -> Vec<Finding> {
    let tries = remotes.iter().map(|remote| {
        let probes = remote
            .urls
            .iter()
            .map(|url| probe(url, remote, PROBE_LIMIT));
        join_all(probes)
    });
    let tried = join_all(tries).await;
    let any = tried.iter().flatten().any(Result::is_ok);
    let mut findings = Vec::new();
    for (remote, results) in remotes.iter().zip(&tried) {
        for (url, result) in remote.urls.iter().zip(results) {
            findings.push(match result {
                Ok(it) => welcome(&url.shown(), it, needs),
                Err(fault) if !logins && depends_on_login(fault) => Finding::new(
                    Status::Unknown,
                    format!(
                        "{} listens; how to log in there is only known with --config FILE",
                        url.shown()
                    ),
                ),
                Err(fault) => refusal(&url.shown(), fault, any),
            });
        }
    }
    findings
}

fn depends_on_login(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Authentication { .. }
            | Fault::NoCertificate(_)
            | Fault::TlsFirst(_)
            | Fault::Tls {
                reason: TlsFault::Untrusted,
                ..
            }
    )
}

fn welcome(shown: &str, probe: &Probe, needs: &[String]) -> Finding {
    let account = probe.account.as_deref();
    let account = account.map_or(String::new(), |it| format!(" in its account '{it}'"));
    let no = |may: &dyn Fn(&str) -> bool| {
        let denied = needs.iter().filter(|it| !may(it)).map(String::as_str);
        denied.collect::<Vec<_>>().join(", ")
    };
    let publish = no(&|it| probe.rights.may_publish(it));
    let subscribe = no(&|it| probe.rights.may_subscribe(it));
    let mut denied = Vec::new();
    if !publish.is_empty() {
        denied.push(format!("publish {publish}"));
    }
    if !subscribe.is_empty() {
        denied.push(format!("subscribe to {subscribe}"));
    }
    if !denied.is_empty() {
        let detail = format!(
            "authorization: {shown} takes us as a leaf{account} that may not {}",
            denied.join(", nor ")
        );
        return Finding::new(Status::Failed(Kind::Auth), detail)
            .hint("ask who runs the hub to permit this user what a lattice sends and receives");
    }
    let detail = format!("{shown} takes us as a leaf{account}");
    if (1..USUAL_PAYLOAD).contains(&probe.max_payload) {
        let detail = format!(
            "{detail}; messages may have {} bytes only",
            probe.max_payload
        );
        return Finding::new(Status::Warning, detail)
            .hint("ask who runs the hub for max_payload: 1MB");
    }
    Finding::new(Status::Ok, detail)
}

/// One address that is lost is no failure if another works.
fn refusal(shown: &str, fault: &Fault, others: bool) -> Finding {
    let (kind, hint) = mend(fault);
    if others {
        return Finding::new(Status::Warning, format!("{fault}; others take us"))
            .hint(format!("{hint}; or leave {shown} out"));
    }
    let full = matches!(fault, Fault::Authorization { .. });
    let finding = Finding::new(Status::Failed(kind), fault.to_string()).hint(hint);
    Finding { full, ..finding }
}
