//! Every condition and every reason that is declared, each brought about by what it stands for and seen in a status of a real
//! API server. What is seen comes from watches, so that a passing state counts, too.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::Path, http::StatusCode, routing::post};
use futures::StreamExt as _;
use kube::{core::DynamicObject, runtime::watcher};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use troupe_crds::{
    Kind,
    condition::{ConditionType, Reason},
};
use troupe_model_server::{ModelServer, Rule, Scenario};

use crate::place::{LIMIT, LOOK, Place, Service, agent, model};

/// Type, status and reason of a condition, as they stand in a status.
type Said = (String, String, String);

/// Everything that statuses of a namespace said since this began.
struct Seen {
    said: Arc<Mutex<BTreeSet<Said>>>,
    _watches: JoinSet<()>,
}

impl Seen {
    fn of(place: &Place) -> Self {
        let said: Arc<Mutex<BTreeSet<Said>>> = Arc::default();
        let mut watches = JoinSet::new();
        for kind in Kind::ALL {
            let (api, said) = (place.ours(kind), Arc::clone(&said));
            watches.spawn(async move {
                let mut events = Box::pin(watcher(api, watcher::Config::default()));
                while let Some(event) = events.next().await {
                    if let Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = event {
                        said.lock().unwrap().extend(conditions(&object));
                    }
                }
            });
        }
        Self { said, _watches: watches }
    }

    fn reasons(&self) -> BTreeSet<String> {
        self.said.lock().unwrap().iter().map(|(_, _, reason)| reason.clone()).collect()
    }

    fn types(&self) -> BTreeSet<String> {
        self.said.lock().unwrap().iter().map(|(type_, _, _)| type_.clone()).collect()
    }
}

