//! What a reviewer makes of the API server's answers; the server itself is a function here.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use troupe_identity::{Access, Denied, Identity, Reviewer, ReviewerOptions};

/// An API server that knows the token `good`, and lets it invoke the agent `helper`.
#[derive(Default)]
struct Server {
    asked: AtomicUsize,
    away: AtomicBool,
    last: Mutex<Value>,
}

impl Server {
    fn answer(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = body.clone();
        if self.away.load(Ordering::SeqCst) {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({"kind": "Status", "code": 503, "status": "Failure"}));
        }
        let spec = &body["spec"];
        let status = match path {
            "/apis/authentication.k8s.io/v1/tokenreviews" => match spec["token"].as_str().unwrap() {
                "good" => json!({"authenticated": true, "audiences": ["troupe:team"],
                    "user": {"username": "ada", "uid": "7", "groups": ["people"], "extra": {"k": ["v"]}}}),
                "elsewhere" if spec["audiences"].as_array().unwrap().contains(&json!("https://elsewhere")) => json!({
                    "authenticated": true, "audiences": ["https://elsewhere"], "user": {"username": "grace"}}),
                "blind" => json!({"authenticated": true, "user": {"username": "ada"}}),
                _ => json!({"authenticated": false, "error": "no"}),
            },
            "/apis/authorization.k8s.io/v1/namespaces/team/localsubjectaccessreviews" => {
                let wanted = &spec["resourceAttributes"];
                json!({"allowed": wanted["resource"] == "agents" && wanted["subresource"] == "invoke"
                    && wanted["name"] == "helper" && spec["user"] == "ada"})
            }
            other => panic!("nobody should ask {other}"),
        };
        let mut answer = body;
        answer["status"] = status;
        (StatusCode::CREATED, answer)
    }
}

fn reviewer(server: &Arc<Server>) -> Reviewer {
    let server = Arc::clone(server);
    let service = tower::service_fn(move |request: Request<Body>| {
        let server = Arc::clone(&server);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let (status, answer) = server.answer(&path, serde_json::from_slice(&body).unwrap());
            let body = Body::from(serde_json::to_vec(&answer).unwrap());
            Ok::<_, std::convert::Infallible>(Response::builder().status(status).body(body).unwrap())
        }
    });
    Reviewer::new(Client::new(service, "team"), ReviewerOptions::new("team"))
}

fn ada() -> Arc<Identity> {
    Arc::new(Identity { user: "ada".to_owned(), ..Identity::default() })
}

#[tokio::test(start_paused = true)]
async fn a_token_is_reviewed_for_the_namespaces_audience_and_remembered_for_seconds() {
    let server = Arc::new(Server::default());
    let reviewer = reviewer(&server);
    let identity = reviewer.authenticate("good").await.unwrap();
    assert_eq!((identity.user.as_str(), identity.uid.as_deref()), ("ada", Some("7")));
    assert_eq!(identity.groups, ["people"]);
    assert_eq!(identity.extra["k"], ["v"]);
    assert_eq!(server.last.lock().unwrap()["spec"]["audiences"], json!(["troupe:team"]));
    reviewer.authenticate("good").await.unwrap();
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(6)).await;
    reviewer.authenticate("good").await.unwrap();
    assert_eq!(server.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_unknown() {
    let server = Arc::new(Server::default());
    let reviewer = reviewer(&server);
    let long = "x".repeat(20_000);
    for token in ["bad", "blind", "", "two words", long.as_str()] {
        let denied = reviewer.authenticate(token).await.unwrap_err();
        assert!(matches!(&denied, Denied::Unknown { audience, .. } if audience == "troupe:team"), "{denied}");
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 2, "what cannot be a token is not sent on");
}

#[tokio::test]
async fn tokens_for_other_audiences_are_good_where_they_are_named() {
    let server = Arc::new(Server::default());
    let reviewer = reviewer(&server);
    let others = ["https://elsewhere".to_owned()];
    assert_eq!(reviewer.authenticate_for("elsewhere", &others).await.unwrap().user, "grace");
    assert_eq!(server.last.lock().unwrap()["spec"]["audiences"], json!(["troupe:team", "https://elsewhere"]));
    assert_eq!(reviewer.authenticate("elsewhere").await.unwrap_err(), reviewer.unknown());
}

#[tokio::test]
async fn a_right_is_reviewed_by_name_and_its_lack_is_told() {
    let server = Arc::new(Server::default());
    let reviewer = reviewer(&server);
    reviewer.review(&ada(), &Access::invoke("agents", "helper")).await.unwrap();
    let spec = server.last.lock().unwrap()["spec"]["resourceAttributes"].clone();
    let wanted = json!({"namespace": "team", "verb": "create", "group": "troupe.dev", "resource": "agents",
        "subresource": "invoke", "name": "helper"});
    assert_eq!(spec, wanted);
    let denied = reviewer.review(&ada(), &Access::invoke("agents", "other")).await.unwrap_err();
    let told = r#""ada" may not create agents/invoke "other" of troupe.dev in namespace "team": a Role that allows it is missing"#;
    assert_eq!(denied.to_string(), told);
}

#[tokio::test(start_paused = true)]
async fn while_the_api_server_is_away_what_it_said_counts_for_a_while() {
    let server = Arc::new(Server::default());
    let reviewer = reviewer(&server);
    let identity = reviewer.authenticate("good").await.unwrap();
    server.away.store(true, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(reviewer.authenticate("good").await.unwrap(), identity);
    assert_eq!(reviewer.authenticate("another").await.unwrap_err(), Denied::Unavailable);
    let access = Access::invoke("agents", "helper");
    assert_eq!(reviewer.review(&ada(), &access).await.unwrap_err(), Denied::Unavailable);
}
