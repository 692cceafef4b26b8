//! `wash claims inspect`: what a module states, and whether hosts would believe it. Archives are
//! [`crate::cli::par`]'s.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::archive::oci::{Kind, sniff};
use crate::claims::module::{self, ModuleClaims, ModuleError};
use crate::cli::CommandResult;
use crate::cli::output::{Answer, Page, Sentence};
use crate::cli::par;
use crate::cli::reg::ArtifactArgs;
use crate::cli::session::Session;

use super::sign::module_error;
use super::{now, read_module};

/// Show what a module or provider archive states about itself
///
/// Tells whether a host would accept it, and if not, why. What would be refused is still shown,
/// and that is no failure; see `valid` in the document.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Module or provider archive: a path, file:// URL, or reference: registry/name:tag
    module: String,

    /// Show the token alone
    #[arg(long)]
    jwt_only: bool,

    #[command(flatten)]
    artifact: ArtifactArgs,
}

impl InspectArgs {
    pub(in crate::cli) fn run(self, session: &Session) -> CommandResult {
        let look = |file: PathBuf| self.show(&file);
        self.artifact.with_file(session, &self.module, look)
    }

    /// Shows what is in a file, which people know as they named it.
    fn show(&self, file: &Path) -> CommandResult {
        let name = Path::new(&self.module);
        if matches!(sniff(file), Ok(Some(Kind::Archive))) {
            return par::inspect::of_file(file, name, self.jwt_only);
        }
        let wasm = read_module(file)?;
        let failed = |error| module_error(name, error);
        if self.jwt_only {
            let claims = module::read(&wasm).map_err(failed)?;
            let claims = claims.ok_or_else(|| failed(ModuleError::Unsigned))?;
            let fields = json!({ "token": claims.jwt });
            let answer = Sentence::new(claims.jwt, fields).named(claims.token.subject);
            return Ok(Box::new(answer));
        }
        Ok(Box::new(inspect(&wasm, now()).map_err(failed)?))
    }
}

fn inspect(wasm: &[u8], now: u64) -> Result<Inspection, ModuleError> {
    // What hosts go by, if they accept any of it; otherwise what stands first.
    if let Ok(claims) = module::verify(wasm, now) {
        let reasons = Vec::new();
        return Ok(Inspection {
            claims,
            now,
            reasons,
        });
    }
    let claims = module::read(wasm)?.ok_or(ModuleError::Unsigned)?;
    let problems = module::problems(wasm, now)?;
    Ok(Inspection {
        claims,
        now,
        reasons: problems.iter().map(ToString::to_string).collect(),
    })
}

#[derive(Debug)]
struct Inspection {
    claims: ModuleClaims,
    now: u64,
    /// Why a host would refuse the module.
    reasons: Vec<String>,
}

