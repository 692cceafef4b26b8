//! A blob onto the disk: streamed, checked, taken up again where it broke off.

use std::io;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::http::backoff;
use super::Registries;
use super::Watch;
use super::digest::Hasher;
use super::error::{ErrorKind, OciError};
use super::failure;
use super::manifest::Layer;
use super::progress::tell;
use super::reference::Reference;
use super::transport::{Access, Ask, Body};

/// Bytes written at once.
const BUFFER: usize = 1 << 20;

/// How often a transfer that moves may break off before it is given up.
const MAX_BREAKS: u32 = 50;

/// Where one transfer is.
struct Transfer<'a> {
    reference: &'a Reference,
    layer: &'a Layer,
    path: &'a Path,
    watch: &'a Watch,
    file: File,
    hasher: Hasher,
    done: u64,
    deadline: Instant,
}

/// How an attempt ended.
enum Broke {
    /// It may be taken up where it is.
    Off(OciError),
    Final(OciError),
}

impl Registries {
    /// Makes sure that a layer is in the cache. Whether it was fetched just now.
    pub(super) async fn layer(
        &self,
        reference: &Reference,
        layer: &Layer,
        watch: &Watch,
        deadline: Instant,
    ) -> Result<bool, OciError> {
        let target = self.cache.blob(&layer.digest)?;
        let there = || target.metadata().is_ok_and(|it| it.len() == layer.size);
        if there() {
            return Ok(false);
        }
        let turn = self.cache.turn(&layer.digest, deadline).await?;
        // Whoever was first may have brought it.
        if there() {
            return Ok(false);
        }
        let _slot = self.downloads.acquire().await;
        let failed = |error: io::Error| OciError::local("write", &turn.partial, &error);
        let file = open(&turn.partial).await.map_err(failed)?;
        let mut transfer = Transfer {
            reference,
            layer,
            path: &turn.partial,
            watch,
            file,
            hasher: layer.digest.hasher(),
            done: 0,
            deadline,
        };
        transfer.take_up().await?;
        let resumed = transfer.done > 0;
        let mut result = self.transfer(&mut transfer).await;
        if resumed && matches!(&result, Err(error) if error.kind == ErrorKind::Corrupt) {
            // What was left from before may have been wrong.
            tracing::debug!("{reference}: starting over, what was left does not fit");
            transfer.start_over().await?;
            result = self.transfer(&mut transfer).await;
        }
        if let Err(error) = result {
            // What is left would be no help: it is wrong, or fills the disk.
            if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Local) {
                let _ = std::fs::remove_file(&turn.partial);
            }
            return Err(error);
        }
        self.cache.commit(&turn.partial, &target)?;
        Ok(true)
    }

    async fn transfer(&self, transfer: &mut Transfer<'_>) -> Result<(), OciError> {
        let limits = &self.settings.limits;
        let (mut idle, mut breaks) = (0, 0);
        while transfer.done < transfer.layer.size || transfer.layer.size == 0 {
            let before = transfer.done;
            let error = match self.attempt(transfer).await {
                Ok(()) => break,
                Err(Broke::Final(error)) => return Err(error),
                Err(Broke::Off(error)) => error,
            };
            breaks += 1;
            idle = if transfer.done > before { 0 } else { idle + 1 };
            let pause = backoff(limits.pause, idle);
            if idle > limits.retries
                || breaks > MAX_BREAKS
                || Instant::now() + pause >= transfer.deadline
            {
                return Err(error);
            }
            tracing::debug!("{error}; going on at byte {}", transfer.done);
            sleep(pause).await;
        }
        transfer.finish().await
    }

    /// Asks for what is missing, and writes it.
    async fn attempt(&self, transfer: &mut Transfer<'_>) -> Result<(), Broke> {
        let Transfer {
            reference, layer, ..
        } = *transfer;
        let transport = self.transport().map_err(Broke::Final)?;
        let path = format!("{}/blobs/{}", reference.repository(), layer.digest);
        let mut headers = HeaderMap::new();
        if transfer.done > 0
            && let Ok(range) = HeaderValue::try_from(format!("bytes={}-", transfer.done))
        {
            headers.insert(RANGE, range);
        }
        let ask = Ask {
            reference,
            access: Access::Pull,
            method: Method::GET,
            url: transport.url(reference, &path).map_err(Broke::Final)?,
            headers,
            body: Body::Empty,
            deadline: transfer.deadline,
        };
        let response = transport.send(&ask).await.map_err(Broke::Final)?;
        let status = response.status();
        let from = match status {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => range_start(&response, layer.size).unwrap_or(u64::MAX),
            StatusCode::RANGE_NOT_SATISFIABLE => u64::MAX,
            _ => return Err(Broke::Final(transport.refusal(&ask, response).await)),
        };
        if from != transfer.done {
            transfer.start_over().await.map_err(Broke::Final)?;
            if from != 0 {
                let message =
                    format!("{reference}: the registry sends another part than asked for");
                return Err(Broke::Off(OciError::new(ErrorKind::Protocol, message)));
            }
        }
        if let Some(length) = response.content_length()
            && length != layer.size - transfer.done
        {
            return Err(Broke::Final(transfer.wrong_length(transfer.done + length)));
        }
        self.receive(transfer, response).await
    }

    async fn receive(
        &self,
        transfer: &mut Transfer<'_>,
        mut response: Response,
    ) -> Result<(), Broke> {
        let reference = transfer.reference;
        let idle = self.settings.limits.idle;
        let mut buffer = BytesMut::new();
        let result = loop {
            let by = (Instant::now() + idle).min(transfer.deadline);
            let chunk = match timeout_at(by, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break Ok(()),
                Ok(Err(error)) => {
                    let host = reference.registry();
                    break Err(failure::of(&reference.to_string(), host, &error).0);
                }
                Err(_) => break Err(OciError::timeout(&reference.to_string(), idle)),
            };
            buffer.extend_from_slice(&chunk);
            if transfer.done + buffer.len() as u64 > transfer.layer.size {
                let length = transfer.done + buffer.len() as u64;
                return Err(Broke::Final(transfer.wrong_length(length)));
            }
            if buffer.len() >= BUFFER {
                let full = buffer.split().freeze();
                transfer.write(full).await.map_err(Broke::Final)?;
            }
        };
        // What has come is kept, however it ended.
        let rest = buffer.freeze();
        transfer.write(rest).await.map_err(Broke::Final)?;
        match result {
            Ok(()) if transfer.done < transfer.layer.size => {
                let message = format!(
                    "{reference}: the registry sent {} of {} bytes",
                    transfer.done, transfer.layer.size
                );
                Err(Broke::Off(OciError::new(ErrorKind::Corrupt, message)))
            }
            Ok(()) => Ok(()),
            Err(error) => Err(Broke::Off(error)),
        }
    }
}

