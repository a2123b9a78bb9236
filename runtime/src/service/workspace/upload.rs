//! Uploads in pieces (S1-176 to S1-182): begun, written in parallel and in any order, gone on with after a restart,
//! completed in one step, cancelled, and swept away where nobody came back.

mod error;
mod plan;
mod receive;
mod shelf;
mod target;
mod view;
mod writers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use uuid::Uuid;

pub use error::UploadError;
pub use plan::UploadState;
pub use receive::Announced;
pub use view::{ChunkDone, ChunkPlan, ChunkStatus, UploadCancelled, UploadDone, UploadInput, UploadPlan, UploadStatus};
pub(crate) use writers::Uploads;

use super::files::{blocking, waited};
use super::place::Place;
use crate::app::App;
use crate::service::rights::Asker;
use crate::size::Size;
use plan::{Plan, Span, cut};
use receive::receive;
use shelf::{Shelf, Upload};
use target::{check_target, target_below};
use writers::Closing;

/// The largest file, in bytes: 16 TiB, as the usual file systems have it.
const LARGEST: u64 = 1 << 44;

/// Uploads that one user may have open.
const MOST_OPEN: usize = 200;

/// Between two looks for what was abandoned.
const SWEEP: Duration = Duration::from_mins(30);

impl App {
    /// Begins an upload: takes the space that the file needs, and says in which pieces it comes.
    pub async fn begin_upload(&self, asker: &Asker, input: UploadInput) -> Result<UploadPlan, UploadError> {
        let missing = |field: &str| UploadError::Request(format!("Missing required field: {field}"));
        let file_name = input.file_name.filter(|name| !name.is_empty()).ok_or_else(|| missing("file_name"))?;
        let file_size = input.file_size.ok_or_else(|| missing("file_size"))?;
        if file_size > LARGEST {
            return Err(UploadError::Request(format!("Invalid value for field file_size: it is more than {LARGEST}")));
        }
        let target = input.target_path.ok_or_else(|| missing("target_path"))?;
        let workspace = input.workspace_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("workspace_id"))?;
        let (session, folder) = self.destination(asker, &workspace).await?;
        let (size, threads) = self.upload_limits();
        let plan = Plan {
            id: Uuid::now_v7().to_string(),
            file_name,
            file_size,
            target_path: target_below(&folder, &target)?,
            session,
            chunks: cut(file_size, size, threads),
            state: UploadState::Uploading,
        };
        let (own, root) = (self.files_root(asker, None).await?, self.upload_root(asker, &plan).await?);
        let now = self.clock.now() / 1_000_000;
        let plan = blocking(move || begin(&own, &root, plan, now)).await?;
        Ok(UploadPlan {
            upload_id: plan.id,
            parallel_size: size,
            parallel_max_threads: threads,
            chunk_count: plan.chunks.len(),
            chunks: (0..).zip(&plan.chunks).map(|(number, span)| chunk_plan(number, *span)).collect(),
        })
    }

    /// Writes a piece. One that is sent a second time replaces the first, even while that is still under way.
    pub async fn write_chunk<E: std::fmt::Display>(
        &self,
        asker: &Asker,
        (id, chunk): (&str, usize),
        announced: &Announced,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<ChunkDone, UploadError> {
        let root = self.files_root(asker, None).await?;
        let looked = (root.clone(), id.to_owned());
        let (span, whole) = blocking(move || {
            let upload = open(&looked.0, &looked.1)?;
            Ok::<_, UploadError>((span_of(&upload, chunk)?, upload.plan.file_size))
        })
        .await?;
        announced.check(span, whole)?;
        let turn = self.files.uploads.turn(id, chunk).await.map_err(|Closing| being_completed())?;
        // The piece is not there whole from here on until all of it came again.
        let opened = (root.clone(), id.to_owned());
        let data = waited(turn.clone(), move || {
            let upload = open(&opened.0, &opened.1)?;
            upload.unmark(chunk)?;
            Ok::<_, UploadError>(Arc::new(upload.data()?))
        })
        .await?;
        receive(&turn, span, &data, body).await?;
        let name = id.to_owned();
        waited(turn, move || open(&root, &name)?.mark(chunk, &data).map_err(UploadError::from)).await?;
        Ok(ChunkDone { upload_id: id.to_owned(), parallel_id: chunk, received: span.size, status: "uploaded" })
    }

    /// Puts the file in its place (S1-179). Asked a second time it answers the same.
    pub async fn complete_upload(&self, asker: &Asker, id: &str) -> Result<UploadDone, UploadError> {
        let root = self.files_root(asker, None).await?;
        let looked = (root.clone(), id.to_owned());
        let plan = blocking(move || find(&looked.0, &looked.1).map(|upload| upload.plan)).await?;
        let target = self.upload_root(asker, &plan).await?;
        let closed = self.files.uploads.close(id).await;
        let closed = closed.ok_or_else(|| UploadError::NotReady("a chunk is being sent; wait for it".to_owned()))?;
        let id = id.to_owned();
        blocking(move || {
            let done = complete(&root, &target, &id);
            drop(closed);
            done
        })
        .await
    }

    /// Ends an upload; what came of it goes (S1-180).
    pub async fn cancel_upload(&self, asker: &Asker, id: &str) -> Result<UploadCancelled, UploadError> {
        let root = self.files_root(asker, None).await?;
        self.files.uploads.stop(id);
        let id = id.to_owned();
        blocking(move || {
            let mut upload = find(&root, &id)?;
            if upload.plan.state == UploadState::Completed {
                return Err(UploadError::NotReady("it is completed already; delete the file instead".to_owned()));
            }
            upload.end(UploadState::Cancelled)?;
            Ok(UploadCancelled { upload_id: id, status: UploadState::Cancelled })
        })
        .await
    }

    /// What is known of an upload.
    pub async fn upload_status(&self, asker: &Asker, id: &str) -> Result<UploadStatus, UploadError> {
        let root = self.files_root(asker, None).await?;
        let (id, writers) = (id.to_owned(), self.files.uploads.clone());
        blocking(move || find(&root, &id).map(|upload| status(&upload, &writers))).await
    }

    /// The uploads of `asker` that are open, the oldest first.
    pub async fn uploads(&self, asker: &Asker) -> Result<Vec<UploadStatus>, UploadError> {
        let (root, writers) = (self.files_root(asker, None).await?, self.files.uploads.clone());
        blocking(move || {
            let kept = Shelf::open(&Place::open(&root)?, false)?;
            let all = kept.map(|kept| kept.all()).unwrap_or_default();
            let open = all.iter().filter(|upload| upload.plan.state == UploadState::Uploading);
            Ok(open.map(|upload| status(upload, &writers)).collect())
        })
        .await
    }

    /// From how many bytes on a file is cut, and into how many pieces at most; as `/v1/env` has it, else as the service
    /// was started.
    fn upload_limits(&self) -> (u64, u32) {
        let kept = self.environment.kept("UPLOAD_PARALLEL_SIZE").and_then(|size| size.trim().parse::<Size>().ok());
        let size = kept.map_or(self.settings.upload_parallel_size, |Size(size)| size);
        let threads = self.environment.kept_number("UPLOAD_PARALLEL_MAX_THREADS");
        (size, threads.unwrap_or(self.settings.upload_parallel_max_threads).clamp(1, 32))
    }

    /// The session whose workspace is meant, if one is, and the folder in the workspace.
    async fn destination(&self, asker: &Asker, workspace: &str) -> Result<(Option<String>, PathBuf), UploadError> {
        if workspace == "default" {
            return Ok((None, PathBuf::new()));
        }
        if !Path::new(workspace).is_absolute() && self.files_root(asker, Some(workspace)).await.is_ok() {
            return Ok((Some(workspace.to_owned()), PathBuf::new()));
        }
        let root = self.files_root(asker, None).await?;
        let named = workspace.to_owned();
        let folder = blocking(move || {
            let place = Place::open(&root)?;
            let inside = place.inside(&named)?;
            place.open_folder(&inside).map(|_| inside)
        });
        Ok((None, folder.await.map_err(UploadError::of_workspace)?))
    }

    /// The folder that an upload's file goes to, if `asker` still has it.
    async fn upload_root(&self, asker: &Asker, plan: &Plan) -> Result<PathBuf, UploadError> {
        Ok(self.files_root(asker, plan.session.as_deref()).await?)
    }

    /// Removes what was abandoned from every user's workspace.
    fn sweep_uploads(&self) {
        let Some(root) = self.default_workspace().and_then(|root| root.canonicalize().ok()) else { return };
        let own = |root: &Path| std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
        let roots: Vec<PathBuf> = if self.rights.is_open() { vec![root] } else { own(&root).collect() };
        let now = self.clock.now() / 1_000_000;
        for root in roots {
            let kept = Place::open(&root).and_then(|place| Shelf::open(&place, false));
            let gone = kept.ok().flatten().map_or(0, |kept| kept.sweep(now));
            if gone > 0 {
                tracing::info!(uploads = gone, "abandoned uploads are gone");
            }
        }
    }
}

