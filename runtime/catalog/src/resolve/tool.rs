//! Tools: each type of Tool, and finding one by whatever a client calls it.

mod skill;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use troupe_core::tool::{
    Approval, FunctionTool, HiddenArgument, HiddenValue, OnInterrupted, TemplateTool, ToolKind, ToolSnapshot, ToolSpec,
    builtin,
};
use troupe_crds::tool::{self, Builtin, BuiltinTool, Network, TemplateEngine};
use troupe_crds::{Kind, ToolSpec as Spec};
use troupe_language::Engine;

use super::{McpDirectory, ResolveError, http, model, prompt, server, serving_resource};
use crate::view::View;

/// The longest call of an HTTP request or a function, where the Tool says nothing.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Finds a tool; the order is that of [`View::resolve_tool`].
pub(super) async fn by_id(view: &View, mcp: &dyn McpDirectory, id: &str) -> Result<Arc<ToolSnapshot>, ResolveError> {
    if let Some(entry) = view.find(Kind::Tool, id) {
        return named(view, mcp, &entry.name).await.map(Arc::new);
    }
    if let Some(tool) = builtin::named(id) {
        return Ok(Arc::new(tool));
    }
    for entry in view.list(Kind::McpServer) {
        // By the server's name, or by the id that S1's clients know it by.
        let of_server = |server: &str| id.strip_prefix("mcp-")?.strip_prefix(server)?.strip_prefix('-');
        if let Some(tool) = of_server(&entry.name).or_else(|| of_server(&entry.id)) {
            let known = format!("mcp-{}-{tool}", entry.name);
            let mut offered = server::offered(view, mcp, &entry.name).await?.into_iter();
            if let Some(tool) = offered.find(|tool| tool.snapshot.id == known) {
                return Ok(Arc::new(tool.snapshot));
            }
        }
    }
    let by_shown_name = view
        .list(Kind::Tool)
        .find(|entry| view.tool(&entry.name).is_some_and(|spec| spec.tool_name.as_deref() == Some(id)));
    if let Some(entry) = by_shown_name {
        return named(view, mcp, &entry.name).await.map(Arc::new);
    }
    by_discovered_name(view, mcp, id).await.ok_or_else(|| ResolveError::NoTool(id.to_owned()))
}

/// The last resort asks every server; one that cannot answer has no such tool.
async fn by_discovered_name(view: &View, mcp: &dyn McpDirectory, name: &str) -> Option<Arc<ToolSnapshot>> {
    for entry in view.list(Kind::McpServer) {
        let tools = server::offered(view, mcp, &entry.name).await.unwrap_or_default();
        if let Some(tool) = tools.into_iter().find(|tool| tool.snapshot.spec.name == name) {
            return Some(Arc::new(tool.snapshot));
        }
    }
    None
}

/// The Tool of a name.
pub(super) async fn named(view: &View, mcp: &dyn McpDirectory, name: &str) -> Result<ToolSnapshot, ResolveError> {
    let missing = || ResolveError::NotFound { kind: Kind::Tool, name: name.to_owned() };
    let entry = view.get(Kind::Tool, name).ok_or_else(missing)?;
    serving_resource(entry)?;
    let spec = view.tool(name).ok_or_else(missing)?;
    let mut tool = typed(view, mcp, name, spec).await?;
    entry.id.as_ref().clone_into(&mut tool.id);
    common(name, spec, &mut tool);
    Ok(tool)
}

/// What the type of a Tool gives.
async fn typed(view: &View, mcp: &dyn McpDirectory, name: &str, spec: &Spec) -> Result<ToolSnapshot, ResolveError> {
    if let Some(mcp_tool) = &spec.mcp {
        let server = &mcp_tool.server.name;
        let offered = server::offered(view, mcp, server).await?;
        let found = offered.into_iter().find(|offered| offered.listed == mcp_tool.tool);
        return found
            .map(|offered| offered.snapshot)
            .ok_or_else(|| ResolveError::NoServerTool { server: server.clone(), tool: mcp_tool.tool.clone() });
    }
    if let Some(builtin) = &spec.builtin {
        return Ok(built_in(builtin.type_, Some(builtin)));
    }
    if let Some(skill) = &spec.skill {
        return skill::snapshot(name, skill, view);
    }
    if let Some(request) = &spec.http {
        return Ok(http::snapshot(request));
    }
    if let Some(function) = &spec.function {
        let source = match (&function.source, &function.config_map_key_ref, &function.path) {
            (Some(source), _, _) => source.clone(),
            (None, Some(reference), _) => skill::config_map_key(name, reference, &view.config_maps)?,
            (None, None, path) => skill::read(name, path.as_deref().unwrap_or_default(), view)?,
        };
        let kind = FunctionTool {
            language: "Python".to_owned(),
            source,
            entrypoint: function.entrypoint.clone(),
            network: function.network == Network::Allowed,
        };
        return Ok(of_kind(ToolKind::Function(kind), Some(TIMEOUT)));
    }
    template(view, spec)
}

fn template(view: &View, spec: &Spec) -> Result<ToolSnapshot, ResolveError> {
    let template = spec.template.as_ref();
    let reference = template.and_then(|template| template.prompt_template_ref.as_ref());
    let (text, engine) = match (template, reference) {
        (_, Some(reference)) => {
            let missing = || ResolveError::NotFound { kind: Kind::PromptTemplate, name: reference.name.clone() };
            let target = view.prompt_template(&reference.name).ok_or_else(missing)?;
            (target.content.clone(), prompt::engine(target.engine))
        }
        (Some(template), None) => (template.text.clone().unwrap_or_default(), engine(template.engine)),
        (None, None) => (String::new(), Engine::Placeholder),
    };
    let mut tool = of_kind(
        ToolKind::Template(TemplateTool { includes: includes(view, &text, engine), text: text.clone(), engine }),
        None,
    );
    let properties: Map<String, Value> =
        engine.names(&text).into_iter().map(|name| (name, json!({"type": "string"}))).collect();
    tool.spec.parameters = json!({"type": "object", "properties": properties});
    (tool.read_only, tool.idempotent) = (true, true);
    Ok(tool)
}

