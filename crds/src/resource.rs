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

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FieldError {
    /// Path of the field, such as `spec.tools[0].tool`.
    pub path: String,
    /// What is wrong with it, and what to write instead.
    pub message: String,
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
            return strict(&Value::Object(document), None).map(Self::Secret);
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

    fn of_kind(kind: Kind, document: &Value) -> Result<Self, ParseError> {
        match kind {
            Kind::Model => strict(document, Some(kind)).map(Self::Model),
            Kind::Tool => strict(document, Some(kind)).map(Self::Tool),
            Kind::McpServer => strict(document, Some(kind)).map(Self::McpServer),
            Kind::PromptTemplate => strict(document, Some(kind)).map(Self::PromptTemplate),
            Kind::Agent => strict(document, Some(kind)).map(Self::Agent),
            Kind::Team => strict(document, Some(kind)).map(Self::Team),
            Kind::Workflow => strict(document, Some(kind)).map(Self::Workflow),
            Kind::Runtime => strict(document, Some(kind)).map(Self::Runtime),
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

/// Deserializes with the path of whatever is wrong, and refuses what was left over.
fn strict<T: DeserializeOwned>(document: &Value, kind: Option<Kind>) -> Result<Box<T>, ParseError> {
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(unknown_field(&path, kind));
    let deserializer = serde_ignored::Deserializer::new(document, &mut note);
    let parsed = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        ParseError::Fields(vec![FieldError { path, message: error.into_inner().to_string() }])
    })?;
    if unknown.is_empty() { Ok(Box::new(parsed)) } else { Err(ParseError::Fields(unknown)) }
}

/// Names the field that was probably meant, or all there are where none is near.
fn unknown_field(path: &serde_ignored::Path<'_>, kind: Option<Kind>) -> FieldError {
    let path = path_text(path);
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", &path));
    let known = kind.map(|kind| bounds::known_fields(kind, parent)).unwrap_or_default();
    let nearest = known.iter().map(|field| (distance(name, field), *field)).min();
    let message = match nearest {
        Some((distance, field)) if distance <= name.chars().count() / 3 + 1 => {
            format!("unknown field: did you mean {field}?")
        }
        Some(_) => format!("unknown field: the fields here are {}", known.join(", ")),
        None => "unknown field: remove it".to_owned(),
    };
    FieldError { path, message }
}

/// How many characters must be inserted, deleted or replaced to make one name of the other, whatever their case.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (line, other) in right.to_lowercase().chars().enumerate() {
        let mut next = vec![line + 1];
        for ((above_left, above), character) in row.iter().zip(row.iter().skip(1)).zip(&left) {
            let beside = next.last().copied().unwrap_or_default();
            next.push((above_left + usize::from(*character != other)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
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
