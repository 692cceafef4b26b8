//! The configuration of a hub's server, in two files: one that its owner may edit, and one with the accounts,
//! which is written anew whenever somebody is revoked.

use std::fmt::Write as _;
use std::path::Path;

use crate::nats::conf::{PINGS, quote};

/// What goes into the owner's file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conf<'a> {
    pub(super) name: &'a str,
    /// Address to listen on, without the port.
    pub(super) host: &'a str,
    /// For clients; 0 lets the kernel choose, here as below.
    pub(super) port: u16,
    pub(super) leaf_port: u16,
    /// Serves figures on this machine alone.
    pub(super) monitor_port: Option<u16>,
    /// JetStream domain; none for a server without JetStream.
    pub(super) domain: Option<&'a str>,
    /// Certificate chain and key.
    pub(super) tls: Option<(&'a Path, &'a Path)>,
    pub(super) operator_token: &'a str,
    /// Public key.
    pub(super) system_account: &'a str,
    pub(super) pid_file: &'a Path,
    pub(super) store: &'a Path,
    /// Name of the file with the accounts, beside this one.
    pub(super) accounts_file: &'a str,
}

impl Conf<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::from(
            "# Written by `wash hub init`, and yours to edit. The accounts are in a file of their own, which\n\
             # `wash hub` rewrites. Paths are those of the place where the hub was made.\n",
        );
        text.push_str(PINGS);
        let mut line = |indent: &str, key: &str, value: &str| {
            let _ = writeln!(text, "{indent}{key}: {value}");
        };
        line("", "server_name", &quote(self.name));
        line("", "host", &quote(self.host));
        line("", "port", &port(self.port));
        if let Some(it) = self.monitor_port {
            line("", "http", &format!("\"127.0.0.1:{}\"", port(it)));
        }
        line("", "pid_file", &quote_path(self.pid_file));
        line("", "operator", &quote(self.operator_token));
        line("", "system_account", &quote(self.system_account));
        line("", "resolver", "MEMORY");
        let _ = writeln!(text, "include {}", quote(self.accounts_file));
        text.push_str(&self.tls(""));
        text.push_str("leafnodes {\n");
        let _ = writeln!(text, "  host: {}", quote(self.host));
        let _ = writeln!(text, "  port: {}", port(self.leaf_port));
        // Machines come by the address they were given, not by those that this one has behind its router.
        text.push_str("  no_advertise: true\n");
        text.push_str(&self.tls("  "));
        text.push_str("}\n");
        if let Some(domain) = self.domain {
            let _ = write!(
                text,
                "jetstream {{\n  store_dir: {}\n  domain: {}\n}}\n",
                quote_path(self.store),
                quote(domain)
            );
        }
        text
    }

    fn tls(&self, indent: &str) -> String {
        let Some((certificate, key)) = self.tls else {
            return String::new();
        };
        // The server's own two seconds are short for a handshake over a slow line.
        format!(
            "{indent}tls {{\n{indent}  cert_file: {}\n{indent}  key_file: {}\n{indent}  timeout: 10\n{indent}}}\n",
            quote_path(certificate),
            quote_path(key)
        )
    }
}

/// The file with the accounts: public keys with their tokens.
pub(super) fn accounts(tokens: &[(&str, &str)]) -> String {
    let mut text = String::from("# Written by `wash hub`; edits are lost.\nresolver_preload {\n");
    for (public, token) in tokens {
        let _ = writeln!(text, "  {public}: {}", quote(token));
    }
    text.push_str("}\n");
    text
}

/// The server wants -1 where everyone else writes 0.
fn port(port: u16) -> String {
    match port {
        0 => "-1".to_owned(),
        port => port.to_string(),
    }
}

fn quote_path(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_is_written_and_everything_is_quoted() {
        let plain = Conf {
            name: "hub",
            host: "0.0.0.0",
            port: 4222,
            leaf_port: 0,
            monitor_port: None,
            domain: None,
            tls: None,
            operator_token: "eyJ",
            system_account: "AS",
            pid_file: Path::new("/a \"b\"/nats.pid"),
            store: Path::new("/s"),
            accounts_file: "accounts.conf",
        };
        let text = plain.text();
        assert!(
            text.contains("\nport: 4222\n") && text.contains("\n  port: -1\n"),
            "{text}"
        );
        assert!(text.contains(r#"pid_file: "/a \"b\"/nats.pid""#), "{text}");
        assert!(
            text.contains("\nping_interval: \"2s\"\nping_max: 3\n"),
            "{text}"
        );
        for absent in ["tls", "jetstream", "http"] {
            assert!(!text.contains(absent), "{text}");
        }
        let full = Conf {
            monitor_port: Some(8222),
            domain: Some("hub"),
            tls: Some((Path::new("/c"), Path::new("/k"))),
            ..plain
        };
        let text = full.text();
        assert_eq!(text.matches("cert_file: \"/c\"").count(), 2, "{text}");
        assert!(text.contains("http: \"127.0.0.1:8222\""), "{text}");
        assert!(text.contains("domain: \"hub\""), "{text}");
    }

    #[test]
    fn accounts_are_listed_by_key() {
        let text = accounts(&[("AX", "eyJ.a.b")]);
        assert!(
            text.ends_with("resolver_preload {\n  AX: \"eyJ.a.b\"\n}\n"),
            "{text}"
        );
    }
}
