//! Calls of a tool without a model (S1-83, S1-84).

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use troupe_core::id::{CallId, RunId};
use troupe_core::port::{ToolClient, ToolContext};
use troupe_core::tool::{ToolKind, ToolSnapshot};
use troupe_crds::Kind;

use super::tool_missing;
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::{check_id, wrong};
use crate::service::resolve::sentence;
use crate::service::rights::Caller;

/// A call. Unknown fields are ignored.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct CallInput {
    /// The tool's id or name.
    pub tool_id: Option<String>,
    /// Its arguments; none by default.
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Map<String, Value>>,
    /// `text` (default) or `json`.
    pub format: Option<String>,
}

impl App {
    /// Calls a tool; its result as a text, or as the JSON in it. An error result is a 400 with its text.
    pub async fn call_tool(&self, input: CallInput, caller: Caller) -> Result<Value, Problem> {
        let id = input.tool_id.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing_field("tool_id"))?;
        check_id("tool_id", &id)?;
        let json = match input.format.as_deref() {
            None | Some("" | "text") => false,
            Some("json") => true,
            Some(other) => return Err(wrong("format", format!("{other:?} is neither text nor json"))),
        };
        let tool = match self.callable(&id).await {
            Ok(tool) => {
                self.may_call(&caller.asker, &tool).await?;
                tool
            }
            // Whoever may not call it is not told that it is not there.
            Err(problem) => {
                self.may_invoke(&caller.asker, Kind::Tool, &id).await?;
                return Err(problem);
            }
        };
        let run = RunId::new(self.clock.now());
        // Dropped with the request: what nobody waits for any more ends.
        let cancel = CancellationToken::new();
        let _ended = cancel.clone().drop_guard();
        let context = ToolContext {
            run,
            root: run,
            call: CallId::derive(run, 0, 0),
            session: None,
            workspace: self.workspace_for_call(&caller.asker)?,
            read_only: false,
            directory: None,
            user: caller.user(),
            request_id: caller.request_id,
            cancel,
        };
        let result = self.tools.call(&tool, input.arguments.unwrap_or_default(), context).await;
        // S1's own tools say so that they failed.
        if result.is_error || result.content.starts_with("Error:") {
            return Err(Problem::bad_request(result.content));
        }
        if !json {
            return Ok(Value::String(result.content));
        }
        let structured = result.structured.filter(|value| value.is_object() || value.is_array());
        match structured {
            Some(value) => Ok(value),
            None => troupe_tools::json_result(&result.content).map_err(|error| Problem::bad_request(error.to_string())),
        }
    }

    async fn callable(&self, id: &str) -> Result<ToolSnapshot, Problem> {
        let registered = || self.tools.registered().into_iter().find(|tool| tool.spec.name == id || tool.id == id);
        let tool = match self.catalog.view().resolve_tool(id, self.mcp.as_ref()).await {
            Ok(tool) => (*tool).clone(),
            Err(troupe_catalog::ResolveError::NoTool(_)) => registered().ok_or_else(|| tool_missing(id))?,
            Err(error) => return Err(wrong("tool_id", format!("{id:?} cannot be called: {}", sentence(&error)))),
        };
        match tool.kind {
            ToolKind::Skill(_) => Err(wrong("tool_id", format!("{id:?} is a skill, which only a model can open"))),
            ToolKind::Agent { .. } | ToolKind::Delegate | ToolKind::Client => {
                Err(wrong("tool_id", format!("{id:?} needs a run of an agent; use POST /v1/infer")))
            }
            _ => Ok(tool),
        }
    }
}
