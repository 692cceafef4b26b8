//! Names of artifacts in registries: `[scheme://]registry[:port]/repository[:tag][@digest]`. Pure.

use std::fmt;

use super::digest::Digest;

/// Where a reference without a registry points when there is no default one.
const HUB: &str = "docker.io";

/// Names of the Hub, and the address that serves them.
const HUB_NAMES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const HUB_ADDRESS: &str = "registry-1.docker.io";

/// What a tag may have at most; so says the distribution specification.
const MAX_TAG: usize = 128;

const MAX_REPOSITORY: usize = 255;

/// What tools mean when they give no tag.
const LATEST: &str = "latest";

/// An artifact's place in a registry. The text that a user typed stays the artifact's identity; this is only how
/// to get there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not an image reference: {reason}")]
pub struct BadReference {
    text: String,
    reason: &'static str,
}

impl Reference {
    /// Reads a reference. Without a registry it is one of `default_registry`, which may hold a path too, or of
    /// the Docker Hub. Registry and repository are lower-cased, as every registry has them; tags keep their case.
    ///
    /// # Errors
    /// [`BadReference`] says which part is wrong.
    pub fn parse(text: &str, default_registry: Option<&str>) -> Result<Self, BadReference> {
        let bad = |reason| BadReference {
            text: text.chars().take(MAX_SHOWN).collect(),
            reason,
        };
        let bare = without_scheme(text.trim());
        let (name, digest) = match bare.split_once('@') {
            Some((name, digest)) => {
                let digest = Digest::parse(digest)
                    .ok_or_else(|| bad("after '@' comes sha256: and 64 hexadecimal digits"))?;
                (name, Some(digest))
            }
            None => (bare, None),
        };
        let default = default_registry
            .map(|it| without_scheme(it.trim()).trim_end_matches('/'))
            .filter(|it| !it.is_empty());
        let full = match (name.split_once('/'), default) {
            (Some((first, _)), _) if is_registry(first) => name.to_owned(),
            (_, Some(default)) => format!("{default}/{name}"),
            (Some(_), None) => format!("{HUB}/{name}"),
            (None, None) => format!("{HUB}/library/{name}"),
        };
        let (registry, path) = full
            .split_once('/')
            .ok_or_else(|| bad("the repository is missing"))?;
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        let registry = registry.to_ascii_lowercase();
        let repository = repository.to_ascii_lowercase();
        if !is_authority(&registry) {
            return Err(bad("the registry is not HOST or HOST:PORT"));
        }
        if !is_repository(&repository) {
            return Err(bad(
                "a repository has letters, digits and single '.', '_', '-' or '/' between them",
            ));
        }
        if tag.is_some_and(|it| !is_tag(it)) {
            return Err(bad(
                "a tag has at most 128 letters, digits, '.', '_' and '-'",
            ));
        }
        Ok(Self {
            registry,
            repository,
            tag: tag.map(str::to_owned),
            digest,
        })
    }

    /// A registry alone.
    pub(super) fn of_registry(host: String) -> Self {
        Self {
            registry: host,
            repository: String::new(),
            tag: None,
            digest: None,
        }
    }

    /// `host[:port]`, as it was given.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// `host[:port]` that answers for the registry.
    pub fn address(&self) -> &str {
        address(&self.registry)
    }

    pub fn repository(&self) -> &str {
        &self.repository
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Whether it means whatever was pushed last: tag `latest`, said or implied. A digest never does.
    pub fn is_latest(&self) -> bool {
        self.digest.is_none() && self.tag.as_deref().is_none_or(|it| it == LATEST)
    }

    /// What a registry is asked for: the digest, or else the tag.
    pub(super) fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => LATEST.to_owned(),
        }
    }

    /// Repository and tag as those tools wrote them that lower-case all of a reference.
    pub(super) fn lower_cased(&self) -> Option<Self> {
        let tag = self.tag.as_ref()?;
        let lower = tag.to_ascii_lowercase();
        (self.digest.is_none() && lower != *tag).then(|| Self {
            tag: Some(lower),
            ..self.clone()
        })
    }

    /// The same artifact, by digest.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        if !self.repository.is_empty() {
            write!(f, "/{}", self.repository)?;
        }
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Quoted of a text that is wrong.
const MAX_SHOWN: usize = 200;

/// `host[:port]` of a registry however people write it: with a scheme, a path, or in capitals.
pub fn registry_host(text: &str) -> Option<String> {
    let bare = without_scheme(text.trim());
    let host = bare.split('/').next().unwrap_or(bare).to_ascii_lowercase();
    is_authority(&host).then_some(host)
}

