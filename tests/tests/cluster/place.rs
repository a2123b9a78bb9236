//! A namespace with an operator of its own, and the runtime whose pod the operator makes: a process here, since no pod runs.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, process::Stdio, time::Duration};

use clap::Parser as _;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::DynamicObject,
    runtime::wait::{Condition, await_condition},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStderr, Command},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use troupe_crds::Kind;
use troupe_operator::{
    child::ChildKind,
    context::system_clock,
    object::api_resource,
    operator::{Ended, Operator},
    settings::Settings,
};
use troupe_test_cluster::ControlPlane;

/// Longer than anything takes on a busy machine: only what never comes meets it.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// How often is looked for what nothing tells.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

pub(crate) struct Place {
    pub(crate) cluster: &'static ControlPlane,
    pub(crate) admin: Client,
    pub(crate) namespace: String,
    folder: TempDir,
}

/// An operator of the namespace.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<Ended>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.task).await.expect("it stops").expect("it does not panic");
    }
}

impl Place {
    /// A namespace with the chart's rights; `caller` may invoke, `author` and `admin` are bound to the roles of these names.
    pub(crate) async fn new() -> Option<Self> {
        let cluster = troupe_test_cluster::control_plane().await.expect("the cluster starts")?;
        cluster.install_resource_definitions().await.expect("the definitions are taken");
        let namespace = cluster.namespace("both").await.expect("a namespace is made");
        let watched = [namespace.as_str()];
        let rights = cluster.install_rights(&namespace, &watched).await.expect("the rights are taken");
        assert!(rights, "without helm there are no rights: tests/cluster/install.sh chart");
        let admin = cluster.client().await.expect("it connects");
        let place = Self { cluster, admin, namespace, folder: tempfile::tempdir().expect("a folder") };
        let mut yaml = place.binding("ClusterRoleBinding", "troupe-runtime-reviewer", "troupe-runtime");
        for (account, role) in [("caller", "troupe-invoker"), ("editor", "troupe-editor"), ("nobody", "")] {
            writeln!(yaml, "---\n{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {account}}}}}")
                .expect("a text takes more");
            if !role.is_empty() {
                yaml += &place.binding("RoleBinding", role, account);
            }
        }
        // Whoever edits writes agents, too, and the keys that requests bring.
        yaml += &place.binding("RoleBinding", "troupe-author", "editor");
        yaml += &place.binding("RoleBinding", "troupe-viewer", "editor");
        place.apply(&yaml).await;
        Some(place)
    }

