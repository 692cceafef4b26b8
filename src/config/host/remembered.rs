//! What `wash up` was last told about its hubs, so that a bundle for another machine needs none of it again.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::ConfigError;
use super::super::layer::{Layer, Layers, Source};
use super::keys::Key;

/// Where it is kept.
pub fn path(config: &Path) -> PathBuf {
    config.join("leaf.json")
}

const KEYS: &[Key] = &[
    Key::Lattice,
    Key::CtlTopicPrefix,
    Key::JsDomain,
    Key::NatsConfig,
    Key::LeafRemotes,
    Key::LeafCreds,
    Key::LeafNkey,
    Key::LeafUser,
    Key::LeafPassword,
    Key::LeafToken,
    Key::LeafTlsCa,
    Key::LeafTlsCert,
    Key::LeafTlsKey,
    Key::LeafTlsFirst,
    Key::LeafAccount,
];

fn is_path(key: Key) -> bool {
    matches!(
        key,
        Key::NatsConfig | Key::LeafCreds | Key::LeafTlsCa | Key::LeafTlsCert | Key::LeafTlsKey
    )
}

/// Writes it for the eyes of this user only.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, layers: &Layers<Key>) -> io::Result<()> {
    let mut fields = Map::new();
    for key in KEYS {
        let Some(setting) = layers.get(*key) else {
            continue;
        };
        let mut text = setting.value.trim().to_owned();
        // An nkey may be a file as well as a seed.
        let file = is_path(*key) || (*key == Key::LeafNkey && Path::new(&text).is_file());
        if file && let Ok(absolute) = std::path::absolute(&text) {
            text = absolute.to_string_lossy().into_owned();
        }
        fields.insert(key.definition().flag.to_owned(), text.into());
    }
    super::file::write(path, &fields).map(|_| ())
}

/// What was kept, as a layer; an empty one if there is nothing.
///
/// # Errors
/// [`ConfigError::Unreadable`] and [`ConfigError::Malformed`].
pub fn read(path: &Path) -> Result<Layer<Key>, ConfigError> {
    let mut layer = Layer::default();
    let text = match super::super::secret::read_small(path, 1 << 20) {
        Ok(it) => it,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(layer),
        Err(reason) => {
            return Err(ConfigError::Unreadable {
                what: "remembered leaf settings",
                path: path.to_owned(),
                reason,
            });
        }
    };
    let fields: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            reason: "this is not a JSON object".to_owned(),
        })?;
    for key in KEYS {
        let field = key.definition().flag;
        if let Some(value) = fields.get(field).and_then(Value::as_str) {
            let path = path.to_owned();
            layer.set(*key, value, Source::File { field, path });
        }
    }
    Ok(layer)
}
