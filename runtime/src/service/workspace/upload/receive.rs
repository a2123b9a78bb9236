//! A piece as it comes: checked against what was planned, and written to the disk while it comes.

use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};

use super::error::UploadError;
use super::plan::Span;
use super::writers::Turn;
use crate::service::workspace::files::waited;
use crate::service::workspace::place::failed;

/// What is gathered before it is written, in bytes: so much memory does a piece under way take, however large it is.
const GATHERED: usize = 1_024 * 1_024;

/// How long a client may send nothing in the middle of a piece.
const PATIENCE: Duration = Duration::from_mins(1);

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
    pub(super) fn check(&self, span: Span, whole: u64) -> Result<(), UploadError> {
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

/// Writes what comes to the disk, as it comes.
pub(super) async fn receive<E: std::fmt::Display>(
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
        data.write_all_at(&bytes, start).map_err(|error| failed("write", Path::new("the upload"))(error).into())
    })
    .await
}
