//! Log level, format and destination, set once.

use std::fmt;
use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::config::env::Env;

use super::args::Global;
use super::report::{CommandError, Kind};

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What was asked for about logs; a command may fill in what nobody asked for.
#[derive(Clone, Debug)]
pub(crate) struct Logging {
    /// A level, or a filter as in `RUST_LOG`.
    pub(crate) level: Option<String>,
    pub(crate) format: Option<LogFormat>,
    verbose: u8,
    quiet: bool,
    color: bool,
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

impl Logging {
    pub(super) fn new(global: &Global, env: &Env, color: bool) -> Self {
        let asked = global.log_level.clone();
        Self {
            level: asked.or_else(|| env.get("RUST_LOG").map(str::to_owned)),
            format: global.log_format,
            verbose: global.verbose,
            quiet: global.quiet,
            color,
        }
    }

    /// Logs to stderr from now on. `default` is the level if nobody asked for another; each `-v` raises it.
    pub(crate) fn start(&self, default: &str) -> Result<(), CommandError> {
        let wanted = self.filter(default);
        let filter = EnvFilter::try_new(&wanted).map_err(|error| {
            CommandError::new(Kind::Usage, format!("'{wanted}' is no log level"))
                .because(error)
                .hint("use off, error, warn, info, debug, trace, or a filter like wash=debug")
        })?;
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(self.color)
            .log_internal_errors(false);
        // A second start in one process keeps the first.
        let _ = match self.format.unwrap_or_default() {
            LogFormat::Text => logs.with_target(false).with_timer(Clock).try_init(),
            LogFormat::Json => logs.json().flatten_event(true).try_init(),
        };
        Ok(())
    }

    fn filter(&self, default: &str) -> String {
        if let Some(level) = &self.level {
            return level.trim().to_owned();
        }
        if self.quiet {
            return "error".to_owned();
        }
        let at = LEVELS.iter().position(|it| *it == default).unwrap_or(0);
        let at = at.saturating_add(usize::from(self.verbose));
        let level = LEVELS.get(at).unwrap_or(&"trace");
        // Those below us say much that helps only with them.
        match self.verbose {
            0 => format!("warn,async_nats=off,rustls_platform_verifier=off,wash={level}"),
            1 => format!("warn,wash={level}"),
            _ => (*level).to_owned(),
        }
    }
}

/// Time of day in UTC: `14:03:07.512`.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let (hour, minute, second, milli) = time::OffsetDateTime::now_utc().time().as_hms_milli();
        write!(writer, "{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logging(verbose: u8, level: Option<&str>) -> Logging {
        Logging {
            level: level.map(str::to_owned),
            format: None,
            verbose,
            quiet: false,
            color: false,
        }
    }

    #[test]
    fn verbosity_raises_the_default_and_a_named_level_decides() {
        assert_eq!(
            logging(0, None).filter("info"),
            "warn,async_nats=off,rustls_platform_verifier=off,wash=info"
        );
        assert_eq!(logging(1, None).filter("warn"), "warn,wash=info");
        assert_eq!(logging(2, None).filter("warn"), "debug");
        assert_eq!(logging(9, None).filter("info"), "trace");
        assert_eq!(logging(2, Some("wash=warn")).filter("info"), "wash=warn");
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let error = logging(0, Some("loud=very")).start("info").unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
    }
}
