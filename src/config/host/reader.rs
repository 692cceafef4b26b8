//! The settings of a host as typed values, each with a word on what is wrong with it.
//!
//! Knows each setting by itself; which of them make up what a host is told is for [`super::HostSettings`].

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::claims::{ClusterId, KeyKind, Seed};
use crate::config::auth::Auth;
use crate::config::connection;
use crate::config::layer::{Layers, Setting, Source};
use crate::config::secret::{note_exposed, read_jwt, read_seed, read_small};
use crate::config::{ConfigError, bad, half};

use super::{Endpoint, Key, Limits, Nats, NatsKind, Providers};

const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: u16 = 4222;

/// Typed views of the layers.
pub(super) struct Reader<'a>(pub(super) &'a Layers<Key>);

impl Reader<'_> {
    pub(super) fn text(&self, key: Key) -> Option<String> {
        self.0.get(key).map(|it| it.value.trim().to_owned())
    }

    /// A NATS subject.
    pub(super) fn subject(&self, key: Key, wildcards: bool) -> Result<Option<String>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        let text = it.value.trim();
        let fits = |token: &str| {
            let wild = token.contains(['*', '>']);
            !token.is_empty() && !token.contains(char::is_whitespace) && (wildcards || !wild)
        };
        if text.split('.').all(fits) {
            return Ok(Some(text.to_owned()));
        }
        Err(bad(&it.source, &format!("'{text}' is not a subject")))
    }

    pub(super) fn bool(&self, key: Key) -> Result<Option<bool>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        match it.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "y" | "on" | "enable" | "enabled" => Ok(Some(true)),
            "0" | "false" | "no" | "n" | "off" | "disable" | "disabled" => Ok(Some(false)),
            _ => Err(bad(&it.source, "it is neither true nor false")),
        }
    }

    pub(super) fn number<T: FromStr>(&self, key: Key) -> Result<Option<Setting<T>>, ConfigError> {
        let parse = |text: String, source: &Source| {
            let fits = text.trim().parse();
            fits.map_err(|_| bad(source, &format!("'{text}' is not a number that fits")))
        };
        self.0.get(key).map(|it| it.try_map(parse)).transpose()
    }

    pub(super) fn positive<T: FromStr + Default + PartialEq>(
        &self,
        key: Key,
    ) -> Result<Option<T>, ConfigError> {
        match self.number::<T>(key)? {
            Some(it) if it.value == T::default() => Err(bad(&it.source, "it must be more than 0")),
            it => Ok(it.map(|it| it.value)),
        }
    }

    pub(super) fn duration(&self, key: Key) -> Result<Option<Duration>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        if it.value.trim() == "0" {
            return Ok(Some(Duration::ZERO));
        }
        let parsed = connection::parse_duration(&it.value);
        parsed.map(Some).map_err(|reason| bad(&it.source, &reason))
    }

    pub(super) fn list(&self, key: Key) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        let items = text.split(',').map(str::trim);
        items
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn lattice(&self) -> Result<Setting<String>, ConfigError> {
        let Some(it) = self.0.get(Key::Lattice) else {
            return Ok(Setting::default("default".to_owned()));
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !it.value.chars().all(fits) {
            return Err(bad(&it.source, "use letters, digits, '-' and '_'"));
        }
        Ok(it)
    }

    pub(super) fn seed(
        &self,
        key: Key,
        kind: KeyKind,
    ) -> Result<Option<Setting<Seed>>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        let seed = refuse_exposed(|exposed| read_seed(&it, exposed))?;
        if seed.kind() != kind {
            let reason = format!("it is a {} seed, not a {kind} seed", seed.kind());
            return Err(bad(&it.source, &reason));
        }
        Ok(Some(it.map(|_| seed)))
    }

    pub(super) fn issuers(&self) -> Result<Vec<String>, ConfigError> {
        let issuers = self.list(Key::ClusterIssuers);
        for issuer in &issuers {
            if let (Err(error), Some(it)) =
                (ClusterId::parse(issuer), self.0.get(Key::ClusterIssuers))
            {
                // A seed in the wrong place must not be quoted.
                let shown = if Seed::parse(issuer).is_ok() {
                    "it is a seed; issuers are public keys".to_owned()
                } else {
                    error.to_string()
                };
                return Err(bad(&it.source, &shown));
            }
        }
        Ok(issuers)
    }

    /// The address of the control connection stands for all, if there is no other.
    pub(super) fn nats(&self, ctl: &Endpoint) -> Result<Nats, ConfigError> {
        let host = self.0.get(Key::NatsHost).or_else(|| ctl.host.clone());
        let port = self.number(Key::NatsPort)?.or_else(|| ctl.port.clone());
        let (kind, server) = self.server()?;
        Ok(Nats {
            kind,
            host: host.unwrap_or_else(|| Setting::default(DEFAULT_HOST.to_owned())),
            port: port.unwrap_or_else(|| Setting::default(DEFAULT_PORT)),
            connect_only: kind == NatsKind::External,
            server,
            domain: self.text(Key::NatsJsDomain),
            config: self.text(Key::NatsConfig).map(PathBuf::from),
        })
    }

    /// The six settings from `host` on.
    pub(super) fn endpoint(
        &self,
        host: Key,
        seed_flag: &'static str,
    ) -> Result<Endpoint, ConfigError> {
        let (port, seed, jwt, creds, tls) = match host {
            Key::CtlHost => (
                Key::CtlPort,
                Key::CtlSeed,
                Key::CtlJwt,
                Key::CtlCreds,
                Key::CtlTls,
            ),
            Key::RpcHost => (
                Key::RpcPort,
                Key::RpcSeed,
                Key::RpcJwt,
                Key::RpcCreds,
                Key::RpcTls,
            ),
            _ => (
                Key::ProvRpcPort,
                Key::ProvRpcSeed,
                Key::ProvRpcJwt,
                Key::ProvRpcCreds,
                Key::ProvRpcTls,
            ),
        };
        let port = self.number(port)?;
        if let Some(it) = port.as_ref().filter(|it| it.value == 0) {
            return Err(bad(&it.source, "only --nats-port may be 0"));
        }
        Ok(Endpoint {
            host: self.0.get(host),
            port,
            auth: refuse_exposed(|exposed| self.auth(seed, jwt, creds, seed_flag, exposed))?,
            tls: self.bool(tls)?.unwrap_or(false),
        })
    }

    pub(super) fn auth(
        &self,
        seed: Key,
        jwt: Key,
        creds: Key,
        seed_flag: &'static str,
        exposed: &mut Vec<PathBuf>,
    ) -> Result<Setting<Auth>, ConfigError> {
        let anonymous = || Setting::default(Auth::Anonymous);
        let Some(strongest) = self.0.first_with(&[seed, jwt, creds]) else {
            return Ok(anonymous());
        };
        if let Some(creds) = strongest.get(creds) {
            if strongest.has(&[seed, jwt]) {
                return Err(bad(
                    &creds.source,
                    "give either credentials or a seed, not both",
                ));
            }
            let path = PathBuf::from(creds.value.trim());
            note_exposed(&path, exposed);
            // Unreadable credentials must stop the start: a host must not turn anonymous.
            read_small(&path, 64 * 1024).map_err(|reason| ConfigError::Unreadable {
                what: "credentials file",
                path: path.clone(),
                reason,
            })?;
            return Ok(creds.clone().map(|_| Auth::Creds(path)));
        }
        match (self.0.get(jwt), self.0.get(seed)) {
            (Some(jwt), Some(seed)) => {
                let seed = read_seed(&seed, exposed)?;
                jwt.try_map(|text, source| {
                    let jwt = read_jwt(&text, source, exposed)?;
                    Ok(Auth::Jwt { jwt, seed })
                })
            }
            (Some(jwt), None) => Err(half("user JWT", "seed", jwt.source, seed_flag)),
            (None, Some(seed)) => {
                let key = read_seed(&seed, exposed)?;
                Ok(seed.map(|_| Auth::Nkey(key)))
            }
            (None, None) => Ok(anonymous()),
        }
    }

    fn size(&self, key: Key) -> Result<Option<usize>, ConfigError> {
        let parse = |it: Setting<String>| {
            let bytes = parse_size(&it.value);
            bytes.ok_or_else(|| bad(&it.source, "write a size such as 64MiB or 1GiB"))
        };
        self.0.get(key).map(parse).transpose()
    }

    fn millicpus(&self, key: Key) -> Result<Option<u32>, ConfigError> {
        let parse = |it: Setting<String>| {
            let number = parse_millis(&it.value);
            number.ok_or_else(|| bad(&it.source, "write a number of CPUs from 0.01 to 1024"))
        };
        self.0.get(key).map(parse).transpose()
    }

    pub(super) fn providers(&self) -> Result<Providers, ConfigError> {
        let memory = self.size(Key::ProviderMaxMemory)?;
        Ok(Providers {
            lenient_claims: self.bool(Key::LenientProviderClaims)?.unwrap_or(false),
            env: self.list(Key::ProviderEnv),
            memory: memory.map(|it| it as u64),
            files: self.positive(Key::ProviderMaxFiles)?,
            millicpus: self.millicpus(Key::ProviderMaxCpus)?,
            tasks: self.positive(Key::ProviderMaxTasks)?,
        })
    }

    pub(super) fn limits(&self) -> Result<Limits, ConfigError> {
        let memory = self.size(Key::MaxMemory)?;
        let time = match self.duration(Key::MaxTime)? {
            Some(it) if it.is_zero() => {
                let source = self
                    .0
                    .get(Key::MaxTime)
                    .map_or(Source::Default, |it| it.source);
                return Err(bad(&source, "it must be more than 0"));
            }
            it => it,
        };
        Ok(Limits {
            memory,
            time,
            depth: self.positive(Key::MaxDepth)?,
            instances: self.positive(Key::MaxInstances)?,
        })
    }
}

