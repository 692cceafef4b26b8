//! `wash claims token`: tokens that stand alone.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::claims::{KeyKind, ProviderMetadata, Seed, SignerMetadata, Token, jwt};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::sign::ActorArgs;
use super::signer::{CommonArgs, Dates, ISSUER, KeyInput, Keyring, SUBJECT};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for an actor
    Actor(Box<ActorTokenArgs>),
    Operator(OperatorArgs),
    Account(AccountArgs),
    Provider(Box<ProviderArgs>),
}

impl TokenCommand {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Actor(it) => {
                let (token, issuer, generated) = it.actor.standalone(session)?;
                answer(&token, &issuer, generated)
            }
            Self::Operator(it) => it.run(session),
            Self::Account(it) => it.run(session),
            Self::Provider(it) => it.run(session),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ActorTokenArgs {
    #[command(flatten)]
    actor: ActorArgs,
}

/// Make a token for an operator, who signs accounts
#[derive(Debug, clap::Args)]
pub(crate) struct OperatorArgs {
    /// Name for people
    #[arg(short, long)]
    name: String,

    /// Key of the operator, who signs for themselves: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the key kept for
    /// the name]
    #[arg(short, long, value_name = "KEY")]
    issuer: Option<KeyInput>,

    /// Another operator key that may sign: public, or as for --issuer; can be repeated
    #[arg(short, long = "additional-key", value_name = "KEY")]
    additional_keys: Vec<KeyInput>,

    #[command(flatten)]
    common: CommonArgs,
}

impl OperatorArgs {
    fn run(self, session: &Session) -> CommandResult {
        let dates = self.common.dates()?;
        let metadata = signers(self.name.clone(), &self.additional_keys, KeyKind::Operator)?;
        let mut keyring = Keyring::open(session, &self.common)?;
        let issuer = keyring.key(ISSUER, self.issuer.as_ref(), KeyKind::Operator, &self.name)?;
        let token = dated(
            Token::new(&issuer, issuer.public(), metadata, dates.now),
            dates,
        );
        answer(&token, &issuer, keyring.into_generated())
    }
}

/// Make a token for an account, which signs actors and providers
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    /// Name for people
    #[arg(short, long)]
    name: String,

    /// Operator who signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the operator key kept for the name]
    #[arg(short, long, value_name = "KEY")]
    issuer: Option<KeyInput>,

    /// Key of the account, in the same forms [env: WASH_SUBJECT_KEY] [default: the user's account key]
    #[arg(short, long, value_name = "KEY")]
    subject: Option<KeyInput>,

    /// Another account key that may sign: public, or as for --issuer; can be repeated
    #[arg(short, long = "additional-key", value_name = "KEY")]
    additional_keys: Vec<KeyInput>,

    #[command(flatten)]
    common: CommonArgs,
}

impl AccountArgs {
    fn run(self, session: &Session) -> CommandResult {
        let dates = self.common.dates()?;
        let metadata = signers(self.name.clone(), &self.additional_keys, KeyKind::Account)?;
        let mut keyring = Keyring::open(session, &self.common)?;
        let issuer = keyring.key(ISSUER, self.issuer.as_ref(), KeyKind::Operator, &self.name)?;
        let subject = keyring.key(SUBJECT, self.subject.as_ref(), KeyKind::Account, &self.name)?;
        let token = dated(
            Token::new(&issuer, subject.public(), metadata, dates.now),
            dates,
        );
        answer(&token, &issuer, keyring.into_generated())
    }
}

/// Make a token for a capability provider
#[derive(Debug, clap::Args)]
pub(crate) struct ProviderArgs {
    /// Name for people
    #[arg(short, long)]
    name: String,

    /// Contract that the provider serves
    #[arg(short, long, value_name = "CONTRACT")]
    capid: String,

    /// Who makes it; -v means this here, not --verbose
    #[arg(long)]
    vendor: String,

    /// Revision, a number that grows
    #[arg(short, long, alias = "rev", value_name = "NUMBER")]
    revision: Option<i32>,

    /// Version for people
    #[arg(short = 'e', long = "version", alias = "ver", value_name = "TEXT")]
    version: Option<String>,

    /// Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user's account key]
    #[arg(short, long, value_name = "KEY")]
    issuer: Option<KeyInput>,

    /// Key of the provider, in the same forms [env: WASH_SUBJECT_KEY] [default: the service key kept for the name]
    #[arg(short, long, value_name = "KEY")]
    subject: Option<KeyInput>,

    #[command(flatten)]
    common: CommonArgs,
}

impl ProviderArgs {
    fn run(self, session: &Session) -> CommandResult {
        let dates = self.common.dates()?;
        let mut keyring = Keyring::open(session, &self.common)?;
        let issuer = keyring.key(ISSUER, self.issuer.as_ref(), KeyKind::Account, &self.name)?;
        let subject = keyring.key(SUBJECT, self.subject.as_ref(), KeyKind::Service, &self.name)?;
        let metadata = ProviderMetadata {
            name: Some(self.name),
            capid: self.capid,
            vendor: self.vendor,
            rev: self.revision,
            ver: self.version,
            target_hashes: BTreeMap::new(),
            config_schema: None,
        };
        let token = dated(
            Token::new(&issuer, subject.public(), metadata, dates.now),
            dates,
        );
        answer(&token, &issuer, keyring.into_generated())
    }
}

