//! Which language a template is written in, and one way to use all of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{JinjaNames, LanguageError, dollar, jinja, placeholder};

/// A template language. On the wire: `Placeholder`, `Jinja`, `Dollar`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum Engine {
    /// `{{name}}` only.
    #[default]
    Placeholder,
    /// Conditions, loops and includes.
    Jinja,
    /// `$name`, `${name}`, `$$`.
    Dollar,
}

impl Engine {
    /// The names that a caller may give values for; none where the text is not valid (then [`Engine::check`] says why).
    pub fn names(self, text: &str) -> Vec<String> {
        match self {
            Self::Placeholder => placeholder::names(text),
            Self::Dollar => dollar::names(text),
            Self::Jinja => jinja::check(text).map(|names| names.variables).unwrap_or_default(),
        }
    }

    /// Names and includes, or why the text is no template. Only Jinja texts can be wrong or include others.
    pub fn check(self, text: &str) -> Result<JinjaNames, LanguageError> {
        match self {
            Self::Placeholder | Self::Dollar => Ok(JinjaNames { variables: self.names(text), includes: Vec::new() }),
            Self::Jinja => jinja::check(text),
        }
    }

    /// The text with its values. `includes` finds the text of another template by name; only Jinja asks it.
    pub fn render(
        self,
        text: &str,
        values: &Map<String, Value>,
        includes: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, LanguageError> {
        match self {
            Self::Placeholder => Ok(placeholder::render(text, values)),
            Self::Dollar => Ok(dollar::render(text, values)),
            Self::Jinja => jinja::render(text, values, includes),
        }
    }
}
