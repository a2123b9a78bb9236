//! Reads lines of bounded length from a stream, and goes on behind one that is too long.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// How much of a line that is too long is kept from either end, to find out whose answer it was.
const KEPT_ENDS: usize = 512;

/// A buffer that has grown beyond this is given back after its line, so that one huge answer does not stay in memory.
const KEPT_CAPACITY: usize = 1 << 20;

/// One line, without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line within the limit.
    Whole(Vec<u8>),
    /// A line beyond the limit, of which only the two ends were kept.
    TooLong {
        /// Its first bytes.
        head: Vec<u8>,
        /// Its last bytes.
        tail: Vec<u8>,
    },
}

/// Splits a stream into lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    stream: R,
    limit: usize,
}

impl<R: AsyncBufRead + Unpin> LineReader<R> {
    /// Reads lines of up to `limit` bytes from `stream`.
    pub(crate) fn new(stream: R, limit: usize) -> Self {
        Self { stream, limit }
    }

    /// The next line, or nothing at the end of the stream. Not safe to cancel: what was read of a line would be lost.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let mut tail: Option<Vec<u8>> = None;
        loop {
            let available = self.stream.fill_buf().await?;
            if available.is_empty() {
                let ended_empty = line.is_empty() && tail.is_none();
                return Ok((!ended_empty).then(|| finish(line, tail)));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            match &mut tail {
                None => line.extend_from_slice(part),
                Some(tail) => keep_end(tail, part),
            }
            let used = end.map_or(available.len(), |at| at + 1);
            self.stream.consume(used);
            if tail.is_none() && line.len() > self.limit {
                let mut rest = Vec::new();
                keep_end(&mut rest, &line);
                line.truncate(KEPT_ENDS);
                line.shrink_to_fit();
                tail = Some(rest);
            }
            if end.is_some() {
                return Ok(Some(finish(line, tail)));
            }
        }
    }
}

fn finish(mut line: Vec<u8>, tail: Option<Vec<u8>>) -> Line {
    if let Some(tail) = tail {
        return Line::TooLong { head: line, tail };
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.capacity() > KEPT_CAPACITY {
        line.shrink_to_fit();
    }
    Line::Whole(line)
}

fn keep_end(tail: &mut Vec<u8>, part: &[u8]) {
    tail.extend_from_slice(&part[part.len().saturating_sub(KEPT_ENDS)..]);
    let surplus = tail.len().saturating_sub(KEPT_ENDS);
    tail.drain(..surplus);
}

/// Finds the id of the answer that a line beyond the limit carried: JSON writers put `id` either before the result or
/// behind it, at the very end. Only a number can be one of ours.
pub(crate) fn id_of_too_long(head: &[u8], tail: &[u8]) -> Option<u64> {
    let head = String::from_utf8_lossy(head);
    let (before_result, _) = head.split_once("\"result\"").or_else(|| head.split_once("\"error\""))?;
    if let Some((id, _)) = number_after_id(before_result) {
        return Some(id);
    }
    let tail = String::from_utf8_lossy(tail);
    // An `id` inside the result would be followed by the brackets that close the result.
    number_after_id(&tail).filter(|(_, rest)| !rest.contains(']') && rest.matches('}').count() == 1).map(|(id, _)| id)
}

fn number_after_id(text: &str) -> Option<(u64, &str)> {
    let (_, rest) = text.rsplit_once("\"id\"")?;
    let digits = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    Some((digits[..end].parse().ok()?, &digits[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8], limit: usize, capacity: usize) -> Vec<Line> {
        let mut reader = LineReader::new(tokio::io::BufReader::with_capacity(capacity, text), limit);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_come_whole_whatever_the_size_of_the_reads() {
        for capacity in 1..9 {
            let read = lines(b"one\r\n\ntwo\nlast", 10, capacity).await;
            let expected: Vec<Line> =
                ["one", "", "two", "last"].iter().map(|text| Line::Whole(text.as_bytes().to_vec())).collect();
            assert_eq!(read, expected, "reads of {capacity} bytes");
        }
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_keeps_its_ends_and_the_next_line_is_read() {
        let long = format!("{{\"id\":12,{}}}\nnext\n", "x".repeat(5000));
        let read = lines(long.as_bytes(), 1000, 64).await;
        assert_eq!(read.len(), 2);
        let Line::TooLong { head, tail } = &read[0] else { panic!("{read:?}") };
        assert!(head.starts_with(b"{\"id\":12,") && tail.ends_with(b"xx}"));
        assert_eq!(read[1], Line::Whole(b"next".to_vec()));
    }

    #[test]
    fn the_id_is_found_on_either_side_of_the_result() {
        let before = br#"{"jsonrpc":"2.0","id": 41 ,"result":{"content":["id":3"#;
        assert_eq!(id_of_too_long(before, b"xxxx]}}"), Some(41));
        let after = br#"xxx"}]},"jsonrpc":"2.0","id":42}"#;
        assert_eq!(id_of_too_long(br#"{"result":{"content":[{"id":9"#, after), Some(42));
        assert_eq!(id_of_too_long(br#"{"result":"xx"#, b"xxx"), None);
    }
}
