//! `bash`: a command line in the jail, in a terminal of 80 columns and 24 rows (S1-90).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use troupe_core::port::ToolContext;
use troupe_core::tool::ToolResult;

use crate::arguments::{self, ArgumentError};
use crate::budget::MOST;
use crate::jail::{End, Jail, Job, Outcome, OutputForm, Resource};

/// Longer commands do not fit into one argument of a program (128 KiB in Linux) and come as a file.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// Runs the argument `command`, in the folder `cwd` where there is one.
pub(crate) async fn call(
    jail: &Jail,
    network: bool,
    arguments: &Map<String, Value>,
    context: &ToolContext,
    timeout: Duration,
    stop: &CancellationToken,
) -> ToolResult {
    let job = match job(network, arguments, context, timeout) {
        Ok(job) => job,
        Err(error) => return ToolResult::error(error),
    };
    match jail.run(&job, stop).await {
        Ok(outcome) => shown(outcome, timeout),
        Err(error) => ToolResult::error(chain(&error)),
    }
}

fn job(
    network: bool,
    arguments: &Map<String, Value>,
    context: &ToolContext,
    timeout: Duration,
) -> Result<Job, ArgumentError> {
    let text = arguments::text(arguments, "command")?;
    if text.contains('\0') {
        return Err(ArgumentError::wrong("command", "must not contain a NUL character"));
    }
    let directory = directory(arguments::optional_text(arguments, "cwd")?, context)?;
    let mut command = vec!["bash".to_owned(), "-c".to_owned(), text.to_owned()];
    let mut files = std::collections::BTreeMap::new();
    if text.len() > LONGEST_ARGUMENT {
        files.insert("command.sh".to_owned(), text.to_owned());
        command = vec!["bash".to_owned(), "{private}/command.sh".to_owned()];
    }
    Ok(Job {
        command,
        files,
        collect: None,
        output: OutputForm::Terminal,
        workspace: context.workspace.clone(),
        read_only: context.read_only,
        readable: context.directory.iter().cloned().collect(),
        directory,
        network,
        timeout,
        max_output: MOST,
    })
}

/// The working directory: `cwd` within the workspace (or the open skill's folder), else that skill's, else the workspace.
fn directory(cwd: Option<&str>, context: &ToolContext) -> Result<Option<PathBuf>, ArgumentError> {
    let default = context.directory.as_ref().or(context.workspace.as_ref());
    let Some(cwd) = cwd.filter(|cwd| !cwd.is_empty()) else { return Ok(default.cloned()) };
    let wrong = |problem: &str| ArgumentError::wrong("cwd", format!("{problem}: {cwd:?}"));
    let path = default.map_or_else(|| PathBuf::from(cwd), |default| default.join(cwd));
    let path = path.canonicalize().map_err(|_| wrong("names a folder that is not there"))?;
    if !path.is_dir() {
        return Err(wrong("names a file, not a folder"));
    }
    let within = |root: &Path| root.canonicalize().is_ok_and(|root| path.starts_with(root));
    if !context.workspace.iter().chain(&context.directory).any(|root| within(root)) {
        return Err(wrong("must name a folder of the workspace"));
    }
    Ok(Some(path))
}

/// S1-90: the output, `(empty output)`, or `Exit code N` before either.
fn shown(outcome: Outcome, timeout: Duration) -> ToolResult {
    let mut text = if outcome.output.is_empty() { "(empty output)".to_owned() } else { outcome.output };
    if outcome.cut {
        text.push_str("\n… (the rest of the output was dropped)");
    }
    match outcome.end.code() {
        Some(0) => ToolResult::text(text),
        Some(code) => ToolResult::text(format!("Exit code {code}\n{text}")),
        None => ToolResult::error(format!("{}\n{text}", ended(outcome.end, timeout))),
    }
}

/// Why we ended a command, as a sentence's beginning.
pub(crate) fn ended(end: End, timeout: Duration) -> String {
    match end {
        End::TimedOut => format!("the command was ended because it ran longer than {} s", timeout.as_secs_f64()),
        End::Cancelled => "the command was ended because the call was cancelled".to_owned(),
        End::Exceeded(Resource::Memory) => "the command was ended because it used too much memory".to_owned(),
        End::Exceeded(Resource::Processes) => "the command was ended because it started too many processes".to_owned(),
        End::Exited(code) => format!("the command ended with exit code {code}"),
        End::Signalled(signal) => format!("the command was ended by signal {signal}"),
    }
}

/// An error with what caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
