//! The service's side of the jail: it starts a supervisor, reads what the command writes, and waits for the report.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, unix::AsyncFd};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::error::{JailError, system};
use super::job::{End, Job, OutputForm};
use super::policy::{Policy, Report};
use super::settings::{JailSettings, Sandbox};
use super::way::{Ended, Sink};
use super::{Why, pty, support};

/// What a system has for programs. Of `/etc` only what programs look up and everyone may know; of `/proc` and `/sys` what
/// describes the machine, not its processes.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/resolv.conf",
    "/etc/protocols",
    "/etc/services",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/os-release",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/etc/mime.types",
    "/etc/magic",
    "/etc/terminfo",
    "/etc/inputrc",
    "/etc/bash.bashrc",
    "/etc/python3",
    "/etc/python3.11",
    "/etc/fonts",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
];

/// Runs commands as children of this process.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    settings: Arc<JailSettings>,
}

impl Parent {
    pub(super) fn new(settings: JailSettings) -> Self {
        Self { settings: Arc::new(settings) }
    }

    /// Whether commands can run as the settings ask.
    pub(super) fn ready(&self) -> Result<(), Why> {
        match self.settings.sandbox {
            Sandbox::Landlock => support(),
            Sandbox::None => Ok(()),
        }
    }

    /// Runs one command, gives `sink` what it writes, and returns when it and all that it started are gone.
    pub(super) async fn run(
        &self,
        job: &Job,
        sink: &mut impl Sink,
        cancel: &CancellationToken,
    ) -> Result<Ended, JailError> {
        self.ready()?;
        let private = self.prepare(job).await?;
        let end = match self.policy(job, private.path()) {
            Ok(policy) => self.supervise(job, &policy, sink, cancel).await,
            Err(error) => Err(error),
        };
        let collect = job.collect.as_ref().map(|name| private.path().join(name));
        let most = job.max_output;
        let (collected, _) =
            blocking(move || Ok((collect.and_then(|path| read_bounded(&path, most)), private.close())))
                .await
                .map_err(system("read what the command left"))?;
        Ok(Ended { end: end?, collected })
    }

    /// Makes the private folder and its files.
    async fn prepare(&self, job: &Job) -> Result<TempDir, JailError> {
        let (settings, files, collect) = (self.settings.clone(), job.files.clone(), job.collect.clone());
        let made = blocking(move || {
            std::fs::create_dir_all(&settings.private)?;
            let private = tempfile::Builder::new().prefix("job-").tempdir_in(&settings.private)?;
            // Whoever asks names files, not ways out of the folder.
            if let Some(name) =
                files.keys().chain(&collect).find(|name| Path::new(name).file_name() != Some(name.as_ref()))
            {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name of a file")));
            }
            for (name, content) in files {
                std::fs::write(private.path().join(name), content)?;
            }
            Ok(private)
        });
        made.await.map_err(system("make the command's private folder"))
    }

    fn policy(&self, job: &Job, private: &Path) -> Result<Policy, JailError> {
        let settings = &self.settings;
        let private = private.canonicalize().map_err(system("find the command's private folder"))?;
        let workspace = job.workspace.as_deref().map(|path| self.reachable(path)).transpose()?;
        let mut read: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        read.extend(settings.readable.iter().cloned());
        for path in &job.readable {
            read.push(self.reachable(path)?);
        }
        let mut write = vec![private.clone()];
        if let Some(workspace) = &workspace {
            if job.read_only { &mut read } else { &mut write }.push(workspace.clone());
        }
        let here = private.to_string_lossy();
        Ok(Policy {
            command: job.command.iter().map(|word| word.replace("{private}", &here)).collect(),
            environment: environment(&settings.path, &here),
            directory: job.directory.clone().or(workspace).unwrap_or(private),
            read,
            write,
            frozen: job.read_only,
            network: job.network,
            confined: settings.sandbox == Sandbox::Landlock,
            terminal: job.output == OutputForm::Terminal,
            service: rustix::process::getpid().as_raw_pid(),
            limits: settings.limits,
            unseen: settings.unseen,
        })
    }

    /// The real path of a folder that a command is given, unless it contains what no command may see.
    fn reachable(&self, path: &Path) -> Result<PathBuf, JailError> {
        let path = path.canonicalize().map_err(system("find the workspace"))?;
        for protected in &self.settings.protected {
            let real = protected.canonicalize().unwrap_or_else(|_| protected.clone());
            if real.starts_with(&path) {
                return Err(JailError::Protected { workspace: path, protected: real });
            }
        }
        Ok(path)
    }

