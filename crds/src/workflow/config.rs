//! What the `config` of each type of node holds. The schema leaves it open, since a structural schema cannot depend on
//! the type; it is parsed strictly here.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Node, NodeType};
use crate::{
    Json, JsonObject,
    agent::ToolOverrides,
    reference::{AgentReference, McpServerReference, ModelReference, TeamReference, ToolReference, WorkflowReference},
    strict::{FieldError, in_words, tracked},
    tool::{Builtin, Language, Network},
};

/// The parsed `config` of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeConfig {
    /// Of `start`.
    Start,
    /// Of `llm`.
    Llm(LlmConfig),
    /// Of `agent`.
    Agent(AgentConfig),
    /// Of `team`.
    Team(TeamConfig),
    /// Of `tool`.
    Tool(Box<ToolConfig>),
    /// Of `code`.
    Code(CodeConfig),
    /// Of `if-else`.
    IfElse(IfElseConfig),
    /// Of `assigner`.
    Assigner(AssignerConfig),
    /// Of `knowledge-retrieval`.
    KnowledgeRetrieval(RetrievalConfig),
    /// Of `template-transform`.
    TemplateTransform(TransformConfig),
    /// Of `answer`.
    Answer(AnswerConfig),
    /// Of `iteration`.
    Iteration(Box<IterationConfig>),
    /// Of `approval`.
    Approval(ApprovalConfig),
    /// Of `workflow`.
    Workflow(ChildConfig),
}

/// Nothing to configure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoConfig {}

/// Asks a model. Either `prompt` or `messages`; texts are templates.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LlmConfig {
    /// The Model; default: the Runtime's `defaults.modelRef`.
    pub model_ref: Option<ModelReference>,
    /// System prompt; default none.
    pub system_prompt: Option<String>,
    /// What the user says.
    pub prompt: Option<String>,
    /// A conversation instead of one prompt.
    #[serde(default)]
    pub messages: Vec<PromptMessage>,
    /// Parameters merged over the Model's; default none.
    #[serde(default)]
    pub parameters: JsonObject,
    /// JSON Schema of a structured answer; default: free text.
    pub output: Option<JsonObject>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: PromptRole,
    /// What is said, a template.
    pub content: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptRole {
    /// Instructions.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// Runs an agent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentConfig {
    /// The Agent.
    pub agent_ref: AgentReference,
    /// What it is asked, a template; default: the workflow's own input.
    pub input: Option<String>,
}

/// Runs a team.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamConfig {
    /// The Team.
    pub team_ref: TeamReference,
    /// What it is asked, a template; default: the workflow's own input.
    pub input: Option<String>,
}

/// Calls a tool: exactly one of `toolRef`, `mcpServer` with `tool`, and `builtin`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolConfig {
    /// A Tool.
    pub tool_ref: Option<ToolReference>,
    /// The McpServer that has the tool.
    pub mcp_server: Option<McpServerReference>,
    /// Name of the tool as the server lists it.
    pub tool: Option<String>,
    /// A built-in tool.
    pub builtin: Option<Builtin>,
    /// Arguments of the call; texts are templates; default none.
    #[serde(default)]
    pub arguments: JsonObject,
    /// Changes to the request of an http Tool; default none.
    pub overrides: Option<ToolOverrides>,
}

/// Runs code in the jail: `payload` in, `result` and printed text out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeConfig {
    /// Language of the code; default `Python`.
    #[serde(default)]
    pub language: Language,
    /// The code itself.
    pub code: String,
    /// What the code finds in `payload`; texts are templates; default none.
    #[serde(default)]
    pub input: JsonObject,
    /// Whether the code may use the network; default `Denied`.
    #[serde(default)]
    pub network: Network,
}

/// Chooses the route `true` or `false`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IfElseConfig {
    /// The expression.
    pub expression: String,
}

