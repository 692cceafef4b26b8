//! Every subject of the lattice: building and parsing side by side (protocol §4.1, §6.1, §8).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A lattice's name: letters, digits, `-` and `_` only, since it becomes a subject token and part of bucket
/// names (protocol §13.10).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LatticeName(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a lattice name: use letters, digits, '-' and '_'")]
pub struct BadLatticeName(String);

impl LatticeName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LatticeName {
    fn default() -> Self {
        Self("default".into())
    }
}

impl FromStr for LatticeName {
    type Err = BadLatticeName;

    fn from_str(text: &str) -> Result<Self, BadLatticeName> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || !text.chars().all(fits) {
            return Err(BadLatticeName(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for LatticeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control subjects start with this unless a host is configured otherwise.
pub const DEFAULT_CTL_PREFIX: &str = "wasmbus.ctl";

/// Subjects of calls (protocol §4.1). Keys and link names are peers' text: see [`is_token`].
pub mod rpc {
    use super::LatticeName;

    pub fn actor(lattice: &LatticeName, actor: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{actor}")
    }

    /// Where hosts that run an actor ask each other for room; also the queue group. Of our own making: hosts of
    /// other generations neither send nor listen there.
    pub fn spare(lattice: &LatticeName, actor: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{actor}.wash.spare")
    }

    pub fn provider(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}")
    }

    pub fn link_put(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}.linkdefs.put")
    }

    pub fn link_del(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}.linkdefs.del")
    }

    /// Both of the above in one subscription, which keeps their order.
    pub fn links(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}.linkdefs.*")
    }

    /// What a message to [`links`] is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LinkChange {
        Put,
        Delete,
    }

    /// None where the subject is neither.
    pub fn link_change(subject: &str) -> Option<LinkChange> {
        match subject.rsplit_once(".linkdefs.")?.1 {
            "put" => Some(LinkChange::Put),
            "del" => Some(LinkChange::Delete),
            _ => None,
        }
    }

    pub fn health(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}.health")
    }

    pub fn shutdown(lattice: &LatticeName, provider: &str, link_name: &str) -> String {
        format!("wasmbus.rpc.{lattice}.{provider}.{link_name}.shutdown")
    }

    /// The queue group of providers' calls; that of actors is the subject itself.
    pub const PROVIDER_QUEUE: &str = "rpc";
}

/// Subjects of events (protocol §8).
pub mod event {
    use super::LatticeName;

    pub fn all(lattice: &LatticeName) -> String {
        format!("wasmbus.evt.{lattice}")
    }

    /// The copy for those who follow one type of event; `*` follows every type.
    pub fn of_type(lattice: &LatticeName, name: &str) -> String {
        format!("wasmbus.evt.{lattice}.{name}")
    }

    /// Outbound calls, as hosts from 0.59 on report them.
    pub fn invocations(lattice: &LatticeName) -> String {
        format!("wasmbus.rpcevt.{lattice}")
    }
}

/// Subjects of the config service (protocol §9.4).
pub mod config {
    use super::LatticeName;

    pub fn request(lattice: &LatticeName) -> String {
        format!("wasmbus.cfg.{lattice}.req")
    }
}

/// Subjects of a policy service where nobody chose others (protocol §9.5). Hosts have no default: they ask only
/// if they are told where.
pub mod policy {
    pub const REQUESTS: &str = "wasmcloud.policy";
    pub const CHANGES: &str = "wasmcloud.policy.changes";
}

/// Subjects of the state stream of the oldest hosts (protocol §7.1).
pub mod cache {
    /// What a message of the stream is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Entry<'a> {
        Link,
        /// By public key.
        Claims(&'a str),
        Reference,
    }

    /// None where the subject is not of the stream.
    pub fn parse(subject: &str) -> Option<Entry<'_>> {
        let tokens: Vec<&str> = subject.split('.').collect();
        match tokens.as_slice() {
            ["lc", _, "linkdefs", _] => Some(Entry::Link),
            ["lc", _, "claims", key] => Some(Entry::Claims(key)),
            ["lc", _, "refmap", _] => Some(Entry::Reference),
            _ => None,
        }
    }
}

/// The object store in which artifacts travel; ours.
pub mod artifact {
    use super::LatticeName;

