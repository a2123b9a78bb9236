//! What a resource refers to: objects of our kinds, keys of Secrets, ConfigMaps, each with its path.

use troupe_crds::{
    Kind, Resource,
    connection::{EnvironmentVariable, Header, Tls},
    reference::{ConfigMapKeyReference, KindReference, SecretKeyReference},
};

/// An object of one of our kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Path of the reference, such as `spec.modelRef`.
    pub path: String,
    /// Kind of the target.
    pub kind: Kind,
    /// Name of the target.
    pub name: String,
}

/// A key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretUse {
    /// Path of the reference.
    pub path: String,
    /// Name of the Secret.
    pub name: String,
    /// Key within it.
    pub key: String,
}

/// A ConfigMap, or one key of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigMapUse {
    /// Path of the reference.
    pub path: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// Key within it; none where every key is used.
    pub key: Option<String>,
}

/// Everything that a resource refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Objects of our kinds.
    pub objects: Vec<Reference>,
    /// Keys of Secrets.
    pub secrets: Vec<SecretUse>,
    /// ConfigMaps.
    pub config_maps: Vec<ConfigMapUse>,
}

/// Everything that a resource refers to, in the order of its fields.
pub fn references(resource: &Resource) -> References {
    let mut found = References::default();
    match resource {
        Resource::Model(model) => crate::model::references(&model.spec, &mut found),
        Resource::Tool(tool) => crate::tool::references(&tool.spec, &mut found),
        Resource::McpServer(server) => crate::mcp_server::references(&server.spec, &mut found),
        Resource::PromptTemplate(template) => crate::prompt_template::references(&template.spec, &mut found),
        Resource::Agent(agent) => crate::agent::references(&agent.spec, &mut found),
        Resource::Team(team) => crate::team::references(&team.spec, &mut found),
        Resource::Workflow(workflow) => crate::workflow::references(&workflow.spec, &mut found),
        Resource::Runtime(runtime) => crate::runtime::references(&runtime.spec, &mut found),
        Resource::Secret(_) => {}
    }
    found
}

impl References {
    /// Adds an object.
    pub fn object<R: KindReference>(&mut self, path: impl Into<String>, reference: &R) {
        self.named(path, R::KIND, reference.name());
    }

    /// Adds an object, where there is one.
    pub fn optional<R: KindReference>(&mut self, path: impl Into<String>, reference: Option<&R>) {
        if let Some(reference) = reference {
            self.object(path, reference);
        }
    }

    /// Adds an object by kind and name.
    pub fn named(&mut self, path: impl Into<String>, kind: Kind, name: &str) {
        self.objects.push(Reference { path: path.into(), kind, name: name.to_owned() });
    }

    /// Adds a key of a Secret.
    pub fn secret(&mut self, path: impl Into<String>, reference: &SecretKeyReference) {
        let SecretKeyReference { name, key } = reference.clone();
        self.secrets.push(SecretUse { path: path.into(), name, key });
    }

    /// Adds a key of a ConfigMap.
    pub fn config_map_key(&mut self, path: impl Into<String>, reference: &ConfigMapKeyReference) {
        let ConfigMapKeyReference { name, key } = reference.clone();
        self.config_maps.push(ConfigMapUse { path: path.into(), name, key: Some(key) });
    }

    /// Adds the Secrets of headers.
    pub fn headers(&mut self, path: &str, headers: &[Header]) {
        for (index, header) in headers.iter().enumerate() {
            if let Some(reference) = &header.secret_key_ref {
                self.secret(format!("{path}[{index}].secretKeyRef"), reference);
            }
        }
    }

    /// Adds the Secrets of variables.
    pub fn environment(&mut self, path: &str, variables: &[EnvironmentVariable]) {
        for (index, variable) in variables.iter().enumerate() {
            if let Some(reference) = &variable.secret_key_ref {
                self.secret(format!("{path}[{index}].secretKeyRef"), reference);
            }
        }
    }

    /// Adds the Secret of a bundle of certificate authorities.
    pub fn tls(&mut self, path: &str, tls: Option<&Tls>) {
        if let Some(reference) = tls.and_then(|tls| tls.ca_secret_key_ref.as_ref()) {
            self.secret(format!("{path}.caSecretKeyRef"), reference);
        }
    }
}
