//! A service in this process over a folder of manifests, with a scripted model server behind it.

use std::sync::Arc;

use axum::Router;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use troupe_model_server::{ModelServer, Rule, Scenario, Unmatched};
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::settings::Settings;

/// What every service of these tests knows: a model, a plain agent, one with a tool of its own, one that asks first.
const MANIFESTS: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec: {protocol: OpenAI, baseUrl: \"MODEL/v1\", model: tiny, retry: {maxAttempts: 1}}
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: greet}
spec:
  description: Greets.
  parameters: {type: object, properties: {name: {type: string}}}
  template: {text: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: greet-if-asked}
spec:
  description: Greets, where somebody agrees.
  toolName: greet
  approval: Always
  parameters: {type: object, properties: {name: {type: string}}}
  template: {text: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: plain}
spec: {description: Answers, modelRef: {name: small}}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: greeter}
spec: {description: Greets, modelRef: {name: small}, tools: [{tool: {name: greet}}]}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: careful}
spec: {description: Asks first, modelRef: {name: small}, tools: [{tool: {name: greet-if-asked}}]}
";

/// A running service.
pub(crate) struct Service {
    /// The model server.
    pub(crate) model: ModelServer,
    address: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Service {
    /// A service whose model answers by these rules, and fails where none fits.
    pub(crate) async fn with(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::settled(rules, |_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn settled(rules: impl IntoIterator<Item = Rule>, settle: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scenario = Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) };
        let model = ModelServer::start(scenario).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let resources = folder.path().join("resources");
        std::fs::create_dir(&resources).unwrap();
        let manifests = MANIFESTS.replace("MODEL", &model.base_url());
        std::fs::write(resources.join("all.yaml"), manifests).unwrap();
        let mut settings = Settings { watch: false, ..Settings::new(vec![resources], folder.path().join("data")) };
        settle(&mut settings);
        let app = App::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes: Router = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { model, address, client, _folder: folder }
    }

    /// A request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    /// Posts JSON; status and answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(body).send().await.unwrap()).await
    }

    /// Reads JSON; status and answer.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }
}

/// Status and JSON; the text where it is none.
pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The data of a stream's frames, with their ids.
pub(crate) fn frames(text: &str) -> Vec<(Option<String>, String)> {
    let frame = |block: &str| {
        let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some((line("id: "), line("data: ")?))
    };
    text.split("\n\n").filter_map(frame).collect()
}
