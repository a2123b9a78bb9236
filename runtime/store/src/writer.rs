//! The one task that writes.
//!
//! It owns the writing connection, so no write ever waits for a database lock, and a caller that goes away in the
//! middle of its write leaves no transaction half done.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{Notify, mpsc, oneshot};
use troupe_core::id::ContentHash;
use troupe_core::port::{Created, StoreError};

use crate::batch::{self, Write};
use crate::dialect::Dialect;
use crate::error::{Refusal, failed};
use crate::fault;
use crate::feed::Feed;
use crate::transaction;

/// Writes that may wait to be taken; further callers wait before they are queued.
const QUEUE: usize = 1_024;

/// Writes in one transaction at most: some milliseconds of work, so that the first of them does not wait long.
const BATCH: usize = 256;

/// From this many writes in the last transaction on, the next one waits [`GATHER`] for company. A few callers never
/// wait; with many, what the waiting saves in syncs and hops is theirs.
const BUSY: usize = 8;

/// How long a transaction waits for company under load; the timer's own resolution makes it one to two milliseconds.
/// Each transaction costs a sync and a dozen hops to the connection's thread, whatever is in it.
const GATHER: Duration = Duration::from_millis(1);

/// Snapshots that are remembered as stored; one for each state of an agent that ran.
const KNOWN: usize = 16_384;

/// Pages of log (4 KiB) after which the checkpointer is woken: 10 MiB, which a restart replays in no time.
const CHECKPOINT: usize = 2_560;

/// Pages that a transaction adds to the log, roughly as measured: the ends of the tables and their indexes, and then
/// what each write adds.
const PAGES: (usize, usize) = (12, 3);

/// Pages of log that the checkpointer may leave behind before the writer itself finishes the rest between two
/// transactions, so that the log starts again from its beginning instead of growing: 16 MiB.
pub(crate) const LEFT_BEHIND: i64 = 4_096;

/// What the task is asked to do.
enum Command {
    /// A create or append, for the next batch.
    Write(Box<Pending>),
    /// Anything else, in a transaction of its own; and whether it deletes snapshots.
    Work(Box<dyn Job>, bool),
    /// Finish the checkpoint while nobody writes.
    Checkpoint,
    /// Take nothing more.
    Close,
    /// Run a statement outside any transaction.
    #[cfg(test)]
    Bare(&'static str, oneshot::Sender<Result<(), sqlx::Error>>),
}

/// A write and who waits for it.
struct Pending {
    write: Write,
    answer: oneshot::Sender<Result<Created, StoreError>>,
}

/// Work in a transaction of its own.
trait Job: Send {
    /// Does it, and tells who waits.
    fn run<'c>(self: Box<Self>, connection: &'c mut AnyConnection, begin: &'static str) -> BoxFuture<'c, ()>;
}

/// A [`Job`] that is a closure.
struct Work<F, T> {
    action: &'static str,
    closure: F,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    fn run<'c>(self: Box<Self>, connection: &'c mut AnyConnection, begin: &'static str) -> BoxFuture<'c, ()> {
        Box::pin(async move {
            let Self { action, closure, answer } = *self;
            let result = transaction(connection, begin, action, closure).await;
            // Whoever asked may have gone; the work is done all the same.
            drop(answer.send(result));
        })
    }
}

/// Runs `work` in a transaction, which is undone if it fails.
async fn transaction<F, T>(
    connection: &mut AnyConnection,
    begin: &'static str,
    action: &'static str,
    work: F,
) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>>,
{
    transaction::begin(connection, begin).await.map_err(failed(action))?;
    match work(&mut *connection).await {
        Ok(value) => transaction::commit(connection).await.map(|()| value).map_err(failed(action)),
        Err(error) => {
            transaction::undo(connection).await;
            Err(error)
        }
    }
}

/// Tells why runs stop: their callers are told only that they do.
fn report(error: &sqlx::Error) {
    if let Some(fault) = fault::database(error) {
        tracing::error!(%fault, %error, "the database cannot be written to");
    } else {
        tracing::error!(%error, "the database refused a write");
    }
}

/// The callers' end.
#[derive(Clone)]
pub(crate) struct Writer {
    commands: mpsc::Sender<Command>,
}

impl Writer {
    /// The callers' end and the task to be spawned; it ends when every callers' end is gone.
    pub(crate) fn new(
        connection: AnyConnection,
        dialect: Arc<dyn Dialect>,
        feed: Feed,
        wake: Arc<Notify>,
    ) -> (Self, Task) {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let task = Task {
            inbox,
            connection,
            dialect,
            feed,
            wake,
            known: HashSet::new(),
            pending: VecDeque::new(),
            last: 0,
            written: 0,
        };
        (Self { commands }, task)
    }

