//! A small HTTP server whose every answer a test decides: one request per connection, answered by a function.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that came in.
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Counts the requests with the same JSON-RPC method.
    pub(super) number: usize,
}

/// What is answered.
#[derive(Clone)]
pub(super) struct Reply {
    status: u16,
    content_type: &'static str,
    session: Option<String>,
    body: String,
}

impl Reply {
    pub(super) fn status(status: u16, body: &str) -> Self {
        Self { status, content_type: "application/json", session: None, body: body.to_owned() }
    }

    pub(super) fn events(body: &str) -> Self {
        Self { content_type: "text/event-stream", ..Self::status(200, body) }
    }

    pub(super) fn with_session(mut self, id: &str) -> Self {
        self.session = Some(id.to_owned());
        self
    }
}

impl Received {
    /// Reads the head and the body of one request.
    pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let mut words = line.split_whitespace().map(ToOwned::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut received = Self { method, path, headers, body: Vec::new(), number: 1 };
        let length: usize = received.header("content-length").map_or(0, |length| length.parse().unwrap());
        received.body.resize(length, 0);
        stream.read_exact(&mut received.body).await.ok()?;
        Some(received)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn message(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn rpc_method(&self) -> String {
        self.message()["method"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn answer(&self, result: &Value) -> Reply {
        Reply::status(200, &json!({ "jsonrpc": "2.0", "id": self.message()["id"], "result": result }).to_string())
    }

    /// What an ordinary server without tools answers.
    pub(super) fn usual_reply(&self) -> Reply {
        match (self.method.as_str(), self.rpc_method().as_str()) {
            ("POST", "initialize") => {
                let info = json!({ "name": "tiny", "version": "1" });
                self.answer(&json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info }))
                    .with_session("session-1")
            }
            ("POST", _) => Reply::status(202, ""),
            _ => Reply::status(405, ""),
        }
    }
}

/// The server; it ends with the test's runtime.
pub(super) struct HttpServerForTests {
    address: SocketAddr,
}

impl HttpServerForTests {
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    pub(super) async fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, initialized) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, initialized) = (Arc::clone(&answer), Arc::clone(&initialized));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let Some(mut received) = Received::read(&mut stream).await else { return };
                    if received.rpc_method() == "initialize" {
                        received.number = initialized.fetch_add(1, Ordering::Relaxed) + 1;
                    }
                    let reply = answer(&received);
                    let session = reply.session.map(|id| format!("mcp-session-id: {id}\r\n")).unwrap_or_default();
                    let head = format!(
                        "HTTP/1.1 {} x\r\ncontent-type: {}\r\n{session}connection: close\r\n\r\n",
                        reply.status, reply.content_type
                    );
                    let _client_left = stream.write_all(format!("{head}{}", reply.body).as_bytes()).await;
                    let _client_left = stream.shutdown().await;
                });
            }
        });
        Self { address }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
