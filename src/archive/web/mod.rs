//! Files on the web: by URL, within bounds, along redirects, checked against a digest while they come. A transfer
//! that breaks off goes on where it was. Does not know what the files are.

mod error;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout_at};

use super::http::{self, Fault, backoff, is_busy, retry_after};
use super::oci::{Digest, Limits, Watch};

pub use self::error::{WebError, WebErrorKind};

/// A download may lie behind a few.
const MAX_REDIRECTS: u32 = 5;

/// How often a transfer that moves may break off before it is given up.
const MAX_BREAKS: u32 = 50;

/// Bytes written at once.
const BUFFER: usize = 1 << 18;

/// How the web is reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// PEM files with certificates to trust besides the platform's.
    pub ca_files: Vec<PathBuf>,
    /// Without TLS too.
    pub insecure: bool,
    /// Those of registries; what the cache keeps does not matter here.
    pub limits: Limits,
}

/// Fetches files; all that one does shares one deadline.
#[derive(Debug)]
pub struct Web {
    client: reqwest::Client,
    settings: Settings,
    deadline: Instant,
}

/// Why there is no answer, or not all of it.
enum Lost {
    /// The next try may have more luck.
    Passing(WebError),
    Final(WebError),
}

impl Web {
    /// Time runs from now.
    ///
    /// # Errors
    /// [`WebErrorKind::Local`] for certificates that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, WebError> {
        let client = http::client(settings.limits.connect, &settings.ca_files)
            .map_err(|error| WebError::new(WebErrorKind::Local, error.to_string()))?;
        Ok(Self {
            client,
            deadline: Instant::now() + settings.limits.overall,
            settings,
        })
    }

    /// A small file, in memory.
    ///
    /// # Errors
    /// Every [`WebErrorKind`] but `Corrupt`.
    pub async fn bytes(&self, url: &str, limit: u64) -> Result<Bytes, WebError> {
        let url = self.parse(url)?;
        let mut tries = 0;
        loop {
            let mut bytes = BytesMut::new();
            let result = async {
                let mut response = self.get(&url, 0).await.map_err(Lost::Final)?;
                while let Some(chunk) = self.chunk(&url, &mut response).await? {
                    if (bytes.len() + chunk.len()) as u64 > limit {
                        return Err(Lost::Final(WebError::too_large(&url, limit)));
                    }
                    bytes.extend_from_slice(&chunk);
                }
                Ok(())
            };
            match result.await {
                Ok(()) => return Ok(bytes.freeze()),
                Err(Lost::Final(error)) => return Err(error),
                Err(Lost::Passing(error)) => self.pause(error, &mut tries).await?,
            }
        }
    }

    /// A file of any size up to the limits' into `file`, which is empty, and is what `wanted` names once this
    /// returns. Its size.
    ///
    /// # Errors
    /// Every [`WebErrorKind`]; what is in the file then is not to be used.
    pub async fn file(
        &self,
        url: &str,
        wanted: &Digest,
        file: File,
        watch: &Watch,
    ) -> Result<u64, WebError> {
        let url = self.parse(url)?;
        let mut transfer = Transfer {
            url: &url,
            file,
            wanted,
            watch,
            bytes: 0,
            total: 0,
        };
        let (mut idle, mut breaks) = (0, 0);
        loop {
            let before = transfer.bytes;
            match self.attempt(&mut transfer).await {
                Ok(()) => break,
                Err(Lost::Final(error)) => return Err(error),
                Err(Lost::Passing(error)) => {
                    breaks += 1;
                    if transfer.bytes > before {
                        idle = 0;
                    }
                    if breaks > MAX_BREAKS {
                        return Err(error);
                    }
                    self.pause(error, &mut idle).await?;
                }
            }
        }
        transfer.check().await?;
        Ok(transfer.bytes)
    }

    /// Asks for what is missing, and writes it.
    async fn attempt(&self, transfer: &mut Transfer<'_>) -> Result<(), Lost> {
        let url = transfer.url;
        let limit = self.settings.limits.size;
        let mut response = self.get(url, transfer.bytes).await.map_err(Lost::Final)?;
        let from = match response.status() {
            StatusCode::PARTIAL_CONTENT => range_start(&response),
            _ => Some(0),
        };
        if from != Some(transfer.bytes) {
            transfer.start_over().await.map_err(Lost::Final)?;
            if from != Some(0) {
                let message = format!("{} sends another part than asked for", shown(url));
                return Err(Lost::Passing(WebError::new(
                    WebErrorKind::Protocol,
                    message,
                )));
            }
        }
        if let Some(length) = response.content_length() {
            transfer.total = transfer.bytes.saturating_add(length);
            if transfer.total > limit {
                return Err(Lost::Final(WebError::too_large(url, limit)));
            }
        }
        let mut buffer = BytesMut::new();
        let result = loop {
            match self.chunk(url, &mut response).await {
                Ok(Some(chunk)) => buffer.extend_from_slice(&chunk),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if transfer.bytes + buffer.len() as u64 > limit {
                return Err(Lost::Final(WebError::too_large(url, limit)));
            }
            if buffer.len() >= BUFFER {
                let full = buffer.split();
                transfer.write(&full).await.map_err(Lost::Final)?;
            }
        };
        // What has come is kept, however it ended.
        transfer.write(&buffer).await.map_err(Lost::Final)?;
        result
    }

    /// The next part of a body; none at its end.
    async fn chunk(&self, url: &Url, response: &mut Response) -> Result<Option<Bytes>, Lost> {
        let by = (Instant::now() + self.settings.limits.idle).min(self.deadline);
        match timeout_at(by, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(self.lost(url, &error)),
            Err(_) => Err(self.late(url)),
        }
    }

    /// A successful answer, from byte `from` on if that may be.
    async fn get(&self, url: &Url, from: u64) -> Result<Response, WebError> {
        let mut tries = 0;
        let mut from = from;
        loop {
            let error = match self.follow(url, from).await {
                Ok(response) => match response.status() {
                    status if status.is_success() => return Ok(response),
                    // All of it, then.
                    StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => {
                        from = 0;
                        continue;
                    }
                    status if is_busy(status) => {
                        let error = WebError::busy(url, status);
                        match retry_after(response.headers()) {
                            Some(wanted) if wanted > self.settings.limits.patience => {
                                return Err(error);
                            }
                            Some(wanted) if Instant::now() + wanted < self.deadline => {
                                sleep(wanted).await;
                            }
                            _ => {}
                        }
                        error
                    }
                    status => return Err(WebError::status(url, status)),
                },
                Err(Lost::Passing(error)) => error,
                Err(Lost::Final(error)) => return Err(error),
            };
            self.pause(error, &mut tries).await?;
        }
    }

    /// Sends a request, and again to where it is redirected.
    async fn follow(&self, url: &Url, from: u64) -> Result<Response, Lost> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.client.get(at.clone());
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let by = (Instant::now() + self.settings.limits.idle).min(self.deadline);
            let response = match timeout_at(by, request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(self.lost(&at, &error)),
                Err(_) => return Err(self.late(&at)),
            };
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let target = response.headers().get(LOCATION);
            let target = target.and_then(|it| it.to_str().ok());
            // A login that was in the first URL stays behind.
            let Some(target) = target.and_then(|it| at.join(it).ok()) else {
                let message = format!("{} redirects to nowhere", shown(&at));
                let error = WebError::new(WebErrorKind::Protocol, message);
                return Err(Lost::Final(error));
            };
            self.allow(&target).map_err(Lost::Final)?;
            at = target;
        }
        let message = format!("{} redirects more than {MAX_REDIRECTS} times", shown(url));
        Err(Lost::Final(WebError::new(WebErrorKind::Protocol, message)))
    }

    fn parse(&self, url: &str) -> Result<Url, WebError> {
        let parsed = Url::parse(url).map_err(|error| {
            WebError::new(
                WebErrorKind::Url,
                format!("the URL cannot be read: {error}"),
            )
        })?;
        self.allow(&parsed)?;
        Ok(parsed)
    }

    fn allow(&self, url: &Url) -> Result<(), WebError> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.settings.insecure => Ok(()),
            "http" => Err(WebError::new(
                WebErrorKind::Url,
                format!("{} would be reached without TLS", shown(url)),
            )),
            scheme => Err(WebError::new(
                WebErrorKind::Url,
                format!("a {scheme} URL is not fetched, only https"),
            )),
        }
    }

    /// Waits before the next try, if there is to be one.
    async fn pause(&self, error: WebError, tries: &mut u32) -> Result<(), WebError> {
        let limits = &self.settings.limits;
        let pause = backoff(limits.pause, *tries);
        *tries += 1;
        if *tries > limits.retries || Instant::now() + pause >= self.deadline {
            return Err(error);
        }
        tracing::debug!("{error}; trying again in {pause:?}");
        sleep(pause).await;
        Ok(())
    }

    fn lost(&self, url: &Url, error: &reqwest::Error) -> Lost {
        let fault = Fault::of(error);
        let passes = fault.passes();
        let error = WebError::fault(url, fault);
        match passes {
            true => Lost::Passing(error),
            false => Lost::Final(error),
        }
    }

    fn late(&self, url: &Url) -> Lost {
        let limits = &self.settings.limits;
        if Instant::now() >= self.deadline {
            return Lost::Final(WebError::timeout(url, limits.overall));
        }
        Lost::Passing(WebError::timeout(url, limits.idle))
    }
}

