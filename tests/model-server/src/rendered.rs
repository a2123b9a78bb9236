//! An answer in a wire format, still in pieces, so that pace and faults can be put between them.

use bytes::Bytes;

/// The pieces of a body, in order.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// The content type.
    pub(crate) content_type: &'static str,
    /// What a stream begins with before its first delta.
    pub(crate) prologue: Bytes,
    /// One piece per delta; what a protocol puts between two deltas is at the front of the later one. A plain answer is one piece.
    pub(crate) deltas: Vec<Bytes>,
    /// What ends the stream: finish reason, usage, terminator.
    pub(crate) epilogue: Bytes,
}

impl Rendered {
    /// A plain JSON answer.
    pub(crate) fn plain(body: String) -> Self {
        Self {
            content_type: "application/json",
            prologue: Bytes::new(),
            deltas: vec![Bytes::from(body)],
            epilogue: Bytes::new(),
        }
    }

    /// Everything in one piece.
    pub(crate) fn whole(&self) -> Bytes {
        if let ([], [only], []) = (&*self.prologue, self.deltas.as_slice(), &*self.epilogue) {
            return only.clone();
        }
        let deltas = self.deltas.iter().map(AsRef::as_ref);
        let pieces: Vec<&[u8]> = [&*self.prologue].into_iter().chain(deltas).chain([&*self.epilogue]).collect();
        Bytes::from(pieces.concat())
    }
}

/// Collects frames into the pieces: what is not a delta waits for the next delta, or for the end.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    waiting: String,
    prologue: Option<Bytes>,
    deltas: Vec<Bytes>,
}

impl Pieces {
    /// Adds what is no delta.
    pub(crate) fn frame(&mut self, frame: &str) {
        self.waiting.push_str(frame);
    }

    /// Everything so far is the prologue.
    pub(crate) fn end_prologue(&mut self) {
        self.prologue = Some(Bytes::from(std::mem::take(&mut self.waiting)));
    }

    /// Adds a delta.
    pub(crate) fn delta(&mut self, frame: &str) {
        self.waiting.push_str(frame);
        self.deltas.push(Bytes::from(std::mem::take(&mut self.waiting)));
    }

    /// Ends the stream.
    pub(crate) fn finish(self, content_type: &'static str) -> Rendered {
        Rendered {
            content_type,
            prologue: self.prologue.unwrap_or_default(),
            deltas: self.deltas,
            epilogue: Bytes::from(self.waiting),
        }
    }
}