fn conditions(object: &DynamicObject) -> Vec<Said> {
    let all = object.data.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let text = |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    all.map(|condition| (text(condition, "type"), text(condition, "status"), text(condition, "reason"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_and_reason_is_reached_by_what_it_stands_for() {
    let Some(place) = Place::new().await else { return };
    let seen = Seen::of(&place);
    let world = World::start().await;
    let operator = place.operator().await;
    references(&place, &world).await;
    let service = place.runtime(&["--sandbox-socket", place.path("sandbox.sock").to_str().unwrap()]).await;
    workloads(&place).await;
    specs(&place, &world).await;
    revisions(&place).await;
    sandbox(&place).await;
    models(&place, &world, &service).await;
    servers(&place, &world).await;
    // With nobody to grant it, a Secret is refused; with an operator it is found.
    operator.stop().await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: ungranted}, stringData: {key: x}}").await;
    place.apply(&model("keyed", &world.models(), ", apiKey: {secretKeyRef: {name: ungranted, key: key}}")).await;
    place.says(Kind::Model, "keyed", "SecretsResolved", "SecretForbidden").await;
    let operator = place.operator().await;
    place.says(Kind::Model, "keyed", "SecretsResolved", "SecretsFound").await;

    let all: BTreeSet<String> = Reason::ALL.iter().map(ToString::to_string).collect();
    let types: BTreeSet<String> = ConditionType::ALL.iter().map(ToString::to_string).collect();
    let complete = async {
        while seen.reasons() != all || seen.types() != types {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(LIMIT, complete).await.is_err() {
        let missing: Vec<_> = all.difference(&seen.reasons()).cloned().collect();
        let more: Vec<_> = seen.reasons().difference(&all).cloned().collect();
        let types: Vec<_> = types.symmetric_difference(&seen.types()).cloned().collect();
        panic!("reasons never seen: {missing:?}; not declared: {more:?}; types: {types:?}");
    }
    service.stop().await;
    operator.stop().await;
}

/// Models that answer, refuse and fail, and an MCP server.
struct World {
    server: ModelServer,
    address: String,
    _tasks: JoinSet<()>,
}

impl World {
    async fn start() -> Self {
        let server = ModelServer::start(Scenario::of([Rule::text("Certainly.")])).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let fails = async |Path((status, _)): Path<(u16, String)>| StatusCode::from_u16(status).unwrap();
        let routes = Router::new().route("/status/{status}/{*rest}", post(fails)).route("/mcp", post(mcp));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { server, address, _tasks: tasks }
    }

    fn models(&self) -> String {
        format!("{}/v1", self.server.base_url())
    }
}

/// As little of an MCP server as lists a tool.
async fn mcp(Json(request): Json<Value>) -> (StatusCode, Json<Value>) {
    let Some(id) = request.get("id") else { return (StatusCode::ACCEPTED, Json(Value::Null)) };
    let result = match request["method"].as_str() {
        Some("initialize") => json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "tiny", "version": "1"}}),
        Some("tools/list") => json!({"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}),
        _ => {
            let error = json!({"code": -32601, "message": "there is no such method"});
            return (StatusCode::OK, Json(json!({"jsonrpc": "2.0", "id": id, "error": error})));
        }
    };
    (StatusCode::OK, Json(json!({"jsonrpc": "2.0", "id": id, "result": result})))
}

/// What is missing is named, and heals; two have one id; a template's names differ; a Secret is missing, and comes.
async fn references(place: &Place, world: &World) {
    let key = ", apiKey: {secretKeyRef: {name: model-key, key: key}}";
    place.apply(&agent("helper", "modelRef: {name: small}, systemPrompt: {templateRef: {name: prompt}}")).await;
    place.says(Kind::Agent, "helper", "Resolved", "ReferenceNotFound").await;
    let prompt = "
---
apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata: {name: prompt}
spec: {content: 'You are {{role}}.', variables: [{name: rule}]}
";
    place.apply(&(model("small", &world.models(), key) + prompt)).await;
    place.says(Kind::PromptTemplate, "prompt", "VariablesMatch", "NamesDiffer").await;
    let twin = "
---
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: twin, annotations: {troupe.dev/id: small}}
spec: {protocol: OpenAI, baseUrl: 'https://api.example.com/v1', model: tiny}
";
    place.apply(twin).await;
    place.says(Kind::Model, "twin", "Ready", "DuplicateId").await;
    place.apply(&agent("waiting", "modelRef: {name: twin}")).await;
    place.says(Kind::Agent, "waiting", "Ready", "ReferenceNotReady").await;
}

/// The runtime's pods come; a server's too.
async fn workloads(place: &Place) {
    place.says(Kind::Model, "small", "SecretsResolved", "SecretNotFound").await;
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: model-key}, stringData: {key: x}}").await;
    place.says(Kind::Model, "small", "SecretsResolved", "SecretsFound").await;
    place.says(Kind::Runtime, "default", "Available", "WorkloadUnavailable").await;
    place.make_pods_ready("troupe-runtime").await;
    place.says(Kind::Runtime, "default", "Available", "WorkloadAvailable").await;
    place.says(Kind::Runtime, "default", "Progressing", "RolledOut").await;
    place.says(Kind::Runtime, "default", "Ready", "Valid").await;
}

/// Specs that are wrong, suspended, or ask for what comes later.
async fn specs(place: &Place, world: &World) {
    let twice = ", headers: [{name: a, value: '1'}, {name: a, value: '2'}]";
    place.apply(&model("wrong", &world.models(), twice)).await;
    place.says(Kind::Model, "wrong", "Ready", "Invalid").await;
    place.apply(&agent("asleep", "modelRef: {name: small}, suspend: true")).await;
    place.says(Kind::Agent, "asleep", "Ready", "Suspended").await;
    place.apply(&agent("later", "modelRef: {name: small}, memory: {enabled: true}")).await;
    place.says(Kind::Agent, "later", "Ready", "NotSupported").await;
}