    async fn supervise(
        &self,
        job: &Job,
        policy: &Policy,
        sink: &mut impl Sink,
        cancel: &CancellationToken,
    ) -> Result<End, JailError> {
        let (mut supervisor, source) = self.start(policy).map_err(system("start the jail's supervisor"))?;
        let mut line = serde_json::to_vec(policy).map_err(|error| JailError::Start(error.to_string()))?;
        line.push(b'\n');
        supervisor.socket.write_all(&line).await.map_err(system("tell the supervisor what to run"))?;
        let ended = tokio::select! {
            read = read(&source, sink) => read.map(|()| None).map_err(system("read the command's output"))?,
            () = tokio::time::sleep(job.timeout) => Some(End::TimedOut),
            () = cancel.cancelled() => Some(End::Cancelled),
        };
        if ended.is_some() {
            // The supervisor reads the end of the socket as "kill"; what the command wrote until now is kept.
            supervisor.socket.shutdown().await.map_err(system("end the command"))?;
            drain(&source, sink).await;
        }
        let report = supervisor.report().await?;
        match (ended, report) {
            (_, Report::Failed(why)) => Err(JailError::Start(why)),
            (Some(end), _) => Ok(end),
            (None, Report::Exited(code)) => Ok(End::Exited(code)),
            (None, Report::Signalled(signal)) => Ok(End::Signalled(signal)),
            (None, Report::Exceeded(resource)) => Ok(End::Exceeded(resource)),
            (None, Report::Killed) => Err(JailError::NoReport),
        }
    }

    fn start(&self, policy: &Policy) -> io::Result<(Supervisor, AsyncFd<OwnedFd>)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (source, sink) = if policy.terminal {
            let terminal = pty::open()?;
            (terminal.ours, terminal.theirs)
        } else {
            let (source, sink) = io::pipe()?;
            (source.into(), sink.into())
        };
        rustix::io::ioctl_fionbio(&source, true)?;
        let process = Command::new(&self.settings.launcher.program)
            .args(&self.settings.launcher.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(sink.try_clone()?))
            .stderr(Stdio::from(sink))
            .spawn()?;
        Ok((Supervisor { socket: UnixStream::from_std(ours)?, process }, watched(source)?))
    }
}

/// Reads until the last process that holds the other side is gone.
async fn read(source: &AsyncFd<OwnedFd>, sink: &mut impl Sink) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = source.async_io(tokio::io::Interest::READABLE, |fd| read_some(fd, &mut piece)).await?;
        if read == 0 {
            return Ok(());
        }
        sink.push(&piece[..read]).await?;
    }
}

/// Registers a descriptor with the event loop.
#[expect(deprecated, reason = "it is sound for a descriptor that is owned; its successor is an unsafe function")]
fn watched(source: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(source)
}

/// The helper process and the socket to it.
struct Supervisor {
    socket: UnixStream,
    process: Child,
}

impl Supervisor {
    async fn report(mut self) -> Result<Report, JailError> {
        let mut text = Vec::new();
        self.socket.read_to_end(&mut text).await.map_err(system("read the supervisor's report"))?;
        self.process.wait().await.map_err(system("wait for the supervisor"))?;
        serde_json::from_slice(&text).map_err(|_| JailError::NoReport)
    }
}

/// Reads what there is; a terminal whose other side is gone answers `EIO`, which is its end.
fn read_some(fd: &OwnedFd, piece: &mut [u8]) -> io::Result<usize> {
    match rustix::io::read(fd, piece) {
        Err(rustix::io::Errno::IO) => Ok(0),
        other => Ok(other?),
    }
}

/// Takes what was written before the end.
async fn drain(source: &AsyncFd<OwnedFd>, sink: &mut impl Sink) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = source.async_io(tokio::io::Interest::READABLE, |fd| read_some(fd, &mut piece)).await {
        sink.last(&piece[..read]).await;
    }
}

fn environment(path: &str, private: &str) -> Vec<(String, String)> {
    [("PATH", path), ("HOME", private), ("TMPDIR", private), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// A regular file's content, unless it is larger than `most`.
fn read_bounded(path: &Path, most: usize) -> Option<Vec<u8>> {
    let data = std::fs::symlink_metadata(path).ok()?;
    let fits = data.is_file() && usize::try_from(data.len()).is_ok_and(|length| length <= most);
    // The command and all its processes are gone, so nothing changes the file in between.
    fits.then(|| std::fs::read(path).ok())?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