/// Writes values into the run's state.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignerConfig {
    /// Values by name; texts are templates; default none.
    #[serde(default)]
    pub assignments: JsonObject,
    /// Expressions by name; default none.
    #[serde(default)]
    pub expressions: BTreeMap<String, String>,
}

/// Finds documents by words: exactly one of `documents` and `sourceUrl`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetrievalConfig {
    /// The documents themselves.
    pub documents: Option<Vec<RetrievalDocument>>,
    /// Address that answers with a list, or with `{documents: […]}`.
    pub source_url: Option<String>,
    /// What is looked for, a template.
    pub query: String,
    /// Most documents that are found; default 5.
    pub top_k: Option<u32>,
}

/// A document that can be found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalDocument {
    /// Id of the document.
    pub id: String,
    /// Its title; default none.
    #[serde(default)]
    pub title: String,
    /// Its text.
    pub text: String,
}

/// Renders a text or a JSON value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformConfig {
    /// A template, or JSON whose texts are templates.
    pub template: Json,
}

/// Renders the run's answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerConfig {
    /// The template.
    pub template: String,
}

/// Runs a node or a workflow once for each item of a list: exactly one of `node` and `workflowRef`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IterationConfig {
    /// Expression whose value is the list.
    pub items: String,
    /// The node, which sees `item` and `index`.
    pub node: Option<IteratedNode>,
    /// The Workflow, whose input is the item.
    pub workflow_ref: Option<WorkflowReference>,
    /// Items that are worked on at the same moment; default 1.
    pub max_concurrent: Option<u32>,
}

/// A node within an iteration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IteratedNode {
    /// What it does.
    #[serde(rename = "type")]
    pub type_: NodeType,
    /// What its type needs.
    #[serde(default)]
    pub config: JsonObject,
}

/// Waits for a person, and chooses the route `approved` or `rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalConfig {
    /// What the person is asked, a template; default: the node's id.
    pub message: Option<String>,
}

/// Runs another workflow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChildConfig {
    /// The Workflow.
    pub workflow_ref: WorkflowReference,
    /// Its input; texts are templates; default: the workflow's own input.
    pub input: Option<JsonObject>,
}

impl Node {
    /// Parses `config` as the node's type demands; the path of an error starts within `config`.
    pub fn parse_config(&self) -> Result<NodeConfig, FieldError> {
        NodeConfig::parse(self.type_, &self.config)
    }
}

impl NodeConfig {
    /// Parses a `config` as a type demands; the path of an error starts within it.
    pub fn parse(type_: NodeType, config: &JsonObject) -> Result<Self, FieldError> {
        match type_.canonical() {
            NodeType::Start => strict::<NoConfig>(config).map(|_| Self::Start),
            NodeType::Llm => strict(config).map(Self::Llm),
            NodeType::Agent => strict(config).map(Self::Agent),
            NodeType::Team => strict(config).map(Self::Team),
            NodeType::Tool => strict(config).map(Self::Tool),
            NodeType::Code => strict(config).map(Self::Code),
            NodeType::IfElse | NodeType::Condition => strict(config).map(Self::IfElse),
            NodeType::Assigner => strict(config).map(Self::Assigner),
            NodeType::KnowledgeRetrieval | NodeType::Retriever => strict(config).map(Self::KnowledgeRetrieval),
            NodeType::TemplateTransform => strict(config).map(Self::TemplateTransform),
            NodeType::Answer => strict(config).map(Self::Answer),
            NodeType::Iteration => strict(config).map(Self::Iteration),
            NodeType::Approval => strict(config).map(Self::Approval),
            NodeType::Workflow => strict(config).map(Self::Workflow),
        }
    }
}

fn strict<T: DeserializeOwned>(config: &JsonObject) -> Result<T, FieldError> {
    let config = Value::Object(config.0.clone());
    tracked(&config).map_err(|(path, message)| in_words(&path, &message, |_| Vec::new()))
}
