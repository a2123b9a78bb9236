//! The environment of the service: variables kept by `/v1/env`, then the process's own (S1-158 to S1-162).
//!
//! Values are kept as the Secret `env` in the data folder and never shown. What reads a variable reads it anew each
//! time, so that a change takes effect at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use troupe_catalog::Catalog;
use troupe_core::model::SecretRef;
use troupe_core::port::SecretSource;
use troupe_tools::LiveLimits;

use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::wrong;
use crate::service::resolve::{MASK, is_mask};

/// The Secret that holds the values.
const SECRET: &str = "env";

/// The longest name, in characters.
const MOST_NAME: usize = 256;

/// The longest value, in bytes: half of what Linux takes for one variable.
const MOST_VALUE: usize = 65_536;

/// The variables that the service reads (S1-162).
pub const KNOWN: [&str; 11] = [
    "SUMMARY_MODEL_ID",
    "MAX_TOKENS_IN_CONTEXT",
    "MAX_TOOL_ROUNDS",
    "BASH_EXEC_TIMEOUT",
    "FETCH_MAX_SIZE",
    "AGENT_WORKSPACE",
    "UPLOAD_PARALLEL_SIZE",
    "UPLOAD_PARALLEL_MAX_THREADS",
    "SEARCH_MAX_RESULTS",
    "DISABLE_NESTED_DELEGATE",
    "AGENTS_RUNTIME_DIR",
];

/// Looks variables up: the kept ones first, then the process's.
#[derive(Clone)]
pub struct Environment {
    catalog: Catalog,
    process: troupe_catalog::Environment,
}

impl Environment {
    /// The variables that a catalog's Secrets keep, over those of the process.
    pub fn new(catalog: Catalog, process: troupe_catalog::Environment) -> Self {
        Self { catalog, process }
    }

    /// A variable's value; an empty one counts as none.
    pub fn get(&self, name: &str) -> Option<String> {
        self.kept(name).or_else(|| (self.process)(name)).filter(|value| !value.is_empty())
    }

    /// A variable's value as `/v1/env` keeps it.
    pub fn kept(&self, name: &str) -> Option<String> {
        let reference = SecretRef::Key { name: SECRET.to_owned(), key: name.to_owned() };
        // The catalog holds its Secrets in memory: the answer is there at once.
        let value = self.catalog.secret(&reference).now_or_never()?.ok()?;
        Some(value.as_ref().to_owned())
    }

    /// The same as a number; one that is none is as good as absent, and logged. It wins over what the service was
    /// started with.
    pub fn kept_number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        let value = self.kept(name).filter(|value| !value.trim().is_empty())?;
        let number = value.trim().parse().ok();
        if number.is_none() {
            tracing::warn!(variable = name, "a variable is no number; it is passed over");
        }
        number
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.catalog.secret_keys().into_iter().filter(|(secret, _)| secret == SECRET).map(|(_, key)| key)
    }
}

/// Kept variables count from the next call on, and win over the process's (S1-33, S1-159).
impl LiveLimits for Environment {
    fn bash_timeout(&self) -> Option<Duration> {
        self.kept_number("BASH_EXEC_TIMEOUT").map(Duration::from_secs)
    }

    fn fetch_max_size(&self) -> Option<usize> {
        self.kept_number("FETCH_MAX_SIZE")
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

/// A variable as it is posted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct VariableInput {
    /// Its name.
    pub key: Option<String>,
    /// Its value; what is no text is written as JSON. The mask keeps the value that is there.
    #[schema(value_type = Value, required = false)]
    pub value: Option<Value>,
}

impl App {
    /// A variable of the service's environment.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name)
    }

    /// Rounds of tool calls where neither request nor agent say (S1-70).
    pub fn max_tool_rounds(&self) -> u32 {
        self.environment.kept_number("MAX_TOOL_ROUNDS").unwrap_or(self.settings.max_tool_rounds)
    }

    /// The folder that tools work in where the request does not say (S1-163).
    pub fn default_workspace(&self) -> Option<PathBuf> {
        let kept = self.environment.kept("AGENT_WORKSPACE").filter(|path| !path.is_empty()).map(PathBuf::from);
        // What runs in the jail starts in another folder: it needs the whole path.
        kept.map(|path| std::path::absolute(&path).unwrap_or(path)).or_else(|| self.settings.workspace.clone())
    }

    /// Whether `delegate` is kept from sub-agents (S1-122).
    pub fn disable_nested_delegate(&self) -> bool {
        match self.environment.kept("DISABLE_NESTED_DELEGATE") {
            Some(value) => matches!(value.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"),
            None => self.settings.disable_nested_delegate,
        }
    }

    /// The model that summarises and makes titles, by name or id (S1-162).
    pub fn summary_model(&self) -> Option<String> {
        let kept = self.environment.kept("SUMMARY_MODEL_ID").filter(|id| !id.is_empty());
        kept.or_else(|| self.settings.summary_model.clone())
    }

    /// Tokens from which on a conversation is summarised (S1-129).
    pub fn max_context_tokens(&self) -> Option<u64> {
        self.environment.kept_number("MAX_TOKENS_IN_CONTEXT").or(self.settings.max_context_tokens)
    }

    /// Every kept variable with a mask in place of its value.
    pub fn list_variables(&self) -> BTreeMap<String, &'static str> {
        self.environment.names().map(|name| (name, MASK)).collect()
    }

    /// Keeps a variable.
    pub async fn set_variable(&self, input: VariableInput) -> Result<(), Problem> {
        let key = input.key.unwrap_or_default();
        check_name(&key)?;
        let value = match input.value {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        if value.len() > MOST_VALUE {
            return Err(wrong("value", format!("it is larger than {MOST_VALUE} bytes")));
        }
        if value.contains('\0') {
            return Err(wrong("value", "it holds a zero byte"));
        }
        if is_mask(&value) && self.environment.kept(&key).is_some() {
            return Ok(());
        }
        self.catalog.set_secret(SECRET, &key, &value).await?;
        Ok(())
    }

    /// Removes a kept variable; one that is not there is no error (S1-161).
    pub async fn delete_variable(&self, key: &str) -> Result<(), Problem> {
        if self.environment.names().any(|name| name == key) {
            self.catalog.delete_secret_key(SECRET, key).await?;
        }
        Ok(())
    }
}

fn check_name(key: &str) -> Result<(), Problem> {
    if key.trim().is_empty() {
        return Err(Problem::missing_field("key"));
    }
    if key.chars().count() > MOST_NAME {
        return Err(wrong("key", format!("it is longer than {MOST_NAME} characters")));
    }
    if key.chars().any(|letter| letter == '=' || letter.is_whitespace() || letter.is_control()) {
        return Err(wrong("key", "a name has no spaces, control characters or ="));
    }
    Ok(())
}
