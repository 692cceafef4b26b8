//! A file of this machine on its way to a host: under which reference, and through the lattice where that works.

use std::sync::PoisonError;

use super::artifact::{Artifact, Local};
use super::driver::Driver;
use crate::cli::report::{CommandError, Kind};
use crate::lattice::artifact::{ArtifactError, Artifacts, GRACE, Uses};
use crate::lattice::subject::is_token;
use crate::lattice::wire::{ArtifactSource, HostInventory};

impl Artifact {
    /// What this is called on `host`: as it runs there already, perhaps with older content from the same path, or
    /// as it would be started.
    pub(super) fn at(&self, host: &HostInventory) -> String {
        if host.references().any(|it| it == self.reference) {
            return self.reference.clone();
        }
        self.next_at(host)
    }

    /// What just this content is called on `host`.
    pub(super) fn next_at(&self, host: &HostInventory) -> String {
        let Some((local, _)) = self.travels_to(host) else {
            return self.reference.clone();
        };
        let running = host.references().find(|it| local.shared.names_same(it));
        running.map_or_else(|| local.shared.to_string(), str::to_owned)
    }

    /// As [`Self::at`], among several hosts.
    pub(super) fn among(&self, hosts: &[HostInventory]) -> String {
        let taker = hosts.iter().find(|it| self.travels_to(it).is_some());
        taker.map_or_else(|| self.reference.clone(), |it| self.at(it))
    }

    /// How to type it in another command.
    pub(super) fn typed(&self, host: &HostInventory) -> String {
        match self.travels_to(host) {
            Some((local, _)) => local.path.display().to_string(),
            None => self.reference.clone(),
        }
    }

    /// The file, if there is one and `host` takes files through the lattice.
    fn travels_to<'a>(
        &'a self,
        host: &'a HostInventory,
    ) -> Option<(&'a Local, &'a ArtifactSource)> {
        let source = host.artifacts.as_ref()?;
        // What a host says becomes part of a subject.
        let fits = source.domain.as_deref().is_none_or(is_token);
        self.local.as_ref().filter(|_| fits).map(|it| (it, source))
    }
}

/// What to ask a host for.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) reference: String,
    /// Why it does not go through the lattice, if it should have.
    trouble: Option<ArtifactError>,
}

impl Delivered {
    pub(super) fn as_is(reference: String) -> Self {
        Self {
            reference,
            trouble: None,
        }
    }

    /// Adds why the lattice does not have the file to a host's failure.
    pub(super) fn explain(&self, mut error: CommandError) -> CommandError {
        let Some(trouble) = &self.trouble else {
            return error;
        };
        error
            .causes
            .push(format!("the file does not travel: {trouble}"));
        match trouble {
            ArtifactError::Full { bucket, .. } => error.hint(format!(
                "what runs nowhere goes an hour after its last use; for more room: \
                 nats stream edit OBJ_{bucket} --max-bytes SIZE"
            )),
            _ => error,
        }
    }
}

impl Driver<'_> {
    /// Sees to it that `host` can have the artifact.
    ///
    /// Where the lattice cannot carry it, the host is to be asked for the file's path, which one on this machine may
    /// be allowed to read.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the file cannot be read, is too large or just being changed.
    pub(super) async fn deliver(
        &self,
        artifact: &Artifact,
        host: &HostInventory,
    ) -> Result<Delivered, CommandError> {
        let Some((local, source)) = artifact.travels_to(host) else {
            return Ok(Delivered::as_is(artifact.reference.clone()));
        };
        let store = self.store(source);
        let sent = match self.put(&store, local).await {
            Err(ArtifactError::Full { .. }) => {
                self.make_room(&store).await?;
                self.put(&store, local).await
            }
            other => other,
        };
        match sent {
            Ok(_) => Ok(Delivered::as_is(local.shared.to_string())),
            Err(
                error @ (ArtifactError::Changed
                | ArtifactError::Io(_)
                | ArtifactError::TooLarge { .. }),
            ) => {
                let message = format!("cannot send {}: {error}", local.path.display());
                Err(CommandError::new(Kind::Refused, message)
                    .hint("try again when the file is as it should be"))
            }
            Err(error) => {
                self.output.note(&format!(
                    "{error}; the host is asked to read {} from its own disk",
                    local.path.display()
                ));
                Ok(Delivered {
                    reference: artifact.reference.clone(),
                    trouble: Some(error),
                })
            }
        }
    }

    /// The same handle for all that goes to one store.
    fn store(&self, source: &ArtifactSource) -> Artifacts {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let store = stores.entry(source.domain.clone()).or_insert_with(|| {
            let (client, lattice) = (self.control().client(), self.control().lattice());
            Artifacts::new(client.clone(), lattice.clone(), source.domain.clone())
        });
        store.clone()
    }

    async fn put(&self, store: &Artifacts, local: &Local) -> Result<bool, ArtifactError> {
        let name = local.shared.name();
        let _spinner = self.spinner(format!("sending {name} to the lattice"));
        store.put(&local.shared, &local.path).await
    }

    /// Removes whatever runs nowhere and was not put just now, even if it is the last version of something.
    async fn make_room(&self, store: &Artifacts) -> Result<(), CommandError> {
        let hosts = self.hosts().await?.len();
        let inventories = self.inventories().await?;
        // What a host runs that does not say so would be lost.
        if inventories.len() < hosts {
            return Ok(());
        }
        let mut uses = Uses::default();
        for it in inventories.iter().flat_map(HostInventory::references) {
            uses.runs(it);
        }
        let now = time::OffsetDateTime::now_utc();
        match store.collect(&uses, now, GRACE).await {
            Ok(it) => tracing::debug!("removed {} artifacts, {} bytes", it.artifacts, it.bytes),
            Err(error) => tracing::debug!(%error, "cannot make room for an artifact"),
        }
        Ok(())
    }
}
