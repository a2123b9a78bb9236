//! The paths, and what every request passes through.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;

use super::authorize::authorize;
use super::console::console;
use super::error::{Problem, in_the_callers_words};
use super::extract::{JSON_LIMIT, request_id};
use super::guard::{Origins, guard};
use super::handler;
use super::headers::secure;
use crate::app::App;

/// The whole service.
pub fn router(app: Arc<App>) -> Router {
    let origins = Arc::new(Origins {
        hosts: app.settings.hosts.clone(),
        cors: app.settings.cors.clone(),
        token: app.settings.token.clone(),
        identified: !app.rights.is_open(),
    });
    // One layer of them all: for each layer of its own, axum copies and boxes everything below it with every request.
    let every_request = ServiceBuilder::new()
        .layer(middleware::from_fn(secure))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), identify))
        .layer(middleware::from_fn_with_state(origins, guard))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), authorize))
        .layer(DefaultBodyLimit::max(JSON_LIMIT));
    Router::new()
        .merge(handler::agents::routes())
        .merge(handler::env::routes())
        .merge(handler::chat::routes())
        .merge(handler::infer::routes())
        .merge(handler::openai_models::routes())
        .merge(handler::openapi::routes())
        .merge(handler::runs::routes())
        .merge(handler::sessions::routes())
        .merge(handler::setup::routes())
        .merge(handler::manifest::routes())
        .merge(handler::mcp_servers::routes())
        .merge(handler::models::routes())
        .merge(handler::templates::routes())
        .merge(handler::tools::routes())
        .merge(handler::usage::routes())
        .merge(handler::workspace::routes())
        .merge(handler::platform::routes())
        .fallback(console)
        .method_not_allowed_fallback(wrong_method)
        .layer(every_request)
        .with_state(app)
}

async fn wrong_method(request: Request) -> Response {
    let detail = format!("{} is not for {}", request.method(), request.uri().path());
    in_the_callers_words(request.method(), request.uri().path(), Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail))
}

/// Every request has an id: the caller's or a new one; it is echoed. The caller's span is remembered under it.
async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers()).unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let value = HeaderValue::from_str(&id).ok();
    if let Some(value) = &value {
        request.headers_mut().insert("x-request-id", value.clone());
    }
    app.watchers.expect(&id, request.headers());
    let mut response = next.run(request).await.into_response();
    if let Some(value) = value {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
