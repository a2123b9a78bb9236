//! The routes of resources: models, tools, MCP servers, templates, agents, variables, manifests.
#![cfg(test)]

#[path = "support/mcp_server.rs"]
mod mcp_server;
#[path = "support/service.rs"]
mod service;

#[path = "resources/agents.rs"]
mod agents;
#[path = "resources/health.rs"]
mod health;
#[path = "resources/manifests.rs"]
mod manifests;
#[path = "resources/models.rs"]
mod models;
#[path = "resources/servers.rs"]
mod servers;
#[path = "resources/templates.rs"]
mod templates;
#[path = "resources/tools.rs"]
mod tools;
#[path = "resources/variables.rs"]
mod variables;
#[path = "resources/watch.rs"]
mod watch;
#[path = "resources/wrong_bodies.rs"]
mod wrong_bodies;
