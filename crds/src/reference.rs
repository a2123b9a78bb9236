//! Typed references: always a name within the namespace, never a namespace, never a value of a Secret.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Kind;

/// A reference to an object of one of our kinds.
pub trait KindReference {
    /// The kind of the target.
    const KIND: Kind;

    /// The target's name.
    fn name(&self) -> &str;
}

macro_rules! kind_reference {
    ($(#[$doc:meta] $type:ident => $kind:ident;)+) => {$(
        #[$doc]
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub struct $type {
            /// Name of the object, in the same namespace.
            #[schemars(length(min = 1, max = 253))]
            pub name: String,
        }

        impl KindReference for $type {
            const KIND: Kind = Kind::$kind;

            fn name(&self) -> &str {
                &self.name
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self { name: name.to_owned() }
            }
        }
    )+};
}

kind_reference! {
    /// A Model of the same namespace.
    ModelReference => Model;
    /// A Tool of the same namespace.
    ToolReference => Tool;
    /// An McpServer of the same namespace.
    McpServerReference => McpServer;
    /// A PromptTemplate of the same namespace.
    PromptTemplateReference => PromptTemplate;
    /// An Agent of the same namespace.
    AgentReference => Agent;
    /// A Team of the same namespace.
    TeamReference => Team;
    /// A Workflow of the same namespace.
    WorkflowReference => Workflow;
}

/// One key of a Secret of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SecretKeyReference {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key within the Secret's data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A value that is only ever a reference to a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretSource {
    /// The key of a Secret that holds the value.
    pub secret_key_ref: SecretKeyReference,
}

/// A ConfigMap of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigMapReference {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// One key of a ConfigMap of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigMapKeyReference {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key within the ConfigMap's data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}
