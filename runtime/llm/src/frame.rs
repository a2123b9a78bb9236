//! Cuts a response body into frames: server-sent events, JSON lines, or one JSON document, whatever the provider sends.
//!
//! Works on bytes and keeps its place between chunks, so a chunk may end anywhere: inside a character, between `\r` and
//! `\n`, inside a field's name. A frame is lent from the buffer; nothing is copied but events of several data lines.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// The longest frame. A model's longest real answer is under a megabyte; an image in base64 may be some more.
const LONGEST: usize = 64 * 1024 * 1024;

/// What the answer's first bytes are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Too few bytes so far.
    Unknown,
    /// Server-sent events.
    Events,
    /// A JSON document per line.
    Lines,
    /// One JSON document: the provider did not stream.
    Whole,
    /// A web page.
    Page,
}

/// One frame: the name of its event (empty where it has none) and its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// The `event:` field.
    pub(crate) event: &'a [u8],
    /// The data, usually a JSON document.
    pub(crate) data: &'a [u8],
}

/// Why a body cannot be cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// It is a web page, of a proxy or a wrong address.
    Page,
    /// A frame is longer than [`LONGEST`].
    TooLong,
}

/// Where the data of a frame is.
enum Found {
    /// In the buffer.
    Buffer(Range<usize>),
    /// Joined from several lines.
    Joined,
}

/// The incremental cutter.
#[derive(Debug)]
pub(crate) struct Framer {
    shape: Shape,
    /// Whether the protocol streams JSON lines, so that a body that begins with `{` is not a whole one.
    lines: bool,
    buffer: Vec<u8>,
    /// The first byte of the current line.
    start: usize,
    /// How far the current line was searched for its end.
    searched: usize,
    /// The last line ended with `\r`, so a `\n` that follows belongs to it.
    after_return: bool,
    event: Vec<u8>,
    joined: Vec<u8>,
    /// Whether `joined` and `event` were lent as a frame and are to be forgotten.
    lent: bool,
}

impl Framer {
    /// A cutter of server-sent events, or of JSON lines.
    pub(crate) fn new(lines: bool) -> Self {
        Self {
            shape: Shape::Unknown,
            lines,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            after_return: false,
            event: Vec::new(),
            joined: Vec::new(),
            lent: false,
        }
    }

