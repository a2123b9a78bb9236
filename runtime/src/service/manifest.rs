//! Manifests: reading resources with their status, and the one way in which every route writes the catalog.

pub mod preview;
pub mod watch;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use troupe_catalog::{Condition, Entry, Severity, View, WriteOptions};
use troupe_core::id::Timestamp;
use troupe_crds::condition::{ConditionType, Reason};
use troupe_crds::{API_VERSION, Kind, ParseError, Resource, id};

use crate::app::App;
use crate::http::error::Problem;
use crate::mcp::Standing;
use crate::service::page::Page;
use crate::service::rights::Asker;

/// A manifest that was sent.
pub(crate) struct ManifestInput {
    /// What it says.
    resource: Resource,
    /// The version that it was read with, where it says so.
    version: Option<String>,
    /// The object is there already.
    known: bool,
}

/// The longest id, in characters: what a name of Kubernetes may have.
const MOST_ID: usize = 253;

/// The deepest nesting of a manifest. YAML and JSON readers stop at 128 levels.
const DEEPEST: usize = 100;

/// The largest manifest, in bytes: the API server takes 3 MiB and etcd 1.5.
const LARGEST: usize = 1_536 * 1_024;

/// What a route's clients call the fields of a resource: pairs of a path in the resource and a field of the body.
pub type FieldNames = &'static [(&'static str, &'static str)];

/// Names, labels and annotations of an object that is made for an id.
pub fn metadata_for(id: &str) -> Map<String, Value> {
    let name = id::slug(id);
    let mut metadata = Map::new();
    if name != id {
        metadata.insert("annotations".to_owned(), json!({ id::ID_ANNOTATION: id }));
    }
    metadata.insert("name".to_owned(), name.into());
    metadata
}

/// Refuses an id that is empty, too long, or holds what no header, path or line can hold.
pub fn check_id(field: &str, id: &str) -> Result<(), Problem> {
    let wrong = |what: &str| Err(Problem::bad_request(format!("Invalid value for field {field}: {what}")));
    if id.trim().is_empty() {
        return Err(Problem::missing_field(field));
    }
    if id.chars().count() > MOST_ID {
        return wrong(&format!("it is longer than {MOST_ID} characters"));
    }
    if id.chars().any(char::is_control) {
        return wrong("it holds control characters");
    }
    Ok(())
}

/// The 400 of one wrong field.
pub fn wrong(field: &str, what: impl std::fmt::Display) -> Problem {
    Problem::bad_request(format!("Invalid value for field {field}: {what}")).with("field", field)
}

/// Something wrong with a field, as answers list it.
fn finding(path: &str, message: &str) -> Value {
    json!({"path": path, "message": message, "severity": Severity::Error.as_str()})
}

/// A resource made of a name, annotations and a spec, read as strictly as a file is. `fields` says what the client
/// calls the fields that turn out wrong.
pub fn resource(
    kind: Kind,
    metadata: Map<String, Value>,
    spec: Value,
    fields: FieldNames,
) -> Result<Resource, Problem> {
    let parts = [
        ("apiVersion", API_VERSION.into()),
        ("kind", kind.as_str().into()),
        ("metadata", Value::Object(metadata)),
        ("spec", spec),
    ];
    parsed(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), fields)
}

/// Name and annotations of an object, and its spec: what [`resource`] takes.
pub fn parts(entry: &Entry) -> Option<(Map<String, Value>, Value)> {
    let manifest = shown(entry)?.to_manifest().ok().flatten()?;
    let Value::Object(mut manifest) = manifest else { return None };
    let Some(Value::Object(metadata)) = manifest.remove("metadata") else { return None };
    Some((metadata, manifest.remove("spec").unwrap_or_default()))
}

/// What is shown of an object: what its file says, else what serves in its place.
pub fn shown(entry: &Entry) -> Option<&Arc<Resource>> {
    entry.newest.as_ref().or(entry.resource.as_ref())
}

fn parsed(document: Value, fields: FieldNames) -> Result<Resource, Problem> {
    check_shape(&document, fields)?;
    let resource = Resource::from_value(document).map_err(|error| parse_problem(&error, fields))?;
    let violations = troupe_rules::check(&resource);
    let findings: Vec<(String, String)> =
        violations.into_iter().map(|violation| (violation.path, violation.message)).collect();
    if findings.is_empty() { Ok(resource) } else { Err(findings_problem(&findings, fields)) }
}

fn parse_problem(error: &ParseError, fields: FieldNames) -> Problem {
    let findings: Vec<_> = error.fields().into_iter().map(|field| (field.path, field.message)).collect();
    findings_problem(&findings, fields)
}

