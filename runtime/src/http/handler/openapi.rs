//! The description of the API: `GET /v1/openapi.json`.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;

use crate::app::App;
use crate::http::openapi::json;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(read))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/openapi.json", get(read))
}

/// It never changes while the service runs.
static DESCRIPTION: LazyLock<String> = LazyLock::new(json);

/// Describe this API (OpenAPI 3.1)
#[utoipa::path(get, path = "/v1/openapi.json", tag = "platform",
    responses((status = 200, description = "The description", content_type = "application/json")))]
async fn read() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.as_str())
}
