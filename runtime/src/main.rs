//! `troupe`: the command line and the service.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use troupe_runtime::settings::Settings;

#[derive(Parser)]
#[command(version, about = "AI agents as resources")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve folders of manifests
    Serve {
        /// Folders of manifests; a later one wins
        directories: Vec<PathBuf>,
        /// Where to listen
        #[arg(long, env = "TROUPE_LISTEN", default_value = "127.0.0.1:7988")]
        listen: std::net::SocketAddr,
        /// The data directory
        #[arg(long, env = "TROUPE_DATA", default_value = "data")]
        data: PathBuf,
        /// The folder that agents work in
        #[arg(long, env = "TROUPE_WORKSPACE")]
        workspace: Option<PathBuf>,
    },
    /// Run a command in the jail (used by the service itself)
    #[command(hide = true)]
    Jail,
}

fn main() -> anyhow::Result<ExitCode> {
    // The jail's helper starts itself with arguments of its own, and must not pay for a parser.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "jail") {
        return Ok(troupe_tools::jail::main());
    }
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match arguments.command {
        Command::Jail => Ok(troupe_tools::jail::main()),
        Command::Serve { directories, listen, data, workspace } => {
            // The provider must be there before the first connection; a second installation would be a mistake of ours.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let settings = Settings { listen, workspace, ..Settings::new(directories, data) };
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(troupe_runtime::command::serve::serve(settings))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