/// A 400 that names every wrong field as the client knows it.
pub fn findings_problem(findings: &[(String, String)], fields: FieldNames) -> Problem {
    let named: Vec<(String, &str)> =
        findings.iter().map(|(path, message)| (client_name(path, fields), message.as_str())).collect();
    let detail: Vec<String> = named
        .iter()
        .map(|(field, message)| {
            if field.is_empty() { (*message).to_owned() } else { format!("Invalid value for field {field}: {message}") }
        })
        .collect();
    let listed: Vec<Value> = named.iter().map(|(field, message)| finding(field, message)).collect();
    let problem = Problem::bad_request(detail.join("; ")).with("findings", listed);
    match named.first().filter(|(field, _)| !field.is_empty()) {
        Some((field, _)) => problem.with("field", field.as_str()),
        None => problem,
    }
}

/// The field of the body that a path in the resource came from; the path itself where the client speaks in manifests.
fn client_name(path: &str, fields: FieldNames) -> String {
    let matching = fields.iter().filter_map(|(prefix, name)| Some((prefix.len(), name, path.strip_prefix(prefix)?)));
    let matching = matching.filter(|(_, _, rest)| rest.is_empty() || rest.starts_with(['.', '[']));
    matching
        .max_by_key(|(length, _, _)| *length)
        .map_or_else(|| path.to_owned(), |(_, name, rest)| format!("{name}{rest}"))
}

/// Refuses what a file could not give back as it was: too large, too deep, or text that YAML does not carry.
fn check_shape(document: &Value, fields: FieldNames) -> Result<(), Problem> {
    if let Some(path) = too_deep(document, "", 0) {
        let message = format!("is nested deeper than {DEEPEST} levels: make it flatter");
        return Err(findings_problem(&[(path, message)], fields));
    }
    let text = serde_yaml::to_string(document).unwrap_or_default();
    if text.len() > LARGEST {
        let path = largest(document);
        let message = format!("the resource is larger than {LARGEST} bytes: send less");
        return Err(findings_problem(&[(path, message)], fields));
    }
    if serde_yaml::from_str::<Value>(&text).is_ok_and(|read| read == *document) {
        return Ok(());
    }
    let path = unwritable(document, "").unwrap_or_default();
    Err(findings_problem(&[(path, "holds characters that a manifest cannot hold".to_owned())], fields))
}

fn below<'value>(value: &'value Value, path: &str) -> Vec<(String, &'value Value)> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, field))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
        }
        _ => Vec::new(),
    }
}

fn too_deep(value: &Value, path: &str, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        // The end of such a path helps nobody.
        let start: Vec<&str> = path.split('.').take(3).collect();
        return Some(start.join("."));
    }
    match value {
        Value::Object(_) | Value::Array(_) => {
            below(value, path).into_iter().find_map(|(path, value)| too_deep(value, &path, depth + 1))
        }
        _ => None,
    }
}

/// The field of the spec that takes the most room.
fn largest(document: &Value) -> String {
    let Some(mut value) = document.get("spec") else { return String::new() };
    let mut path = "spec".to_owned();
    while let Some((inner, child)) = below(value, &path).into_iter().max_by_key(|(_, child)| child.to_string().len()) {
        (path, value) = (inner, child);
    }
    path
}

fn unwritable(value: &Value, path: &str) -> Option<String> {
    let children = below(value, path);
    if children.is_empty() {
        let written = serde_yaml::to_string(value).ok();
        let read = written.and_then(|text| serde_yaml::from_str::<Value>(&text).ok());
        return (read.as_ref() != Some(value)).then(|| path.to_owned());
    }
    children.into_iter().find_map(|(path, value)| unwritable(value, &path))
}

impl App {
    /// Writes a resource that [`resource`] made, if `asker` may.
    pub async fn write(&self, asker: &Asker, resource: Resource, options: WriteOptions) -> Result<Arc<Entry>, Problem> {
        // What is no kind of ours is refused by the catalog.
        if let Some(kind) = resource.kind() {
            self.may_write(asker, kind, resource.name()).await?;
        }
        Ok(self.catalog.apply(resource, WriteOptions { force: asker.forces(), ..options }).await?)
    }

    /// Puts a resource in the place of another one of a different name: writes the new one, then takes the old one out.
    pub async fn rename(
        &self,
        asker: &Asker,
        kind: Kind,
        old: &str,
        resource: Resource,
    ) -> Result<Arc<Entry>, Problem> {
        self.may_delete(asker, kind, old).await?;
        let new = resource.name().to_owned();
        let entry = self.write(asker, resource, WriteOptions { create: true, ..WriteOptions::default() }).await?;
        let options = WriteOptions { force: asker.forces(), ..WriteOptions::default() };
        if let Err(error) = self.catalog.delete(kind, old, options).await {
            // Both would answer from now on, so the new one goes again; what was refused is told.
            if let Err(left) = self.catalog.delete(kind, &new, WriteOptions::default()).await {
                tracing::warn!(resource.kind = %kind, resource.name = %new, error = %left, "a half-made renaming stays");
            }
            return Err(error.into());
        }
        Ok(entry)
    }

