//! The text of a server's configuration file.

use std::fmt::Write as _;
use std::path::Path;

/// What goes into the file.
#[derive(Clone, Debug)]
pub struct Conf<'a> {
    /// Address to listen on, without the port.
    pub host: &'a str,
    /// 0 lets the kernel choose.
    pub port: u16,
    pub server_name: &'a str,
    pub store: &'a Path,
    pub domain: Option<&'a str>,
    pub log: &'a Path,
    /// The server writes a file with its real addresses here once it accepts connections.
    pub ports: &'a Path,
}

impl Conf<'_> {
    pub fn text(&self) -> String {
        // The server wants -1 where everyone else writes 0.
        let port = match self.port {
            0 => "-1".to_owned(),
            port => port.to_string(),
        };
        let mut text = String::from("# Written by `wash up` at each start.\n");
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key}: {value}");
        };
        line("host", quote(self.host));
        line("port", port);
        line("server_name", quote(self.server_name));
        line("log_file", quote_path(self.log));
        line("ports_file_dir", quote_path(self.ports));
        text.push_str("jetstream {\n");
        let _ = writeln!(text, "  store_dir: {}", quote_path(self.store));
        if let Some(domain) = self.domain {
            let _ = writeln!(text, "  domain: {}", quote(domain));
        }
        text.push_str("}\n");
        text
    }
}

fn quote_path(path: &Path) -> String {
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
            host: "127.0.0.1",
            port,
            server_name: "wash",
            store: Path::new("/s"),
            domain,
            log: Path::new("/l"),
            ports: Path::new("/p"),
        };
        assert!(!conf(None, 4222).text().contains("domain"));
        assert!(conf(Some("core"), 4222).text().contains("domain: \"core\""));
        assert!(conf(None, 0).text().contains("port: -1\n"));
    }
}
