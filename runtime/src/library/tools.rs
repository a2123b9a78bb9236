//! Tools of a program (S1-40): functions, servers' tools and skills, beside its closures.

use serde_json::Value;

use super::{Refused, Troupe, given};
use crate::service::rights::Asker;
use crate::service::tools::ToolConfig;

/// The tools.
#[derive(Clone, Copy)]
pub struct Tools<'a>(pub(super) &'a Troupe);

impl Tools<'_> {
    /// Registers a tool, in place of one with its id; S1's `ToolConfig` as JSON (S1-17). Gives its id.
    /// [`Troupe::register`] takes a closure.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// let weather = serde_json::json!({
    ///     "tool_type": "function", "name": "get_weather", "description": "Tells a city's weather",
    ///     "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    ///     "function_file_path": "/srv/tools/weather.py",
    /// });
    /// assert_eq!(troupe.tools().register(weather).await?, "function-get_weather");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a field is missing or wrong, or the function does not load.
    pub async fn register(&self, config: Value) -> Result<String, Refused> {
        Ok(self.0.app().register_tool(&Asker::nobody(), given(&config)?).await?)
    }

    /// The tool of an id.
    pub async fn get(&self, id: &str) -> Option<ToolConfig> {
        self.list().await.into_iter().find(|tool| tool.tool_id == id)
    }

    /// Every tool, built-in ones and closures first.
    pub async fn list(&self) -> Vec<ToolConfig> {
        self.0.app().list_tools().await
    }

    /// The tools of a type: `function`, `mcp` or `skill`.
    pub async fn list_by_type(&self, tool_type: &str) -> Vec<ToolConfig> {
        self.list().await.into_iter().filter(|tool| tool.tool_type == tool_type).collect()
    }

    /// Removes a tool.
    ///
    /// # Errors
    /// When there is no such tool, or it is built in or a closure.
    pub async fn remove(&self, id: &str) -> Result<(), Refused> {
        Ok(self.0.app().delete_tool(&Asker::nobody(), id).await?)
    }
}
