//! `/v1/resources`: manifests as YAML or JSON, with their status; what is wrong with the folders.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Id, Params, Text};
use crate::service::manifest::{kind_of, with_status};
use crate::service::page::PageQuery;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/resources/diagnostics", get(diagnostics))
        .route("/v1/resources/{kind}", get(list))
        .route("/v1/resources/{kind}/{name}", get(show).put(apply).delete(delete))
}

#[derive(Debug, Deserialize)]
struct Form {
    format: Option<String>,
}

impl Form {
    /// YAML where `format` or `Accept` asks for it.
    fn is_yaml(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        match self.format.as_deref() {
            Some("yaml") => Ok(true),
            Some("json") => Ok(false),
            Some(_) => Err(Problem::bad_request("Invalid value for field format: use yaml or json")),
            None => {
                let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
                Ok(accept.is_some_and(|accept| accept.contains("yaml")))
            }
        }
    }
}

async fn diagnostics(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"items": app.catalog.view().diagnostics()}))
}

async fn list(
    State(app): State<Arc<App>>,
    Id(kind): Id,
    Params(query): Params<PageQuery>,
    Params(form): Params<Form>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (items, cursor) = app.manifests(kind_of(&kind)?, &query.page()?);
    if form.is_yaml(&headers)? {
        let documents: Vec<String> = items.iter().map(yaml).collect();
        return Ok(as_yaml(documents.join("---\n")));
    }
    Ok(Json(json!({"items": items, "cursor": cursor})).into_response())
}

async fn show(
    State(app): State<Arc<App>>,
    Id((kind, name)): Id<(String, String)>,
    Params(form): Params<Form>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let manifest = app.manifest(kind_of(&kind)?, &name)?;
    render(StatusCode::OK, &manifest, form.is_yaml(&headers)?)
}

async fn apply(
    State(app): State<Arc<App>>,
    Id((kind, name)): Id<(String, String)>,
    Params(form): Params<Form>,
    headers: HeaderMap,
    Text(body): Text,
) -> Result<Response, Problem> {
    let is_yaml = form.is_yaml(&headers)?;
    let (entry, created) = app.apply_manifest(kind_of(&kind)?, &name, &body, if_match(&headers)).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    render(status, &with_status(&entry), is_yaml)
}

async fn delete(
    State(app): State<Arc<App>>,
    Id((kind, name)): Id<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let kind = kind_of(&kind)?;
    app.delete_manifest(kind, &name, if_match(&headers)).await?;
    Ok(Json(json!({"status": "deleted", "kind": kind.as_str(), "name": name})))
}

/// The version that the object must still have; quotes and weakness do not matter here.
fn if_match(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::IF_MATCH)?.to_str().ok()?.trim();
    let value = value.strip_prefix("W/").unwrap_or(value).trim_matches('"');
    (value != "*" && !value.is_empty()).then(|| value.to_owned())
}

fn render(status: StatusCode, manifest: &Value, is_yaml: bool) -> Result<Response, Problem> {
    let version = manifest.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).map_err(|error| Problem::internal(&error))?;
    let mut response = if is_yaml { as_yaml(yaml(manifest)) } else { Json(manifest).into_response() };
    *response.status_mut() = status;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

fn yaml(manifest: &Value) -> String {
    serde_yaml::to_string(manifest).unwrap_or_default()
}

fn as_yaml(text: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml; charset=utf-8"))], text).into_response()
}
