//! What a file becomes in a registry: media types, configuration and annotations, by what is in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::archive::oci::{Digest, Kind, Package, sniff};
use crate::claims::module::{self, ModuleClaims, ModuleError};
use crate::cli::claims::now;
use crate::cli::report::{CommandError, Kind as Failure};

/// Annotations that every tool understands.
const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const CREATED: &str = "org.opencontainers.image.created";

/// When nothing says when it was made; the same file then has the same digest tomorrow.
const UNKNOWN_TIME: &str = "1970-01-01T00:00:00Z";

/// Bytes of a configuration.
const MAX_CONFIG: u64 = 4 << 20;

/// A package, what it is, and what speaks against pushing it.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) package: Package,
    pub(super) kind: Kind,
    pub(super) warning: Option<String>,
}

/// Looks into a file. `config` replaces what would be written as its configuration.
///
/// # Errors
/// The file cannot be read, or is neither an actor nor a provider.
pub(super) fn pack(
    file: &Path,
    config: Option<&Path>,
    annotations: BTreeMap<String, String>,
) -> Result<Packed, CommandError> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Failure::NotFound,
            _ => Failure::General,
        };
        CommandError::new(kind, format!("cannot read {}", path.display())).because(error)
    };
    let kind = sniff(file).map_err(|error| unreadable(file, error))?;
    let kind = kind.ok_or_else(|| {
        let message = format!(
            "{} is neither an actor nor a provider archive",
            file.display()
        );
        CommandError::new(Failure::Refused, message)
            .hint("push a WebAssembly file, or an archive made with `wash par create`")
    })?;
    let mut described = BTreeMap::new();
    let mut warning = None;
    let mut default_config = b"{}".to_vec();
    if kind != Kind::Archive {
        let wasm = std::fs::read(file).map_err(|error| unreadable(file, error))?;
        let claims = match module::verify(&wasm, now()) {
            Ok(claims) => Some(claims),
            Err(error) => {
                // A component of today carries no claims, and misses none.
                if kind == Kind::Module || !matches!(error, ModuleError::Unsigned) {
                    warning = Some(format!("hosts will refuse {}: {error}", file.display()));
                }
                module::read(&wasm).ok().flatten()
            }
        };
        if let Some(claims) = &claims {
            described = describe(claims);
        }
        if kind == Kind::Component {
            let created = described.get(CREATED).map_or(UNKNOWN_TIME, String::as_str);
            let config = json!({
                "created": created,
                "architecture": "wasm",
                "os": "wasip2",
                "layerDigests": [Digest::of(&wasm).to_string()],
            });
            default_config = config.to_string().into_bytes();
        }
    }
    described.extend(annotations);
    let config = match config {
        Some(path) => read_config(path).map_err(|error| unreadable(path, error))?,
        None => default_config,
    };
    Ok(Packed {
        package: Package {
            file: file.to_owned(),
            layer_type: kind.layer_type().to_owned(),
            config: config.into(),
            config_type: kind.config_type().to_owned(),
            annotations: described,
        },
        kind,
        warning,
    })
}

fn describe(claims: &ModuleClaims) -> BTreeMap<String, String> {
    let metadata = claims.metadata();
    let issued = i64::try_from(claims.token.issued_at).ok();
    let created = issued.filter(|it| *it > 0).and_then(|it| {
        OffsetDateTime::from_unix_timestamp(it)
            .ok()?
            .format(&Rfc3339)
            .ok()
    });
    let known = [
        (TITLE, metadata.name.clone()),
        (VERSION, metadata.ver.clone()),
        (CREATED, created),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

fn read_config(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_CONFIG + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_CONFIG {
        return Err(std::io::Error::other(format!(
            "it is larger than {MAX_CONFIG} bytes"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{ActorMetadata, KeyKind, Seed, Token};

    #[test]
    fn a_file_is_packed_as_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let pack = |content: &[u8]| {
            let path = dir.path().join("x");
            std::fs::write(&path, content).unwrap();
            super::pack(&path, None, BTreeMap::from([("k".into(), "v".into())]))
        };
        let account = Seed::generate(KeyKind::Account);
        let metadata = ActorMetadata {
            name: Some("hello".into()),
            ver: Some("0.1".into()),
            ..ActorMetadata::default()
        };
        let key = Seed::generate(KeyKind::Module).public();
        let token = Token::new(&account, key, metadata, 1_700_000_000);
        let bare = wat::parse_str("(module)").unwrap();
        let signed = module::sign(&bare, token, &account).unwrap();
        let packed = pack(&signed).unwrap();
        assert_eq!((packed.kind, packed.warning), (Kind::Module, None));
        assert_eq!(packed.package.config, "{}");
        let annotations = packed.package.annotations;
        assert_eq!(annotations[TITLE], "hello");
        assert_eq!(annotations[VERSION], "0.1");
        assert_eq!(annotations[CREATED], "2023-11-14T22:13:20Z");
        assert_eq!(annotations["k"], "v");

        let unsigned = pack(&bare).unwrap();
        assert!(unsigned.warning.unwrap().contains("not signed"));

        let component = pack(&wat::parse_str("(component)").unwrap()).unwrap();
        assert_eq!((component.kind, component.warning), (Kind::Component, None));
        let config: serde_json::Value = serde_json::from_slice(&component.package.config).unwrap();
        assert_eq!(config["os"], "wasip2");
        assert_eq!(component.package.layer_type, "application/wasm");

        let archive = pack(b"\x1f\x8b\x08rest").unwrap();
        assert_eq!(archive.kind, Kind::Archive);
        assert!(archive.package.layer_type.ends_with("+par"));

        assert_eq!(pack(b"text").unwrap_err().kind, Failure::Refused);
        let missing = super::pack(&dir.path().join("gone"), None, BTreeMap::new());
        assert_eq!(missing.unwrap_err().kind, Failure::NotFound);
    }
}
