//! The same contract where commands run in a sandbox behind a socket, and what is the sandbox's own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "jail/contract.rs"]
mod contract;
#[path = "sandbox/service.rs"]
mod service;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_tools::budget::Budget;
use troupe_tools::jail::sandbox::{self, SandboxSettings};
use troupe_tools::jail::{Jail, JailSettings, RemoteSandbox};

/// A sandbox of its own for each jail; the folder of the private folders is in the test's own folder, and so is the socket.
fn jail(settings: JailSettings) -> Jail {
    let folder = settings.private.parent().unwrap();
    let socket = folder.join("sandbox.sock");
    serve(SandboxSettings { workspace: folder.to_owned(), ..service(settings) }, &socket);
    client(&socket)
}

fn service(jail: JailSettings) -> SandboxSettings {
    let grace = Duration::from_mins(1);
    SandboxSettings { jail, workspace: "/".into(), max_jobs: 4, max_time: Duration::from_hours(1), grace }
}

fn serve(settings: SandboxSettings, socket: &std::path::Path) -> CancellationToken {
    let stop = CancellationToken::new();
    let listener = sandbox::listen(socket).unwrap();
    TaskTracker::new().spawn(sandbox::serve(listener, settings, stop.clone()));
    stop
}

fn client(socket: &std::path::Path) -> Jail {
    let settings = JailSettings { remote: Some(RemoteSandbox::new(socket)), ..JailSettings::default() };
    Jail::new(settings, Budget::default())
}

/// A number that tells the processes of this suite from those of the others.
fn mark(number: &str) -> String {
    format!("{number}2")
}
