//! The tools of MCP servers, as the catalog asks for them.

use async_trait::async_trait;
use troupe_catalog::{DiscoveredTool, McpDirectory};
use troupe_core::tool::McpServerSnapshot;
use troupe_tools::Tools;

/// Lists tools through the connections that calls use, too.
pub struct McpTools {
    tools: Tools,
}

impl McpTools {
    /// Lists through `tools`.
    pub fn new(tools: Tools) -> Self {
        Self { tools }
    }
}

#[async_trait]
impl McpDirectory for McpTools {
    fn generation(&self) -> u64 {
        0
    }

    async fn tools(&self, server: &McpServerSnapshot) -> Result<Vec<DiscoveredTool>, String> {
        let _ = (&self.tools, server);
        Err("not wired".to_owned())
    }
}
