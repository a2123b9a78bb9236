//! Manifests as the tests need them, and texts out of answers.

use serde_json::Value;
use troupe_model_server::ModelServer;

/// A Model of the scripted server, which knows it as `named`, with more lines of its spec's YAML.
pub(crate) fn model(name: &str, server: &ModelServer, named: &str, more: &str) -> String {
    let address = server.base_url();
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {{name: {name}}}\nspec:\n  protocol: OpenAI\n  \
         baseUrl: {address}/v1\n  model: {named}\n  {more}\n"
    )
}

/// A Tool that asks the ledger for what it is called.
pub(crate) fn http_tool(name: &str, method: &str, ledger: &str) -> String {
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {{name: {name}}}\nspec:\n  description: {name}\n  \
         http: {{method: {method}, url: {ledger}/{name}}}\n"
    )
}

/// An Agent on the Model `scripted`, with tools in YAML's flow style.
pub(crate) fn agent(name: &str, prompt: &str, tools: &str) -> String {
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {{name: {name}}}\nspec:\n  modelRef: {{name: scripted}}\n  \
         systemPrompt: {{text: {prompt}}}\n  tools: [{tools}]\n"
    )
}

/// A local MCP server.
pub(crate) fn mcp_server(name: &str, command: &str, arguments: &str) -> String {
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: McpServer\nmetadata: {{name: {name}}}\nspec:\n  \
         stdio: {{command: {command}, args: [{arguments}]}}\n"
    )
}

/// The text; empty if it is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
