//! A namespace of people who use the release: its volumes, a scripted model, the quickstart, and who may ask.

use std::{os::unix::fs::chown, path::Path};

use k8s_openapi::api::core::v1::{Namespace, Service};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;
use troupe_test_cluster::apply;

use crate::release::{Release, repository};

/// What Pod Security asks of every pod here.
pub(crate) const RESTRICTED: &str = "restricted";

/// The tag of the images.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The user of every container that the operator makes.
const USER: u32 = 65532;

pub(crate) struct Team {
    pub(crate) release: &'static Release,
    pub(crate) namespace: String,
    /// The address of the runtime's Service.
    pub(crate) address: String,
}

impl Team {
    /// A namespace with everything up: the runtime is Ready, and so is the agent of the quickstart.
    pub(crate) async fn with_quickstart(release: &'static Release, prefix: &str) -> anyhow::Result<Self> {
        Self::with_scenario(release, prefix, include_str!("scenario.yaml")).await
    }

    /// The same, where the model says what a scenario says.
    pub(crate) async fn with_scenario(release: &'static Release, prefix: &str, scenario: &str) -> anyhow::Result<Self> {
        let node = release.node;
        let client = node.client().await?;
        let namespace = node.namespace(prefix).await?;
        let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": RESTRICTED}}});
        Api::<Namespace>::all(client.clone()).patch(&namespace, &PatchParams::default(), &Patch::Merge(label)).await?;
        let mut team = Self { release, namespace, address: String::new() };
        for volume in ["data", "workspace"] {
            let folder = node.folder().join("volumes").join(&team.namespace).join(volume);
            std::fs::create_dir_all(&folder)?;
            chown(&folder, Some(USER), Some(USER))?;
            let text = include_str!("volume.yaml").replace("VOLUME", volume).replace("NAMESPACE", &team.namespace);
            apply(&client, &team.namespace, &text.replace("FOLDER", &folder.display().to_string())).await?;
        }
        let scenario = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scenario"},
            "data": {"scenario.yaml": scenario}});
        apply(&client, &team.namespace, &scenario.to_string()).await?;
        let model = include_str!("model.yaml").replace("VERSION", VERSION);
        apply(&client, &team.namespace, &model).await?;
        let quickstart = repository().join("examples/quickstart").display().to_string();
        team.kubectl(&["apply", "--filename", &quickstart])?;
        team.kubectl(&["wait", "--for=create", "runtime/default", "--timeout=1m"])?;
        let ready = ["--for=condition=Ready", "runtime/default", "agent/assistant", "model/default", "--timeout=3m"];
        if let Err(error) = team.kubectl(&[&["wait"], &ready[..]].concat()) {
            anyhow::bail!("{error:#}\n{}", team.report());
        }
        let services: Api<Service> = Api::namespaced(client, &team.namespace);
        team.address = services.get("troupe-runtime").await?.spec.and_then(|spec| spec.cluster_ip).unwrap();
        // The node's own proxy learns of a ready pod a moment after the operator.
        team.eventually("", "/healthz").await?;
        Ok(team)
    }

    /// `kubectl` in the namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.release.kubectl(&[&["--namespace", &self.namespace], arguments].concat())
    }

    /// Applies a text.
    pub(crate) async fn apply(&self, yaml: &str) -> anyhow::Result<()> {
        apply(&self.release.node.client().await?, &self.namespace, yaml).await.map(drop)
    }

    /// A token of an account with a `ClusterRole` of the chart's in this namespace, for the runtime alone.
    pub(crate) async fn caller(&self, role: &str) -> anyhow::Result<String> {
        self.apply(&include_str!("caller.yaml").replace("ROLE", role)).await?;
        self.token(role).await
    }

    /// A token for the runtime.
    pub(crate) async fn token(&self, account: &str) -> anyhow::Result<String> {
        let audience = format!("troupe:{}", self.namespace);
        self.release.node.token(&self.namespace, account, &[&audience]).await
    }

    /// Ends the runtime's process as a lost machine does, with no signal that it could heed.
    pub(crate) fn kill_runtime(&self) -> anyhow::Result<()> {
        let of_pod = format!(r#"labels."io.kubernetes.pod.namespace"=={}"#, self.namespace);
        let filter = format!(r#"{of_pod},labels."io.kubernetes.container.name"==runtime"#);
        let listed = self.release.node.ctr(&["containers", "list", "--quiet", &filter])?;
        for container in listed.split_whitespace() {
            // One that has ended already has no task.
            let _ = self.release.node.ctr(&["tasks", "kill", "--signal", "SIGKILL", container]);
        }
        anyhow::ensure!(!listed.trim().is_empty(), "the node runs no container of the runtime");
        Ok(())
    }

    /// Makes room for others.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        self.release.kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]).map(drop)
    }

    /// What a person would look at, for a failed test's message.
    pub(crate) fn report(&self) -> String {
        let looks: [&[&str]; 4] = [
            &["get", "pods,agents,models,runtimes"],
            &["describe", "pods", "--selector=app.kubernetes.io/name=troupe-runtime"],
            &["logs", "troupe-runtime-0", "--container=runtime", "--tail=40"],
            &["get", "events"],
        ];
        looks.map(|look| self.kubectl(look).unwrap_or_else(|error| error.to_string())).join("\n")
    }
}

/// The node's folder of a file that a pod wrote into a volume of this team's.
pub(crate) fn volume(team: &Team, name: &str) -> std::path::PathBuf {
    Path::new(team.release.node.folder()).join("volumes").join(&team.namespace).join(name)
}
