//! Releases of nats-server as its makers publish them: versions, names of files, sums. Pure.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::binary::NAME;

/// The release that is installed unless another is named; the lattice suite runs on it.
pub const DEFAULT_VERSION: &str = "2.15.0";

/// Where releases are published; a mirror has the same paths below its own address.
pub const ORIGIN: &str = "https://github.com/nats-io/nats-server/releases/download";

/// Longer is no version.
const MAX_VERSION: usize = 64;

/// A version such as `2.10.22` or `2.12.0-RC.1`: nothing else, so that it is safe in a path and in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    /// What makes it a preview.
    pre: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a version of nats-server; write 2.10.22, for example")]
pub struct BadVersion(String);

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let bad = || BadVersion(text.chars().take(MAX_VERSION).collect());
        let plain = text.strip_prefix('v').unwrap_or(text);
        if plain.len() > MAX_VERSION {
            return Err(bad());
        }
        let (numbers, pre) = match plain.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (plain, None),
        };
        let numbers: Vec<u64> = numbers
            .split('.')
            .map(|it| {
                let canonical = it == "0" || !it.starts_with(['0', '+']);
                it.parse().ok().filter(|_| canonical)
            })
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        let numbers = numbers.try_into().map_err(|_| bad())?;
        let part = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
        if pre.is_some_and(|it| !it.split(['.', '-']).all(part)) {
            return Err(bad());
        }
        Ok(Self {
            numbers,
            pre: pre.map(str::to_owned),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        match &self.pre {
            Some(it) => write!(f, "-{it}"),
            None => Ok(()),
        }
    }
}

impl Ord for Version {
    /// A preview is before what it previews.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.numbers, it.pre.is_none());
        key(self)
            .cmp(&key(other))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The archive of a version for one kind of machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    version: Version,
    /// `linux-amd64`.
    platform: String,
}

impl Release {
    /// For the machine that this program was built for; none if releases have nothing for it.
    pub fn here(version: Version) -> Option<Self> {
        Self::for_platform(version, std::env::consts::OS, std::env::consts::ARCH)
    }

    fn for_platform(version: Version, os: &str, arch: &str) -> Option<Self> {
        let os = match os {
            "linux" | "windows" | "freebsd" => os,
            "macos" => "darwin",
            _ => return None,
        };
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "arm" => "arm7",
            "x86" => "386",
            _ => return None,
        };
        let platform = format!("{os}-{arch}");
        Some(Self { version, platform })
    }

    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The directory that everything in the archive lies in.
    fn folder(&self) -> String {
        format!("{NAME}-v{}-{}", self.version, self.platform)
    }

    /// The archive's name.
    pub fn archive(&self) -> String {
        format!("{}.tar.gz", self.folder())
    }

    /// The program's path in the archive.
    pub(super) fn program(&self) -> String {
        let suffix = match self.platform.starts_with("windows") {
            true => ".exe",
            false => "",
        };
        format!("{}/{NAME}{suffix}", self.folder())
    }

    /// Where the archive is below `base`.
    pub fn url(&self, base: &str) -> String {
        let base = base.trim_end_matches('/');
        format!("{base}/v{}/{}", self.version, self.archive())
    }

    /// Where the sums of a release's files are below `base`.
    pub fn sums_url(&self, base: &str) -> String {
        let base = base.trim_end_matches('/');
        format!("{base}/v{}/SHA256SUMS", self.version)
    }

    /// The archive's SHA-256 in a file of sums: 64 hexadecimal digits. None unless there is exactly one.
    pub fn sum(&self, sums: &str) -> Option<String> {
        let archive = self.archive();
        let mut found = sums.lines().filter_map(|line| {
            let (sum, name) = line.trim().split_once([' ', '\t'])?;
            // An asterisk marks a binary file.
            let name = name.trim_start();
            let name = name.strip_prefix('*').unwrap_or(name);
            let is_sum = sum.len() == 64 && sum.bytes().all(|it| it.is_ascii_hexdigit());
            (name == archive && is_sum).then(|| sum.to_ascii_lowercase())
        });
        let sum = found.next()?;
        found.all(|it| it == sum).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_read_written_and_compared() {
        for text in ["2.10.22", "0.0.0", "2.12.0-RC.1", "2.11.0-preview-2"] {
            assert_eq!(version(text).to_string(), text);
            assert_eq!(version(&format!("v{text}")), version(text));
        }
        let mut sorted = ["2.9.25", "2.10.0", "2.12.0", "2.12.0-RC.1", "2.10.0-beta"].map(version);
        sorted.sort();
        let sorted = sorted.map(|it| it.to_string());
        assert_eq!(
            sorted,
            ["2.9.25", "2.10.0-beta", "2.10.0", "2.12.0-RC.1", "2.12.0"]
        );
        assert!(DEFAULT_VERSION.parse::<Version>().is_ok());
    }

    #[test]
    fn what_could_leave_its_directory_is_no_version() {
        for text in [
            "",
            "v",
            "latest",
            "2",
            "2.10",
            "2.10.1.1",
            "2.10.x",
            "02.1.1",
            "+2.1.1",
            "2.10.1-",
            "2.10.1-..",
            "2.10.1-../../x",
            "../2.10.1",
            "2.10.1/..",
            "2.10.1-a/b",
            "2.10.1-a\\b",
            "2.10.1-a b",
            "2.10.1-%2e",
            "2.10.1\n",
            "vv2.10.1",
            "99999999999999999999.1.1",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
        assert!(
            format!("2.1.1-{}", "a".repeat(100))
                .parse::<Version>()
                .is_err()
        );
    }

    #[test]
    fn names_are_those_of_the_releases() {
        let of = |os, arch| Release::for_platform(version("2.10.22"), os, arch);
        let linux = of("linux", "x86_64").unwrap();
        assert_eq!(
            linux.url("https://mirror.example/nats/"),
            "https://mirror.example/nats/v2.10.22/nats-server-v2.10.22-linux-amd64.tar.gz"
        );
        assert_eq!(
            linux.sums_url(ORIGIN),
            format!("{ORIGIN}/v2.10.22/SHA256SUMS")
        );
        assert_eq!(
            linux.program(),
            "nats-server-v2.10.22-linux-amd64/nats-server"
        );
        let mac = of("macos", "aarch64").unwrap();
        assert_eq!(mac.archive(), "nats-server-v2.10.22-darwin-arm64.tar.gz");
        assert!(of("windows", "x86_64").unwrap().program().ends_with(".exe"));
        assert_eq!(of("linux", "s390x"), None);
        assert_eq!(of("plan9", "x86_64"), None);
    }

    #[test]
    fn a_sum_is_found_by_the_whole_name() {
        let release = Release::for_platform(version("2.10.22"), "linux", "x86_64").unwrap();
        let name = release.archive();
        let (a, b) = ("ab".repeat(32), "cd".repeat(32));
        let sums = format!("{b}  other-{name}\n{b}  {name}.sig\n{a}  {name}\r\n");
        assert_eq!(release.sum(&sums), Some(a.clone()));
        let upper = format!("{} *{name}", a.to_uppercase());
        assert_eq!(release.sum(&upper), Some(a.clone()));
        assert_eq!(release.sum(""), None);
        assert_eq!(release.sum(&format!("{b}  other")), None);
        assert_eq!(release.sum(&format!("abc  {name}")), None);
        // Which of two is right, nobody knows.
        assert_eq!(release.sum(&format!("{a}  {name}\n{b}  {name}")), None);
    }
}
