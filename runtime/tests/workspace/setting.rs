//! A service in this process with a workspace of its own, and requests to it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::settings::Settings;

/// A running service; everything of it goes with it.
pub(crate) struct Setting {
    pub(crate) app: Arc<App>,
    pub(crate) root: PathBuf,
    base: String,
    client: Client,
    folder: TempDir,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(settle: impl FnOnce(&mut Settings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        for name in ["resources", "workspace", "outside"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let root = folder.path().join("workspace").canonicalize().unwrap();
        let mut settings = Settings::new(vec![folder.path().join("resources")], folder.path().join("data"));
        settings.workspace = Some(root.clone());
        settings.watch = false;
        settle(&mut settings);
        let app = App::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { app, root, base, client, folder }
    }

    /// A folder beside the workspace, in which nobody may do anything.
    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside").canonicalize().unwrap()
    }

    /// Writes a file of the workspace.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The whole path of a file of the workspace.
    pub(crate) fn whole(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A GET below `/v1/workspace` of a path, with more of the query.
    pub(crate) fn ask(&self, route: &str, path: &str, more: &str) -> RequestBuilder {
        self.request(Method::GET, &format!("/v1/workspace/{route}?path={}{more}", encoded(path)))
    }

    /// The same, answered with JSON.
    pub(crate) async fn get(&self, route: &str, path: &str, more: &str) -> (u16, Value) {
        answer(self.ask(route, path, more)).await
    }

    /// A request with a JSON body below `/v1/workspace`.
    pub(crate) async fn send(&self, method: Method, route: &str, body: Value) -> (u16, Value) {
        answer(self.request(method, &format!("/v1/workspace/{route}")).json(&body)).await
    }

    pub(crate) async fn post(&self, route: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, route, body).await
    }
}

/// A text as part of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Status and JSON of an answer. A file that becomes shorter while it is sent breaks the connection off, which some tests
/// bring about: 0, or what came until then.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let Ok(response) = request.send().await else { return (0, Value::Null) };
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A header of an answer; empty where it has none.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The names in a list of files.
pub(crate) fn names(files: &Value) -> Vec<&str> {
    files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}
