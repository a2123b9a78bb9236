//! The server in-process: accepts connections, breaks them on demand, hands out what it saw.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::UNIX_EPOCH,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    body::{Breaker, Ending, Holds},
    record::{RecordedRequest, Records},
    respond::{Connection, Shared, respond},
    scenario::{Scenario, ScenarioError},
    script::{Script, shared},
};

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The scenario is wrong.
    #[error("cannot use the scenario")]
    Scenario(#[from] ScenarioError),
}

/// How many connections there are and were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open now.
    pub open: usize,
    /// Accepted since the start.
    pub accepted: u64,
}

/// A running model server. Dropping it stops it without waiting.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use troupe_model_server::{ModelServer, Rule, Scenario};
/// let server = ModelServer::start(Scenario::of([Rule::text("Hello, {{last_user}}!")])).await?;
/// assert!(server.base_url().starts_with("http://127.0.0.1:"));
/// server.stop().await;
/// # Ok::<(), troupe_model_server::StartError>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepted: Arc<AtomicU64>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl ModelServer {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start(scenario: Scenario) -> Result<Self, StartError> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), scenario).await
    }

    /// Starts on an address. Asynchronous, as it needs a running runtime to accept on.
    #[expect(clippy::unused_async, reason = "calling it outside a runtime would panic; an async function says so")]
    pub async fn listen(address: SocketAddr, scenario: Scenario) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address, source };
        let script = Script::new(scenario)?;
        let listener = bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = Self {
            address,
            shared: Arc::new(Shared {
                script: shared(script),
                records: Records::new(),
                created: seconds_now(),
                holds: Arc::new(Holds::new()),
                open: AtomicUsize::new(0),
            }),
            accepted: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        server.tasks.spawn(accept(
            listener,
            Arc::clone(&server.shared),
            Arc::clone(&server.accepted),
            server.tasks.clone(),
            server.stop.clone(),
        ));
        Ok(server)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`: Ollama's base URL. OpenAI's and Anthropic's have `/v1` behind it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests recorded, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.records.all()
    }

    /// Forgets the requests recorded so far.
    pub fn clear_requests(&self) {
        self.shared.records.clear();
    }

    /// Waits until at least so many requests came in, then returns them all. Without bound: put a time-out around it.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<RecordedRequest> {
        self.shared.records.reach(count).await;
        self.requests()
    }

    /// Lets so many held answers ([`crate::Pace::hold_after`]) go on, those that come to their hold later included.
    pub fn release(&self, answers: usize) {
        self.shared.holds.release(answers);
    }

    /// Waits until so many answers have come to their hold since the server's start. Without bound: put a time-out around it.
    pub async fn wait_for_held(&self, answers: usize) {
        self.shared.holds.reach(answers).await;
    }

    /// Replaces the scenario; rules count anew, and answers already begun go on.
    pub fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        self.shared.script.store(Arc::new(Script::new(scenario)?));
        Ok(())
    }

    /// The connections.
    pub fn connections(&self) -> Connections {
        Connections { open: self.shared.open.load(Ordering::Acquire), accepted: self.accepted.load(Ordering::Acquire) }
    }

    /// Stops listening, closes every connection at once, and waits until all is gone.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Listens with a long queue. With the default of 128 a burst of some 200 connections loses a few SYNs, each of which is a second's
/// delay for its client: noise in a test, and a false figure in a benchmark.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in of a foreign service has no Clock; read once, at its start"
)]
fn seconds_now() -> u64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Accepts connections until the stop.
async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    accepted: Arc<AtomicU64>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let incoming = tokio::select! {
            incoming = listener.accept() => incoming,
            () = stop.cancelled() => return,
        };
        match incoming {
            Ok((stream, _)) => {
                let number = accepted.fetch_add(1, Ordering::AcqRel) + 1;
                shared.open.fetch_add(1, Ordering::AcqRel);
                tasks.spawn(serve(stream, number, Arc::clone(&shared), stop.clone()));
            }
            Err(error) => {
                // Out of descriptors, mostly: yield, so that connections can end.
                tracing::warn!(error = %error, "cannot accept a connection");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Serves one connection until either side ends it.
async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>, stop: CancellationToken) {
    // Without it small writes wait for the peer's delayed acknowledgement, some 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "cannot set TCP_NODELAY");
    }
    let breaker = Arc::new(Breaker::default());
    let connection = Arc::new(Connection { number, breaker: Arc::clone(&breaker) });
    let service = service_fn(|request| {
        let (shared, connection) = (Arc::clone(&shared), Arc::clone(&connection));
        async move { Ok::<_, Infallible>(respond(&shared, &connection, request).await) }
    });
    let mut served = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    let ending = tokio::select! {
        result = &mut served => {
            if let Err(error) = result {
                tracing::debug!(error = %error, "connection ended");
            }
            None
        }
        ending = breaker.tripped() => Some(ending),
        () = stop.cancelled() => None,
    };
    if ending == Some(Ending::Reset) {
        let stream = served.into_parts().io.into_inner();
        if let Err(error) = stream.set_zero_linger() {
            tracing::warn!(error = %error, "cannot prepare a reset");
        }
    }
    shared.open.fetch_sub(1, Ordering::AcqRel);
}
