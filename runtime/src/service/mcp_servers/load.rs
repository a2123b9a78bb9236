//! Takes over a configuration of MCP servers without connecting: each starts when it is first used (S1-99).

use super::{OF_SERVER, Prepared, ServerInput, ServersInput};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::wrong;
use crate::service::rights::Asker;

impl App {
    /// Keeps servers, all of them or none; their names. Disabled ones are passed over.
    pub async fn load_servers(&self, asker: &Asker, input: ServersInput) -> Result<Vec<String>, Problem> {
        let mut prepared: Vec<(String, Prepared)> = Vec::new();
        for (name, value) in input.servers {
            let path = format!("mcpServers.{name}");
            let server: ServerInput = serde_json::from_value(value).map_err(|error| wrong(&path, error))?;
            if server.disabled != Some(true) {
                let server = self.prepare_server(&name, &server, &OF_SERVER)?;
                prepared.push((name, server));
            }
        }
        let mut names = Vec::with_capacity(prepared.len());
        for (name, server) in prepared {
            self.write_server(asker, server).await?;
            names.push(name);
        }
        Ok(names)
    }
}