    /// Takes the next bytes of the body.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole frame; `None` = more bytes are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        self.forget();
        let found = self.advance()?;
        Ok(found.map(|found| self.lend(found)))
    }

    /// At the end of the body: what is left, which may be a frame whose line has no end. To be called until `None`.
    pub(crate) fn rest(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        self.forget();
        if self.shape == Shape::Unknown {
            self.decide(true);
        }
        if self.shape == Shape::Page {
            return Err(FrameError::Page);
        }
        let line = self.start..self.buffer.len();
        (self.start, self.searched) = (line.end, line.end);
        let found = match self.shape {
            Shape::Events => self.event_line(line).or_else(|| (!self.joined.is_empty()).then_some(Found::Joined)),
            _ => non_blank(&self.buffer, line).map(Found::Buffer),
        };
        Ok(found.map(|found| self.lend(found)))
    }

    fn lend(&mut self, found: Found) -> Frame<'_> {
        self.lent = true;
        let data = match found {
            Found::Buffer(range) => &self.buffer[range],
            Found::Joined => &self.joined,
        };
        Frame { event: &self.event, data }
    }

    fn forget(&mut self) {
        if std::mem::take(&mut self.lent) {
            self.event.clear();
            self.joined.clear();
        }
    }

    fn advance(&mut self) -> Result<Option<Found>, FrameError> {
        if self.shape == Shape::Unknown {
            self.decide(false);
        }
        match self.shape {
            Shape::Page => return Err(FrameError::Page),
            Shape::Unknown | Shape::Whole if self.buffer.len() > LONGEST => return Err(FrameError::TooLong),
            Shape::Unknown | Shape::Whole => return Ok(None),
            Shape::Events | Shape::Lines => {}
        }
        while let Some(line) = self.line() {
            let found = match self.shape {
                Shape::Events => self.event_line(line),
                _ => non_blank(&self.buffer, line).map(Found::Buffer),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        if self.buffer.len() - self.start > LONGEST || self.joined.len() > LONGEST {
            return Err(FrameError::TooLong);
        }
        Ok(None)
    }

    /// Decides by the first byte that says something; `ended` when no more will come.
    fn decide(&mut self, ended: bool) {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if !ended && self.buffer.len() < MARK.len() && MARK.starts_with(&self.buffer) {
            return;
        }
        if self.buffer[self.start..].starts_with(MARK) {
            self.start += MARK.len();
        }
        let blank = self.buffer[self.start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.start += blank;
        self.searched = self.start;
        let rest = &self.buffer[self.start..];
        self.shape = match rest.first() {
            None => return,
            Some(b'<') => Shape::Page,
            Some(b'{' | b'[') if !self.lines => Shape::Whole,
            // A first line of a lone brace is a document printed for people.
            Some(b'{' | b'[') => match memchr(b'\n', rest) {
                Some(end) if rest[..end].trim_ascii().len() == 1 => Shape::Whole,
                Some(_) => Shape::Lines,
                None if ended => Shape::Whole,
                None => return,
            },
            Some(_) => Shape::Events,
        };
    }

    /// The next line that has an end, without it.
    fn line(&mut self) -> Option<Range<usize>> {
        if self.after_return && self.start < self.buffer.len() {
            self.after_return = false;
            if self.buffer[self.start] == b'\n' {
                self.start += 1;
                self.searched = self.start;
            }
        }
        let end = memchr2(b'\n', b'\r', &self.buffer[self.searched..]).map(|place| self.searched + place);
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.start..end;
        self.after_return = self.buffer[end] == b'\r';
        self.start = end + 1;
        self.searched = self.start;
        Some(line)
    }

    /// Takes one line of an event stream. A data line that is a JSON object by its looks is a frame at once, since
    /// providers never spread theirs over lines and some forget the blank line; others wait for the blank line.
    fn event_line(&mut self, line: Range<usize>) -> Option<Found> {
        let bytes = &self.buffer[line.clone()];
        if bytes.is_empty() {
            if self.joined.is_empty() {
                self.event.clear();
                return None;
            }
            return Some(Found::Joined);
        }
        // A bare document between events: some servers write their errors so.
        if bytes[0] == b'{' && self.joined.is_empty() {
            return Some(Found::Buffer(line));
        }
        let colon = memchr(b':', bytes).unwrap_or(bytes.len());
        let name = &bytes[..colon];
        let mut value = line.start + (colon + 1).min(bytes.len())..line.end;
        if self.buffer.get(value.start) == Some(&b' ') && !value.is_empty() {
            value.start += 1;
        }
        match name {
            b"event" => {
                self.event.clear();
                self.event.extend_from_slice(&self.buffer[value]);
                None
            }
            b"data" => self.data_line(value),
            _ => None,
        }
    }

    fn data_line(&mut self, value: Range<usize>) -> Option<Found> {
        let data = self.buffer[value.clone()].trim_ascii();
        let whole = data.starts_with(b"{") && data.ends_with(b"}") || data == b"[DONE]";
        if whole && self.joined.is_empty() {
            return Some(Found::Buffer(value));
        }
        if !self.joined.is_empty() {
            self.joined.push(b'\n');
        }
        self.joined.extend_from_slice(&self.buffer[value]);
        None
    }
}

fn non_blank(buffer: &[u8], line: Range<usize>) -> Option<Range<usize>> {
    (!buffer[line.clone()].trim_ascii().is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of `body`, pushed in chunks that end at `cuts`.
    fn frames(lines: bool, body: &[u8], cuts: &[usize]) -> Result<Vec<(String, String)>, FrameError> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut framer = Framer::new(lines);
        let mut all = Vec::new();
        let mut from = 0;
        for to in cuts.iter().copied().chain([body.len()]) {
            framer.push(&body[from..to]);
            from = to;
            while let Some(frame) = framer.next()? {
                all.push((text(frame.event), text(frame.data)));
            }
        }
        while let Some(frame) = framer.rest()? {
            all.push((text(frame.event), text(frame.data)));
        }
        Ok(all)
    }

    #[test]
    fn any_two_cuts_give_the_same_frames() {
        let bodies: [(bool, &[u8]); 6] = [
            (
                false,
                "\u{feff}: hi\r\nevent: a\r\ndata: {\"x\":\"é\"}\r\n\r\ndata:{\"y\":1}\n\nretry: 3\n\ndata: [DONE]\n\n"
                    .as_bytes(),
            ),
            (false, b"data: {\rdata: \"a\": 1\rdata: }\r\rdata: {\"b\":2}\r"),
            (false, b"\n\n {\"choices\": []}\n"),
            (true, "{\"a\":\"日本\"}\n\n{\"b\":2}\r\n{\"c\":3}".as_bytes()),
            (true, b"{\n  \"a\": 1\n}\n"),
            (false, b"event: error\ndata: {\"e\":1}\n\n{\"error\":\"bare\"}\n"),
        ];
        for (lines, body) in bodies {
            let expected = frames(lines, body, &[]).unwrap();
            assert!(!expected.is_empty());
            for first in 0..=body.len() {
                for second in first..=body.len() {
                    assert_eq!(frames(lines, body, &[first, second]).unwrap(), expected, "{first} {second}");
                }
            }
        }
    }

    #[test]
    fn an_event_of_several_data_lines_is_joined() {
        let found = frames(false, b"event: e\ndata: {\ndata: \"a\": 1}\n\ndata: {}\n\n", &[]).unwrap();
        assert_eq!(found, [("e".to_owned(), "{\n\"a\": 1}".to_owned()), (String::new(), "{}".to_owned())]);
    }

    #[test]
    fn a_web_page_is_no_answer() {
        assert_eq!(frames(false, b" <!doctype html>", &[]), Err(FrameError::Page));
        assert_eq!(frames(true, b"<html>", &[]), Err(FrameError::Page));
    }
}
