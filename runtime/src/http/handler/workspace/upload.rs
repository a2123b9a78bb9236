//! Uploads in pieces: `/v1/workspace/upload` (S1-176 to S1-182).

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id};
use crate::service::rights::Asker;
use crate::service::workspace::upload::{
    Announced, ChunkDone, UploadCancelled, UploadDone, UploadError, UploadInput, UploadPlan, UploadStatus,
};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(init, chunk, complete, status, cancel, list))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/workspace/upload/init", post(init))
        .route("/v1/workspace/upload/{upload_id}", get(status).delete(cancel))
        .route("/v1/workspace/upload/{upload_id}/complete", post(complete))
        .route("/v1/workspace/uploads", get(list))
        // A piece is written as it comes, and may be as large as it was planned.
        .route("/v1/workspace/upload/{upload_id}/chunk/{chunk_id}", put(chunk).layer(DefaultBodyLimit::disable()))
}

/// Begin an upload
#[utoipa::path(post, path = "/v1/workspace/upload/init", tag = "workspace", request_body = UploadInput,
    responses((status = 200, description = "In which pieces to send it", body = UploadPlan),
              (status = 400, description = "`INVALID_REQUEST: …` or `INVALID_TARGET_PATH: …`", body = ProblemBody),
              (status = 507, description = "The disk has not enough space for it", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn init(
    State(app): State<Arc<App>>,
    asker: Asker,
    input: Result<Body<UploadInput>, Problem>,
) -> Result<Json<UploadPlan>, Problem> {
    let Body(input) = input.map_err(in_s1s_words)?;
    Ok(Json(app.begin_upload(&asker, input).await?))
}

/// A body that cannot be read, with the code that S1's clients look for.
fn in_s1s_words(problem: Problem) -> Problem {
    if problem.status() != StatusCode::BAD_REQUEST {
        return problem;
    }
    let told = Problem::from(UploadError::Request(problem.detail().to_owned()));
    match problem.member("field") {
        Some(field) => told.with("field", field.clone()),
        None => told,
    }
}

/// Send a piece of an upload, also once more
#[utoipa::path(put, path = "/v1/workspace/upload/{upload_id}/chunk/{chunk_id}", tag = "workspace",
    params(("upload_id" = String, Path, description = "The upload"), ("chunk_id" = usize, Path, description = "The piece's `parallel_id`"),
        ("X-Upload-Offset" = Option<u64>, Header, description = "The piece's first byte, to be checked"),
        ("X-Upload-Size" = Option<u64>, Header, description = "The piece's size, to be checked"),
        ("X-File-Size" = Option<u64>, Header, description = "The file's size, to be checked")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The bytes of the piece"),
    responses((status = 200, description = "It is there", body = ChunkDone),
              (status = 400, description = "`CHUNK_SIZE_MISMATCH: …`", body = ProblemBody),
              (status = 404, description = "`UPLOAD_NOT_FOUND: …` or `CHUNK_NOT_FOUND: …`", body = ProblemBody),
              (status = 409, description = "`UPLOAD_CANCELLED: …` or `UPLOAD_NOT_READY: …`", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn chunk(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id((upload_id, chunk_id)): Id<(String, usize)>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<ChunkDone>, Problem> {
    let announced = announced(&headers)?;
    let body = request.into_body().into_data_stream();
    Ok(Json(app.write_chunk(&asker, (&upload_id, chunk_id), &announced, body).await?))
}

/// What the headers say of the piece.
fn announced(headers: &HeaderMap) -> Result<Announced, Problem> {
    let number = |name: &str| match headers.get(name) {
        None => Ok(None),
        Some(value) => value.to_str().ok().and_then(|value| value.trim().parse().ok()).map(Some).ok_or_else(|| {
            let detail = format!("CHUNK_SIZE_MISMATCH: the header {name} is no number of bytes");
            Problem::new(StatusCode::BAD_REQUEST, detail).with("field", name).with("error_code", "CHUNK_SIZE_MISMATCH")
        }),
    };
    Ok(Announced {
        length: number("content-length")?,
        offset: number("x-upload-offset")?,
        size: number("x-upload-size")?,
        file_size: number("x-file-size")?,
    })
}

/// Complete an upload: put the file in its place
#[utoipa::path(post, path = "/v1/workspace/upload/{upload_id}/complete", tag = "workspace",
    params(("upload_id" = String, Path, description = "The upload")),
    responses((status = 200, description = "The file is there; what was there before is gone", body = UploadDone),
              (status = 404, description = "`UPLOAD_NOT_FOUND: …`", body = ProblemBody),
              (status = 409, description = "`UPLOAD_NOT_READY: …`: a piece is missing, or is being sent", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn complete(State(app): State<Arc<App>>, asker: Asker, Id(upload_id): Id) -> Result<Json<UploadDone>, Problem> {
    Ok(Json(app.complete_upload(&asker, &upload_id).await?))
}

/// Read what is there of an upload, to go on with it
#[utoipa::path(get, path = "/v1/workspace/upload/{upload_id}", tag = "workspace",
    params(("upload_id" = String, Path, description = "The upload")),
    responses((status = 200, description = "Its pieces", body = UploadStatus),
              (status = 404, description = "`UPLOAD_NOT_FOUND: …`", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn status(State(app): State<Arc<App>>, asker: Asker, Id(upload_id): Id) -> Result<Json<UploadStatus>, Problem> {
    Ok(Json(app.upload_status(&asker, &upload_id).await?))
}

/// End an upload; what came of it is removed
#[utoipa::path(delete, path = "/v1/workspace/upload/{upload_id}", tag = "workspace",
    params(("upload_id" = String, Path, description = "The upload")),
    responses((status = 200, description = "It is over", body = UploadCancelled),
              (status = 404, description = "`UPLOAD_NOT_FOUND: …`", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn cancel(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(upload_id): Id,
) -> Result<Json<UploadCancelled>, Problem> {
    Ok(Json(app.cancel_upload(&asker, &upload_id).await?))
}

/// Uploads that are open.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadList {
    /// The oldest first.
    pub uploads: Vec<UploadStatus>,
}

/// List the uploads that are open
#[utoipa::path(get, path = "/v1/workspace/uploads", tag = "workspace",
    responses((status = 200, description = "One's own", body = UploadList),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn list(State(app): State<Arc<App>>, asker: Asker) -> Result<Json<UploadList>, Problem> {
    Ok(Json(UploadList { uploads: app.uploads(&asker).await? }))
}
