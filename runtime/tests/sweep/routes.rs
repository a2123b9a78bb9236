//! The description against the routes themselves: each has what the other has.

use std::collections::BTreeSet;
use std::path::Path;

use crate::document::Document;
use crate::scripted::answer;
use crate::{filled, method, service};

type Routes = BTreeSet<(String, String)>;

/// What takes a handler, and its method; `deletion` is `delete` where a handler has that name.
const METHODS: [(&str, &str); 6] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("deletion", "DELETE"),
    ("patch", "PATCH"),
];

/// Every path and method that is given to a router in a file of handlers.
fn routed(text: &str, routes: &mut Routes) {
    for part in text.split(".route(").skip(1) {
        let Some((path, rest)) = part.split_once('"').and_then(|(_, rest)| rest.split_once('"')) else { continue };
        // The methods end where the call of `route` does.
        let mut depth = 1;
        let end = rest.find(|letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth == 0
        });
        let handlers = &rest[..end.unwrap()];
        for (taker, method) in METHODS {
            let called = |(place, _): (usize, &str)| {
                let before = handlers[..place].chars().next_back();
                !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            };
            if handlers.match_indices(&format!("{taker}(")).any(called) {
                routes.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
}

fn of_folder(folder: &Path, routes: &mut Routes) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            of_folder(&path, routes);
        } else {
            routed(&std::fs::read_to_string(&path).unwrap(), routes);
        }
    }
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    let mut routes = Routes::new();
    of_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut routes);
    assert!(routes.len() > 40, "{routes:#?}");
    let described: Routes =
        Document::read().operations().into_iter().map(|operation| (operation.method, operation.path)).collect();
    let undescribed: Vec<_> = routes.difference(&described).collect();
    let unrouted: Vec<_> = described.difference(&routes).collect();
    assert!(undescribed.is_empty() && unrouted.is_empty(), "undescribed {undescribed:?}, unrouted {unrouted:?}");
}

#[tokio::test]
async fn every_operation_of_the_description_is_served() {
    let (service, places) = service().await;
    for operation in Document::read().operations() {
        let response = service.request(method(&operation), &filled(&operation, &places)).send().await.unwrap();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        assert_ne!(response.status(), 405, "{}", operation.id);
        if response.status() == 404 && kind.contains("json") {
            let (_, body) = answer(response).await;
            assert!(!body.to_string().contains("GET /v1/openapi.json"), "{}: {body}", operation.id);
        }
    }
}

#[test]
fn all_that_is_not_open_to_everyone_may_want_a_token() {
    let Document(document) = Document::read();
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(document["security"], serde_json::json!([{}, {"token": []}]));
    let open = |path: &str| document["paths"][path]["get"]["security"] == serde_json::json!([]);
    assert!(open("/healthz") && open("/readyz") && open("/v1/openapi.json") && !open("/v1/runs"));
}
