//! MCP servers of a program (S1-98, S1-99): configured, listed, and called in one line from anywhere in it.

use serde_json::{Map, Value};

use super::{Refused, Troupe, given};
use crate::service::resolve::sentence;
use crate::service::rights::Asker;
use crate::service::tools::{ToolConfig, of_snapshot};

/// The MCP servers. All parts of the program share one connection to each.
#[derive(Clone, Copy)]
pub struct Servers<'a>(pub(super) &'a Troupe);

impl Servers<'_> {
    /// Takes over `{"mcpServers": {name: {command, args?, env?} | {url, headers?}}}` as MCP clients write it; the names.
    /// Nothing is started: a server is when it is first used.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// use serde_json::json;
    /// let time = json!({"command": "uvx", "args": ["mcp-server-time"]});
    /// troupe.servers().load_config(json!({"mcpServers": {"time": time}})).await?;
    /// let zone = json!({"timezone": "Europe/Oslo"}).as_object().cloned().unwrap_or_default();
    /// println!("{}", troupe.servers().call_tool("time", "get_current_time", zone).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a server's configuration is wrong; then none is taken over.
    pub async fn load_config(&self, config: Value) -> Result<Vec<String>, Refused> {
        Ok(self.0.app().load_servers(&Asker::nobody(), given(&config)?).await?)
    }

    /// Every server by name, as `load_config` takes it; values of variables and headers as masks.
    pub fn list(&self) -> Value {
        serde_json::to_value(self.0.app().list_servers()).unwrap_or_default()
    }

    /// What a server offers. Connects where nobody has yet.
    ///
    /// # Errors
    /// When there is no such server, or it does not answer.
    pub async fn get_tools(&self, server: &str) -> Result<Vec<ToolConfig>, Refused> {
        let app = self.0.app();
        let offered = app.catalog.view().server_tools(server, app.mcp.as_ref()).await;
        let offered = offered.map_err(|error| Refused(sentence(&error)))?;
        let named = |tool: &ToolConfig| ToolConfig { mcp_server_name: Some(server.to_owned()), ..tool.clone() };
        Ok(offered.iter().map(|tool| named(&of_snapshot(tool))).collect())
    }

    /// Calls a tool of a server by the name that it has there; its text.
    ///
    /// # Errors
    /// When there is no such server or tool, or the call fails.
    pub async fn call_tool(&self, server: &str, tool: &str, arguments: Map<String, Value>) -> Result<String, Refused> {
        let offered = self.get_tools(server).await?;
        let named = |one: &&ToolConfig| one.tool_name.as_deref() == Some(tool) || one.name == tool;
        let id = offered.iter().find(named).map(|one| one.tool_id.as_str());
        let id = id.ok_or_else(|| Refused(format!("MCP server {server:?} offers no tool {tool:?}")))?;
        match self.0.call_tool(id, arguments).await? {
            Value::String(text) => Ok(text),
            value => Ok(value.to_string()),
        }
    }

    /// Removes a server with its tools, and ends its connection; the ids of the tools.
    ///
    /// # Errors
    /// When there is no such server.
    pub async fn remove(&self, server: &str) -> Result<Vec<String>, Refused> {
        Ok(self.0.app().delete_server(&Asker::nobody(), server).await?)
    }
}
