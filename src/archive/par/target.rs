//! For which machines a program is: `{arch}-{os}`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longer names are none.
const MAX_BYTES: usize = 80;

/// `{arch}-{os}` as archives name it: `x86_64-linux`, `aarch64-macos`, … Safe as part of a file's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no target: write ARCH-OS, as x86_64-linux or aarch64-macos")]
pub struct BadTarget(String);

impl Target {
    /// That of this program.
    pub fn current() -> Self {
        use std::env::consts::{ARCH, OS};
        Self(format!("{ARCH}-{OS}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of programs end with there.
    pub fn executable_suffix(&self) -> &'static str {
        if self.0.ends_with("-windows") {
            ".exe"
        } else {
            ""
        }
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"_-.".contains(&it);
        let ends_well = |it: &str| it.starts_with(|c: char| c.is_ascii_alphanumeric());
        let parts = text.split_once('-');
        let shaped = parts.is_some_and(|(arch, os)| ends_well(arch) && ends_well(os));
        if !shaped || text.len() > MAX_BYTES || !text.bytes().all(plain) || text.ends_with('.') {
            return Err(BadTarget(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_plain_names() {
        for good in [
            "x86_64-linux",
            "aarch64-macos",
            "armv7-linux-androideabi",
            "a.1-b",
        ] {
            assert_eq!(good.parse::<Target>().unwrap().as_str(), good);
        }
        let long = format!("x-{}", "y".repeat(MAX_BYTES));
        for bad in [
            "", "-", "x86_64", "-linux", "x86-", "x--y", "../a-b", "a/b-c", "a-b\0", "a-b.",
            ".a-b", "ä-b", "a b-c", "a-b\n", "c:\\a-b", &long,
        ] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
        assert!(Target::current().as_str().parse::<Target>().is_ok());
        let windows: Target = "x86_64-windows".parse().unwrap();
        assert_eq!(windows.executable_suffix(), ".exe");
    }
}
