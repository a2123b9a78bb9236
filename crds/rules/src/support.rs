//! Kinds and fields that are valid and not served yet: they are `Ready=False, reason=NotSupported`, never ignored.

use std::collections::BTreeSet;

use troupe_crds::{
    AgentSpec, McpServerSpec, ModelSpec, Resource, ToolSpec,
    agent::AgentTool,
    mcp_server::{McpProtocol, Sharing},
    model::Protocol,
    prompt_template::PromptEngine,
    tool::{Approval, Builtin, Network},
};

use crate::violation::Violation;

/// Something that a caller may not serve yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Kind Team.
    Team,
    /// Kind Workflow.
    Workflow,
    /// Model protocol `OpenAIResponses`.
    OpenAiResponses,
    /// Model protocol `Anthropic`.
    Anthropic,
    /// Model protocol `Ollama`.
    Ollama,
    /// Tools of type `http`.
    HttpTool,
    /// Tools of type `mcp`.
    McpTool,
    /// Tools of type `skill`.
    SkillTool,
    /// `steps` of a skill.
    SkillSteps,
    /// Tools of type `function`.
    FunctionTool,
    /// Tools of type `template`.
    TemplateTool,
    /// `network: Allowed` of jailed code.
    JailNetwork,
    /// The built-in tools `ReadFile`, `WriteFile` and `SearchFiles`.
    FileTools,
    /// McpServers of type `stdio`.
    StdioServer,
    /// `sharing: PerSession` of an McpServer.
    SessionProcesses,
    /// `protocol: Sse` of an McpServer.
    SseServer,
    /// `oauthClientCredentials` of an McpServer.
    ServerOauth,
    /// PromptTemplates with `engine: Jinja`.
    Jinja,
    /// Calls that wait for a person.
    Approvals,
    /// Agents that call agents.
    SubAgents,
    /// `memory` of an Agent.
    Memory,
    /// `output` of an Agent.
    StructuredOutput,
    /// `workspace` of an Agent.
    AgentWorkspace,
    /// `overrides` of an Agent's tools.
    ToolOverrides,
}

/// What a caller serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    missing: BTreeSet<Feature>,
}

impl Served {
    /// Everything that there is.
    pub const fn everything() -> Self {
        Self { missing: BTreeSet::new() }
    }

    /// What this version serves over folders: Teams, Workflows and memory are there to be written, and come later.
    pub fn in_folders() -> Self {
        Self::all_but([Feature::Team, Feature::Workflow, Feature::Memory])
    }

    /// What it serves in a cluster, where operator and runtime say the same: a sandbox shares its pod's network, so that
    /// code with a network of its own needs pods that are not made yet.
    pub fn in_cluster() -> Self {
        Self::all_but([Feature::Team, Feature::Workflow, Feature::Memory, Feature::JailNetwork])
    }

    /// Everything but these.
    pub fn all_but(missing: impl IntoIterator<Item = Feature>) -> Self {
        Self { missing: missing.into_iter().collect() }
    }
}

/// The fields of a resource that the caller does not serve yet.
pub fn not_supported(resource: &Resource, served: &Served) -> Vec<Violation> {
    let used = features(resource).into_iter().filter(|(feature, _)| served.missing.contains(feature));
    used.map(|(feature, path)| Violation { path, message: message(feature).to_owned() }).collect()
}

/// The features that a resource uses, each with the path of the field that asks for it.
pub fn features(resource: &Resource) -> Vec<(Feature, String)> {
    let mut used = Used::default();
    match resource {
        Resource::Model(model) => used.model(&model.spec),
        Resource::Tool(tool) => used.tool(&tool.spec),
        Resource::McpServer(server) => used.mcp_server(&server.spec),
        Resource::PromptTemplate(template) => {
            used.when(template.spec.engine == PromptEngine::Jinja, Feature::Jinja, "spec.engine");
        }
        Resource::Agent(agent) => used.agent(&agent.spec),
        Resource::Team(_) => used.when(true, Feature::Team, "kind"),
        Resource::Workflow(_) => used.when(true, Feature::Workflow, "kind"),
        Resource::Runtime(runtime) => {
            let defaults = runtime.spec.defaults.as_ref();
            used.tools("spec.defaults.tools", defaults.map_or(&[], |defaults| defaults.tools.as_slice()));
            let network = runtime.spec.sandbox.as_ref().map(|sandbox| sandbox.network);
            used.when(network == Some(Network::Allowed), Feature::JailNetwork, "spec.sandbox.network");
        }
        Resource::Secret(_) => {}
    }
    used.0
}

/// The first field by which a resource runs code or commands in the jail; none where it runs nothing.
pub fn jailed(resource: &Resource) -> Option<String> {
    match resource {
        Resource::Tool(tool) if tool.spec.function.is_some() => Some("spec.function".to_owned()),
        Resource::Tool(tool) => {
            let bash = tool.spec.builtin.as_ref().is_some_and(|builtin| builtin.type_ == Builtin::Bash);
            bash.then(|| "spec.builtin".to_owned())
        }
        Resource::Agent(agent) => {
            let bash = agent.spec.tools.iter().position(|entry| entry.builtin == Some(Builtin::Bash))?;
            Some(format!("spec.tools[{bash}].builtin"))
        }
        _ => None,
    }
}

#[derive(Default)]
struct Used(Vec<(Feature, String)>);

impl Used {
    fn when(&mut self, used: bool, feature: Feature, path: &str) {
        if used {
            self.0.push((feature, path.to_owned()));
        }
    }