impl Inspection {
    fn valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl Answer for Inspection {
    fn fields(&self) -> Map<String, Value> {
        let (token, metadata) = (&self.claims.token, self.claims.metadata());
        let fields = json!({
            "account": token.issuer,
            "module": token.subject,
            "name": metadata.name,
            "issued_at": timestamp(Some(token.issued_at)),
            "expires": timestamp(token.expires),
            "expires_human": token.expires_human(self.now),
            "can_be_used": timestamp(token.not_before),
            "can_be_used_human": token.not_before_human(self.now),
            "version": metadata.ver,
            "revision": self.claims.revision(),
            "capabilities": self.claims.caps().collect::<Vec<_>>(),
            "tags": metadata.tags.as_deref().unwrap_or_default(),
            "call_alias": metadata.call_alias,
            "provider": metadata.prov,
            "hash": metadata.module_hash,
            "valid": self.valid(),
            "reasons": self.reasons,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn text(&self, _page: &Page) -> String {
        let (token, metadata) = (&self.claims.token, self.claims.metadata());
        let or_none = |it: Vec<&str>| match &it[..] {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        let tags = metadata.tags.iter().flatten().map(String::as_str);
        let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
        let rows = [
            ("Name", text(&metadata.name)),
            ("Module", token.subject.clone()),
            ("Account", token.issuer.clone()),
            ("Expires", token.expires_human(self.now)),
            ("Can be used", token.not_before_human(self.now)),
            ("Version", text(&metadata.ver)),
            ("Revision", self.claims.revision().to_string()),
            ("Call alias", text(&metadata.call_alias)),
            ("Capabilities", or_none(self.claims.caps().collect())),
            ("Tags", or_none(tags.collect())),
            (
                "Valid",
                match &self.reasons[..] {
                    [] => "yes".to_owned(),
                    reasons => format!("no: {}", reasons.join("; ")),
                },
            ),
        ];
        let rows = rows.map(|(label, value)| format!("{label:<12}  {value}"));
        rows.join("\n")
    }

    fn names(&self) -> Vec<String> {
        vec![self.claims.token.subject.clone()]
    }
}

/// RFC 3339; none also for what lies outside of its four-digit years.
pub(in crate::cli) fn timestamp(seconds: Option<u64>) -> Option<String> {
    let seconds = i64::try_from(seconds?).ok()?;
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    at.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::claims::{ActorMetadata, KeyKind, Seed, Token};
    use crate::cli::claims::testing::{Home, page};
    use crate::cli::report::Kind;

    const NOW: u64 = 1_700_000_000;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        inspect: InspectArgs,
    }

    fn signed(change: impl FnOnce(&mut Token<ActorMetadata>)) -> Vec<u8> {
        let (account, module) = (
            Seed::generate(KeyKind::Account),
            Seed::generate(KeyKind::Module),
        );
        let metadata = ActorMetadata {
            name: Some("hello".into()),
            caps: Some(vec![String::new(), "wasmcloud:httpserver".into()]),
            rev: Some(4),
            ..ActorMetadata::default()
        };
        let mut token = Token::new(&account, module.public(), metadata, NOW);
        change(&mut token);
        module::sign(&wat::parse_str("(module)").unwrap(), token, &account).unwrap()
    }

    #[test]
    fn the_document_has_dates_numbers_and_nulls() {
        let wasm = signed(|it| it.expires = Some(NOW + 86_400));
        let inspection = inspect(&wasm, NOW).unwrap();
        let fields = Value::from(inspection.fields());
        for (key, expected) in [
            ("name", json!("hello")),
            ("issued_at", json!("2023-11-14T22:13:20Z")),
            ("expires", json!("2023-11-15T22:13:20Z")),
            ("expires_human", json!("in 1day")),
            ("can_be_used", Value::Null),
            ("can_be_used_human", json!("immediately")),
            ("version", Value::Null),
            ("revision", json!(4)),
            ("capabilities", json!(["wasmcloud:httpserver"])),
            ("tags", json!([])),
            ("call_alias", Value::Null),
            ("valid", json!(true)),
            ("reasons", json!([])),
        ] {
            assert_eq!(fields[key], expected, "{key}");
        }
        assert_eq!(fields["module"], json!(inspection.claims.token.subject));
        let text = inspection.text(&page());
        assert!(text.contains("Expires       in 1day\n"), "{text}");
        assert!(text.ends_with("Valid         yes"), "{text}");
    }

    #[test]
    fn a_refused_module_is_shown_with_every_reason() {
        let mut wasm = signed(|it| it.expires = Some(NOW - 60));
        wasm.extend(b"\x00\x02\x01x");
        let inspection = inspect(&wasm, NOW).unwrap();
        assert!(!inspection.valid());
        assert_eq!(
            inspection.reasons,
            [
                "the module was changed after it was signed",
                "token expired 1m ago"
            ]
        );
    }

    #[test]
    fn files_and_their_faults() {
        let home = Home::new();
        let file = |name: &str, bytes: &[u8]| {
            let path = home.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let run = |args: &[&str]| {
            let args = [&["inspect"][..], args].concat();
            Cli::try_parse_from(args)
                .unwrap()
                .inspect
                .run(&home.session())
        };
        let good = file("good.wasm", &signed(|_| ()));
        let token = run(&[&good, "--jwt-only"]).unwrap();
        assert_eq!(token.fields().keys().collect::<Vec<_>>(), ["token"]);
        assert_eq!(token.text(&page()).split('.').count(), 3);
        assert_eq!(
            run(&[&format!("file://{good}"), "--no-cache"])
                .unwrap()
                .names()
                .len(),
            1
        );
        let unsigned = file("bare.wasm", &wat::parse_str("(module)").unwrap());
        let text = file("text.wasm", b"text");
        for (reference, kind) in [
            (unsigned.as_str(), Kind::Refused),
            (&text, Kind::Refused),
            ("127.0.0.1:1/echo:latest", Kind::Refused),
            ("127.0.0.1:1/echo:0.3.4", Kind::Connect),
            ("gone.wasm", Kind::NotFound),
        ] {
            for extra in [&[][..], &["--jwt-only"]] {
                let args = [&[reference][..], extra].concat();
                assert_eq!(run(&args).err().unwrap().kind, kind, "{reference}");
            }
        }
    }
}
