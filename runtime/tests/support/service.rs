//! The service in this process, over a folder of its own, and requests to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::serve::ListenerExt;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::settings::Settings;

/// A running service; everything of it goes with it.
pub(crate) struct Service {
    /// The state behind the routes.
    pub(crate) app: Arc<App>,
    base: String,
    client: reqwest::Client,
    folder: TempDir,
}

/// An answer: its status and its body as JSON; a text where it is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) tag: Option<String>,
}

impl Answer {
    /// The sentence of a refusal.
    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }
}

impl Service {
    /// A service over an empty folder.
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        for name in ["resources", "data", "workspace"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // The jail's helper is the service's own program.
        let jail = folder.path().join("jail");
        fs::write(&jail, format!("#!/bin/sh\nexec {} jail \"$@\"\n", env!("CARGO_BIN_EXE_troupe"))).unwrap();
        fs::set_permissions(&jail, fs::Permissions::from_mode(0o755)).unwrap();
        let mut settings = Settings::new(vec![folder.path().join("resources")], folder.path().join("data"));
        settings.workspace = Some(folder.path().join("workspace").canonicalize().unwrap());
        settings.jail = Some(jail);
        let app = App::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let routes = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app, base, client, folder }
    }

    /// A path in one of the service's folders: `resources`, `data` or `workspace`.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The text of a file in one of the service's folders.
    pub(crate) fn file(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Every text below the folder of resources, one after the other.
    pub(crate) fn manifests(&self) -> String {
        let mut texts = String::new();
        let mut waiting = vec![self.path("resources")];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { waiting.push(path) } else { texts.push_str(&fs::read_to_string(path).unwrap()) }
            }
        }
        texts
    }

    /// Writes a file and lets the service see it.
    pub(crate) async fn write(&self, path: &str, text: &str) {
        let path: &Path = &self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self.app.catalog.reload().await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "", &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body.to_string(), &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &body.to_string(), &[]).await
    }

    /// A stream, read from after the event `last`.
    pub(crate) async fn stream(&self, path: &str, last: Option<&str>) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.base));
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        request.send().await.unwrap()
    }

    /// A request with a text as its body and some headers.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, body, tag }
    }
}
