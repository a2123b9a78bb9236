//! Closures of the embedding program as tools (S1-06, S1-88).

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};

use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use troupe_core::port::ToolContext;
use troupe_core::tool::{Approval, OnInterrupted, ToolKind, ToolResult, ToolSnapshot, ToolSpec};

/// What a closure gives: a text, or JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A text, as the model reads it.
    Text(String),
    /// JSON; the model reads it as compact text.
    Json(Value),
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            value => Self::Json(value),
        }
    }
}

type Closure = Arc<dyn Fn(Map<String, Value>, ToolContext) -> BoxFuture<'static, Result<Reply, String>> + Send + Sync>;

#[derive(Clone)]
struct Entry {
    snapshot: ToolSnapshot,
    closure: Closure,
}

/// The registered closures, by name.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    entries: Arc<RwLock<BTreeMap<String, Entry>>>,
}

impl Registry {
    pub(crate) fn insert(&self, snapshot: ToolSnapshot, closure: Closure) {
        let name = snapshot.spec.name.clone();
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(name, Entry { snapshot, closure });
    }

    pub(crate) fn remove(&self, name: &str) -> bool {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }

    pub(crate) fn snapshots(&self) -> Vec<ToolSnapshot> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().map(|entry| entry.snapshot.clone()).collect()
    }

    /// Calls the closure. One that panics gives an error result: a tool must not take the service down.
    pub(crate) async fn call(&self, name: &str, arguments: Map<String, Value>, context: ToolContext) -> ToolResult {
        let entry = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let Some(entry) = entry else {
            return ToolResult::error(format!("the tool {name:?} is not registered in this process"));
        };
        let called = AssertUnwindSafe(async { (entry.closure)(arguments, context).await }).catch_unwind().await;
        match called {
            Ok(Ok(Reply::Text(text))) => ToolResult::text(text),
            Ok(Ok(Reply::Json(value))) => {
                ToolResult { content: value.to_string(), structured: Some(value), ..ToolResult::default() }
            }
            Ok(Err(message)) => ToolResult::error(message),
            Err(_) => ToolResult::error(format!("the tool {name:?} panicked")),
        }
    }
}

/// Wraps a closure that takes the arguments as they are.
pub(crate) fn untyped<F, Fut, R>(closure: F) -> Closure
where
    F: Fn(Map<String, Value>, ToolContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, String>> + Send + 'static,
    R: Into<Reply>,
{
    Arc::new(move |arguments, context| closure(arguments, context).map(|reply| reply.map(Into::into)).boxed())
}

/// Wraps a closure that takes the arguments as a type. Arguments that do not fit are an error that names the one.
pub(crate) fn typed<A, F, Fut, R>(closure: F) -> Closure
where
    A: DeserializeOwned,
    F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, String>> + Send + 'static,
    R: Into<Reply>,
{
    Arc::new(move |arguments, context| match serde_json::from_value(Value::Object(arguments)) {
        Ok(arguments) => closure(arguments, context).map(|reply| reply.map(Into::into)).boxed(),
        Err(error) => futures::future::ready(Err(format!("the arguments do not fit: {error}"))).boxed(),
    })
}

/// The JSON Schema of a type, as models take it: whole in itself, without a title that repeats the Rust name.
pub fn schema_of<A: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("title");
        // A type without fields says nothing of them; models want an object all the same.
        fields.entry("type").or_insert_with(|| "object".into());
        fields.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    }
    schema
}

/// What a run pins of a registered closure.
pub(crate) fn snapshot(name: &str, description: &str, schema: Value) -> ToolSnapshot {
    ToolSnapshot {
        spec: ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters: schema },
        // S1-79: the id of a function.
        id: format!("function-{name}"),
        output: None,
        kind: ToolKind::Registered { name: name.to_owned() },
        timeout_ms: None,
        approval: Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: false,
        idempotent: false,
        destructive: false,
        hidden_arguments: Vec::new(),
    }
}
