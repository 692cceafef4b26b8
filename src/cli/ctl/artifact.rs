//! What a typed reference means: a file of this machine is checked and hashed before anything is sent, and goes to
//! hosts through the lattice or, as an absolute `file://` reference, to those that do not take it so; everything
//! else goes to the host as it is.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::archive::MAX_ARTIFACT;
use crate::claims::ActorId;
use crate::claims::module::{self, ModuleClaims, ModuleError};
use crate::cli::report::{CommandError, Kind};
use crate::lattice::artifact::{Digest, Reference};

/// A reference as hosts take it.
#[derive(Debug)]
pub(in crate::cli) struct Artifact {
    pub(in crate::cli) reference: String,
    /// The file of this machine that was typed.
    pub(in crate::cli) local: Option<Local>,
    /// The claims of a local module that is signed.
    pub(in crate::cli) claims: Option<ModuleClaims>,
    /// A local module without claims.
    pub(in crate::cli) unsigned: bool,
}

/// A file of this machine.
#[derive(Debug)]
pub(in crate::cli) struct Local {
    pub(in crate::cli) path: PathBuf,
    /// What its content is called in the lattice.
    pub(in crate::cli) shared: Reference,
}

impl Artifact {
    /// Of what is no file of this machine.
    fn elsewhere(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            local: None,
            claims: None,
            unsigned: false,
        }
    }

    /// The actor's key, as far as it can be known here.
    pub(in crate::cli) fn key(&self) -> Option<&str> {
        self.claims.as_ref().map(|it| it.token.subject.as_str())
    }
}

/// An actor's reference. A relative path is relative to `base`; `verify` refuses a local module that no host
/// would take.
///
/// # Errors
/// [`Kind::NotFound`] for a path where nothing is, [`Kind::Refused`] for a file that is no valid module.
pub(in crate::cli) fn actor(
    typed: &str,
    base: Option<&Path>,
    verify: bool,
) -> Result<Artifact, CommandError> {
    let Some(path) = local_path(typed, base)? else {
        return Ok(Artifact::elsewhere(typed));
    };
    let bytes = read(&path)?;
    let shown = path.display();
    let checked = if verify {
        match module::verify(&bytes, now()) {
            Ok(claims) => Ok(Some(claims)),
            Err(ModuleError::Unsigned) => Ok(None),
            Err(error) => Err(error),
        }
    } else {
        module::read(&bytes)
    };
    let claims = checked.map_err(|error| {
        let hint = match &error {
            ModuleError::NotWasm(_) => "give a signed WebAssembly module",
            _ => "sign it again with `wash claims sign`, or send it all the same with --no-verify",
        };
        CommandError::new(Kind::Refused, format!("{shown}: {error}")).hint(hint)
    })?;
    if let Some(claims) = &claims
        && let Err(error) = ActorId::parse(&claims.token.subject)
    {
        let message = format!("{shown}: the token is not an actor's: {error}");
        let hint = "sign it as an actor, with `wash claims sign`";
        return Err(CommandError::new(Kind::Refused, message).hint(hint));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Artifact {
        reference: file_reference(&path),
        unsigned: claims.is_none(),
        claims,
        local: Some(Local {
            shared: Reference::new(Digest::of(&bytes), &name),
            path,
        }),
    })
}

/// A provider's reference, as [`actor`] but without a look inside.
///
/// # Errors
/// [`Kind::NotFound`], or [`Kind::Refused`] for a file that no host would take.
pub(in crate::cli) fn provider(typed: &str, base: Option<&Path>) -> Result<Artifact, CommandError> {
    let Some(path) = local_path(typed, base)? else {
        return Ok(Artifact::elsewhere(typed));
    };
    check_size(&path)?;
    let shared = Reference::of_file(&path).map_err(|it| unreadable(&path, &it))?;
    Ok(Artifact {
        reference: file_reference(&path),
        local: Some(Local { path, shared }),
        claims: None,
        unsigned: false,
    })
}