impl Transfer<'_> {
    /// Reads what an earlier transfer has left.
    async fn take_up(&mut self) -> Result<(), OciError> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = self.file.read(&mut buffer).await;
            let read = read.map_err(|error| OciError::local("read", self.path, &error))?;
            let Some(chunk) = buffer.get(..read).filter(|it| !it.is_empty()) else {
                break;
            };
            self.hasher.update(chunk);
            self.done += chunk.len() as u64;
            if self.done > self.layer.size {
                return self.start_over().await;
            }
        }
        self.tell();
        Ok(())
    }

    async fn start_over(&mut self) -> Result<(), OciError> {
        let failed = |error: io::Error| OciError::local("write", self.path, &error);
        self.file.set_len(0).await.map_err(failed)?;
        self.file.rewind().await.map_err(failed)?;
        self.hasher = self.layer.digest.hasher();
        self.done = 0;
        self.tell();
        Ok(())
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), OciError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let failed = |error: io::Error| OciError::local("write", self.path, &error);
        self.file.write_all(&bytes).await.map_err(failed)?;
        // The file writes behind; errors such as a full disk show here.
        self.file.flush().await.map_err(failed)?;
        self.hasher.update(&bytes);
        self.done += bytes.len() as u64;
        self.tell();
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), OciError> {
        self.write(Bytes::new()).await?;
        let found = self.hasher.clone().finish();
        if found == self.layer.digest {
            return Ok(());
        }
        let message = format!(
            "{}: the registry gives out other content than it promised: {} is asked for, {found} came",
            self.reference, self.layer.digest
        );
        Err(OciError::new(ErrorKind::Corrupt, message)
            .hint("push the artifact again, or use another registry"))
    }

    fn wrong_length(&self, length: u64) -> OciError {
        let message = format!(
            "{}: the registry gives out other content than it promised: {} bytes instead of {}",
            self.reference, length, self.layer.size
        );
        OciError::new(ErrorKind::Corrupt, message)
            .hint("push the artifact again, or use another registry")
    }

    fn tell(&self) {
        tell(
            self.watch.as_ref(),
            &self.layer.digest,
            self.done,
            self.layer.size,
        );
    }
}

async fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).read(true).write(true).truncate(false);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

/// Puts layers together, in their order. Blocks.
pub(super) fn join(parts: &[std::path::PathBuf], target: &Path) -> io::Result<()> {
    let dir = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    for part in parts {
        io::copy(&mut std::fs::File::open(part)?, &mut file)?;
    }
    file.persist(target).map_err(|it| it.error)?;
    Ok(())
}

/// The first byte of a part, if it ends where the whole does.
fn range_start(response: &Response, size: u64) -> Option<u64> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let whole = total == "*" || total.parse() == Ok(size);
    (whole && end.parse::<u64>().ok()? + 1 == size).then(|| start.parse().ok())?
}
