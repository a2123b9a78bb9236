//! The runtime's side of a sandbox: it hands a command over, keeps what comes back, and says what is wrong when nothing
//! does.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::error::JailError;
use super::job::{End, Job};
use super::settings::RemoteSandbox;
use super::way::{Ended, Sink};
use super::wire::{self, Reader, Reply, Request, VERSION, Writer};

/// The pause between attempts to reach a sandbox that is not there.
const AGAIN: Duration = Duration::from_millis(100);

/// How much later than the sandbox this side counts a command's time as up: usually the sandbox says so itself.
const LATER: Duration = Duration::from_secs(2);

/// How long the sandbox may take to end a command and to hand over what it wrote.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// A sandbox behind a socket.
#[derive(Debug)]
pub(super) struct Remote {
    settings: RemoteSandbox,
    /// A connection that stays open, so that a sandbox which is told to stop knows that this side still needs it.
    presence: Mutex<Option<Connection>>,
}

/// Both directions of a connection.
#[derive(Debug)]
struct Connection {
    reader: Reader,
    writer: Writer,
}

/// Why a connection gave no reply.
enum Broken {
    /// The sandbox ended, or said what makes no sense.
    Lost,
    /// It took the request and refused it.
    Refused(JailError),
}

impl Remote {
    pub(super) fn new(settings: RemoteSandbox) -> Self {
        Self { settings, presence: Mutex::default() }
    }

    /// Asks the sandbox whether commands can run.
    pub(super) async fn ready(&self) -> Result<(), JailError> {
        let deadline = Instant::now() + self.settings.patience;
        loop {
            let mut connection = self.connect(deadline).await?;
            match connection.first(None, Reply::Ready).await {
                Ok(()) => {
                    *self.presence.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
                    return Ok(());
                }
                Err(Broken::Refused(error)) => return Err(error),
                Err(Broken::Lost) => self.pause(deadline).await?,
            }
        }
    }

    /// Runs one command there. Dropping this future closes the connection, which ends the command.
    pub(super) async fn run(
        &self,
        job: &Job,
        sink: &mut impl Sink,
        cancel: &CancellationToken,
    ) -> Result<Ended, JailError> {
        let mut connection = tokio::select! {
            started = self.start(job) => started?,
            // Closing the connection takes the request back.
            () = cancel.cancelled() => return Ok(Ended { end: End::Cancelled, collected: None }),
        };
        let mut collected = Vec::new();
        let stopped = tokio::select! {
            ended = connection.follow(job, sink, &mut collected, Pace::Waiting) => return ended,
            () = sleep(job.timeout.saturating_add(LATER)) => End::TimedOut,
            () = cancel.cancelled() => End::Cancelled,
        };
        // The end of this half means "end the command". A sandbox that is gone already shows in what is read next.
        let _ = SinkExt::<Bytes>::close(&mut connection.writer).await;
        let rest = connection.follow(job, sink, &mut collected, Pace::Ending);
        match timeout(LAST_WORDS, rest).await {
            // It may have ended by itself in this moment; what was asked for wins, as where commands run here.
            Ok(ended) => Ok(Ended { end: stopped, ..ended? }),
            Err(_) => Err(JailError::Lost),
        }
    }

    /// A connection whose command has begun. Until it begins nothing has happened, so a sandbox that goes away before is
    /// asked again.
    async fn start(&self, job: &Job) -> Result<Connection, JailError> {
        self.attend().await?;
        let mut deadline = Instant::now() + self.settings.patience;
        loop {
            let mut connection = self.connect(deadline).await?;
            match connection.first(Some(job.clone()), Reply::Started).await {
                Ok(()) => return Ok(connection),
                Err(Broken::Refused(error)) => return Err(error),
                Err(Broken::Lost) => {
                    // It was there a moment ago, and may have held the request for long: its new start counts from here.
                    deadline = deadline.max(Instant::now() + self.settings.patience / 2);
                    self.pause(deadline).await?;
                }
            }
        }
    }

    /// Sees to it that the connection that stays open is there.
    async fn attend(&self) -> Result<(), JailError> {
        let alive = {
            let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
            presence.as_mut().is_some_and(|connection| connection.reader.next().now_or_never().is_none())
        };
        if alive { Ok(()) } else { self.ready().await }
    }

    async fn connect(&self, deadline: Instant) -> Result<Connection, JailError> {
        loop {
            match UnixStream::connect(&self.settings.socket).await {
                Ok(stream) => {
                    let (reader, writer) = wire::client(stream);
                    return Ok(Connection { reader, writer });
                }
                Err(error) if is_absence(&error) && Instant::now() < deadline => sleep(AGAIN).await,
                Err(source) => return Err(JailError::Away { socket: self.settings.socket.clone(), source }),
            }
        }
    }

    /// Waits a little after a sandbox went away; an error when it went away for too long.
    async fn pause(&self, deadline: Instant) -> Result<(), JailError> {
        if Instant::now() >= deadline {
            let source = io::ErrorKind::ConnectionReset.into();
            return Err(JailError::Away { socket: self.settings.socket.clone(), source });
        }
        sleep(AGAIN).await;
        Ok(())
    }
}

/// Whether it may be better in a moment: the socket is not there yet, or is what a dead sandbox left.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::WouldBlock)
}

/// Whether the sink may make the command wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Waiting,
    Ending,
}

impl Connection {
    /// Sends a request and waits for the first reply, which must be `expected`.
    async fn first(&mut self, job: Option<Job>, expected: Reply) -> Result<(), Broken> {
        let request = serde_json::to_vec(&Request { version: VERSION, job })
            .map_err(|error| Broken::Refused(JailError::Start(error.to_string())))?;
        if request.len() > wire::LONGEST_REQUEST {
            let text = format!("it is longer than the {} MiB that a sandbox takes", wire::LONGEST_REQUEST >> 20);
            return Err(Broken::Refused(JailError::Refused(text)));
        }
        // A sandbox that refuses before it has read all still says why.
        let _ = self.writer.send(Bytes::from(request)).await;
        match self.next().await {
            Some(Reply::Refused(refusal)) => Err(Broken::Refused(refusal.into())),
            Some(reply) if reply == expected => Ok(()),
            _ => Err(Broken::Lost),
        }
    }

    /// The next reply; `None` when the connection is of no more use.
    async fn next(&mut self) -> Option<Reply> {
        Reply::decode(self.reader.next().await?.ok()?).ok()
    }

    /// Takes what comes until the command has ended.
    async fn follow(
        &mut self,
        job: &Job,
        sink: &mut impl Sink,
        collected: &mut Vec<u8>,
        pace: Pace,
    ) -> Result<Ended, JailError> {
        loop {
            match self.next().await {
                Some(Reply::Output(piece)) if pace == Pace::Ending => sink.last(&piece).await,
                Some(Reply::Output(piece)) => {
                    sink.push(&piece).await.map_err(super::error::system("keep the command's output"))?;
                }
                // What is larger than was asked for comes from no sandbox of ours.
                Some(Reply::Collected(piece)) if collected.len() + piece.len() <= job.max_output => {
                    collected.extend_from_slice(&piece);
                }
                Some(Reply::Ended(end, file)) => {
                    return Ok(Ended { end, collected: file.then(|| std::mem::take(collected)) });
                }
                Some(Reply::Refused(refusal)) => return Err(refusal.into()),
                _ => return Err(JailError::Lost),
            }
        }
    }
}
