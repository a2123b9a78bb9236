//! One node of a Workflow: its configuration, and what its templates and expressions name.

use std::collections::BTreeSet;

use serde_json::Value;
use troupe_crds::{
    JsonObject, cel,
    workflow::{
        Node, NodeType,
        config::{IterationConfig, LlmConfig, NodeConfig, RetrievalConfig, ToolConfig},
    },
};
use troupe_language::{expression, placeholder};

use crate::{connection::check_url, reference::References, schema, template, violation::Findings};

/// What every template and expression may begin with.
const ROOTS: [&str; 4] = ["state", "nodes", "current", "input"];

/// What those within an iteration may begin with as well.
const ITERATION_ROOTS: [&str; 2] = ["item", "index"];

/// Adds what is wrong with a node.
pub fn check(path: &str, node: &Node, ids: &BTreeSet<&str>, findings: &mut Findings) {
    let mut inner = Scope { node: &node.id, ids, iterated: false, findings };
    inner.check_config(&format!("{path}.config"), node.type_, &node.config);
}

/// Where a text stands: which node it belongs to, and what it may name.
struct Scope<'a> {
    node: &'a str,
    ids: &'a BTreeSet<&'a str>,
    iterated: bool,
    findings: &'a mut Findings,
}

impl Scope<'_> {
    fn add(&mut self, path: impl Into<String>, message: &str) {
        self.findings.add(path, format!("node {:?}: {message}", self.node));
    }

    fn check_config(&mut self, path: &str, type_: NodeType, config: &JsonObject) {
        let config = match NodeConfig::parse(type_, config) {
            Ok(config) => config,
            Err(error) => {
                let path = if error.path.is_empty() { path.to_owned() } else { format!("{path}.{}", error.path) };
                return self.add(path, &format!("{}, in the config of a node of type {type_}", error.message));
            }
        };
        match &config {
            NodeConfig::Start => {}
            NodeConfig::Llm(llm) => self.check_llm(path, llm),
            NodeConfig::Agent(agent) => self.check_optional(path, "input", agent.input.as_deref()),
            NodeConfig::Team(team) => self.check_optional(path, "input", team.input.as_deref()),
            NodeConfig::Tool(tool) => self.check_tool(path, tool),
            NodeConfig::Code(code) => self.check_texts(&format!("{path}.input"), &code.input.to_value()),
            NodeConfig::IfElse(choice) => self.check_expression(&format!("{path}.expression"), &choice.expression),
            NodeConfig::Assigner(assigner) => {
                self.check_texts(&format!("{path}.assignments"), &assigner.assignments.to_value());
                for (name, text) in &assigner.expressions {
                    self.check_expression(&format!("{path}.expressions.{name}"), text);
                }
            }
            NodeConfig::KnowledgeRetrieval(retrieval) => self.check_retrieval(path, retrieval),
            NodeConfig::TemplateTransform(transform) => {
                self.check_texts(&format!("{path}.template"), &transform.template);
            }
            NodeConfig::Answer(answer) => self.check_template(&format!("{path}.template"), &answer.template),
            NodeConfig::Iteration(iteration) => self.check_iteration(path, iteration),
            NodeConfig::Approval(approval) => self.check_optional(path, "message", approval.message.as_deref()),
            NodeConfig::Workflow(child) => {
                if let Some(input) = &child.input {
                    self.check_texts(&format!("{path}.input"), &input.to_value());
                }
            }
        }
    }

    fn check_llm(&mut self, path: &str, llm: &LlmConfig) {
        if llm.prompt.is_some() != llm.messages.is_empty() {
            self.add(path, "set exactly one of prompt and messages");
        }
        self.check_optional(path, "systemPrompt", llm.system_prompt.as_deref());
        self.check_optional(path, "prompt", llm.prompt.as_deref());
        for (index, message) in llm.messages.iter().enumerate() {
            self.check_template(&format!("{path}.messages[{index}].content"), &message.content);
        }
        if let Some(output) = &llm.output {
            schema::check(&format!("{path}.output"), output, self.findings);
        }
    }

    fn check_tool(&mut self, path: &str, tool: &ToolConfig) {
        let targets = [tool.tool_ref.is_some(), tool.mcp_server.is_some(), tool.builtin.is_some()];
        if targets.into_iter().filter(|present| *present).count() != 1 {
            self.add(path, "set exactly one of toolRef, mcpServer and builtin");
        }
        if tool.mcp_server.is_some() != tool.tool.is_some() {
            self.add(path, "mcpServer and tool belong together: set both, or neither");
        }
        if tool.overrides.is_some() && tool.tool_ref.is_none() {
            self.add(format!("{path}.overrides"), "overrides is only for toolRef: remove it");
        }
        if let Some(url) = tool.overrides.as_ref().and_then(|overrides| overrides.base_url.as_ref()) {
            check_url(&format!("{path}.overrides.baseUrl"), url, self.findings);
        }
        self.check_texts(&format!("{path}.arguments"), &tool.arguments.to_value());
    }

    fn check_retrieval(&mut self, path: &str, retrieval: &RetrievalConfig) {
        if retrieval.documents.is_some() == retrieval.source_url.is_some() {
            self.add(path, "set exactly one of documents and sourceUrl");
        }
        if retrieval.source_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            self.add(format!("{path}.sourceUrl"), cel::HTTP_URL.message);
        }
        self.check_template(&format!("{path}.query"), &retrieval.query);
    }

    fn check_iteration(&mut self, path: &str, iteration: &IterationConfig) {
        self.check_expression(&format!("{path}.items"), &iteration.items);
        if iteration.node.is_some() == iteration.workflow_ref.is_some() {
            self.add(path, "set exactly one of node and workflowRef");
        }
        let Some(node) = &iteration.node else { return };
        let path = format!("{path}.node");
        if matches!(node.type_, NodeType::Start | NodeType::Answer | NodeType::Iteration) {
            let message =
                format!("a node of type {} cannot be iterated: use workflowRef for more than one step", node.type_);
            return self.add(format!("{path}.type"), &message);
        }
        let mut inner = Scope { node: self.node, ids: self.ids, iterated: true, findings: self.findings };
        inner.check_config(&format!("{path}.config"), node.type_, &node.config);
    }

    fn check_optional(&mut self, path: &str, field: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.check_template(&format!("{path}.{field}"), text);
        }
    }

    fn check_texts(&mut self, path: &str, value: &Value) {
        template::texts(path, value, &mut |path, text| self.check_template(path, text));
    }

    fn check_template(&mut self, path: &str, text: &str) {
        if text.matches("{{").count() > placeholder_count(text) {
            self.add(
                path,
                "{{ begins no placeholder: write {{path.to.value}} with names, dots and positions only, and close it \
                 with }}",
            );
        }
        for name in placeholder::paths(text) {
            self.check_path(path, &name);
        }
    }

    fn check_expression(&mut self, path: &str, text: &str) {
        match expression::check(text) {
            Ok(names) => names.iter().for_each(|name| self.check_path(path, name)),
            Err(error) => self.add(path, &error.to_string()),
        }
    }

    /// A dotted path begins with something that a run has, and names nodes that the workflow has.
    fn check_path(&mut self, path: &str, name: &str) {
        let mut steps = name.split('.');
        let root = steps.next().unwrap_or_default();
        let known = ROOTS.contains(&root) || (self.iterated && ITERATION_ROOTS.contains(&root));
        if !known {
            let item = if self.iterated { ", item, index" } else { "" };
            return self.add(path, &format!("{name} is unknown: begin with one of {}{item}", ROOTS.join(", ")));
        }
        if root != "nodes" {
            return;
        }
        let Some(id) = steps.next() else { return };
        if !self.ids.contains(id) {
            return self.add(path, &format!("{name} names the unknown node {id:?}: use the id of one of nodes"));
        }
        if let Some(part) = steps.next().filter(|part| !matches!(*part, "output" | "text")) {
            self.add(path, &format!("{name}: a node has output and text, not {part}: write nodes.{id}.output.{part}"));
        }
    }
}