fn engine(engine: TemplateEngine) -> Engine {
    match engine {
        TemplateEngine::Placeholder => Engine::Placeholder,
        TemplateEngine::Jinja => Engine::Jinja,
        TemplateEngine::Dollar => Engine::Dollar,
    }
}

/// The templates that a text reaches through includes, by name.
fn includes(view: &View, text: &str, engine: Engine) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = engine.check(text).map(|names| names.includes).unwrap_or_default();
    while let Some(name) = waiting.pop() {
        if found.contains_key(&name) {
            continue;
        }
        if let Some(spec) = view.prompt_template(&name) {
            waiting.extend(engine.check(&spec.content).map(|names| names.includes).unwrap_or_default());
            found.insert(name, spec.content.clone());
        }
    }
    found
}

/// A built-in tool, configured or not.
pub(super) fn built_in(builtin: Builtin, configured: Option<&BuiltinTool>) -> ToolSnapshot {
    let network = configured.and_then(|tool| tool.network) == Some(Network::Allowed);
    match builtin {
        Builtin::Bash => builtin::bash(network),
        Builtin::Fetch => builtin::fetch(),
        Builtin::Delegate => builtin::delegate(),
        Builtin::ReadFile => builtin::read_file(),
        Builtin::WriteFile => builtin::write_file(),
        Builtin::SearchFiles => builtin::search_files(),
    }
}

/// A tool of a kind, with nothing said about it yet.
pub(super) fn of_kind(kind: ToolKind, timeout: Option<Duration>) -> ToolSnapshot {
    ToolSnapshot {
        spec: ToolSpec { name: String::new(), description: String::new(), parameters: object_schema(None) },
        id: String::new(),
        output: None,
        kind,
        timeout_ms: timeout.map(|timeout| model::millis(None, timeout)),
        approval: Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: false,
        idempotent: false,
        destructive: false,
        hidden_arguments: Vec::new(),
    }
}

/// What every type of Tool can say.
fn common(name: &str, spec: &Spec, tool: &mut ToolSnapshot) {
    tool.spec.name = server::shown_name(spec.tool_name.as_deref().unwrap_or(name));
    if let Some(description) = &spec.description {
        tool.spec.description.clone_from(description);
    }
    if let Some(parameters) = &spec.parameters {
        tool.spec.parameters = object_schema(Some(parameters.to_value()));
    }
    if let Some(output) = &spec.output {
        tool.output = Some(output.to_value());
    }
    if let Some(timeout) = &spec.timeout {
        tool.timeout_ms = Some(model::millis(Some(timeout), TIMEOUT));
    }
    tool.idempotent |= spec.idempotent;
    tool.hidden_arguments = spec.hidden_arguments.iter().map(hidden_argument).collect();
    for argument in &spec.hidden_arguments {
        hide(&mut tool.spec.parameters, &argument.name);
    }
    decide(tool, Some(spec.approval), Some(spec.on_interrupted));
}

/// Approval and interruption, where they are said.
pub(super) fn decide(
    tool: &mut ToolSnapshot,
    approval: Option<tool::Approval>,
    on_interrupted: Option<tool::OnInterrupted>,
) {
    match approval {
        Some(tool::Approval::Never) => tool.approval = Approval::Never,
        Some(tool::Approval::Always) => tool.approval = Approval::Always,
        Some(tool::Approval::WhenDestructive) => {
            tool.approval = Approval::WhenDestructive;
            // Only an MCP server says what destroys; of everything else that is not read-only it must be assumed.
            tool.destructive |= !tool.read_only && !matches!(tool.kind, ToolKind::Mcp(_));
        }
        None => {}
    }
    if let Some(on_interrupted) = on_interrupted {
        tool.on_interrupted = match on_interrupted {
            tool::OnInterrupted::Auto => OnInterrupted::Auto,
            tool::OnInterrupted::Repeat => OnInterrupted::Repeat,
            tool::OnInterrupted::Report => OnInterrupted::Report,
            tool::OnInterrupted::Ask => OnInterrupted::Ask,
        };
    }
}

fn hidden_argument(argument: &tool::HiddenArgument) -> HiddenArgument {
    let value = match &argument.secret_key_ref {
        Some(reference) => HiddenValue::Secret(model::secret(reference)),
        None => HiddenValue::Fixed(argument.value.as_ref().map(|value| value.0.clone()).unwrap_or_default()),
    };
    HiddenArgument { name: argument.name.clone(), value }
}

/// Takes an argument out of a schema: the model can neither see nor set it.
fn hide(schema: &mut Value, name: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_remove(name);
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|required| required != name);
    }
}

/// A schema of arguments is an object's, whatever a server or a person left out.
pub(super) fn object_schema(schema: Option<Value>) -> Value {
    let Some(Value::Object(mut schema)) = schema else { return json!({"type": "object", "properties": {}}) };
    schema.entry("type").or_insert_with(|| "object".into());
    if schema.get("type").is_some_and(|kind| kind == "object") {
        schema.entry("properties").or_insert_with(|| json!({}));
    }
    Value::Object(schema)
}
