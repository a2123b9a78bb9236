//! The release that the tests share: images of this source, and the chart with its defaults.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::json;
use tokio::sync::{OnceCell, RwLock};
use troupe_test_cluster::{Node, apply, chart_programs, node};

use crate::team::{RESTRICTED, Team};

/// Where the release is.
pub(crate) const NAMESPACE: &str = "troupe-system";

/// The images of `scripts/images` that the node gets.
const IMAGES: [&str; 6] =
    ["troupe", "troupe-operator", "troupe-mcp-bridge", "troupe-sandbox", "troupe-mcp", "troupe-model-server"];

/// Read by those that need the release, written by the one that takes it away.
pub(crate) static THERE: RwLock<()> = RwLock::const_new(());

/// The node with the release on it.
pub(crate) struct Release {
    pub(crate) node: &'static Node,
    helm: PathBuf,
}

/// The release, installed by the first test that asks; `None` where no node can be started, or the cluster of `KUBECONFIG` is not
/// ours: volumes and requests need the node's own folder and network.
pub(crate) async fn release() -> anyhow::Result<Option<&'static Release>> {
    static RELEASE: OnceCell<Option<Release>> = OnceCell::const_new();
    let install = || async {
        let node = node().await?.filter(|node| node.is_own());
        let (Some(node), Some(charts)) = (node, chart_programs()?) else { return Ok(None) };
        let folder = images();
        for image in IMAGES {
            let archive = folder.join(format!("{image}.tar"));
            ensure!(archive.exists(), "there is no {}: `make e2e` makes it", archive.display());
            node.load_image(&archive)?;
        }
        let release = Release { node, helm: charts.join("helm") };
        let labels = json!({"pod-security.kubernetes.io/enforce": RESTRICTED});
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}});
        apply(&node.client().await?, NAMESPACE, &namespace.to_string()).await?;
        release.install()?;
        Ok::<_, anyhow::Error>(Some(release))
    };
    Ok(RELEASE.get_or_try_init(install).await?.as_ref())
}

/// The folder of the images.
pub(crate) fn images() -> PathBuf {
    std::env::var_os("TROUPE_E2E_IMAGES").map_or_else(|| repository().join("target/e2e"), PathBuf::from)
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Release {
    /// Installs the chart, and waits for its pods.
    pub(crate) fn install(&self) -> anyhow::Result<String> {
        self.chart("install", &[])
    }

    /// Upgrades to the same chart with further values.
    pub(crate) fn upgrade(&self, values: &[&str]) -> anyhow::Result<String> {
        self.chart("upgrade", values)
    }

    fn chart(&self, verb: &str, values: &[&str]) -> anyhow::Result<String> {
        let chart = repository().join("charts/troupe").display().to_string();
        let images = "--set=image.registry=troupe.dev,image.pullPolicy=Never";
        self.helm(&[&[verb, "troupe", &chart, images, "--wait", "--timeout=3m"], values].concat())
    }

    /// `helm`, in the namespace of the release.
    pub(crate) fn helm(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.helm);
        command.env_clear().env("HOME", self.node.folder()).env("KUBECONFIG", self.node.kubeconfig());
        said(command.args(arguments).args(["--namespace", NAMESPACE]))
    }

    /// `kubectl` as one who may do everything.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        said(self.node.kubectl_as(self.node.kubeconfig()).args(arguments))
    }
}

/// What a command printed.
///
/// # Errors
/// With all that it printed, when it failed.
pub(crate) fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?}: {out}{err}");
    Ok(out.into_owned())
}

/// Says something to whoever runs the tests, also when they go well: the harness keeps what `eprintln` says to itself then.
pub(crate) fn tell(line: &str) {
    // A test does not fail for want of a reader.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[tokio::test]
async fn data_and_definitions_outlive_the_release_and_the_next_one_finds_them() -> anyhow::Result<()> {
    let Some(release) = release().await? else { return Ok(()) };
    let _alone = THERE.write().await;
    let team = Team::with_quickstart(release, "kept").await?;
    let caller = team.caller("troupe-invoker").await?;
    let first = team.ask(&caller, &json!({"agent_id": "assistant", "session_id": "new", "text": "remember me"}))?;
    let session = first.body["session_id"].as_str().context("a session was asked for")?.to_owned();

    release.helm(&["uninstall", "troupe", "--wait"])?;
    let definitions = release.kubectl(&["get", "customresourcedefinitions", "--output=name"])?;
    assert_eq!(definitions.lines().filter(|name| name.ends_with(".troupe.dev")).count(), 8, "{definitions}");
    team.kubectl(&["get", "agent/assistant", "persistentvolumeclaim/troupe-runtime-data"])?;

    release.install()?;
    team.kubectl(&["wait", "--for=condition=Ready", "runtime/default", "--timeout=2m"])?;
    let session = format!("/v1/sessions/{session}/messages");
    let messages = team.eventually(&caller, &session).await?;
    assert!(messages.to_string().contains("Hello, you said: remember me"), "{messages}");
    team.end()
}
