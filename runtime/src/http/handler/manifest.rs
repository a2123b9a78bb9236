//! `/v1/resources`: manifests as YAML or JSON, with their status; what is wrong with the folders.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::App;
use crate::http::caller::{Author, ForceParams};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Id, Params, Text};
use crate::http::handler::resource_events::follow;
use crate::service::manifest::kind_of;
use crate::service::manifest::preview::Referrers;
use crate::service::manifest::watch::ResourceEvent;
use crate::service::page::PageQuery;
use crate::service::rights::Asker;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(diagnostics, list, show, uses, apply, delete), components(schemas(Finding)))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/resources/diagnostics", get(diagnostics))
        .route("/v1/resources/{kind}", get(list))
        .route("/v1/resources/{kind}/{name}", get(show).put(apply).delete(delete))
        .route("/v1/resources/{kind}/{name}/uses", get(uses))
}

/// Which part of a list, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// How many; 50 by default, at most 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `cursor` of the page before.
    cursor: Option<String>,
    /// `json` or `yaml`; without it, as `Accept` says.
    format: Option<String>,
    /// Answer with server-sent events instead: all objects, then each change.
    #[serde(default)]
    watch: bool,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormParams {
    /// `json` or `yaml`; without it, as `Accept` says.
    format: Option<String>,
}

/// In which form, and how far the write goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplyParams {
    /// `json` or `yaml`; without it, as `Accept` says.
    format: Option<String>,
    /// Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool.
    #[serde(default)]
    force: bool,
    /// Write nothing: answer with the status that it would have, and everything to be said of it in `status.findings`.
    #[serde(default)]
    dry_run: bool,
}

impl FormParams {
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

/// A resource with its status, as `kubectl get -o json` shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// `troupe.dev/v1alpha1`.
    pub api_version: String,
    /// `Model`, `Agent`, ….
    pub kind: String,
    /// Its `name`, `annotations`, and in answers `resourceVersion`.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// What it says: the fields of its kind, as `kubectl explain` tells them.
    #[schema(value_type = Object)]
    pub spec: Value,
    /// In answers: conditions, revisions, the file and its line.
    #[schema(value_type = Option<Object>)]
    pub status: Option<Value>,
}

/// A page of manifests, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManifestList {
    /// The manifests.
    #[schema(value_type = Vec<Manifest>)]
    pub items: Vec<Value>,
    /// What to send as `cursor` for the next page; null on the last.
    pub cursor: Option<String>,
}

/// Something wrong with a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// The column, from 1, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The object's kind, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The object's name, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The field; empty for the document as a whole.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
    /// `error` or `warning`.
    pub severity: String,
}

/// What is wrong with the folders.
#[derive(Debug, Serialize, ToSchema)]
pub struct Findings {
    /// By file and line.
    #[schema(value_type = Vec<Finding>)]
    pub items: Vec<troupe_catalog::Diagnostic>,
}

/// List what is wrong with the files of resources
#[utoipa::path(get, path = "/v1/resources/diagnostics", tag = "resources",
    responses((status = 200, description = "The findings", body = Findings)))]
async fn diagnostics(State(app): State<Arc<App>>) -> Json<Findings> {
    Json(Findings { items: app.catalog.view().diagnostics().to_vec() })
}

