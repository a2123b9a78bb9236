//! What the engine pins of resources.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use troupe_catalog::{Catalog, ResolveError};
use troupe_core::agent::AgentSnapshot;
use troupe_core::model::{ConfigValue, SecretRef, Trust};
use troupe_core::port::ModelDirectory;
use troupe_core::tool::{Approval, HttpTool, OnInterrupted, ToolKind};

use crate::folder::{MODEL, Servers, Setting, agent};

/// A document of a kind, its spec in flow style.
fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("---\napiVersion: troupe.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

async fn opened(documents: &[String]) -> (Setting, Catalog) {
    let setting = Setting::with(&format!("{MODEL}{}", documents.concat()));
    let catalog = setting.open_first().await;
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
    (setting, catalog)
}

/// The agent `one` as a run would pin it.
async fn resolved(catalog: &Catalog, servers: &Servers) -> Result<Arc<AgentSnapshot>, ResolveError> {
    let pinned = catalog.view().resolve_agent("one", None, servers).await?;
    Ok(Arc::clone(pinned.snapshot.agent().unwrap()))
}

fn names(agent: &AgentSnapshot) -> Vec<&str> {
    agent.tools.iter().map(|tool| tool.spec.name.as_str()).collect()
}

fn http(agent: &AgentSnapshot, index: usize) -> &HttpTool {
    match &agent.tools[index].kind {
        ToolKind::Http(tool) => tool,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_model_is_pinned_with_what_a_call_needs() {
    let spec = "{protocol: Anthropic, baseUrl: 'https://api.example.com/v1/', model: m, kind: VLM, \
                apiKey: {secretKeyRef: {name: keys, key: k}}, headers: [{name: x, value: y}], \
                parameters: {temperature: 0.5}, timeout: 90s, retry: {maxAttempts: 5}, \
                pricing: {inputPerMillion: \"0.25\", outputPerMillion: \"1.5\"}, limits: {maxConcurrent: 2}}";
    let (_setting, catalog) = opened(&[document("Model", "big", spec)]).await;
    let models = catalog.models("big").unwrap();
    let model = &models[0];
    assert_eq!(model.base_url, "https://api.example.com/v1");
    assert_eq!(model.trust, Trust::Literal);
    assert!(model.multimodal);
    assert_eq!(model.api_key, Some(SecretRef::Key { name: "keys".into(), key: "k".into() }));
    assert_eq!((model.timeout_ms, model.first_token_timeout_ms), (Some(90_000), Some(120_000)));
    assert_eq!((model.max_attempts, model.initial_backoff_ms), (5, 500));
    let pricing = model.pricing.as_ref().unwrap();
    assert_eq!(
        (pricing.input, pricing.cached_input, pricing.cache_write, pricing.output),
        (250_000, 250_000, 250_000, 1_500_000)
    );
    assert_eq!(pricing.currency, "USD");
    assert!(catalog.models("none").is_none());
}

#[tokio::test]
async fn fallbacks_follow_in_order_and_circles_end() {
    let model = |name: &str, fallbacks: &str| {
        document(
            "Model",
            name,
            &format!("{{protocol: OpenAI, baseUrl: 'http://localhost:9', model: m, fallbacks: {fallbacks}}}"),
        )
    };
    let (_setting, catalog) = opened(&[
        model("a", "[{name: b}, {name: d}]"),
        model("b", "[{name: c}]"),
        model("c", "[{name: a}]"),
        model("d", "[]"),
    ])
    .await;
    let names: Vec<_> = catalog.models("a").unwrap().iter().map(|model| model.name.clone()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn an_agent_is_pinned_with_defaults_of_the_runtime_filled_in() {
    let runtime = "{defaults: {modelRef: {name: small}, summaryModelRef: {name: small}, limits: {maxToolRounds: 7, timeout: 1m}, \
                   context: {keepTurns: 4}, tools: [{builtin: Fetch}]}}";
    let (_setting, catalog) = opened(&[
        document("Runtime", "default", runtime),
        document(
            "Agent",
            "one",
            "{limits: {maxToolRounds: 3, maxCost: \"0.5\"}, context: {memoryConfidence: \"0.85\"}}",
        ),
    ])
    .await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    assert_eq!(agent.models[0].name, "small");
    assert_eq!(names(&agent), ["fetch"]);
    assert_eq!((agent.limits.max_tool_rounds, agent.limits.timeout_ms), (3, Some(60_000)));
    assert_eq!((agent.limits.max_cost, agent.limits.parallel_tool_calls), (Some(500_000), 8));
    assert_eq!((agent.context.keep_turns, agent.context.max_tokens, agent.context.memory_confidence), (4, 65_536, 850));
    assert_eq!(agent.context.summary_model.as_ref().unwrap().name, "small");
    assert_eq!(agent.max_depth, 3);
}

#[tokio::test]
async fn an_agent_without_a_model_says_what_to_set() {
    let (_setting, catalog) = opened(&[document("Agent", "one", "{description: x}")]).await;
    let error = resolved(&catalog, &Servers::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "agent \"one\" names no model: set spec.modelRef, or spec.defaults.modelRef of the Runtime"
    );
}

#[tokio::test]
async fn parameters_merge_over_the_models() {
    let model = "{protocol: OpenAI, baseUrl: 'http://localhost:9', model: m, parameters: {a: 1, b: {c: 1}}}";
    let (_setting, catalog) = opened(&[
        document("Model", "big", model),
        document("Agent", "one", "{modelRef: {name: big}, parameters: {b: {d: 2}, e: 3}}"),
    ])
    .await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    assert_eq!(json!(agent.parameters), json!({"a": 1, "b": {"d": 2}, "e": 3}));
}

#[tokio::test]
async fn the_system_prompt_has_the_template_then_role_goal_and_persona() {
    let template =
        "{engine: Jinja, content: 'Hi {{ who }}{% include \"rest\" %}', variables: [{name: who, default: you}]}";
    let spec = "{modelRef: {name: small}, role: Guide, goal: Help, persona: Calm, \
                systemPrompt: {text: unused, templateRef: {name: hello, arguments: {who: Ann}}}}";
    let (_setting, catalog) = opened(&[
        document("PromptTemplate", "hello", template),
        document("PromptTemplate", "rest", "{content: '!'}"),
        document("Agent", "one", spec),
    ])
    .await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    assert_eq!(agent.system, "Hi Ann!\n\n# Role\nGuide\n\n# Goal\nHelp\n\n# Persona\nCalm");
    assert_eq!(catalog.view().render_prompt("hello", &serde_json::Map::new()).unwrap(), "Hi you!");
}

#[tokio::test]
async fn a_missing_required_argument_is_an_error_that_names_it() {
    let template = "{content: '{{who}}', variables: [{name: who, required: true}]}";
    let (_setting, catalog) = opened(&[document("PromptTemplate", "hello", template)]).await;
    let error = catalog.view().render_prompt("hello", &serde_json::Map::new()).unwrap_err();
    assert_eq!(error.to_string(), "prompt template \"hello\": argument \"who\" is missing");
}

#[tokio::test]
async fn sub_agents_are_pinned_with_theirs_in_circles_too() {
    let calls = |name: &str, spec: &str| document("Agent", name, &format!("{{modelRef: {{name: small}}, {spec}}}"));
    let (_setting, catalog) = opened(&[
        calls("one", "description: First, tools: [{agent: {name: two}, approval: Always}], delegation: {agents: [{name: two}, {name: three}], maxDepth: 5}"),
        calls("two", "description: Second, tools: [{agent: {name: one}}]"),
        calls("three", "goal: Third"),
    ])
    .await;
    let pinned = catalog.view().resolve_agent("one", None, &Servers::default()).await.unwrap();
    assert_eq!(pinned.snapshot.agents.keys().collect::<Vec<_>>(), ["one", "three", "two"]);
    let one = pinned.snapshot.agent().unwrap();
    assert_eq!(names(one), ["two", "three"]);
    assert_eq!((one.tools[0].approval, one.max_depth), (Approval::Always, 5));
    assert_eq!((one.tools[0].spec.description.as_str(), one.tools[1].spec.description.as_str()), ("Second", "Third"));
    assert_eq!(pinned.hash, troupe_core::id::ContentHash::of(pinned.body.as_bytes()));
}

const SERVER: &str =
    "{stdio: {command: serve}, toolFilter: {include: ['get_*', set], exclude: [get_secret], rename: {set: put}}}";

#[tokio::test]
async fn a_servers_tools_are_filtered_renamed_and_chosen() {
    let servers = Servers::with("files", &["get_a", "get_b", "get_secret", "set", "other"]);
    let (_setting, catalog) = opened(&[
        document("McpServer", "files", SERVER),
        document(
            "Agent",
            "one",
            "{modelRef: {name: small}, tools: [{mcpServer: {name: files}, tools: [put, get_a], onInterrupted: Ask}]}",
        ),
    ])
    .await;
    let agent = resolved(&catalog, &servers).await.unwrap();
    assert_eq!(names(&agent), ["put", "get_a"]);
    assert_eq!((agent.tools[0].id.as_str(), agent.tools[0].on_interrupted), ("mcp-files-set", OnInterrupted::Ask));
    let ToolKind::Mcp(tool) = &agent.tools[0].kind else { panic!() };
    assert_eq!((tool.tool.as_str(), tool.server.timeout_ms), ("set", Some(60_000)));
    let all = catalog.view().server_tools("files", &servers).await.unwrap();
    assert_eq!(all.iter().map(|tool| tool.spec.name.as_str()).collect::<Vec<_>>(), ["get_a", "get_b", "put"]);
}

#[tokio::test]
async fn what_a_server_does_not_offer_is_an_error_that_names_it() {
    let servers = Servers::with("files", &["get_a", "get_secret"]);
    let (_setting, catalog) = opened(&[
        document("McpServer", "files", SERVER),
        document("McpServer", "down", "{http: {url: 'http://localhost:9/mcp'}}"),
        document("Agent", "one", "{modelRef: {name: small}, tools: [{mcpServer: {name: files}, tools: [get_secret]}]}"),
        document("Agent", "two", "{modelRef: {name: small}, tools: [{mcpServer: {name: down}}]}"),
    ])
    .await;
    let error = resolved(&catalog, &servers).await.unwrap_err().to_string();
    assert!(error.starts_with("MCP server \"files\" offers no tool \"get_secret\""), "{error}");
    let error = catalog.view().resolve_agent("two", None, &servers).await.unwrap_err().to_string();
    assert_eq!(error, "cannot list the tools of MCP server \"down\": connection refused");
}

#[tokio::test]
async fn two_tools_of_one_name_are_an_error_that_names_both() {
    let servers = Servers::with("files", &["fetch"]);
    let (_setting, catalog) = opened(&[
        document("McpServer", "files", "{stdio: {command: serve}}"),
        document("Agent", "one", "{modelRef: {name: small}, tools: [{builtin: Fetch}, {mcpServer: {name: files}}]}"),
    ])
    .await;
    let error = resolved(&catalog, &servers).await.unwrap_err().to_string();
    assert!(error.contains("two tools named \"fetch\", built-in Fetch and McpServer \"files\""), "{error}");
}

#[tokio::test]
async fn an_agent_is_resolved_once_until_the_view_or_a_servers_tools_change() {
    let servers = Servers::with("files", &["get_a"]);
    let (setting, catalog) = opened(&[
        document("McpServer", "files", "{stdio: {command: serve}}"),
        document("Agent", "one", "{modelRef: {name: small}, tools: [{mcpServer: {name: files}}]}"),
    ])
    .await;
    let first = catalog.view().resolve_agent("one", None, &servers).await.unwrap();
    let second = catalog.view().resolve_agent("one", None, &servers).await.unwrap();
    assert!(Arc::ptr_eq(&first.snapshot, &second.snapshot));
    assert_eq!(servers.asked.load(Ordering::SeqCst), 1);
    servers.set("files", &["get_a", "get_b"]);
    assert_eq!(names(&resolved(&catalog, &servers).await.unwrap()), ["get_a", "get_b"]);
    setting.write("first/other.yaml", &agent("other", "Other"));
    catalog.reload().await;
    resolved(&catalog, &servers).await.unwrap();
    assert_eq!(servers.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn another_revision_is_resolved_on_demand() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    let catalog = setting.open_first().await;
    let servers = Servers::default();
    let first = resolved(&catalog, &servers).await.unwrap().revision.clone();
    setting.write("first/all.yaml", &format!("{MODEL}{}", agent("one", "Second")));
    catalog.reload().await;
    catalog.flush().await;
    let pinned = catalog.view().resolve_agent("one", Some(&first), &servers).await.unwrap();
    assert_eq!(pinned.snapshot.agent().unwrap().description, "First");
    assert_eq!(resolved(&catalog, &servers).await.unwrap().description, "Second");
    let error = catalog.view().resolve_agent("one", Some("nope"), &servers).await.unwrap_err();
    assert_eq!(error.to_string(), "Agent \"one\" has no revision \"nope\"");
}

const WEATHER: &str = "{description: Weather, parameters: {type: object, properties: {city: {type: string}, unit: {type: string}}, required: [city, unit]}, \
    hiddenArguments: [{name: unit, value: C}, {name: token, secretKeyRef: {name: keys, key: t}}], \
    http: {baseUrl: 'https://api.example.com/v1', path: '/{{city}}', query: {a: b}, headers: [{name: X-Key, secretKeyRef: {name: keys, key: k}}, {name: x-plain, value: p}]}}";

#[tokio::test]
async fn an_http_tool_is_pinned_with_the_host_of_its_secrets() {
    let (_setting, catalog) = opened(&[
        document("Tool", "weather", WEATHER),
        document("Agent", "one", "{modelRef: {name: small}, tools: [{tool: {name: weather}}]}"),
    ])
    .await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    let request = http(&agent, 0);
    assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", "https://api.example.com/v1/{{city}}"));
    assert_eq!((request.secret_host.as_deref(), request.trust), (Some("api.example.com"), Trust::Literal));
    let tool = &agent.tools[0];
    assert!(tool.read_only && tool.idempotent);
    assert_eq!(tool.spec.parameters["required"], json!(["city"]), "hidden arguments are invisible");
    assert!(tool.spec.parameters["properties"].get("unit").is_none());
    assert_eq!((tool.hidden_arguments.len(), tool.timeout_ms), (2, Some(60_000)));
}

#[tokio::test]
async fn overrides_change_the_request_and_take_no_secret_along() {
    let entry = |overrides: &str| {
        document(
            "Agent",
            "one",
            &format!("{{modelRef: {{name: small}}, tools: [{{tool: {{name: weather}}, overrides: {overrides}}}]}}"),
        )
    };
    let (_setting, catalog) = opened(&[
        document("Tool", "weather", WEATHER),
        entry("{baseUrl: 'https://other.example.com', headers: [{name: X-Plain, value: q}], query: {a: c, d: e}}"),
    ])
    .await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    let request = http(&agent, 0);
    assert_eq!((request.url.as_str(), request.secret_host.as_deref()), ("https://other.example.com/{{city}}", None));
    let plain = |value: &ConfigValue| matches!(value, ConfigValue::Plain(_));
    assert!(request.headers.iter().all(|header| plain(&header.value)), "{:?}", request.headers);
    assert_eq!(request.headers.len(), 1);
    assert_eq!(request.query.len(), 2);
    assert_eq!(agent.tools[0].hidden_arguments.len(), 1, "the secret argument stays behind");

    let (_setting, catalog) =
        opened(&[document("Tool", "weather", WEATHER), entry("{baseUrl: 'https://api.example.com/v2'}")]).await;
    let agent = resolved(&catalog, &Servers::default()).await.unwrap();
    assert_eq!(http(&agent, 0).secret_host.as_deref(), Some("api.example.com"));
    assert_eq!(agent.tools[0].hidden_arguments.len(), 2);
}

#[tokio::test]
async fn templates_skills_functions_and_configured_built_ins_are_pinned() {
    let skill = "{skill: {source: {inline: {files: {SKILL.md: \"---\\nname: pdf\\ndescription: Reads PDFs.\\n---\\nSteps\\n\"}}}}}";
    let (setting, catalog) = opened(&[
        document("PromptTemplate", "hello", "{content: 'Hi {{name}}'}"),
        document("Tool", "greet", "{description: Greets, template: {promptTemplateRef: {name: hello}}}"),
        document("Tool", "pdf", skill),
        document("Tool", "code", "{description: Runs, function: {path: code.py, entrypoint: main}}"),
        document("Tool", "shell", "{toolName: sh, description: Mine, timeout: 5s, approval: WhenDestructive, builtin: {type: Bash, network: Allowed}}"),
    ])
    .await;
    setting.write("workspace/code.py", "def main(): pass\n");
    let (view, servers) = (catalog.view(), Servers::default());
    let greet = view.resolve_tool("greet", &servers).await.unwrap();
    assert_eq!(greet.spec.parameters["properties"]["name"]["type"], "string");
    assert!(matches!(&greet.kind, ToolKind::Template(template) if template.text == "Hi {{name}}"));
    let pdf = view.resolve_tool("pdf", &servers).await.unwrap();
    let ToolKind::Skill(skill) = &pdf.kind else { panic!() };
    assert_eq!(
        (skill.name.as_str(), skill.body.as_deref(), pdf.spec.description.as_str()),
        ("pdf", Some("Steps\n"), "Reads PDFs.")
    );
    let code = view.resolve_tool("code", &servers).await.unwrap();
    assert!(matches!(&code.kind, ToolKind::Function(function) if function.source == "def main(): pass\n"));
    let shell = view.resolve_tool("sh", &servers).await.unwrap();
    assert_eq!((shell.id.as_str(), shell.spec.name.as_str(), shell.timeout_ms), ("shell", "sh", Some(5_000)));
    assert!(shell.needs_approval(), "a shell may destroy");
    assert!(matches!(shell.kind, ToolKind::Bash { network: true }));
}

#[tokio::test]
async fn a_tool_is_found_by_whatever_a_client_calls_it() {
    let servers = Servers::with("files", &["get_a"]);
    let (_setting, catalog) = opened(&[
        document("McpServer", "files", "{stdio: {command: serve}}"),
        document("Tool", "mine", "{mcp: {server: {name: files}, tool: get_a}, hiddenArguments: [{name: b, value: 1}]}"),
    ])
    .await;
    let view = catalog.view();
    for (asked, id) in
        [("mine", "mine"), ("bash", "bash"), ("mcp-files-get_a", "mcp-files-get_a"), ("get_a", "mcp-files-get_a")]
    {
        assert_eq!(view.resolve_tool(asked, &servers).await.unwrap().id, id);
    }
    let mine = view.resolve_tool("mine", &servers).await.unwrap();
    assert_eq!((mine.spec.name.as_str(), mine.spec.description.as_str()), ("mine", "Does get_a."));
    assert_eq!(mine.spec.parameters["required"], json!(["a"]));
    assert!(matches!(view.resolve_tool("nope", &servers).await, Err(ResolveError::NoTool(_))));
}

#[tokio::test]
async fn delegate_beside_other_tools_shows_alone_and_leaves_room_for_their_list() {
    let servers = Servers::with("files", &["get_a", "get_b"]);
    let (_setting, catalog) = opened(&[
        document("McpServer", "files", "{stdio: {command: serve}}"),
        document("PromptTemplate", "plan", "{engine: Jinja, content: \"Use:\\n\\n{{ TOOLS }}\"}"),
        document("Agent", "one", "{modelRef: {name: small}, systemPrompt: {templateRef: {name: plan}}, tools: [{builtin: Delegate}, {mcpServer: {name: files}}, {builtin: Fetch}]}"),
    ])
    .await;
    let agent = resolved(&catalog, &servers).await.unwrap();
    assert!(agent.delegate_only);
    // The engine puts the table there, since only a run knows its tools.
    assert_eq!(agent.system, "Use:\n\n{{TOOLS}}");
}
