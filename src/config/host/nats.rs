//! Which NATS server a host is to run on, out of three settings that overlap.

use std::path::PathBuf;

use crate::config::layer::Source;
use crate::config::{ConfigError, bad};

use super::Key;
use super::reader::Reader;

/// Which NATS server a host is to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NatsKind {
    /// What answers, else a nats-server, else the one in this program.
    #[default]
    Any,
    /// The one in this program, and no other.
    Embedded,
    /// A nats-server, and no other.
    Server,
    /// One that is there already.
    External,
}

impl Reader<'_> {
    /// Which server, and the program that it is. `--nats` says more than `--nats-connect-only` and `--nats-server`:
    /// where they contradict it, the nearer one counts, and two that are equally near are refused.
    pub(super) fn server(&self) -> Result<(NatsKind, Option<PathBuf>), ConfigError> {
        let connect_only = self.bool(Key::NatsConnectOnly)?.unwrap_or(false);
        let mut program = self.text(Key::NatsServer);
        let without = match connect_only {
            true => NatsKind::External,
            false => NatsKind::Any,
        };
        let Some(setting) = self.0.get(Key::NatsKind) else {
            return Ok((without, program.map(PathBuf::from)));
        };
        let kind = nats_kind(&setting.value, &setting.source)?;
        let agree = |key| match (key, program.as_deref(), kind) {
            (Key::NatsConnectOnly, ..) => !connect_only || kind == NatsKind::External,
            (_, Some(EMBEDDED), NatsKind::Server) => false,
            (_, Some(it), NatsKind::Embedded) => it == EMBEDDED,
            _ => true,
        };
        let against = [Key::NatsConnectOnly, Key::NatsServer];
        for key in against.into_iter().filter(|it| !agree(*it)) {
            let nearest = self.0.first_with(&[Key::NatsKind, key]);
            match nearest.map(|it| (it.has(&[Key::NatsKind]), it.get(key))) {
                Some((true, Some(it))) => return Err(bad(&it.source, "it contradicts --nats")),
                Some((true, None)) | None => {}
                Some((false, _)) => return Ok((without, program.map(PathBuf::from))),
            }
        }
        if !agree(Key::NatsServer) {
            program = None;
        }
        Ok((kind, program.map(PathBuf::from)))
    }
}

/// In place of a path: the server in this program.
const EMBEDDED: &str = "embedded";

fn nats_kind(text: &str, source: &Source) -> Result<NatsKind, ConfigError> {
    match text.trim() {
        "auto" => Ok(NatsKind::Any),
        EMBEDDED => Ok(NatsKind::Embedded),
        "server" | "nats-server" => Ok(NatsKind::Server),
        "external" => Ok(NatsKind::External),
        text => {
            let reason = format!("'{text}' is none of auto, embedded, server and external");
            Err(bad(source, &reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;
    use crate::config::host::{HostFile, HostSettings};
    use crate::config::layer::Layer;

    #[test]
    fn the_nearest_word_on_nats_counts() {
        use NatsKind::{Any, Embedded, External, Server};
        let kind = |flags: &[(Key, &str)], variables: &[(&str, &str)]| {
            let mut layer = Layer::default();
            for (key, value) in flags {
                layer.set(*key, *value, Source::Flag(key.definition().flag));
            }
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            let env: Env = variables.iter().map(owned).collect();
            let nats = HostSettings::decide(layer, &env, &HostFile::default())?.nats;
            assert_eq!(nats.connect_only, nats.kind == External);
            let program = nats.server.map(|it| it.display().to_string());
            Ok::<_, ConfigError>((nats.kind, program.unwrap_or_default()))
        };
        let (nats, only) = (Key::NatsKind, Key::NatsConnectOnly);
        let path = ("WASH_NATS_SERVER", "/bin/n");
        let embedded = ("WASH_NATS_SERVER", "embedded");
        let it = |kind, program: &str| (kind, program.to_owned());
        for (flags, variables, expected) in [
            (&[][..], &[][..], it(Any, "")),
            (&[], &[embedded], it(Any, "embedded")),
            (&[(only, "true")], &[path], it(External, "/bin/n")),
            (&[(nats, "embedded")], &[path], it(Embedded, "")),
            (&[(nats, "embedded")], &[embedded], it(Embedded, "embedded")),
            (&[(nats, "server")], &[embedded], it(Server, "")),
            (&[(nats, "server")], &[path], it(Server, "/bin/n")),
            (&[(nats, "external")], &[path], it(External, "/bin/n")),
            (
                &[(nats, "auto")],
                &[("NATS_CONNECT_ONLY", "true")],
                it(Any, ""),
            ),
            (
                &[(only, "true")],
                &[("WASH_NATS", "embedded")],
                it(External, ""),
            ),
            (
                &[(Key::NatsServer, "/bin/n")],
                &[("WASH_NATS", "embedded")],
                it(Any, "/bin/n"),
            ),
        ] {
            assert_eq!(kind(flags, variables).unwrap(), expected, "{flags:?}");
        }
        for flags in [
            &[(nats, "maybe")][..],
            &[(nats, "embedded"), (only, "true")],
            &[(nats, "embedded"), (Key::NatsServer, "/bin/n")],
            &[(nats, "server"), (Key::NatsServer, "embedded")],
        ] {
            assert!(kind(flags, &[]).is_err(), "{flags:?}");
        }
    }
}