    pub fn bucket(lattice: &LatticeName) -> String {
        format!("ARTIFACTS_{lattice}")
    }

    pub fn stream(lattice: &LatticeName) -> String {
        format!("OBJ_ARTIFACTS_{lattice}")
    }

    /// Where the chunks of one upload lie; `>` is those of all.
    pub fn chunks(lattice: &LatticeName, upload: &str) -> String {
        format!("$O.ARTIFACTS_{lattice}.C.{upload}")
    }

    /// Where an object's description lies, by its encoded name; `>` is those of all.
    pub fn object(lattice: &LatticeName, name: &str) -> String {
        format!("$O.ARTIFACTS_{lattice}.M.{name}")
    }
}

/// The control interface of one lattice under one prefix (protocol §6.1).
#[derive(Clone, Debug)]
pub struct Ctl {
    /// `{prefix}.{lattice}`.
    base: String,
}

impl Ctl {
    pub fn new(prefix: Option<&str>, lattice: &LatticeName) -> Self {
        Self {
            base: format!("{}.{lattice}", prefix.unwrap_or(DEFAULT_CTL_PREFIX)),
        }
    }

    pub fn ping_hosts(&self) -> String {
        format!("{}.ping.hosts", self.base)
    }

    pub fn claims(&self) -> String {
        format!("{}.get.claims", self.base)
    }

    pub fn links(&self) -> String {
        format!("{}.get.links", self.base)
    }

    pub fn inventory(&self, host: &str) -> String {
        format!("{}.get.{host}.inv", self.base)
    }

    pub fn link_put(&self) -> String {
        format!("{}.linkdefs.put", self.base)
    }

    pub fn link_del(&self) -> String {
        format!("{}.linkdefs.del", self.base)
    }

    pub fn registries_put(&self) -> String {
        format!("{}.registries.put", self.base)
    }

    pub fn auction_actor(&self) -> String {
        format!("{}.auction.actor", self.base)
    }

    pub fn auction_provider(&self) -> String {
        format!("{}.auction.provider", self.base)
    }

    pub fn command(&self, host: &str, command: Command) -> String {
        format!("{}.cmd.{host}.{}", self.base, command.token())
    }

    pub fn label_put(&self, host: &str) -> String {
        format!("{}.labels.{host}.put", self.base)
    }

    pub fn label_del(&self, host: &str) -> String {
        format!("{}.labels.{host}.del", self.base)
    }

    /// What a host subscribes to: subject and, where one host answers for all, the queue group. The group
    /// names are those of the oldest hosts, so that no mixed lattice handles a put twice (protocol §13.7).
    pub fn subscriptions(&self, host: &str) -> Vec<(String, Option<String>)> {
        let base = &self.base;
        let alone = |subject| (subject, None);
        let shared = |subject| (subject, Some(base.clone()));
        vec![
            alone(self.registries_put()),
            alone(self.ping_hosts()),
            alone(format!("{base}.auction.>")),
            alone(format!("{base}.cmd.{host}.*")),
            alone(self.inventory(host)),
            alone(format!("{base}.labels.{host}.*")),
            shared(format!("{base}.linkdefs.*")),
            shared(format!("{base}.get.*")),
        ]
    }

    /// Whether an answer may go to `subject`: to an inbox of whatever name, but not where it would be read as a
    /// request, of any lattice's hosts or of NATS itself. Servers do not check whether who asks may publish there.
    pub fn may_answer(&self, subject: &str) -> bool {
        let prefix = self.base.rsplit_once('.').map_or("", |(it, _)| it);
        let control = subject
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with('.'));
        !control && !subject.starts_with('$')
    }

    /// What a host is asked on `subject`; none where it is no subject of this control interface.
    pub fn parse<'a>(&self, subject: &'a str) -> Option<Request<'a>> {
        let rest = subject.strip_prefix(&self.base)?.strip_prefix('.')?;
        let tokens: Vec<&str> = rest.split('.').collect();
        Some(match tokens.as_slice() {
            ["ping", "hosts"] => Request::PingHosts,
            ["get", "claims"] => Request::Claims,
            ["get", "links"] => Request::Links,
            ["get", host, "inv"] => Request::Inventory(host),
            ["linkdefs", "put"] => Request::LinkPut,
            ["linkdefs", "del"] => Request::LinkDel,
            ["registries", "put"] => Request::RegistriesPut,
            ["auction", "actor"] => Request::AuctionActor,
            ["auction", "provider"] => Request::AuctionProvider,
            ["labels", host, "put"] => Request::LabelPut(host),
            ["labels", host, "del"] => Request::LabelDel(host),
            ["cmd", host, command] => Request::Command(host, Command::from_token(command)?),
            _ => return None,
        })
    }
}

