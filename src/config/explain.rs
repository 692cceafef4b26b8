//! Settings as rows for people and programs: each value, with secrets masked, and where it came from.

use std::path::Path;

use crate::claims::Seed;

use super::auth::Auth;
use super::connection::{Connection, FOREVER, without_secrets};
use super::definition::{DEFINITIONS, Key};
use super::layer::{Layer, Setting, Source};

/// What stands in place of a secret; says nothing of its length.
pub const MASK: &str = "********";

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    /// None if nothing is set.
    pub value: Option<String>,
    pub source: Source,
    /// The value is masked.
    pub masked: bool,
}

/// The kind of a source, for programs.
pub fn layer_name(source: &Source) -> &'static str {
    match source {
        Source::Default => "default",
        Source::File { .. } => "file",
        Source::Bundle { .. } => "bundle",
        Source::Context { .. } => "context",
        Source::Variable(_) => "environment",
        Source::Flag(_) => "flag",
    }
}

/// What one layer says, by the names of our context files.
pub fn of_layer(layer: &Layer<Key>) -> Vec<Row> {
    let row = |key: Key, fields: &[&'static str]| {
        let setting = layer.get(key)?;
        let (value, masked) = shown(key, &setting.value);
        Some(Row {
            name: fields.first()?,
            value: Some(value),
            source: setting.source.clone(),
            masked,
        })
    };
    DEFINITIONS
        .iter()
        .filter_map(|it| row(it.key, it.fields))
        .collect()
}

/// Everything that is decided about a connection, defaults included.
pub fn of_connection(settings: &Connection) -> Vec<Row> {
    let tls = &settings.tls;
    let certificate = tls.certificate.as_ref();
    let urls = settings.urls.clone().map(|it| {
        let urls: Vec<_> = it.iter().map(|it| without_secrets(it)).collect();
        urls.join(", ")
    });
    let timeout = settings.timeout.clone().map(|it| match it {
        FOREVER => "forever".to_owned(),
        it => humantime::format_duration(it).to_string(),
    });
    let path = |it: std::path::PathBuf| it.display().to_string();
    let credentials = settings.auth.clone().map(|it| it.describe());
    let hidden = matches!(
        settings.auth.value,
        Auth::Token(_) | Auth::UserPassword { .. } | Auth::Jwt { .. } | Auth::Nkey(_)
    );
    let seed = settings.cluster_seed.clone().map(|it| {
        let text = it.map(|it| it.reveal().to_owned());
        text.map(|it| shown(Key::ClusterSeed, &it))
    });
    let seed_masked = seed.as_ref().is_some_and(|it| it.value.1);
    let rows = [
        (row("context", settings.context.clone()), false),
        (row("server", Some(urls)), false),
        (row("credentials", Some(credentials)), hidden),
        (
            row(
                "tls_first",
                Some(tls.first.clone().map(|it| it.to_string())),
            ),
            false,
        ),
        (row("ca", tls.ca.clone().map(|it| it.map(path))), false),
        (
            row(
                "cert",
                certificate.map(|it| it.clone().map(|it| path(it.0))),
            ),
            false,
        ),
        (
            row("key", certificate.map(|it| it.clone().map(|it| path(it.1)))),
            false,
        ),
        (row("lattice", Some(settings.lattice.clone())), false),
        (row("js_domain", settings.js_domain.clone()), false),
        (row("ctl_prefix", settings.ctl_prefix.clone()), false),
        (row("timeout", Some(timeout)), false),
        (
            row("cluster_seed", seed.map(|it| it.map(|it| it.0))),
            seed_masked,
        ),
    ];
    rows.into_iter()
        .map(|(row, masked)| Row { masked, ..row })
        .collect()
}

fn row(name: &'static str, setting: Option<Setting<String>>) -> Row {
    let (value, source) = match setting {
        Some(it) => (Some(it.value), it.source),
        None => (None, Source::Default),
    };
    Row {
        name,
        value,
        source,
        masked: false,
    }
}

/// A value without its secrets, and whether there were any. Files that hold a secret are shown by their path, seeds
/// by their public key.
fn shown(key: Key, value: &str) -> (String, bool) {
    match key {
        Key::Password | Key::Token => (MASK.to_owned(), true),
        Key::Jwt | Key::Seed | Key::Nkey | Key::ClusterSeed => {
            let text = value.trim();
            if let Ok(seed) = Seed::parse(text) {
                return (format!("{MASK} (seed of {})", seed.public()), true);
            }
            // No seed and no JWT has a slash; a mistyped one is no file that exists.
            let is_file = text.contains(['/', '\\']) || Path::new(text).exists();
            if is_file {
                (text.to_owned(), false)
            } else {
                (MASK.to_owned(), true)
            }
        }
        Key::Server | Key::Host => {
            let urls: Vec<_> = value.split(',').map(str::trim).collect();
            let bare: Vec<_> = urls.iter().map(|it| without_secrets(it)).collect();
            let masked = bare != urls;
            (bare.join(", "), masked)
        }
        _ => (value.to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::KeyKind;
    use crate::config::env::Env;

    #[test]
    fn every_secret_is_masked_and_no_path_is() {
        let seed = Seed::generate(KeyKind::User);
        let mut layer = Layer::default();
        let text = seed.reveal();
        let secrets = [
            (Key::Password, "pass/word"),
            (Key::Token, "tok3n"),
            (Key::Jwt, "eyJh.eyJi.c2ln"),
            (Key::Seed, text.as_str()),
            (Key::Nkey, &text[..57]),
            (Key::ClusterSeed, "SCnotaseed"),
            (Key::Server, "nats://ann:hunter2@h:1, tok3n@g"),
        ];
        for (key, value) in secrets {
            layer.set(key, value, Source::Flag("x"));
        }
        let rows = of_layer(&layer);
        assert_eq!(rows.len(), secrets.len());
        for row in &rows {
            let value = row.value.as_deref().unwrap_or_default();
            assert!(row.masked, "{row:?}");
            for (_, secret) in secrets {
                assert!(!value.contains(secret), "{row:?}");
            }
            assert!(!value.contains("hunter2"), "{row:?}");
        }
        assert!(rows.iter().any(|it| {
            let value = it.value.as_deref().unwrap_or_default();
            value.contains(&seed.public())
        }));
        for key in [Key::Creds, Key::Seed, Key::ClusterSeed] {
            assert_eq!(shown(key, "/a/b.nk"), ("/a/b.nk".to_owned(), false));
        }
    }

    #[test]
    fn decided_settings_know_their_layers() {
        let mut flags = Layer::default();
        flags.set(Key::Lattice, "prod", Source::Flag("lattice"));
        flags.set(Key::Timeout, "0", Source::Flag("timeout"));
        let variables = [("NATS_USER", "ann"), ("NATS_PASSWORD", "hunter2")];
        let env = variables.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let settings = Connection::decide(flags, &env.into_iter().collect::<Env>(), None).unwrap();
        let rows = of_connection(&settings);
        let get = |name: &str| rows.iter().find(|it| it.name == name).unwrap();
        let layer = |name: &str| layer_name(&get(name).source);
        assert_eq!((layer("lattice"), layer("server")), ("flag", "default"));
        assert_eq!(layer("credentials"), "environment");
        assert_eq!(get("timeout").value.as_deref(), Some("forever"));
        assert_eq!(get("js_domain").value, None);
        assert!(!format!("{rows:?}").contains("hunter2"));
    }
}
