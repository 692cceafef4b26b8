//! The embedded server's limits as flags.

use std::time::Duration;

use clap::Args;

use crate::cli::report::{CommandError, Kind};
use crate::config::connection::parse_duration;
use crate::config::host::parse_size;
use crate::nats::embedded::Config;
use crate::nats::embedded::jetstream::{self, Sync};

/// Bytes; what nats-server takes at most.
const MAX_PAYLOAD: usize = 64 << 20;

/// What one client, and all together, may use.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// The largest message, headers included [default: 1MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_payload: Option<usize>,

    /// How many clients may be connected [default: 65536]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: Option<u32>,

    /// How many subscriptions a client may have; 0 is any number [default: 0]
    #[arg(long, value_name = "COUNT", hide_short_help = true)]
    max_subscriptions: Option<u32>,

    /// The longest line of the protocol [default: 4KiB]
    #[arg(long, value_name = "SIZE", value_parser = size, hide_short_help = true)]
    max_control_line: Option<usize>,

    /// What may wait for a slow client until it is cut off [default: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = size, hide_short_help = true)]
    max_pending: Option<usize>,

    /// How long a client may take nothing of what waits for it [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, hide_short_help = true)]
    write_deadline: Option<Duration>,

    /// How long a client may be silent until it is asked whether it is there [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, hide_short_help = true)]
    ping_interval: Option<Duration>,

    /// How long a client may take to log in [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, hide_short_help = true)]
    auth_timeout: Option<Duration>,
}

/// How much streams may hold, and when they are safe.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "JetStream options")]
pub(super) struct StreamArgs {
    /// JetStream domain to tell clients [default: none; `core` is understood]
    #[arg(long, value_name = "DOMAIN")]
    pub(super) js_domain: Option<String>,

    /// When messages are safe from a loss of power: always, before they are acknowledged; or how
    /// often, in the background. They survive the end of the server in any case
    #[arg(
        long,
        value_name = "always|TIME",
        alias = "sync-interval",
        default_value = "100ms",
        value_parser = sync
    )]
    sync: Sync,

    /// What streams in memory may hold together [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size, hide_short_help = true)]
    max_memory_store: Option<usize>,

    /// What streams on the disk may hold together [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = size, hide_short_help = true)]
    max_file_store: Option<usize>,
}

impl LimitArgs {
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), CommandError> {
        fn set<T>(to: &mut T, given: Option<T>) {
            if let Some(it) = given {
                *to = it;
            }
        }
        let count = |it: Option<u32>| it.and_then(|it| usize::try_from(it).ok());
        set(&mut config.max_payload, self.max_payload);
        set(&mut config.max_control_line, self.max_control_line);
        set(&mut config.max_pending, self.max_pending);
        set(&mut config.max_connections, count(self.max_connections));
        set(&mut config.max_subscriptions, count(self.max_subscriptions));
        set(&mut config.write_deadline, self.write_deadline);
        set(&mut config.ping_interval, self.ping_interval);
        set(&mut config.auth_timeout, self.auth_timeout);
        let usage = |it: &str| Err(CommandError::new(Kind::Usage, it));
        if config.max_payload > MAX_PAYLOAD {
            return usage("--max-payload is at most 64MiB; larger things go into object stores");
        }
        if config.max_payload > config.max_pending {
            return usage(
                "--max-payload is more than --max-pending: no client could be sent such a message",
            );
        }
        if config.max_control_line < MIN_LINE || config.max_control_line > MAX_PAYLOAD {
            return usage("--max-control-line must be from 512 bytes to 64MiB");
        }
        Ok(())
    }
}

/// Bytes; a client's CONNECT is about half of that.
const MIN_LINE: usize = 512;

impl StreamArgs {
    pub(super) fn apply(&self, streams: &mut jetstream::Config) {
        streams.domain.clone_from(&self.js_domain);
        streams.sync = self.sync;
        let bytes = |it: usize| it as u64;
        if let Some(it) = self.max_memory_store {
            streams.max_memory = bytes(it);
        }
        streams.max_storage = self.max_file_store.map(bytes);
    }
}

fn size(text: &str) -> Result<usize, &'static str> {
    parse_size(text).ok_or("write a size such as 512KiB or 8MiB")
}

fn sync(text: &str) -> Result<Sync, String> {
    if text == "always" {
        return Ok(Sync::Always);
    }
    match parse_duration(text) {
        Ok(_) if text.trim() == "0" => Err("write always for at once".to_owned()),
        Ok(it) if it < LEAST => Err("write always, or at least 1ms".to_owned()),
        Ok(it) => Ok(Sync::Every(it)),
        Err(_) => Err("write always, or how often: 100ms, 2s".to_owned()),
    }
}

/// More often than that is `always`.
const LEAST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_sync_is_that_of_the_store() {
        assert_eq!(sync("100ms"), Ok(Sync::default()));
        assert_eq!(sync("always"), Ok(Sync::Always));
        for wrong in ["", "0", "never", "1ns", "-1s"] {
            assert!(sync(wrong).is_err(), "{wrong}");
        }
    }
}