/// A request to a host, by its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    PingHosts,
    Claims,
    Links,
    Inventory(&'a str),
    LinkPut,
    LinkDel,
    RegistriesPut,
    AuctionActor,
    AuctionProvider,
    LabelPut(&'a str),
    LabelDel(&'a str),
    Command(&'a str, Command),
}

/// A command to one host (protocol §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    StartActor,
    StopActor,
    ScaleActor,
    UpdateActor,
    StartProvider,
    StopProvider,
    StopHost,
}

impl Command {
    const ALL: [Self; 7] = [
        Self::StartActor,
        Self::StopActor,
        Self::ScaleActor,
        Self::UpdateActor,
        Self::StartProvider,
        Self::StopProvider,
        Self::StopHost,
    ];

    fn token(self) -> &'static str {
        match self {
            Self::StartActor => "la",
            Self::StopActor => "sa",
            Self::ScaleActor => "scale",
            Self::UpdateActor => "upd",
            Self::StartProvider => "lp",
            Self::StopProvider => "sp",
            Self::StopHost => "stop",
        }
    }

    fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.token() == token)
    }
}

/// Whether a peer's text (a key, a link name) can stand as one token of a subject without meaning more.
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|c: char| {
            c == '.' || c == '*' || c == '>' || c.is_whitespace() || c.is_control()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "NHOST";

    #[test]
    fn names_that_would_break_subjects_are_refused() {
        for bad in ["", "a.b", "a b", "*", ">", "ä", "a/b"] {
            assert!(bad.parse::<LatticeName>().is_err(), "{bad}");
        }
        assert_eq!(
            "my-lattice_2".parse::<LatticeName>().unwrap().as_str(),
            "my-lattice_2"
        );
        for bad in ["", "a.b", "a b", "*", "x>", "a\n"] {
            assert!(!is_token(bad), "{bad}");
        }
        assert!(is_token("default") && is_token("link-1_x"));
    }

    #[test]
    fn call_and_event_subjects() {
        let lattice = LatticeName::default();
        assert_eq!(rpc::actor(&lattice, "MA"), "wasmbus.rpc.default.MA");
        assert_eq!(
            rpc::spare(&lattice, "MA"),
            "wasmbus.rpc.default.MA.wash.spare"
        );
        assert_eq!(
            rpc::provider(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln"
        );
        assert_eq!(
            rpc::link_put(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln.linkdefs.put"
        );
        assert_eq!(
            rpc::link_del(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln.linkdefs.del"
        );
        assert_eq!(
            rpc::links(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln.linkdefs.*"
        );
        let change = |it: &str| rpc::link_change(it);
        let put = rpc::link_put(&lattice, "VP", "ln");
        assert_eq!(change(&put), Some(rpc::LinkChange::Put));
        let del = rpc::link_del(&lattice, "VP", "ln");
        assert_eq!(change(&del), Some(rpc::LinkChange::Delete));
        for neither in ["wasmbus.rpc.default.VP.ln.linkdefs.get", "put", ""] {
            assert_eq!(change(neither), None);
        }
        assert_eq!(
            rpc::health(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln.health"
        );
        assert_eq!(
            rpc::shutdown(&lattice, "VP", "ln"),
            "wasmbus.rpc.default.VP.ln.shutdown"
        );
        assert_eq!(event::all(&lattice), "wasmbus.evt.default");
        assert_eq!(
            event::of_type(&lattice, "actor_scaled"),
            "wasmbus.evt.default.actor_scaled"
        );
        assert_eq!(event::invocations(&lattice), "wasmbus.rpcevt.default");
        assert_eq!(config::request(&lattice), "wasmbus.cfg.default.req");
    }

    #[test]
    fn subjects_of_the_old_state_stream() {
        use cache::{Entry, parse};
        assert_eq!(parse("lc.default.linkdefs.some-uuid"), Some(Entry::Link));
        assert_eq!(parse("lc.default.claims.MA"), Some(Entry::Claims("MA")));
        assert_eq!(parse("lc.default.refmap.Zm9v"), Some(Entry::Reference));
        for other in ["", "lc.default", "lc.default.x.y", "x.default.claims.MA"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn answers_go_to_inboxes_only() {
        for prefix in [None, Some("a.b.ctl")] {
            let ctl = Ctl::new(prefix, &LatticeName::default());
            let other = Ctl::new(prefix, &"other".parse().unwrap());
            for inbox in ["_INBOX.x.y", "wasmbus.inbox.1", "mine"] {
                assert!(ctl.may_answer(inbox), "{inbox}");
            }
            let stop = ctl.command(HOST, Command::StopHost);
            let of_other = other.command(HOST, Command::StopHost);
            for request in [&stop, &of_other, "$JS.API.STREAM.PURGE.S", "$KV.b.k"] {
                assert!(!ctl.may_answer(request), "{request}");
            }
        }
    }

    #[test]
    fn control_subjects_parse_back() {
        let ctl = Ctl::new(None, &LatticeName::default());
        let mut cases = vec![
            (
                ctl.ping_hosts(),
                "wasmbus.ctl.default.ping.hosts",
                Request::PingHosts,
            ),
            (
                ctl.claims(),
                "wasmbus.ctl.default.get.claims",
                Request::Claims,
            ),
            (ctl.links(), "wasmbus.ctl.default.get.links", Request::Links),
            (
                ctl.inventory(HOST),
                "wasmbus.ctl.default.get.NHOST.inv",
                Request::Inventory(HOST),
            ),
            (
                ctl.link_put(),
                "wasmbus.ctl.default.linkdefs.put",
                Request::LinkPut,
            ),
            (
                ctl.link_del(),
                "wasmbus.ctl.default.linkdefs.del",
                Request::LinkDel,
            ),
            (
                ctl.registries_put(),
                "wasmbus.ctl.default.registries.put",
                Request::RegistriesPut,
            ),
            (
                ctl.auction_actor(),
                "wasmbus.ctl.default.auction.actor",
                Request::AuctionActor,
            ),
            (
                ctl.auction_provider(),
                "wasmbus.ctl.default.auction.provider",
                Request::AuctionProvider,
            ),
            (
                ctl.label_put(HOST),
                "wasmbus.ctl.default.labels.NHOST.put",
                Request::LabelPut(HOST),
            ),
            (
                ctl.label_del(HOST),
                "wasmbus.ctl.default.labels.NHOST.del",
                Request::LabelDel(HOST),
            ),
        ];
        let tokens = ["la", "sa", "scale", "upd", "lp", "sp", "stop"];
        let commands: Vec<_> = tokens
            .iter()
            .map(|token| format!("wasmbus.ctl.default.cmd.NHOST.{token}"))
            .collect();
        for (command, expected) in Command::ALL.into_iter().zip(&commands) {
            cases.push((
                ctl.command(HOST, command),
                expected,
                Request::Command(HOST, command),
            ));
        }
        for (built, expected, request) in &cases {
            assert_eq!(built, expected);
            assert_eq!(ctl.parse(built), Some(*request));
        }
    }

    #[test]
    fn other_subjects_are_nothing() {
        let ctl = Ctl::new(Some("my.prefix"), &LatticeName::default());
        assert_eq!(
            ctl.parse("my.prefix.default.ping.hosts"),
            Some(Request::PingHosts)
        );
        for other in [
            "my.prefix.default",
            "my.prefix.defaultx.ping.hosts",
            "wasmbus.ctl.default.ping.hosts",
            "",
        ] {
            assert_eq!(ctl.parse(other), None);
        }
        assert_eq!(ctl.parse("my.prefix.default.cmd.N.fly"), None);
    }

    #[test]
    fn queue_groups_are_those_of_the_oldest_hosts() {
        let ctl = Ctl::new(None, &LatticeName::default());
        let groups: Vec<_> = ctl
            .subscriptions(HOST)
            .into_iter()
            .filter_map(|(_, group)| group)
            .collect();
        assert_eq!(groups, ["wasmbus.ctl.default", "wasmbus.ctl.default"]);
    }
}