/// An unknown revision is pinned, then one that is known.
async fn revisions(place: &Place) {
    place.apply(&agent("pinned", "modelRef: {name: small}, description: First")).await;
    place.says(Kind::Agent, "pinned", "Ready", "Valid").await;
    let first = place.ours(Kind::Agent).get("pinned").await.unwrap().data["status"]["currentRevision"].clone();
    let unknown = "0".repeat(64);
    place.merge(Kind::Agent, "pinned", json!({"spec": {"description": "Second", "publishedRevision": unknown}})).await;
    place.says(Kind::Agent, "pinned", "Ready", "RevisionNotFound").await;
    place.merge(Kind::Agent, "pinned", json!({"spec": {"publishedRevision": first}})).await;
    place.says(Kind::Agent, "pinned", "RevisionResolved", "RevisionFound").await;
    place.says(Kind::Agent, "pinned", "Ready", "Valid").await;
}

/// No sandbox answers: what runs code is not ready, and everything else is.
async fn sandbox(place: &Place) {
    let function = "
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: adds}
spec: {description: Adds., function: {language: Python, source: 'result = 1'}}
";
    place.apply(function).await;
    place.apply(&agent("coder", "modelRef: {name: small}, tools: [{tool: {name: adds}}]")).await;
    place.apply(&agent("shell", "modelRef: {name: small}, tools: [{builtin: Bash}]")).await;
    place.says(Kind::Tool, "adds", "SandboxReady", "SandboxUnavailable").await;
    place.says(Kind::Tool, "adds", "Ready", "SandboxUnavailable").await;
    place.says(Kind::Agent, "coder", "Ready", "ReferenceNotReady").await;
    place.says(Kind::Agent, "shell", "Ready", "SandboxUnavailable").await;
    place.says(Kind::Runtime, "default", "SandboxReady", "SandboxUnavailable").await;
    place.says(Kind::Runtime, "default", "Ready", "Valid").await;
    place.says(Kind::Agent, "helper", "Ready", "Valid").await;
}

/// Models that answer, cannot be reached, refuse the key, and fail.
async fn models(place: &Place, world: &World, service: &Service) {
    let refusing = |status: u16| format!("{}/status/{status}", world.address);
    for (name, url, reason) in [
        ("well", world.models(), "Answered"),
        ("away", "http://127.0.0.1:9/v1".to_owned(), "ConnectionFailed"),
        ("locked", refusing(401), "Unauthorized"),
        ("failing", refusing(500), "ErrorAnswered"),
    ] {
        place.apply(&model(name, &url, "")).await;
        let ask = json!({"model_id": name, "text": "Ada"});
        let asked = async {
            // A model that the service does not know yet is a 400.
            while service.send("caller", "POST", "/v1/infer", &ask).await.0 == 400 {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(LIMIT, asked).await.expect("the model is known");
        place.says(Kind::Model, name, "Reachable", reason).await;
        place.says(Kind::Model, name, "Ready", if reason == "Answered" { "Valid" } else { reason }).await;
    }
}

/// Servers that list their tools, and cannot be reached; one in pods of its own, which is left alone until it has some.
async fn servers(place: &Place, world: &World) {
    let server = |name: &str, spec: String| {
        format!(
            "\n---\napiVersion: troupe.dev/v1alpha1\nkind: McpServer\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
        )
    };
    place.apply(&server("remote", format!("http: {{url: '{}/mcp'}}", world.address))).await;
    place.apply(&server("nowhere", "http: {url: 'http://127.0.0.1:9/mcp'}".to_owned())).await;
    place.apply(&server("local", "stdio: {command: server}".to_owned())).await;
    place.says(Kind::McpServer, "remote", "Discovered", "ToolsListed").await;
    place.says(Kind::McpServer, "nowhere", "Discovered", "DiscoveryFailed").await;
    place.says(Kind::McpServer, "local", "Available", "WorkloadUnavailable").await;
    let said = place.ours(Kind::McpServer).get("local").await.unwrap();
    let types: Vec<_> = conditions(&said).into_iter().map(|(type_, _, _)| type_).collect();
    assert!(!types.contains(&"Discovered".to_owned()), "nobody is there to be asked: {types:?}");
}
