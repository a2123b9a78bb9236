//! The node as tests rely on it: pods that run, find each other by name, know who they are, and reach nothing outside. As root:
//! `cargo test -p troupe-test-cluster --test node`. The image is one program, `kubectl`, which is static, serves files over HTTP
//! (`kubectl proxy --www`) and asks for them (`kubectl get --raw`).

mod killed;
#[path = "../owner.rs"]
mod owner;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, Pod},
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{AttachParams, ListParams, LogParams, Patch, PatchParams},
    runtime::wait::{await_condition, conditions::is_deployment_completed},
};
use serde_json::json;
use tokio::{io::AsyncReadExt as _, sync::OnceCell};
use troupe_test_cluster::{Node, apply, node, write_image};

const CONTENT: &str = include_str!("content.yaml");
const CLIENT: &str = include_str!("client.yaml");

/// The node with the image loaded, once in a process.
async fn ready() -> anyhow::Result<Option<&'static Node>> {
    static LOADED: OnceCell<()> = OnceCell::const_new();
    let Some(node) = node().await? else { return Ok(None) };
    let load = || async {
        let archive = node.folder().join("kubectl.tar");
        let file = format!("{}:/kubectl:755", node.kubectl().display());
        let text = "/content/greeting.txt:hello from a pod\\n";
        let settings = ["--entrypoint", r#"["/kubectl"]"#, "--user", "65532:65532"];
        let options: Vec<&str> = ["--name", "troupe.dev/test/kubectl:1", "--file", &file, "--text", text]
            .into_iter()
            .chain(settings)
            .collect();
        write_image(&archive, &options)?;
        node.load_image(&archive)
    };
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

/// What a pod printed that ran one command to its end.
async fn said(client: &Client, namespace: &str, name: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let manifest = CLIENT.replace("NAME", name).replace("ARGUMENTS", &serde_json::to_string(arguments)?);
    apply(client, namespace, &manifest).await?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let over = |pod: Option<&Pod>| {
        let phase = pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.phase.as_deref());
        matches!(phase, Some("Succeeded" | "Failed"))
    };
    await_condition(pods.clone(), name, over).await?;
    Ok(pods.logs(name, &LogParams::default()).await?)
}

#[tokio::test]
async fn a_pod_answers_another_by_the_name_of_its_service() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "service").await?;
    apply(&client, &namespace, CONTENT).await?;
    await_condition(Api::<Deployment>::namespaced(client.clone(), &namespace), "content", is_deployment_completed())
        .await?;
    for (name, server) in
        [("short", "http://content".to_owned()), ("long", format!("http://content.{namespace}.svc.cluster.local"))]
    {
        let server = format!("--server={server}");
        let arguments = [&server, "get", "--raw", "/static/greeting.txt"];
        let mut heard = said(&client, &namespace, name, &arguments).await?;
        // The node's proxy learns of a ready pod a moment after us.
        if heard.contains("was refused") {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            heard = said(&client, &namespace, &format!("{name}-again"), &arguments).await?;
        }
        assert_eq!(heard, "hello from a pod\n");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_is_run_within_a_pod() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "exec").await?;
    apply(&client, &namespace, CONTENT).await?;
    await_condition(Api::<Deployment>::namespaced(client.clone(), &namespace), "content", is_deployment_completed())
        .await?;
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let pod = pods.list(&ListParams::default()).await?.items.remove(0).name_any();
    let command = ["/kubectl", "version", "--client"];
    let mut running = pods.exec(&pod, command, &AttachParams::default().stderr(false)).await?;
    let mut heard = String::new();
    running.stdout().expect("it was asked for").read_to_string(&mut heard).await?;
    running.join().await?;
    assert!(heard.starts_with("Client Version: v1."), "{heard}");
    let log = pods.logs(&pod, &LogParams::default()).await?;
    assert!(log.contains("Starting to serve on"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_pod_is_known_to_the_api_server_by_its_token() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "token").await?;
    let heard =
        said(&client, &namespace, "who", &["auth", "whoami", "--output=jsonpath={.status.userInfo.username}"]).await?;
    assert_eq!(heard, format!("system:serviceaccount:{namespace}:default"));
    Ok(())
}

#[tokio::test]
async fn a_name_outside_the_cluster_is_not_known() -> anyhow::Result<()> {
    let Some(node) = ready().await? else { return Ok(()) };
    let client = node.client().await?;
    let namespace = restricted(node, &client, "outside").await?;
    let heard = said(&client, &namespace, "asks", &["--server=http://example.com", "get", "--raw", "/"]).await?;
    assert!(heard.contains("no such host"), "{heard}");
    Ok(())
}

/// Everything but the link to this machine, which forwards nothing for it, leads to where nobody listens.
#[tokio::test]
async fn no_route_leads_out_of_the_node() -> anyhow::Result<()> {
    let Some(node) = node().await?.filter(|node| node.is_own()) else { return Ok(()) };
    let routes = String::from_utf8(node.inside("ip")?.args(["route", "show"]).output()?.stdout)?;
    let out: Vec<&str> =
        routes.lines().filter(|route| route.starts_with("default") || route.contains(" via ")).map(str::trim).collect();
    assert_eq!(out, ["default via 10.98.0.1 dev node0"]);
    let pair = node.inside("ip")?.args(["-o", "link", "show", "dev", "nowhere0"]).output()?;
    assert!(pair.status.success(), "the other end of node0 is inside too");
    Ok(())
}
