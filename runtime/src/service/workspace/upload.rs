//! Uploads in pieces (S1-176 to S1-182): begun, written in parallel and in any order, gone on with after a restart,
//! completed in one step, cancelled, and swept away where nobody came back.

mod plan;
mod shelf;
mod writers;

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use plan::UploadState;
pub(crate) use writers::Uploads;

use super::files::{blocking, waited};
use super::place::{FileError, Place};
use crate::app::App;
use crate::command::variable::Size;
use crate::http::error::Problem;
use crate::service::rights::Asker;
use plan::{Plan, Span, cut};
use shelf::{Shelf, Upload};
use writers::{Closing, Turn};

/// What is gathered before it is written, in bytes: so much memory does a piece under way take, however large it is.
const GATHERED: usize = 1_024 * 1_024;

/// How long a client may send nothing in the middle of a piece.
const PATIENCE: Duration = Duration::from_mins(1);

/// The largest file, in bytes: 16 TiB, as the usual file systems have it.
const LARGEST: u64 = 1 << 44;

/// Uploads that one user may have open.
const MOST_OPEN: usize = 200;

/// Between two looks for what was abandoned.
const SWEEP: Duration = Duration::from_mins(30);

/// Why an upload does not go on; each begins with S1's code.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The request is wrong.
    #[error("INVALID_REQUEST: {0}")]
    Request(String),
    /// The file may not go there.
    #[error("INVALID_TARGET_PATH: {0}")]
    Target(String),
    /// There is no such upload.
    #[error("UPLOAD_NOT_FOUND: there is no upload {0:?}; begin it anew")]
    NoUpload(String),
    /// It has no such piece.
    #[error("CHUNK_NOT_FOUND: the upload has no chunk {0}; its chunks are counted from 0")]
    NoChunk(usize),
    /// A piece has another size than was planned.
    #[error("CHUNK_SIZE_MISMATCH: {0}")]
    Size(String),
    /// Nobody wants it any more.
    #[error("UPLOAD_CANCELLED: the upload was cancelled; begin it anew")]
    Cancelled,
    /// It cannot be done now.
    #[error("UPLOAD_NOT_READY: {0}")]
    NotReady(String),
    /// The client sends nothing.
    #[error("UPLOAD_STALLED: nothing came for a minute; send the chunk again")]
    Stalled,
    /// The client has too many open.
    #[error("TOO_MANY_UPLOADS: {MOST_OPEN} uploads are open; complete or cancel one")]
    TooMany,
    /// The file system.
    #[error(transparent)]
    File(#[from] FileError),
    /// Where the upload goes cannot be used any more.
    #[error("{}", .0.detail())]
    Refused(Box<Problem>),
}

impl From<Problem> for UploadError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// An upload to be begun (S1-176).
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct UploadInput {
    /// Where it goes: the path of a folder of the workspace, `default`, or the id of a session, for its workspace.
    #[serde(default)]
    #[schema(required = true)]
    pub workspace_id: Option<String>,
    /// The file's name.
    #[serde(default)]
    #[schema(required = true)]
    pub file_name: Option<String>,
    /// Its size in bytes.
    #[serde(default)]
    #[schema(required = true)]
    pub file_size: Option<u64>,
    /// The path of the file below that folder; what is there is overwritten.
    #[serde(default)]
    #[schema(required = true)]
    pub target_path: Option<String>,
}

/// An upload that was begun (S1-176).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadPlan {
    /// Its id.
    pub upload_id: String,
    /// From how many bytes on a file is cut.
    pub parallel_size: u64,
    /// Pieces that may be sent at one time.
    pub parallel_max_threads: u32,
    /// How many pieces there are.
    pub chunk_count: usize,
    /// The pieces.
    pub chunks: Vec<ChunkPlan>,
}

/// A piece of a file (S1-176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChunkPlan {
    /// Its number, from 0.
    pub parallel_id: usize,
    /// Its first byte.
    pub offset: u64,
    /// How many bytes.
    pub size: u64,
}

/// A piece that is there (S1-178).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChunkDone {
    /// The upload.
    pub upload_id: String,
    /// The piece.
    pub parallel_id: usize,
    /// How many bytes came.
    pub received: u64,
    /// `uploaded`.
    pub status: &'static str,
}

/// What is known of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChunkStatus {
    /// Its number, from 0.
    pub parallel_id: usize,
    /// Its first byte.
    pub offset: u64,
    /// How many bytes.
    pub size: u64,
    /// `pending`, `uploading` or `uploaded`.
    pub status: &'static str,
    /// How many bytes are there; of a piece that is sent at this moment, how many came.
    pub received: u64,
}

/// What is known of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadStatus {
    /// Its id.
    pub upload_id: String,
    /// The file's name.
    pub file_name: String,
    /// The file's size in bytes.
    pub file_size: u64,
    /// Where it goes, below the workspace.
    pub target_path: String,
    /// What became of it.
    pub status: UploadState,
    /// The pieces.
    pub chunks: Vec<ChunkStatus>,
}

/// A file that is in its place (S1-179).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadDone {
    /// The upload.
    pub upload_id: String,
    /// The file's name.
    pub file_name: String,
    /// Its size in bytes.
    pub file_size: u64,
    /// Its whole path.
    pub path: String,
    /// `completed`.
    pub status: UploadState,
}

