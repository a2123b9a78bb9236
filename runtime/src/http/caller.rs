//! Who asks, as handlers are given it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Problem;
use super::extract::{Params, request_id};
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

/// Who asks to write resources, and whether also what a tool manages.
#[derive(Debug)]
pub struct Author(pub Asker);

/// How far a write goes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ForceParams {
    /// Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool
    #[serde(default)]
    pub force: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Author {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Params(ForceParams { force }) = Params::from_request_parts(parts, state).await?;
        let asker = parts.extensions.get::<Asker>().cloned().unwrap_or_default();
        Ok(Self(asker.forcing(force)))
    }
}