/// List a kind's resources as manifests
#[utoipa::path(get, path = "/v1/resources/{kind}", tag = "resources", params(("kind" = String, Path, description = "The kind's plural: `models`, `agents`, …"), ListParams,
        ("Last-Event-ID" = Option<String>, Header, description = "With `watch`, the last id received")),
    responses((status = 200, description = "A page of them; with `watch`, events",
               content((ManifestList = "application/json"), (String = "application/yaml"),
                       (ResourceEvent = "text/event-stream"))),
              (status = 404, description = "There is no such kind", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn list(
    State(app): State<Arc<App>>,
    Id(kind): Id,
    Params(query): Params<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if query.watch {
        return Ok(follow(&app, kind_of(&kind)?, &headers));
    }
    let form = FormParams { format: query.format };
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (items, cursor) = app.manifests(kind_of(&kind)?, &page.page()?);
    if form.is_yaml(&headers)? {
        let documents: Vec<String> = items.iter().map(yaml).collect();
        return Ok(as_yaml(documents.join("---\n")));
    }
    Ok(Json(ManifestList { items, cursor }).into_response())
}

/// Read a resource as a manifest with its status
#[utoipa::path(get, path = "/v1/resources/{kind}/{name}", tag = "resources", params(("kind" = String, Path, description = "The kind's plural: `models`, `agents`, …"), ("name" = String, Path, description = "The object's name or id, percent-encoded"), FormParams),
    responses((status = 200, description = "The manifest; its version is the `ETag`", content((Manifest = "application/json"), (String = "application/yaml"))),
              (status = 404, description = "There is no such object", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn show(
    State(app): State<Arc<App>>,
    Id((kind, name)): Id<(String, String)>,
    Params(form): Params<FormParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let manifest = app.manifest(kind_of(&kind)?, &name)?;
    render(StatusCode::OK, &manifest, form.is_yaml(&headers)?)
}

/// List what refers to a resource
#[utoipa::path(get, path = "/v1/resources/{kind}/{name}/uses", tag = "resources", params(("kind" = String, Path, description = "The kind's plural: `models`, `agents`, …"), ("name" = String, Path, description = "The object's name or id, percent-encoded")),
    responses((status = 200, description = "What refers to it, and by which field", body = Referrers),
              (status = 404, description = "There is no such object", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn uses(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id((kind, name)): Id<(String, String)>,
) -> Result<Json<Referrers>, Problem> {
    app.referrers(&asker, kind_of(&kind)?, &name).await.map(Json)
}

/// Apply a manifest
///
/// With `dry_run` nothing is written: the answer is the manifest with the status that it would have; `status.findings`
/// is a list of `{path, message, severity, line, column}`. A manifest that breaks a rule is refused as ever, with the
/// same list as `findings` of the problem.
#[utoipa::path(put, path = "/v1/resources/{kind}/{name}", tag = "resources", params(("kind" = String, Path, description = "The kind's plural: `models`, `agents`, …"), ("name" = String, Path, description = "The object's name or id, percent-encoded"), ApplyParams, ("If-Match" = Option<String>, Header, description = "The version that it must still have")),
    request_body(content((Manifest = "application/json"), (String = "application/yaml")), description = "The manifest, as YAML or JSON"),
    responses((status = 200, description = "It is changed, or with `dry_run` could be", content((Manifest = "application/json"), (String = "application/yaml"))),
              (status = 201, description = "It is created", content((Manifest = "application/json"), (String = "application/yaml"))),
              (status = 409, description = "A file outside the service's hand holds it, or a GitOps tool or Helm manages it: `managed_by` says which", body = ProblemBody),
              (status = 412, description = "It has another version by now", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn apply(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id((kind, name)): Id<(String, String)>,
    Params(ApplyParams { format, force, dry_run }): Params<ApplyParams>,
    headers: HeaderMap,
    Text(body): Text,
) -> Result<Response, Problem> {
    let is_yaml = FormParams { format }.is_yaml(&headers)?;
    let asker = asker.forcing(force);
    if dry_run {
        let preview = app.preview_manifest(&asker, kind_of(&kind)?, &name, &body).await?;
        return render(StatusCode::OK, &preview, is_yaml);
    }
    let (entry, created) = app.apply_manifest(&asker, kind_of(&kind)?, &name, &body, if_match(&headers)).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    render(status, &app.shown(&entry), is_yaml)
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManifestDeleted {
    /// `deleted`.
    pub status: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its name or id.
    pub name: String,
}

/// Delete a resource
#[utoipa::path(delete, path = "/v1/resources/{kind}/{name}", tag = "resources", params(("kind" = String, Path, description = "The kind's plural: `models`, `agents`, …"), ("name" = String, Path, description = "The object's name or id, percent-encoded"), ForceParams, ("If-Match" = Option<String>, Header, description = "The version that it must still have")),
    responses((status = 200, description = "It is gone", body = ManifestDeleted),
              (status = 404, description = "There is no such object", body = ProblemBody),
              (status = 409, description = "A GitOps tool or Helm manages it: `managed_by` says which", body = ProblemBody),
              (status = 412, description = "It has another version by now", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn delete(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id((kind, name)): Id<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<ManifestDeleted>, Problem> {
    let kind = kind_of(&kind)?;
    app.delete_manifest(&asker, kind, &name, if_match(&headers)).await?;
    Ok(Json(ManifestDeleted { status: "deleted", kind: kind.as_str(), name }))
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
