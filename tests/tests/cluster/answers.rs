//! Who is answered: by their token, its audience, and what Roles say.

use serde_json::{Value, json};
use troupe_model_server::{ModelServer, Rule, Scenario};

use crate::place::{Place, agent, model};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_right_gets_403_none_401_and_another_namespaces_401() {
    let Some(place) = Place::new().await else { return };
    let operator = place.operator().await;
    let server = ModelServer::start(Scenario::of([Rule::text("Certainly.")])).await.unwrap();
    let url = format!("{}/v1", server.base_url());
    place.apply(&(model("small", &url, "") + &agent("helper", "modelRef: {name: small}"))).await;
    let service = place.runtime(&[]).await;
    let ask = json!({"agent_id": "helper", "text": "Ada"});
    let (status, said) = service.send("caller", "POST", "/v1/infer", &ask).await;
    assert_eq!(status, 200, "{said}");
    let (status, said) = service.send("nobody", "POST", "/v1/infer", &ask).await;
    assert_eq!(status, 403, "{said}");
    let detail = said["detail"].as_str().or(said["error"].as_str()).unwrap();
    assert!(detail.contains("may not create agents/invoke \"helper\" of troupe.dev"), "{detail}");
    assert_eq!(service.send_with(None, "POST", "/v1/infer", &ask).await.0, 401);

    // The same account's token for the API server, and a token for another namespace's runtime.
    let plain = place.cluster.token(&place.namespace, "caller", &[]).await.unwrap();
    assert_eq!(service.send_with(Some(&plain), "POST", "/v1/infer", &ask).await.0, 401);
    let elsewhere = place.cluster.token(&place.namespace, "caller", &["troupe:elsewhere"]).await.unwrap();
    assert_eq!(service.send_with(Some(&elsewhere), "POST", "/v1/infer", &ask).await.0, 401);
    // Somebody of another namespace is known by a token for this one, and has no right in it.
    let other = place.cluster.namespace("other").await.unwrap();
    let audience = format!("troupe:{}", place.namespace);
    let stranger = place.cluster.token(&other, "default", &[&audience]).await.unwrap();
    assert_eq!(service.send_with(Some(&stranger), "POST", "/v1/infer", &ask).await.0, 403);
    let (status, who) = service.send_with(Some(&stranger), "GET", "/v1/whoami", &Value::Null).await;
    assert_eq!((status, who["user"].as_str()), (200, Some(&*format!("system:serviceaccount:{other}:default"))));
    service.stop().await;
    operator.stop().await;
}