    /// Deletes an object by its name, if `asker` may.
    pub async fn remove(&self, asker: &Asker, kind: Kind, name: &str, options: WriteOptions) -> Result<(), Problem> {
        self.may_delete(asker, kind, name).await?;
        Ok(self.catalog.delete(kind, name, WriteOptions { force: asker.forces(), ..options }).await?)
    }

    /// Applies a manifest of the given kind and name.
    pub async fn apply_manifest(
        &self,
        asker: &Asker,
        kind: Kind,
        name: &str,
        text: &str,
        if_match: Option<String>,
    ) -> Result<(Arc<Entry>, bool), Problem> {
        let ManifestInput { resource, version, known } = self.read_for(kind, name, text)?;
        // If-Match in the header wins; a manifest that was read here brings its version along.
        let if_match = if_match.or(version);
        let created = !known;
        let entry = self.write(asker, resource, WriteOptions { if_match, ..WriteOptions::default() }).await?;
        Ok((entry, created))
    }

    /// Reads a manifest of the given kind and name. What is wrong with it is in the problem's `findings`, with their
    /// places in the text.
    fn read_for(&self, kind: Kind, name: &str, text: &str) -> Result<ManifestInput, Problem> {
        self.checked_for(kind, name, text).map_err(|problem| preview::placed(problem, text))
    }

    fn checked_for(&self, kind: Kind, name: &str, text: &str) -> Result<ManifestInput, Problem> {
        let mut document = read_manifest(text)?;
        let version = document.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
        if document.get("status").is_some_and(|status| !status.is_object() && !status.is_null()) {
            return Err(wrong("status", "it must be an object; leave it out, for the service itself writes it"));
        }
        // What the service itself shows beside the rest is no part of what is written.
        if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("resourceVersion");
        }
        let resource = parsed(document, &[])?;
        if resource.kind() != Some(kind) {
            return Err(wrong("kind", format!("it is {}, and the path says {kind}", resource.kind_name())));
        }
        let known = self.catalog.view().find(kind, name).map(|entry| Arc::clone(&entry.name));
        let expected = known.as_deref().unwrap_or(name);
        if resource.name() != expected {
            return Err(wrong("metadata.name", format!("it is {:?}, and the path says {expected:?}", resource.name())));
        }
        Ok(ManifestInput { resource, version, known: known.is_some() })
    }

    /// Deletes an object by name or id.
    pub async fn delete_manifest(
        &self,
        asker: &Asker,
        kind: Kind,
        name: &str,
        if_match: Option<String>,
    ) -> Result<(), Problem> {
        let entry = self.catalog.view().find(kind, name).cloned().ok_or_else(|| missing(kind, name))?;
        let options = WriteOptions { if_match, ..WriteOptions::default() };
        self.remove(asker, kind, &entry.name, options).await
    }

    /// An object as a manifest with its status.
    pub fn manifest(&self, kind: Kind, name: &str) -> Result<Value, Problem> {
        let view = self.catalog.view();
        view.find(kind, name).map(|entry| self.shown(entry)).ok_or_else(|| missing(kind, name))
    }

    /// A page of a kind's objects, by name.
    pub fn manifests(&self, kind: Kind, page: &Page) -> (Vec<Value>, Option<String>) {
        let view: Arc<View> = self.catalog.view();
        page.of(view.list(kind), |entry| &entry.name, |entry| self.shown(entry))
    }

    /// An entry as a manifest with its status at this moment.
    pub fn shown(&self, entry: &Entry) -> Value {
        let mut conditions = self.catalog.conditions(entry);
        if entry.kind == Kind::McpServer {
            conditions.extend(self.mcp.standing(&entry.name).map(discovered));
        }
        with_status(entry, &conditions)
    }

    /// When each of some objects was last changed: when its file was. Files are looked at on a thread that may wait.
    pub async fn changed_at(&self, entries: &[Arc<Entry>]) -> Vec<Timestamp> {
        let files: Vec<_> = entries.iter().map(|entry| Arc::clone(&entry.file)).collect();
        let count = files.len();
        let looked = tokio::task::spawn_blocking(move || {
            let mut known = std::collections::HashMap::new();
            let at = files.iter().map(|file| *known.entry(file).or_insert_with(|| modified(file)));
            at.collect::<Vec<Timestamp>>()
        });
        looked.await.unwrap_or_else(|_| vec![0; count])
    }
}

