//! The steps of an answer: where its pauses are, and where it goes wrong.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    Protocol,
    body::{Ending, Step},
    refusal::Refusal,
    rendered::Rendered,
    scenario::{Fault, Pace},
};

/// A body's steps, and its length where the headers announce one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The steps.
    pub(crate) steps: Vec<Step>,
    /// `Content-Length`; a stream has none.
    pub(crate) length: Option<usize>,
}

/// Plans a stream.
pub(crate) fn streamed(rendered: &Rendered, pace: &Pace, fault: Option<&Fault>, protocol: Protocol) -> Plan {
    let all = rendered.deltas.len();
    let (good, end) = match fault.and_then(broken_after) {
        Some(after) => (after.min(all), Vec::new()),
        None => (all, vec![Step::Send(rendered.epilogue.clone())]),
    };
    let mut steps = Vec::new();
    pause(&mut steps, pace.first_token_ms);
    if pace.between_ms == 0 {
        // All in one piece: one write.
        match end.first() {
            Some(Step::Send(epilogue)) => steps.push(Step::Send(rendered.first(good, epilogue))),
            _ => push_bytes(&mut steps, rendered.first(good, b"")),
        }
    } else {
        push_paced(&mut steps, rendered, 0..good, pace);
        steps.extend(end);
    }
    break_stream(&mut steps, rendered, good, pace, fault, protocol);
    Plan { steps, length: None }
}

/// The deltas before a fault that breaks a body; `None` for none and for the faults of other kinds.
fn broken_after(fault: &Fault) -> Option<usize> {
    match fault {
        Fault::Stall { after } => *after,
        Fault::Malformed { after }
        | Fault::Reset { after }
        | Fault::HangUp { after }
        | Fault::Truncate { after }
        | Fault::ErrorEvent { after, .. } => Some(*after),
        _ => None,
    }
}

fn pause(steps: &mut Vec<Step>, milliseconds: u64) {
    if milliseconds > 0 {
        steps.push(Step::Wait(Duration::from_millis(milliseconds)));
    }
}

/// hyper ends a chunked body at an empty chunk only by itself, but an empty frame is a needless write.
fn push_bytes(steps: &mut Vec<Step>, bytes: Bytes) {
    if !bytes.is_empty() {
        steps.push(Step::Send(bytes));
    }
}

/// Each delta in a write of its own, the prologue with the first one.
fn push_paced(steps: &mut Vec<Step>, rendered: &Rendered, deltas: std::ops::Range<usize>, pace: &Pace) {
    if deltas.start == 0 {
        push_bytes(steps, rendered.first(deltas.len().min(1), b""));
    }
    for delta in rendered.deltas.get(deltas.start.max(1)..deltas.end).unwrap_or_default() {
        pause(steps, pace.between_ms);
        steps.push(Step::Send(delta.clone()));
    }
}

/// What happens in a stream after its good deltas.
fn break_stream(
    steps: &mut Vec<Step>,
    rendered: &Rendered,
    good: usize,
    pace: &Pace,
    fault: Option<&Fault>,
    protocol: Protocol,
) {
    match fault {
        Some(Fault::Stall { .. }) => steps.push(Step::Stall),
        Some(Fault::Reset { .. }) => steps.push(Step::Break(Ending::Reset)),
        Some(Fault::HangUp { .. }) => steps.push(Step::Break(Ending::Close)),
        Some(Fault::ErrorEvent { message, .. }) => {
            let event = protocol.error_event(&failure(message.as_deref(), protocol));
            steps.push(Step::Send(event.into()));
        }
        Some(Fault::Malformed { .. }) => {
            steps.push(Step::Send(Bytes::from_static(protocol.broken_delta().as_bytes())));
            let rest = rendered.deltas.iter().skip(good);
            for delta in rest {
                pause(steps, pace.between_ms);
                steps.push(Step::Send(delta.clone()));
            }
            steps.push(Step::Send(rendered.epilogue.clone()));
        }
        _ => {}
    }
}

/// The failure within a stream: the one that is most common there.
fn failure(message: Option<&str>, protocol: Protocol) -> Refusal {
    let status = if protocol == Protocol::Anthropic { 529 } else { 500 };
    Refusal::status(status, message.unwrap_or_else(|| protocol.usual_message(status)))
}

/// Plans a plain answer, which breaks in its middle.
pub(crate) fn plain(rendered: &Rendered, pace: &Pace, fault: Option<&Fault>, protocol: Protocol) -> Plan {
    let whole = rendered.whole();
    let half = whole.slice(..whole.len() / 2);
    let between = pace.between_ms * rendered.deltas.len().saturating_sub(1) as u64;
    let mut steps = Vec::new();
    pause(&mut steps, pace.first_token_ms + between);
    let mut length = whole.len();
    let breaking = match fault {
        Some(Fault::Stall { .. }) => Some(Step::Stall),
        Some(Fault::Reset { .. }) => Some(Step::Break(Ending::Reset)),
        Some(Fault::HangUp { .. }) => Some(Step::Break(Ending::Close)),
        _ => None,
    };
    let sent = match fault {
        Some(Fault::ErrorEvent { message, .. }) => {
            Bytes::from(protocol.error_body(&failure(message.as_deref(), protocol)).to_string())
        }
        Some(Fault::Malformed { .. } | Fault::Truncate { .. }) => half,
        _ if breaking.is_some() => half,
        _ => whole,
    };
    if breaking.is_none() {
        length = sent.len();
    }
    steps.push(Step::Send(sent));
    steps.extend(breaking);
    Plan { steps, length: Some(length) }
}
