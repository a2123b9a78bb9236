//! What subscribers of a run see: its events and the pieces of its messages, each with an id, live or replayed.
//!
//! An id is `<seq>.<n>`: `seq` the number of the tree's last event, `n` the number of the piece since it (0 for the
//! event itself). Live and replayed streams are equal, because a finished message keeps the ids and lengths of its pieces.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::event::{AttemptFailure, DeltaKind, DeltaMark, Event, Recorded};
use crate::id::RunId;
use crate::model::ToolCallDelta;
use crate::tool::ToolCall;

/// The place of an item in a tree's stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The number of the tree's last event.
    pub seq: u64,
    /// The number of the piece since it; 0 is the event itself.
    pub n: u32,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.n)
    }
}

impl FromStr for ItemId {
    type Err = NotAnItemId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, n) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        match (seq.parse(), n.parse()) {
            (Ok(seq), Ok(n)) => Ok(Self { seq, n }),
            _ => Err(NotAnItemId(text.chars().take(40).collect())),
        }
    }
}

/// A text that is no item id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no event id; ids look like 12.3, and the last one received is what to send")]
pub struct NotAnItemId(pub String);

/// One item of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An event, as it is in the journal.
    Event(Arc<Recorded>),
    /// A piece of a message.
    Delta(Arc<Delta>),
}

impl Item {
    /// Its place.
    pub fn id(&self) -> ItemId {
        match self {
            Self::Event(recorded) => ItemId { seq: recorded.seq, n: 0 },
            Self::Delta(delta) => delta.id,
        }
    }

