//! One caller: a connection that is kept as long as the server keeps it, and one timed call at a time.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use crate::{
    observe::{Incomplete, Observer},
    target::Target,
};

/// No answer takes longer: beyond it a call counts as incomplete, so that a hanging service ends the benchmark.
const CALL_LIMIT: Duration = Duration::from_mins(1);

/// One timed call.
#[derive(Debug, Clone)]
pub struct Sample {
    /// From sending to the first delta.
    pub first: Option<Duration>,
    /// From sending to the body's end.
    pub total: Duration,
    /// Whether the answer was whole.
    pub outcome: Result<(), Incomplete>,
}

/// A caller of one address.
#[derive(Debug)]
pub struct Caller {
    address: SocketAddr,
    host: HeaderValue,
    sender: Option<SendRequest<Full<Bytes>>>,
    tasks: TaskTracker,
}

impl Caller {
    /// A caller that has not connected yet.
    pub fn new(address: SocketAddr) -> Self {
        let host = HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static("localhost"));
        Self { address, host, sender: None, tasks: TaskTracker::new() }
    }

    /// Connects ahead of the first call, which tells what prevents it if this fails.
    pub async fn prepare(&mut self) {
        self.sender = self.connected().await.ok();
    }

    /// Calls once. Connecting is not timed: a client keeps its connections, and `Connection: close` of some streams is what
    /// closes this one.
    pub async fn call(&mut self, target: &Target) -> Sample {
        let mut sender = match self.connected().await {
            Ok(sender) => sender,
            Err(error) => {
                let outcome = Err(Incomplete::Connection(format!("cannot connect: {error}")));
                return Sample { first: None, total: Duration::ZERO, outcome };
            }
        };
        let request = self.request(target);
        let mut observer = Observer::start();
        let status = tokio::time::timeout(CALL_LIMIT, exchange(&mut sender, request, &mut observer)).await;
        let total = observer.elapsed();
        let outcome = match status {
            Ok(Ok(status)) => {
                self.sender = Some(sender);
                observer.judge(status, target.expected)
            }
            Ok(Err(error)) => Err(Incomplete::Connection(error.to_string())),
            Err(_) => Err(Incomplete::Connection(format!("no end after {} s", CALL_LIMIT.as_secs()))),
        };
        Sample { first: observer.first(), total, outcome }
    }

    /// The kept connection if it can take a request, else a new one.
    async fn connected(&mut self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        if let Some(mut sender) = self.sender.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // A failing connection fails the call that uses it, too.
        self.tasks.spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }

    fn request(&self, target: &Target) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(target.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static(target.path);
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request
    }
}

/// Sends, and shows the observer the whole body; the status.
async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    observer: &mut Observer,
) -> Result<u16, hyper::Error> {
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            observer.see(&bytes);
        }
    }
    Ok(status)
}
