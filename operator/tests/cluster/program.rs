//! The program itself, as its pod runs it: its probes, its metrics, and a graceful stop.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use troupe_crds::Kind;

use crate::support::{LIMIT, Place};

const MODEL: &str = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: m}, spec: {protocol: OpenAI, model: m, \
                     baseUrl: 'https://api.example.com/v1'}}";

/// A process that ends with this.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an address answers; nothing while nobody listens.
async fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

async fn until(address: &str, path: &str, words: &str) -> String {
    let reached = async {
        loop {
            if let Some(answer) = get(address, path).await.filter(|answer| answer.contains(words)) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{path} never said {words:?}"))
}

async fn port() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_that_it_is_ready_counts_what_it_does_and_stops_at_a_signal() {
    let Some(place) = Place::new().await else { return };
    let kubeconfig = place.cluster.kubeconfig_of(&place.namespace, "troupe-operator").await.unwrap();
    let (metrics, health) = (port().await, port().await);
    let process = Command::new(env!("CARGO_BIN_EXE_troupe-operator"))
        .env("KUBECONFIG", kubeconfig)
        .args(["--namespace", &place.namespace, "--watch-namespaces", &place.namespace])
        .args(["--metrics", &metrics, "--health", &health])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut program = Program(process);
    until(&health, "/healthz", "200 OK").await;
    until(&health, "/readyz", "200 OK").await;
    place.apply(MODEL).await;
    place.ready(Kind::Model, "m", "Valid", "").await;
    until(&metrics, "/metrics", r#"troupe_operator_writes_total{kind="Model",verb="status"} 1"#).await;

    let id = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || program.0.wait());
    let ended = tokio::time::timeout(LIMIT, ended).await.expect("it ends").unwrap().unwrap();
    assert!(ended.success(), "{ended:?}");
    let leases: Api<Lease> = Api::namespaced(place.client.clone(), &place.namespace);
    let lease = leases.get("troupe-operator").await.unwrap();
    assert_eq!(lease.spec.unwrap().holder_identity, None, "the next one need not wait");
}