/// `host[:port]` that answers for a registry of this name.
pub(super) fn address(registry: &str) -> &str {
    if HUB_NAMES.contains(&registry) {
        HUB_ADDRESS
    } else {
        registry
    }
}

fn without_scheme(text: &str) -> &str {
    ["oci://", "https://", "http://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text)
}

/// Whether the first part of a reference is a registry rather than a repository.
fn is_registry(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':', '['])
}

fn is_authority(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        match port {
            "" => return true,
            port => ("v6", port.strip_prefix(':')),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("443")),
        }
    };
    let label = |it: &str| {
        !it.is_empty()
            && it
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    let digits = |it: &str| it.bytes().all(|c| c.is_ascii_digit()) && it.parse::<u16>().is_ok();
    host.len() <= 253 && host.split('.').all(label) && port.is_some_and(digits)
}

fn is_repository(text: &str) -> bool {
    let component = |it: &str| {
        it.starts_with(|c: char| c.is_ascii_alphanumeric())
            && it.ends_with(|c: char| c.is_ascii_alphanumeric())
            && it
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c))
            && !it.contains("..")
    };
    text.len() <= MAX_REPOSITORY && text.split('/').all(component)
}

pub(super) fn is_tag(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    (1..=MAX_TAG).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, default: Option<&str>, expected: &str) {
        let reference = Reference::parse(text, default);
        let shown = reference.map_or_else(|error| error.to_string(), |it| it.to_string());
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn references_are_read_however_they_are_written() {
        let hex = "a".repeat(64);
        for (text, expected) in [
            ("ghcr.io/me/hello:0.1", "ghcr.io/me/hello:0.1"),
            (" oci://GHCR.io/Me/Hello:RC1 ", "ghcr.io/me/hello:RC1"),
            ("https://localhost:5000/a/b", "localhost:5000/a/b"),
            ("http://127.0.0.1:1/x.wasm", "127.0.0.1:1/x.wasm"),
            ("localhost/echo:1", "localhost/echo:1"),
            ("[::1]:5000/echo:1", "[::1]:5000/echo:1"),
            ("hello", "docker.io/library/hello"),
            ("me/hello:1", "docker.io/me/hello:1"),
        ] {
            check(text, None, expected);
        }
        check(
            &format!("r.io/a:1@sha256:{}", hex.to_uppercase()),
            None,
            &format!("r.io/a:1@sha256:{hex}"),
        );
        check("hello:1", Some("ghcr.io/me"), "ghcr.io/me/hello:1");
        check("a/b:1", Some("https://r.io:5000/"), "r.io:5000/a/b:1");
        check("r.io/b:1", Some("other.io"), "r.io/b:1");
    }

    #[test]
    fn what_is_no_reference_says_why() {
        for (text, reason) in [
            ("", "repository"),
            ("r.io/", "repository"),
            ("r.io:99999/a", "HOST:PORT"),
            ("r.io:/a", "HOST:PORT"),
            ("u:p@r.io/a", "sha256"),
            ("r.io/a:", "tag"),
            ("r.io/a:b c", "tag"),
            ("r.io/a@sha256:00", "sha256"),
            ("r.io/../a", "repository"),
            ("r.io/a//b", "repository"),
            ("[::1/a", "HOST:PORT"),
            ("r.io/ä", "repository"),
            ("ftp://r.io/a", "HOST:PORT"),
        ] {
            let error = Reference::parse(text, None).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let long = "r.io/".to_owned() + &"a".repeat(5000) + "!";
        assert!(Reference::parse(&long, None).unwrap_err().to_string().len() < 500);
    }

    #[test]
    fn latest_is_what_has_neither_tag_nor_digest() {
        let latest = |text: &str| Reference::parse(text, None).unwrap().is_latest();
        assert!(latest("r.io/a") && latest("r.io/a:latest"));
        assert!(!latest("r.io/a:1") && !latest("r.io/a:latest1"));
        assert!(!latest(&format!("r.io/a@sha256:{}", "0".repeat(64))));
        assert!(!latest(&format!("r.io/a:latest@sha256:{}", "0".repeat(64))));
    }

    #[test]
    fn registries_have_one_name() {
        for (text, host) in [
            ("oci://GHCR.io", Some("ghcr.io")),
            ("https://index.docker.io/v1/", Some("index.docker.io")),
            ("localhost:5000/x", Some("localhost:5000")),
            ("", None),
            ("a b", None),
        ] {
            assert_eq!(registry_host(text).as_deref(), host, "{text}");
        }
        assert_eq!(address("docker.io"), address("index.docker.io"));
        assert_eq!(address("r.io"), "r.io");
    }
}
