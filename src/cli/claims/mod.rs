//! `wash claims`: what signed modules state, and signing them. The claims themselves are [`crate::claims`]'.

pub(in crate::cli) mod inspect;
mod sign;
pub(in crate::cli) mod signer;
#[cfg(test)]
pub(in crate::cli) mod testing;
mod token;

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::CommandResult;
use super::report::{CommandError, Kind};
use super::session::Session;

pub(in crate::cli) use inspect::InspectArgs;

/// Bigger files are no actors; without a bound a mistaken path fills the memory.
const MAX_MODULE_BYTES: u64 = 512 << 20;

/// Read and write what modules state about themselves
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ClaimsCommand {
    Inspect(inspect::InspectArgs),
    Sign(Box<sign::SignArgs>),
    /// Make a token without a module
    #[command(subcommand)]
    Token(token::TokenCommand),
}

impl ClaimsCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Inspect(it) => it.run(session),
            Self::Sign(it) => it.run(session),
            Self::Token(it) => it.run(session),
        }
    }
}

/// Rewrites the short flags that `claims sign`, `claims token` and `par create` share with older tools and that mean something
/// else elsewhere: `-q` (an HTTP server's capability) and `-v` (a version or vendor). To be applied to the whole
/// command line, program name included, before it is parsed.
pub(in crate::cli) fn expand_old_shorts(args: Vec<OsString>) -> Vec<OsString> {
    let Some((first, old)) = old_shorts(&args) else {
        return args;
    };
    let mut args = args.into_iter();
    let mut output: Vec<OsString> = args.by_ref().take(first).collect();
    for arg in args.by_ref() {
        let Some(cluster) = arg.to_str().and_then(|it| it.strip_prefix('-')) else {
            output.push(arg);
            continue;
        };
        if cluster == "-" {
            output.push(arg);
            break;
        }
        let mut rest = cluster;
        while let Some(flag) = rest.chars().next() {
            let after = &rest[flag.len_utf8()..];
            let value = after.strip_prefix('=').unwrap_or(after);
            match flag {
                'q' => output.push(old.q.into()),
                'v' if value.is_empty() => output.push(old.v.into()),
                'v' => output.push(format!("{}={value}", old.v).into()),
                _ if old.switches.contains(flag) => output.push(format!("-{flag}").into()),
                _ => output.push(format!("-{rest}").into()),
            }
            if flag != 'q' && !old.switches.contains(flag) {
                break;
            }
            rest = after;
        }
        if cluster.is_empty() {
            output.push(arg);
        }
    }
    output.extend(args);
    output
}

/// What the short flags of a command meant in older tools.
#[derive(Debug)]
struct OldShorts {
    q: &'static str,
    v: &'static str,
    /// Those without a value, of which several may stand in one word.
    switches: &'static str,
}

const ACTOR: OldShorts = OldShorts {
    q: "--http-server",
    v: "--ver",
    switches: "kgflezp",
};
const PROVIDER: OldShorts = OldShorts {
    q: "-q",
    v: "--vendor",
    switches: "",
};

/// Where the flags of such a command begin, and what they meant.
fn old_shorts(args: &[OsString]) -> Option<(usize, &'static OldShorts)> {
    let mut path = Vec::new();
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        let arg = arg.to_str()?;
        at += match arg {
            "-o" | "--output" => 2,
            _ => 1,
        };
        if arg.starts_with('-') {
            continue;
        }
        path.push(arg);
        match path[..] {
            ["claims"] | ["claims", "token"] | ["par"] => {}
            ["claims", "sign"] | ["claims", "token", "actor"] => {
                return Some((at, &ACTOR));
            }
            ["claims", "token", "provider"] | ["par", "create"] => return Some((at, &PROVIDER)),
            _ => return None,
        }
    }
    None
}

