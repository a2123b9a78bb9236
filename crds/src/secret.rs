//! A plain core/v1 Secret as a document of a folder, where no API server keeps Secrets.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Deserialize;

/// The `apiVersion` of a Secret.
pub const SECRET_API_VERSION: &str = "v1";

/// The kind of a Secret.
pub const SECRET_KIND: &str = "Secret";

/// A Secret. It cannot be serialized and its `Debug` shows keys only, so that no value gets into a log or an answer.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretDocument {
    /// Name, labels, annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Type of the Secret; nothing here depends on it.
    #[serde(default, rename = "type")]
    pub type_: Option<String>,
    /// Nothing here depends on it; accepted because Kubernetes does.
    #[serde(default)]
    pub immutable: Option<bool>,
    /// Values by key, in base64 as they stand in the document.
    #[serde(default)]
    pub data: BTreeMap<String, ByteString>,
    /// Values by key in plain text; they win over `data`, as in Kubernetes.
    #[serde(default)]
    pub string_data: BTreeMap<String, String>,
}

impl SecretDocument {
    /// The value of a key, decoded.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        let plain = self.string_data.get(key).map(String::as_bytes);
        plain.or_else(|| self.data.get(key).map(|value| value.0.as_slice()))
    }

    /// The keys, sorted, each once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let mut keys: Vec<_> = self.data.keys().chain(self.string_data.keys()).map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
    }
}

impl fmt::Debug for SecretDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretDocument")
            .field("name", &self.metadata.name)
            .field("keys", &self.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