    fn model(&mut self, spec: &ModelSpec) {
        let feature = match spec.protocol {
            Protocol::OpenAI => return,
            Protocol::OpenAIResponses => Feature::OpenAiResponses,
            Protocol::Anthropic => Feature::Anthropic,
            Protocol::Ollama => Feature::Ollama,
        };
        self.when(true, feature, "spec.protocol");
    }

    fn tool(&mut self, spec: &ToolSpec) {
        self.when(spec.http.is_some(), Feature::HttpTool, "spec.http");
        self.when(spec.mcp.is_some(), Feature::McpTool, "spec.mcp");
        self.when(spec.skill.is_some(), Feature::SkillTool, "spec.skill");
        self.when(spec.function.is_some(), Feature::FunctionTool, "spec.function");
        self.when(spec.template.is_some(), Feature::TemplateTool, "spec.template");
        self.when(spec.approval != Approval::Never, Feature::Approvals, "spec.approval");
        let steps = spec.skill.as_ref().is_some_and(|skill| !skill.steps.is_empty());
        self.when(steps, Feature::SkillSteps, "spec.skill.steps");
        let network = spec.function.as_ref().map(|function| function.network);
        self.when(network == Some(Network::Allowed), Feature::JailNetwork, "spec.function.network");
        let Some(builtin) = &spec.builtin else { return };
        self.when(is_file_tool(builtin.type_), Feature::FileTools, "spec.builtin.type");
        self.when(builtin.network == Some(Network::Allowed), Feature::JailNetwork, "spec.builtin.network");
    }

    fn mcp_server(&mut self, spec: &McpServerSpec) {
        if let Some(stdio) = &spec.stdio {
            self.when(true, Feature::StdioServer, "spec.stdio");
            self.when(stdio.sharing == Sharing::PerSession, Feature::SessionProcesses, "spec.stdio.sharing");
        }
        let Some(http) = &spec.http else { return };
        self.when(http.protocol == McpProtocol::Sse, Feature::SseServer, "spec.http.protocol");
        let oauth = http.auth.as_ref().is_some_and(|auth| auth.oauth_client_credentials.is_some());
        self.when(oauth, Feature::ServerOauth, "spec.http.auth.oauthClientCredentials");
    }

    fn agent(&mut self, spec: &AgentSpec) {
        self.tools("spec.tools", &spec.tools);
        let delegates = spec.delegation.as_ref().is_some_and(|delegation| !delegation.agents.is_empty());
        self.when(delegates, Feature::SubAgents, "spec.delegation.agents");
        self.when(spec.memory.as_ref().is_some_and(|memory| memory.enabled), Feature::Memory, "spec.memory");
        self.when(spec.output.is_some(), Feature::StructuredOutput, "spec.output");
        self.when(spec.workspace.is_some(), Feature::AgentWorkspace, "spec.workspace");
    }

    fn tools(&mut self, path: &str, tools: &[AgentTool]) {
        for (index, entry) in tools.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.when(entry.agent.is_some(), Feature::SubAgents, &format!("{path}.agent"));
            self.when(entry.builtin.is_some_and(is_file_tool), Feature::FileTools, &format!("{path}.builtin"));
            self.when(entry.overrides.is_some(), Feature::ToolOverrides, &format!("{path}.overrides"));
            let waits = entry.approval.is_some_and(|approval| approval != Approval::Never);
            self.when(waits, Feature::Approvals, &format!("{path}.approval"));
        }
    }
}

fn is_file_tool(builtin: Builtin) -> bool {
    matches!(builtin, Builtin::ReadFile | Builtin::WriteFile | Builtin::SearchFiles)
}

fn message(feature: Feature) -> &'static str {
    match feature {
        Feature::Team => "Teams are not served yet: use an Agent with sub-agents",
        Feature::Workflow => "Workflows are not served yet: use an Agent with tools",
        Feature::OpenAiResponses => "protocol OpenAIResponses is not served yet: use OpenAI",
        Feature::Anthropic => "protocol Anthropic is not served yet: use the provider's OpenAI endpoint",
        Feature::Ollama => "protocol Ollama is not served yet: use OpenAI with the address that ends in /v1",
        Feature::HttpTool => "http tools are not served yet: remove the tool",
        Feature::McpTool => "mcp tools are not served yet: name the server in the Agent's tools",
        Feature::SkillTool => "skills are not served yet: write the instructions into the Agent's systemPrompt",
        Feature::SkillSteps => "steps of a skill are not served yet: remove steps",
        Feature::FunctionTool => "function tools are not served yet: use an http tool",
        Feature::TemplateTool => "template tools are not served yet: write the text into the Agent's systemPrompt",
        Feature::JailNetwork => "network Allowed is not served yet: remove it, or use fetch or an http tool",
        Feature::FileTools => "the file tools are not served yet: use Bash",
        Feature::StdioServer => "stdio servers are not served yet: use the http address of a running server",
        Feature::SessionProcesses => "sharing PerSession is not served yet: use Shared",
        Feature::SseServer => "protocol Sse is not served yet: use StreamableHttp",
        Feature::ServerOauth => "oauthClientCredentials is not served yet: use bearerSecretKeyRef",
        Feature::Jinja => "engine Jinja is not served yet: use Placeholder",
        Feature::Approvals => "approvals are not served yet: set approval to Never, or remove the tool",
        Feature::SubAgents => "sub-agents are not served yet: remove them",
        Feature::Memory => "memory is not served yet: remove it, or set enabled to false",
        Feature::StructuredOutput => "structured output is not served yet: ask for the form in systemPrompt",
        Feature::AgentWorkspace => "a workspace of an Agent's own is not served yet: remove workspace",
        Feature::ToolOverrides => "overrides are not served yet: make a Tool of its own",
    }
}
