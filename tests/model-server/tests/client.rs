//! A raw HTTP/1.1 client that hides nothing: chunks as they came, how the body ended, and how the connection did.

use std::io::ErrorKind;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use troupe_model_server::ModelServer;

/// A response, whole or broken.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The chunks; a body with a length is one chunk.
    pub(crate) chunks: Vec<String>,
    /// Whether the body ended as HTTP demands.
    pub(crate) complete: bool,
    /// How the connection failed; `None` for an orderly close.
    pub(crate) error: Option<ErrorKind>,
}

impl Seen {
    pub(crate) fn body(&self) -> String {
        self.chunks.concat()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body()).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An open request.
pub(crate) struct Call {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Call {
    /// Sends a POST with this body and asks for the connection to be closed afterwards.
    pub(crate) async fn post(server: &ModelServer, path: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(server.address()).await.expect("connect");
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: model\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("send");
        Self { stream, bytes: Vec::new() }
    }

    /// Reads until this text has come.
    pub(crate) async fn read_until(&mut self, text: &str) {
        while !self.has_seen(text) {
            let read = self.stream.read_buf(&mut self.bytes).await.expect("more to read");
            assert_ne!(read, 0, "the connection was closed before {text:?} came");
        }
    }

    /// Whether this text has come.
    pub(crate) fn has_seen(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.bytes).contains(text)
    }

    /// Reads to the end of the connection. `None` if nothing at all was answered.
    pub(crate) async fn finish(mut self) -> Option<Seen> {
        let error = loop {
            match self.stream.read_buf(&mut self.bytes).await {
                Ok(0) => break None,
                Ok(_) => {}
                Err(error) => break Some(error.kind()),
            }
        };
        (!self.bytes.is_empty()).then(|| parse(&String::from_utf8(self.bytes).expect("UTF-8"), error))
    }
}

/// Posts a JSON body and reads all of the answer.
pub(crate) async fn post(server: &ModelServer, path: &str, body: &Value) -> Seen {
    Call::post(server, path, &body.to_string()).await.finish().await.expect("an answer")
}

fn parse(text: &str, error: Option<ErrorKind>) -> Seen {
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut seen = Seen { status, headers, chunks: Vec::new(), complete: false, error };
    match seen.header("content-length").map(|length| length.parse::<usize>().expect("a length")) {
        Some(length) => {
            seen.complete = body.len() == length;
            seen.chunks.push(body.to_owned());
        }
        None => read_chunks(body, &mut seen),
    }
    seen
}

fn read_chunks(mut rest: &str, seen: &mut Seen) {
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk size");
        if size == 0 {
            seen.complete = true;
            return;
        }
        let Some(chunk) = after.get(..size) else { return };
        seen.chunks.push(chunk.to_owned());
        rest = &after[(size + 2).min(after.len())..];
    }
}
