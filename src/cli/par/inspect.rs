//! `wash par inspect`: what an archive states, what is in it, and whether both agree.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::archive::par::{Archive, Survey};
use crate::claims::ProviderClaims;
use crate::cli::CommandResult;
use crate::cli::claims::inspect::timestamp;
use crate::cli::claims::now;
use crate::cli::output::{Answer, Page, Sentence};
use crate::cli::reg::ArtifactArgs;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::source;

/// Show what a provider archive states and holds
///
/// Every program is read and held against its hash. An archive that a host would refuse is still shown, and that is
/// no failure unless --strict says so; see `valid` in the document.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Archive: a path, file:// URL, or reference: registry/name:tag
    archive: String,

    /// Fail if a host would refuse it
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    artifact: ArtifactArgs,
}

impl InspectArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let look = |file: PathBuf| self.show(&file);
        self.artifact.with_file(session, &self.archive, look)
    }

    fn show(&self, file: &Path) -> CommandResult {
        let archive = source::open_path(file, Path::new(&self.archive))?;
        let inspection = inspect(archive, now());
        if self.strict && !inspection.reasons.is_empty() {
            let message = format!("{} would be refused", self.archive);
            let mut error = CommandError::new(Kind::Refused, message);
            error.causes.clone_from(&inspection.reasons);
            return Err(error.after(inspection));
        }
        Ok(Box::new(inspection))
    }
}

/// `wash claims inspect` of an archive in `file`, which people know as `name`.
pub(in crate::cli) fn of_file(file: &Path, name: &Path, jwt_only: bool) -> CommandResult {
    let archive = source::open_path(file, name)?;
    if jwt_only {
        let claims = archive.claims();
        let fields = json!({ "token": claims.jwt });
        let answer = Sentence::new(claims.jwt.clone(), fields);
        return Ok(Box::new(answer.named(claims.token.subject.clone())));
    }
    Ok(Box::new(inspect(archive, now())))
}

fn inspect(mut archive: Archive<File>, now: u64) -> Inspection {
    let claims = archive.claims().clone();
    let problems = claims.problems(now);
    let mut reasons: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let survey = match archive.survey() {
        Ok(survey) => {
            let problems = archive.problems(&survey);
            reasons.extend(problems.iter().map(ToString::to_string));
            survey
        }
        Err(error) => {
            reasons.push(error.to_string());
            Survey::default()
        }
    };
    if claims.metadata().target_hashes.is_empty() {
        reasons.push("it has no program".to_owned());
    }
    Inspection {
        compressed: archive.is_compressed(),
        claims,
        survey,
        now,
        reasons,
    }
}

#[derive(Debug)]
struct Inspection {
    claims: ProviderClaims,
    survey: Survey,
    compressed: bool,
    now: u64,
    /// Why a host would refuse the archive.
    reasons: Vec<String>,
}

impl Answer for Inspection {
    fn fields(&self) -> Map<String, Value> {
        let (token, metadata) = (&self.claims.token, self.claims.metadata());
        let libraries = self.survey.libraries.iter().map(|(target, found)| {
            let found = json!({ "hash": found.hash.to_string(), "size": found.size });
            (target.to_string(), found)
        });
        let fields = json!({
            "name": metadata.name,
            "issuer": token.issuer,
            "service": token.subject,
            "capability_contract_id": metadata.capid,
            "vendor": metadata.vendor,
            "version": metadata.ver,
            "revision": self.claims.revision(),
            "issued_at": timestamp(Some(token.issued_at)),
            "expires": timestamp(token.expires),
            "expires_human": token.expires_human(self.now),
            "can_be_used": timestamp(token.not_before),
            "can_be_used_human": token.not_before_human(self.now),
            "schema": metadata.config_schema,
            "targets": metadata.target_hashes.keys().collect::<Vec<_>>(),
            "hashes": metadata.target_hashes,
            "libraries": libraries.collect::<Map<_, _>>(),
            "others": self.survey.others,
            "compressed": self.compressed,
            "valid": self.reasons.is_empty(),
            "reasons": self.reasons,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn text(&self, _page: &Page) -> String {
        let (token, metadata) = (&self.claims.token, self.claims.metadata());
        let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
        let mut rows = vec![
            ("Name", text(&metadata.name)),
            ("Provider", token.subject.clone()),
            ("Account", token.issuer.clone()),
            ("Contract", metadata.capid.clone()),
            ("Vendor", metadata.vendor.clone()),
            ("Version", text(&metadata.ver)),
            ("Revision", self.claims.revision().to_string()),
            ("Expires", token.expires_human(self.now)),
            ("Can be used", token.not_before_human(self.now)),
        ];
        for (target, stated) in &metadata.target_hashes {
            let found = target.parse().ok();
            let found = found.and_then(|it| self.survey.libraries.get(&it));
            let what = match found {
                Some(it) if it.hash.to_string().eq_ignore_ascii_case(stated) => {
                    format!("{target}, {} bytes, {}", it.size, it.hash)
                }
                Some(it) => format!("{target}, {} bytes, WRONG HASH {}", it.size, it.hash),
                None => format!("{target}, not found"),
            };
            rows.push(("Target", what));
        }
        for other in &self.survey.others {
            rows.push(("Ignored", other.clone()));
        }
        rows.push((
            "Valid",
            match &self.reasons[..] {
                [] => "yes".to_owned(),
                reasons => format!("no: {}", reasons.join("; ")),
            },
        ));
        // Names come from the archive; none of them may speak to the terminal.
        let plain = |it: char| if it.is_control() { ' ' } else { it };
        let rows = rows.into_iter().map(|(label, value)| {
            let value: String = value.chars().map(plain).collect();
            format!("{label:<12}  {value}")
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    fn names(&self) -> Vec<String> {
        vec![self.claims.token.subject.clone()]
    }
}
