//! The description of the HTTP API, OpenAPI 3.1, made from the handlers: each file of them has a `Paths`.

use utoipa::OpenApi as Described;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use super::handler;

/// What the handlers' descriptions share.
#[derive(Described)]
#[openapi(
    info(title = "Troupe", description = "AI agents as resources: runs, sessions, inference."),
    tags(
        (name = "inference", description = "Ask agents and models"),
        (name = "runs", description = "Runs as data: start, follow, answer, cancel"),
        (name = "platform", description = "The service itself"),
    )
)]
struct Shared;

/// What each file of handlers says of its routes. A new one adds its `Paths` here.
fn parts() -> Vec<(&'static str, OpenApi)> {
    vec![
        ("agents", handler::agents::Paths::openapi()),
        ("chat", handler::chat::Paths::openapi()),
        ("env", handler::env::Paths::openapi()),
        ("inference", handler::infer::Paths::openapi()),
        ("resources", handler::manifest::Paths::openapi()),
        ("mcp_servers", handler::mcp_servers::Paths::openapi()),
        ("models", handler::models::Paths::openapi()),
        ("openai_models", handler::openai_models::Paths::openapi()),
        ("description", handler::openapi::Paths::openapi()),
        ("platform", handler::platform::Paths::openapi()),
        ("runs", handler::runs::Paths::openapi()),
        ("sessions", handler::sessions::Paths::openapi()),
        ("setup", handler::setup::Paths::openapi()),
        ("templates", handler::templates::Paths::openapi()),
        ("tools", handler::tools::Paths::openapi()),
        ("runs", handler::usage::Paths::openapi()),
        ("workspace", handler::workspace::Paths::openapi()),
        ("workspace", handler::workspace::content::Paths::openapi()),
        ("uploads", handler::workspace::upload::Paths::openapi()),
    ]
}

/// The whole description.
pub fn description() -> OpenApi {
    let mut whole = Shared::openapi();
    for (name, mut part) in parts() {
        operations(&mut part).for_each(|operation| complete(operation, name));
        whole.merge(part);
    }
    tell_of_tokens(&mut whole);
    whole
}

/// The paths that are answered without a token.
pub const OPEN: [&str; 3] = ["/healthz", "/readyz", "/v1/openapi.json"];

/// A token goes with every request, where the service was started with one.
fn tell_of_tokens(whole: &mut OpenApi) {
    const NAME: &str = "token";
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The service's token, where it was started with one"))
        .build();
    whole.components.get_or_insert_default().add_security_scheme(NAME, SecurityScheme::Http(scheme));
    let no_scopes: [&str; 0] = [];
    whole.security = Some(vec![SecurityRequirement::default(), SecurityRequirement::new(NAME, no_scopes)]);
    for path in OPEN {
        let Some(item) = whole.paths.paths.get_mut(path) else { continue };
        of_path(item).for_each(|operation| operation.security = Some(Vec::new()));
    }
}

fn of_path(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn operations(part: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    part.paths.paths.values_mut().flat_map(of_path)
}

/// Says of an operation what holds for all of them: a name that no other has, a token where the service wants one, and
/// the problems that any request may meet.
fn complete(operation: &mut Operation, part: &str) {
    let name = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{part}_{name}"));
    let responses = &mut operation.responses.responses;
    for (status, description) in [("4XX", "Why not"), ("5XX", "The service failed, or stops")] {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
    }
    for response in responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        if response.content.get(JSON).is_some_and(is_problem)
            && let Some(content) = response.content.shift_remove(JSON)
        {
            response.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
}

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

fn problem(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build()
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else { return false };
    matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/ProblemBody"))
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
