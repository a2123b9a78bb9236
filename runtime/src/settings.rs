//! What a runtime is started with, from flags, environment variables and defaults, in this order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a runtime over folders, or of a namespace.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folders of manifests; a later one wins. Writes go to the last.
    pub directories: Vec<PathBuf>,
    /// The namespace of a cluster whose resources are served, instead of folders.
    pub namespace: Option<String>,
    /// A file of certificate authorities (PEM) that are trusted beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Where `/metrics` is served; `None` = nowhere.
    pub metrics: Option<SocketAddr>,
    /// The data directory.
    pub data: PathBuf,
    /// The folder that agents work in.
    pub workspace: Option<PathBuf>,
    /// Rounds of tool calls where neither agent nor request say (S1-70).
    pub max_tool_rounds: u32,
    /// The longest that a command may take.
    pub bash_timeout: Duration,
    /// The most characters that `fetch` gives.
    pub fetch_max_size: usize,
    /// The model that summarises and makes titles, by name or id (`SUMMARY_MODEL_ID`).
    pub summary_model: Option<String>,
    /// Tokens of a conversation from which on it is summarised, where its agent does not say; `None` = the core's
    /// default (`MAX_TOKENS_IN_CONTEXT`).
    pub max_context_tokens: Option<u64>,
    /// Bytes of an upload that go in one piece (S1-177, `UPLOAD_PARALLEL_SIZE`).
    pub upload_parallel_size: u64,
    /// Pieces that a client may send at one time (S1-177, `UPLOAD_PARALLEL_MAX_THREADS`), from 1 to 32.
    pub upload_parallel_max_threads: u32,
    /// The most files that a search of the workspace gives (`SEARCH_MAX_RESULTS`).
    pub search_max_results: usize,
    /// Commands run without Landlock and seccomp.
    pub no_sandbox: bool,
    /// The socket of the sandbox that runs commands; `None` = this process runs them.
    pub sandbox_socket: Option<PathBuf>,
    /// Hosts and networks that requests may reach although the guard would refuse them.
    pub allowed: Vec<String>,
    /// Further host names under which the service is reached.
    pub hosts: Vec<String>,
    /// Origins of other sites that may call from a browser.
    pub cors: Vec<String>,
    /// The bearer token that every request must bring.
    pub token: Option<String>,
    /// How long what runs may go on after a stop was asked for.
    pub grace: Duration,
    /// Run trees at one time.
    pub max_running: usize,
    /// Runs that may wait.
    pub max_queued: usize,
    /// S1-122: `delegate` is not offered to sub-agents.
    pub disable_nested_delegate: bool,
    /// How the jail's helper process is started; `None` = this program with `jail`.
    pub jail: Option<PathBuf>,
    /// Whether the folders are watched.
    pub watch: bool,
}

impl Settings {
    /// The defaults: loopback, port 7988, data in `data`.
    pub fn new(directories: Vec<PathBuf>, data: PathBuf) -> Self {
        Self {
            directories,
            namespace: None,
            ca_bundle: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 7988)),
            metrics: None,
            data,
            workspace: None,
            max_tool_rounds: 20,
            bash_timeout: Duration::from_mins(5),
            fetch_max_size: 262_144,
            summary_model: None,
            max_context_tokens: None,
            upload_parallel_size: 100 * 1_024 * 1_024,
            upload_parallel_max_threads: 5,
            search_max_results: 1_000,
            no_sandbox: false,
            sandbox_socket: None,
            allowed: Vec::new(),
            hosts: Vec::new(),
            cors: Vec::new(),
            token: None,
            grace: Duration::from_secs(20),
            max_running: 1_000,
            max_queued: 1_000,
            disable_nested_delegate: false,
            jail: None,
            watch: true,
        }
    }

    /// The same with whole paths of the data and the workspace: what runs elsewhere is told where they are.
    ///
    /// # Errors
    /// When the current folder is gone.
    pub fn with_whole_paths(mut self) -> std::io::Result<Self> {
        self.data = std::path::absolute(self.data)?;
        self.workspace = self.workspace.map(std::path::absolute).transpose()?;
        Ok(self)
    }
}
