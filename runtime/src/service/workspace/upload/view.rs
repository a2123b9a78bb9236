//! What uploads are asked and answered with (S1-176 to S1-180).

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::UploadState;

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
    #[serde(default, deserialize_with = "size")]
    #[schema(required = true)]
    pub file_size: Option<u64>,
    /// The path of the file below that folder; what is there is overwritten.
    #[serde(default)]
    #[schema(required = true)]
    pub target_path: Option<String>,
}

/// Reads a size, with errors that say what one is instead of the type that holds it here.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Bytes>::deserialize(deserializer)?.map(|Bytes(size)| size))
}

/// A number of bytes.
struct Bytes(u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number of bytes, from 0")
    }

    fn visit_u64<E>(self, size: u64) -> Result<Bytes, E> {
        Ok(Bytes(size))
    }
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
