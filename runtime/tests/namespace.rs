//! `troupe serve --namespace` as a process on a real API server, with the rights of a runtime and no others.
#![cfg(test)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use troupe_model_server::{ModelServer, Rule, Scenario};
use troupe_test_cluster::ControlPlane;

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// A namespace with a runtime's account, one that may invoke, and one that may do nothing.
struct Place {
    cluster: &'static ControlPlane,
    namespace: String,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        let cluster = troupe_test_cluster::control_plane().await.unwrap()?;
        let rights = rights()?;
        cluster.install_resource_definitions().await.unwrap();
        let namespace = cluster.namespace("runtime").await.unwrap();
        let place = Self { cluster, namespace, folder: tempfile::tempdir().unwrap() };
        place.apply(&rights).await;
        let namespace = &place.namespace;
        let binding = |name: &str, kind: &str, role: &str, account: &str| {
            format!(
                "
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: {name}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: {namespace}}}]
"
            )
        };
        let accounts = ["troupe-runtime", "caller"]
            .map(|name| format!("---\n{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}}}}}\n"));
        let bindings = [
            binding("troupe-runtime", "RoleBinding", "troupe-runtime", "troupe-runtime"),
            binding(
                &format!("reviewer-{namespace}"),
                "ClusterRoleBinding",
                "troupe-runtime-reviewer",
                "troupe-runtime",
            ),
            binding("callers", "RoleBinding", "troupe-invoker", "caller"),
        ];
        place.apply(&(accounts.concat() + &bindings.concat())).await;
        Some(place)
    }

    async fn apply(&self, yaml: &str) {
        let admin = self.cluster.client().await.unwrap();
        troupe_test_cluster::apply(&admin, &self.namespace, yaml).await.unwrap();
    }

    /// Starts the service and waits until it says where it is.
    async fn serve(&self) -> Service {
        let kubeconfig = self.cluster.kubeconfig_of(&self.namespace, "troupe-runtime").await.unwrap();
        let path = |name: &str| self.folder.path().join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_troupe"))
            .args([
                "serve",
                "--namespace",
                &self.namespace,
                "--listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
                "--data",
            ])
            .args([path("data").as_os_str(), "--workspace".as_ref(), path("workspace").as_os_str()])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", kubeconfig)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let url = tokio::time::timeout(LIMIT, ready(&mut log)).await.expect("it says where it is");
        // Somebody must read the log, or its writer waits for ever.
        #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
        tokio::spawn(async move {
            let mut line = String::new();
            while log.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                line.clear();
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Service { child, url, client }
    }

    async fn token(&self, account: &str) -> String {
        let audience = format!("troupe:{}", self.namespace);
        self.cluster.token(&self.namespace, account, &[&audience]).await.unwrap()
    }
}

async fn ready(log: &mut BufReader<ChildStderr>) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).await.unwrap(), 0, "it ended before it was ready:\n{all}");
        if line.contains("\"ready\"") {
            let line: Value = serde_json::from_str(&line).unwrap();
            return line["url"].as_str().unwrap().to_owned();
        }
        all += &line;
    }
}

/// A running service.
struct Service {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Service {
    async fn ask(&self, token: Option<&str>, agent: &str) -> (u16, String) {
        let mut request = self.client.post(format!("{}/v1/infer", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body = json!({"agent_id": agent, "text": "Ada"});
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks until the answer holds some words.
    async fn until(&self, token: &str, agent: &str, words: &str) {
        let reached = async {
            loop {
                let (status, said) = self.ask(Some(token), agent).await;
                if status == 200 && said.contains(words) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{agent} never said {words:?}"));
    }
}

fn rights() -> Option<String> {
    let programs = troupe_test_cluster::chart_programs().unwrap()?;
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/troupe");
    let output = std::process::Command::new(programs.join("helm"))
        .args(["template", "troupe", "--namespace", "troupe-system"])
        .args(["--show-only", "templates/runtime/rights.yaml", "--show-only", "templates/roles/people.yaml"])
        .arg(chart)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_a_namespace_answers_who_may_ask_and_says_what_it_sees() {
    let Some(place) = Place::new().await else { return };
    let rules = [Rule::text("Hello, {{last_user}}!")];
    let model = ModelServer::start(Scenario::of(rules)).await.unwrap();
    let agent = |name: &str| {
        format!(
            "---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: {name}}}\nspec: {{modelRef: {{name: small}}}}\n"
        )
    };
    place
        .apply(&format!(
            "apiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {{name: small}}\nspec: {{protocol: OpenAI, \
             baseUrl: '{}/v1', model: tiny}}\n{}",
            model.base_url(),
            agent("first")
        ))
        .await;
    let mut service = place.serve().await;
    let caller = place.token("caller").await;
    let (status, said) = service.ask(Some(&caller), "first").await;
    assert_eq!((status, said.contains("Hello, Ada!")), (200, true), "{said}");
    assert_eq!(service.ask(None, "first").await.0, 401);
    assert_eq!(service.ask(Some(&place.token("default").await), "first").await.0, 403);
    // One that comes later answers at once.
    place.apply(&agent("second")).await;
    service.until(&caller, "second", "Hello, Ada!").await;
    // What its calls tell of the model is in the status.
    let resource = kube::core::ApiResource {
        group: "troupe.dev".into(),
        version: "v1alpha1".into(),
        api_version: "troupe.dev/v1alpha1".into(),
        kind: "Model".into(),
        plural: "models".into(),
    };
    let models: kube::Api<kube::core::DynamicObject> =
        kube::Api::namespaced_with(place.cluster.client().await.unwrap(), &place.namespace, &resource);
    let reached = async {
        loop {
            let object = models.get("small").await.unwrap();
            if object.data["status"].to_string().contains("\"Answered\"") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.expect("the model is Reachable");
    let id = service.child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(LIMIT, service.child.wait()).await.expect("it ends").unwrap();
    assert!(ended.success(), "{ended:?}");
}
