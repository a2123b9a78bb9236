//! `function`: Python code in the jail. With an entry point: `entrypoint(**arguments)`, whose return is the result.
//! Without one: `payload` in, `result` out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use troupe_core::port::ToolContext;
use troupe_core::tool::{FunctionTool, ToolResult};

use crate::bash::{chain, ended};
use crate::budget::MOST;
use crate::jail::{End, Jail, JailError, Job, OutputForm};

/// The program that runs the source and writes down what came of it.
const DRIVER: &str = include_str!("function/driver.py");

/// What a function printed and gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What it printed, both streams.
    pub printed: String,
    /// The result as JSON, or what went wrong.
    pub result: Result<Value, String>,
}

/// Why a function could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The language is none that is known.
    #[error("the language {0:?} is not supported; write Python")]
    Language(String),
    /// The jail failed.
    #[error(transparent)]
    Jail(#[from] JailError),
    /// We ended it; the text says why and what it printed.
    #[error("{0}")]
    Ended(String),
}

/// Runs a function with its arguments in the jail.
pub async fn run(
    jail: &Jail,
    tool: &FunctionTool,
    arguments: &Map<String, Value>,
    context: &ToolContext,
    timeout: Duration,
    stop: &CancellationToken,
) -> Result<Ran, FunctionError> {
    if !tool.language.eq_ignore_ascii_case("python") {
        return Err(FunctionError::Language(tool.language.clone()));
    }
    let outcome = jail.run(&job(tool, arguments, context, timeout), stop).await?;
    let printed = outcome.output;
    match outcome.end {
        End::Exited(_) => {}
        end => return Err(FunctionError::Ended(with_printed(&ended(end, timeout), &printed))),
    }
    let written = outcome.collected.as_deref().map(serde_json::from_slice::<Written>);
    let result = match written {
        Some(Ok(Written::Result(value))) => Ok(value),
        Some(Ok(Written::Error(message))) => Err(message),
        // `os._exit`, or a result larger than is accepted.
        Some(Err(_)) | None => Err(format!("{}, without a result", ended(outcome.end, timeout))),
    };
    Ok(Ran { printed, result })
}

/// What the driver writes down.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Written {
    Result(Value),
    Error(String),
}

fn job(tool: &FunctionTool, arguments: &Map<String, Value>, context: &ToolContext, timeout: Duration) -> Job {
    let mut command = vec!["python3".to_owned(), "-I".to_owned(), "-B".to_owned(), "{private}/driver.py".to_owned()];
    command.extend(tool.entrypoint.iter().cloned());
    Job {
        command,
        files: BTreeMap::from([
            ("driver.py".to_owned(), DRIVER.to_owned()),
            ("tool.py".to_owned(), tool.source.clone()),
            ("arguments.json".to_owned(), Value::Object(arguments.clone()).to_string()),
        ]),
        collect: Some("result.json".to_owned()),
        output: OutputForm::Plain,
        workspace: context.workspace.clone(),
        read_only: context.read_only,
        readable: context.directory.iter().cloned().collect(),
        directory: context.directory.clone().or_else(|| context.workspace.clone()),
        network: tool.network,
        timeout,
        max_output: MOST,
    }
}

/// A function's result for the model: a string as it is, anything else as JSON; what it printed where it gives nothing.
pub(crate) async fn call(
    jail: &Jail,
    tool: &FunctionTool,
    arguments: &Map<String, Value>,
    context: &ToolContext,
    timeout: Duration,
    stop: &CancellationToken,
) -> ToolResult {
    let ran = match run(jail, tool, arguments, context, timeout, stop).await {
        Ok(ran) => ran,
        Err(error) => return ToolResult::error(chain(&error)),
    };
    match ran.result {
        Ok(Value::Null) if !ran.printed.is_empty() => ToolResult::text(ran.printed),
        Ok(Value::String(text)) => {
            ToolResult { structured: Some(Value::String(text.clone())), ..ToolResult::text(text) }
        }
        Ok(value) => ToolResult { content: value.to_string(), structured: Some(value), ..ToolResult::default() },
        Err(message) => ToolResult::error(with_printed(&message, &ran.printed)),
    }
}

fn with_printed(message: &str, printed: &str) -> String {
    if printed.trim().is_empty() { message.to_owned() } else { format!("{message}\nIt printed:\n{printed}") }
}
