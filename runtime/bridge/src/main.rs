//! `troupe-mcp-bridge`: puts a stdio MCP server behind streamable HTTP.

mod command;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use command::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("TROUPE_BRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Standard output belongs to nobody here, but an installer's output may be read by a script.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let outcome = match arguments.command {
        Some(Command::Install { directory }) => command::install::install(&directory),
        None => command::serve::serve(arguments.serve),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
