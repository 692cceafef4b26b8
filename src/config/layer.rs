//! The order of settings, written once: a default gives way to a context file, that to the environment, and
//! that to a flag. Each decided value remembers which of them it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where a value came from; later variants win over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    /// A field of a host's configuration file, or what a file of ours stands for.
    File {
        field: &'static str,
        path: PathBuf,
    },
    /// A field of a bundle.
    Bundle {
        field: &'static str,
        path: PathBuf,
    },
    /// A context, by name, and its file.
    Context {
        name: String,
        path: PathBuf,
    },
    /// An environment variable.
    Variable(String),
    /// A flag, without its dashes.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File { field, path } | Self::Bundle { field, path } => {
                write!(f, "{field} in {}", path.display())
            }
            Self::Context { name, path } => write!(f, "context '{name}' ({})", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// A decided value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub source: Source,
}

impl<T> Setting<T> {
    pub fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }

    pub fn default(value: T) -> Self {
        Self::new(value, Source::Default)
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        Setting::new(f(self.value), self.source)
    }

    /// Like [`Setting::map`], where the conversion can fail.
    ///
    /// # Errors
    /// Whatever `f` says, given the value and its source.
    pub fn try_map<U, E>(
        self,
        f: impl FnOnce(T, &Source) -> Result<U, E>,
    ) -> Result<Setting<U>, E> {
        let value = f(self.value, &self.source)?;
        Ok(Setting::new(value, self.source))
    }
}

/// What one source says: some of the settings, as text.
#[derive(Clone)]
pub struct Layer<K>(BTreeMap<K, Setting<String>>);

impl<K> Default for Layer<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Layer<K> {
    /// Sets a value; an empty one counts as unset.
    pub fn set(&mut self, key: K, value: impl Into<String>, source: Source) {
        let value = value.into();
        if !value.trim().is_empty() {
            self.0.insert(key, Setting::new(value, source));
        }
    }

    pub fn get(&self, key: K) -> Option<&Setting<String>> {
        self.0.get(&key)
    }

    /// Adds what another layer says about settings that this one says nothing about.
    #[must_use]
    pub fn over(mut self, weaker: Self) -> Self {
        for (key, setting) in weaker.0 {
            self.0.entry(key).or_insert(setting);
        }
        self
    }

    /// Whether it says anything about one of `keys`.
    pub fn has(&self, keys: &[K]) -> bool {
        keys.iter().any(|key| self.0.contains_key(key))
    }
}

/// Values may be secrets, so only keys and sources are shown.
impl<K: fmt::Debug> fmt::Debug for Layer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(|(key, it)| (key, &it.source));
        f.debug_map().entries(entries).finish()
    }
}

/// Every layer, strongest first.
#[derive(Clone, Debug)]
pub struct Layers<K>(Vec<Layer<K>>);

impl<K: Ord + Copy> Layers<K> {
    pub fn new(flags: Layer<K>, environment: Layer<K>, context: Layer<K>) -> Self {
        Self(vec![flags, environment, context])
    }

    /// The strongest layer's value.
    pub fn get(&self, key: K) -> Option<Setting<String>> {
        self.0.iter().find_map(|layer| layer.get(key)).cloned()
    }

    /// The strongest layer that says anything about one of `keys`.
    pub fn first_with(&self, keys: &[K]) -> Option<&Layer<K>> {
        self.0.iter().find(|layer| layer.has(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(values: &[(u8, &str)], source: &Source) -> Layer<u8> {
        let mut layer = Layer::default();
        for (key, value) in values {
            layer.set(*key, *value, source.clone());
        }
        layer
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_a_context() {
        let variable = Source::Variable("V".into());
        let context = Source::Context {
            name: "c".into(),
            path: "c.json".into(),
        };
        let layers = Layers::new(
            layer(&[(1, "flag")], &Source::Flag("one")),
            layer(&[(1, "env"), (2, "env"), (4, " ")], &variable),
            layer(&[(1, "ctx"), (2, "ctx"), (3, "ctx"), (4, "ctx")], &context),
        );
        let got = |key| layers.get(key).map(|it| (it.value, it.source));
        assert_eq!(got(1), Some(("flag".into(), Source::Flag("one"))));
        assert_eq!(got(2), Some(("env".into(), variable)));
        assert_eq!(got(3), Some(("ctx".into(), context.clone())));
        assert_eq!(got(4), Some(("ctx".into(), context)));
        assert_eq!(got(5), None);
    }

    #[test]
    fn debug_shows_no_values() {
        let layer = layer(&[(1, "hunter2")], &Source::Flag("password"));
        assert!(!format!("{layer:?}").contains("hunter2"));
    }
}
