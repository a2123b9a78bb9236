//! `<file>path</file>` in a user's words (S1-183), on every route that takes them.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use troupe_model_server::{ModelServer, Rule, Scenario};

use reqwest::Method;

use crate::setting::{Setting, answer};

async fn setting() -> (Setting, ModelServer) {
    let models = ModelServer::start(Scenario::of([Rule::text("read")])).await.unwrap();
    let setting = Setting::new().await;
    let model = json!({"model_id": "m", "api_base": format!("{}/v1", models.base_url()), "model_name": "m", "model_type": "vlm"});
    assert_eq!(answer(setting.request(Method::POST, "/v1/models").json(&model)).await.0, 201);
    let agent = json!({"model_id": "m", "nickname": "reader"});
    assert_eq!(answer(setting.request(Method::POST, "/v1/agents").json(&agent)).await.0, 201);
    (setting, models)
}

/// The routes, and how each is told something.
fn ways(agent: &str, text: &str) -> [(String, Value); 5] {
    let user = json!([{"role": "user", "content": text}]);
    [
        ("/v1/infer".to_owned(), json!({"model_id": "m", "text": text, "session_id": "new"})),
        ("/v1/infer".to_owned(), json!({"model_id": "m", "messages": user})),
        ("/v1/infer/stream".to_owned(), json!({"agent_id": agent, "messages": user})),
        ("/v1/chat/completions".to_owned(), json!({"model": "m", "messages": user})),
        (format!("/v1/agents/{agent}/runs"), json!({"input": text, "wait": 60})),
    ]
}

#[tokio::test]
async fn a_file_is_told_in_place_of_its_name_on_every_route() {
    let (setting, models) = setting().await;
    setting.write("notes/today.md", "Danube ``` Volga");
    symlink(setting.root.join("notes/today.md"), setting.root.join("link")).unwrap();
    symlink("circle", setting.root.join("circle")).unwrap();
    let (_, agents) = answer(setting.request(Method::GET, "/v1/agents")).await;
    let agent = agents["agents"][0]["agent_id"].as_str().unwrap().to_owned();
    let both = [" notes/today.md ", "link"].map(|path| ways(&agent, &format!("see <file>{path}</file>, please")));
    for (route, body) in both.into_iter().flatten() {
        let (status, said) = answer(setting.request(Method::POST, &route).json(&body)).await;
        assert!(status < 300, "{route}: {status} {said}");
        let asked = models.requests().last().unwrap().json().to_string();
        assert!(asked.contains("Danube ``` Volga") && !asked.contains("<file>"), "{route}: {asked}");
        assert!(asked.contains(", please"), "{route}: {asked}");
    }
    // It is kept as it was told.
    let (_, sessions) = answer(setting.request(Method::GET, "/v1/sessions")).await;
    let session = sessions["sessions"][0]["session_id"].as_str().unwrap();
    let (_, whole) = answer(setting.request(Method::GET, &format!("/v1/sessions/{session}"))).await;
    assert!(whole["messages"][0]["content"].as_str().unwrap().contains("Danube"), "{whole}");
    let before = models.requests().len();
    let pipe = setting.root.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    setting.write("binary.bin", [0, 159, 146, 150]);
    for wrong in ["missing.txt", "../outside/x", "/etc/passwd", "notes", "pipe", "circle", "binary.bin", ""] {
        for (route, body) in ways(&agent, &format!("<file>{wrong}</file>")) {
            let (status, said) = answer(setting.request(Method::POST, &route).json(&body)).await;
            assert_eq!(status, 400, "{route} {wrong}: {said}");
        }
    }
    assert_eq!(models.requests().len(), before, "nothing was asked");
}
