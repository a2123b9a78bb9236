//! What a registered tool is made of: a Python function that was seen to load, a server's tool, or a skill's folder.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use troupe_core::id::{CallId, RunId};
use troupe_core::port::ToolContext;
use troupe_core::tool::FunctionTool;
use troupe_crds::Kind;
use troupe_tools::function;

use super::{ToolInput, needed};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::wrong;
use crate::service::mcp_servers::{OF_TOOL, Prepared, ServerInput};
use crate::service::resolve::sentence;
use crate::service::rights::Asker;
use crate::service::tools::step;

/// The longest source, in bytes: what the resource's own field takes.
const MOST_SOURCE: u64 = 262_144;

/// The longest that loading a source may take: imports of large libraries take seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The fields of a Tool of which it has exactly one.
const TYPES: [&str; 6] = ["http", "mcp", "skill", "function", "template", "builtin"];

/// Makes a Tool one of a type; what is there of that type already is changed, everything of another type goes.
pub(super) fn replace(spec: &mut Value, type_: &str, change: impl FnOnce(&mut Value)) {
    let mut source = spec.get(type_).filter(|value| value.is_object()).cloned().unwrap_or_else(|| json!({}));
    change(&mut source);
    if let Some(fields) = spec.as_object_mut() {
        for other in TYPES {
            fields.shift_remove(other);
        }
        fields.insert(type_.to_owned(), source);
    }
}

impl App {
    /// Sets what a tool is made of; the server that comes with it, and is to be written first.
    pub(super) async fn set_source(
        &self,
        asker: &Asker,
        spec: &mut Value,
        tool_type: &str,
        name: &str,
        input: &ToolInput,
    ) -> Result<Option<Prepared>, Problem> {
        match tool_type {
            "mcp" => {
                let server = self.set_server_tool(spec, name, input)?;
                if let Some(server) = &server {
                    self.may_register(asker, server).await?;
                }
                return Ok(server);
            }
            "skill" => self.set_skill(asker, spec, input).await?,
            _ => self.set_function(asker, spec, name, input).await?,
        }
        Ok(None)
    }

