//! Rules of an Agent, and of the lists of tools that Teams and the Runtime have as well.

use troupe_crds::{
    AgentSpec, Kind,
    agent::{AgentTool, Context, tool_entry},
};

use crate::{connection::check_url, reference::References, schema, violation::Findings};

/// Adds what is wrong with an Agent.
pub fn check(spec: &AgentSpec, findings: &mut Findings) {
    check_tools("spec.tools", &spec.tools, findings);
    check_context("spec.context", spec.context.as_ref(), findings);
    if let Some(output) = &spec.output {
        schema::check("spec.output.schema", &output.schema, findings);
    }
    let path = spec.workspace.as_ref().and_then(|workspace| workspace.path.as_deref());
    if path.is_some_and(|path| path.split(['/', '\\']).any(|step| step == "..")) {
        findings.add("spec.workspace.path", "the path leaves the workspace: remove the .. steps");
    }
}

/// Adds what is wrong with a list of tools.
pub fn check_tools(path: &str, tools: &[AgentTool], findings: &mut Findings) {
    for (index, entry) in tools.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let targets =
            [entry.tool.is_some(), entry.mcp_server.is_some(), entry.builtin.is_some(), entry.agent.is_some()];
        findings.require_one(&targets, &path, tool_entry::ONE_TARGET);
        let served = entry.tools.is_empty() || entry.mcp_server.is_some();
        findings.require(served, &path, tool_entry::TOOLS_NEED_SERVER);
        let overridable = entry.overrides.is_none() || entry.tool.is_some();
        findings.require(overridable, &path, tool_entry::OVERRIDES_NEED_TOOL);
        if let Some(url) = entry.overrides.as_ref().and_then(|overrides| overrides.base_url.as_ref()) {
            check_url(&format!("{path}.overrides.baseUrl"), url, findings);
        }
        if let Some(earlier) = tools.iter().take(index).position(|earlier| same_target(earlier, entry)) {
            findings.add(path, format!("the same tool stands at position {earlier} already: remove one"));
        }
    }
}

/// Whether two entries name the same thing; two entries of one server may choose different tools of it.
fn same_target(left: &AgentTool, right: &AgentTool) -> bool {
    let named = left.tool.is_some() || left.mcp_server.is_some() || left.builtin.is_some() || left.agent.is_some();
    let overlapping =
        left.tools.is_empty() || right.tools.is_empty() || left.tools.iter().any(|tool| right.tools.contains(tool));
    named
        && overlapping
        && (&left.tool, &left.mcp_server, left.builtin, &left.agent)
            == (&right.tool, &right.mcp_server, right.builtin, &right.agent)
}

/// Adds what is wrong with a context.
pub fn check_context(path: &str, context: Option<&Context>, findings: &mut Findings) {
    let confidence = context.and_then(|context| context.memory_confidence.as_ref());
    if confidence.is_some_and(|confidence| confidence.micros() > 1_000_000) {
        findings.add(format!("{path}.memoryConfidence"), "a confidence is at most 1: write a number such as \"0.7\"");
    }
}

/// Adds what an Agent refers to.
pub fn references(spec: &AgentSpec, references: &mut References) {
    references.optional("spec.modelRef", spec.model_ref.as_ref());
    if let Some(template) = spec.system_prompt.as_ref().and_then(|prompt| prompt.template_ref.as_ref()) {
        references.named("spec.systemPrompt.templateRef", Kind::PromptTemplate, &template.name);
    }
    tool_references("spec.tools", &spec.tools, references);
    for (index, agent) in spec.delegation.iter().flat_map(|delegation| &delegation.agents).enumerate() {
        references.object(format!("spec.delegation.agents[{index}]"), agent);
    }
    let summary = spec.context.as_ref().and_then(|context| context.summary_model_ref.as_ref());
    references.optional("spec.context.summaryModelRef", summary);
}

/// Adds what a list of tools refers to.
pub fn tool_references(path: &str, tools: &[AgentTool], references: &mut References) {
    for (index, entry) in tools.iter().enumerate() {
        references.optional(format!("{path}[{index}].tool"), entry.tool.as_ref());
        references.optional(format!("{path}[{index}].mcpServer"), entry.mcp_server.as_ref());
        references.optional(format!("{path}[{index}].agent"), entry.agent.as_ref());
    }
}
