//! Rules of a Tool.

use std::collections::BTreeMap;

use troupe_crds::{
    JsonObject, ToolSpec,
    tool::{
        BUILTIN_NETWORK, Builtin, FunctionTool, HttpTool, ONE_TYPE, SkillTool, TEMPLATE_SOURCE, TemplateTool, function,
        http, skill,
    },
};

use crate::{
    connection::check_headers,
    reference::{ConfigMapUse, References},
    schema,
    template::{self, check_placeholders},
    violation::Findings,
};

/// Names that a model's tool may have, as the schema's pattern says.
pub fn is_tool_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(inner)
}

/// The name that a model sees: `toolName`, else the object's name.
pub fn model_name<'a>(name: &'a str, spec: &'a ToolSpec) -> &'a str {
    spec.tool_name.as_deref().unwrap_or(name)
}

/// Adds what is wrong with a Tool.
pub fn check(name: &str, spec: &ToolSpec, findings: &mut Findings) {
    findings.require_one(&types(spec).map(|(_, present)| present), "spec", ONE_TYPE);
    if !is_tool_name(model_name(name, spec)) {
        let path = if spec.tool_name.is_some() { "spec.toolName" } else { "metadata.name" };
        findings.add(path, "a model sees 1 to 64 letters, digits, _ and - only: set spec.toolName to such a name");
    }
    if let Some(parameters) = &spec.parameters {
        schema::check_arguments("spec.parameters", parameters, findings);
    }
    if let Some(output) = &spec.output {
        schema::check("spec.output", output, findings);
    }
    check_hidden(spec, findings);
    check_type(spec, findings);
}

/// The type of a tool, such as `http`; none where it has not exactly one.
pub fn type_name(spec: &ToolSpec) -> Option<&'static str> {
    let mut present = types(spec).into_iter().filter(|(_, present)| *present).map(|(name, _)| name);
    present.next().filter(|_| present.next().is_none())
}

