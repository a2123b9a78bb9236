//! S1-91, against loopback.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Redirect;
use axum::routing::{any, get};
use serde_json::json;
use troupe_core::tool::builtin;

use super::place::{Place, serve};

async fn server() -> String {
    let echo = |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let extra = head.headers.get("x-extra").map(|value| value.to_str().unwrap().to_owned());
        format!("{} {} {extra:?} {}", head.method, head.uri, String::from_utf8_lossy(&body))
    };
    serve(
        Router::new()
            .route("/echo", any(echo))
            .route("/gone", get(|| async { (StatusCode::NOT_FOUND, "no such page") }))
            .route(
                "/latin",
                get(|| async { ([(CONTENT_TYPE, "text/plain; charset=iso-8859-1")], b"caf\xe9".to_vec()) }),
            )
            .route("/image", get(|| async { ([(CONTENT_TYPE, "image/png")], vec![0_u8; 100]) }))
            .route("/long", get(|| async { "é".repeat(1000) }))
            .route("/private", get(|| async { Redirect::temporary("http://10.1.2.3/") }))
            .route("/never", get(std::future::pending::<()>)),
    )
    .await
}

#[tokio::test]
async fn method_body_and_headers_are_sent_and_the_answer_is_text() {
    let (place, host) = (Place::new(), server().await);
    let arguments = json!({"url": format!("http://{host}/echo?q=1"), "method": "post", "body": "hi", "headers": "{\"X-Extra\": \"yes\"}"});
    assert_eq!(place.call(&builtin::fetch(), arguments).await.content, "POST /echo?q=1 Some(\"yes\") hi");
    let arguments =
        json!({"url": format!("http://{host}/echo"), "method": "PUT", "body": {"a": 1}, "headers": {"X-Extra": "two"}});
    assert_eq!(place.call(&builtin::fetch(), arguments).await.content, "PUT /echo Some(\"two\") {\"a\":1}");
}

#[tokio::test]
async fn an_error_status_is_told_as_text() {
    let (place, host) = (Place::new(), server().await);
    let result = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/gone")})).await;
    assert_eq!((result.content.as_str(), result.is_error), ("HTTP 404 Not Found\nno such page", false));
}

#[tokio::test]
async fn encodings_are_read_and_binary_content_is_described() {
    let (place, host) = (Place::new(), server().await);
    let latin = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/latin")})).await;
    assert_eq!(latin.content, "café");
    let image = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/image")})).await;
    assert_eq!(image.content, "Binary content (image/png, 100 bytes)");
}

#[tokio::test]
async fn a_long_answer_is_cut_to_the_configured_characters() {
    let place = Place::with(&["127.0.0.0/8"], |settings| settings.fetch_max_size = 100);
    let host = server().await;
    let result = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/long")})).await;
    assert_eq!(result.content.chars().count(), 100);
    assert!(result.content.ends_with("(the rest was cut)"));
}

#[tokio::test]
async fn private_addresses_are_refused_at_once_and_behind_a_redirect() {
    let host = server().await;
    let place = Place::with(&[], |_| {});
    let result = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/echo")})).await;
    assert!(result.is_error && result.content.contains("refused to connect"), "{}", result.content);
    let place = Place::new();
    let result = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/private")})).await;
    assert!(result.is_error && result.content.contains("refused to connect"), "{}", result.content);
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let place = Place::new();
    for (arguments, name) in [
        (json!({}), "url"),
        (json!({"url": "no url"}), "url"),
        (json!({"url": "http://127.0.0.1:9/", "method": "A B"}), "method"),
        (json!({"url": "http://127.0.0.1:9/", "headers": "nope"}), "headers"),
        (json!({"url": "http://127.0.0.1:9/", "headers": {"a": "x\ny"}}), "headers"),
    ] {
        let result = place.call(&builtin::fetch(), arguments).await;
        assert!(result.content.starts_with(&format!("Error: the argument \"{name}\"")), "{}", result.content);
    }
    let result = place.call(&builtin::fetch(), json!({"url": "file:///etc/passwd"})).await;
    assert!(result.is_error && result.content.contains("file"), "{}", result.content);
}

#[tokio::test]
async fn cancelling_ends_the_wait() {
    let (place, host) = (Place::new(), server().await);
    place.context.cancel.cancel();
    let result = place.call(&builtin::fetch(), json!({"url": format!("http://{host}/never")})).await;
    assert_eq!(result.content, "Error: the call was cancelled");
}
