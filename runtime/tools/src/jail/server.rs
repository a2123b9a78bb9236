//! The sandbox: serves the jail over a Unix socket, for a runtime whose own container holds what no command may come near.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::JailError;
use super::job::Job;
use super::parent::Parent;
use super::settings::JailSettings;
use super::way::{Ended, Sink};
use super::wire::{self, PIECE, Reader, Refusal, Reply, Request, VERSION, Writer};
use crate::budget;

/// Connections at one time: commands that run, that wait, and the runtime's own.
const CONNECTIONS: usize = 1024;

/// How long a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// How long a client may leave a reply unread after its command has ended.
const UNREAD: Duration = Duration::from_secs(10);

/// How long commands may take to go once all are told to.
const GOING: Duration = Duration::from_secs(5);

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// The jail of its commands.
    pub jail: JailSettings,
    /// Commands are given folders below this one, and no others.
    pub workspace: PathBuf,
    /// Commands at one time; more wait, each as long as it may run.
    pub max_jobs: usize,
    /// The longest that a command may ask for.
    pub max_time: Duration,
    /// How long a runtime that is still connected may go on after the stop was asked for.
    pub grace: Duration,
}

/// Makes the socket, in place of what an earlier sandbox left. Only the same user may connect.
///
/// # Errors
/// When something that is no socket is in its place, or the system refuses.
pub fn listen(socket: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(socket) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(socket)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // It appears under its name only when it is complete: who connects in between would meet other rights.
    let part = socket.with_extension("part");
    let _ = std::fs::remove_file(&part);
    let listener = UnixListener::bind(&part)?;
    std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&part, socket)?;
    Ok(listener)
}

/// Serves until `stop`, and from then on as long as somebody is connected, within the grace.
pub async fn serve(listener: UnixListener, settings: SandboxSettings, stop: CancellationToken) {
    let grace = settings.grace;
    let tasks = TaskTracker::new();
    // A tracker that is closed tells when it is empty, and takes tasks all the same.
    tasks.close();
    let shared = Arc::new(Shared {
        parent: Parent::new(settings.jail.clone()),
        jobs: Semaphore::new(settings.max_jobs.clamp(1, Semaphore::MAX_PERMITS)),
        end: CancellationToken::new(),
        settings,
    });
    tokio::select! {
        () = accept(&listener, &shared, &tasks) => {}
        () = async { stop.cancelled().await; let _ = timeout(grace, tasks.wait()).await; } => {}
    }
    shared.end.cancel();
    let _ = timeout(GOING, tasks.wait()).await;
}

