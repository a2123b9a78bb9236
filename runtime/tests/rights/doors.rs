//! Who is let in at all: tokens, nobody, and an API server that is away.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::{Cluster, INVOKER, VIEWER, answer};

#[tokio::test]
async fn everyone_is_who_their_token_says() {
    let cluster = Cluster::of(&[("ada", &[])]).await;
    let (status, me) = cluster.get("ada", "/v1/whoami").await;
    assert_eq!((status, me), (200, json!({"user": "ada", "groups": ["people"], "namespace": "team"})));
}

#[tokio::test]
async fn without_a_token_of_ours_only_health_and_the_description_answer() {
    let cluster = Cluster::of(&[("ada", &[VIEWER])]).await;
    for path in ["/healthz", "/readyz", "/v1/openapi.json"] {
        assert_eq!(answer(cluster.request(Method::GET, path)).await.0, 200, "{path}");
    }
    assert_eq!(answer(cluster.request(Method::GET, "/nothing")).await.0, 404, "files are open");
    for path in ["/v1/agents", "/v1/whoami", "/v1/sessions", "/v1/nothing", "/v1/resources/agents?watch=true"] {
        for token in
            [None, Some("Bearer mallory"), Some("Bearer ada@elsewhere"), Some("Basic YWRhOmFkYQ=="), Some("ada")]
        {
            let request = cluster.request(Method::GET, path);
            let request = token.into_iter().fold(request, |request, token| request.header("authorization", token));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path} {token:?}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            let problem: Value = response.json().await.unwrap();
            let told = problem["detail"].as_str().unwrap();
            assert!(told.contains("kubectl create token NAME --namespace team --audience troupe:team"), "{told}");
        }
    }
    assert_eq!(cluster.asked(), [""; 0], "nobody's rights were reviewed");
}

#[tokio::test]
async fn openais_clients_read_refusals_in_their_envelope() {
    let cluster = Cluster::of(&[("eve", &[])]).await;
    let body = json!({"model": "agent/plain", "messages": [{"role": "user", "content": "hi"}]});
    let request = cluster.request(Method::POST, "/v1/chat/completions").json(&body);
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], "invalid_api_key");
    let (status, refused) = cluster.post("eve", "/v1/chat/completions", body).await;
    assert_eq!(status, 403);
    let told = r#""eve" may not create agents/invoke "plain" of troupe.dev in namespace "team": a Role that allows it is missing"#;
    assert_eq!(refused["error"]["message"], told);
    let (status, refused) = cluster.get("eve", "/v1/models/small").await;
    assert_eq!((status, refused["error"]["type"].as_str()), (403, Some("invalid_request_error")));
}

#[tokio::test]
async fn while_the_api_server_is_away_only_what_it_said_counts() {
    let cluster = Cluster::of(&[("ada", &[VIEWER]), ("bob", &[VIEWER])]).await;
    assert_eq!(cluster.get("ada", "/v1/agents").await.0, 200);
    cluster.server.away.store(true, Ordering::SeqCst);
    assert_eq!(cluster.get("ada", "/v1/agents").await.0, 200, "it was said a moment ago");
    for (who, path) in [("ada", "/v1/tools"), ("ada", "/v1/sessions"), ("ada", "/v1/runs"), ("bob", "/v1/agents")] {
        let response = cluster.request(Method::GET, path).bearer_auth(who).send().await.unwrap();
        assert_eq!(response.status(), 503, "{who} {path}");
        assert!(response.headers().contains_key("retry-after"));
    }
}

#[tokio::test]
async fn nobody_is_somebody_where_the_runtime_says_so() {
    let runtime = "apiVersion: troupe.dev/v1alpha1\nkind: Runtime\nmetadata: {name: default}\n\
                   spec: {auth: {anonymous: true, audiences: ['https://elsewhere']}}\n";
    let cluster = Cluster::with(&[("ada", &[]), ("system:anonymous", &[INVOKER])], runtime).await;
    let (status, me) = answer(cluster.request(Method::GET, "/v1/whoami")).await;
    let nobody = json!({"user": "system:anonymous", "groups": ["system:unauthenticated"], "namespace": "team"});
    assert_eq!((status, me), (200, nobody));
    let ask = cluster.request(Method::POST, "/v1/infer").json(&json!({"agent_id": "plain", "text": "hi"}));
    assert_eq!(answer(ask).await.0, 200);
    assert_eq!(answer(cluster.request(Method::GET, "/v1/agents")).await.0, 403);
    // A wrong token is not the same as none.
    assert_eq!(cluster.get("mallory", "/v1/whoami").await.0, 401);
    assert_eq!(cluster.get("ada@elsewhere", "/v1/whoami").await.1["user"], "ada");
    assert_eq!(cluster.get("ada@third", "/v1/whoami").await.0, 401);
}

#[tokio::test]
async fn what_is_no_route_is_said_to_be_none() {
    let cluster = Cluster::of(&[("ada", &[VIEWER])]).await;
    assert_eq!(cluster.get("ada", "/v1/nothing").await.0, 404);
    assert_eq!(cluster.send("ada", Method::PATCH, "/v1/agents/plain", &Value::Null).await.0, 405);
    assert_eq!(cluster.get("ada", "/v1/resources/nothings").await.0, 404);
    assert_eq!(cluster.get("ada", "/v1/agents/%ff").await.0, 400);
    let head = cluster.request(Method::HEAD, "/v1/agents");
    assert_eq!(head.send().await.unwrap().status(), 401);
}
