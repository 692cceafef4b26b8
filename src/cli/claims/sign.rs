//! `wash claims sign`, and what actors state about themselves.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::claims::module::{self, ModuleError};
use crate::claims::{ActorMetadata, KeyKind, Seed, Token, TokenError};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::signer::{CommonArgs, ISSUER, KeyInput, Keyring, SUBJECT};
use super::{local_path, read_module};

/// Sign a module
///
/// Hosts of every generation accept the result. Keys that are not given are taken from the directory of keys.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// Module to sign: a path or file:// URL
    #[arg(value_name = "MODULE")]
    source: String,

    /// Where the signed module goes [default: {stem}_s.wasm beside the source]
    #[arg(short, long, value_name = "FILE")]
    destination: Option<PathBuf>,

    #[command(flatten)]
    actor: ActorArgs,
}

impl SignArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let source = local_path(&self.source)?;
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let name = self
            .actor
            .name
            .clone()
            .unwrap_or_else(|| stem.clone().into_owned());
        let wasm = read_module(&source)?;
        // Before keys are made for it.
        module::read(&wasm)
            .map(|_| ())
            .or_else(|error| match error {
                ModuleError::Token(_) => Ok(()),
                error => Err(module_error(&source, error)),
            })?;
        let mut keyring = Keyring::open(session, &self.actor.common)?;
        let (token, issuer) = self.actor.token(&mut keyring, &name, &stem)?;
        let (account, subject) = (token.issuer.clone(), token.subject.clone());
        let capabilities = self.actor.capabilities();
        self.actor.note_what_is_missing(session);
        let signed =
            module::sign(&wasm, token, &issuer).map_err(|error| module_error(&source, error))?;
        let destination = self.destination.unwrap_or_else(|| beside(&source));
        write(&destination, &signed).map_err(|error| {
            let message = format!("cannot write {}", destination.display());
            CommandError::new(Kind::General, message).because(error)
        })?;
        let text = format!(
            "signed {} as {name}, {subject}, with {}",
            destination.display(),
            match &capabilities[..] {
                [] => "no capabilities".to_owned(),
                some => some.join(", "),
            }
        );
        let fields = json!({
            "destination": destination,
            "name": name,
            "account": account,
            "module": subject,
            "capabilities": capabilities,
            "generated": keyring.into_generated(),
        });
        Ok(Box::new(Sentence::new(text, fields).named(subject)))
    }
}

/// What an actor states about itself, and the keys for it.
#[derive(Debug, Default, clap::Args)]
pub(super) struct ActorArgs {
    /// May use wasmcloud:keyvalue
    #[arg(short = 'k', long, help_heading = "Capabilities")]
    keyvalue: bool,

    /// May use wasmcloud:messaging
    #[arg(
        short = 'g',
        long = "msg",
        alias = "messaging",
        help_heading = "Capabilities"
    )]
    messaging: bool,

    /// May use wasmcloud:httpserver; -q means this here, not --quiet
    #[arg(long, alias = "http_server", help_heading = "Capabilities")]
    http_server: bool,

    /// May use wasmcloud:httpclient
    #[arg(long, alias = "http_client", help_heading = "Capabilities")]
    http_client: bool,

    /// May use wasmcloud:blobstore
    #[arg(short = 'f', long, alias = "blob_store", help_heading = "Capabilities")]
    blob_store: bool,

    /// May use wasmcloud:builtin:numbergen
    #[arg(short = 'z', long, alias = "numbergen", help_heading = "Capabilities")]
    extras: bool,

    /// May use wasmcloud:builtin:logging
    #[arg(short = 'l', long, help_heading = "Capabilities")]
    logging: bool,

    /// May use wasmcloud:eventstreams
    #[arg(short = 'e', long, help_heading = "Capabilities")]
    events: bool,

    /// May use this contract; can be repeated
    #[arg(
        short = 'c',
        long = "cap",
        value_name = "CONTRACT",
        help_heading = "Capabilities"
    )]
    caps: Vec<String>,

    /// Name for people [default for a module: its file's stem]
    #[arg(short = 'n', long)]
    name: Option<String>,

    /// Tag; can be repeated
    #[arg(short = 't', long = "tag", value_name = "TAG")]
    tags: Vec<String>,

    /// Mark the module as a provider
    #[arg(short = 'p', long = "prov")]
    provider: bool,

    /// Revision, a number that grows; hosts update only to greater ones [default: the time of signing]
    #[arg(short = 'r', long = "rev", alias = "revision", value_name = "NUMBER")]
    revision: Option<i32>,

    /// Version for people; -v means this here, not --verbose
    #[arg(long = "ver", alias = "version", value_name = "TEXT")]
    version: Option<String>,

    /// Alias by which others may call it: a-z, 0-9, _ and /
    #[arg(short = 'a', long, value_name = "ALIAS", value_parser = call_alias)]
    call_alias: Option<String>,

    /// Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user's account key]
    #[arg(short, long, value_name = "KEY")]
    issuer: Option<KeyInput>,

    /// Key of the module itself, in the same forms [env: WASH_SUBJECT_KEY] [default: the key kept for the module's name]
    #[arg(short, long, value_name = "KEY")]
    subject: Option<KeyInput>,

    #[command(flatten)]
    common: CommonArgs,
}