/// An upload that nobody wants any more (S1-180).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadCancelled {
    /// The upload.
    pub upload_id: String,
    /// `cancelled`.
    pub status: UploadState,
}

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
        let (shelf, root) = (self.files_root(asker, None).await?, self.upload_root(asker, &plan).await?);
        let now = self.clock.now() / 1_000_000;
        let plan = blocking(move || begin(&shelf, &root, plan, now)).await?;
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
        let closed = self.files.uploads.close(id);
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
            let shelf = Shelf::open(&Place::open(&root)?, false)?;
            let all = shelf.map(|shelf| shelf.all()).unwrap_or_default();
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
        let wrong = |error: FileError| UploadError::Request(format!("workspace_id: {error}"));
        let named = workspace.to_owned();
        let inside = blocking(move || Ok::<_, UploadError>(Place::open(&root)?.inside(&named).map_err(wrong)?));
        Ok((None, inside.await?))
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
            let shelf = Place::open(&root).and_then(|place| Shelf::open(&place, false));
            let gone = shelf.ok().flatten().map_or(0, |shelf| shelf.sweep(now));
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

/// What a request says of the piece that it brings, beside the piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// `Content-Length`.
    pub length: Option<u64>,
    /// `X-Upload-Offset`.
    pub offset: Option<u64>,
    /// `X-Upload-Size`.
    pub size: Option<u64>,
    /// `X-File-Size`.
    pub file_size: Option<u64>,
}

impl Announced {
    fn check(&self, span: Span, whole: u64) -> Result<(), UploadError> {
        if self.length != Some(span.size) {
            return Err(UploadError::Size(format!("Content-Length must be {}, the size of the chunk", span.size)));
        }
        let told = [
            ("X-Upload-Offset", self.offset, span.offset),
            ("X-Upload-Size", self.size, span.size),
            ("X-File-Size", self.file_size, whole),
        ];
        match told.into_iter().find(|(_, told, planned)| told.is_some_and(|told| told != *planned)) {
            Some((name, _, planned)) => Err(UploadError::Size(format!("{name} must be {planned}, as it was planned"))),
            None => Ok(()),
        }
    }
}

fn being_completed() -> UploadError {
    UploadError::NotReady("the upload is being completed".to_owned())
}

/// The path of a file below a folder of the workspace.
fn target_below(folder: &Path, target: &str) -> Result<String, UploadError> {
    let wrong = |problem: &str| Err(UploadError::Target(problem.to_owned()));
    if target.is_empty() || target.starts_with('/') {
        return wrong("name a file below the workspace, such as notes/today.txt");
    }
    if target.contains('\0') {
        return wrong("it holds a zero byte");
    }
    for part in target.split('/') {
        match part {
            "" | "." | ".." => return wrong("its parts are names, not empty, . or .."),
            part if part.len() > 255 => return wrong("a part of it is longer than 255 bytes"),
            _ => {}
        }
    }
    match folder.join(target).to_str() {
        Some(whole) if !whole.starts_with(".troupe-") => Ok(whole.to_owned()),
        _ => wrong("names that begin with .troupe- are the service's"),
    }
}

fn begin(shelf: &Path, root: &Path, plan: Plan, now: i64) -> Result<Plan, UploadError> {
    let target = Place::open(root)?;
    let inside = target.inside(&plan.target_path)?;
    match target.folder.symlink_metadata(&inside) {
        Ok(facts) if facts.is_dir() => return Err(UploadError::Target("it is a directory".to_owned())),
        _ => {}
    }
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

/// Writes what comes to the disk, as it comes.
async fn receive<E: std::fmt::Display>(
    turn: &Turn,
    span: Span,
    data: &Arc<std::fs::File>,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(), UploadError> {
    let (mut received, mut gathered) = (0_u64, BytesMut::with_capacity(GATHERED));
    loop {
        let next = tokio::select! {
            () = turn.is_over() => {
                return Err(UploadError::NotReady("the chunk is sent by another request, or not wanted".to_owned()));
            }
            next = tokio::time::timeout(PATIENCE, body.next()) => next.map_err(|_| UploadError::Stalled)?,
        };
        let Some(bytes) = next else { break };
        let bytes = bytes.map_err(|error| UploadError::Size(format!("the chunk broke off: {error}")))?;
        received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if received > span.size {
            return Err(UploadError::Size(format!("more than {} bytes came", span.size)));
        }
        gathered.extend_from_slice(&bytes);
        turn.came(received);
        if gathered.len() >= GATHERED {
            write(turn, data, span.offset + received, &mut gathered).await?;
        }
    }
    if received < span.size {
        return Err(UploadError::Size(format!("only {received} of {} bytes came", span.size)));
    }
    write(turn, data, span.offset + received, &mut gathered).await
}

/// Writes what was gathered, so that it ends at `end`.
async fn write(turn: &Turn, data: &Arc<std::fs::File>, end: u64, gathered: &mut BytesMut) -> Result<(), UploadError> {
    let bytes = std::mem::replace(gathered, BytesMut::with_capacity(GATHERED)).freeze();
    let data = Arc::clone(data);
    waited(turn.clone(), move || {
        let start = end - u64::try_from(bytes.len()).unwrap_or_default();
        data.write_all_at(&bytes, start)
            .map_err(|error| super::place::failed("write", Path::new("the upload"))(error).into())
    })
    .await
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
            if target.folder.symlink_metadata(&inside).is_ok_and(|facts| facts.is_dir()) {
                return Err(UploadError::Target("it is a directory".to_owned()));
            }
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
