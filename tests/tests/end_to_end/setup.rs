//! The installer: fetched, run, and what it installed answers.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use tokio::process::Command;
use troupe_tests::Place;

const MANIFESTS: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata: {name: hello}
spec: {content: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec: {protocol: OpenAI, baseUrl: 'http://127.0.0.1:9/v1', model: tiny, apiKey: {secretKeyRef: {name: keys, key: small}}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {small: sk-very-secret}
";

/// A port that nobody listens on at the moment.
fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Fetches the script and runs it, as people do.
async fn install(url: &str, home: &Path, port: u16, how: &str) -> (bool, String) {
    let pipe = format!("curl -s {url}/v1/setup | sh");
    let ran = Command::new("sh")
        .args(["-c", &pipe])
        .env_clear()
        .envs(["PATH", "HOME"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("AGENT_SERVICE_HOME", home)
        .env("AGENT_SERVICE_PORT", port.to_string())
        .env("START_AGENT_SERVICE", how)
        .stdin(Stdio::null())
        .output();
    // A program that is built to be debugged is some hundred megabytes.
    let ran = tokio::time::timeout(Duration::from_mins(5), ran).await.expect("the installation to end").unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.success(), said)
}

async fn stop(home: &Path) {
    let process = std::fs::read_to_string(home.join("server.pid")).unwrap();
    let stopped = Command::new("kill").arg(process.trim()).status().await.unwrap();
    assert!(stopped.success());
}

#[tokio::test]
async fn what_the_script_installs_answers_with_the_same_resources_and_no_secret() {
    let place = Place::with(MANIFESTS).unwrap();
    let service = place.serve().await.unwrap();
    // A name that needs quotes in the shell.
    let folder = tempfile::Builder::new().prefix("it's here ").tempdir().unwrap();
    let (home, port) = (folder.path().join("home"), port());
    let (done, said) = install(service.url(), &home, port, "background").await;
    assert!(done && said.contains(&format!("Troupe runs at http://127.0.0.1:{port}/")), "{said}");
    assert!(said.contains("TROUPE_SECRET_KEYS_SMALL") && !said.contains("sk-very-secret"), "{said}");
    let client = Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| -> Value {
        client.get(format!("http://127.0.0.1:{port}{path}")).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(get("/v1/prompt-templates").await["templates"][0]["content"], "Hello {{name}}");
    assert_eq!(get("/v1/resources/models").await["items"][0]["metadata"]["name"], "small");
    stop(&home).await;
    let mut waiting = vec![home.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_program = path.ends_with("app/troupe");
            if path.is_dir() {
                waiting.push(path);
            } else if !is_program && let Ok(content) = std::fs::read(&path) {
                assert!(!String::from_utf8_lossy(&content).contains("sk-very-secret"), "{}", path.display());
            }
        }
    }
    // Once more changes nothing of what a person wrote since.
    let template = home.join("runtime/resources/prompttemplates-hello.yaml");
    std::fs::write(&template, "# mine\n").unwrap();
    let (done, said) = install(service.url(), &home, port, "none").await;
    assert!(done, "{said}");
    assert_eq!(std::fs::read_to_string(&template).unwrap(), "# mine\n");
}

#[tokio::test]
async fn what_cannot_start_or_runs_already_is_told_and_what_runs_is_left_alone() {
    let place = Place::with(MANIFESTS).unwrap();
    let service = place.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let pid = || std::fs::read_to_string(home.join("server.pid")).ok();
    // The service that gives the script has this port, and answers there.
    let taken = service.url().rsplit(':').next().unwrap().parse().unwrap();
    let (done, said) = install(service.url(), &home, taken, "background").await;
    assert!(!done && said.contains("is in use") && !said.contains("Troupe runs at"), "{said}");
    assert_eq!(pid(), None);
    let port = port();
    let (done, said) = install(service.url(), &home, port, "background").await;
    assert!(done, "{said}");
    let first = pid().unwrap();
    let (done, said) = install(service.url(), &home, port, "background").await;
    assert!(!done && said.contains(&format!("stop it with `kill {}`", first.trim())), "{said}");
    assert_eq!(pid(), Some(first));
    stop(&home).await;
}

#[tokio::test]
async fn a_script_that_broke_off_does_nothing() {
    let place = Place::new().unwrap();
    let service = place.serve().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let client = Client::builder().no_proxy().build().unwrap();
    let mut whole = client.get(format!("{}/v1/setup", service.url())).send().await.unwrap();
    let mut script = Vec::new();
    while script.len() < 500_000 {
        script.extend_from_slice(&whole.chunk().await.unwrap().expect("it is longer"));
    }
    assert!(script.starts_with(b"#!/bin/sh\n"));
    let broken = folder.path().join("setup.sh");
    for part in [100, 2_000, script.len()] {
        std::fs::write(&broken, &script[..part]).unwrap();
        let ran = Command::new("sh").arg(&broken).env("AGENT_SERVICE_HOME", &home).output().await.unwrap();
        assert!(!home.exists(), "{part}: {ran:?}");
    }
}

#[tokio::test]
async fn where_a_token_is_wanted_the_script_wants_it_too() {
    let place = Place::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "very-long-token").unwrap();
    let service = place.serve_with(&["--token-file", token.to_str().unwrap()]).await.unwrap();
    let ask = Client::builder().no_proxy().build().unwrap().get(format!("{}/v1/setup", service.url()));
    let with = ask.try_clone().unwrap().bearer_auth("very-long-token").send().await.unwrap();
    assert_eq!((with.status().as_u16(), with.headers()["content-type"].to_str().unwrap()), (200, "application/x-sh"));
    assert_eq!(ask.send().await.unwrap().status(), 401);
}