    /// The run of the tree that it is of.
    pub fn run(&self) -> RunId {
        match self {
            Self::Event(recorded) => recorded.run,
            Self::Delta(delta) => delta.run,
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Its place.
    pub id: ItemId,
    /// The run.
    pub run: RunId,
    /// The model step.
    pub step: u32,
    /// The piece.
    pub piece: Piece,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Of the text.
    Content(String),
    /// Of the reasoning.
    Thinking(String),
    /// Of a tool call.
    ToolCall(ToolCallDelta),
}

impl Piece {
    /// What is kept of it, so that it can be cut again.
    pub fn mark(&self, id: ItemId) -> DeltaMark {
        let (kind, length) = match self {
            Self::Content(text) => (DeltaKind::Content, text.len()),
            Self::Thinking(text) => (DeltaKind::Thinking, text.len()),
            Self::ToolCall(delta) => {
                (DeltaKind::Arguments(u16::try_from(delta.index).unwrap_or(u16::MAX)), delta.arguments.len())
            }
        };
        DeltaMark { seq: id.seq, n: id.n, kind, length: u32::try_from(length).unwrap_or(u32::MAX) }
    }
}

/// The items of a journal, exactly as they were streamed.
pub fn replay(journal: &[Recorded]) -> Vec<Item> {
    let mut items = Vec::with_capacity(journal.len() * 4);
    for recorded in journal {
        match &recorded.event {
            Event::MessageFinished(finished) => cut(
                &mut items,
                recorded.run,
                finished.step,
                &finished.deltas,
                [&finished.content, &finished.thinking],
                &finished.calls,
            ),
            Event::AttemptFailed { step, partial, reason, .. } if !matches!(reason, AttemptFailure::Lost) => {
                cut(
                    &mut items,
                    recorded.run,
                    *step,
                    &partial.deltas,
                    [&partial.content, &partial.thinking],
                    &partial.calls,
                );
            }
            _ => {}
        }
        items.push(Item::Event(Arc::new(recorded.clone())));
    }
    items.sort_by_key(Item::id);
    items
}

/// Cuts a message into its pieces again.
fn cut(
    items: &mut Vec<Item>,
    run: RunId,
    step: u32,
    marks: &[DeltaMark],
    [content, thinking]: [&str; 2],
    calls: &[ToolCall],
) {
    let mut at = [0, 0];
    let mut arguments = vec![None; calls.len()];
    for mark in marks {
        let length = mark.length as usize;
        let mut take = |which: usize, text: &str| {
            let piece = text.get(at[which]..at[which] + length).unwrap_or_default().to_owned();
            at[which] += length;
            piece
        };
        let piece = match mark.kind {
            DeltaKind::Content => Piece::Content(take(0, content)),
            DeltaKind::Thinking => Piece::Thinking(take(1, thinking)),
            DeltaKind::Arguments(index) => {
                let index = usize::from(index);
                let Some((call, done)) = calls.get(index).zip(arguments.get_mut(index)) else { continue };
                Piece::ToolCall(cut_call(index, call, done, length))
            }
        };
        items.push(Item::Delta(Arc::new(Delta { id: ItemId { seq: mark.seq, n: mark.n }, run, step, piece })));
    }
}

/// The next piece of a call; its first one brings the id and the name.
fn cut_call(index: usize, call: &ToolCall, done: &mut Option<usize>, length: usize) -> ToolCallDelta {
    let first = done.is_none();
    let from = done.unwrap_or(0);
    *done = Some(from + length);
    ToolCallDelta {
        index,
        id: first.then(|| call.id.clone()),
        name: first.then(|| call.name.clone()),
        arguments: call.arguments.get(from..from + length).unwrap_or_default().to_owned(),
    }
}

/// The stream of one tree: a buffer that all its subscribers share, each with a cursor of its own. Nobody who reads
/// slowly slows the run or another reader.
#[derive(Debug)]
pub struct RunStream {
    buffer: Mutex<Vec<Item>>,
    /// The number of items, and whether more may come.
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    items: usize,
    closed: bool,
}

impl RunStream {
    /// A stream that begins with `items`, already in order.
    pub fn new(items: Vec<Item>) -> Arc<Self> {
        let progress = watch::Sender::new(Progress { items: items.len(), closed: false });
        Arc::new(Self { buffer: Mutex::new(items), progress })
    }

    /// A stream that is over.
    pub fn finished(items: Vec<Item>) -> Arc<Self> {
        let stream = Self::new(items);
        stream.close();
        stream
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Item>> {
        // A reader that panicked cannot have left the vector half written: pushes are whole.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item and wakes the subscribers.
    pub fn publish(&self, item: Item) {
        let items = {
            let mut buffer = self.lock();
            buffer.push(item);
            buffer.len()
        };
        self.progress.send_modify(|progress| progress.items = items);
    }

    /// Nothing more will come.
    pub fn close(&self) {
        self.progress.send_modify(|progress| progress.closed = true);
    }

    /// Reads from behind `after`; `None` = from the beginning.
    pub fn subscribe(self: &Arc<Self>, after: Option<ItemId>) -> Subscription {
        let next = after.map_or(0, |after| self.lock().partition_point(|item| item.id() <= after));
        Subscription { stream: Arc::clone(self), progress: self.progress.subscribe(), next }
    }
}

/// A reader of a stream.
#[derive(Debug)]
pub struct Subscription {
    stream: Arc<RunStream>,
    progress: watch::Receiver<Progress>,
    next: usize,
}

impl Subscription {
    /// The next item; waits for it; `None` when the stream is over. Cancel-safe.
    pub async fn next(&mut self) -> Option<Item> {
        loop {
            let progress = *self.progress.borrow_and_update();
            if let Some(item) = self.ready() {
                return Some(item);
            }
            if progress.closed || self.progress.changed().await.is_err() {
                return None;
            }
        }
    }

    /// The next item if it is there already.
    pub fn ready(&mut self) -> Option<Item> {
        let item = self.stream.lock().get(self.next).cloned()?;
        self.next += 1;
        Some(item)
    }

    /// Whether the stream is over and everything of it was read.
    pub fn is_over(&self) -> bool {
        let progress = *self.progress.borrow();
        progress.closed && self.next >= progress.items
    }
}
