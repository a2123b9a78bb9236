//! A journal that cannot be written while a run goes on: its client is told, nothing hangs, the service serves on, and
//! the run goes on from its journal when the disk is well again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use troupe_model_server::{ModelServer, Rule, Scenario};
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::settings::Settings;
use troupe_store::SessionChanged;

const MANIFESTS: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec: {protocol: OpenAI, baseUrl: \"MODEL/v1\", model: tiny, retry: {maxAttempts: 1}}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: plain}
spec: {description: Answers, modelRef: {name: small}}
";

/// Longer than what a row holds, so that it has to be stored as a blob before its event.
const LARGE: usize = 100_000;

struct Stage {
    app: Arc<App>,
    _model: ModelServer,
    address: String,
    folder: TempDir,
}

impl Stage {
    /// A service whose model says something large.
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let model = ModelServer::start(Scenario::of([Rule::text("x".repeat(LARGE))])).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let resources = folder.path().join("resources");
        fs::create_dir(&resources).unwrap();
        fs::write(resources.join("all.yaml"), MANIFESTS.replace("MODEL", &model.base_url())).unwrap();
        let settings = Settings { watch: false, ..Settings::new(vec![resources], folder.path().join("data")) };
        let app = App::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes: Router = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { app, _model: model, address, folder }
    }

    /// Where blobs are begun.
    fn unfinished(&self) -> PathBuf {
        self.folder.path().join("data/blobs/unfinished")
    }

    /// A file where the folder was: no blob can be written, by whichever user.
    fn break_disk(&self) {
        fs::remove_dir(self.unfinished()).unwrap();
        fs::write(self.unfinished(), "").unwrap();
    }

    fn mend_disk(&self) {
        fs::remove_file(self.unfinished()).unwrap();
        fs::create_dir(self.unfinished()).unwrap();
    }

    async fn post(&self, path: &str, body: Value) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.post(format!("{}{path}", self.address)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_client_is_told_that_its_run_broke_off_and_the_run_goes_on_when_the_disk_is_well() {
    let stage = Stage::start().await;
    let mut changes = stage.app.store.subscribe();
    stage.break_disk();
    let question = json!({"agent_id": "plain", "session_id": "new", "text": "hi"});
    let (status, stream) = stage.post("/v1/infer/stream", question).await;
    assert_eq!(status, 200);
    let frames: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let [.., error, done] = frames.as_slice() else { panic!("{stream}") };
    assert_eq!(*done, "[DONE]");
    let error: Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error_code"], "INTERRUPTED");

    // What needs no blob is served meanwhile, and what was begun is there.
    let init: Value = serde_json::from_str(frames[0]).unwrap();
    let session = init["session_id"].as_str().unwrap().to_owned();
    assert_eq!(stage.app.store.session_row(&session).await.unwrap().unwrap().turn_count, 1);

    stage.mend_disk();
    let done = SessionChanged::Status("done_success_unread".to_owned());
    let told = async { while changes.recv().await.unwrap().change != done {} };
    tokio::time::timeout(Duration::from_mins(2), told).await.expect("the run goes on by itself");
    let (_, turns) = stage.app.store.session_turns(&session).await.unwrap().unwrap();
    let said: Vec<usize> = turns.iter().map(|turn| turn.content.len()).collect();
    assert_eq!(said, [2, LARGE], "asked once, answered once");
}

#[tokio::test]
async fn a_call_without_stream_fails_and_a_run_that_cannot_begin_is_refused() {
    let stage = Stage::start().await;
    stage.break_disk();
    let (status, body) = stage.post("/v1/infer", json!({"agent_id": "plain", "session_id": "new", "text": "hi"})).await;
    assert_eq!(status, 500, "{body}");
    assert!(!body.contains(stage.folder.path().to_str().unwrap()), "nothing internal is told: {body}");
    let large = "y".repeat(LARGE);
    let (status, body) =
        stage.post("/v1/infer", json!({"agent_id": "plain", "session_id": "new", "text": large})).await;
    assert_eq!(status, 500, "{body}");
    stage.mend_disk();
    let (status, body) =
        stage.post("/v1/infer", json!({"agent_id": "plain", "session_id": "new", "text": large})).await;
    assert_eq!(status, 200, "{body}");
}
