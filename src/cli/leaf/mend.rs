//! What a person can do about a hub that does not take us.

use crate::cli::report::Kind;
use crate::nats::leaf::{Fault, TlsFault, Way};

/// The kind of a fault, and the command or deed that mends it.
pub(crate) fn mend(fault: &Fault) -> (Kind, &'static str) {
    use Kind::{Auth, Connect};
    match fault {
        Fault::Dns(_) => (Connect, "check the name, and that DNS works here"),
        Fault::Refused(_) => (
            Connect,
            "check that the hub runs, and the port: leaf nodes have one of their own, usually 7422",
        ),
        Fault::Unreachable { .. } => (
            Connect,
            "check the address, and that no firewall is between",
        ),
        Fault::ClientPort(_) => (
            Connect,
            "give the port of the hub's `leafnodes` block, usually 7422",
        ),
        Fault::NotNats(_) => (Connect, "check address and port; hubs usually have 7422"),
        Fault::Http(_) => (
            Connect,
            "check the port; if it is the hub's for websockets, write ws:// or wss:// before it",
        ),
        Fault::NoWebsocket(_) => (
            Connect,
            "write nats-leaf:// or tls:// in place of ws:// or wss://, or give the port of the hub's `websocket` block",
        ),
        Fault::Silent(_) => (
            Connect,
            "check address and port, and that the hub is not stuck",
        ),
        Fault::NoTls(_) => (
            Connect,
            "write nats-leaf:// in place of tls://, if it may go over the network in the clear",
        ),
        Fault::TlsFirst(_) => (Connect, "begin with TLS: --tls-first"),
        Fault::TlsLater(_) => (Connect, "leave --tls-first out"),
        Fault::WebsocketTls(_) => (Connect, "write wss:// in place of ws://"),
        Fault::NoCertificate(_) => (
            Auth,
            "give one with --tls-cert FILE and --tls-key FILE, of an authority that the hub trusts",
        ),
        Fault::Tls { reason, .. } => tls(reason),
        Fault::File { .. } => (Auth, "check the path and who may read it"),
        Fault::Authentication { way, .. } => (Auth, login(*way)),
        Fault::Authorization { .. } => (
            Auth,
            "ask who runs the hub to allow leaf nodes, or more of them, for this account",
        ),
    }
}

fn tls(fault: &TlsFault) -> (Kind, &'static str) {
    match fault {
        TlsFault::Untrusted => (
            Kind::Connect,
            "name the hub's authority: --tls-ca FILE (of a hub of `wash hub init` it is tls/ca.pem)",
        ),
        TlsFault::Expired => (
            Kind::Connect,
            "ask who runs the hub for a new certificate, or set the clock of this machine",
        ),
        TlsFault::Early => (
            Kind::Connect,
            "set the clock of this machine: timedatectl set-ntp true",
        ),
        TlsFault::OtherName(_) => (
            Kind::Connect,
            "reach the hub by a name in its certificate, or have it made for this one",
        ),
        TlsFault::ClientCertificate => (
            Kind::Auth,
            "give one of an authority that the hub trusts: --tls-cert FILE and --tls-key FILE",
        ),
        TlsFault::NotTls => (
            Kind::Connect,
            "check the port, and whether the address needs tls:// or wss://",
        ),
        TlsFault::Other(_) => (
            Kind::Connect,
            "check the certificates of both sides, and the address",
        ),
    }
}

fn login(way: Way) -> &'static str {
    match way {
        Way::None => {
            "log in with --creds FILE (or --nkey, --user and --password, or --token), as who runs the hub says"
        }
        Way::Creds => {
            "get new ones: `wash hub creds NAME` where the hub is, or of who runs it; name them with --creds FILE"
        }
        Way::Nkey => "check --nkey, or ask who runs the hub to permit its public key",
        Way::Password => "check --user and --password",
        Way::Token => "check --token",
    }
}
