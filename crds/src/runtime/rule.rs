//! The CEL rules of a Runtime.

use crate::cel::CelRule;

/// One per namespace.
pub const SINGLETON: CelRule = CelRule {
    rule: "self.metadata.name == 'default'",
    message: "a namespace has one Runtime, named default: set metadata.name to default",
};

/// SQLite belongs to one process.
pub const REPLICAS_NEED_POSTGRES: CelRule = CelRule {
    rule: "self.replicas <= 1 || (has(self.storage) && has(self.storage.postgres))",
    message: "replicas above 1 needs PostgreSQL, since SQLite belongs to one process: set \
              storage.postgres.urlSecretKeyRef, or replicas to 1",
};

/// Replicas on several nodes see the same files.
pub const REPLICAS_NEED_SHARED_WORKSPACE: CelRule = CelRule {
    rule: "self.replicas <= 1 || !has(self.workspace) || self.workspace.accessMode == 'ReadWriteMany'",
    message: "replicas above 1 needs a workspace that several nodes can write: set workspace.accessMode to \
              ReadWriteMany, remove workspace, or set replicas to 1",
};

/// The runtime's own image has its user.
pub const NO_RUN_AS_USER: CelRule = CelRule {
    rule: "!has(self.podTemplate) || !has(self.podTemplate.runAsUser)",
    message: "podTemplate.runAsUser is only for an McpServer's image: remove it",
};

/// Data is kept in one place.
pub const ONE_STORAGE: CelRule = CelRule {
    rule: "[has(self.sqlite), has(self.postgres)].filter(x, x).size() == 1",
    message: "set exactly one of sqlite and postgres",
};

/// An existing claim has its size and class already.
pub const CLAIM_OR_SIZE: CelRule = CelRule {
    rule: "!has(self.existingClaim) || (!has(self.size) && !has(self.storageClassName))",
    message: "existingClaim has its size and storage class already: remove size and storageClassName, or existingClaim",
};

/// A bundle comes from one place.
pub const ONE_BUNDLE: CelRule = CelRule {
    rule: "[has(self.secretKeyRef), has(self.configMapKeyRef)].filter(x, x).size() == 1",
    message: "set exactly one of secretKeyRef and configMapKeyRef",
};
