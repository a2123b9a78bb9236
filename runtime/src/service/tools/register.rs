//! Registering and changing tools (S1-79, S1-80, S1-102).

mod source;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, WriteOptions};
use troupe_crds::{Kind, id};

use super::{Found, is_builtin, spec, tool_missing};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::{self, FieldNames, check_id, metadata_for, wrong};
use crate::service::mcp_servers::Prepared;
use crate::service::resolve::sentence;
use crate::service::rights::Asker;

/// The largest schema of arguments, in bytes of JSON.
const MOST_PARAMETERS: usize = 262_144;

const FIELDS: FieldNames = &[
    ("metadata.name", "tool_id"),
    ("metadata.annotations", "tool_id"),
    ("spec.toolName", "name"),
    ("spec.description", "description"),
    ("spec.parameters", "parameters"),
    ("spec.function.path", "function_file_path"),
    ("spec.function.entrypoint", "function_name"),
    ("spec.function.source", "source"),
    ("spec.mcp.server", "mcp_server_name"),
    ("spec.mcp.tool", "tool_name"),
    ("spec.skill.source.path", "skill_dir"),
    ("spec.skill.steps", "steps"),
];

/// S1's `ToolConfig` as it is posted. Unknown fields are ignored.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct ToolInput {
    /// Its id; `function-{name}` by default for functions.
    pub tool_id: Option<String>,
    /// `function`, `mcp` or `skill`.
    pub tool_type: Option<String>,
    /// The name that models see.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Map<String, Value>>,
    /// The server's name.
    pub mcp_server_name: Option<String>,
    /// The tool's name on the server; by default its own.
    pub tool_name: Option<String>,
    /// The fixed steps of a skill.
    #[schema(value_type = Option<Vec<Object>>)]
    pub steps: Option<Vec<Value>>,
    /// A Python file.
    pub function_file_path: Option<String>,
    /// The function in it; by default the tool's name.
    pub function_name: Option<String>,
    /// The Python text itself, instead of a file.
    pub source: Option<String>,
    /// The folder of a skill.
    pub skill_dir: Option<String>,
    /// Registers the server, too: its program.
    pub mcp_command: Option<String>,
    /// The program's arguments.
    pub mcp_args: Option<Vec<String>>,
    /// The program's variables.
    pub mcp_env: Option<std::collections::BTreeMap<String, String>>,
    /// Or the server's address.
    pub mcp_url: Option<String>,
    /// Headers for it.
    pub mcp_headers: Option<std::collections::BTreeMap<String, String>>,
}

/// S1's registration of a skill (S1-102).
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct SkillInput {
    /// The folder with its SKILL.md.
    pub skill_dir: Option<String>,
}