/// Begins to sweep, until the service stops.
pub(crate) fn keep(app: &Arc<App>) {
    let app_of_task = Arc::clone(app);
    app.tasks.spawn(async move {
        let app = app_of_task;
        loop {
            tokio::select! {
                () = app.shutdown.cancelled() => return,
                () = tokio::time::sleep(SWEEP) => {}
            }
            let sweeping = Arc::clone(&app);
            if let Err(error) = tokio::task::spawn_blocking(move || sweeping.sweep_uploads()).await {
                tracing::warn!(%error, "abandoned uploads cannot be looked for");
            }
        }
    });
}

fn being_completed() -> UploadError {
    UploadError::NotReady("the upload is being completed".to_owned())
}

fn begin(shelf: &Path, root: &Path, plan: Plan, now: i64) -> Result<Plan, UploadError> {
    let target = Place::open(root)?;
    check_target(&target, &target.inside(&plan.target_path)?)?;
    let Some(shelf) = Shelf::open(&Place::open(shelf)?, true)? else { return Err(UploadError::NoUpload(plan.id)) };
    shelf.sweep(now);
    if shelf.all().iter().filter(|upload| upload.plan.state == UploadState::Uploading).count() >= MOST_OPEN {
        return Err(UploadError::TooMany);
    }
    shelf.begin(&plan)?;
    Ok(plan)
}

