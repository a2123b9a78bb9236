//! `/v1/setup`: the installer (S1-184).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;

use crate::app::App;
use crate::http::error::Problem;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(setup))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/setup", get(setup))
}

/// Fetch a script that installs this program with these resources: `curl -s …/v1/setup | sh`
///
/// It holds the program and the resources that the catalog shows, and no secret: no Secret, no value of a variable, and
/// nothing of a manifest that looks like a key.
#[utoipa::path(get, path = "/v1/setup", tag = "platform",
    responses((status = 200, description = "A POSIX shell script", body = String, content_type = "application/x-sh")))]
async fn setup(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let mut response = Body::from_stream(app.setup()?).into_response();
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-sh"));
    fields.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"setup.sh\""));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