/// The key of a local, signed module that `typed` is the path of.
pub(super) fn local_key(typed: &str) -> Option<String> {
    if !looks_like_path(typed) {
        return None;
    }
    let path = local_path(typed, None).ok()??;
    let claims = module::read(&read(&path).ok()?).ok()??;
    Some(claims.token.subject)
}

/// The absolute path of a file, or none if `typed` is no path.
fn local_path(typed: &str, base: Option<&Path>) -> Result<Option<PathBuf>, CommandError> {
    if typed.contains("://") || typed.starts_with("builtin:") {
        return Ok(None);
    }
    let path = match base {
        Some(base) => base.join(typed),
        None => PathBuf::from(typed),
    };
    let looks = looks_like_path(typed);
    if !looks && !path.is_file() {
        return Ok(None);
    }
    let error = |reason: String| {
        CommandError::new(Kind::NotFound, format!("{}: {reason}", path.display()))
            .hint("give the path of a file, or a reference such as registry/name:tag")
    };
    let absolute = path
        .canonicalize()
        .map_err(|it| error(crate::cli::ctl::io_reason(&it)))?;
    if !absolute.is_file() {
        return Err(error("not a file".to_owned()));
    }
    Ok(Some(absolute))
}

/// Written so that it can only be meant as a path.
fn looks_like_path(typed: &str) -> bool {
    let starts = ["./", "../", "/", ".\\", "..\\"];
    let ends = [".wasm", ".wat", ".par", ".par.gz"];
    !typed.contains("://")
        && (starts.iter().any(|it| typed.starts_with(it))
            || ends
                .iter()
                .any(|it| typed.to_ascii_lowercase().ends_with(it)))
}

fn file_reference(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    check_size(path)?;
    std::fs::read(path).map_err(|it| unreadable(path, &it))
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let reason = crate::cli::ctl::io_reason(error);
    CommandError::new(Kind::NotFound, format!("{}: {reason}", path.display()))
}

fn check_size(path: &Path) -> Result<(), CommandError> {
    let size = std::fs::metadata(path)
        .map_err(|it| unreadable(path, &it))?
        .len();
    if size > MAX_ARTIFACT {
        return Err(CommandError::new(
            Kind::Refused,
            format!("{}: larger than {MAX_ARTIFACT} bytes", path.display()),
        )
        .hint("no module and no provider is that large: check the path"));
    }
    Ok(())
}

/// Seconds since the epoch.
pub(in crate::cli) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| it.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_as_they_are() {
        for typed in [
            "wasmcloud.azurecr.io/echo:0.3.4",
            "builtin:httpserver",
            "file:///srv/echo.wasm",
            "oci://localhost:5000/echo:1",
            "localhost:5000/echo",
        ] {
            let artifact = actor(typed, None, true).unwrap();
            assert_eq!(artifact.reference, typed);
            assert!(artifact.key().is_none());
            assert_eq!(provider(typed, None).unwrap().reference, typed);
        }
    }

    #[test]
    fn paths_must_exist() {
        for typed in [
            "./nothing.wasm",
            "/nothing/here",
            "nothing.wasm",
            "../x.par",
        ] {
            let error = actor(typed, None, true).unwrap_err();
            assert_eq!(error.kind, Kind::NotFound, "{typed}");
            assert!(error.message.contains("no such file"), "{error}");
            assert_eq!(provider(typed, None).unwrap_err().kind, Kind::NotFound);
        }
        let directory = tempfile::tempdir().unwrap();
        let typed = format!("{}/", directory.path().display());
        assert_eq!(provider(&typed, None).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn paths_become_absolute() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("sub")).unwrap();
        std::fs::write(base.join("x.par"), b"").unwrap();
        std::fs::write(base.join("plain"), b"").unwrap();
        let expected = format!("file://{}/x.par", base.display());
        for typed in ["x.par", "./x.par", "sub/../x.par"] {
            let found = provider(typed, Some(&base)).unwrap();
            assert_eq!(found.reference, expected);
            let shared = found.local.unwrap().shared;
            assert_eq!((shared.digest(), shared.name()), (Digest::of(b""), "x.par"));
        }
        let found = provider("plain", Some(&base)).unwrap();
        assert_eq!(found.reference, format!("file://{}/plain", base.display()));
    }
}
