//! Reading a server's configuration file, as far as leaf nodes need it: its keys, blocks and lists. Whether all of
//! it is right is for the server to say.

use std::collections::BTreeMap;
use std::io;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

/// A value of a configuration. Numbers and truths are text.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<Value>),
    Block(Block),
}

/// Keys in lower case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Block(BTreeMap<String, Value>);

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{path}:{line}: {reason}")]
    Malformed {
        path: PathBuf,
        line: usize,
        reason: &'static str,
    },
}

/// Bytes of one file.
const MAX_FILE: u64 = 1 << 20;

/// Files within files, and blocks within blocks.
const MAX_DEPTH: usize = 32;

impl Block {
    /// Reads a file and those that it includes. `variable` tells the environment.
    ///
    /// # Errors
    /// Both variants of [`ReadError`], which never quotes a value.
    pub fn read(path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ReadError> {
        let mut block = Self::default();
        read_into(path, variable, &mut block, 0)?;
        Ok(block)
    }

    /// The first of these keys that is there.
    pub fn get(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().find_map(|key| self.0.get(*key))
    }

    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        match self.get(keys)? {
            Value::Text(it) => Some(it),
            _ => None,
        }
    }

    pub fn block(&self, keys: &[&str]) -> Option<&Block> {
        match self.get(keys)? {
            Value::Block(it) => Some(it),
            _ => None,
        }
    }

    pub fn list(&self, keys: &[&str]) -> &[Value] {
        match self.get(keys) {
            Some(Value::List(it)) => it,
            _ => &[],
        }
    }

    pub fn is_true(&self, keys: &[&str]) -> bool {
        self.text(keys)
            .is_some_and(|it| matches!(it.to_ascii_lowercase().as_str(), "true" | "yes" | "on"))
    }
}

/// Values may be secrets.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(…)")
    }
}

fn read_into(
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
    block: &mut Block,
    depth: usize,
) -> Result<(), ReadError> {
    let unreadable = |reason| ReadError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let text = {
        use std::io::Read as _;
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
        read.map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE {
            return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
        }
        text
    };
    let mut reader = Reader {
        path,
        variable,
        chars: text.chars().peekable(),
        line: 1,
        depth,
    };
    reader.block(block, None)
}

struct Reader<'a> {
    path: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    chars: Peekable<Chars<'a>>,
    line: usize,
    depth: usize,
}

