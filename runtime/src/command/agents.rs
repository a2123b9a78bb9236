//! Flags of what agents may do: the same for `serve` and for `ask` in process.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use troupe_crds::duration::GoDuration;

use super::variable::{Lookup, or_older, path_or_older, switch_or_older};
use crate::settings::Settings;
use crate::size::Size;

/// How commands are confined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SandboxKind {
    /// By Landlock and seccomp; where the kernel has none of them, no command runs
    #[default]
    Landlock,
    /// Not at all: commands have the rights of this process
    None,
}

/// What agents may do.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Agents")]
pub struct AgentOptions {
    /// The folder that agents work in; it is made if it is not there. Without one, agents have no files [older: `AGENT_WORKSPACE`]
    #[arg(long, env = "TROUPE_WORKSPACE", value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// How commands and functions are confined
    #[arg(long, env = "TROUPE_SANDBOX", value_enum, default_value_t)]
    sandbox: SandboxKind,
    /// The socket of a `troupe sandbox` that runs commands and functions instead of this process
    #[arg(long, env = "TROUPE_SANDBOX_SOCKET", value_name = "SOCKET")]
    sandbox_socket: Option<PathBuf>,
    /// A host (also `*.example.org`), address or network that tools may reach although it is private; repeatable
    #[arg(long, env = "TROUPE_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    allow_host: Vec<String>,
    /// Rounds of tool calls where neither agent nor request say [default: 20] [older: `MAX_TOOL_ROUNDS`]
    #[arg(long, env = "TROUPE_MAX_TOOL_ROUNDS", value_name = "ROUNDS")]
    max_tool_rounds: Option<u32>,
    /// The longest that a command of `bash` may take [default: 5m] [older: `BASH_EXEC_TIMEOUT`, in seconds]
    #[arg(long, env = "TROUPE_BASH_TIMEOUT", value_name = "DURATION")]
    bash_timeout: Option<GoDuration>,
    /// The most characters that `fetch` gives [default: 256K] [older: `FETCH_MAX_SIZE`]
    #[arg(long, env = "TROUPE_FETCH_MAX_SIZE", value_name = "SIZE")]
    fetch_max_size: Option<Size>,
    /// The Model that summarises conversations and gives them titles [older: `SUMMARY_MODEL_ID`]
    #[arg(long, env = "TROUPE_SUMMARY_MODEL", value_name = "MODEL")]
    summary_model: Option<String>,
    /// Tokens of a conversation from which on it is summarised, where its agent does not say [default: 65536] [older: `MAX_TOKENS_IN_CONTEXT`]
    #[arg(long, env = "TROUPE_MAX_CONTEXT_TOKENS", value_name = "TOKENS")]
    max_context_tokens: Option<u64>,
    /// Sub-agents get no `delegate` [older: `DISABLE_NESTED_DELEGATE`]
    #[arg(long, env = "TROUPE_DISABLE_NESTED_DELEGATE", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    disable_nested_delegate: Option<bool>,
}

impl AgentOptions {
    /// Writes them over the defaults of `settings`.
    pub fn apply(self, settings: &mut Settings, lookup: Lookup<'_>) -> anyhow::Result<()> {
        settings.workspace = path_or_older(self.workspace, "AGENT_WORKSPACE", lookup).map(made).transpose()?;
        settings.no_sandbox = self.sandbox == SandboxKind::None;
        settings.sandbox_socket = self.sandbox_socket;
        settings.allowed = self.allow_host;
        if let Some(rounds) = or_older(self.max_tool_rounds, "MAX_TOOL_ROUNDS", lookup)? {
            settings.max_tool_rounds = rounds;
        }
        let seconds = or_older(None::<u64>, "BASH_EXEC_TIMEOUT", lookup)?.map(Duration::from_secs);
        if let Some(timeout) = self.bash_timeout.map(|timeout| timeout.value()).or(seconds) {
            settings.bash_timeout = timeout;
        }
        if let Some(Size(size)) = or_older(self.fetch_max_size, "FETCH_MAX_SIZE", lookup)? {
            settings.fetch_max_size = usize::try_from(size).unwrap_or(usize::MAX);
        }
        settings.summary_model = or_older(self.summary_model, "SUMMARY_MODEL_ID", lookup)?;
        settings.max_context_tokens = or_older(self.max_context_tokens, "MAX_TOKENS_IN_CONTEXT", lookup)?;
        settings.disable_nested_delegate =
            switch_or_older(self.disable_nested_delegate, "DISABLE_NESTED_DELEGATE", lookup);
        Ok(())
    }
}

/// The folder, made if need be.
fn made(folder: PathBuf) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(&folder).with_context(|| {
        format!("cannot make the workspace {}; choose another one with --workspace", folder.display())
    })?;
    Ok(folder)
}
