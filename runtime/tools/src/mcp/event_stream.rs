//! Reads server-sent events (WHATWG HTML, section 9.2) from a response, each of bounded length.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt;
use troupe_net::{Body, NetError};

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// `message` where the server names none.
    pub(super) kind: String,
    /// Its lines, joined by line breaks.
    pub(super) data: String,
}

/// Why the stream ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum EventError {
    /// The connection broke.
    #[error("{0}")]
    Net(#[from] NetError),
    /// An event was longer than allowed; the rest of the stream is not read.
    #[error("an event is larger than the limit of {0} bytes")]
    TooLarge(usize),
}

/// The events of one response.
pub(super) struct EventStream {
    body: Body,
    decoder: Decoder,
}

impl EventStream {
    /// Reads `body`, with events of up to `limit` bytes.
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self { body, decoder: Decoder::new(limit) }
    }

    /// The next event, or nothing at the end. Safe to cancel.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, EventError> {
        loop {
            if let Some(event) = self.decoder.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.body.next().await {
                Some(chunk) => self.decoder.push(&chunk?)?,
                None => return Ok(None),
            }
        }
    }

    /// The id of the last event that had one: where the server can go on.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.decoder.last_id.as_deref()
    }

    /// How long the server wants a client to wait before it comes back.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.decoder.retry
    }
}

/// Turns chunks of bytes into events.
#[derive(Debug)]
struct Decoder {
    limit: usize,
    line: Vec<u8>,
    /// The last byte was a CR, so that an LF now belongs to it.
    after_cr: bool,
    event: Event,
    has_data: bool,
    ready: VecDeque<Event>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl Decoder {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_cr: false,
            event: Event::default(),
            has_data: false,
            ready: VecDeque::new(),
            last_id: None,
            retry: None,
        }
    }

    fn push(&mut self, mut chunk: &[u8]) -> Result<(), EventError> {
        while let Some(first) = chunk.first() {
            if self.after_cr && *first == b'\n' {
                chunk = &chunk[1..];
            }
            self.after_cr = false;
            let end = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.line.extend_from_slice(&chunk[..end.unwrap_or(chunk.len())]);
            if self.line.len() + self.event.data.len() > self.limit {
                return Err(EventError::TooLarge(self.limit));
            }
            let Some(end) = end else { break };
            self.after_cr = chunk[end] == b'\r';
            chunk = &chunk[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.take_line(&String::from_utf8_lossy(&line));
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            self.dispatch();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
            // A comment, or a field of another time.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let mut event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            if event.kind.is_empty() {
                "message".clone_into(&mut event.kind);
            }
            self.ready.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: &str) -> Event {
        Event { kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let text = ": hello\r\nevent: endpoint\r\ndata: /messages\r\n\r\nid: 7\ndata:one\ndata: two\n\nretry: 1500\rdata\r\r\
                    event: nothing\n\ndata: {\"é\":1}\n\ndata: cut off";
        let expected = [
            event("endpoint", "/messages"),
            event("message", "one\ntwo"),
            event("message", ""),
            event("message", "{\"é\":1}"),
        ];
        for size in 1..text.len() {
            let mut decoder = Decoder::new(1000);
            for chunk in text.as_bytes().chunks(size) {
                decoder.push(chunk).unwrap();
            }
            assert_eq!(decoder.ready, expected, "chunks of {size}");
            assert_eq!(decoder.last_id.as_deref(), Some("7"));
            assert_eq!(decoder.retry, Some(Duration::from_millis(1500)));
        }
    }

    #[test]
    fn an_endless_event_is_an_error() {
        let mut decoder = Decoder::new(100);
        let outcome = (0..100).try_for_each(|_| decoder.push(b"data: xxxxxxxxxx\n"));
        assert!(matches!(outcome, Err(EventError::TooLarge(100))));
    }
}