impl Reader<'_> {
    fn malformed(&self, reason: &'static str) -> ReadError {
        ReadError::Malformed {
            path: self.path.to_owned(),
            line: self.line,
            reason,
        }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    /// Passes over blanks, separators and comments.
    fn skip(&mut self, separators: &[char]) {
        while let Some(&c) = self.chars.peek() {
            let comment = c == '#' || (c == '/' && self.chars.clone().nth(1) == Some('/'));
            if comment {
                while self.chars.peek().is_some_and(|it| *it != '\n') {
                    self.next();
                }
            } else if c.is_whitespace() || separators.contains(&c) {
                self.next();
            } else {
                return;
            }
        }
    }

    fn block(&mut self, block: &mut Block, end: Option<char>) -> Result<(), ReadError> {
        if self.depth > MAX_DEPTH {
            return Err(self.malformed("too many blocks or files within each other"));
        }
        self.depth += 1;
        loop {
            self.skip(&[',', ';']);
            match self.chars.peek() {
                None if end.is_none() => break,
                None => return Err(self.malformed("a block is not closed")),
                Some(it) if Some(*it) == end => {
                    self.next();
                    break;
                }
                Some(_) => {}
            }
            let key = self.word(&[':', '=', '{'])?.to_ascii_lowercase();
            if key.is_empty() {
                return Err(self.malformed("a key is missing"));
            }
            self.skip(&[]);
            let separated = matches!(self.chars.peek(), Some(':' | '='));
            if separated {
                self.next();
                self.skip(&[]);
            }
            if key == "include" && !separated {
                let name = self.word(&[])?;
                let folder = self.path.parent().unwrap_or(Path::new("."));
                read_into(&folder.join(name), self.variable, block, self.depth)?;
                continue;
            }
            let value = self.value(block)?;
            block.0.insert(key, value);
        }
        self.depth -= 1;
        Ok(())
    }

    fn value(&mut self, around: &Block) -> Result<Value, ReadError> {
        match self.chars.peek() {
            Some('{') => {
                self.next();
                let mut block = Block::default();
                self.block(&mut block, Some('}'))?;
                Ok(Value::Block(block))
            }
            Some('[') => {
                self.next();
                self.list(around).map(Value::List)
            }
            Some('(') => {
                self.next();
                let mut text = String::new();
                loop {
                    match self.next() {
                        Some(')') => return Ok(Value::Text(text.trim().to_owned())),
                        Some(c) => text.push(c),
                        None => return Err(self.malformed("a block of text is not closed")),
                    }
                }
            }
            Some('$') => {
                self.next();
                let name = self.word(&[])?;
                let known = around.0.get(&name.to_ascii_lowercase()).cloned();
                let told = || (self.variable)(&name).map(Value::Text);
                known
                    .or_else(told)
                    .ok_or_else(|| self.malformed("a variable is not set"))
            }
            Some(_) => self.word(&[]).map(Value::Text),
            None => Err(self.malformed("a value is missing")),
        }
    }

    fn list(&mut self, around: &Block) -> Result<Vec<Value>, ReadError> {
        if self.depth > MAX_DEPTH {
            return Err(self.malformed("too many lists within each other"));
        }
        self.depth += 1;
        let mut items = Vec::new();
        loop {
            self.skip(&[',', ';']);
            match self.chars.peek() {
                Some(']') => {
                    self.next();
                    self.depth -= 1;
                    return Ok(items);
                }
                Some('}') | None => return Err(self.malformed("a list is not closed")),
                Some(_) => items.push(self.value(around)?),
            }
        }
    }

    /// Quoted text, or what reaches to the next blank, separator or one of `ends`.
    fn word(&mut self, ends: &[char]) -> Result<String, ReadError> {
        let mut text = String::new();
        match self.chars.peek().copied() {
            Some(quote @ ('"' | '\'')) => {
                self.next();
                loop {
                    match self.next() {
                        Some(c) if c == quote => return Ok(text),
                        Some('\\') if quote == '"' => text.push(self.escape()?),
                        Some(c) => text.push(c),
                        None => return Err(self.malformed("a text is not closed")),
                    }
                }
            }
            _ => {
                while let Some(&c) = self.chars.peek() {
                    let ended = c.is_whitespace() || matches!(c, ',' | ';' | ']' | '}');
                    if ended || ends.contains(&c) {
                        break;
                    }
                    text.push(c);
                    self.next();
                }
                if text.is_empty() && self.chars.peek().is_some_and(|it| matches!(it, ']' | '}')) {
                    return Err(self.malformed("a value is missing, or a bracket is too many"));
                }
                Ok(text)
            }
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('x') => {
                let digits: String = [self.next(), self.next()].into_iter().flatten().collect();
                let byte = u8::from_str_radix(&digits, 16);
                byte.map(char::from)
                    .map_err(|_| self.malformed("an escape is not valid"))
            }
            _ => Err(self.malformed("an escape is not valid")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Block, ReadError> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Block::read(&dir.path().join(files[0].0), &|name| {
            (name == "PORT").then(|| "4333".to_owned())
        })
    }

    #[test]
    fn every_way_to_write_it_is_read() {
        let main = r#"
            # comment
            port: $PORT, HTTP = 8222 // both
            server_name nested
            jetstream { store_dir: '/a b', domain = "co\"re" }
            leafnodes {
                remotes = [
                    { url: nats-leaf://h:7422, credentials: "/c" } # one
                    { urls: ["tls://a", tls://b] tls { ca_file: /ca } }
                ]
            }
            text (
                many
            )
            include "other.conf"
        "#;
        let block = read(&[("a.conf", main), ("other.conf", "debug: true")]).unwrap();
        assert_eq!(block.text(&["port"]), Some("4333"));
        assert_eq!(block.text(&["monitor", "http"]), Some("8222"));
        assert_eq!(block.text(&["server_name"]), Some("nested"));
        assert_eq!(
            block.block(&["jetstream"]).unwrap().text(&["domain"]),
            Some("co\"re")
        );
        assert_eq!(block.text(&["text"]), Some("many"));
        assert!(block.is_true(&["debug"]));
        let remotes = block.block(&["leafnodes"]).unwrap().list(&["remotes"]);
        let [Value::Block(one), Value::Block(two)] = remotes else {
            panic!("{}", remotes.len())
        };
        assert_eq!(one.text(&["url"]), Some("nats-leaf://h:7422"));
        assert_eq!(two.list(&["urls"]).len(), 2);
        assert_eq!(two.block(&["tls"]).unwrap().text(&["ca_file"]), Some("/ca"));
    }

    #[test]
    fn what_is_broken_is_located_and_never_quoted() {
        for text in [
            "a: {\n b: SECRET",
            "a: \"SECRET",
            "\na: [1, 2",
            "a: $SECRET",
            "}",
            "a: ]",
            "a: \"\\q\"",
            "include missing.conf",
            "include a.conf",
        ] {
            let error = read(&[("a.conf", text)]).unwrap_err();
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
        let deep = "a: {".repeat(100_000);
        assert!(read(&[("a.conf", &deep)]).is_err());
        let deep = format!("a: {}", "[".repeat(100_000));
        assert!(read(&[("a.conf", &deep)]).is_err());
    }
}
