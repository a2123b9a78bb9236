//! The calls of a round: what they come to, and the turns that they become.

use super::say;
use crate::event::Finished;
use crate::id::{CallId, Timestamp};
use crate::message::Message;
use crate::run::call::{Call, CallState};
use crate::run::state::Run;
use crate::session::Turn;
use crate::tool::{ToolKind, ToolResult, ToolSnapshot};

/// The calls of a message, up to the first that opens a skill: what the model asks for after that it asked for
/// without knowing the skill (S1-105).
pub(super) fn calls(run: &Run, at: Timestamp, finished: &Finished) -> Vec<Call> {
    let tools = run.tools();
    let mut calls = Vec::with_capacity(finished.calls.len());
    for (index, call) in finished.calls.iter().enumerate() {
        let tool = tools.iter().find(|tool| tool.spec.name == call.name).cloned();
        let opens_skill = tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_)));
        calls.push(Call {
            id: CallId::derive(run.id, finished.step, index),
            at,
            call: call.clone(),
            tool,
            state: CallState::Pending,
            attempts: 0,
            approved: false,
            edited: None,
        });
        if opens_skill {
            break;
        }
    }
    calls
}

pub(super) fn on_call(run: &mut Run, id: CallId, change: impl FnOnce(&mut Call)) {
    if let Some(call) = run.calls.iter_mut().find(|call| call.id == id) {
        change(call);
    }
}

pub(super) fn decide(run: &mut Run, id: CallId, approved: bool, arguments: Option<&str>, by: &str) {
    on_call(run, id, |call| {
        let CallState::Asked { reason, .. } = call.state else { return };
        if approved {
            call.state = CallState::Pending;
            call.approved = true;
            // A person who agrees a second time, after a crash, agrees to what was edited before.
            if let Some(arguments) = arguments {
                call.edited = Some(arguments.to_owned());
            }
        } else {
            call.state = CallState::Refused { by: by.to_owned(), reason };
        }
    });
}

pub(super) fn finish_call(run: &mut Run, at: Timestamp, id: CallId, result: &ToolResult) {
    on_call(run, id, |call| {
        // The first result stands: the model is told one, and it is the one that was shown.
        if call.result().is_none() {
            call.state = CallState::Finished { result: result.clone() };
        }
    });
    if !run.calls.is_empty() && run.round_is_done() {
        end_round(run, at);
    }
}

/// All calls have results: they become turns, in the order of the calls.
fn end_round(run: &mut Run, at: Timestamp) {
    let calls = std::mem::take(&mut run.calls);
    let mut opened = None;
    for call in calls {
        let CallState::Finished { result } = call.state else { continue };
        let skill = call.tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_)));
        if skill && !result.is_error {
            opened = Some((call.call.name.clone(), skill_directory(call.tool.as_deref(), &result)));
        }
        let message = Message {
            is_error: result.is_error,
            images: result.images,
            ..Message::tool_result(call.call.id, call.call.name, result.content)
        };
        let tool_id = call.tool.map(|tool| tool.id.clone());
        say(run, at, Turn { tool_id, ..Turn::from(message) });
    }
    match opened {
        Some((skill, directory)) => {
            run.skills.push(skill);
            run.skill_directory = directory;
        }
        None => run.rounds += 1,
    }
}

/// Where a skill's files are: a folder of its own, or the one in which they were laid out when it was opened.
fn skill_directory(tool: Option<&ToolSnapshot>, result: &ToolResult) -> Option<String> {
    let own = tool.and_then(|tool| match &tool.kind {
        ToolKind::Skill(skill) => skill.directory.clone(),
        _ => None,
    });
    own.or_else(|| Some(result.structured.as_ref()?.get("directory")?.as_str()?.to_owned()))
}
