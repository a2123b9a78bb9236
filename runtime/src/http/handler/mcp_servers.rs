//! `/v1/mcp-servers` (S1-86, S1-87) and `/v1/tools/mcp` (S1-85).

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::{Body, Id};
use crate::service::mcp_servers::{Registered, ServersInput};

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/tools/mcp", post(register))
        .route("/v1/mcp-servers", get(list))
        .route("/v1/mcp-servers/{name}", delete(remove))
}

async fn register(State(app): State<Arc<App>>, Body(input): Body<ServersInput>) -> Result<Json<Registered>, Problem> {
    app.register_servers(input).await.map(Json)
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"mcpServers": app.list_servers()}))
}

async fn remove(State(app): State<Arc<App>>, Id(name): Id) -> Result<Json<Value>, Problem> {
    let deleted = app.delete_server(&name).await?;
    Ok(Json(json!({"status": "deleted", "server_name": name, "deleted_tools": deleted})))
}
