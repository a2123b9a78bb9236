//! `troupe get`, `diff` and `publish` against a service.

use serde_json::json;
use troupe_model_server::{Rule, Scenario};

use super::bench::{folder_with_model, start, troupe, try_troupe};
use super::serve::ready;

const AGENT: &str = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: poet}\nspec:\n  modelRef: {name: default}\n  systemPrompt: {text: Be kind.}\n";

#[tokio::test]
async fn an_agents_versions_are_listed_compared_and_published() {
    let place = folder_with_model(Scenario::of([Rule::text("Hello")])).await;
    std::fs::write(place.path("overlay/poet.yaml"), AGENT).unwrap();
    let mut service = start(&place.serve());
    let (url, _) = ready(&mut service).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let change = json!({"system_prompt": "Be brief."});
    let changed = client.put(format!("{url}/v1/agents/poet")).json(&change).send().await.unwrap();
    assert_eq!(changed.status(), 200);

    let listed = troupe(&["get", "revisions", "poet", "--url", &url], &[]).await.answer;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    let [head, newest, oldest] = lines.as_slice() else { panic!("{listed}") };
    assert_eq!(head.as_slice(), ["REVISION", "CREATED", "STATE"]);
    assert_eq!(newest.last(), Some(&"current,serving"));

    let end = try_troupe(&["diff", "revisions", "poet", oldest[0], "--url", &url], &[]).await;
    assert_eq!(end.code, 1, "{}", end.beside);
    assert!(end.answer.contains("-  text: Be kind.\n+  text: Be brief.\n"), "{}", end.answer);
    assert_eq!(troupe(&["diff", "revisions", "poet", "--url", &url], &[]).await.answer, "");

    let said = troupe(&["publish", "revision", "poet", oldest[0], "--url", &url], &[]).await.answer;
    assert!(said.starts_with("poet serves "), "{said}");
    let shown = troupe(&["get", "revisions", "poet", "--url", &url], &[]).await.answer;
    assert!(shown.contains("published,serving"), "{shown}");
    let said = troupe(&["publish", "revision", "poet", "--url", &url], &[]).await.answer;
    assert_eq!(said, "poet serves its newest version from now on\n");

    let end = try_troupe(&["publish", "revisions", "poet", "ffffffffffff", "--url", &url], &[]).await;
    assert_eq!((end.code, end.beside.contains("ffffffffffff")), (1, true), "{}", end.beside);
    let end = try_troupe(&["get", "revisions", "nobody", "--url", &url], &[]).await;
    assert_eq!((end.code, end.beside.contains("nobody")), (1, true), "{}", end.beside);
}

#[tokio::test]
async fn without_a_cluster_a_namespace_cannot_be_asked() {
    let nowhere = [("KUBECONFIG", "/nowhere/config")];
    for arguments in [&["ask", "helper", "hello", "-n", "team"][..], &["console", "-n", "team"]] {
        let end = try_troupe(arguments, &nowhere).await;
        assert_eq!((end.code, end.beside.contains("kubeconfig")), (1, true), "{arguments:?}: {}", end.beside);
    }
    let end = try_troupe(&["console"], &nowhere).await;
    assert_eq!((end.code, end.beside.as_str()), (2, "troupe: name a namespace: troupe console -n NAMESPACE\n"));
}
