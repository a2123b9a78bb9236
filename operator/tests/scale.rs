//! How much and how fast, printed: ten thousand Agents that share a hundred templates and a hundred Tools.
//!
//! `cargo test --release -p troupe-operator --test scale -- --ignored --nocapture`; `TROUPE_SCALE_AGENTS` is another
//! number of Agents. The operator is a process of its own, so that its memory is its own; so is the runtime of the same
//! namespace, where `TROUPE_BIN` names `troupe`.

#![expect(clippy::expect_used, reason = "it prints what it measures, and fails where it cannot")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use troupe_crds::Kind;
use troupe_operator::object::api_resource;
use troupe_test_cluster::ControlPlane;

/// How long the whole may take, the making of the objects included.
const LIMIT: Duration = Duration::from_mins(15);

/// Requests at one time while objects are made.
const AT_ONCE: usize = 32;

/// What each prompt is as long as: a page.
const PROMPT: usize = 2_000;

/// The most that each process may have, in MiB.
const OPERATOR_MEMORY: u64 = 150;
const RUNTIME_MEMORY: u64 = 256;

/// How long a cold reconcile may take.
const COLD: Duration = Duration::from_mins(1);

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Resident memory, now and at its most, in MiB.
    fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or_default() / 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

/// Prints a figure beside its goal.
#[expect(clippy::print_stdout, reason = "figures are what is asked for")]
fn tell(what: &str, figure: impl std::fmt::Display, is_met: bool) {
    println!("{what}: {figure} ({})", if is_met { "met" } else { "MISSED" });
}

struct Operator {
    process: Process,
    metrics: String,
}

impl Operator {
    async fn start(cluster: &ControlPlane, namespace: &str) -> Self {
        let kubeconfig = cluster.kubeconfig_of(namespace, "troupe-operator").await.expect("a kubeconfig");
        let port = async || {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            listener.local_addr().expect("an address").to_string()
        };
        let (metrics, health) = (port().await, port().await);
        let process = Command::new(env!("CARGO_BIN_EXE_troupe-operator"))
            .env("KUBECONFIG", kubeconfig)
            .args(["--namespace", namespace, "--lease-seconds=15", "--metrics", &metrics, "--health", &health])
            .stderr(Stdio::null())
            .spawn()
            .expect("the operator starts");
        Self { process: Process(process), metrics }
    }

