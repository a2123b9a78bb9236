//! One document of a manifest, parsed strictly: a field that we do not know is an error with its path, because in a
//! folder no API server would have warned about the typing mistake.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    API_VERSION, Agent, GROUP, Kind, McpServer, Model, PromptTemplate, Runtime, SecretDocument, Team, Tool, Workflow,
    kind::UnknownKind,
    secret::{SECRET_API_VERSION, SECRET_KIND},
};

/// A document of any kind that a folder may hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Resource {
    /// A Model.
    Model(Box<Model>),
    /// A Tool.
    Tool(Box<Tool>),
    /// An McpServer.
    McpServer(Box<McpServer>),
    /// A PromptTemplate.
    PromptTemplate(Box<PromptTemplate>),
    /// An Agent.
    Agent(Box<Agent>),
    /// A Team.
    Team(Box<Team>),
    /// A Workflow.
    Workflow(Box<Workflow>),
    /// A Runtime.
    Runtime(Box<Runtime>),
    /// A core/v1 Secret; only folders hold these.
    Secret(Box<SecretDocument>),
}

/// Why a document is no resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The document is a list or a scalar.
    #[error("the document must be a mapping with apiVersion, kind, metadata and spec")]
    NoMapping,
    /// A field of the envelope is missing or no text.
    #[error("{0} is missing: every document has apiVersion, kind and metadata.name")]
    Missing(&'static str),
    /// Neither ours nor a core/v1 Secret.
    #[error("apiVersion {0:?} is not served here: use {API_VERSION}, or v1 for a Secret")]
    UnknownApiVersion(String),
    /// A kind that the group does not have.
    #[error("{0}")]
    UnknownKind(UnknownKind),
    /// Fields that the kind does not have.
    #[error("unknown {}: {}", if .0.len() == 1 { "field" } else { "fields" }, unknown_fields(.0))]
    UnknownFields(Vec<UnknownField>),
    /// A field that is missing or of the wrong type.
    #[error("{path}: {message}")]
    Invalid {
        /// Path of the field, such as `spec.tools[0].tool`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

/// A field that a kind does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// Path of the field, such as `spec.modle`.
    pub path: String,
}

fn unknown_fields(fields: &[UnknownField]) -> String {
    fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>().join(", ")
}

impl ParseError {
    /// The path of the field that is wrong; the first one where there are several, empty for the whole document.
    pub fn path(&self) -> &str {
        match self {
            Self::NoMapping => "",
            Self::Missing(path) => path,
            Self::UnknownApiVersion(_) => "apiVersion",
            Self::UnknownKind(_) => "kind",
            Self::UnknownFields(fields) => fields.first().map_or("", |field| field.path.as_str()),
            Self::Invalid { path, .. } => path,
        }
    }
}

impl Resource {
    /// Parses a document. A `status` is ignored: it is an output, and manifests copied from a cluster hold one.
    pub fn from_value(document: Value) -> Result<Self, ParseError> {
        let Value::Object(mut document) = document else { return Err(ParseError::NoMapping) };
        let api_version = text(&document, "apiVersion")?;
        let kind = text(&document, "kind")?;
        let metadata = document.get("metadata").and_then(Value::as_object);
        if !metadata.and_then(|metadata| metadata.get("name")).is_some_and(|name| name.as_str() != Some("")) {
            return Err(ParseError::Missing("metadata.name"));
        }
        document.remove("status");
        if api_version == SECRET_API_VERSION && kind == SECRET_KIND {
            document.remove("apiVersion");
            document.remove("kind");
            return strict(document).map(|secret| Self::Secret(Box::new(secret)));
        }
        if api_version != API_VERSION {
            return Err(ParseError::UnknownApiVersion(api_version));
        }
        match kind.parse().map_err(ParseError::UnknownKind)? {
            Kind::Model => strict(document).map(|model| Self::Model(Box::new(model))),
            Kind::Tool => strict(document).map(|tool| Self::Tool(Box::new(tool))),
            Kind::McpServer => strict(document).map(|server| Self::McpServer(Box::new(server))),
            Kind::PromptTemplate => strict(document).map(|template| Self::PromptTemplate(Box::new(template))),
            Kind::Agent => strict(document).map(|agent| Self::Agent(Box::new(agent))),
            Kind::Team => strict(document).map(|team| Self::Team(Box::new(team))),
            Kind::Workflow => strict(document).map(|workflow| Self::Workflow(Box::new(workflow))),
            Kind::Runtime => strict(document).map(|runtime| Self::Runtime(Box::new(runtime))),
        }
    }

    /// Whether a document is meant for us at all; a folder may hold other manifests beside ours.
    pub fn is_ours(document: &Value) -> bool {
        let field = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        let group = field("apiVersion").split('/').next().unwrap_or_default();
        group == GROUP || (field("apiVersion") == SECRET_API_VERSION && field("kind") == SECRET_KIND)
    }

    /// The kind; none for a Secret, which is not one of ours.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Model(_) => Some(Kind::Model),
            Self::Tool(_) => Some(Kind::Tool),
            Self::McpServer(_) => Some(Kind::McpServer),
            Self::PromptTemplate(_) => Some(Kind::PromptTemplate),
            Self::Agent(_) => Some(Kind::Agent),
            Self::Team(_) => Some(Kind::Team),
            Self::Workflow(_) => Some(Kind::Workflow),
            Self::Runtime(_) => Some(Kind::Runtime),
            Self::Secret(_) => None,
        }
    }

    /// The kind as a manifest says it, `Secret` included.
    pub fn kind_name(&self) -> &'static str {
        self.kind().map_or(SECRET_KIND, Kind::as_str)
    }

    /// Name, labels, annotations.
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Model(model) => &model.metadata,
            Self::Tool(tool) => &tool.metadata,
            Self::McpServer(server) => &server.metadata,
            Self::PromptTemplate(template) => &template.metadata,
            Self::Agent(agent) => &agent.metadata,
            Self::Team(team) => &team.metadata,
            Self::Workflow(workflow) => &workflow.metadata,
            Self::Runtime(runtime) => &runtime.metadata,
            Self::Secret(secret) => &secret.metadata,
        }
    }

    /// The name; parsed documents always have one.
    pub fn name(&self) -> &str {
        crate::id::name(self.metadata())
    }

    /// The id in the HTTP API.
    pub fn id(&self) -> &str {
        crate::id::id(self.metadata())
    }
}

fn text(document: &Map<String, Value>, field: &'static str) -> Result<String, ParseError> {
    document.get(field).and_then(Value::as_str).map(str::to_owned).ok_or(ParseError::Missing(field))
}

/// Deserializes with the path of whatever is wrong, and refuses what was left over.
fn strict<T: DeserializeOwned>(document: Map<String, Value>) -> Result<T, ParseError> {
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(UnknownField { path: path_text(&path) });
    let deserializer = serde_ignored::Deserializer::new(Value::Object(document), &mut note);
    let parsed = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        ParseError::Invalid { path, message: error.into_inner().to_string() }
    })?;
    if unknown.is_empty() { Ok(parsed) } else { Err(ParseError::UnknownFields(unknown)) }
}

/// A path with list positions in brackets and without the steps into options, as people write it.
fn path_text(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", path_text(parent)),
        Path::Map { parent, key } => {
            let parent = path_text(parent);
            if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") }
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => path_text(parent),
    }
}
