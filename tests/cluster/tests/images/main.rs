//! The images that `scripts/images` writes, in restricted pods on the node: each starts, and has what it is for. As root: `make e2e`
//! makes them, in `target/e2e`; `TROUPE_E2E_IMAGES` names another folder, such as that of `make image`. Without archives the tests are
//! skipped.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{
    Api, Client,
    api::{LogParams, Patch, PatchParams},
    runtime::wait::{Condition, await_condition},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use troupe_test_cluster::{Node, apply, node};

const ONCE: &str = include_str!("once.yaml");
const SERVER: &str = include_str!("server.yaml");
const ASK: &str = include_str!("ask.py");
const LOOK: &str = include_str!("look.py");

/// Longer than any of it takes on a busy machine: only what hangs meets it.
const LIMIT: Duration = Duration::from_mins(5);

/// Every image of `make image`.
const IMAGES: [&str; 5] = ["troupe", "troupe-operator", "troupe-mcp-bridge", "troupe-sandbox", "troupe-mcp"];

/// Where the archives are; `None` where there are not all of them.
///
/// # Errors
/// On a build server (`CI=true`), where `make e2e` has made them.
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn archives() -> anyhow::Result<Option<PathBuf>> {
    let named = std::env::var_os("TROUPE_E2E_IMAGES").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e"));
    let missing = IMAGES.iter().find(|name| !folder.join(format!("{name}.tar")).is_file());
    let Some(missing) = missing else { return Ok(Some(folder)) };
    let reason = format!("{missing}.tar is not in {}; `make e2e` writes it", folder.display());
    ensure!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), reason);
    eprintln!("skipped: {reason}");
    Ok(None)
}

/// The node with all images loaded, once in a process.
async fn ready() -> anyhow::Result<Option<&'static Node>> {
    static LOADED: OnceCell<()> = OnceCell::const_new();
    let Some(folder) = archives()? else { return Ok(None) };
    let Some(node) = node().await? else { return Ok(None) };
    let load = || async { IMAGES.iter().try_for_each(|name| node.load_image(&folder.join(format!("{name}.tar")))) };
    LOADED.get_or_try_init(load).await?;
    Ok(Some(node))
}

/// A namespace whose pods must be restricted ones.
async fn restricted(node: &Node, client: &Client, prefix: &str) -> anyhow::Result<String> {
    let namespace = node.namespace(prefix).await?;
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    Api::<Namespace>::all(client.clone()).patch(&namespace, &PatchParams::default(), &Patch::Merge(label)).await?;
    Ok(namespace)
}

/// Fills a manifest in: the version of the images, and what is named in capitals.
fn filled(manifest: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(manifest.replace("VERSION", env!("CARGO_PKG_VERSION")), |text, (name, value)| text.replace(name, value))
}

/// What a pod printed that ran one program of an image to its successful end; `program` is its `command` or `args`, as YAML.
async fn said(client: &Client, namespace: &str, name: &str, image: &str, program: &str) -> anyhow::Result<String> {
    let manifest = filled(ONCE, &[("NAME", name), ("IMAGE", image), ("PROGRAM", program)]);
    apply(client, namespace, &manifest).await?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let over = |pod: Option<&Pod>| matches!(phase(pod), Some("Succeeded" | "Failed"));
    let pod = until(&pods, name, over).await?;
    let log = pods.logs(name, &LogParams::default()).await?;
    ensure!(phase(pod.as_ref()) == Some("Succeeded"), "{name} failed: {log}");
    Ok(log)
}

async fn until(pods: &Api<Pod>, name: &str, condition: impl Condition<Pod>) -> anyhow::Result<Option<Pod>> {
    let met = tokio::time::timeout(LIMIT, await_condition(pods.clone(), name, condition)).await;
    Ok(met.with_context(|| format!("{name} is not there in time"))??)
}

fn phase(pod: Option<&Pod>) -> Option<&str> {
    pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.phase.as_deref())
}

fn is_ready(pod: Option<&Pod>) -> bool {
    let conditions = pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}

#[tokio::test]
async fn each_program_says_what_it_is() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "programs").await?;
    let version = env!("CARGO_PKG_VERSION");
    for (name, image, program, expected) in [
        ("runtime", "troupe", "args: [--version]", format!("troupe {version}\n")),
        ("sandboxed", "troupe-sandbox", "args: [--version]", format!("troupe {version}\n")),
        ("operator", "troupe-operator", "args: [--version]", format!("troupe-operator {version}\n")),
        ("bridge", "troupe-mcp-bridge", "args: [--version]", format!("troupe-mcp-bridge {version}\n")),
    ] {
        assert_eq!(said(&client, &namespace, name, image, program).await?, expected);
    }
    let help = said(&client, &namespace, "help", "troupe-operator", "args: [--help]").await?;
    assert!(help.contains("--watch-namespaces"), "{help}");
    Ok(())
}

#[tokio::test]
async fn the_sandbox_runs_commands_and_code() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "sandbox").await?;
    let script = "id -un; cd /tmp; printf 'b\\na\\n' | sort | awk '{ print NR $1 }'; \
        echo '{\"a\": [1, 2]}' | jq -c .a; git init -q repository && git -C repository status --short --branch; \
        TZ=Asia/Tokyo date -d @0 +%H:%M; touch /usr/file 2>/dev/null || echo read-only";
    let program = format!("command: {}", json!(["bash", "-euc", script]));
    let heard = said(&client, &namespace, "bash", "troupe-sandbox", &program).await?;
    assert_eq!(heard, "nonroot\n1a\n2b\n[1,2]\n## No commits yet on master\n09:00\nread-only\n");
    let program = format!("command: {}", json!(["python3", "-I", "-B", "-c", LOOK]));
    let heard = said(&client, &namespace, "python", "troupe-sandbox", &program).await?;
    let expected = json!({"authorities": true, "zone": "Europe/Berlin", "database": 1, "compiled": true});
    assert_eq!(serde_json::from_str::<Value>(&heard)?, expected);
    Ok(())
}

/// Nothing can be downloaded here, so what answers is in the image; the bridge comes out of its own.
#[tokio::test]
async fn servers_of_the_image_answer_another_pod_through_the_bridge() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "mcp").await?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    for (name, command, tool) in [
        ("time", json!(["mcp-server-time", "--local-timezone", "UTC"]), "get_current_time"),
        ("fetch", json!(["mcp-server-fetch"]), "fetch"),
        ("everything", json!(["mcp-server-everything"]), "echo"),
        ("time-by-uvx", json!(["uvx", "mcp-server-time"]), "convert_time"),
        ("everything-by-npx", json!(["npx", "-y", "@modelcontextprotocol/server-everything"]), "echo"),
    ] {
        let manifest = filled(SERVER, &[("NAME", name), ("COMMAND", &command.to_string())]);
        apply(&client, &namespace, &manifest).await?;
        until(&pods, name, is_ready).await?;
        let program = format!("command: {}", json!(["python3", "-c", ASK, format!("http://{name}/mcp")]));
        let heard = said(&client, &namespace, &format!("asks-{name}"), "troupe-sandbox", &program).await?;
        let tools: Vec<String> = serde_json::from_str(&heard).with_context(|| heard.clone())?;
        assert!(tools.iter().any(|known| known == tool), "{name} has {tools:?}");
    }
    Ok(())
}
