//! Labels of a host: from `--label`, `WASMCLOUD_LABEL_*` and `HOST_*`.

use std::collections::BTreeMap;

use crate::claims::Seed;

use super::super::ConfigError;
use super::super::bad;
use super::super::env::Env;
use super::super::layer::Source;

/// Flags win over variables.
///
/// # Errors
/// [`ConfigError::BadValue`] for a flag that is not `key=value`.
pub fn decide(flags: &[String], env: &Env) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut labels = BTreeMap::new();
    for (name, value) in env.iter() {
        if let Some(key) = name.strip_prefix("HOST_")
            && is_label(name, value)
        {
            labels.insert(key.to_ascii_lowercase(), value.to_owned());
        }
    }
    for (name, value) in env.iter() {
        if let Some(key) = name.strip_prefix("WASMCLOUD_LABEL_")
            && is_label(name, value)
        {
            labels.insert(key.to_owned(), value.to_owned());
        }
    }
    for flag in flags {
        let pair = flag
            .split_once('=')
            .filter(|(key, _)| !key.trim().is_empty());
        let (key, value) =
            pair.ok_or_else(|| bad(&Source::Flag("label"), "write --label KEY=VALUE"))?;
        labels.insert(key.trim().to_owned(), value.to_owned());
    }
    Ok(labels)
}

/// Labels are public: the name of the configuration file, and what other tools inject, are none.
fn is_label(name: &str, value: &str) -> bool {
    let has_key = !name.ends_with('_');
    has_key && name != "HOST_CONFIG" && !value.is_empty() && Seed::parse(value).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::KeyKind;

    #[test]
    fn labels_come_from_three_places_and_secrets_do_not_become_any() {
        let seed = Seed::generate(KeyKind::Server).reveal();
        let variables = [
            ("HOST_Zone", "a"),
            ("HOST_RACK", "1"),
            ("HOST_CONFIG", "/x"),
            ("HOST_SEED", &seed),
            ("HOST_", "x"),
            ("HOSTNAME", "me"),
            ("WASMCLOUD_LABEL_Kept", "b"),
        ];
        let env: Env = variables
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let labels = decide(&["rack=2=3".to_owned(), "empty=".to_owned()], &env).unwrap();
        let labels: Vec<_> = labels
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            labels,
            [("Kept", "b"), ("empty", ""), ("rack", "2=3"), ("zone", "a")]
        );
        for wrong in ["x", "=x", " =x"] {
            assert!(decide(&[wrong.to_owned()], &env).is_err());
        }
    }
}
