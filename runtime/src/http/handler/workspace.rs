//! `/v1/workspace`: the files of the caller's workspace (S1-163 to S1-175).

pub mod content;
pub mod upload;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Params};
use crate::service::rights::Asker;
use crate::service::workspace::files::{Page, Where};
use crate::service::workspace::item::{FileInfo, FileItem};
use crate::service::workspace::list::{FileList, Folder, Tree};
use crate::service::workspace::search::SearchIn;

/// Says that a search was ended before it saw everything.
const CUT: HeaderName = HeaderName::from_static("x-search-cut");

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(
    paths(list, tree, children, search, rename, duplicate, deletion, folder),
    tags((name = "workspace", description = "Files that agents work on: list, search, read, change, upload"))
)]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/workspace/list", get(list))
        .route("/v1/workspace/tree", get(tree))
        .route("/v1/workspace/children", get(children))
        .route("/v1/workspace/search", get(search))
        .route("/v1/workspace/rename", post(rename))
        .route("/v1/workspace/duplicate", post(duplicate))
        .route("/v1/workspace/delete", delete(deletion))
        .route("/v1/workspace/folder", post(folder))
        .merge(content::routes())
        .merge(upload::routes())
}

/// Which file or folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PathParams {
    /// Its whole path, or the path below the workspace; empty or `.` is the workspace itself.
    #[param(required = true)]
    path: Option<String>,
    /// Taken from older clients, and without effect: no file outside the workspace is reached.
    #[serde(rename = "restrict")]
    #[param(rename = "restrict")]
    _restrict: Option<String>,
    /// A session, whose workspace is meant; without one, the caller's.
    session_id: Option<String>,
}

impl PathParams {
    /// The same, put together.
    fn new(path: Option<String>, session_id: Option<String>) -> Self {
        Self { path, _restrict: None, session_id }
    }

    /// The place that is meant.
    fn place(&self) -> Result<Where<'_>, Problem> {
        let path = self.path.as_deref().ok_or_else(|| Problem::missing_field("path").with("field", "path"))?;
        Ok(Where { path, session: self.session_id.as_deref() })
    }
}

/// Which page of which folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// The folder's whole path, or the path below the workspace; empty or `.` is the workspace itself.
    #[param(required = true)]
    path: Option<String>,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1)]
    page: usize,
    /// How many of a page; 50 by default, at most 10,000.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 10_000)]
    page_size: usize,
    /// Taken from older clients, and without effect: no file outside the workspace is reached.
    #[serde(rename = "restrict")]
    #[param(rename = "restrict")]
    _restrict: Option<String>,
    /// A session, whose workspace is meant; without one, the caller's.
    session_id: Option<String>,
}

fn first() -> usize {
    1
}

fn fifty() -> usize {
    50
}