fn modified(file: &std::path::Path) -> Timestamp {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.and_then(|since| Timestamp::try_from(since.as_micros()).ok()).unwrap_or(0)
}

/// The 404 of an object.
pub fn missing(kind: Kind, name: &str) -> Problem {
    Problem::not_found(format!("there is no {kind} {name:?}"))
}

/// A kind by its name in paths.
pub fn kind_of(plural: &str) -> Result<Kind, Problem> {
    Kind::ALL.into_iter().find(|kind| kind.plural() == plural).ok_or_else(|| {
        let plurals: Vec<&str> = Kind::ALL.into_iter().map(Kind::plural).collect();
        Problem::not_found(format!("there is no kind {plural:?}; use one of {}", plurals.join(", ")))
    })
}

fn read_manifest(text: &str) -> Result<Value, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::bad_request("Empty request body: send a manifest as YAML or JSON"));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) => serde_yaml::from_str(text).map_err(|error: serde_yaml::Error| {
            let message = format!("the body is no manifest in YAML or JSON: {error}");
            let place = error.location().map(|place| (place.line(), place.column()));
            let finding = preview::unreadable(&message, place);
            Problem::bad_request(message).with("findings", vec![finding])
        }),
    }
}

/// A manifest with `status`, and the version that `If-Match` compares.
fn with_status(entry: &Entry, conditions: &[Condition]) -> Value {
    let manifest = shown(entry).and_then(|resource| resource.to_manifest().ok().flatten());
    let mut manifest = manifest.unwrap_or_else(
        || json!({"apiVersion": API_VERSION, "kind": entry.kind.as_str(), "metadata": {"name": entry.name.as_ref()}}),
    );
    manifest["metadata"]["resourceVersion"] = entry.resource_version.as_str().into();
    let conditions: Vec<Value> = conditions.iter().map(condition).collect();
    let mut status = json!({"conditions": conditions});
    for (field, revision) in [("currentRevision", &entry.newest_revision), ("servingRevision", &entry.serving_revision)]
    {
        if let Some(revision) = revision {
            status[field] = revision.as_ref().into();
        }
    }
    if let Some(manager) = &entry.managed_by {
        status["managed"] = true.into();
        status["managedBy"] = manager.as_ref().into();
    }
    status["file"] = entry.file.display().to_string().into();
    status["line"] = entry.line.into();
    manifest["status"] = status;
    manifest
}

/// What an MCP server's standing says of it. It is of the moment, and `Ready` does not depend on it.
fn discovered(standing: Standing) -> Condition {
    let (status, reason, message) = match standing {
        Ok(()) => (true, Reason::ToolsListed, String::new()),
        Err(why) => (false, Reason::DiscoveryFailed, why.as_ref().to_owned()),
    };
    Condition { type_: ConditionType::Discovered, status, reason, message }
}

/// A condition as Kubernetes writes it: `status` is a text.
fn condition(condition: &Condition) -> Value {
    json!({
        "type": condition.type_.to_string(),
        "status": if condition.status { "True" } else { "False" },
        "reason": condition.reason.to_string(),
        "message": condition.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: FieldNames =
        &[("spec", "body"), ("spec.baseUrl", "api_base"), ("spec.parameters", "generate_params")];

    #[test]
    fn a_path_is_told_as_the_client_knows_it() {
        assert_eq!(client_name("spec.baseUrl", FIELDS), "api_base");
        assert_eq!(client_name("spec.parameters.a[1]", FIELDS), "generate_params.a[1]");
        assert_eq!(client_name("spec.baseUrls", FIELDS), "body.baseUrls");
        assert_eq!(client_name("metadata.name", FIELDS), "metadata.name");
    }

    #[test]
    fn what_is_too_deep_is_refused_by_its_field() {
        let mut value = json!(1);
        for _ in 0..DEEPEST {
            value = json!({"a": value});
        }
        let document = json!({"spec": {"parameters": value}});
        let problem = check_shape(&document, FIELDS).unwrap_err();
        assert!(problem.detail().starts_with("Invalid value for field generate_params.a: is nested"), "{problem:?}");
    }

    #[test]
    fn every_text_that_yaml_carries_is_taken() {
        for text in ["", " ", "\u{0}", "\u{feff}x", "\u{85}", "a\r\nb", "---", "~", "null", "1e3", "\u{2028}", "# no"] {
            let document = json!({"spec": {"parameters": {"text": text}}});
            assert_eq!(check_shape(&document, FIELDS), Ok(()), "{text:?}");
        }
    }
}
