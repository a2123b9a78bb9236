//! One file's text as documents, each good, broken with diagnostics, or a Secret.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use troupe_core::id::Timestamp;
use troupe_crds::{Kind, Resource, SecretDocument};

use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{head, is_blank, slices};
use crate::locate::locate;

/// A document of ours in a file.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file.
    pub(crate) file: Arc<Path>,
    /// The line of its first byte.
    pub(crate) line: usize,
    /// Changes whenever its text does.
    pub(crate) version: String,
    /// The kind, where it could be read.
    pub(crate) kind: Option<Kind>,
    /// The name, where it could be read.
    pub(crate) name: Option<Arc<str>>,
    /// The tool that an object of a cluster belongs to.
    pub(crate) managed_by: Option<Arc<str>>,
    /// When an object of a cluster was last changed.
    pub(crate) changed_at: Option<Timestamp>,
    /// What it holds.
    pub(crate) content: Content,
}

/// What a document holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A resource that is valid in itself.
    Good(Object),
    /// Something that is none; why not.
    Broken(Vec<Diagnostic>),
    /// A Secret; its `Debug` shows no values.
    Secret(Arc<SecretDocument>),
}

/// A valid resource.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// The resource.
    pub(crate) resource: Arc<Resource>,
    /// The hash of its canonical spec.
    pub(crate) revision: Arc<str>,
}

/// Reads a file's documents; those of `known`, what the file held before, are kept where their text and place are the
/// same. Manifests of other groups are left out without a word: folders hold them too.
pub(crate) fn parse(file: &Arc<Path>, text: &str, known: &[Arc<Document>]) -> Vec<Arc<Document>> {
    let known: HashMap<(&str, usize), &Arc<Document>> =
        known.iter().map(|document| ((document.version.as_str(), document.line), document)).collect();
    let mut documents = Vec::new();
    for slice in slices(text) {
        let body = slice.of(text);
        if is_blank(body) {
            continue;
        }
        let version = version(body);
        if let Some(document) = known.get(&(version.as_str(), slice.line)) {
            documents.push(Arc::clone(document));
            continue;
        }
        let reader = Reader { file, line: slice.line, text: body, version };
        documents.extend(reader.read().map(Arc::new));
    }
    documents
}

/// A short hash of a text.
pub(crate) fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().fold(String::with_capacity(16), |mut hex, byte| {
        hex.extend([byte >> 4, byte & 15].iter().filter_map(|digit| char::from_digit(u32::from(*digit), 16)));
        hex
    })
}

struct Reader<'text> {
    file: &'text Arc<Path>,
    line: usize,
    text: &'text str,
    version: String,
}

impl Reader<'_> {
    fn read(&self) -> Option<Document> {
        // JSON may be indented with tabs, which YAML forbids.
        let json = self.file.extension().is_some_and(|extension| extension == "json");
        let value = match json.then(|| serde_json::from_str::<Value>(self.text)) {
            Some(Ok(value)) => value,
            _ => match serde_yaml::from_str(self.text) {
                Ok(value) => value,
                Err(error) => return Some(self.unreadable(&error)),
            },
        };
        if is_list(&value) {
            let message = "a List is not read: write its items as documents of their own, with --- between them";
            return Some(self.broken(Some("List".to_owned()), None, vec![("kind".to_owned(), message.to_owned())]));
        }
        if !Resource::is_ours(&value) && !looks_like_ours(&value) {
            return None;
        }
        let kind = value.get("kind").and_then(Value::as_str).map(str::to_owned);
        let name = value.pointer("/metadata/name").and_then(Value::as_str).map(Arc::from);
        Some(match Resource::from_value(value) {
            Ok(resource) => self.resource(resource, kind, name),
            Err(error) => {
                let findings = error.fields().into_iter().map(|field| (field.path, field.message)).collect();
                self.broken(kind, name, findings)
            }
        })
    }

    fn resource(&self, resource: Resource, kind: Option<String>, name: Option<Arc<str>>) -> Document {
        if let Resource::Secret(secret) = resource {
            return self.document(None, name, Content::Secret(Arc::from(secret)));
        }
        let violations = check::violations(&resource);
        if !violations.is_empty() {
            let findings = violations.into_iter().map(|violation| (violation.path, violation.message)).collect();
            return self.broken(kind, name, findings);
        }
        let revision = check::revision(&resource);
        let object = Object { revision: revision.into(), resource: Arc::new(resource) };
        self.document(object.resource.kind(), name, Content::Good(object))
    }

    fn broken(&self, kind: Option<String>, name: Option<Arc<str>>, findings: Vec<(String, String)>) -> Document {
        let diagnostics = findings.into_iter().map(|(path, message)| {
            let place = locate(self.text, &path);
            Diagnostic {
                file: Arc::clone(self.file),
                line: self.line + place.map_or(1, |(line, _)| line) - 1,
                column: place.map(|(_, column)| column),
                kind: kind.clone(),
                name: name.as_deref().map(str::to_owned),
                path,
                message,
                severity: Severity::Error,
            }
        });
        let content = Content::Broken(diagnostics.collect());
        self.document(kind.and_then(|kind| kind.parse().ok()), name, content)
    }

    fn unreadable(&self, error: &serde_yaml::Error) -> Document {
        let head = head(self.text);
        let place = error.location();
        let diagnostic = Diagnostic {
            file: Arc::clone(self.file),
            line: self.line + place.as_ref().map_or(1, serde_yaml::Location::line) - 1,
            column: place.as_ref().map(serde_yaml::Location::column),
            kind: head.kind.clone(),
            name: head.name.clone(),
            path: String::new(),
            message: format!("cannot be read as YAML: {}; correct the text here or just above", without_place(error)),
            severity: Severity::Error,
        };
        let kind = head.kind.and_then(|kind| kind.parse().ok());
        self.document(kind, head.name.map(Arc::from), Content::Broken(vec![diagnostic]))
    }

    fn document(&self, kind: Option<Kind>, name: Option<Arc<str>>, content: Content) -> Document {
        let (file, version) = (Arc::clone(self.file), self.version.clone());
        Document { file, line: self.line, version, kind, name, managed_by: None, changed_at: None, content }
    }
}

/// A `List` with something of ours in it.
fn is_list(value: &Value) -> bool {
    let items = value.get("items").and_then(Value::as_array);
    value.get("kind").is_some_and(|kind| kind == "List")
        && items.is_some_and(|items| items.iter().any(Resource::is_ours))
}

/// A kind of ours under an `apiVersion` that is not: more likely a typing mistake than somebody else's manifest.
fn looks_like_ours(value: &Value) -> bool {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let ours = text("kind").is_some_and(|kind| kind.parse::<Kind>().is_ok());
    ours && text("apiVersion").is_none_or(|version| !version.contains('/') || version.starts_with("troup"))
}

/// The message without the place within the document, which would contradict the place within the file.
fn without_place(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    let mut kept = String::with_capacity(message.len());
    let mut rest = message.as_str();
    while let Some(at) = rest.find(" at line ") {
        kept.push_str(&rest[..at]);
        let tail = &rest[at + " at line ".len()..];
        let end = tail.find(|c: char| !(c.is_ascii_digit() || " column".contains(c))).unwrap_or(tail.len());
        rest = &tail[end..];
    }
    kept.push_str(rest);
    kept
}