/// Files with secrets that others may read are refused, not only told.
pub(super) fn refuse_exposed<T>(
    read: impl FnOnce(&mut Vec<PathBuf>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let mut exposed = Vec::new();
    let value = read(&mut exposed);
    match exposed.pop() {
        Some(path) => Err(ConfigError::Exposed { path }),
        None => value,
    }
}

/// Reads `64MiB`, `64M`, `1GiB` or bytes, all in powers of 1024.
pub fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    let number: usize = number.parse().ok()?;
    number.checked_mul(1 << shift).filter(|it| *it > 0)
}

/// Reads `0.5` or `2` as thousandths: at least ten, the least that kernels take.
fn parse_millis(text: &str) -> Option<u32> {
    let number: f64 = text.trim().parse().ok()?;
    // Neither infinite nor none, and exact enough.
    (0.01..=1024.0)
        .contains(&number)
        .then_some((number * 1000.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_read_in_thousandths() {
        for (text, thousandths) in [("0.5", 500), ("2", 2000), (" .01 ", 10), ("1.2345", 1235)] {
            assert_eq!(parse_millis(text), Some(thousandths), "{text}");
        }
        for wrong in ["", "0", "0.001", "-1", "1,5", "NaN", "inf", "1025", "50%"] {
            assert_eq!(parse_millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(parse_size("65536"), Some(65536));
        assert_eq!(parse_size("64 MiB"), Some(64 << 20));
        assert_eq!(parse_size("1g"), Some(1 << 30));
        for wrong in [
            "",
            "0",
            "MiB",
            "-1",
            "1.5G",
            "99999999999999999999",
            "18446744073709551615k",
        ] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }
}
