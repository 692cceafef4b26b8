//! A file on its way to a registry: streamed, counted, and given up when it stands still.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{RequestBuilder, Response};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, sleep_until};

use super::digest::{Digest, Hasher};
use super::error::OciError;
use super::progress::{Progress, tell};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// A file whose length and digest are known.
pub(super) struct Upload {
    path: PathBuf,
    pub(super) size: u64,
    pub(super) digest: Digest,
    progress: Option<Arc<dyn Progress>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("path", &self.path)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Upload {
    /// Reads the file once, for its digest.
    pub(super) async fn of(
        path: &Path,
        limit: u64,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Self, OciError> {
        let failed = |error: io::Error| OciError::local("read", path, &error);
        let mut file = File::open(path).await.map_err(failed)?;
        let mut hasher = Hasher::sha256();
        let (mut size, mut buffer) = (0, vec![0; CHUNK]);
        loop {
            let read = file.read(&mut buffer).await.map_err(failed)?;
            let Some(chunk) = buffer.get(..read).filter(|it| !it.is_empty()) else {
                break;
            };
            hasher.update(chunk);
            size += chunk.len() as u64;
            if size > limit {
                return Err(OciError::too_large(&path.display().to_string(), limit));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            size,
            digest: hasher.finish(),
            progress,
        })
    }

    /// Sends the file as the body of a request. None if nothing moved for `idle`, or `deadline` has come; once
    /// all is sent, the registry has until then to take it in.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        idle: Duration,
        deadline: Instant,
    ) -> Result<Option<Result<Response, reqwest::Error>>, OciError> {
        let file = File::open(&self.path)
            .await
            .map_err(|error| OciError::local("read", &self.path, &error))?;
        let sent = Arc::new(AtomicU64::new(0));
        let (counter, progress) = (Arc::clone(&sent), self.progress.clone());
        let (digest, size) = (self.digest.clone(), self.size);
        let body = try_unfold(file, move |mut file| {
            let (counter, progress, digest) =
                (Arc::clone(&counter), progress.clone(), digest.clone());
            async move {
                let mut buffer = vec![0; CHUNK];
                let read = file.read(&mut buffer).await?;
                if read == 0 {
                    return Ok::<_, io::Error>(None);
                }
                buffer.truncate(read);
                let done = counter.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
                tell(progress.as_ref(), &digest, done.min(size), size);
                Ok(Some((Bytes::from(buffer), file)))
            }
        });
        let request = request
            .header(CONTENT_LENGTH, self.size)
            .body(reqwest::Body::wrap_stream(body));
        let mut sending = std::pin::pin!(request.send());
        let mut seen = 0;
        loop {
            let by = if seen < self.size {
                (Instant::now() + idle).min(deadline)
            } else {
                deadline
            };
            tokio::select! {
                result = &mut sending => return Ok(Some(result)),
                () = sleep_until(by) => {}
            }
            let now = sent.load(Ordering::Relaxed);
            if Instant::now() >= deadline || now == seen {
                return Ok(None);
            }
            seen = now;
        }
    }
}
