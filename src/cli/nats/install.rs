//! `wash nats install`: an official nats-server from where its makers publish it, or from a copy of that.

use std::path::PathBuf;

use serde_json::json;

use crate::archive::oci::Digest;
use crate::archive::web::{Settings, Web, WebError, WebErrorKind};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::reg::Bar;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::connection::{parse_duration, without_secrets};
use crate::nats::installed::{InstallError, Installed};
use crate::nats::release::{DEFAULT_VERSION, ORIGIN, Release, Version};

/// Bytes of an archive; one has about 7 million.
const MAX_ARCHIVE: u64 = 128 << 20;

/// Bytes of a file of sums.
const MAX_SUMS: u64 = 1 << 20;

/// Install nats-server, for `wash up` to start
///
/// Downloads the official release for this machine over HTTPS, verifies its published SHA-256, and installs it for
/// this user. The version installed last is the one that `wash up` starts. Proxies are taken from HTTPS_PROXY and
/// NO_PROXY.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// Release to install, as 2.10.22
    #[arg(value_name = "VERSION", default_value = DEFAULT_VERSION)]
    version: String,

    /// Address of a copy of the releases, with the same paths below it [env: WASH_NATS_MIRROR]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,

    /// SHA-256 that the archive must have, in place of the published one
    #[arg(long, value_name = "DIGEST")]
    sha256: Option<String>,

    /// Certificate authority to trust besides the platform's, PEM [env: WASH_OCI_CA_FILE]
    #[arg(long, value_name = "FILE")]
    ca_file: Vec<PathBuf>,

    /// Allow a mirror without TLS
    #[arg(long)]
    insecure: bool,

    /// Install it again although it is there
    #[arg(short, long)]
    force: bool,

    /// How long it may take
    #[arg(short, long, value_name = "TIME", default_value = "5m")]
    timeout: String,
}

impl InstallArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let usage = |reason: String| CommandError::new(Kind::Usage, reason);
        let version: Version = self
            .version
            .parse()
            .map_err(|error| usage(format!("{error}")))?;
        let mut settings = Settings {
            ca_files: self.ca_files(session),
            insecure: self.insecure,
            ..Settings::default()
        };
        settings.limits.size = MAX_ARCHIVE;
        settings.limits.overall =
            parse_duration(&self.timeout).map_err(|it| usage(format!("--timeout: {it}")))?;
        let pinned = self.sha256.as_deref().map(parse_sum).transpose()?;
        let Some(release) = Release::here(version) else {
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            let message = format!("nats-server is not released for {os} on {arch}");
            return Err(CommandError::new(Kind::Refused, message)
                .hint("build one, and name it with --nats-server PATH"));
        };
        let Some(dirs) = &session.dirs else {
            let message = "there is no home directory to install into";
            return Err(CommandError::new(Kind::General, message).hint("set HOME or WASH_HOME"));
        };
        let installed = Installed::new(dirs.nats_servers());
        if let Some(own) = session.env.get("WASH_NATS_SERVER") {
            let own = format!("WASH_NATS_SERVER is set: `wash up` goes on taking {own}");
            session.output.warn(&own);
        }
        if installed.has(release.version()) && !self.force {
            let chosen = installed.choose(release.version())?;
            return Ok(there(&installed, &release, chosen));
        }
        let mirror = self.mirror.as_deref();
        let base = mirror.or_else(|| session.env.get("WASH_NATS_MIRROR"));
        let base = base.unwrap_or(ORIGIN);
        let explain = |error: WebError| explain(error, base == ORIGIN);
        let web = Web::new(settings).map_err(explain)?;
        let sum = match pinned {
            Some(it) => it,
            None => published(&web, &release, base).await?,
        };
        let archive = installed.temporary()?;
        let file = archive.reopen().map_err(|error| {
            CommandError::new(Kind::General, "cannot keep what is downloaded").because(error)
        })?;
        let url = release.url(base);
        let bar = Bar::new(session, "downloading", &release.archive());
        let size = web
            .file(&url, &sum, tokio::fs::File::from_std(file), &bar.watch())
            .await;
        drop(bar);
        let size = size.map_err(explain)?;
        let path = installed.put(&release, archive.into_file()).await?;
        installed.choose(release.version())?;
        let version = release.version().to_string();
        let text = format!("installed nats-server {version} at {}", path.display());
        let fields = json!({
            "changed": true,
            "version": version,
            "path": path,
            "url": without_secrets(&url),
            "sha256": sum.hex(),
            "size": size,
            "result": text,
        });
        Ok(Box::new(
            Sentence::new(text, fields).named(path.display().to_string()),
        ))
    }

    fn ca_files(&self, session: &Session) -> Vec<PathBuf> {
        let listed = session.env.get("WASH_OCI_CA_FILE").unwrap_or_default();
        let listed = listed.split(',').map(str::trim).filter(|it| !it.is_empty());
        let given = self.ca_file.iter().cloned();
        given.chain(listed.map(PathBuf::from)).collect()
    }
}