    /// The sum of a metric's lines that hold some text.
    async fn count(&self, name: &str, part: &str) -> u64 {
        let Ok(mut stream) = TcpStream::connect(&self.metrics).await else { return 0 };
        let asked = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let mut text = String::new();
        if asked.is_err() || stream.read_to_string(&mut text).await.is_err() {
            return 0;
        }
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(part));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    async fn until(&self, name: &str, part: &str, number: u64) -> Duration {
        let began = Instant::now();
        let wait = async {
            while self.count(name, part).await < number {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.expect("it comes that far");
        began.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes, and prints figures"]
async fn ten_thousand_agents() {
    let agents: u64 = std::env::var("TROUPE_SCALE_AGENTS").ok().and_then(|it| it.parse().ok()).unwrap_or(10_000);
    let Some(programs) = troupe_test_cluster::programs().expect("the programs are there or not") else { return };
    let cluster = ControlPlane::start(&programs).await.expect("the cluster starts");
    cluster.install_resource_definitions().await.expect("the definitions are taken");
    let release = cluster.namespace("release").await.expect("a namespace");
    let client = cluster.client().await.expect("it connects");
    assert!(cluster.install_rights(&release, &[]).await.expect("the rights are taken"), "there is no helm");
    let namespace = cluster.namespace("scale").await.expect("a namespace");
    let began = Instant::now();
    populate(&client, &namespace, agents).await;
    println!("{agents} agents made in {:.1} s", began.elapsed().as_secs_f64());

    let operator = Operator::start(&cluster, &release).await;
    let took = operator.until("troupe_operator_writes_total", r#"kind="Agent",verb="status""#, agents).await;
    let (now, most) = operator.process.memory();
    tell("cold reconcile, every status to write; goal 60 s", format!("{:.1} s", took.as_secs_f64()), took < COLD);
    let memory = format!("{now} MiB now, {most} MiB at most");
    tell("the operator's memory; goal 150 MiB", memory, most <= OPERATOR_MEMORY);
    drop(operator);

    let operator = Operator::start(&cluster, &release).await;
    let took = operator.until("troupe_operator_reconciles_total", r#"kind="Agent",outcome="success""#, agents).await;
    let (now, most) = operator.process.memory();
    tell("cold reconcile, nothing to write; goal 60 s", format!("{:.1} s", took.as_secs_f64()), took < COLD);
    let memory = format!("{now} MiB now, {most} MiB at most");
    tell("the operator's memory; goal 150 MiB", memory, most <= OPERATOR_MEMORY);
    let writes = operator.count("troupe_operator_writes_total", "").await;
    tell("writes in the steady state; goal 0", writes, writes == 0);

    let before = operator.count("troupe_operator_reconciles_total", r#"kind="Agent""#).await;
    let templates: Api<DynamicObject> = Api::namespaced_with(client, &namespace, &api_resource(Kind::PromptTemplate));
    let change = json!({"spec": {"content": "changed {{name}}"}});
    templates.patch("template-0", &PatchParams::default(), &Patch::Merge(change)).await.expect("it is changed");
    let share = agents.div_ceil(100);
    let took = operator.until("troupe_operator_reconciles_total", r#"kind="Agent""#, before + share).await;
    println!("{share} agents of a changed template looked at within {:.1} s", took.as_secs_f64());
    let (now, most) = operator.process.memory();
    println!("the operator at the end: {now} MiB now, {most} MiB at most");
    assert_eq!(writes, 0);
    drop(operator);
    runtime(&cluster, &namespace).await;
}

/// The runtime of the same objects: until it answers, and what it takes then.
#[expect(clippy::print_stdout, reason = "figures are what is asked for")]
async fn runtime(cluster: &ControlPlane, namespace: &str) {
    let Some(program) = std::env::var_os("TROUPE_BIN") else {
        println!("TROUPE_BIN names no troupe: the runtime is not measured");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = cluster.kubeconfig_of(namespace, "troupe-runtime").await.expect("the operator made its account");
    let began = Instant::now();
    let child = Command::new(program)
        .args(["serve", "--namespace", namespace, "--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
        .args([folder.path().join("data"), "--workspace".into(), folder.path().join("workspace")])
        .env("KUBECONFIG", kubeconfig)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the runtime starts");
    let mut process = Process(child);
    let log = BufReader::new(process.0.stderr.take().expect("it has a log"));
    let ready = tokio::task::spawn_blocking(move || {
        let mut lines = log.lines().map_while(Result::ok);
        let ready = lines.any(|line| line.contains("\"ready\""));
        // Somebody must read the log, or its writer waits for ever.
        std::thread::spawn(move || lines.for_each(drop));
        ready
    });
    let ready = tokio::time::timeout(LIMIT, ready).await.expect("it comes that far").expect("it is read");
    assert!(ready, "the runtime ended before it was ready");
    println!("the runtime is ready after {:.1} s", began.elapsed().as_secs_f64());
    // What it says in statuses, and keeps of revisions, comes right after.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (now, most) = process.memory();
    let memory = format!("{now} MiB now, {most} MiB at most");
    tell("the runtime's memory with the same objects; goal 256 MiB", memory, most <= RUNTIME_MEMORY);
}

async fn populate(client: &Client, namespace: &str, agents: u64) {
    let model = json!({"protocol": "OpenAI", "baseUrl": "https://api.example.com/v1", "model": "m"});
    make(client, namespace, Kind::Model, [("m".to_owned(), model)]).await;
    let templates = (0..100).map(|number| (format!("template-{number}"), json!({"content": "You are {{name}}."})));
    make(client, namespace, Kind::PromptTemplate, templates).await;
    let tools = (0..100).map(|number| {
        (format!("tool-{number}"), json!({"http": {"method": "GET", "url": "https://api.example.com/{{place}}"}}))
    });
    make(client, namespace, Kind::Tool, tools).await;
    let agents = (0..agents).map(|number| {
        let tools: Vec<Value> =
            (0..5).map(|offset| json!({"tool": {"name": format!("tool-{}", (number + offset * 17) % 100)}})).collect();
        let spec = json!({"modelRef": {"name": "m"}, "tools": tools, "systemPrompt": {
            "text": "x".repeat(PROMPT), "templateRef": {"name": format!("template-{}", number % 100)}}});
        (format!("agent-{number}"), spec)
    });
    make(client, namespace, Kind::Agent, agents).await;
}

async fn make(client: &Client, namespace: &str, kind: Kind, objects: impl IntoIterator<Item = (String, Value)>) {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &api_resource(kind));
    let make = |(name, spec): (String, Value)| {
        let api = api.clone();
        async move {
            let object = json!({"apiVersion": "troupe.dev/v1alpha1", "kind": kind.as_str(),
                "metadata": {"name": name}, "spec": spec});
            let object = serde_json::from_value(object).expect("it is an object");
            api.create(&PostParams::default(), &object).await.expect("it is made");
        }
    };
    stream::iter(objects).map(make).buffer_unordered(AT_ONCE).collect::<()>().await;
}
