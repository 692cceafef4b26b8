//! The leaf links of the server that is used, and the hubs behind them.

use std::path::PathBuf;

use futures_util::future::join_all;

use super::DoctorArgs;
use super::facts::{Address, Leafs, Trouble};
use crate::cli::leaf::hubs::{examine, needs};
use crate::cli::leaf::links::Seen;
use crate::cli::leaf::own::OwnConfig;
use crate::cli::report::CommandError;
use crate::cli::session::Session;
use crate::config::connection::Connection;
use crate::config::running::Record;
use crate::lattice::LatticeName;
use crate::nats::leaf::Remote;
use crate::nats::monitor::Monitor;

/// The monitoring port that everybody uses.
const USUAL_PORT: u16 = 8222;

/// What may tell about leaf links.
pub(super) struct Search<'a> {
    pub(super) session: &'a Session,
    pub(super) args: &'a DoctorArgs,
    pub(super) settings: &'a Connection,
    pub(super) lattice: &'a LatticeName,
    pub(super) addresses: &'a [Address],
    pub(super) local: &'a [Record],
}

impl Search<'_> {
    /// The links of the server with this id; none if its monitoring is not found.
    pub(super) async fn leafs(&self, id: &str) -> Option<Leafs> {
        let own = self.args.config.as_deref();
        let own = own.map(|it| OwnConfig::read(it, &self.session.env));
        let monitored = own
            .as_ref()
            .and_then(|it| it.as_ref().ok()?.monitor.clone());
        let mut places: Vec<String> = Vec::new();
        if let Some(it) = &self.args.monitor {
            places.push(it.clone());
        } else {
            places.extend(monitored);
            places.extend(self.local.iter().filter_map(|it| it.nats.monitor.clone()));
            if self.addresses.iter().any(|it| it.loopback) {
                places.push(format!("127.0.0.1:{USUAL_PORT}"));
            }
        }
        places.dedup();
        let asked = places.iter().map(|place| async move {
            let monitor = Monitor::new(place);
            let about = monitor.about().await.ok()?;
            (about.server_id == id).then_some((monitor, about))
        });
        let (monitor, about) = join_all(asked).await.into_iter().flatten().next()?;
        let record = self.local.iter();
        let record = record
            .filter(|it| it.nats.monitor.as_deref() == Some(monitor.address()))
            .find(|it| it.nats.config.is_some());
        let own = own.or_else(|| {
            let path: &PathBuf = record?.nats.config.as_ref()?;
            Some(OwnConfig::read(path, &self.session.env))
        });
        let log = record.and_then(|it| it.nats.log.clone());
        let log = log.or_else(|| own.as_ref()?.as_ref().ok()?.log.clone());

        let known = match own {
            Some(Ok(own)) => Some(own.remotes().await),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        };
        let (remotes, logins, unusable) = match known {
            Some(Ok(it)) => (it, true, None),
            other => {
                let bare = about.leaf.remotes.iter();
                let bare = bare.filter_map(|it| Remote::bare(&it.urls)).collect();
                (bare, false, other.and_then(Result::err).map(trouble))
            }
        };
        let wanted = about.leaf.remotes.len();
        let domain = self.settings.js_domain.as_ref();
        let prefix = self.settings.ctl_prefix.as_ref();
        let needs = needs(
            self.lattice,
            prefix.map(|it| it.value.as_str()),
            domain.map(|it| it.value.as_str()),
        );
        let hubs = examine(&remotes, logins, &needs).await;
        let seen = Seen::at(&monitor, wanted, &hubs).await;
        let trouble = seen.trouble(wanted, &hubs, log.as_deref());
        let joined = trouble.is_none();
        Some(Leafs {
            monitor: format!("http://{}", monitor.address()),
            // A hub is told of the links of others.
            links: match wanted {
                0 => monitor.links().await.unwrap_or_default(),
                _ => seen.up,
            },
            hubs: hubs.into_iter().map(|it| it.joined(joined)).collect(),
            trouble,
            unusable,
        })
    }
}

fn trouble(error: CommandError) -> Trouble {
    let mut what = error.message;
    for cause in &error.causes {
        what = format!("{what}: {}", cause.trim());
    }
    Trouble {
        what,
        fix: (!error.hints.is_empty()).then(|| error.hints.join("; ")),
    }
}
