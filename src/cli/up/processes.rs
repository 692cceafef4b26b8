//! How the host that is started runs providers' processes.

use crate::claims::Trust;
use crate::cli::guard;
use crate::cli::report::CommandError;
use crate::config::auth::Auth;
use crate::config::host::Endpoint;
use crate::config::layer::Source;
use crate::host::{Bounds, Processes};
use crate::lattice::connect::read_creds;

use super::plan::Plan;

/// Variables that every provider gets.
const ENVIRONMENT: &[&str] = &[
    "RUST_LOG",
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    #[cfg(windows)]
    "SYSTEMROOT",
];

/// `address` is that of the lattice's NATS.
pub(super) async fn processes(plan: &Plan, address: &str) -> Result<Processes, CommandError> {
    let settings = &plan.settings;
    let (own, rpc) = (&settings.prov_rpc, &settings.rpc);
    let endpoint = Endpoint {
        host: own.host.clone().or_else(|| rpc.host.clone()),
        port: own.port.clone().or_else(|| rpc.port.clone()),
        auth: match own.auth.source {
            Source::Default => rpc.auth.clone(),
            _ => own.auth.clone(),
        },
        tls: own.tls || (own.host.is_none() && rpc.tls),
    };
    let (nats_jwt, nats_seed) = user(&endpoint.auth.value).await?;
    let wanted = &settings.providers;
    let names = ENVIRONMENT.iter().copied();
    let names = names.chain(wanted.env.iter().map(String::as_str));
    let log_level = settings.log_level.as_ref().map(|it| it.value.as_str());
    let log_level = log_level.filter(|_| plan.env.get("RUST_LOG").is_none());
    let variable = |name: &str| Some((name.to_owned(), plan.env.get(name)?.to_owned()));
    Ok(Processes {
        programs: plan.programs(),
        directory: plan.dirs.state.join("providers"),
        guard: std::env::current_exe()
            .ok()
            .map(|it| (it, vec![guard::NAME.to_owned()])),
        trust: match wanted.lenient_claims {
            true => Trust::Lenient,
            false => Trust::Strict,
        },
        nats_url: plan.url(&endpoint, address),
        nats_jwt,
        nats_seed,
        environment: names.filter_map(variable).collect(),
        bounds: Bounds {
            memory: wanted.memory,
            files: wanted.files,
            millicpus: wanted.millicpus,
            tasks: wanted.tasks,
        },
        structured_logging: settings.structured_logging,
        log_level: log_level.and_then(level),
    })
}

/// The level in the words of providers, which refuse every other. Ours may also be a filter.
fn level(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    ["error", "warn", "info", "debug", "trace"]
        .contains(&text.as_str())
        .then_some(text)
}

/// JWT and seed, as providers take them; empty for none.
async fn user(auth: &Auth) -> Result<(String, String), CommandError> {
    Ok(match auth {
        Auth::Jwt { jwt, seed } => (jwt.reveal().to_owned(), seed.reveal()),
        Auth::Nkey(seed) => (String::new(), seed.reveal()),
        Auth::Creds(path) => {
            let (jwt, seed) = read_creds(path).await?;
            (jwt, seed.reveal())
        }
        // A user and password stand in the address.
        Auth::Anonymous | Auth::UserPassword { .. } | Auth::Token(_) => Default::default(),
    })
}
