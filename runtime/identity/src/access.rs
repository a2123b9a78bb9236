//! What is asked for, in Kubernetes' own words.

use std::borrow::Cow;
use std::fmt;

/// The API group of our kinds.
const GROUP: &str = "troupe.dev";

/// An act on a resource of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The verb: `get`, `list`, `create`, `update`, `delete`, ….
    pub verb: &'static str,
    /// The API group; empty for the core one.
    pub group: &'static str,
    /// The resource in its plural, such as `agents`.
    pub resource: Cow<'static, str>,
    /// A part of it, such as `invoke`.
    pub subresource: Option<&'static str>,
    /// One object; `None` = any.
    pub name: Option<String>,
}

impl Access {
    /// An act on our `resource` as a whole.
    pub fn to(verb: &'static str, resource: impl Into<Cow<'static, str>>) -> Self {
        Self { verb, group: GROUP, resource: resource.into(), subresource: None, name: None }
    }

    /// Running an agent, a team, a workflow, a model or a tool: `create agents/invoke` by name.
    pub fn invoke(resource: impl Into<Cow<'static, str>>, name: impl Into<String>) -> Self {
        Self { subresource: Some("invoke"), ..Self::to("create", resource) }.named(name)
    }

    /// An act on a Secret of the namespace.
    pub fn secret(verb: &'static str) -> Self {
        Self { group: "", ..Self::to(verb, "secrets") }
    }

    /// The same act on one object.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }
}

/// As a Role would say it: `create agents/invoke "helper" of troupe.dev`.
impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if let Some(part) = self.subresource {
            write!(formatter, "/{part}")?;
        }
        if let Some(name) = &self.name {
            write!(formatter, " {name:?}")?;
        }
        if self.group.is_empty() { Ok(()) } else { write!(formatter, " of {}", self.group) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_reads_as_a_role_would_say_it() {
        assert_eq!(Access::invoke("agents", "helper").to_string(), r#"create agents/invoke "helper" of troupe.dev"#);
        assert_eq!(Access::to("list", "sessions").to_string(), "list sessions of troupe.dev");
        assert_eq!(Access::secret("create").to_string(), "create secrets");
    }
}
