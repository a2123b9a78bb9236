//! A running service as the command line asks it: its address, its token, and its refusals in a sentence.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde_json::Value;

/// The longest silence: the service sends a heartbeat every 15 s.
const SILENCE: Duration = Duration::from_mins(1);

/// The longest that a connection may take to come about.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Where a service is, and what lets one in.
#[derive(Clone, Debug)]
pub(super) struct Service {
    client: Client,
    url: Url,
    token: Option<String>,
    /// What may help when nobody answers.
    remedy: &'static str,
}

impl Service {
    /// The service at `url`; `remedy` says what a person can do where none answers.
    pub(super) fn new(url: &str, token: Option<String>, remedy: &'static str) -> anyhow::Result<Self> {
        let wrong = || format!("--url {url:?} is no address of a service; write one such as http://127.0.0.1:7988");
        let mut base = Url::parse(url).with_context(wrong)?;
        anyhow::ensure!(matches!(base.scheme(), "http" | "https"), wrong());
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).build()?;
        Ok(Self { client, url: base, token, remedy })
    }

    /// GET `path`, read as JSON.
    pub(super) async fn get(&self, path: &[&str]) -> anyhow::Result<Value> {
        let response = self.send(self.request(Method::GET, path)).await?;
        response.json().await.context("the service's answer cannot be read")
    }

    /// POST `body` to `path`.
    pub(super) async fn post(&self, path: &[&str], body: &Value) -> anyhow::Result<Response> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A request of a path given by its segments, which may hold any character.
    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => bail!("no service answers at {}; {}", self.url, self.remedy),
            Err(error) => return Err(error).context("the service did not answer"),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.text().await.unwrap_or_default();
        let problem: Value = serde_json::from_str(&body).unwrap_or_default();
        let detail = problem["detail"].as_str().or(problem["error"].as_str()).unwrap_or(&body);
        bail!("the service refused ({}): {}", status.as_u16(), detail.trim())
    }
}
