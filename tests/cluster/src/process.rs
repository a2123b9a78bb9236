//! One long-running program of the cluster: started with nothing of this process's settings, logging into a file, gone with its owner.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::keeper;

/// How many bytes of a log an error shows.
const TAIL: usize = 4000;

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// The folder of its log, and its home.
    pub(crate) folder: PathBuf,
    /// The network namespace that it runs in, as a file; this process's if there is none.
    pub(crate) network: Option<PathBuf>,
    /// What PATH names before the system's folders.
    pub(crate) programs: Vec<PathBuf>,
}

impl Launch {
    /// A program of `folder` with flags such as `--secure-port=0`.
    pub(crate) fn new(program: PathBuf, folder: &Path) -> Self {
        Self { program, arguments: Vec::new(), folder: folder.to_owned(), network: None, programs: Vec::new() }
    }

    /// Adds an argument.
    pub(crate) fn flag(mut self, flag: impl Into<OsString>) -> Self {
        self.arguments.push(flag.into());
        self
    }

    /// Adds `NAME=PATH`.
    pub(crate) fn file(self, name: &str, path: impl AsRef<Path>) -> Self {
        let mut flag = OsString::from(name);
        flag.push("=");
        flag.push(path.as_ref());
        self.flag(flag)
    }

    fn name(&self) -> String {
        self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn log(&self) -> PathBuf {
        self.folder.join(self.name()).with_extension("log")
    }

    /// `setpriv` asks the kernel to end the program with us, `nsenter` puts it where its network is; both then become the program.
    fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]);
        if let Some(network) = &self.network {
            command.arg("nsenter").arg(format!("--net={}", network.display())).arg("--");
        }
        command.arg(&self.program).args(&self.arguments).current_dir(&self.folder);
        let system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let path = self.programs.iter().map(PathBuf::as_path).chain(system.map(Path::new));
        command.env_clear().env("HOME", &self.folder).env("PATH", std::env::join_paths(path).unwrap_or_default());
        command.stdin(Stdio::null());
        command
    }

    /// Starts it. A log that is there already, from before a restart, is continued.
    pub(crate) fn start(self) -> anyhow::Result<Daemon> {
        let log = self.log();
        let file = File::options().create(true).append(true).open(&log)?;
        let mut command = self.command();
        command.stdout(file.try_clone()?).stderr(file);
        let child = keeper::spawn(command).with_context(|| format!("{} cannot be started", self.name()))?;
        Ok(Daemon { launch: self, child })
    }
}

/// A program that runs; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    launch: Launch,
    child: Child,
}

impl Daemon {
    /// An error with the end of its log if it has ended.
    pub(crate) fn running(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = fs::read(self.launch.log()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL)..]).into_owned();
        bail!("{} has ended with {status}:\n{tail}", self.launch.name())
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        self.launch.name()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a crash does.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program to its end; its output, or an error with what it complained of.
pub(crate) fn output<A: AsRef<OsStr>>(program: &Path, arguments: &[A]) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("{} cannot be started", program.display()))?;
    if !output.status.success() {
        bail!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
