//! Asking a service, over S1's stream.

use std::time::Duration;

use anyhow::{Context, bail};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};

use super::show::Show;
use super::{End, Question};

/// The longest silence: the service sends a heartbeat every 15 s.
const SILENCE: Duration = Duration::from_mins(1);

/// The longest that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks and shows what comes.
pub(super) async fn ask(url: &str, token: Option<&str>, question: Question, show: &mut Show) -> anyhow::Result<End> {
    let service = Service::new(url, token)?;
    let body = json!({"agent_id": question.agent, "text": question.text, "session_id": question.session});
    let response = tokio::select! {
        response = service.post("v1/infer/stream", &body) => response?,
        _ = tokio::signal::ctrl_c() => return Ok(End::Interrupted),
    };
    let mut frames = std::pin::pin!(response.bytes_stream().eventsource());
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            _ = tokio::signal::ctrl_c() => {
                service.abort(show.session()).await;
                return Ok(End::Interrupted);
            }
        };
        let Some(frame) = frame else { bail!("the service ended its answer before it was done") };
        let frame = frame.context("the connection to the service broke")?;
        if frame.data == "[DONE]" {
            return Ok(show.end());
        }
        show.frame(Some(frame.event.as_str()).filter(|event| *event != "message"), &frame.data);
    }
}

struct Service<'a> {
    client: Client,
    url: Url,
    token: Option<&'a str>,
}

impl<'a> Service<'a> {
    fn new(url: &str, token: Option<&'a str>) -> anyhow::Result<Self> {
        let wrong = || format!("--url {url:?} is no address of a service; write one such as http://127.0.0.1:7988");
        let mut base = Url::parse(url).with_context(wrong)?;
        anyhow::ensure!(matches!(base.scheme(), "http" | "https"), wrong());
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).build()?;
        Ok(Self { client, url: base, token })
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        let mut request = self.client.post(self.url.join(path)?).json(body);
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => bail!(
                "no service answers at {}; start one with `troupe serve DIR`, name another one with --url, or ask without one with --dir DIR",
                self.url
            ),
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

    /// Ends the run. One without a session ends with its connection.
    async fn abort(&self, session: Option<&str>) {
        if let Some(session) = session {
            let body = json!({"session_id": session, "forced": true});
            // The program ends either way; a run that could not be ended goes on and can be looked at.
            let _ = tokio::time::timeout(CONNECT, self.post("v1/infer/abort", &body)).await;
        }
    }
}