/// List a folder, page by page
#[utoipa::path(get, path = "/v1/workspace/list", tag = "workspace", params(ListParams),
    responses((status = 200, description = "Folders first, then by name", body = FileList),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn list(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<ListParams>,
) -> Result<Json<FileList>, Problem> {
    let page = Page::new(of.page, of.page_size)?;
    let of = PathParams::new(of.path, of.session_id);
    app.list_files(&asker, of.place()?, page).await.map(Json)
}

/// Read a folder with the folders directly below it
#[utoipa::path(get, path = "/v1/workspace/tree", tag = "workspace", params(PathParams),
    responses((status = 200, description = "One tree, whose root the folder is", body = Vec<Tree>),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn tree(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<PathParams>,
) -> Result<Json<Vec<Tree>>, Problem> {
    app.tree(&asker, of.place()?).await.map(Json)
}

/// Which folder's folders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChildrenParams {
    /// The folder's whole path, or the path below the workspace; empty for the workspace itself, as the only root.
    #[serde(default)]
    path: String,
    /// A session, whose workspace is meant; without one, the caller's.
    session_id: Option<String>,
}

/// List the folders directly below one
#[utoipa::path(get, path = "/v1/workspace/children", tag = "workspace", params(ChildrenParams),
    responses((status = 200, description = "Those that are not hidden, by name", body = Vec<Folder>),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn children(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<ChildrenParams>,
) -> Result<Json<Vec<Folder>>, Problem> {
    let at = Where { path: &of.path, session: of.session_id.as_deref() };
    app.folders(&asker, at).await.map(Json)
}

/// What is looked for, and where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// The folder's whole path, or the path below the workspace; empty or `.` is the workspace itself.
    #[param(required = true)]
    path: Option<String>,
    /// Texts: those with spaces between them are all in the file, of those with `|` between them one is.
    #[param(required = true)]
    query: Option<String>,
    /// What is searched: `content` by default, `name`, or `all`.
    #[serde(default, rename = "in")]
    #[param(rename = "in", inline)]
    target: SearchIn,
    /// A session, whose workspace is meant; without one, the caller's.
    session_id: Option<String>,
}

/// Find files by what is in them, or by their names
///
/// At most as many as `SEARCH_MAX_RESULTS` says; a search that takes longer than 30 seconds answers with what it found
/// until then. In both cases the answer has the header `x-search-cut: true`.
#[utoipa::path(get, path = "/v1/workspace/search", tag = "workspace", params(SearchParams),
    responses((status = 200, description = "The files, by path", body = Vec<FileItem>),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn search(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(SearchParams { path, query, target, session_id }): Params<SearchParams>,
) -> Result<Response, Problem> {
    let of = PathParams::new(path, session_id);
    let query = query.filter(|query| !query.trim().is_empty());
    let query = query.ok_or_else(|| Problem::missing_field("query").with("field", "query"))?;
    let hits = app.search_files(&asker, of.place()?, &query, target).await?;
    let mut response = Json(hits.files).into_response();
    if hits.cut {
        response.headers_mut().insert(CUT, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// A file that gets another name.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RenameInput {
    /// Its whole path, or the path below the workspace.
    path: String,
    /// Its new name in the same folder.
    new_name: String,
    /// A session, whose workspace is meant; without one, the caller's.
    #[serde(default)]
    session_id: Option<String>,
}

/// Rename a file or a folder
#[utoipa::path(post, path = "/v1/workspace/rename", tag = "workspace", request_body = RenameInput,
    responses((status = 200, description = "It has the new name", body = FileInfo),
              (status = 400, description = "The name is none, or is taken", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn rename(
    State(app): State<Arc<App>>,
    asker: Asker,
    Body(input): Body<RenameInput>,
) -> Result<Json<FileInfo>, Problem> {
    let at = Where { path: &input.path, session: input.session_id.as_deref() };
    app.rename_file(&asker, at, input.new_name).await.map(Json)
}

/// A file or a folder.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PathInput {
    /// Its whole path, or the path below the workspace.
    path: String,
    /// A session, whose workspace is meant; without one, the caller's.
    #[serde(default)]
    session_id: Option<String>,
}

impl PathInput {
    fn place(&self) -> Where<'_> {
        Where { path: &self.path, session: self.session_id.as_deref() }
    }
}

/// Copy a file or a folder beside itself
#[utoipa::path(post, path = "/v1/workspace/duplicate", tag = "workspace", request_body = PathInput,
    responses((status = 200, description = "The copy, named `name (1).ext` or with the next free number", body = FileInfo),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn duplicate(
    State(app): State<Arc<App>>,
    asker: Asker,
    Body(input): Body<PathInput>,
) -> Result<Json<FileInfo>, Problem> {
    app.duplicate_file(&asker, input.place()).await.map(Json)
}

/// A file that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileDeleted {
    /// `deleted`.
    pub status: &'static str,
    /// Its whole path.
    pub path: String,
}

/// Delete a file, or a folder with everything in it
#[utoipa::path(delete, path = "/v1/workspace/delete", tag = "workspace", request_body = PathInput,
    responses((status = 200, description = "It is gone", body = FileDeleted),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn deletion(
    State(app): State<Arc<App>>,
    asker: Asker,
    Body(input): Body<PathInput>,
) -> Result<Json<FileDeleted>, Problem> {
    let path = app.delete_file(&asker, input.place()).await?;
    Ok(Json(FileDeleted { status: "deleted", path }))
}

/// Make a folder, with those above it
#[utoipa::path(post, path = "/v1/workspace/folder", tag = "workspace", request_body = PathInput,
    responses((status = 201, description = "It is there", body = FileInfo),
              (status = 400, description = "Something of that name is there", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn folder(
    State(app): State<Arc<App>>,
    asker: Asker,
    Body(input): Body<PathInput>,
) -> Result<(StatusCode, Json<FileInfo>), Problem> {
    Ok((StatusCode::CREATED, Json(app.make_folder(&asker, input.place()).await?)))
}
