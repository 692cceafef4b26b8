//! Flags of nats-server that the embedded server has no use for: what to say when one is typed.

use crate::cli::report::{CommandError, Kind};

/// Flags as nats-server and other tools spell them, and why there is no such flag here.
const LACKS: &[(&[&str], &str)] = &[
    (
        &["--config", "-c"],
        "takes no configuration file: all its settings are flags",
    ),
    (
        &[
            "--leafnodes",
            "--leafnode",
            "--leaf",
            "--leaf-remote",
            "--leaf-port",
            "--remote",
        ],
        "is no leaf node, and takes none",
    ),
    (
        &[
            "--cluster",
            "--cluster-name",
            "--cluster_name",
            "--cluster-listen",
            "--cluster_listen",
            "--cluster-port",
            "--cluster_advertise",
            "--routes",
            "--route",
            "--no_advertise",
        ],
        "is a single node, and joins no cluster",
    ),
    (&["--gateway", "--gateways"], "has no gateways"),
    (
        &[
            "--operator",
            "--resolver",
            "--jwt",
            "--creds",
            "--account",
            "--accounts",
            "--system-account",
            "--system_account",
        ],
        "knows no operators, accounts and user JWTs",
    ),
    (
        &["--websocket", "--websockets", "--ws", "--ws-port"],
        "speaks no websockets",
    ),
    (&["--mqtt", "--mqtt-port"], "speaks no MQTT"),
    (
        &[
            "--http-port",
            "--http_port",
            "--https-port",
            "--https_port",
            "--monitor",
            "-m",
        ],
        "has no monitoring over HTTP",
    ),
];

/// Flags that are spelled otherwise here, or not needed, and what to do instead.
const OTHERWISE: &[(&[&str], &str)] = &[
    (
        &["--jetstream", "--js", "-j"],
        "JetStream is on, unless --no-jetstream is given",
    ),
    (
        &["--tls", "--tlsverify", "--tls-verify"],
        "TLS needs --tls-cert and --tls-key, and --tls-ca if clients are to show a certificate",
    ),
    (
        &["--detached", "--detach", "--debug", "--trace", "-D", "-V"],
        "it runs in the foreground, and says more with -v",
    ),
];

/// What to say of an argument that `wash nats serve` does not know.
pub(crate) fn refusal(argument: &str) -> Option<CommandError> {
    let name = argument.split('=').next().unwrap_or(argument);
    let find = |table: &[(&[&str], &'static str)]| {
        let found = table.iter().find(|(names, _)| names.contains(&name));
        found.map(|(_, text)| *text)
    };
    let unexpected = format!("unexpected argument '{name}' found");
    if let Some(instead) = find(OTHERWISE) {
        return Some(CommandError::new(Kind::Usage, unexpected).hint(instead));
    }
    let is_file = name.ends_with(".conf") || name.ends_with(".cfg");
    let why = find(LACKS).or_else(|| Some(LACKS.first()?.1).filter(|_| is_file))?;
    let message = format!("{unexpected}: the embedded server {why}");
    Some(
        CommandError::new(Kind::Usage, message)
            .hint("use nats-server for that: `wash nats install` gets it, and `wash up --nats-config FILE` starts it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_nats_server_has_names_it() {
        for (names, why) in LACKS {
            for name in *names {
                let error = refusal(&format!("{name}=x")).unwrap();
                assert!(error.message.contains(name) && error.message.contains(why));
                assert!(error.hints.iter().any(|it| it.contains("nats-server")));
            }
        }
        let file = refusal("nats.conf").unwrap();
        assert!(file.message.contains("configuration"), "{}", file.message);
        assert!(refusal("--nonsense").is_none());
    }
}