fn find(root: &Path, id: &str) -> Result<Upload, UploadError> {
    let shelf = Shelf::open(&Place::open(root)?, false)?;
    shelf.and_then(|shelf| shelf.find(id)).ok_or_else(|| UploadError::NoUpload(id.to_owned()))
}

/// One that takes pieces.
fn open(root: &Path, id: &str) -> Result<Upload, UploadError> {
    let upload = find(root, id)?;
    match upload.plan.state {
        UploadState::Uploading => Ok(upload),
        UploadState::Cancelled => Err(UploadError::Cancelled),
        UploadState::Completed => Err(UploadError::NotReady("the upload is completed".to_owned())),
    }
}

fn span_of(upload: &Upload, chunk: usize) -> Result<Span, UploadError> {
    upload.plan.chunks.get(chunk).copied().ok_or(UploadError::NoChunk(chunk))
}

fn complete(shelf: &Path, target: &Path, id: &str) -> Result<UploadDone, UploadError> {
    let mut upload = find(shelf, id)?;
    let target = Place::open(target)?;
    let inside = target.inside(&upload.plan.target_path)?;
    match upload.plan.state {
        UploadState::Cancelled => return Err(UploadError::Cancelled),
        UploadState::Completed => {}
        UploadState::Uploading if !upload.is_whole() => {
            let lacking = (0..upload.plan.chunks.len()).find(|chunk| !upload.has(*chunk)).unwrap_or_default();
            return Err(UploadError::NotReady(format!("chunk {lacking} is not uploaded yet")));
        }
        UploadState::Uploading => {
            check_target(&target, &inside)?;
            upload.place(&target, &inside)?;
        }
    }
    Ok(UploadDone {
        upload_id: id.to_owned(),
        file_name: upload.plan.file_name.clone(),
        file_size: upload.plan.file_size,
        path: target.shown(&inside),
        status: UploadState::Completed,
    })
}

fn chunk_plan(number: usize, span: Span) -> ChunkPlan {
    ChunkPlan { parallel_id: number, offset: span.offset, size: span.size }
}

fn status(upload: &Upload, writers: &Uploads) -> UploadStatus {
    let Plan { id, file_name, file_size, target_path, chunks, state, .. } = &upload.plan;
    let chunk = |(number, span): (usize, &Span)| {
        let (status, received) = match writers.received(id, number) {
            Some(received) => ("uploading", received),
            None if *state == UploadState::Completed || upload.has(number) => ("uploaded", span.size),
            None => ("pending", 0),
        };
        ChunkStatus { parallel_id: number, offset: span.offset, size: span.size, status, received }
    };
    UploadStatus {
        upload_id: id.clone(),
        file_name: file_name.clone(),
        file_size: *file_size,
        target_path: target_path.clone(),
        status: *state,
        chunks: (0..).zip(chunks).map(chunk).collect(),
    }
}