/// The file that a reference names: a path or a `file://` URL.
pub(in crate::cli) fn local_path(reference: &str) -> Result<PathBuf, CommandError> {
    if let Some(path) = reference.strip_prefix("file://") {
        return Ok(PathBuf::from(
            path.strip_prefix("localhost").unwrap_or(path),
        ));
    }
    let path = Path::new(reference);
    if path.exists() || !is_registry_reference(reference) {
        return Ok(path.to_owned());
    }
    let message = format!("{reference} is in a registry");
    Err(CommandError::new(Kind::Refused, message)
        .hint(format!("pull it first: wash pull {reference}")))
}

/// Whether a reference is to be fetched from a registry.
pub(in crate::cli) fn is_remote(reference: &str) -> bool {
    !reference.starts_with("file://")
        && !Path::new(reference).exists()
        && is_registry_reference(reference)
}

/// `host.tld/name`, `host:port/name` or `oci://…`, unless it is plainly a path.
fn is_registry_reference(reference: &str) -> bool {
    if reference.starts_with("oci://") {
        return true;
    }
    match reference.split_once('/') {
        Some((host, rest)) => {
            let host_like = host == "localhost" || host.contains(['.', ':']);
            host_like
                && !host.starts_with('.')
                && ![".wasm", ".par", ".par.gz"]
                    .iter()
                    .any(|it| rest.ends_with(it))
        }
        None => false,
    }
}

fn read_module(path: &Path) -> Result<Vec<u8>, CommandError> {
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::General,
        };
        CommandError::new(kind, format!("cannot read {}", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_MODULE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_MODULE_BYTES {
        let limit = MAX_MODULE_BYTES >> 20;
        let message = format!("{} is bigger than {limit} MiB", path.display());
        return Err(CommandError::new(Kind::Refused, message));
    }
    Ok(bytes)
}

/// Seconds since the epoch.
pub(in crate::cli) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let args = line.split(' ').map(OsString::from).collect();
        let output = expand_old_shorts(args);
        let output: Vec<_> = output.iter().map(|it| it.to_str().unwrap()).collect();
        assert_eq!(output.join(" "), expected);
    }

    #[test]
    fn old_short_flags_keep_their_meaning_where_they_had_one() {
        check(
            "wash claims sign a.wasm -q -v 0.1 -n x",
            "wash claims sign a.wasm --http-server --ver 0.1 -n x",
        );
        check(
            "wash -o json -q claims sign a.wasm -kqv0.1 --quiet",
            "wash -o json -q claims sign a.wasm -k --http-server --ver=0.1 --quiet",
        );
        check(
            "wash claims token provider -v acme -q -c a:b -e0.1",
            "wash claims token provider --vendor acme -q -c a:b -e0.1",
        );
        check(
            "wash claims token actor -lqn name -i - -- -q",
            "wash claims token actor -l --http-server -n name -i - -- -q",
        );
        check(
            "wash par create -vacme -v acme -c a:b -q --version 1",
            "wash par create --vendor=acme --vendor acme -c a:b -q --version 1",
        );
        for same in [
            "wash par insert a.par -v -q",
            "wash claims inspect a.wasm -q -v",
            "wash claims token account -v -n x",
            "wash call claims sign -q",
            "wash -q",
            "wash claims sign a.wasm -ccapq -tv -oq",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn references_are_told_apart() {
        for path in [
            "a.wasm",
            "./a.wasm",
            "../x/a.wasm",
            "/a",
            "v1.0/a.wasm",
            "dir/a",
            "v1.0/a.par.gz",
        ] {
            assert_eq!(local_path(path).unwrap(), Path::new(path));
        }
        assert_eq!(local_path("file:///a/b").unwrap(), Path::new("/a/b"));
        assert_eq!(local_path("file://./b").unwrap(), Path::new("./b"));
        for remote in [
            "ghcr.io/a/b:1",
            "localhost:5000/b:1",
            "oci://x/y",
            "wasmcloud.azurecr.io/echo:0.3.4",
        ] {
            assert_eq!(local_path(remote).unwrap_err().kind, Kind::Refused);
        }
    }

    #[test]
    fn a_missing_module_is_not_found() {
        let error = read_module(Path::new("does/not/exist.wasm")).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }
}