/// Where one transfer is.
struct Transfer<'a> {
    url: &'a Url,
    file: File,
    wanted: &'a Digest,
    watch: &'a Watch,
    /// Written so far.
    bytes: u64,
    /// Of all of it, as far as is known.
    total: u64,
}

impl Transfer<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), WebError> {
        self.file.write_all(bytes).await.map_err(unwritten)?;
        // The file writes behind; errors such as a full disk show here.
        self.file.flush().await.map_err(unwritten)?;
        self.bytes += bytes.len() as u64;
        if let Some(watch) = self.watch {
            watch.moved(self.wanted, self.bytes, self.total.max(self.bytes));
        }
        Ok(())
    }

    async fn start_over(&mut self) -> Result<(), WebError> {
        self.file.set_len(0).await.map_err(unwritten)?;
        self.file.rewind().await.map_err(unwritten)?;
        self.bytes = 0;
        Ok(())
    }

    /// Whether the file is what it was to be, as it lies on the disk.
    async fn check(&mut self) -> Result<(), WebError> {
        use tokio::io::AsyncReadExt as _;
        self.file.sync_all().await.map_err(unwritten)?;
        self.file.rewind().await.map_err(unwritten)?;
        let mut hasher = self.wanted.hasher();
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = self.file.read(&mut buffer).await.map_err(unwritten)?;
            match buffer.get(..read) {
                None | Some([]) => break,
                Some(part) => hasher.update(part),
            }
        }
        let found = hasher.finish();
        if found == *self.wanted {
            return Ok(());
        }
        let message = format!(
            "{} is not what was promised: {} is asked for, {found} came ({} bytes)",
            shown(self.url),
            self.wanted,
            self.bytes
        );
        Err(WebError::new(WebErrorKind::Corrupt, message))
    }
}

fn unwritten(error: std::io::Error) -> WebError {
    WebError::new(
        WebErrorKind::Local,
        format!("cannot keep what is downloaded: {error}"),
    )
}

/// A URL without login and query, which may hold secrets.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|it| format!(":{it}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// The first byte of a part.
fn range_start(response: &Response) -> Option<u64> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (start, _) = text.strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}