impl ActorArgs {
    /// Contract ids, in a fixed order and each once.
    fn capabilities(&self) -> Vec<String> {
        let shortcuts = [
            (self.keyvalue, "wasmcloud:keyvalue"),
            (self.messaging, "wasmcloud:messaging"),
            (self.http_server, "wasmcloud:httpserver"),
            (self.http_client, "wasmcloud:httpclient"),
            (self.blob_store, "wasmcloud:blobstore"),
            (self.extras, "wasmcloud:builtin:numbergen"),
            (self.logging, "wasmcloud:builtin:logging"),
            (self.events, "wasmcloud:eventstreams"),
        ];
        let chosen = shortcuts.into_iter().filter(|(chosen, _)| *chosen);
        let mut caps: Vec<String> = chosen.map(|(_, cap)| cap.to_owned()).collect();
        for cap in self.caps.iter().filter(|it| !it.is_empty()) {
            if !caps.contains(cap) {
                caps.push(cap.clone());
            }
        }
        caps
    }

    /// A token for the actor called `name`, whose key is kept under `key_name`, and the key that signs it.
    fn token(
        &self,
        keyring: &mut Keyring<'_>,
        name: &str,
        key_name: &str,
    ) -> Result<(Token<ActorMetadata>, Seed), CommandError> {
        let dates = self.common.dates()?;
        let issuer = keyring.key(ISSUER, self.issuer.as_ref(), KeyKind::Account, key_name)?;
        let subject = keyring.key(SUBJECT, self.subject.as_ref(), KeyKind::Module, key_name)?;
        let metadata = ActorMetadata {
            name: Some(name.to_owned()),
            // Filled in when the token goes into a module.
            module_hash: String::new(),
            tags: Some(self.tags.clone()),
            caps: Some(self.capabilities()),
            rev: self.revision,
            ver: self.version.clone(),
            call_alias: self.call_alias.clone(),
            prov: self.provider,
        };
        let mut token = Token::new(&issuer, subject.public(), metadata, dates.now);
        token.expires = dates.expires;
        token.not_before = dates.not_before;
        Ok((token, issuer))
    }

    /// A token that stands alone; it needs a name, having no file to take one from.
    pub(super) fn standalone(
        &self,
        session: &Session,
    ) -> Result<(Token<ActorMetadata>, Seed, serde_json::Value), CommandError> {
        let Some(name) = &self.name else {
            return Err(
                CommandError::new(Kind::Usage, "the actor has no name").hint("give it with --name")
            );
        };
        let mut keyring = Keyring::open(session, &self.common)?;
        let (token, issuer) = self.token(&mut keyring, name, name)?;
        self.note_what_is_missing(session);
        Ok((token, issuer, keyring.into_generated()))
    }

    fn note_what_is_missing(&self, session: &Session) {
        if self.revision.is_none() {
            session
                .output
                .note("no --rev: hosts take the time of signing for the revision");
        }
        if self.version.is_none() {
            session.output.note("no --ver: hosts show no version");
        }
    }
}

/// `{stem}_s.wasm` in the same directory.
fn beside(source: &Path) -> PathBuf {
    let mut name = source.file_stem().unwrap_or_default().to_owned();
    name.push("_s.wasm");
    source.with_file_name(name)
}

/// As a whole or not at all, with the permissions of any new file.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(it) if it != Path::new("") => it,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

