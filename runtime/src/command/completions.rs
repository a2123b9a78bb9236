//! `troupe completions`: scripts by which shells complete this command line.

use std::io::Write;
use std::process::ExitCode;

use clap_complete::Shell;

/// What `completions` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Writes the script to standard output.
pub fn completions(arguments: &CompletionsArguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "troupe", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