fn types(spec: &ToolSpec) -> [(&'static str, bool); 6] {
    [
        ("http", spec.http.is_some()),
        ("mcp", spec.mcp.is_some()),
        ("skill", spec.skill.is_some()),
        ("function", spec.function.is_some()),
        ("template", spec.template.is_some()),
        ("builtin", spec.builtin.is_some()),
    ]
}

fn check_type(spec: &ToolSpec, findings: &mut Findings) {
    if let Some(http) = &spec.http {
        check_http(spec, http, findings);
    }
    if let Some(skill) = &spec.skill {
        check_skill(skill, findings);
    }
    if let Some(function) = &spec.function {
        check_function(function, findings);
    }
    if let Some(template) = &spec.template {
        check_template(spec, template, findings);
    }
    if let Some(builtin) = &spec.builtin {
        let fits = builtin.network.is_none() || builtin.type_ == Builtin::Bash;
        findings.require(fits, "spec.builtin", BUILTIN_NETWORK);
    }
}

fn check_hidden(spec: &ToolSpec, findings: &mut Findings) {
    for (index, argument) in spec.hidden_arguments.iter().enumerate() {
        let path = format!("spec.hiddenArguments[{index}]");
        let present = [argument.value.is_some(), argument.secret_key_ref.is_some()];
        findings.require_one(&present, &path, troupe_crds::cel::VALUE_OR_SECRET);
        if spec.hidden_arguments.iter().take(index).any(|earlier| earlier.name == argument.name) {
            findings.add(format!("{path}.name"), format!("argument {} stands twice: remove one", argument.name));
        }
    }
}

/// The names that placeholders may use; none where arguments may have any name.
fn argument_names(spec: &ToolSpec) -> Option<Vec<&str>> {
    let hidden = spec.hidden_arguments.iter().map(|argument| argument.name.as_str());
    let open = spec.parameters.as_ref().is_some_and(schema::is_open);
    let declared = spec.parameters.as_ref().map(schema::properties).unwrap_or_default();
    (!open).then(|| declared.into_iter().chain(hidden).collect())
}

fn check_http(spec: &ToolSpec, tool: &HttpTool, findings: &mut Findings) {
    findings.require_one(&[tool.url.is_some(), tool.base_url.is_some()], "spec.http", http::ONE_ADDRESS);
    findings.require(tool.path.is_none() || tool.base_url.is_some(), "spec.http", http::PATH_NEEDS_BASE);
    check_headers("spec.http.headers", &tool.headers, findings);
    let addresses = [("spec.http.url", &tool.url), ("spec.http.baseUrl", &tool.base_url)];
    for (path, url) in addresses.into_iter().filter_map(|(path, url)| url.as_ref().map(|url| (path, url))) {
        // An address that starts with a placeholder is known only when the tool is called, and guarded then.
        if !url.starts_with("{{") {
            crate::connection::check_url(path, url, findings);
        }
    }
    if let Some(arguments) = argument_names(spec) {
        for_each_text(tool, &mut |path, text| check_placeholders(path, text, &arguments, findings));
    }
}

/// Every text of a request in which placeholders are replaced, with its path.
fn for_each_text(tool: &HttpTool, visit: &mut dyn FnMut(&str, &str)) {
    let places = [("spec.http.url", &tool.url), ("spec.http.baseUrl", &tool.base_url), ("spec.http.path", &tool.path)];
    for (path, text) in places {
        if let Some(text) = text {
            visit(path, text);
        }
    }
    for (name, value) in &tool.query {
        visit(&format!("spec.http.query.{name}"), value);
    }
    for (index, header) in tool.headers.iter().enumerate() {
        if let Some(value) = &header.value {
            visit(&format!("spec.http.headers[{index}].value"), value);
        }
    }
    if let Some(body) = &tool.body {
        template::texts("spec.http.body", body, visit);
    }
}

fn check_template(spec: &ToolSpec, tool: &TemplateTool, findings: &mut Findings) {
    let present = [tool.text.is_some(), tool.prompt_template_ref.is_some()];
    findings.require_one(&present, "spec.template", TEMPLATE_SOURCE);
    let Some(text) = &tool.text else { return };
    match template::engine(tool.engine).check(text) {
        Err(error) => findings.add("spec.template.text", error.to_string()),
        Ok(names) => {
            let Some(arguments) = argument_names(spec) else { return };
            for name in names.variables.iter().filter(|name| !arguments.contains(&name.as_str())) {
                findings.add("spec.template.text", template::unknown_argument(name, &arguments));
            }
        }
    }
}

fn check_function(tool: &FunctionTool, findings: &mut Findings) {
    let present = [tool.source.is_some(), tool.path.is_some(), tool.config_map_key_ref.is_some()];
    findings.require_one(&present, "spec.function", function::ONE_SOURCE);
    if let Some(path) = &tool.path {
        check_inner_path("spec.function.path", path, findings);
    }
}

/// A path within the workspace: relative, without steps upwards.
fn check_inner_path(path: &str, text: &str, findings: &mut Findings) {
    if text.split(['/', '\\']).any(|step| step == "..") {
        findings.add(path, "the path leaves the workspace: remove the .. steps");
    }
}

fn check_skill(tool: &SkillTool, findings: &mut Findings) {
    let source = &tool.source;
    let present = [source.inline.is_some(), source.config_map_ref.is_some(), source.path.is_some()];
    findings.require_one(&present, "spec.skill.source", skill::ONE_SOURCE);
    if let Some(path) = &source.path {
        check_inner_path("spec.skill.source.path", path, findings);
    }
    if let Some(inline) = &source.inline {
        check_files(&inline.files, findings);
    }
    for (index, step) in tool.steps.iter().enumerate() {
        let path = format!("spec.skill.steps[{index}]");
        findings.require_one(&[step.tool.is_some(), step.inference.is_some()], &path, skill::ONE_STEP);
        if let Some(inference) = &step.inference {
            let present = [inference.prompt.is_some(), inference.template_ref.is_some()];
            findings.require_one(&present, &format!("{path}.inference"), skill::ONE_PROMPT);
        }
    }
}

fn check_files(files: &BTreeMap<String, String>, findings: &mut Findings) {
    let path = "spec.skill.source.inline.files";
    for name in files.keys() {
        let inner = !name.is_empty() && !name.starts_with('/') && !name.contains('\\');
        if !inner || name.split('/').any(|step| matches!(step, "" | "." | "..")) {
            findings.add(format!("{path}.{name}"), "a file's path is relative, with / and without . and .. steps");
        }
    }
    match files.get("SKILL.md").map(|text| front_matter(text)) {
        None => findings.add(path, "a skill has a file SKILL.md: add it"),
        Some(Err(problem)) => findings.add(format!("{path}.SKILL.md"), problem),
        Some(Ok(_)) => {}
    }
}

/// What stands in the front matter of a SKILL.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontMatter {
    /// Name of the skill.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// Reads the front matter of a SKILL.md (S1-101), or says what is missing from it.
pub fn front_matter(text: &str) -> Result<FrontMatter, String> {
    const SHAPE: &str = "start the file with a line ---, then name: and description:, then a line ---";
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let header = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---"));
    let (header, _) = header.ok_or_else(|| format!("there is no front matter: {SHAPE}"))?;
    let fields: JsonObject =
        serde_yaml::from_str(header).map_err(|error| format!("the front matter is no YAML ({error}): {SHAPE}"))?;
    let field = |name: &str| {
        let value = fields.get(name).and_then(|value| value.as_str()).map(str::trim).filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| format!("the front matter has no {name}: {SHAPE}"))
    };
    Ok(FrontMatter { name: field("name")?, description: field("description")? })
}

/// Adds what a Tool refers to.
pub fn references(spec: &ToolSpec, references: &mut References) {
    for (index, argument) in spec.hidden_arguments.iter().enumerate() {
        if let Some(secret) = &argument.secret_key_ref {
            references.secret(format!("spec.hiddenArguments[{index}].secretKeyRef"), secret);
        }
    }
    if let Some(http) = &spec.http {
        references.headers("spec.http.headers", &http.headers);
    }
    if let Some(mcp) = &spec.mcp {
        references.object("spec.mcp.server", &mcp.server);
    }
    if let Some(skill) = &spec.skill {
        skill_references(skill, references);
    }
    if let Some(config_map) = spec.function.as_ref().and_then(|function| function.config_map_key_ref.as_ref()) {
        references.config_map_key("spec.function.configMapKeyRef", config_map);
    }
    let template = spec.template.as_ref().and_then(|template| template.prompt_template_ref.as_ref());
    references.optional("spec.template.promptTemplateRef", template);
}

fn skill_references(skill: &SkillTool, references: &mut References) {
    if let Some(config_map) = &skill.source.config_map_ref {
        let path = "spec.skill.source.configMapRef".to_owned();
        references.config_maps.push(ConfigMapUse { path, name: config_map.name.clone(), key: None });
    }
    for (index, step) in skill.steps.iter().enumerate() {
        let path = format!("spec.skill.steps[{index}]");
        references.optional(format!("{path}.tool.toolRef"), step.tool.as_ref().map(|tool| &tool.tool_ref));
        let Some(inference) = &step.inference else { continue };
        references.optional(format!("{path}.inference.modelRef"), inference.model_ref.as_ref());
        references.optional(format!("{path}.inference.templateRef"), inference.template_ref.as_ref());
    }
}