/// How many placeholders a text has, repeated ones counted each time.
fn placeholder_count(text: &str) -> usize {
    let names: Vec<String> = placeholder::paths(text);
    let closed = |rest: &str| {
        let inside = rest.trim_start();
        names
            .iter()
            .any(|name| inside.strip_prefix(name.as_str()).is_some_and(|rest| rest.trim_start().starts_with("}}")))
    };
    text.match_indices("{{").filter(|(position, _)| text.get(position + 2..).is_some_and(closed)).count()
}

/// Adds what a node refers to; a config that does not parse refers to nothing.
pub fn references(path: &str, type_: NodeType, config: &JsonObject, references: &mut References) {
    let Ok(config) = NodeConfig::parse(type_, config) else { return };
    match config {
        NodeConfig::Llm(llm) => references.optional(format!("{path}.modelRef"), llm.model_ref.as_ref()),
        NodeConfig::Agent(agent) => references.object(format!("{path}.agentRef"), &agent.agent_ref),
        NodeConfig::Team(team) => references.object(format!("{path}.teamRef"), &team.team_ref),
        NodeConfig::Tool(tool) => {
            references.optional(format!("{path}.toolRef"), tool.tool_ref.as_ref());
            references.optional(format!("{path}.mcpServer"), tool.mcp_server.as_ref());
        }
        NodeConfig::Workflow(child) => references.object(format!("{path}.workflowRef"), &child.workflow_ref),
        NodeConfig::Iteration(iteration) => {
            references.optional(format!("{path}.workflowRef"), iteration.workflow_ref.as_ref());
            if let Some(node) = &iteration.node {
                self::references(&format!("{path}.node.config"), node.type_, &node.config, references);
            }
        }
        NodeConfig::Start
        | NodeConfig::Code(_)
        | NodeConfig::IfElse(_)
        | NodeConfig::Assigner(_)
        | NodeConfig::KnowledgeRetrieval(_)
        | NodeConfig::TemplateTransform(_)
        | NodeConfig::Answer(_)
        | NodeConfig::Approval(_) => {}
    }
}