    /// Writes as part of a batch.
    pub(crate) async fn write(&self, write: Write) -> Result<Created, StoreError> {
        let (answer, result) = oneshot::channel();
        let command = Command::Write(Box::new(Pending { write, answer }));
        self.commands.send(command).await.map_err(|_| Refusal::Closed.refuse("write"))?;
        result.await.map_err(|_| Refusal::Closed.refuse("write"))?
    }

    /// Does `work` in a transaction of its own; it is committed if it succeeds. It does not delete snapshots.
    pub(crate) async fn work<F, T>(&self, action: &'static str, work: F) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.ask(action, work, false).await
    }

    /// The same for work that deletes snapshots: the writer forgets which ones are stored.
    pub(crate) async fn work_on_snapshots<F, T>(&self, action: &'static str, work: F) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.ask(action, work, true).await
    }

    async fn ask<F, T>(&self, action: &'static str, closure: F, snapshots: bool) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let command = Command::Work(Box::new(Work { action, closure, answer }), snapshots);
        self.commands.send(command).await.map_err(|_| Refusal::Closed.refuse(action))?;
        result.await.map_err(|_| Refusal::Closed.refuse(action))?
    }

    /// Asks the writer to finish a checkpoint between two transactions.
    pub(crate) async fn checkpoint(&self) {
        // A closed writer has made its last checkpoint.
        drop(self.commands.send(Command::Checkpoint).await);
    }

    /// Runs a statement on the writing connection, outside any transaction: how tests break it.
    #[cfg(test)]
    pub(crate) async fn bare(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        let (answer, result) = oneshot::channel();
        drop(self.commands.send(Command::Bare(statement, answer)).await);
        result.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Lets the writer finish what it was asked and end; later calls fail.
    pub(crate) async fn close(&self) {
        // One that is closed already needs no telling.
        drop(self.commands.send(Command::Close).await);
    }
}

/// The task.
pub(crate) struct Task {
    inbox: mpsc::Receiver<Command>,
    connection: AnyConnection,
    dialect: Arc<dyn Dialect>,
    feed: Feed,
    wake: Arc<Notify>,
    /// Snapshots that are stored for certain.
    known: HashSet<ContentHash>,
    /// Writes that were taken from the inbox and wait for a later batch.
    pending: VecDeque<Pending>,
    /// How many writes the last batch had.
    last: usize,
    /// Pages of log since the checkpointer was woken, roughly.
    written: usize,
}

impl Task {
    /// Works until every callers' end is gone.
    pub(crate) async fn run(mut self) {
        loop {
            if self.pending.is_empty() {
                match self.inbox.recv().await {
                    Some(command) => self.take(command).await,
                    None => break,
                }
                if self.last >= BUSY && !self.pending.is_empty() {
                    tokio::time::sleep(GATHER).await;
                }
            }
            while self.pending.len() < BATCH {
                match self.inbox.try_recv() {
                    Ok(command) => self.take(command).await,
                    Err(_) => break,
                }
            }
            if !self.pending.is_empty() {
                self.batch().await;
            }
        }
        // Closing the last connection folds the log into the database file; a failure leaves that to the next start.
        if let Err(error) = self.connection.close().await {
            tracing::warn!(error = %error, "the database was not closed cleanly");
        }
    }

