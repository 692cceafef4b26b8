//! The text of a server's configuration file.

use std::fmt::Write as _;
use std::path::Path;

pub mod read;

use super::leaf::Remote;

/// A server asks who is silent for a sign of life, leaf links and clients alike. With its own two minutes, calls go
/// to a host that hangs, or over a link that is cut, for as long; with these it is six to ten seconds, which slow
/// and lossy lines stay well below.
pub(super) const PINGS: &str = "ping_interval: \"2s\"\nping_max: 3\n";

/// What goes into the file.
#[derive(Clone, Debug)]
pub struct Conf<'a> {
    /// Lines of comment at the top, without their `#`.
    pub about: &'a [&'a str],
    /// Address to listen on, without the port.
    pub host: &'a str,
    /// 0 lets the kernel choose, here and in the other ports.
    pub port: u16,
    pub server_name: &'a str,
    pub store: &'a Path,
    pub domain: Option<&'a str>,
    /// None logs to stderr.
    pub log: Option<&'a Path>,
    /// The server writes a file with its real addresses here once it accepts connections.
    pub ports: Option<&'a Path>,
    /// Port of its monitoring, on this machine only.
    pub monitor: Option<u16>,
    /// Port for websockets, on this machine only.
    pub websocket: Option<u16>,
    /// The hubs to be a leaf of.
    pub remotes: &'a [Remote],
}

impl Conf<'_> {
    pub fn text(&self) -> String {
        let mut text = String::new();
        for about in self.about {
            let _ = writeln!(text, "# {about}");
        }
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key}: {value}");
        };
        line("host", quote(self.host));
        line("port", port(self.port));
        line("server_name", quote(self.server_name));
        if let Some(monitor) = self.monitor {
            line("http", quote(&format!("127.0.0.1:{}", port(monitor))));
        }
        if let Some(log) = self.log {
            line("log_file", quote_path(log));
        }
        if let Some(ports) = self.ports {
            line("ports_file_dir", quote_path(ports));
        }
        text.push_str(PINGS);
        text.push_str("jetstream {\n");
        let _ = writeln!(text, "  store_dir: {}", quote_path(self.store));
        if let Some(domain) = self.domain {
            let _ = writeln!(text, "  domain: {}", quote(domain));
        }
        text.push_str("}\n");
        if let Some(websocket) = self.websocket {
            let port = port(websocket);
            let _ = write!(
                text,
                "websocket {{\n  host: \"127.0.0.1\"\n  port: {port}\n  no_tls: true\n}}\n"
            );
        }
        self.write_remotes(&mut text);
        text
    }

    fn write_remotes(&self, text: &mut String) {
        if self.remotes.is_empty() {
            return;
        }
        text.push_str("leafnodes {\n  remotes: [\n");
        for remote in self.remotes {
            remote.write(text);
        }
        text.push_str("  ]\n}\n");
        let mut accounts: Vec<&str> = self
            .remotes
            .iter()
            .filter_map(|it| it.account.as_deref())
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        if let [first, ..] = accounts.as_slice() {
            text.push_str("accounts {\n");
            for account in &accounts {
                let name = quote(account);
                let _ = writeln!(
                    text,
                    "  {name}: {{ jetstream: enabled, users: [ {{ user: {name}, password: \"\" }} ] }}"
                );
            }
            // Whoever connects on this machine without a login is in the account that the leaf is in.
            let _ = writeln!(text, "}}\nno_auth_user: {}", quote(first));
        }
    }
}

/// The server wants -1 where everyone else writes 0.
fn port(port: u16) -> String {
    match port {
        0 => "-1".to_owned(),
        port => port.to_string(),
    }
}

pub(super) fn quote_path(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// A double-quoted string: there, a backslash escapes and nothing else is special (`$` and `#` are plain text).
/// What has no escape of its own is written as the bytes of its UTF-8 form.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_the_server_reads_them() {
        assert_eq!(quote("plain"), r#""plain""#);
        assert_eq!(quote(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(quote("$HOME # é"), "\"$HOME # é\"");
        assert_eq!(quote("a\nb\u{1}"), r#""a\nb\x01""#);
    }

    #[test]
    fn a_domain_is_written_only_if_there_is_one() {
        let conf = |domain, port| Conf {
            about: &["a comment"],
            host: "127.0.0.1",
            port,
            server_name: "wash",
            store: Path::new("/s"),
            domain,
            log: Some(Path::new("/l")),
            ports: None,
            monitor: None,
            websocket: None,
            remotes: &[],
        };
        assert!(!conf(None, 4222).text().contains("domain"));
        assert!(conf(Some("core"), 4222).text().contains("domain: \"core\""));
        assert!(conf(None, 0).text().contains("port: -1\n"));
        assert!(conf(None, 0).text().contains("\nping_interval: \"2s\"\n"));
    }
}