async fn accept(listener: &UnixListener, shared: &Arc<Shared>, tasks: &TaskTracker) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The kernel keeps those that come meanwhile.
        let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                tasks.spawn(async move {
                    shared.serve(stream).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Too many open files, mostly: better in a moment.
                tracing::warn!(error = %error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Shared {
    parent: Parent,
    jobs: Semaphore,
    /// Ends all commands.
    end: CancellationToken,
    settings: SandboxSettings,
}

impl Shared {
    async fn serve(&self, stream: UnixStream) {
        let peer = stream.peer_cred().map(|peer| peer.uid());
        let (mut reader, mut writer) = wire::server(stream);
        if peer.as_ref().ok() != Some(&rustix::process::geteuid().as_raw()) {
            tracing::warn!(?peer, "refused a connection of another user");
            let refusal = Refusal::Other("it takes requests of its own user only".to_owned());
            return reply(&mut writer, &Reply::Refused(refusal)).await;
        }
        let Ok(Some(Ok(frame))) = timeout(ARRIVAL, reader.next()).await else { return };
        let outcome = match serde_json::from_slice::<Request>(&frame) {
            Ok(request) if request.version == VERSION => match request.job {
                None => return self.attend(&mut reader, &mut writer).await,
                Some(job) => self.job(&job, &mut reader, &mut writer).await,
            },
            // Another version's request need not even be readable.
            Ok(_) | Err(_) => Err(JailError::Refused(
                "the runtime is of another version; give the sandbox the same image version".to_owned(),
            )),
        };
        match outcome {
            Ok(ended) => finish(&mut writer, ended).await,
            Err(error) => reply(&mut writer, &Reply::Refused(error.into())).await,
        }
    }

    /// Says whether commands can run, and stays connected until the client goes.
    async fn attend(&self, reader: &mut Reader, writer: &mut Writer) {
        let ready = match self.parent.ready() {
            Ok(()) => Reply::Ready,
            Err(why) => Reply::Refused(Refusal::Unsupported(why)),
        };
        reply(writer, &ready).await;
        tokio::select! {
            () = hung_up(reader) => {}
            () = self.end.cancelled() => {}
        }
    }

    async fn job(&self, job: &Job, reader: &mut Reader, writer: &mut Writer) -> Result<Ended, JailError> {
        self.check(job)?;
        let cancel = self.end.child_token();
        let run = async {
            let place = timeout(job.timeout, self.jobs.acquire()).await;
            let _place = place.map_err(|_| JailError::Refused(self.busy()))?;
            // A client that is gone shows in the other half.
            let _ = writer.send(Reply::Started.encode().map_err(super::error::system("say that it starts"))?).await;
            self.parent.run(job, &mut Wire { writer, gone: false }, &cancel).await
        };
        let mut run = std::pin::pin!(run);
        tokio::select! {
            outcome = &mut run => return outcome,
            () = hung_up(reader) => cancel.cancel(),
        }
        run.await
    }

    /// What the runtime may not ask for: it would be a mistake of its settings.
    fn check(&self, job: &Job) -> Result<(), JailError> {
        let refused = |text| Err(JailError::Refused(text));
        if job.timeout > self.settings.max_time {
            let (asked, most) = (job.timeout.as_secs(), self.settings.max_time.as_secs());
            return refused(format!("it may take {asked} s, and the sandbox runs nothing for longer than {most} s"));
        }
        if job.max_output > budget::MOST {
            return refused(format!("the sandbox hands over {} MiB at most", budget::MOST >> 20));
        }
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = real(&self.settings.workspace);
        let folders = job.workspace.iter().chain(&job.readable).chain(&job.directory);
        match folders.map(|path| real(path)).find(|path| !path.starts_with(&root)) {
            Some(path) => {
                refused(format!("the sandbox sees the folder {} only, and not {}", root.display(), path.display()))
            }
            None => Ok(()),
        }
    }

    fn busy(&self) -> String {
        format!("{} commands run in the sandbox already, and none ended in time", self.settings.max_jobs)
    }
}

/// Waits until the client has closed its half, or says what it should not.
async fn hung_up(reader: &mut Reader) {
    // There is nothing more to say on a connection, so a further frame is as good as its end.
    let _ = reader.next().await;
}

/// Hands over the file, then says how the command ended.
async fn finish(writer: &mut Writer, ended: Ended) {
    let file = ended.collected.is_some();
    let mut rest = Bytes::from(ended.collected.unwrap_or_default());
    while !rest.is_empty() {
        reply(writer, &Reply::Collected(rest.split_to(PIECE.min(rest.len())))).await;
    }
    reply(writer, &Reply::Ended(ended.end, file)).await;
}

/// Sends a last reply; a client that is gone or does not read needs none.
async fn reply(writer: &mut Writer, reply: &Reply) {
    if let Ok(frame) = reply.encode() {
        let _ = timeout(UNREAD, writer.send(frame)).await;
    }
}

/// Sends what a command writes to the client, and has the command wait for a client that reads slowly.
struct Wire<'a> {
    writer: &'a mut Writer,
    gone: bool,
}

impl Sink for Wire<'_> {
    async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.writer.send(Reply::Output(Bytes::copy_from_slice(piece)).encode()?).await
    }

    async fn last(&mut self, piece: &[u8]) {
        if self.gone {
            return;
        }
        let Ok(frame) = Reply::Output(Bytes::copy_from_slice(piece)).encode() else { return };
        self.gone = !matches!(timeout(UNREAD, self.writer.send(frame)).await, Ok(Ok(())));
    }
}
