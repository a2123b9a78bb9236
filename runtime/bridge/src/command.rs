//! The command line of `troupe-mcp-bridge`.

pub(crate) mod install;
pub(crate) mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Puts a stdio MCP server behind streamable HTTP: supervised, restarted when it dies, shared by all clients.
#[derive(Debug, Parser)]
#[command(name = "troupe-mcp-bridge", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: serve::ServeArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Copies this program into a directory, for images that have no `cp`.
    Install {
        /// An existing directory.
        directory: PathBuf,
    },
}
