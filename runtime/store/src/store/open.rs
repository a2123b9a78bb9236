//! Opening a store: the lock, the database, its tables, its tasks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::port::Clock;

use super::{Inner, Store};
use crate::abandoned::Abandoned;
use crate::blob::Blobs;
use crate::claim;
use crate::dialect::Dialect;
use crate::dialect::sqlite::Sqlite;
use crate::error::OpenError;
use crate::fault;
use crate::feed::Feed;
use crate::lock::DirectoryLock;
use crate::writer::{LEFT_BEHIND, Writer};

/// The tables of `SQLite`, compiled in.
static TABLES: Migrator = sqlx::migrate!("migrations/sqlite");

/// Where a store is, and what it tells the time by.
#[derive(Clone)]
pub struct StoreOptions {
    /// The data directory; made if it is not there. One process may have it at a time.
    pub data: PathBuf,
    /// Connections that read, at most; each is a thread and up to half a MiB of cache while it is in use.
    pub readers: u32,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl StoreOptions {
    /// A store in `data` with four readers: twice the processors that the smallest installation has.
    pub fn new(data: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { data: data.into(), readers: 4, clock }
    }
}

impl Store {
    /// Opens the store, and makes its tables if they are not there. Every lease is expired from then on: whoever held
    /// one died with the process before.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let (data, lock, blobs) = prepare(&options.data)?;
        let named = data.to_str().ok_or_else(|| OpenError::Path(data.display().to_string()))?.to_owned();
        let failed =
            |source: sqlx::Error| OpenError::Database { path: named.clone(), source: fault::explained(source.into()) };
        let dialect: Arc<dyn Dialect> = Arc::new(Sqlite);
        let connect = connect_options(&named).map_err(failed)?;

        let mut connection = connect.connect().await.map_err(failed)?;
        dialect.prepare(&mut connection, true).await.map_err(failed)?;
        TABLES.run(&mut connection).await.map_err(|source| OpenError::Migrate { path: named.clone(), source })?;
        claim::expire(&mut connection).await.map_err(failed)?;
        let readers = readers(&options, &dialect, connect.clone());
        let mut checkpointer = connect.connect().await.map_err(failed)?;
        dialect.prepare(&mut checkpointer, true).await.map_err(failed)?;
        Ok(Self::start(options.clock, dialect, connection, checkpointer, readers, blobs, lock))
    }

    fn start(
        clock: Arc<dyn Clock>,
        dialect: Arc<dyn Dialect>,
        connection: AnyConnection,
        checkpointer: AnyConnection,
        readers: AnyPool,
        blobs: Blobs,
        lock: DirectoryLock,
    ) -> Self {
        let (feed, wake, stop, tasks) =
            (Feed::new(), Arc::new(Notify::new()), CancellationToken::new(), TaskTracker::new());
        let (writer, task) = Writer::new(connection, dialect.clone(), feed.clone(), wake.clone());
        let checkpoints = checkpoint(checkpointer, dialect.clone(), writer.clone(), wake, stop.clone());
        let checkpoints = tasks.spawn(checkpoints);
        tasks.spawn(async move {
            task.run().await;
            // The directory is free once nothing has the database open.
            drop(checkpoints.await);
            drop(lock);
        });
        let guard = stop.clone().drop_guard();
        Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                dialect,
                feed,
                blobs,
                abandoned: Abandoned::default(),
                clock,
                tasks,
                stop,
                _stop_when_dropped: guard,
            }),
        }
    }
}

/// Makes the directory and takes its lock.
fn prepare(data: &Path) -> Result<(PathBuf, DirectoryLock, Blobs), OpenError> {
    let failed = |source| OpenError::Directory { path: data.display().to_string(), source };
    std::fs::create_dir_all(data).map_err(failed)?;
    let data = data.canonicalize().map_err(failed)?;
    let lock = DirectoryLock::take(&data)?;
    let blobs = Blobs::open(&data).map_err(failed)?;
    Ok((data, lock, blobs))
}

/// How the database in `directory` is reached.
fn connect_options(directory: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut url = "sqlite://".to_owned();
    for byte in directory.bytes().chain(*b"/troupe.db") {
        // In an address most signs mean something; in a path none but the slash does.
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url.push_str("?mode=rwc");
    Ok(AnyConnectOptions::from_str(&url)?.disable_statement_logging())
}

/// The connections that read. None is opened before it is needed, and idle ones go after a minute.
fn readers(options: &StoreOptions, dialect: &Arc<dyn Dialect>, connect: AnyConnectOptions) -> AnyPool {
    let dialect = dialect.clone();
    AnyPoolOptions::new()
        .max_connections(options.readers)
        .idle_timeout(Duration::from_mins(1))
        .max_lifetime(None)
        // They are files: they do not go away while they lie idle.
        .test_before_acquire(false)
        .after_connect(move |connection, _| dialect.prepare(connection, false))
        .connect_lazy_with(connect)
}

/// Moves what the writer committed from the log to the database file, beside it, whenever there was enough.
async fn checkpoint(
    mut connection: AnyConnection,
    dialect: Arc<dyn Dialect>,
    writer: Writer,
    wake: Arc<Notify>,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(wake.notified()).await.is_some() {
        match dialect.checkpoint(&mut connection).await {
            // While the writer goes on, some pages are always left; only it can bring the log to an end.
            Ok(left) if left < LEFT_BEHIND => writer.checkpoint().await,
            Ok(_) => wake.notify_one(),
            Err(error) => tracing::warn!(error = %error, "the database's log was not checkpointed"),
        }
    }
    // The writer's end folds the log; this connection has nothing of its own.
    drop(sqlx::Connection::close(connection).await);
}