    fn binding(&self, kind: &str, role: &str, account: &str) -> String {
        let namespace = &self.namespace;
        format!(
            "
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: {role}-{account}-{namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: {namespace}}}]
"
        )
    }

    /// Starts an operator of this namespace alone, with the operator's own rights.
    pub(crate) async fn operator(&self) -> Running {
        let client = self.cluster.client_of(&self.namespace, "troupe-operator").await.expect("it connects");
        let settings = Settings::parse_from([
            "troupe-operator".to_owned(),
            format!("--watch-namespaces={}", self.namespace),
            format!("--namespace={}", self.namespace),
            "--lease-seconds=3".to_owned(),
        ]);
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "the test waits for it, or ends with it")]
        let task = tokio::spawn(Operator::new(client, settings, system_clock).run(stop.clone()));
        Running { stop, task }
    }

    /// Starts the runtime as its pod would, once the operator has made that.
    pub(crate) async fn runtime(&self, flags: &[&str]) -> Service {
        self.until(self.made(ChildKind::StatefulSet), "troupe-runtime", "be made", |set: Option<&DynamicObject>| {
            set.is_some()
        })
        .await;
        let kubeconfig =
            self.cluster.kubeconfig_of(&self.namespace, "troupe-runtime").await.expect("it has an account");
        let mut child = Command::new(troupe_tests::troupe().expect("troupe is built"))
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
            .args([self.path("data"), "--workspace".into(), self.path("workspace")])
            .args(flags)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", kubeconfig)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("it has a log"));
        let url = tokio::time::timeout(LIMIT, address(&mut log)).await.expect("it says where it is");
        // Somebody must read the log, or its writer waits for ever.
        #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
        tokio::spawn(async move {
            let mut line = String::new();
            while log.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                line.clear();
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut tokens = BTreeMap::new();
        for account in ["caller", "editor", "nobody"] {
            tokens.insert(account, self.token(account).await);
        }
        Service { child, url, client, tokens }
    }

    /// A place in the test's own folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A token of an account for this namespace's runtime.
    pub(crate) async fn token(&self, account: &str) -> String {
        let audience = format!("troupe:{}", self.namespace);
        self.cluster.token(&self.namespace, account, &[&audience]).await.expect("a token")
    }

    pub(crate) async fn apply(&self, yaml: &str) {
        troupe_test_cluster::apply(&self.admin, &self.namespace, yaml).await.expect("it is taken");
    }

    pub(crate) fn ours(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.admin.clone(), &self.namespace, &api_resource(kind))
    }

    pub(crate) fn made(&self, kind: ChildKind) -> Api<DynamicObject> {
        Api::namespaced_with(self.admin.clone(), &self.namespace, &kind.api_resource())
    }

    pub(crate) async fn merge(&self, kind: Kind, name: &str, change: Value) {
        let changed = self.ours(kind).patch(name, &PatchParams::default(), &Patch::Merge(change)).await;
        changed.expect("it is changed");
    }

    /// Waits until an object is as asked for.
    pub(crate) async fn until<C: Condition<DynamicObject>>(
        &self,
        api: Api<DynamicObject>,
        name: &str,
        what: &str,
        condition: C,
    ) {
        let found = tokio::time::timeout(LIMIT, await_condition(api.clone(), name, condition)).await;
        let Ok(found) = found else { panic!("{name} never came to {what}: {:#?}", api.get_opt(name).await) };
        drop(found.expect("the watch goes on"));
    }

    /// Waits until a condition has this reason.
    pub(crate) async fn says(&self, kind: Kind, name: &str, type_: &'static str, reason: &'static str) {
        let holds = move |object: Option<&DynamicObject>| {
            let conditions = object.and_then(|object| object.data.pointer("/status/conditions")?.as_array());
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|condition| condition["type"] == type_ && condition["reason"] == reason)
        };
        self.until(self.ours(kind), name, &format!("{type_} {reason}"), holds).await;
    }

    /// Makes the pods of a workload ready, as a kubelet would.
    pub(crate) async fn make_pods_ready(&self, application: &str) {
        let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.admin.clone(), &self.namespace);
        let list = kube::api::ListParams::default().labels(&format!("app.kubernetes.io/name={application}"));
        let ready = json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let all = async {
            loop {
                for pod in pods.list(&list).await.expect("pods are listed").items {
                    let name = pod.metadata.name.unwrap_or_default();
                    if pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&ready)).await.is_ok() {
                        return;
                    }
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(LIMIT, all).await.expect("there are pods");
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let reached = async {
        while !is_so().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A runtime that runs; it ends when it is dropped.
pub(crate) struct Service {
    child: Child,
    url: String,
    client: reqwest::Client,
    tokens: BTreeMap<&'static str, String>,
}

impl Service {
    /// What is answered to somebody: the status, and the body as JSON.
    pub(crate) async fn send(&self, who: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = self.tokens.get(who).map(String::as_str);
        self.send_with(token, method, path, body).await
    }

    /// The same with a token, or none.
    pub(crate) async fn send_with(&self, token: Option<&str>, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Ends it as a pod is ended.
    pub(crate) async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(told.success());
        let ended = tokio::time::timeout(LIMIT, self.child.wait()).await.expect("it ends").expect("it has a status");
        assert!(ended.success(), "{ended:?}");
    }
}

async fn address(log: &mut BufReader<ChildStderr>) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).await.expect("a log"), 0, "it ended before it was ready:\n{all}");
        if line.contains("\"ready\"") {
            let line: Value = serde_json::from_str(&line).expect("a line of JSON");
            return line["url"].as_str().expect("an address").to_owned();
        }
        all += &line;
    }
}

/// A Model at an address.
pub(crate) fn model(name: &str, url: &str, more: &str) -> String {
    format!(
        "\n---\napiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {{name: {name}}}\nspec: {{protocol: OpenAI, baseUrl: \
         '{url}', model: tiny, retry: {{maxAttempts: 1}}{more}}}\n"
    )
}

/// An Agent.
pub(crate) fn agent(name: &str, spec: &str) -> String {
    format!("\n---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}