/// It was there before; `chosen` if it did not count until now.
fn there(
    installed: &Installed,
    release: &Release,
    chosen: bool,
) -> Box<dyn crate::cli::output::Answer> {
    let path = installed.program(release.version());
    let version = release.version().to_string();
    let now = if chosen {
        "; `wash up` starts it again"
    } else {
        ""
    };
    let text = format!(
        "nats-server {version} is installed already, at {}{now}",
        path.display()
    );
    let fields = json!({"changed": chosen, "version": version, "path": path, "result": text});
    Box::new(Sentence::new(text, fields).named(path.display().to_string()))
}

/// The sum that the makers published for the archive.
async fn published(web: &Web, release: &Release, base: &str) -> Result<Digest, CommandError> {
    let url = release.sums_url(base);
    let sums = web.bytes(&url, MAX_SUMS).await;
    let sums = sums.map_err(|error| explain(error, base == ORIGIN))?;
    let sum = release.sum(&String::from_utf8_lossy(&sums));
    sum.and_then(|it| Digest::parse(&format!("sha256:{it}")))
        .ok_or_else(|| {
            let (archive, url) = (release.archive(), without_secrets(&url));
            let message = format!("{url} has no sum, or several, for {archive}");
            CommandError::new(Kind::Refused, message)
                .hint("nothing was installed; if its SHA-256 is known, give it with --sha256")
        })
}

/// 64 hexadecimal digits, with or without the name of the algorithm.
fn parse_sum(text: &str) -> Result<Digest, CommandError> {
    let hex = text.trim();
    let hex = hex.strip_prefix("sha256:").unwrap_or(hex);
    Digest::parse(&format!("sha256:{hex}")).ok_or_else(|| {
        CommandError::new(Kind::Usage, format!("'{text}' is not a SHA-256"))
            .hint("one is 64 hexadecimal digits")
    })
}

/// What failed, and what to do about it.
fn explain(error: WebError, official: bool) -> CommandError {
    let (kind, hint) = match error.kind {
        WebErrorKind::Url => (
            Kind::Usage,
            "give an https address with --mirror, or add --insecure for one without TLS",
        ),
        WebErrorKind::Unreachable if official => (
            Kind::Connect,
            "set HTTPS_PROXY if there is a proxy, or name a copy of the releases with --mirror URL",
        ),
        WebErrorKind::Unreachable => (
            Kind::Connect,
            "check the mirror's address, and proxies on the way (HTTPS_PROXY, NO_PROXY)",
        ),
        WebErrorKind::Tls => (
            Kind::Connect,
            "trust its authority with --ca-file FILE, or SSL_CERT_FILE",
        ),
        WebErrorKind::Busy => (Kind::Connect, "try again later, or use --mirror URL"),
        WebErrorKind::Unauthorized => (
            Kind::Auth,
            "a mirror's login goes into its address: https://user:password@host/path",
        ),
        WebErrorKind::NotFound => (
            Kind::NotFound,
            "releases are listed at https://github.com/nats-io/nats-server/releases",
        ),
        WebErrorKind::Timeout => (
            Kind::Timeout,
            "nothing was installed; allow more with --timeout, or use --mirror URL",
        ),
        WebErrorKind::Corrupt => (
            Kind::Refused,
            "nothing was installed; try again, or another mirror",
        ),
        WebErrorKind::Protocol | WebErrorKind::TooLarge => {
            (Kind::Refused, "nothing was installed; check the mirror")
        }
        WebErrorKind::Local => (
            Kind::General,
            "check files and directories, and that the disk has room",
        ),
    };
    CommandError::new(kind, "cannot download nats-server")
        .because(error)
        .hint(hint)
}

impl From<InstallError> for CommandError {
    fn from(error: InstallError) -> Self {
        let (kind, hint) = match &error {
            InstallError::Write { .. } => (
                Kind::General,
                "check who may write there, and that the disk has room",
            ),
            InstallError::Broken(_) => (
                Kind::Refused,
                "nothing was installed; programs may not run where it lies, or the archive is for another machine",
            ),
            _ => (
                Kind::Refused,
                "nothing was installed; use another mirror, or another version",
            ),
        };
        Self::new(kind, "cannot install nats-server")
            .because(error)
            .hint(hint)
    }
}
