//! What clients see of a run: frames, made from its events and pieces alone, so that a replayed stream equals a live one.

pub mod described;
pub mod event;
pub mod openai;
pub mod resume;
pub mod s1;
pub mod typed;

use std::fmt::Write as _;

use troupe_core::stream::ItemId;

/// Bytes of a frame beside its data, about: names of fields, the event's name, an id.
const FRAMING: usize = 96;

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The event's name; `None` = the default, `message`.
    pub event: Option<&'static str>,
    /// The data: one line.
    pub data: String,
    /// Its id, for `Last-Event-ID`.
    pub id: Option<ItemId>,
}

impl Frame {
    /// A frame without a name.
    pub fn data(data: impl Into<String>, id: ItemId) -> Self {
        Self { event: None, data: data.into(), id: Some(id) }
    }

    /// Writes the frame as it goes over the wire. The id stands behind the data, because S1's own clients look for
    /// `data:` at the start of a frame.
    pub fn write(&self, wire: &mut String) {
        wire.reserve(self.data.len() + FRAMING);
        if let Some(event) = self.event {
            wire.push_str("event: ");
            wire.push_str(event);
            wire.push('\n');
        }
        // JSON has no raw line break, so that one `data:` line holds it.
        wire.push_str("data: ");
        wire.push_str(&self.data);
        if let Some(id) = self.id {
            // Writing into a String cannot fail.
            let _ = write!(wire, "\nid: {id}");
        }
        wire.push_str("\n\n");
    }
}

/// Makes frames from a run's items, in order.
pub trait Framer: Send {
    /// Adds the frames of an item; an item may have none.
    fn frames(&mut self, item: &troupe_core::stream::Item, frames: &mut Vec<Frame>);

    /// The last frames, when the run's stream is over.
    fn end(&mut self, frames: &mut Vec<Frame>);

    /// Whoever resumes had pieces that are no more: those of a step that was lost with its process.
    fn missed(&mut self) {}

    /// Whether nothing more is to be sent, though the run may go on.
    fn is_over(&self) -> bool {
        false
    }
}
