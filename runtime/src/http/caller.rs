//! Who asks, as handlers are given it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::extract::request_id;
use crate::service::rights::{Asker, Caller};

/// As [`super::authorize::authorize`] found out; nobody where everything is allowed.
impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Who asks, with the request's id and idempotency key.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).filter(|key| !key.is_empty());
        Ok(Self {
            asker: parts.extensions.get::<Asker>().cloned().unwrap_or_default(),
            request_id: request_id(&parts.headers),
            key: key.map(str::to_owned),
            idempotency: None,
        })
    }
}
