//! `KEY=VALUE` on the command line.

use std::fmt;
use std::str::FromStr;

use crate::lattice::wire::Map;

/// One `KEY=VALUE`. The value may be a secret, so only the key is shown.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) struct Pair {
    pub(in crate::cli) key: String,
    pub(in crate::cli) value: String,
}

impl Pair {
    /// Later pairs win.
    pub(in crate::cli) fn map(pairs: Vec<Self>) -> Map {
        pairs.into_iter().map(|it| (it.key, it.value)).collect()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.key)
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("", _)) => Err("the key before '=' is missing".to_owned()),
            Some((key, value)) => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            None => Err("not of the form KEY=VALUE".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_sign() {
        let pair: Pair = "URL=redis://h?a=b".parse().unwrap();
        assert_eq!(
            (pair.key.as_str(), pair.value.as_str()),
            ("URL", "redis://h?a=b")
        );
        assert_eq!("EMPTY=".parse::<Pair>().unwrap().value, "");
        assert!("=x".parse::<Pair>().is_err());
        assert!("x".parse::<Pair>().is_err());
        assert_eq!(format!("{pair:?}"), "URL=…");
    }
}