    async fn set_function(
        &self,
        asker: &Asker,
        spec: &mut Value,
        name: &str,
        input: &ToolInput,
    ) -> Result<(), Problem> {
        let entrypoint = input.function_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| name.to_owned());
        let is_identifier = entrypoint.chars().enumerate().all(|(index, letter)| {
            letter == '_' || letter.is_ascii_alphabetic() || (index > 0 && letter.is_ascii_digit())
        });
        if !is_identifier || entrypoint.len() > 128 {
            let detail = format!("{entrypoint:?} is no name of a function: use letters, digits and _");
            return Err(wrong("function_name", detail));
        }
        let path = input.function_file_path.as_deref().filter(|path| !path.is_empty());
        let (field, source) = match (path, input.source.as_deref().filter(|source| !source.is_empty())) {
            (Some(path), _) => ("function_file_path", self.read_source(asker, path).await?),
            (None, Some(source)) => ("source", source.to_owned()),
            (None, None) => return Err(Problem::missing_field("function_file_path (or source)")),
        };
        self.check_loads(asker, field, &source, &entrypoint).await?;
        let path = path.map(|path| self.place_of_file(asker, path)).transpose()?.map(|path| path.display().to_string());
        replace(spec, "function", |function| {
            let Some(fields) = function.as_object_mut() else { return };
            for other in ["path", "source", "configMapKeyRef"] {
                fields.shift_remove(other);
            }
            match path {
                Some(path) => fields.insert("path".to_owned(), path.into()),
                None => fields.insert("source".to_owned(), source.into()),
            };
            fields.insert("entrypoint".to_owned(), entrypoint.into());
        });
        Ok(())
    }

    async fn read_source(&self, asker: &Asker, path: &str) -> Result<String, Problem> {
        let place = self.place_of_file(asker, path)?;
        let data = self.settings.data.clone();
        let read = tokio::task::spawn_blocking(move || read_file(&place, &data)).await;
        let read = read.map_err(|error| Problem::internal(&error))?;
        read.map_err(|message| wrong("function_file_path", format!("{path:?} {message}")))
    }

    /// Runs the source in the jail, without calling the function, and sees whether it is there (S1-79).
    async fn check_loads(&self, asker: &Asker, field: &str, source: &str, entrypoint: &str) -> Result<(), Problem> {
        let run = RunId::new(self.clock.now());
        let stop = CancellationToken::new();
        let _ended = stop.clone().drop_guard();
        let context = ToolContext {
            run,
            root: run,
            call: CallId::derive(run, 0, 0),
            session: None,
            workspace: self.workspace_for_call(asker)?,
            read_only: true,
            directory: None,
            user: asker.user().to_owned(),
            request_id: None,
            cancel: stop.clone(),
        };
        let tool = FunctionTool {
            language: "Python".to_owned(),
            source: format!("{source}\n\nresult = callable(globals().get({entrypoint:?}))\n"),
            entrypoint: None,
            network: false,
        };
        let ran = function::run(self.tools.jail(), &tool, &Map::new(), &context, PATIENCE, &stop).await;
        match ran.map(|ran| ran.result) {
            Ok(Ok(Value::Bool(true))) => Ok(()),
            Ok(Ok(_)) => Err(wrong("function_name", format!("the source defines no function {entrypoint:?}"))),
            Ok(Err(message)) => Err(wrong(field, format!("the source does not load: {message}"))),
            Err(error) => Err(wrong(field, format!("the source cannot be loaded: {}", sentence(&error)))),
        }
    }

    fn set_server_tool(&self, spec: &mut Value, name: &str, input: &ToolInput) -> Result<Option<Prepared>, Problem> {
        let id = needed(input.mcp_server_name.as_deref(), "mcp_server_name")?;
        let (server, prepared) = if input.mcp_command.is_some() || input.mcp_url.is_some() {
            let input = ServerInput {
                command: input.mcp_command.clone(),
                args: input.mcp_args.clone(),
                env: input.mcp_env.clone(),
                url: input.mcp_url.clone(),
                headers: input.mcp_headers.clone(),
                ..ServerInput::default()
            };
            let prepared = self.prepare_server(id, &input, &OF_TOOL)?;
            let server = prepared.name().to_owned();
            (server, Some(prepared))
        } else {
            let entry = self.catalog.view().find(Kind::McpServer, id).cloned();
            let unknown =
                || wrong("mcp_server_name", format!("there is no MCP server {id:?}; give mcp_command or mcp_url"));
            (entry.ok_or_else(unknown)?.name.to_string(), None)
        };
        let tool = input.tool_name.clone().filter(|tool| !tool.is_empty()).unwrap_or_else(|| name.to_owned());
        replace(spec, "mcp", |mcp| *mcp = json!({"server": {"name": server}, "tool": tool}));
        Ok(prepared)
    }

    async fn set_skill(&self, asker: &Asker, spec: &mut Value, input: &ToolInput) -> Result<(), Problem> {
        let steps = match &input.steps {
            Some(steps) => Some(step::read(&self.catalog.view(), steps)?),
            None => None,
        };
        let directory = match input.skill_dir.as_deref().filter(|directory| !directory.is_empty()) {
            Some(directory) => Some(self.load_skill(asker, directory).await?.directory.display().to_string()),
            None if spec.get("skill").is_some_and(Value::is_object) => None,
            None => return Err(Problem::missing_field("skill_dir")),
        };
        replace(spec, "skill", |skill| {
            if let Some(directory) = directory {
                skill["source"] = json!({"path": directory});
            }
            if let Some(steps) = steps {
                skill["steps"] = steps;
            }
        });
        Ok(())
    }
}

fn read_file(path: &Path, data: &Path) -> Result<String, String> {
    let place = path.canonicalize().map_err(|error| format!("cannot be read: {error}"))?;
    if place.starts_with(data) {
        return Err("belongs to the service".to_owned());
    }
    let length = std::fs::metadata(&place).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > MOST_SOURCE {
        return Err(format!("is larger than {MOST_SOURCE} bytes"));
    }
    std::fs::read_to_string(&place).map_err(|error| format!("cannot be read: {error}"))
}
