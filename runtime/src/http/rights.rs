//! What each route asks of its caller in a cluster: every route of the API has a line here, and one without is closed.
//!
//! Verbs and kinds are Kubernetes' own, so that a Role reads as it does for `kubectl`; objects are named as they are in
//! the cluster, whatever id the path has. Where the line says [`Need::Known`], the answer holds what is the caller's
//! own, or the body decides and the service reviews. What belongs to others takes a right on `sessions`:
//!
//! | verb on `sessions` | of another user |
//! |---|---|
//! | `list` | is in lists, searches, feeds and sums |
//! | `get` | may be read: sessions, their context, runs, events, steps, artifacts |
//! | `update` | may be gone on with: messages, approvals, inputs, titles, drafts, retries |
//! | `delete` | may be ended and removed: sessions, turns, runs that are cancelled, aborted or interrupted |
//!
//! Without `get` it is answered as if it were not there.

use axum::extract::Query;
use axum::http::{Method, Uri};
use serde::Deserialize;
use troupe_crds::Kind;
use troupe_crds::runtime::RUNTIME_NAME;
use troupe_identity::Access;

use crate::app::App;
use crate::service::manifest::kind_of;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing, not even a token.
    Open,
    /// To be known.
    Known,
    /// A verb on a kind as a whole.
    To(&'static str, Kind),
    /// A verb on the object of a kind that the path names.
    On(&'static str, Kind),
    /// `create …/invoke` on the object of a kind that the path names.
    Invoke(Kind),
    /// A verb on the namespace's Runtime.
    Runtime(&'static str),
    /// `list`, or with `watch=true` `watch`, on the kind that the path names.
    Listed,
    /// A verb on the object of the kind that the path names.
    Manifest(&'static str),
    /// `update`, or `create` where there is none yet, on the object of the kind that the path names.
    Applied,
    /// `list` on every kind.
    Findings,
    /// `get` on the model, or the agent of `agent/NAME`, that the path names.
    OpenAiModel,
}

/// What a route asks for; `None` for one that nobody thought of, which is closed.
#[expect(clippy::match_same_arms, reason = "routes that belong together stand together, whatever they ask for")]
pub fn need(method: &Method, path: &str) -> Option<Need> {
    use Kind::{Agent, McpServer, Model, PromptTemplate, Team, Tool, Workflow};
    use Need::{Applied, Findings, Invoke, Known, Listed, Manifest, On, Open, OpenAiModel, Runtime, To};
    // Whoever may read may ask whether there is something to read.
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    Some(match (method, path) {
        ("GET", "/healthz" | "/readyz" | "/v1/openapi.json") => Open,
        ("GET", "/v1/whoami") => Known,

        // The body names an agent, or a model and tools: reviewed when it is read.
        ("POST", "/v1/infer" | "/v1/infer/stream" | "/v1/chat/completions") => Known,
        ("POST", "/v1/infer/abort") => Known,
        ("POST", "/v1/agents/{id}/runs") => Invoke(Agent),
        ("POST", "/v1/teams/{id}/runs") => Invoke(Team),
        ("POST", "/v1/workflows/{id}/runs") => Invoke(Workflow),
        ("POST", "/v1/skills/{id}/runs") => Invoke(Tool),

        // One's own, or by a right on `sessions`: reviewed when it is known whose they are.
        ("GET", "/v1/runs" | "/v1/runs/{id}" | "/v1/runs/{id}/events" | "/v1/runs/{id}/steps") => Known,
        ("GET", "/v1/runs/{id}/artifacts" | "/v1/runs/{id}/artifacts/{hash}" | "/v1/usage") => Known,
        ("POST", "/v1/runs/{id}/cancel" | "/v1/runs/{id}/retry" | "/v1/runs/{id}/dispatch") => Known,
        ("POST", "/v1/runs/{id}/approvals/{call_id}" | "/v1/runs/{id}/input") => Known,
        ("GET", "/v1/sessions" | "/v1/sessions/events" | "/v1/sessions/search") => Known,
        ("GET", "/v1/sessions/{id}" | "/v1/sessions/{id}/context" | "/v1/sessions/{id}/messages") => Known,
        ("POST", "/v1/sessions") | ("PATCH" | "DELETE", "/v1/sessions/{id}") => Known,
        ("POST", "/v1/sessions/{id}/generate-title" | "/v1/sessions/{id}/revoke" | "/v1/sessions/{id}/read") => Known,

        // A body that names what it makes is reviewed when it is read: it may turn out to change what is there.
        ("GET", "/v1/agents") => To("list", Agent),
        ("POST", "/v1/agents") => Known,
        ("GET", "/v1/agents/{id}" | "/v1/agents/{id}/revisions") => On("get", Agent),
        ("PUT", "/v1/agents/{id}") | ("POST", "/v1/agents/{id}/publish") => On("update", Agent),
        ("DELETE", "/v1/agents/{id}") => On("delete", Agent),

        ("GET", "/v1/models") => To("list", Model),
        ("POST", "/v1/models") => Known,
        ("GET", "/v1/models/{id}" | "/v1/models/{owner}/{name}") => OpenAiModel,
        ("PUT", "/v1/models/{id}") => On("update", Model),
        ("DELETE", "/v1/models/{id}") => On("delete", Model),

        ("GET", "/v1/prompt-templates") => To("list", PromptTemplate),
        ("POST", "/v1/prompt-templates") => Known,
        ("GET", "/v1/prompt-templates/{id}") | ("POST", "/v1/prompt-templates/{id}/preview") => {
            On("get", PromptTemplate)
        }
        ("PUT", "/v1/prompt-templates/{id}") => On("update", PromptTemplate),
        ("DELETE", "/v1/prompt-templates/{id}") => On("delete", PromptTemplate),

        ("GET", "/v1/tools") => To("list", Tool),
        ("POST", "/v1/tools" | "/v1/tools/call" | "/v1/tools/mcp" | "/v1/tools/skill") => Known,
        ("DELETE", "/v1/tools/batch") => Known,
        ("PUT", "/v1/tools/{id}") => On("update", Tool),
        ("DELETE", "/v1/tools/{id}") => On("delete", Tool),
        ("GET", "/v1/mcp-servers") => To("list", McpServer),
        ("DELETE", "/v1/mcp-servers/{name}") => On("delete", McpServer),

        ("GET", "/v1/resources/diagnostics" | "/v1/setup") => Findings,
        ("GET", "/v1/resources/{kind}") => Listed,
        ("GET", "/v1/resources/{kind}/{name}") => Manifest("get"),
        // What refers to it is listed as far as the caller may list that.
        ("GET", "/v1/resources/{kind}/{name}/uses") => Manifest("get"),
        ("PUT", "/v1/resources/{kind}/{name}") => Applied,
        ("DELETE", "/v1/resources/{kind}/{name}") => Manifest("delete"),

        // The files of the caller's own workspace.
        ("GET", "/v1/workspace/list" | "/v1/workspace/tree" | "/v1/workspace/children") => Known,
        ("GET", "/v1/workspace/search" | "/v1/workspace/content" | "/v1/workspace/download") => Known,
        ("GET", "/v1/workspace/thumbnail" | "/v1/workspace/uploads") => Known,
        ("POST", "/v1/workspace/rename" | "/v1/workspace/duplicate" | "/v1/workspace/folder") => Known,
        ("DELETE", "/v1/workspace/delete") => Known,
        ("POST", "/v1/workspace/upload/init" | "/v1/workspace/upload/{upload_id}/complete") => Known,
        ("GET" | "DELETE", "/v1/workspace/upload/{upload_id}") => Known,
        ("PUT", "/v1/workspace/upload/{upload_id}/chunk/{chunk_id}") => Known,

        ("GET", "/v1/env") | ("POST", "/v1/env/detect") => Runtime("get"),
        ("POST", "/v1/env") | ("DELETE", "/v1/env/{key}") => Runtime("update"),
        _ => return None,
    })
}

/// Whether a path is served for another method.
pub fn is_known(path: &str) -> bool {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    methods.iter().any(|method| need(method, path).is_some())
}

/// The rights that a need comes to for a request with these values in its path, all of which it takes.
pub fn rights(app: &App, need: Need, values: &[String], uri: &Uri) -> Vec<Access> {
    let first = values.first().map_or("", String::as_str);
    let named = |verb, kind: Kind| Access::to(verb, kind.plural()).named(app.name_for(kind, first));
    match need {
        Need::Open | Need::Known => Vec::new(),
        Need::To(verb, kind) => vec![Access::to(verb, kind.plural())],
        Need::On(verb, kind) => vec![named(verb, kind)],
        Need::Invoke(kind) => vec![Access::invoke(kind.plural(), app.name_for(kind, first))],
        Need::Runtime(verb) => vec![Access::to(verb, Kind::Runtime.plural()).named(RUNTIME_NAME)],
        Need::Findings => Kind::ALL.into_iter().map(|kind| Access::to("list", kind.plural())).collect(),
        Need::OpenAiModel => vec![openai_model(app, &values.join("/"))],
        // A kind that there is not is told so by the handler.
        Need::Listed => kind_of(first).map(|kind| Access::to(list_verb(uri), kind.plural())).into_iter().collect(),
        Need::Manifest(_) | Need::Applied => {
            let Ok(kind) = kind_of(first) else { return Vec::new() };
            let name = values.get(1).map_or("", String::as_str);
            let is_there = || app.catalog.view().find(kind, name).is_some();
            let verb = match need {
                Need::Manifest(verb) => verb,
                _ if is_there() => "update",
                _ => "create",
            };
            vec![Access::to(verb, kind.plural()).named(app.name_for(kind, name))]
        }
    }
}

fn openai_model(app: &App, id: &str) -> Access {
    let view = app.catalog.view();
    let agent = id.strip_prefix("agent/");
    match agent.filter(|agent| view.find(Kind::Agent, agent).is_some() || view.find(Kind::Model, id).is_none()) {
        Some(agent) => Access::to("get", Kind::Agent.plural()).named(app.name_for(Kind::Agent, agent)),
        None => Access::to("get", Kind::Model.plural()).named(app.name_for(Kind::Model, id)),
    }
}

#[derive(Default, Deserialize)]
struct Watch {
    #[serde(default)]
    watch: bool,
}

/// A query that cannot be read is refused by the handler.
fn list_verb(uri: &Uri) -> &'static str {
    match Query::<Watch>::try_from_uri(uri) {
        Ok(Query(Watch { watch: true })) => "watch",
        _ => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_description_says_what_it_asks_for() {
        let description = serde_json::to_value(crate::http::openapi::description()).unwrap();
        let mut routes = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                let method: Method = method.to_uppercase().parse().unwrap();
                assert!(need(&method, path).is_some(), "{method} {path} has no line in http/rights.rs");
                routes += 1;
            }
        }
        assert!(routes > 60, "{routes}");
    }

    #[test]
    fn only_health_and_the_description_are_open() {
        let description = serde_json::to_value(crate::http::openapi::description()).unwrap();
        let paths = description["paths"].as_object().unwrap().keys();
        let open: Vec<_> = paths.filter(|path| need(&Method::GET, path) == Some(Need::Open)).collect();
        assert_eq!(open, ["/healthz", "/readyz", "/v1/openapi.json"]);
    }

    #[test]
    fn a_route_without_a_line_is_closed() {
        assert_eq!(need(&Method::GET, "/v1/new"), None);
        assert_eq!(need(&Method::PATCH, "/v1/agents/{id}"), None);
        assert!(is_known("/v1/agents/{id}") && !is_known("/v1/new"));
        assert_eq!(need(&Method::HEAD, "/v1/agents"), need(&Method::GET, "/v1/agents"));
    }

    #[test]
    fn following_a_list_is_a_right_of_its_own() {
        let verb = |query: &str| list_verb(&format!("/v1/resources/agents{query}").parse().unwrap());
        assert_eq!(
            (verb("?watch=true"), verb("?watch=false"), verb(""), verb("?watch")),
            ("watch", "list", "list", "list")
        );
    }
}
