//! Why an upload does not go on, in S1's codes.

use super::MOST_OPEN;
use crate::http::error::Problem;
use crate::service::workspace::place::FileError;

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

impl UploadError {
    /// The error of looking for the folder that a `workspace_id` names.
    pub(super) fn of_workspace(error: FileError) -> Self {
        let problem = match error {
            error @ (FileError::NoWorkspace | FileError::Ended | FileError::Io { .. }) => return Self::File(error),
            FileError::Name { problem, .. } => problem,
            error => error.to_string(),
        };
        let remedy = "use default, the path of a folder that is there, or the id of a session";
        Self::Request(format!("Invalid value for field workspace_id: {problem}; {remedy}"))
    }

    /// The error of something that was tried with the path that the file goes to.
    pub(super) fn of_target(error: FileError) -> Self {
        match error {
            FileError::Name { problem, .. } => Self::Target(problem),
            FileError::Outside(_)
            | FileError::Circle(_)
            | FileError::Missing(_)
            | FileError::NoFolder(_)
            | FileError::NoFile(_)
            | FileError::Exists(_)
            | FileError::Denied(_) => Self::Target(error.to_string()),
            error => Self::File(error),
        }
    }
}

impl From<Problem> for UploadError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}
