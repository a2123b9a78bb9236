//! The description of the HTTP API, OpenAPI 3.1, made from the handlers: each file of them has a `Paths`.

use utoipa::OpenApi;

use super::handler;

/// What the handlers' descriptions share.
#[derive(OpenApi)]
#[openapi(
    info(title = "Troupe", description = "AI agents as resources: runs, sessions, inference."),
    tags(
        (name = "inference", description = "Ask agents and models"),
        (name = "runs", description = "Runs as data: start, follow, answer, cancel"),
        (name = "platform", description = "The service itself"),
    )
)]
struct Shared;

/// The whole description. A new file of handlers adds its `Paths` here.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut whole = Shared::openapi();
    for part in [
        handler::chat::Paths::openapi(),
        handler::infer::Paths::openapi(),
        handler::openapi::Paths::openapi(),
        handler::runs::Paths::openapi(),
        handler::sessions::Paths::openapi(),
    ] {
        whole.merge(part);
    }
    whole
}

/// The description as JSON, as it is committed in `runtime/openapi.json`.
pub fn json() -> String {
    // These types have string keys only; writing them cannot fail.
    let mut text = description().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_the_handlers() {
        let committed = include_str!("../../openapi.json");
        assert!(
            committed == super::json(),
            "runtime/openapi.json is not what the handlers say; run `cargo run -p troupe-runtime --example openapi`"
        );
    }

    #[test]
    fn every_event_of_a_run_is_described_by_itself() {
        let description: serde_json::Value = serde_json::from_str(&super::json()).unwrap();
        assert_eq!(description["openapi"], "3.1.0");
        let events = description["components"]["schemas"]["RunEvent"]["oneOf"].as_array().unwrap();
        assert_eq!(events.len(), 17);
        assert!(events.iter().all(|event| event["description"].is_string()), "{events:#?}");
    }
}
