//! `troupe`: the command line and the service.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The jail's helper starts itself with arguments of its own, and must not pay for a parser.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "jail") {
        return troupe_tools::jail::main();
    }
    // The provider must be there before the first connection; a second installation would be a mistake of ours.
    let _ = rustls::crypto::ring::default_provider().install_default();
    troupe_runtime::command::run()
}
