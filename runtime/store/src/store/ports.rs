//! The core's ports.

use async_trait::async_trait;
use bytes::Bytes;
use troupe_core::agent::PinnedSnapshot;
use troupe_core::id::{ContentHash, RunId, Timestamp};
use troupe_core::port::{
    Append, Census, Claim, Created, Journal, Lease, NewRun, Revision, RevisionStore, RunStore, StoreError,
};
use troupe_core::session::SessionContext;

use super::Store;
use crate::batch::Write;
use crate::claim::{self, Claimant, Claimed};
use crate::error::failed;
use crate::{blob, journal, revision, session, snapshot};

#[async_trait]
impl RunStore for Store {
    async fn create(&self, run: NewRun) -> Result<Created, StoreError> {
        self.write(Write::create(run)?).await
    }

    async fn append(&self, append: Append) -> Result<(), StoreError> {
        let root = append.root;
        let written = self.write(Write::append(append)?).await;
        written.map(drop).inspect_err(|error| self.inner.abandoned.note(root, error))
    }

    async fn claim(
        &self,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let claimant = Claimant { owner: owner.to_owned(), lease_until, now };
        let asked = claimant.clone();
        let claimed = self.inner.writer.work("claim runs", move |connection| {
            Box::pin(async move { claim::claim(connection, &asked, most).await })
        });
        let mut claims = Vec::new();
        for claimed in claimed.await? {
            claims.extend(self.claimed(&claimant, claimed).await?);
        }
        Ok(claims)
    }

    async fn claim_one(
        &self,
        root: RunId,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        let claimant = Claimant { owner: owner.to_owned(), lease_until, now };
        let asked = claimant.clone();
        let claimed = self.inner.writer.work("claim a run", move |connection| {
            Box::pin(async move { claim::claim_one(connection, &asked, root).await })
        });
        match claimed.await? {
            Some(claimed) => self.claimed(&claimant, claimed).await,
            None => Ok(None),
        }
    }

    async fn census(&self) -> Result<Census, StoreError> {
        claim::census(&mut *self.reader("count waiting and queued runs").await?).await
    }

    async fn renew(&self, owner: &str, lease_until: Timestamp) -> Result<(), StoreError> {
        let (owner, abandoned) = (owner.to_owned(), self.inner.abandoned.due());
        let ended = abandoned.clone();
        let renewed = self.inner.writer.work("renew leases", move |connection| {
            Box::pin(async move { claim::renew(connection, &owner, lease_until, &abandoned).await })
        });
        renewed.await?;
        self.inner.abandoned.ended(&ended);
        Ok(())
    }

    async fn release(&self, owner: &str) -> Result<(), StoreError> {
        let owner = owner.to_owned();
        let released = self.inner.writer.work("release leases", move |connection| {
            Box::pin(async move { claim::release(connection, &owner).await })
        });
        released.await
    }

    async fn journal(&self, root: RunId) -> Result<Option<Journal>, StoreError> {
        journal::read(&mut *self.reader("read a journal").await?, &self.inner.blobs, root).await
    }

    async fn snapshot(&self, hash: &ContentHash) -> Result<Option<PinnedSnapshot>, StoreError> {
        snapshot::read(&mut *self.reader("read a snapshot").await?, hash).await
    }

    async fn session(
        &self,
        session: &str,
        high_water: Option<Timestamp>,
    ) -> Result<Option<SessionContext>, StoreError> {
        let mut reader = self.reader("read a session").await?;
        session::context(&mut reader, &self.inner.blobs, session, high_water).await
    }

    async fn last_child_session(&self, session: &str) -> Result<Option<String>, StoreError> {
        session::last_child(&mut *self.reader("find a sub-agent's session").await?, session).await
    }

    async fn put_blob(&self, content: Bytes) -> Result<ContentHash, StoreError> {
        let size = i64::try_from(content.len()).map_err(failed("store a blob"))?;
        let now = self.inner.clock.now();
        let storing = self.inner.blobs.storing().await;
        let hash = ContentHash::of(&content);
        self.inner.blobs.write(hash.clone(), content).await?;
        let noted = hash.clone();
        let noting = self.inner.writer.work("store a blob", move |connection| {
            Box::pin(async move {
                let noted = blob::note(connection, &noted, size, now).await;
                drop(storing);
                noted
            })
        });
        noting.await?;
        Ok(hash)
    }

    async fn blob(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError> {
        self.inner.blobs.read(hash).await
    }
}

impl Store {
    /// Writes as part of a batch; what is large lies in its blobs before.
    async fn write(&self, mut write: Write) -> Result<Created, StoreError> {
        if !write.payloads.is_empty() {
            write.storing = Some(self.inner.blobs.storing().await);
            for payload in std::mem::take(&mut write.payloads) {
                self.inner.blobs.write(payload.hash, payload.content).await?;
            }
        }
        self.inner.writer.write(write).await
    }

    /// Reads the journal of a run that was just claimed: nobody else writes to it now.
    async fn claimed(&self, claimant: &Claimant, claimed: Claimed) -> Result<Option<Claim>, StoreError> {
        let journal =
            journal::read(&mut *self.reader("read a journal").await?, &self.inner.blobs, claimed.root).await?;
        let lease = Lease { owner: claimant.owner.clone(), epoch: claimed.epoch, expires_at: claimant.lease_until };
        // The journal says the state that the run was in before: that is what the claimer has to know.
        Ok(journal.map(|journal| Claim { journal: Journal { state: claimed.state, ..journal }, lease }))
    }
}

#[async_trait]
impl RevisionStore for Store {
    async fn save(&self, revisions: &[Revision]) -> Result<(), StoreError> {
        let (revisions, dialect) = (revisions.to_vec(), self.inner.dialect.clone());
        let saved = self.inner.writer.work("save revisions", move |connection| {
            Box::pin(async move { revision::save(connection, &*dialect, &revisions).await })
        });
        saved.await
    }

    async fn revisions(&self, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError> {
        revision::list(&mut *self.reader("list revisions").await?, kind, name).await
    }

    async fn revision(&self, kind: &str, name: &str, hash: &str) -> Result<Option<Revision>, StoreError> {
        revision::get(&mut *self.reader("read a revision").await?, kind, name, hash).await
    }

    async fn last_good(&self, kind: &str) -> Result<Vec<Revision>, StoreError> {
        revision::last_good(&mut *self.reader("read the last good revisions").await?, kind).await
    }

    async fn prune(&self, kind: &str, name: &str, keep: usize, pinned: &[String]) -> Result<(), StoreError> {
        let (kind, name, pinned) = (kind.to_owned(), name.to_owned(), pinned.to_vec());
        let pruned = self.inner.writer.work("prune revisions", move |connection| {
            Box::pin(async move { revision::prune(connection, &kind, &name, keep, &pinned).await })
        });
        pruned.await
    }
}
