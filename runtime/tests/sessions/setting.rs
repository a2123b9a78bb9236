//! The service in this process over two scripted models: `small` answers people, `scribe` summarises and gives titles.

use std::collections::VecDeque;
use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use troupe_model_server::{ModelServer, Reply, Rule, Scenario, Usage, When};
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::settings::Settings;
use troupe_store::{SessionChange, SessionChanged};

/// Long enough for a machine that does other things; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for what must happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, Box::pin(what)).await.expect("it should have happened by now")
}

/// A running service; everything of it goes with it.
pub(crate) struct Setting {
    pub(crate) app: Arc<App>,
    pub(crate) models: ModelServer,
    base: String,
    client: Client,
    _folder: TempDir,
}

impl Setting {
    /// A service whose only model that summarises is the one of the agent `keeper`: from 1,000 tokens on, keeping two turns.
    pub(crate) async fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::with(rules, "", |_| {}).await
    }

    /// The same with more manifests and other settings.
    pub(crate) async fn with(
        rules: impl IntoIterator<Item = Rule>,
        more: &str,
        settle: impl FnOnce(&mut Settings),
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let models = ModelServer::start(Scenario::of(rules)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let resources = folder.path().join("resources");
        fs::create_dir(&resources).unwrap();
        fs::write(resources.join("all.yaml"), manifests(&models.base_url())).unwrap();
        fs::write(resources.join("more.yaml"), more).unwrap();
        let mut settings = Settings::new(vec![resources], folder.path().join("data"));
        settings.watch = false;
        settings.grace = Duration::ZERO;
        settle(&mut settings);
        let app = App::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { app, models, base, client, _folder: folder }
    }

    pub(crate) async fn request(&self, method: Method, path: &str, body: &str) -> Response {
        soon(self.client.request(method, format!("{}{path}", self.base)).body(body.to_owned()).send()).await.unwrap()
    }

    async fn answer(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let response = self.request(method, path, body).await;
        let status = response.status().as_u16();
        let text = soon(response.text()).await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.answer(Method::GET, path, "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.answer(Method::DELETE, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.answer(Method::POST, path, &body.to_string()).await
    }

    /// Says something to the agent `keeper` in a session (`new` begins one); the session's id.
    pub(crate) async fn say(&self, session: &str, text: &str) -> String {
        let (status, body) =
            self.post("/v1/infer", &json!({"agent_id": "keeper", "session_id": session, "text": text})).await;
        assert_eq!(status, 200, "{body}");
        body["session_id"].as_str().unwrap().to_owned()
    }

    /// A session's turns.
    pub(crate) async fn turns(&self, session: &str) -> Vec<Value> {
        let (status, body) = self.get(&format!("/v1/sessions/{session}")).await;
        assert_eq!(status, 200, "{body}");
        body["messages"].as_array().unwrap().clone()
    }

    /// The time of the turn that says `text`.
    pub(crate) async fn time_of(&self, session: &str, text: &str) -> String {
        let turns = self.turns(session).await;
        let turn = turns.iter().find(|turn| turn["content"] == text).unwrap();
        turn["timestamp"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn context(&self, session: &str) -> Value {
        let (status, body) = self.get(&format!("/v1/sessions/{session}/context")).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// A session's entry in the list.
    pub(crate) async fn entry(&self, session: &str) -> Value {
        let (_, body) = self.get("/v1/sessions").await;
        let sessions = body["sessions"].as_array().unwrap();
        sessions.iter().find(|entry| entry["session_id"] == session).cloned().unwrap_or_default()
    }

    /// The messages of every request to a model, as `role: content`.
    pub(crate) fn asked(&self, model: &str) -> Vec<Vec<String>> {
        let bodies = self.models.requests().into_iter().map(|request| request.json());
        let of_model = bodies.filter(|body| body["model"] == model);
        of_model.map(|body| body["messages"].as_array().unwrap().iter().map(said).collect()).collect()
    }

    /// A reader of the feed that was told the statuses already.
    pub(crate) async fn feed(&self) -> Feed {
        let response = self.request(Method::GET, "/v1/sessions/events", "").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        Feed { response, text: String::new(), events: VecDeque::new() }
    }
}

fn said(message: &Value) -> String {
    format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap_or_default())
}

fn manifests(base: &str) -> String {
    let model = |name: &str| {
        format!(
            "apiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {{name: {name}}}\n\
             spec: {{protocol: OpenAI, baseUrl: \"{base}/v1\", model: {name}}}\n---\n"
        )
    };
    let agent = |name: &str, more: &str| {
        format!(
            "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: {name}}}\n\
             spec: {{modelRef: {{name: small}}, systemPrompt: {{text: be kind}}{more}}}\n---\n"
        )
    };
    let keeps = ", context: {maxTokens: 1000, keepTurns: 2, summaryModelRef: {name: scribe}}";
    let helped = ", tools: [{agent: {name: helper}}]";
    [
        model("small"),
        model("scribe"),
        agent("keeper", keeps),
        agent("plain", ""),
        agent("helper", ""),
        agent("lead", helped),
    ]
    .concat()
}

/// `small` answers with so many tokens, counting its requests.
pub(crate) fn small(tokens: u64) -> Rule {
    let usage = Usage { input: tokens - 10, output: 10, ..Usage::default() };
    let reply = Reply { usage: Some(usage), ..Reply::text("re: {{last_user}}") };
    Rule::from(reply).when(When { model: Some("small".to_owned()), ..When::default() })
}

/// `scribe` answers so.
pub(crate) fn scribe(text: &str) -> Rule {
    Rule::text(text).when(When { model: Some("scribe".to_owned()), ..When::default() })
}

/// A change of the store that is waited for.
pub(crate) async fn until(changes: &mut Receiver<SessionChange>, session: &str, wanted: &SessionChanged) {
    soon(async {
        loop {
            let change = changes.recv().await.unwrap();
            if change.session == session && change.change == *wanted {
                return;
            }
        }
    })
    .await;
}

/// A reader of `/v1/sessions/events`.
pub(crate) struct Feed {
    response: Response,
    text: String,
    events: VecDeque<Value>,
}

impl Feed {
    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        while self.events.is_empty() {
            let chunk = soon(self.response.chunk()).await.unwrap().expect("the feed goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                if let Some(data) = frame.strip_prefix("data: ") {
                    self.events.push_back(serde_json::from_str(data).unwrap());
                }
                self.text = rest.to_owned();
            }
        }
        self.events.pop_front().unwrap()
    }

    /// Whether the feed ends now.
    pub(crate) async fn ends(mut self) -> bool {
        soon(async { while let Ok(Some(_)) = self.response.chunk().await {} }).await;
        true
    }
}