fn signers(
    name: String,
    additional: &[KeyInput],
    kind: KeyKind,
) -> Result<SignerMetadata, CommandError> {
    let keys = additional
        .iter()
        .map(|it| it.public("--additional-key", kind));
    Ok(SignerMetadata {
        name: Some(name),
        valid_signers: Some(keys.collect::<Result<_, _>>()?),
    })
}

fn dated<T>(mut token: Token<T>, dates: Dates) -> Token<T> {
    token.expires = dates.expires;
    token.not_before = dates.not_before;
    token
}

fn answer<T: Serialize>(token: &Token<T>, issuer: &Seed, generated: Value) -> CommandResult {
    let text = jwt::encode(token, issuer).map_err(|error| {
        CommandError::new(Kind::General, "cannot write the token").because(error)
    })?;
    let fields = json!({ "token": text, "generated": generated });
    Ok(Box::new(
        Sentence::new(text, fields).named(token.subject.clone()),
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::claims::ActorMetadata;
    use crate::cli::claims::testing::{Home, page};

    const DAY: u64 = 86_400;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(subcommand)]
        command: TokenCommand,
    }

    fn run(home: &Home, args: &[&str]) -> Result<Value, CommandError> {
        let args = [&["token"][..], args, &["--keygen"]].concat();
        let answer = Cli::try_parse_from(args)
            .unwrap()
            .command
            .run(&home.session())?;
        let fields = Value::from(answer.fields());
        assert_eq!(answer.text(&page()), fields["token"].as_str().unwrap());
        Ok(fields)
    }

    fn token<T: DeserializeOwned>(home: &Home, args: &[&str]) -> Token<T> {
        let fields = run(home, args).unwrap();
        let text = fields["token"].as_str().unwrap();
        let token: Token<T> = jwt::decode(text).unwrap();
        // At a moment at which every token of these tests is good.
        jwt::verify::<T>(text, token.issued_at + 3 * DAY).unwrap();
        token
    }

    #[test]
    fn expiry_and_not_before_are_not_swapped() {
        let home = Home::new();
        for kind in ["actor", "operator", "account", "provider"] {
            let mut args = vec![kind, "--name", "x", "--expires", "30", "--nbf", "2"];
            if kind == "provider" {
                args.extend(["--capid", "a:b", "--vendor", "acme"]);
            }
            let token: Token<Value> = token(&home, &args);
            assert_eq!(token.expires, Some(token.issued_at + 30 * DAY), "{kind}");
            assert_eq!(token.not_before, Some(token.issued_at + 2 * DAY), "{kind}");
        }
        let only_expiry: Token<Value> = token(&home, &["actor", "-n", "x", "-x", "30"]);
        assert_eq!(only_expiry.not_before, None);
    }

    #[test]
    fn each_kind_states_what_it_was_told() {
        let home = Home::new();
        let actor: Token<ActorMetadata> = token(&home, &["actor", "-n", "me", "-k", "-r", "3"]);
        assert!(actor.subject.starts_with('M') && actor.issuer.starts_with('A'));
        let metadata = actor.metadata.unwrap();
        assert_eq!(metadata.caps, Some(vec!["wasmcloud:keyvalue".into()]));
        assert_eq!(metadata.rev, Some(3));

        let provider = [
            "provider", "-n", "kv", "-c", "a:b", "--vendor", "acme", "-r", "2", "-e", "0.2",
        ];
        let provider: Token<ProviderMetadata> = token(&home, &provider);
        assert!(provider.subject.starts_with('V') && provider.issuer.starts_with('A'));
        let metadata = provider.metadata.unwrap();
        assert_eq!(
            (metadata.capid.as_str(), metadata.vendor.as_str()),
            ("a:b", "acme")
        );
        assert_eq!(
            (metadata.rev, metadata.ver.as_deref()),
            (Some(2), Some("0.2"))
        );

        let extra = Seed::generate(KeyKind::Account);
        let account = [
            "account",
            "-n",
            "acc",
            "-a",
            &extra.public(),
            "-a",
            &extra.reveal(),
        ];
        let account: Token<SignerMetadata> = token(&home, &account);
        assert!(account.subject.starts_with('A') && account.issuer.starts_with('O'));
        let metadata = account.metadata.unwrap();
        assert_eq!(metadata.valid_signers, Some(vec![extra.public(); 2]));

        let operator: Token<SignerMetadata> = token(&home, &["operator", "-n", "op"]);
        assert!(operator.subject == operator.issuer && operator.issuer.starts_with('O'));
    }

    #[test]
    fn generated_keys_are_in_the_one_answer() {
        let home = Home::new();
        let fields = run(&home, &["actor", "-n", "me"]).unwrap();
        let generated = fields["generated"].as_array().unwrap();
        assert_eq!(generated.len(), 2);
        assert!(
            generated[1]["path"]
                .as_str()
                .unwrap()
                .ends_with("me_module.nk")
        );
        let again = run(&home, &["actor", "-n", "me"]).unwrap();
        assert_eq!(again["generated"], json!([]));
        assert_eq!(run(&home, &["actor"]).unwrap_err().kind, Kind::Usage);
    }
}
