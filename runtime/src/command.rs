//! The command line, one file a command.

pub mod agents;
pub mod ask;
pub mod completions;
pub mod console;
mod namespace;
pub mod revisions;
pub mod sandbox;
pub mod serve;
mod service;
pub mod validate;
pub mod variable;

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::telemetry::log::{self, LogFormat};

/// What is told to people who have not said what they want logged.
const QUIET: &str = "warn";

/// Runs AI agents that are described as resources.
#[derive(Debug, Parser)]
#[command(name = "troupe", version, about = "Runs AI agents that are described as resources", after_help = PRECEDENCE)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The form of the log, on standard error; `auto`: text in a terminal, else JSON
    #[arg(long, global = true, env = "TROUPE_LOG_FORMAT", value_enum, default_value_t, help_heading = "Logging")]
    log_format: LogFormat,
    /// What is logged, such as `info` or `troupe_core=debug,info` [default: `RUST_LOG`, else info for serve and warn for the rest]
    #[arg(long, global = true, env = "TROUPE_LOG", value_name = "FILTER", help_heading = "Logging")]
    log: Option<String>,
}

const PRECEDENCE: &str = "A flag wins over its TROUPE_ variable, that one over the older variable named in its help, that one over the default.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the agents of folders of manifests over HTTP
    Serve(Box<serve::ServeArguments>),
    /// Say what is wrong in folders of manifests
    ///
    /// Exit code 1 when there are errors; warnings alone are none.
    Validate(validate::ValidateArguments),
    /// Ask an agent, and watch it answer
    ///
    /// The answer goes to standard output; reasoning, tool calls and their results go to standard error.
    Ask(Box<ask::AskArguments>),
    /// List the versions of an agent
    Get(Box<revisions::GetArguments>),
    /// Show where two versions of an agent differ
    ///
    /// Exit code 1 when they do.
    Diff(Box<revisions::DiffArguments>),
    /// Pin the version of an agent that is served
    Publish(Box<revisions::PublishArguments>),
    /// Open a namespace's console and API on this machine
    Console(console::ConsoleArguments),
    /// Run commands for a runtime in another container, over a Unix socket
    ///
    /// The sidecar of a runtime in a cluster: it holds neither Secrets nor a token.
    Sandbox(sandbox::SandboxArguments),
    /// Write a completion script for a shell to standard output
    Completions(completions::CompletionsArguments),
}

/// The arguments are well formed and make no sense together, or a value is missing: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Parses the arguments of this process, does what they say, and reports errors in a sentence.
///
/// Exit codes: 0 done, 1 failed (or `validate` found errors), 2 wrong usage, 130 interrupted.
pub fn run() -> ExitCode {
    match Arguments::of_process().run() {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to be told when standard error is closed.
            let _ = writeln!(std::io::stderr(), "troupe: {error:#}");
            if error.downcast_ref::<UsageError>().is_some() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// An empty variable counts as absent.
fn without_empty(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    let without = |arg: clap::Arg| if is_empty(&arg) { arg.env(clap::builder::Resettable::Reset) } else { arg };
    command.mut_args(without).mut_subcommands(without_empty)
}

impl Arguments {
    fn of_process() -> Self {
        let matches = without_empty(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    fn run(self) -> anyhow::Result<ExitCode> {
        let usual = if matches!(self.command, Command::Serve(_) | Command::Sandbox(_)) { "info" } else { QUIET };
        let filter = self.log.or_else(|| variable::process("RUST_LOG")).unwrap_or_else(|| usual.to_owned());
        log::start(self.log_format, &filter).map_err(|error| UsageError(format!("--log: {error:#}")))?;
        match self.command {
            Command::Serve(arguments) => {
                let settings = arguments.settings(&variable::process)?;
                on_all_cores(serve::serve(settings))
            }
            Command::Validate(arguments) => on_all_cores(validate::validate(arguments)),
            Command::Ask(arguments) => on_all_cores(ask::ask(*arguments)),
            Command::Get(arguments) => on_all_cores(revisions::get(*arguments)),
            Command::Diff(arguments) => on_all_cores(revisions::diff(*arguments)),
            Command::Publish(arguments) => on_all_cores(revisions::publish(*arguments)),
            Command::Console(arguments) => on_all_cores(console::console(arguments)),
            Command::Sandbox(arguments) => on_all_cores(sandbox::sandbox(arguments)),
            Command::Completions(arguments) => completions::completions(&arguments, Self::command()),
        }
    }
}

fn on_all_cores(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// The folders named on the command line, else those of `TROUPE_DIRS` (separated as in `PATH`).
fn folders(
    named: Vec<std::path::PathBuf>,
    variable: variable::Lookup<'_>,
    command: &str,
) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let folders: Vec<_> = if named.is_empty() {
        variable("TROUPE_DIRS").map(|value| std::env::split_paths(&value).collect()).unwrap_or_default()
    } else {
        named
    };
    if folders.is_empty() {
        return Err(UsageError(format!("name a folder of manifests: troupe {command} DIR")).into());
    }
    for folder in &folders {
        check_folder(folder)?;
    }
    Ok(folders)
}

/// A folder that cannot be read would otherwise be a service without agents.
fn check_folder(folder: &std::path::Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let looked = folder.metadata().and_then(|meta| if meta.is_dir() { folder.read_dir().map(drop) } else { Ok(()) });
    match looked {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!("there is no folder {shown}; make it, or name another one")
        }
        Err(error) => anyhow::bail!("cannot read the folder {shown}: {error}; make it readable, or name another one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_variable_named_after_it() {
        let mut command = Arguments::command();
        command.build();
        for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
            for argument in command.get_arguments() {
                let Some(long) = argument.get_long().filter(|long| !["help", "version"].contains(long)) else {
                    continue;
                };
                let variable = format!("TROUPE_{}", long.replace('-', "_").to_uppercase());
                let given = argument.get_env().and_then(|name| name.to_str());
                assert_eq!(given, Some(variable.as_str()), "--{long} of {}", command.get_name());
            }
        }
    }
}