    /// Queues a write; does anything else at once.
    async fn take(&mut self, command: Command) {
        match command {
            Command::Write(pending) => self.pending.push_back(*pending),
            Command::Work(job, snapshots) => {
                if snapshots {
                    self.known.clear();
                }
                job.run(&mut self.connection, self.dialect.begin()).await;
                self.count(1);
            }
            #[cfg(test)]
            Command::Bare(statement, answer) => {
                drop(answer.send(sqlx::query(statement).fetch_all(&mut self.connection).await.map(drop)));
            }
            // What is in the inbox is still done; then it is empty and gives nothing more.
            Command::Close => self.inbox.close(),
            Command::Checkpoint => {
                if let Err(error) = self.dialect.checkpoint(&mut self.connection).await {
                    tracing::warn!(error = %error, "the database's log was not checkpointed");
                }
            }
        }
    }

    /// Commits the next batch and answers its callers.
    async fn batch(&mut self) {
        let batch = self.next_batch();
        self.last = batch.len();
        let writes: Vec<&Write> = batch.iter().map(|pending| &pending.write).collect();
        match batch::commit(&mut self.connection, &*self.dialect, &writes, &self.known).await {
            Ok(verdicts) => self.answer(batch, verdicts),
            Err(error) if batch.len() == 1 => {
                report(&error);
                let verdict = vec![Err(batch::batch_failed(writes[0], error))];
                self.answer(batch, verdict);
            }
            Err(error) => {
                // One of them is not as it must be: each again by itself, so that it fails alone.
                tracing::warn!(error = %error, batch.len = batch.len(), "a batch failed and is written one by one");
                report(&error);
                for pending in batch {
                    let alone = [&pending.write];
                    let verdict = batch::commit(&mut self.connection, &*self.dialect, &alone, &self.known).await;
                    let verdict = verdict.unwrap_or_else(|error| vec![Err(batch::batch_failed(&pending.write, error))]);
                    self.answer(vec![pending], verdict);
                }
            }
        }
    }

    /// Takes as many pending writes as have nothing in common; the others keep their order for later batches.
    fn next_batch(&mut self) -> Vec<Pending> {
        let mut taken: HashSet<(String, String)> = HashSet::new();
        let (mut batch, mut later) = (Vec::with_capacity(self.pending.len()), VecDeque::new());
        for pending in self.pending.drain(..) {
            let keys: Vec<_> = pending.write.keys().map(|(scope, key)| (scope.to_owned(), key.to_owned())).collect();
            let free = batch.len() < BATCH && keys.iter().all(|key| !taken.contains(key));
            // What has to wait holds its keys too, so that nothing overtakes it.
            taken.extend(keys);
            if free { batch.push(pending) } else { later.push_back(pending) }
        }
        self.pending = later;
        batch
    }

    /// Tells everyone what became of their write.
    fn answer(&mut self, batch: Vec<Pending>, verdicts: batch::Verdicts) {
        self.count(batch.len());
        for (pending, verdict) in batch.into_iter().zip(verdicts) {
            let Pending { write, answer } = pending;
            if matches!(verdict, Ok(Created::New)) {
                write.tell(&self.feed);
                if self.known.len() >= KNOWN {
                    self.known.clear();
                }
                self.known.extend(write.snapshots.into_iter().map(|(hash, _)| hash));
            }
            // Whoever asked may have gone; the write stands.
            drop(answer.send(verdict));
        }
    }

    /// Counts a transaction's pages, and wakes the checkpointer when there were enough.
    fn count(&mut self, writes: usize) {
        self.written += PAGES.0 + PAGES.1 * writes;
        if self.written >= CHECKPOINT {
            self.written = 0;
            self.wake.notify_one();
        }
    }
}
