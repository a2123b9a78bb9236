//! Lets in who may: says who asks, and reviews what the route asks for, before a handler is chosen.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error::{Problem, in_the_callers_words};
use super::rights::{Need, is_known, need, rights};
use crate::app::App;
use crate::service::rights::Asker;

/// Puts an [`Asker`] into the request, or refuses it: 401 for nobody, 403 for who may not, 503 while nobody can say.
pub async fn authorize(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if app.rights.is_open() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match admit(&app, &mut parts).await {
        Ok(asker) => {
            parts.extensions.insert(asker);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => in_the_callers_words(&parts.method, parts.uri.path(), problem),
    }
}

async fn admit(app: &App, parts: &mut Parts) -> Result<Asker, Problem> {
    let Some(path) = parts.extensions.get::<MatchedPath>().cloned() else {
        // Nothing is there: the console's files, else a 404, which below /v1 only those are told who are known.
        let is_api = parts.uri.path().starts_with("/v1");
        return if is_api { who(app, &parts.headers).await } else { Ok(Asker::nobody()) };
    };
    let need = need(&parts.method, path.as_str());
    if need == Some(Need::Open) {
        return Ok(Asker::nobody());
    }
    let asker = who(app, &parts.headers).await?;
    let need = need.ok_or_else(|| closed(parts, path.as_str()))?;
    let values = values(parts).await?;
    for access in rights(app, need, &values, &parts.uri) {
        app.may(&asker, access).await?;
    }
    Ok(asker)
}

async fn who(app: &App, headers: &HeaderMap) -> Result<Asker, Problem> {
    let view = app.catalog.view();
    let auth = view.runtime().and_then(|runtime| runtime.auth.as_ref());
    let audiences = auth.map_or(&[][..], |auth| &auth.audiences);
    Ok(app.rights.who(token(headers), audiences, auth.is_some_and(|auth| auth.anonymous)).await?)
}

/// The bearer token; empty for credentials of another sort, which are not the same as none.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(token.map_or("", |(_, token)| token.trim()))
}

fn closed(parts: &Parts, path: &str) -> Problem {
    let (method, place) = (&parts.method, parts.uri.path());
    if is_known(path) {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for {place}"));
    }
    Problem::forbidden(format!("nobody may {method} {place}: no right is named for it"))
}

/// What the path has in the place of its parameters, decoded.
async fn values(parts: &mut Parts) -> Result<Vec<String>, Problem> {
    let wrong = |error: axum::extract::rejection::RawPathParamsRejection| {
        Problem::bad_request(format!("the path cannot be read: {}; percent-encode its ids", error.body_text()))
    };
    let values = RawPathParams::from_request_parts(parts, &()).await.map_err(wrong)?;
    Ok(values.iter().map(|(_, value)| value.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_tokens() {
        let given = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            token(&headers).map(str::to_owned)
        };
        assert_eq!(token(&HeaderMap::new()), None);
        assert_eq!(given("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(given("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(given("Basic YTpi").as_deref(), Some(""));
        assert_eq!(given("Bearer").as_deref(), Some(""));
    }
}
