//! Watches an answer's bytes go by, at the cost of one scan: how many deltas, when the first, whether properly ended.

use std::time::{Duration, Instant};

use crate::MARK;

/// Bytes of the end that are kept: enough for `data: [DONE]`, an `id:` line behind it, and for the report of a failure.
const TAIL: usize = 256;

/// What was seen of one answer so far.
#[derive(Debug)]
pub struct Observer {
    started: Instant,
    marks: usize,
    first: Option<Duration>,
    tail: Vec<u8>,
}

/// What a whole answer must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectation {
    /// Deltas, that is marks.
    pub deltas: usize,
    /// Whether `[DONE]` must end it.
    pub done: bool,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// Another status than 200.
    #[error("status {status}: {tail}")]
    Status {
        /// The status.
        status: u16,
        /// The body's end.
        tail: String,
    },
    /// Deltas are missing, or there are too many.
    #[error("{got} of {wanted} deltas: {tail}")]
    Deltas {
        /// Marks seen.
        got: usize,
        /// Marks expected.
        wanted: usize,
        /// The body's end.
        tail: String,
    },
    /// The stream has no `[DONE]`.
    #[error("no [DONE]: {tail}")]
    NoDone {
        /// The body's end.
        tail: String,
    },
    /// The connection failed.
    #[error("{0}")]
    Connection(String),
}

impl Observer {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { started: Instant::now(), marks: 0, first: None, tail: Vec::new() }
    }

    /// Looks at the next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        let marks = memchr::memchr_iter(MARK, bytes).count();
        if marks > 0 && self.first.is_none() {
            self.first = Some(self.started.elapsed());
        }
        self.marks += marks;
        let kept = bytes.len().min(TAIL);
        let dropped = (self.tail.len() + kept).saturating_sub(TAIL);
        self.tail.drain(..dropped);
        self.tail.extend_from_slice(&bytes[bytes.len() - kept..]);
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// When the first delta came.
    pub fn first(&self) -> Option<Duration> {
        self.first
    }

    /// Judges the whole answer.
    pub fn judge(&self, status: u16, expected: Expectation) -> Result<(), Incomplete> {
        // On one line, since it becomes part of a report's line.
        let tail = || String::from_utf8_lossy(&self.tail).split_whitespace().collect::<Vec<_>>().join(" ");
        if status != 200 {
            return Err(Incomplete::Status { status, tail: tail() });
        }
        if self.marks != expected.deltas {
            return Err(Incomplete::Deltas { got: self.marks, wanted: expected.deltas, tail: tail() });
        }
        if expected.done && !self.is_done() {
            return Err(Incomplete::NoDone { tail: tail() });
        }
        Ok(())
    }

    /// Whether the last data line is `[DONE]`. Troupe writes each frame's `id:` line behind its data.
    fn is_done(&self) -> bool {
        let mut data = self.tail.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
        data.next_back().is_some_and(|data| data.trim_ascii() == b"[DONE]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Expectation = Expectation { deltas: 2, done: true };

    fn judged(chunks: &[&str]) -> Result<(), Incomplete> {
        let mut observer = Observer::start();
        for chunk in chunks {
            observer.see(chunk.as_bytes());
        }
        observer.judge(200, TWO)
    }

    #[test]
    fn a_whole_stream_is_complete_however_it_is_cut() {
        let stream =
            "event: init\ndata: {}\nid: 0.0\n\ndata: ~a\nid: 1.1\n\ndata: ~b\nid: 1.2\n\ndata: [DONE]\nid: 2.2\n\n";
        for cut in 0..stream.len() {
            assert_eq!(judged(&[&stream[..cut], &stream[cut..]]), Ok(()), "cut at {cut}");
        }
    }

    #[test]
    fn missing_doubled_and_unended_streams_are_incomplete() {
        let tail = |text: &str| text.trim().replace("\n\n", " ");
        let one = "data: ~a\n\ndata: [DONE]\n\n";
        assert_eq!(judged(&[one]), Err(Incomplete::Deltas { got: 1, wanted: 2, tail: tail(one) }));
        let three = "data: ~a~a\n\ndata: ~b\n\ndata: [DONE]\n\n";
        assert_eq!(judged(&[three]), Err(Incomplete::Deltas { got: 3, wanted: 2, tail: tail(three) }));
        let unended = "data: ~a~b\n\n";
        assert_eq!(judged(&[unended]), Err(Incomplete::NoDone { tail: tail(unended) }));
        let early = "data: ~a\n\ndata: [DONE]\n\ndata: ~b\n\n";
        assert_eq!(judged(&[early]), Err(Incomplete::NoDone { tail: tail(early) }));
    }

    #[test]
    fn the_tail_is_the_end_of_all_that_came() {
        let long = "x".repeat(2 * TAIL);
        assert_eq!(judged(&[&long, "~~", "\n\ndata: [D", "ONE]\n\n"]), Ok(()));
    }
}
