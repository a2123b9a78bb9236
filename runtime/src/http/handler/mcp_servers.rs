//! `/v1/mcp-servers` (S1-86, S1-87) and `/v1/tools/mcp` (S1-85).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::http::caller::{Author, ForceParams};
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Body, Id};
use crate::service::mcp_servers::{Registered, ServerConfig, ServersInput};

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(register, list, remove))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/tools/mcp", post(register))
        .route("/v1/mcp-servers", get(list))
        .route("/v1/mcp-servers/{name}", delete(remove))
}

/// Connect to MCP servers, and register those that list their tools
#[utoipa::path(post, path = "/v1/tools/mcp", tag = "resources", params(ForceParams), request_body = ServersInput,
    responses((status = 200, description = "At least one answered", body = Registered),
              (status = 400, description = "The request is wrong, or no server answered", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn register(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Body(input): Body<ServersInput>,
) -> Result<Json<Registered>, Problem> {
    app.register_servers(&asker, input).await.map(Json)
}

/// The servers, as MCP clients write them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerList {
    /// By name.
    #[serde(rename = "mcpServers")]
    pub servers: BTreeMap<String, ServerConfig>,
}

/// What went with a server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerDeleted {
    /// `deleted`.
    pub status: &'static str,
    /// Its name.
    pub server_name: String,
    /// The ids of its tools.
    pub deleted_tools: Vec<String>,
}

/// List MCP servers
#[utoipa::path(get, path = "/v1/mcp-servers", tag = "resources",
    responses((status = 200, description = "The servers", body = ServerList)))]
async fn list(State(app): State<Arc<App>>) -> Json<ServerList> {
    Json(ServerList { servers: app.list_servers() })
}

/// Delete an MCP server with its tools
#[utoipa::path(delete, path = "/v1/mcp-servers/{name}", tag = "resources",
    params(("name" = String, Path, description = "The server's id or name, percent-encoded"), ForceParams),
    responses((status = 200, description = "It is gone", body = ServerDeleted),
              (status = 404, description = "There is no such server", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn remove(
    State(app): State<Arc<App>>,
    Author(asker): Author,
    Id(name): Id,
) -> Result<Json<ServerDeleted>, Problem> {
    let deleted_tools = app.delete_server(&asker, &name).await?;
    Ok(Json(ServerDeleted { status: "deleted", server_name: name, deleted_tools }))
}
