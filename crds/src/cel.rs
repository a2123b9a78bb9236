//! CEL rules as constants: the API server gets rule and message, folder mode repeats the message word for word.

use kube::core::{Message, Rule};

/// One validation rule of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CelRule {
    /// The CEL expression; false refuses the object.
    pub rule: &'static str,
    /// What is wrong and what to write instead.
    pub message: &'static str,
}

impl From<CelRule> for Rule {
    fn from(rule: CelRule) -> Self {
        Self::new(rule.rule).message(Message::Message(rule.message.to_owned()))
    }
}

/// Names of children are the object's name and a suffix, and a label value ends at 63 characters.
pub const NAME_LENGTH: CelRule = CelRule {
    rule: "self.metadata.name.size() <= 40",
    message: "metadata.name has at most 40 characters, since the names of child objects add to it: choose a shorter \
              name, and keep the long one as annotation troupe.dev/id",
};

/// An address of HTTP.
pub const HTTP_URL: CelRule = CelRule {
    rule: "self.matches('^https?://[^/]')",
    message: "must be an absolute URL that starts with http:// or https://, such as https://api.example.com/v1",
};

/// A header or variable has one source.
pub const VALUE_OR_SECRET: CelRule = CelRule {
    rule: "[has(self.value), has(self.secretKeyRef)].filter(x, x).size() == 1",
    message: "set exactly one of value and secretKeyRef",
};