impl App {
    /// Registers a tool, in place of one with its id (S1-79).
    pub async fn register_tool(&self, asker: &Asker, input: ToolInput) -> Result<String, Problem> {
        let tool_type = needed(input.tool_type.as_deref(), "tool_type")?;
        check_type(tool_type)?;
        let name = needed(input.name.as_deref(), "name")?;
        let id = match input.tool_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None if tool_type == "function" => format!("function-{name}"),
            None => return Err(Problem::missing_field("tool_id")),
        };
        check_id("tool_id", &id)?;
        if input.description.is_none() {
            return Err(Problem::missing_field("description"));
        }
        if input.parameters.is_none() {
            return Err(Problem::missing_field("parameters"));
        }
        let present = match self.find_tool(&id).await {
            Found::Builtin => return Err(is_builtin(&id)),
            Found::Resource(entry) => Some(entry),
            Found::Discovered { .. } | Found::Nothing => None,
        };
        let parts = present.as_deref().and_then(manifest::parts);
        let (metadata, mut spec) = parts.unwrap_or_else(|| (metadata_for(&id), json!({})));
        // Before what it is made of is looked at.
        self.may_write(asker, Kind::Tool, &self.name_for(Kind::Tool, &id)).await?;
        let server = self.set_source(asker, &mut spec, tool_type, name, &input).await?;
        set_common(&mut spec, &input)?;
        self.write_server_of(asker, &metadata, &spec, server).await?;
        self.write_tool(asker, metadata, spec, present.as_deref(), None).await?;
        Ok(id)
    }

    /// Changes a tool (S1-80); the id that it has afterwards.
    pub async fn update_tool(&self, asker: &Asker, id: &str, input: ToolInput) -> Result<String, Problem> {
        if let Some(tool_type) = &input.tool_type {
            check_type(tool_type)?;
        }
        if let Some(posted) = input.tool_id.as_deref().filter(|posted| !posted.is_empty()) {
            check_id("tool_id", posted)?;
        }
        let entry = match self.find_tool(id).await {
            Found::Builtin => return Err(is_builtin(id)),
            Found::Nothing => return Err(tool_missing(id)),
            Found::Discovered { server, tool } => return self.override_tool(asker, id, &server, &tool, &input).await,
            Found::Resource(entry) => entry,
        };
        let (Some((metadata, mut changed)), Some(old)) = (manifest::parts(&entry), spec(&entry)) else {
            let detail = format!("Tool {id:?} cannot be read; GET /v1/resources/diagnostics says why");
            return Err(Problem::conflict(detail));
        };
        let before = self.tool_resource(&self.catalog.view(), &entry).await.ok_or_else(|| tool_missing(id))?;
        let tool_type = input.tool_type.as_deref().unwrap_or(before.tool_type);
        let name = input.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&before.name);
        let stays = tool_type == before.tool_type;
        let mut server = None;
        if !stays || has_source(&input, tool_type) || old.function.is_some() {
            let kept = if stays { with_kept_source(&input, old) } else { input.clone() };
            server = self.set_source(asker, &mut changed, tool_type, name, &kept).await?;
        }
        // What is only shown because it comes from elsewhere stays where it comes from.
        let mut input = input.clone();
        let same = input.parameters.as_ref().is_some_and(|posted| before.parameters.as_object() == Some(posted));
        input.parameters = input.parameters.filter(|_| !same);
        input.description = input.description.filter(|posted| *posted != before.description);
        input.name = input.name.filter(|posted| *posted != before.name);
        set_common(&mut changed, &input)?;
        let new = new_id(&entry, &before.name, before.tool_type, name, input.tool_id.as_deref());
        self.write_server_of(asker, &metadata, &changed, server).await?;
        self.write_tool(asker, metadata, changed, Some(&entry), Some(&new)).await?;
        Ok(new)
    }

    /// Writes the server that comes with a tool, unless the tool itself is refused.
    async fn write_server_of(
        &self,
        asker: &Asker,
        metadata: &Map<String, Value>,
        spec: &Value,
        server: Option<Prepared>,
    ) -> Result<(), Problem> {
        let Some(server) = server else { return Ok(()) };
        manifest::resource(Kind::Tool, metadata.clone(), spec.clone(), FIELDS)?;
        self.write_server(asker, server).await
    }

    /// Another name, description or schema for a tool that a server offers: a Tool of its id.
    async fn override_tool(
        &self,
        asker: &Asker,
        id: &str,
        server: &str,
        tool: &str,
        input: &ToolInput,
    ) -> Result<String, Problem> {
        let name = input.name.clone().unwrap_or_else(|| tool.to_owned());
        let mut spec = json!({"mcp": {"server": {"name": server}, "tool": tool}});
        set_common(&mut spec, &ToolInput { name: Some(name), ..input.clone() })?;
        self.write_tool(asker, metadata_for(id), spec, None, None).await?;
        Ok(id.to_owned())
    }

    /// Registers the skill in a folder (S1-102); its id.
    pub async fn register_skill(&self, asker: &Asker, input: SkillInput) -> Result<String, Problem> {
        let directory = needed(input.skill_dir.as_deref(), "skill_dir")?;
        let skill = self.load_skill(asker, directory).await?;
        let id = format!("skill-{}", skill.name);
        check_id("skill_dir", &id)?;
        let present = match self.find_tool(&id).await {
            Found::Resource(entry) => Some(entry),
            _ => None,
        };
        let parts = present.as_deref().and_then(manifest::parts);
        let (metadata, mut spec) = parts.unwrap_or_else(|| (metadata_for(&id), json!({})));
        let shown =
            if troupe_rules::tool::is_tool_name(&skill.name) { skill.name.clone() } else { id::slug(&skill.name) };
        spec["toolName"] = shown.into();
        spec["description"] = skill.description.into();
        source::replace(&mut spec, "skill", |skill_spec| {
            skill_spec["source"] = json!({"path": skill.directory.display().to_string()});
        });
        self.write_tool(asker, metadata, spec, present.as_deref(), None).await?;
        Ok(id)
    }

    async fn load_skill(&self, asker: &Asker, directory: &str) -> Result<troupe_tools::skill::Skill, Problem> {
        let path = self.place_of_file(asker, directory)?;
        // In a cluster a skill lies in its user's own folder, and no link in it leads elsewhere.
        let own = if self.rights.is_open() { None } else { self.workspace_for_call(asker)? };
        let load = move || match own {
            Some(own) => troupe_tools::skill::load_inside(&own, &path),
            None => troupe_tools::skill::load(&path),
        };
        let loaded = tokio::task::spawn_blocking(load).await;
        let loaded = loaded.map_err(|error| Problem::internal(&error))?;
        loaded.map_err(|error| wrong("skill_dir", sentence(&error)))
    }

    /// Writes a tool under its id or a new one, and takes it back if it turns out not to work.
    async fn write_tool(
        &self,
        asker: &Asker,
        metadata: Map<String, Value>,
        spec: Value,
        present: Option<&Entry>,
        new_id: Option<&str>,
    ) -> Result<(), Problem> {
        let renamed = present.zip(new_id).filter(|(entry, new)| *entry.id != **new && *entry.name != **new);
        let metadata = renamed.map_or(metadata, |(_, new)| metadata_for(new));
        let resource = manifest::resource(Kind::Tool, metadata, spec, FIELDS)?;
        let name = resource.name().to_owned();
        match renamed {
            Some((_, new)) if self.catalog.view().find(Kind::Tool, new).is_some() => {
                return Err(Problem::conflict(format!("Tool already exists: {new}; choose another name")));
            }
            Some((entry, _)) => drop(self.rename(asker, Kind::Tool, &entry.name, resource).await?),
            None => drop(self.write(asker, resource, WriteOptions::default()).await?),
        }
        if present.is_some() {
            return Ok(());
        }
        let written = self.catalog.view();
        let is_file = written.tool(&name).is_some_and(|spec| spec.skill.is_some() || spec.function.is_some());
        if is_file && let Err(error) = written.resolve_tool(&name, self.mcp.as_ref()).await {
            self.catalog.delete(Kind::Tool, &name, WriteOptions::default()).await?;
            return Err(Problem::bad_request(sentence(&error)));
        }
        Ok(())
    }
}

