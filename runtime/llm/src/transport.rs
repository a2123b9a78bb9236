//! Sends a request to a model's endpoint: address, headers, secrets, certificates.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use troupe_core::model::{ConfigValue, ModelError, ModelSnapshot, SecretRef, Trust};
use troupe_core::port::SecretSource;
use troupe_net::{Client, ClientConfig, Request, Response};
use url::Url;

use crate::error::Reporter;
use crate::protocol::Wire;

/// Above so many certificate authorities, the clients for them are made anew: edits may have left them unused.
const MANY: usize = 64;

/// The way to the endpoints.
pub(crate) struct Transport {
    client: Client,
    config: ClientConfig,
    secrets: Arc<dyn SecretSource>,
    /// Clients for models with a certificate authority of their own, by its PEM text.
    private: Mutex<HashMap<Arc<str>, Client>>,
    /// Base URLs whose servers refuse `stream_options`.
    without_usage: Mutex<HashSet<String>>,
}

impl Transport {
    /// `config` is what `client` was made with: clients with further certificate authorities are made from it.
    pub(crate) fn new(client: Client, config: ClientConfig, secrets: Arc<dyn SecretSource>) -> Self {
        Self { client, config, secrets, private: Mutex::default(), without_usage: Mutex::default() }
    }

    /// Whether the server takes `stream_options`, as far as is known.
    pub(crate) fn counts_usage(&self, model: &ModelSnapshot) -> bool {
        !self.without_usage.lock().unwrap_or_else(PoisonError::into_inner).contains(&model.base_url)
    }

    /// The server refused `stream_options`.
    pub(crate) fn refuses_usage(&self, model: &ModelSnapshot) {
        self.without_usage.lock().unwrap_or_else(PoisonError::into_inner).insert(model.base_url.clone());
    }

    /// Prepares a request to `path` below the model's base URL. The reporter learns the secrets in it.
    pub(crate) async fn prepare(
        &self,
        wire: &dyn Wire,
        model: &ModelSnapshot,
        method: Method,
        path: &str,
        reporter: &mut Reporter,
    ) -> Result<Request, ModelError> {
        let trust = match model.trust {
            Trust::Literal => troupe_net::Trust::Literal,
            Trust::Guarded => troupe_net::Trust::Guarded,
        };
        let url = endpoint(&model.base_url, path).map_err(|problem| reporter.request(&problem))?;
        let mut request = Request::new(method, url, trust);
        for (name, value) in wire.headers() {
            request = request.text_header(name, value, false).map_err(|error| reporter.net(&error))?;
        }
        if let Some(reference) = &model.api_key {
            let key = self.secret(reference, reporter).await?;
            let (name, value) = wire.key(key.trim());
            request = request.text_header(name, &value, true).map_err(|error| reporter.net(&error))?;
        }
        for header in &model.headers {
            request = match &header.value {
                ConfigValue::Plain(value) => request.text_header(&header.name, value, false),
                ConfigValue::Secret(reference) => {
                    let value = self.secret(reference, reporter).await?;
                    request.text_header(&header.name, value.trim(), true)
                }
            }
            .map_err(|error| reporter.net(&error))?;
        }
        Ok(request)
    }

    async fn secret(&self, reference: &SecretRef, reporter: &mut Reporter) -> Result<Arc<str>, ModelError> {
        let value = self.secrets.secret(reference).await.map_err(|error| reporter.secret(&error))?;
        // Files and Secrets often end with a line break, which no header may hold.
        let shown = value.trim();
        reporter.hide(if shown.len() == value.len() { Arc::clone(&value) } else { shown.into() });
        Ok(value)
    }

    /// Sends a request; returns when the head of its response is there.
    pub(crate) async fn send(
        &self,
        model: &ModelSnapshot,
        request: Request,
        reporter: &Reporter,
    ) -> Result<Response, ModelError> {
        let client = self.client(model, reporter).await?;
        client.send(request).await.map_err(|error| reporter.net(&error))
    }

    async fn client(&self, model: &ModelSnapshot, reporter: &Reporter) -> Result<Client, ModelError> {
        let Some(reference) = &model.ca else { return Ok(self.client.clone()) };
        let authority = self.secrets.secret(reference).await.map_err(|error| reporter.secret(&error))?;
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = private.get(&authority) {
            return Ok(client.clone());
        }
        let mut config = self.config.clone();
        let authorities = config.extra_authorities.get_or_insert_default();
        authorities.push(b'\n');
        authorities.extend_from_slice(authority.as_bytes());
        let client = Client::new(&config).map_err(|error| reporter.net(&error))?;
        if private.len() >= MANY {
            private.clear();
        }
        private.insert(authority, client.clone());
        Ok(client)
    }
}

/// A JSON body.
pub(crate) fn with_json(request: Request, body: Vec<u8>) -> Request {
    request.header(CONTENT_TYPE, http::HeaderValue::from_static("application/json")).body(body)
}

/// The sooner of two limits, where there are any.
pub(crate) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// The address of `path`, which may have a query, below `base`, which may have one, too (Azure's `api-version`). Errors
/// do not repeat `base`, which may hold a password.
fn endpoint(base: &str, path: &str) -> Result<Url, String> {
    let mut url = Url::parse(base).map_err(|error| format!("its baseUrl is no URL: {error}"))?;
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    url.path_segments_mut().map_err(|()| "its baseUrl has no path".to_owned())?.pop_if_empty().extend(path.split('/'));
    if let Some((name, value)) = query.and_then(|query| query.split_once('=')) {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_below_the_base_url_whatever_it_ends_with() {
        let url = |base, path| endpoint(base, path).unwrap().to_string();
        assert_eq!(url("https://api.x/v1", "chat/completions"), "https://api.x/v1/chat/completions");
        assert_eq!(url("https://api.x/v1/", "models?limit=9"), "https://api.x/v1/models?limit=9");
        assert_eq!(url("http://localhost:11434", "api/chat"), "http://localhost:11434/api/chat");
        assert_eq!(
            url("https://a.x/d/m?api-version=1", "chat/completions"),
            "https://a.x/d/m/chat/completions?api-version=1"
        );
        assert!(endpoint("no url", "x").unwrap_err().contains("baseUrl"));
    }
}
