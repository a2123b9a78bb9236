//! A server elsewhere: connected when called, again when the connection has died or the server has lost its session,
//! disconnected when idle.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_bridge::{Client, Identity, Listeners, Peer, Raw, RequestError, RequestOptions};

use super::config::{HttpProtocol, HttpServer};
use super::error::Failure;
use super::{sse, streamable};

/// A connection over HTTP that is made when it is used.
#[derive(Debug)]
pub(super) struct Remote {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: HttpServer,
    timeout: Duration,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Held while connecting: callers that come together connect once.
    live: Mutex<Slot>,
    calls: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Slot {
    live: Option<Arc<Live>>,
    /// When it was last tried in vain, and why: the answer for all who waited meanwhile.
    failed: Option<(Instant, String)>,
}

/// One connection, from its handshake to its end.
#[derive(Debug)]
struct Live {
    client: Client,
}

impl Drop for Live {
    /// The transport ends its tasks, and its session at the server, when its peer is closed.
    fn drop(&mut self) {
        self.client.peer().close("the connection was given up");
    }
}

impl Remote {
    /// `timeout` bounds the handshake.
    pub(super) fn new(server: HttpServer, timeout: Duration, tasks: TaskTracker) -> Self {
        let inner = Inner {
            server,
            timeout,
            tasks,
            stop: CancellationToken::new(),
            live: Mutex::default(),
            calls: watch::Sender::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(super) async fn request(
        &self,
        method: &str,
        params: Option<Raw>,
        options: RequestOptions,
    ) -> Result<Raw, Failure> {
        let _counted = self.inner.count();
        let live = tokio::select! {
            live = self.inner.live() => live?,
            () = options.cancel.cancelled() => return Err(RequestError::Cancelled { method: method.to_owned() }.into()),
        };
        let outcome = live.client.peer().request(method, params.clone(), options.clone()).await;
        let Err(RequestError::Undelivered(_)) = &outcome else { return Ok(outcome?) };
        // The server restarted and knows the session no more, or the connection ended a moment ago. Nothing was done.
        self.inner.give_up(&live).await;
        let live = self.inner.live().await?;
        Ok(live.client.peer().request(method, params, options).await?)
    }

    pub(super) async fn tools(&self, timeout: Duration) -> Result<Arc<[Raw]>, Failure> {
        let _counted = self.inner.count();
        let live = self.inner.live().await?;
        match live.client.tools(timeout).await {
            Err(RequestError::Undelivered(_)) => {
                self.inner.give_up(&live).await;
                Ok(self.inner.live().await?.client.tools(timeout).await?)
            }
            tools => Ok(tools?),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        // Locked means that it is being used or connected.
        self.inner.live.try_lock().map_or(true, |slot| slot.live.is_some())
    }

    pub(super) async fn stop(&self, grace: Duration) {
        self.inner.stop.cancel();
        let mut calls = self.inner.calls.subscribe();
        let _late = tokio::time::timeout(grace, calls.wait_for(|calls| *calls == 0)).await.is_err();
        if let Some(live) = self.inner.live.lock().await.live.take() {
            live.client.peer().close("the MCP server's resource changed, or Troupe is shutting down");
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl Inner {
    async fn live(self: &Arc<Self>) -> Result<Arc<Live>, Failure> {
        let came = Instant::now();
        let mut slot = self.live.lock().await;
        if let Some(live) = slot.live.as_ref().filter(|live| live.client.peer().closed_reason().is_none()) {
            return Ok(Arc::clone(live));
        }
        if self.stop.is_cancelled() {
            return Err(Failure::Unavailable("its resource changed, or Troupe is shutting down".to_owned()));
        }
        if let Some((_, reason)) = slot.failed.as_ref().filter(|(at, _)| *at > came) {
            return Err(Failure::Unavailable(reason.clone()));
        }
        // What was in vain a moment ago gets one try: nobody waits again and again for a server that is not there.
        let patient = slot.failed.is_none();
        let live = match self.connect(patient).await {
            Ok(live) => Arc::new(live),
            Err(reason) => {
                slot.failed = Some((Instant::now(), reason.clone()));
                return Err(Failure::Unavailable(reason));
            }
        };
        *slot = Slot { live: Some(Arc::clone(&live)), failed: None };
        self.tasks.spawn(end_when_idle(Arc::downgrade(self), Arc::downgrade(&live)));
        Ok(live)
    }

    async fn connect(&self, patient: bool) -> Result<Live, String> {
        let (peer, outgoing) = Peer::new(Listeners::default());
        // Closes the peer, and with it the transport, also where the handshake fails or its caller leaves.
        let given_up = GivenUp(Some(peer.clone()));
        match self.server.protocol {
            HttpProtocol::StreamableHttp => {
                streamable::start(&self.server, peer.clone(), outgoing, &self.tasks, patient)
            }
            HttpProtocol::Sse => sse::start(&self.server, peer.clone(), outgoing, &self.tasks, self.timeout).await,
        }?;
        let client = Client::connect(peer, &Identity::default(), self.timeout).await;
        let client = client.map_err(|error| error.to_string())?;
        given_up.keep();
        Ok(Live { client })
    }

    /// The next caller connects anew; others finish on this one what they have begun.
    async fn give_up(&self, live: &Arc<Live>) {
        let mut slot = self.live.lock().await;
        if slot.live.as_ref().is_some_and(|current| Arc::ptr_eq(current, live)) {
            slot.live = None;
        }
    }

    fn count(self: &Arc<Self>) -> Counted {
        self.calls.send_modify(|calls| *calls += 1);
        Counted(Arc::clone(self))
    }
}

async fn end_when_idle(remote: std::sync::Weak<Inner>, live: std::sync::Weak<Live>) {
    let Some((mut calls, idle_timeout, stop)) =
        remote.upgrade().map(|inner| (inner.calls.subscribe(), inner.server.idle_timeout, inner.stop.clone()))
    else {
        return;
    };
    loop {
        let idle = async {
            let _counter_lives = calls.wait_for(|calls| *calls == 0).await.is_ok();
            tokio::time::timeout(idle_timeout, calls.changed()).await.is_err()
        };
        let idle = tokio::select! {
            idle = idle => idle,
            () = stop.cancelled() => return,
        };
        let (Some(inner), Some(live)) = (remote.upgrade(), live.upgrade()) else { return };
        if idle {
            let mut slot = inner.live.lock().await;
            if *inner.calls.borrow() == 0 && slot.live.as_ref().is_some_and(|current| Arc::ptr_eq(current, &live)) {
                slot.live = None;
                return;
            }
        }
    }
}

struct Counted(Arc<Inner>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.calls.send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

struct GivenUp(Option<Peer>);

impl GivenUp {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(peer) = self.0.take() {
            peer.close("the connection was not completed");
        }
    }
}