fn needed<'a>(value: Option<&'a str>, field: &str) -> Result<&'a str, Problem> {
    value.filter(|value| !value.trim().is_empty()).ok_or_else(|| Problem::missing_field(field))
}

fn check_type(tool_type: &str) -> Result<(), Problem> {
    if ["function", "mcp", "skill"].contains(&tool_type) {
        return Ok(());
    }
    Err(wrong("tool_type", format!("{tool_type:?} is none of function, mcp, skill")))
}

/// Whether a body says what a tool of this type is made of. An http, template or built-in tool is shown as a function
/// without a source, and stays what it is where the body brings none.
fn has_source(input: &ToolInput, tool_type: &str) -> bool {
    match tool_type {
        "mcp" => {
            let texts = [&input.mcp_server_name, &input.tool_name, &input.mcp_command, &input.mcp_url];
            texts.iter().any(|text| text.is_some())
        }
        "skill" => input.skill_dir.is_some() || input.steps.is_some(),
        _ => input.function_file_path.is_some() || input.source.is_some(),
    }
}

/// What the body leaves out of a tool's source, from the tool.
fn with_kept_source(input: &ToolInput, old: &troupe_crds::ToolSpec) -> ToolInput {
    let mut kept = input.clone();
    if let Some(function) = &old.function {
        if kept.function_file_path.is_none() && kept.source.is_none() {
            kept.function_file_path.clone_from(&function.path);
            kept.source.clone_from(&function.source);
        }
        kept.function_name = kept.function_name.or_else(|| function.entrypoint.clone());
    }
    if let Some(mcp) = &old.mcp {
        kept.mcp_server_name = kept.mcp_server_name.or_else(|| Some(mcp.server.name.clone()));
        kept.tool_name = kept.tool_name.or_else(|| Some(mcp.tool.clone()));
    }
    kept
}

/// Name, description and arguments, where the body has them.
fn set_common(spec: &mut Value, input: &ToolInput) -> Result<(), Problem> {
    if let Some(name) = &input.name {
        if !troupe_rules::tool::is_tool_name(name) {
            return Err(wrong("name", "a model sees 1 to 64 letters, digits, _ and - only"));
        }
        spec["toolName"] = name.clone().into();
    }
    if let Some(description) = &input.description {
        spec["description"] = description.clone().into();
    }
    if let Some(parameters) = &input.parameters {
        let parameters = Value::Object(parameters.clone());
        if parameters.to_string().len() > MOST_PARAMETERS {
            return Err(wrong("parameters", format!("they are larger than {MOST_PARAMETERS} bytes")));
        }
        spec["parameters"] = parameters;
    }
    Ok(())
}

/// S1-80: a function's id follows its name; any other changes where the body has another one.
fn new_id(entry: &Entry, old_name: &str, old_type: &str, name: &str, posted: Option<&str>) -> String {
    if old_type == "function" && *entry.id == *format!("function-{old_name}") {
        return format!("function-{name}");
    }
    let posted = posted.filter(|posted| !posted.is_empty() && *posted != &*entry.name && old_type != "function");
    posted.map_or_else(|| entry.id.to_string(), str::to_owned)
}
