//! What a stdio server is and how its processes are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A program that speaks MCP on its standard input and output.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StdioServer {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to those that `inherit` lets through. Their values may be secrets: they are masked in what the
    /// process writes to its standard error.
    pub env: BTreeMap<String, String>,
    /// Which of our own variables the process sees.
    pub inherit: Inherit,
    /// Where it runs; nothing means where we run.
    pub cwd: Option<PathBuf>,
    /// How many processes there are, and for how long.
    pub processes: Processes,
    /// Whether callers share processes.
    pub sharing: Sharing,
    /// How long a process may take from its start to the end of its handshake. `npx` and `uvx` may download first.
    pub start_timeout: Duration,
    /// How long a request may take for which nothing else is said.
    pub call_timeout: Duration,
    /// The longest answer that is read, in bytes.
    pub max_response_bytes: usize,
}

impl StdioServer {
    /// A server with the defaults of the `McpServer` resource.
    pub fn new(command: impl Into<String>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            command: command.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            inherit: Inherit::Basics,
            cwd: None,
            processes: Processes::default(),
            sharing: Sharing::Shared,
            start_timeout: Duration::from_mins(1),
            call_timeout: Duration::from_mins(1),
            max_response_bytes: 100 * 1024 * 1024,
        }
    }
}

/// How many processes of one server there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Processes {
    /// Kept running even without callers.
    pub min: usize,
    /// Never more; with more than one a caller meets any of them, so the server must keep nothing between calls. With
    /// `Sharing::PerSession`, the number of sessions at a time.
    pub max: usize,
    /// A process above `min` that nobody called for this long is stopped; the next call starts one. `Duration::MAX` is never.
    pub idle_timeout: Duration,
}

impl Default for Processes {
    fn default() -> Self {
        Self { min: 0, max: 1, idle_timeout: Duration::from_mins(5) }
    }
}

/// Whether callers share processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// All callers use the same processes at the same time.
    Shared,
    /// Each session has a process of its own, for servers that keep something of their caller.
    PerSession,
}

/// Which of our own environment variables a process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inherit {
    /// What programs need to run at all: paths, user, locale, time zone, proxies. The runtime's own variables hold keys
    /// of models and databases, which are none of a server's business.
    Basics,
    /// Everything but the bridge's own settings: in a container the variables were written for the server.
    Everything,
}

/// The names that [`Inherit::Basics`] lets through.
const BASICS: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "XDG_RUNTIME_DIR",
];

impl Inherit {
    /// Whether a process sees our variable of this name.
    pub(crate) fn passes(self, name: &str) -> bool {
        match self {
            Self::Basics => BASICS.contains(&name) || name.starts_with("LC_") || name.starts_with("XDG_"),
            Self::Everything => !name.starts_with("TROUPE_BRIDGE_"),
        }
    }
}
