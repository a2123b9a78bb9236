//! One document of a manifest, parsed strictly: a field that we do not know is an error with its path, because in a
//! folder no API server would have warned about the typing mistake.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    API_VERSION, Agent, GROUP, Kind, McpServer, Model, PromptTemplate, Runtime, SecretDocument, Team, Tool, Workflow,
    bounds,
    kind::UnknownKind,
    secret::{SECRET_API_VERSION, SECRET_KIND},
    strict::{FieldError, strict, tolerant},
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
    /// Fields that are missing, unknown, of the wrong type or out of bounds; never empty.
    #[error("{}", joined(.0))]
    Fields(Vec<FieldError>),
}

fn joined(fields: &[FieldError]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ParseError {
    /// The path of the field that is wrong; the first one where there are several, empty for the whole document.
    pub fn path(&self) -> &str {
        match self {
            Self::NoMapping => "",
            Self::Missing(path) => path,
            Self::UnknownApiVersion(_) => "apiVersion",
            Self::UnknownKind(_) => "kind",
            Self::Fields(fields) => fields.first().map_or("", |field| field.path.as_str()),
        }
    }

    /// Every field that is wrong, for diagnostics of one line each.
    pub fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Fields(fields) => fields.clone(),
            other => vec![FieldError { path: other.path().to_owned(), message: other.to_string() }],
        }
    }
}

impl Resource {
    /// Parses a document, strictly. A `status` is ignored: it is an output, and manifests copied from a cluster hold
    /// one.
    pub fn from_value(document: Value) -> Result<Self, ParseError> {
        let Value::Object(mut document) = document else { return Err(ParseError::NoMapping) };
        let api_version = text(&document, "apiVersion")?;
        let kind = text(&document, "kind")?;
        let name = document.get("metadata").and_then(|metadata| metadata.get("name"));
        if name.is_none_or(|name| name.is_null() || name.as_str() == Some("")) {
            return Err(ParseError::Missing("metadata.name"));
        }
        for envelope in ["apiVersion", "kind", "status"] {
            document.remove(envelope);
        }
        if api_version == SECRET_API_VERSION && kind == SECRET_KIND {
            return boxed(&Value::Object(document), None).map(Self::Secret);
        }
        if api_version != API_VERSION {
            return Err(ParseError::UnknownApiVersion(api_version));
        }
        let kind = kind.parse().map_err(ParseError::UnknownKind)?;
        let document = Value::Object(document);
        let parsed = Self::of_kind(kind, &document)?;
        let errors = bounds::check(kind, &document);
        if errors.is_empty() { Ok(parsed) } else { Err(ParseError::Fields(errors)) }
    }

    /// Parses what an API server holds: metadata and spec. Fields that this version does not know are passed over, since
    /// the schema may be newer than this program, and bounds are the API server's matter.
    pub fn from_object(kind: Kind, object: &Value) -> Result<Self, ParseError> {
        fn boxed<T: DeserializeOwned>(object: &Value, kind: Kind) -> Result<Box<T>, ParseError> {
            tolerant(object, kind).map(Box::new).map_err(ParseError::Fields)
        }
        match kind {
            Kind::Model => boxed(object, kind).map(Self::Model),
            Kind::Tool => boxed(object, kind).map(Self::Tool),
            Kind::McpServer => boxed(object, kind).map(Self::McpServer),
            Kind::PromptTemplate => boxed(object, kind).map(Self::PromptTemplate),
            Kind::Agent => boxed(object, kind).map(Self::Agent),
            Kind::Team => boxed(object, kind).map(Self::Team),
            Kind::Workflow => boxed(object, kind).map(Self::Workflow),
            Kind::Runtime => boxed(object, kind).map(Self::Runtime),
        }
    }

    fn of_kind(kind: Kind, document: &Value) -> Result<Self, ParseError> {
        match kind {
            Kind::Model => boxed(document, Some(kind)).map(Self::Model),
            Kind::Tool => boxed(document, Some(kind)).map(Self::Tool),
            Kind::McpServer => boxed(document, Some(kind)).map(Self::McpServer),
            Kind::PromptTemplate => boxed(document, Some(kind)).map(Self::PromptTemplate),
            Kind::Agent => boxed(document, Some(kind)).map(Self::Agent),
            Kind::Team => boxed(document, Some(kind)).map(Self::Team),
            Kind::Workflow => boxed(document, Some(kind)).map(Self::Workflow),
            Kind::Runtime => boxed(document, Some(kind)).map(Self::Runtime),
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

    /// The manifest, defaults filled in; none for a Secret, whose values are never written.
    pub fn to_manifest(&self) -> serde_json::Result<Option<Value>> {
        match self {
            Self::Model(model) => serde_json::to_value(model).map(Some),
            Self::Tool(tool) => serde_json::to_value(tool).map(Some),
            Self::McpServer(server) => serde_json::to_value(server).map(Some),
            Self::PromptTemplate(template) => serde_json::to_value(template).map(Some),
            Self::Agent(agent) => serde_json::to_value(agent).map(Some),
            Self::Team(team) => serde_json::to_value(team).map(Some),
            Self::Workflow(workflow) => serde_json::to_value(workflow).map(Some),
            Self::Runtime(runtime) => serde_json::to_value(runtime).map(Some),
            Self::Secret(_) => Ok(None),
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

macro_rules! from_kind {
    ($($kind:ident),+) => {$(
        impl From<$kind> for Resource {
            fn from(object: $kind) -> Self {
                Self::$kind(Box::new(object))
            }
        }
    )+};
}

from_kind!(Model, Tool, McpServer, PromptTemplate, Agent, Team, Workflow, Runtime);

fn text(document: &Map<String, Value>, field: &'static str) -> Result<String, ParseError> {
    document.get(field).and_then(Value::as_str).map(str::to_owned).ok_or(ParseError::Missing(field))
}

fn boxed<T: DeserializeOwned>(document: &Value, kind: Option<Kind>) -> Result<Box<T>, ParseError> {
    strict(document, kind).map(Box::new).map_err(ParseError::Fields)
}
