//! What a host says about itself in labels, and whether they meet an auction's constraints.

use crate::lattice::wire::Map;

/// More labels than this are refused: they travel in every heartbeat.
const MAX_LABELS: usize = 256;

/// The longest key or value, in bytes; for the same reason.
const MAX_LENGTH: usize = 1024;

/// Set by the host itself; nobody else may use keys that start so.
const CORE: &str = "hostcore.";

/// The labels of a host: those of its user, and the core labels, which win.
#[derive(Clone, Debug)]
pub(super) struct Labels(Map);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum LabelError {
    #[error("label '{0}' is set by the host itself and cannot be changed")]
    Core(String),
    #[error("a label needs a key")]
    NoKey,
    #[error("labels are limited to {MAX_LENGTH} bytes for key and for value")]
    TooLong,
    #[error("this host has {MAX_LABELS} labels already")]
    TooMany,
}

impl Labels {
    pub(super) fn new(user: Map) -> Self {
        let mut all = user;
        all.extend([
            (
                "hostcore.arch".to_owned(),
                std::env::consts::ARCH.to_owned(),
            ),
            ("hostcore.os".to_owned(), std::env::consts::OS.to_owned()),
            (
                "hostcore.osfamily".to_owned(),
                std::env::consts::FAMILY.to_owned(),
            ),
        ]);
        Self(all)
    }

    pub(super) fn all(&self) -> &Map {
        &self.0
    }

    /// Whether every constraint is a label with that value.
    pub(super) fn meet(&self, constraints: &Map) -> bool {
        contains(&self.0, constraints)
    }

    pub(super) fn put(&mut self, key: String, value: String) -> Result<(), LabelError> {
        check(&key)?;
        if key.len() > MAX_LENGTH || value.len() > MAX_LENGTH {
            return Err(LabelError::TooLong);
        }
        if self.0.len() >= MAX_LABELS && !self.0.contains_key(&key) {
            return Err(LabelError::TooMany);
        }
        self.0.insert(key, value);
        Ok(())
    }

    /// Deleting what is not there is no error.
    pub(super) fn delete(&mut self, key: &str) -> Result<(), LabelError> {
        check(key)?;
        self.0.remove(key);
        Ok(())
    }
}

/// Whether `all` has every entry of `some`; that is how constraints and annotations match.
pub(super) fn contains(all: &Map, some: &Map) -> bool {
    some.iter().all(|(key, value)| all.get(key) == Some(value))
}

fn check(key: &str) -> Result<(), LabelError> {
    if key.is_empty() {
        return Err(LabelError::NoKey);
    }
    if key.starts_with(CORE) {
        return Err(LabelError::Core(key.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> Map {
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn core_labels_win_and_stay() {
        let mut labels = Labels::new(map(&[("hostcore.os", "plan9"), ("zone", "a")]));
        assert_eq!(labels.all()["hostcore.os"], std::env::consts::OS);
        assert_eq!(labels.all()["zone"], "a");
        let core = LabelError::Core("hostcore.os".to_owned());
        assert_eq!(labels.put("hostcore.os".into(), "x".into()), Err(core));
        assert!(labels.delete("hostcore.arch").is_err());
        assert_eq!(labels.all().len(), 4);
    }

    #[test]
    fn constraints_need_key_and_value() {
        let labels = Labels::new(map(&[("zone", "a"), ("gpu", "yes")]));
        assert!(labels.meet(&Map::new()));
        assert!(labels.meet(&map(&[("zone", "a")])));
        assert!(labels.meet(&map(&[
            ("zone", "a"),
            ("hostcore.os", std::env::consts::OS)
        ])));
        assert!(!labels.meet(&map(&[("zone", "b")])));
        assert!(!labels.meet(&map(&[("zone", "a"), ("disk", "ssd")])));
    }

    #[test]
    fn labels_change_within_bounds() {
        let mut labels = Labels::new(Map::new());
        labels.put("zone".into(), "a".into()).unwrap();
        labels.put("zone".into(), "b".into()).unwrap();
        assert_eq!(labels.all()["zone"], "b");
        labels.delete("zone").unwrap();
        labels.delete("zone").unwrap();
        assert_eq!(
            labels.put(String::new(), "a".into()),
            Err(LabelError::NoKey)
        );
        let long = "x".repeat(MAX_LENGTH + 1);
        assert_eq!(labels.put("k".into(), long), Err(LabelError::TooLong));
        for number in labels.all().len()..MAX_LABELS {
            labels.put(number.to_string(), String::new()).unwrap();
        }
        assert_eq!(labels.put("k".into(), "v".into()), Err(LabelError::TooMany));
        labels.put("100".into(), "changed".into()).unwrap();
    }
}
