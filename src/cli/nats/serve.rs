//! `wash nats serve`: the embedded server by itself, until a signal comes.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::signals::Signals;
use crate::config::connection::parse_duration;
use crate::nats::embedded::{self, Server, VERSION, jetstream};

/// Serve NATS on this machine, without a nats-server
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Port to listen on; 0 is any free one
    #[arg(short, long, value_name = "PORT", default_value_t = 4222)]
    port: u16,

    /// Directory of streams [default: the one that `wash up` uses with this port]
    #[arg(short, long, value_name = "DIR", alias = "store-dir")]
    dir: Option<PathBuf>,

    /// JetStream domain
    #[arg(long, value_name = "DOMAIN")]
    js_domain: Option<String>,

    /// How long clients may take to leave once the server is asked to stop
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    lame_duck: Duration,
}

impl ServeArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        session.logging.start("info")?;
        session.block_on(self.serve(session))
    }

    async fn serve(self, session: &Session) -> CommandResult {
        let mut signals = Signals::install().map_err(|error| {
            CommandError::new(Kind::General, "cannot watch for signals").because(error)
        })?;
        let dir = self.dir(session)?;
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut streams = jetstream::Config::new(&dir);
        streams.domain.clone_from(&self.js_domain);
        let mut config = embedded::Config::new((host, self.port).into());
        config.jetstream = Some(streams);
        let server = Server::start(config).map_err(|error| {
            CommandError::new(Kind::General, "cannot start the NATS server").because(error)
        })?;
        let address = server.address();
        let url = format!("nats://{address}");
        let text = format!("serving NATS at {url}, for this machine alone");
        let fields = json!({
            "url": url,
            "host": address.ip(),
            "port": address.port(),
            "pid": std::process::id(),
            "version": VERSION,
            "dir": dir,
            "js_domain": self.js_domain,
        });
        let ready = Sentence::new(text, fields).named(url);
        session.output.answer_now(&ready);
        let signal = signals.next().await;
        tracing::info!("{signal}: stopping; once more to hurry");
        tokio::select! {
            () = server.shutdown(self.lame_duck) => {}
            signal = signals.next() => tracing::warn!("{signal}: not waiting any longer"),
        }
        Ok(Box::new(Sentence::new("stopped", json!({"stopped": true}))))
    }

    fn dir(&self, session: &Session) -> Result<PathBuf, CommandError> {
        if let Some(dir) = &self.dir {
            return Ok(dir.clone());
        }
        let Some(dirs) = &session.dirs else {
            let message = "there is no home directory to keep streams in";
            let error = CommandError::new(Kind::General, message);
            return Err(error.hint("name a directory with --dir, or set HOME or WASH_HOME"));
        };
        let port = self.port.to_string();
        Ok(dirs.state.join("nats").join(port).join("embedded"))
    }
}
