//! The steps of an answer: where its pauses are, and where it goes wrong.

use std::{ops::Range, time::Duration};

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

/// Plans a stream: each delta with the pause before it, then the end or what comes instead of it.
pub(crate) fn streamed(rendered: &Rendered, pace: &Pace, fault: Option<&Fault>, protocol: Protocol) -> Plan {
    let all = rendered.deltas.len();
    let broken_after = fault.and_then(broken_after).map(|after| after.min(all));
    let mut steps = pause(pace.first_token_ms);
    steps.push(Step::Send(rendered.prologue.clone()));
    push_deltas(&mut steps, rendered, 0..broken_after.unwrap_or(all), pace);
    match fault {
        Some(Fault::Stall { .. }) => steps.push(Step::Stall),
        Some(Fault::Reset { .. }) => steps.push(Step::Break(Ending::Reset)),
        Some(Fault::HangUp { .. }) => steps.push(Step::Break(Ending::Close)),
        Some(Fault::Truncate { .. }) => {}
        Some(Fault::ErrorEvent { message, .. }) => {
            let event = protocol.error_event(&failure(message.as_deref(), protocol));
            steps.push(Step::Send(event.into()));
        }
        _ => {
            if let Some(after) = broken_after {
                steps.push(Step::Send(Bytes::from_static(protocol.broken_delta().as_bytes())));
                push_deltas(&mut steps, rendered, after..all, pace);
            }
            steps.extend(pause(pace.between_ms));
            steps.push(Step::Send(rendered.epilogue.clone()));
        }
    }
    Plan { steps: joined(steps), length: None }
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

/// A pause, if there is one.
fn pause(milliseconds: u64) -> Vec<Step> {
    let pause = Duration::from_millis(milliseconds);
    if pause.is_zero() { Vec::new() } else { vec![Step::Wait(pause)] }
}

/// These deltas, with the pauses and the hold between them.
fn push_deltas(steps: &mut Vec<Step>, rendered: &Rendered, deltas: Range<usize>, pace: &Pace) {
    let end = deltas.end;
    for index in deltas {
        if pace.hold_after == Some(index) {
            steps.push(Step::Hold);
        } else if index > 0 {
            steps.extend(pause(pace.between_ms));
        }
        steps.push(Step::Send(rendered.deltas[index].clone()));
    }
    // A hold behind the last delta comes before the end of the stream.
    let all = rendered.deltas.len();
    if end == all && pace.hold_after.is_some_and(|hold| hold >= all) {
        steps.push(Step::Hold);
    }
}

/// Joins what is sent without a pause between: one write instead of many.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut joined = Vec::with_capacity(steps.len());
    let mut together: Vec<Bytes> = Vec::new();
    for step in steps {
        match step {
            Step::Send(bytes) => together.push(bytes),
            other => {
                joined.extend(concat(&mut together));
                joined.push(other);
            }
        }
    }
    joined.extend(concat(&mut together));
    joined
}

/// What was collected, in one piece; nothing if it is empty, as an empty frame would be a needless write.
fn concat(together: &mut Vec<Bytes>) -> Option<Step> {
    let bytes = match together.as_slice() {
        [only] => only.clone(),
        several => Bytes::from(several.concat()),
    };
    together.clear();
    (!bytes.is_empty()).then_some(Step::Send(bytes))
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
    let mut steps = pause(pace.first_token_ms + between);
    if pace.hold_after.is_some() {
        steps.push(Step::Hold);
    }
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