fn call_alias(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_/".contains(it);
    if text.is_empty() || !text.chars().all(plain) {
        return Err("an alias is made of a-z, 0-9, _ and /".to_owned());
    }
    if text.len() == 56 && text.chars().all(|it| it.is_ascii_digit()) {
        return Err("it could be taken for a key".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn module_error(path: &Path, error: ModuleError) -> CommandError {
    let path = path.display();
    match error {
        ModuleError::Unsigned => CommandError::new(Kind::Refused, format!("{path} is not signed"))
            .hint(format!("sign it: wash claims sign '{path}'")),
        ModuleError::Token(error @ TokenError::Malformed(_)) => {
            CommandError::new(Kind::Refused, format!("{path} has a bad token")).because(error)
        }
        error => CommandError::new(Kind::Refused, format!("{path}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::{Value, json};

    use super::*;
    use crate::claims::keyfile;
    use crate::cli::claims::testing::{Home, page};

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        sign: SignArgs,
    }

    /// Signs a small module in `home` and returns the answer's fields and the claims.
    fn sign(home: &Home, args: &[&str]) -> Result<(Value, ActorMetadata), CommandError> {
        let source = home.path().join("hello.wasm");
        std::fs::write(&source, wat::parse_str("(module (memory 1))").unwrap()).unwrap();
        let args = [&["sign", source.to_str().unwrap()][..], args].concat();
        let answer = Cli::try_parse_from(args)
            .unwrap()
            .sign
            .run(&home.session())?;
        let fields = Value::from(answer.fields());
        assert!(
            answer
                .text(&page())
                .contains(fields["module"].as_str().unwrap())
        );
        assert_eq!(answer.names(), [fields["module"].as_str().unwrap()]);
        let signed = std::fs::read(fields["destination"].as_str().unwrap()).unwrap();
        let claims = module::verify(&signed, crate::cli::claims::now()).unwrap();
        assert_eq!(claims.token.subject, fields["module"].as_str().unwrap());
        Ok((fields, claims.metadata().clone()))
    }

    #[test]
    fn every_flag_reaches_the_claims() {
        let home = Home::new();
        let (fields, claims) = sign(
            &home,
            &[
                "-kgflez",
                "--http_server",
                "--http-client",
                "-c",
                "a:b",
                "-c",
                "wasmcloud:keyvalue",
                "-n",
                "Hello",
                "-t",
                "one",
                "--tag",
                "two",
                "-r",
                "7",
                "--ver",
                "0.7.0",
                "-a",
                "me/hello",
                "--keygen",
                "-p",
            ],
        )
        .unwrap();
        let caps = [
            "wasmcloud:keyvalue",
            "wasmcloud:messaging",
            "wasmcloud:httpserver",
            "wasmcloud:httpclient",
            "wasmcloud:blobstore",
            "wasmcloud:builtin:numbergen",
            "wasmcloud:builtin:logging",
            "wasmcloud:eventstreams",
            "a:b",
        ];
        assert_eq!(fields["capabilities"], json!(caps));
        let expected = ActorMetadata {
            name: Some("Hello".into()),
            module_hash: claims.module_hash.clone(),
            tags: Some(vec!["one".into(), "two".into()]),
            caps: Some(caps.iter().map(|&it| it.into()).collect()),
            rev: Some(7),
            ver: Some("0.7.0".into()),
            call_alias: Some("me/hello".into()),
            prov: true,
        };
        assert_eq!(claims, expected);
        let destination = home.path().join("hello_s.wasm");
        assert_eq!(fields["destination"], json!(destination));
        let kinds: Vec<_> = fields["generated"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["kind"])
            .collect();
        assert_eq!(kinds, ["account", "module"]);
    }

    #[test]
    fn keys_come_from_the_module_and_user_names() {
        let home = Home::new();
        let missing = sign(&home, &[]).unwrap_err();
        assert_eq!(missing.kind, Kind::NotFound);
        assert!(!home.path().join("config").exists());
        let keys = home.path().join("config").join("keys");
        let (account, module) = (
            Seed::generate(KeyKind::Account),
            Seed::generate(KeyKind::Module),
        );
        keyfile::write(&keys.join("tester_account.nk"), &account).unwrap();
        keyfile::write(&keys.join("hello_module.nk"), &module).unwrap();
        let (fields, claims) = sign(&home, &["--name", "Anything"]).unwrap();
        assert_eq!(
            (&fields["account"], &fields["module"]),
            (&json!(account.public()), &json!(module.public()))
        );
        assert_eq!(fields["generated"], json!([]));
        assert_eq!(claims.name.as_deref(), Some("Anything"));
        let (_, claims) = sign(&home, &[]).unwrap();
        assert_eq!(claims.name.as_deref(), Some("hello"));
    }

    #[test]
    fn a_signed_module_can_replace_its_source() {
        let home = Home::new();
        let source = home.path().join("hello.wasm");
        let (fields, _) = sign(&home, &["--keygen", "-d", source.to_str().unwrap()]).unwrap();
        assert_eq!(fields["destination"], json!(source));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = source.metadata().unwrap().permissions().mode();
            assert_ne!(mode & 0o044, 0, "a module is no secret");
        }
    }

    #[test]
    fn what_is_no_module_makes_no_keys() {
        let home = Home::new();
        let path = home.path().join("text.wasm");
        std::fs::write(&path, "text").unwrap();
        let cli = Cli::try_parse_from(["sign", path.to_str().unwrap(), "--keygen"]).unwrap();
        let error = cli.sign.run(&home.session()).err().unwrap();
        assert_eq!(error.kind, Kind::Refused);
        assert!(!home.path().join("config").exists());
    }

    #[test]
    fn bad_aliases_are_usage_errors() {
        for bad in ["", "Hello", "a-b", "a b", &"1".repeat(56)] {
            assert!(call_alias(bad).is_err(), "{bad}");
        }
        assert!(call_alias("hello/world_2").is_ok());
    }
}
