//! What a model is told: the assembly of a run's messages, and what is read out of its answer.

use serde_json::Value;

use crate::message::{Message, Role};
use crate::run::Run;
use crate::session::{MemoryEntry, SessionContext};

/// The messages of the next model call: instructions, the summary and memories of what was compacted (S1-129), the
/// session's turns, the caller's, and what was said in this run.
pub fn messages(run: &Run, context: &SessionContext) -> Vec<Message> {
    let system = run.agent.as_ref().map_or("", |agent| agent.system.as_str());
    let mut messages = Vec::with_capacity(context.turns.len() + run.input.len() + run.transcript.len() + 2);
    if !system.is_empty() {
        messages.push(Message::system(with_tools_table(run, system)));
    }
    let history = context.turns.iter().chain(&run.input).chain(&run.transcript);
    // An agent's own instructions replace those that the conversation began with (S1-156).
    let (leading, rest): (Vec<_>, Vec<_>) = history
        .filter(|turn| system.is_empty() || turn.role != Role::System)
        .partition(|turn| turn.role == Role::System);
    messages.extend(leading.iter().map(|turn| turn.message()));
    let mut told: Vec<Message> = rest.iter().map(|turn| turn.message()).collect();
    let (summary, memories) = match budget(run) {
        Some(budget) => trim(context, estimate_tokens(characters(&messages) + characters(&told)), budget),
        None => (context.summary.as_deref(), context.memories.as_slice()),
    };
    messages.extend(summary.map(summary_message));
    messages.extend(memories.iter().map(memory_message));
    messages.append(&mut told);
    pair_calls(messages)
}

fn summary_message(summary: &str) -> Message {
    Message::system(format!("## Summary\n{summary}"))
}

fn memory_message(memory: &MemoryEntry) -> Message {
    Message::system(format!("## Memory\n{}: {}", memory.entry_type, memory.content))
}

/// The tokens that the model of the open attempt can read, less those that it may write; `None` where its window is not
/// known.
fn budget(run: &Run) -> Option<u64> {
    /// The names under which providers take the length of an answer.
    const ANSWER: [&str; 3] = ["max_tokens", "max_completion_tokens", "num_predict"];
    let agent = run.agent.as_ref()?;
    let model = agent.models.get(run.attempt.as_ref()?.model)?;
    let parameter = |name: &str| agent.parameters.get(name).or_else(|| model.parameters.get(name))?.as_u64();
    let answer = ANSWER.into_iter().find_map(parameter).unwrap_or(0);
    Some(model.context_window?.saturating_sub(answer))
}

/// What is told of a session's compacted part when `said` tokens are told besides and the model reads `budget` (S1-134):
/// memories go, the oldest first, and then the summary. What was said word for word is never cut.
pub fn trim(context: &SessionContext, said: u64, budget: u64) -> (Option<&str>, &[MemoryEntry]) {
    let tokens = |message: Message| estimate_tokens(characters(&[message]));
    let mut left = budget.saturating_sub(said);
    let mut fits = |needed: u64| {
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    };
    let summary = context.summary.as_deref().filter(|summary| fits(tokens(summary_message(summary))));
    if summary.is_none() && context.summary.is_some() {
        return (None, &[]);
    }
    let newest = context.memories.iter().rev().take_while(|memory| fits(tokens(memory_message(memory)))).count();
    (summary, &context.memories[context.memories.len() - newest..])
}

/// A delegating agent's instructions may ask for the table of its tools (S1-120).
fn with_tools_table(run: &Run, system: &str) -> String {
    const TABLE: &str = "{{TOOLS}}";
    let agent = run.agent.as_ref().filter(|_| system.contains(TABLE));
    match agent {
        Some(agent) => {
            let tools: Vec<_> = agent.tools.iter().map(|tool| &**tool).collect();
            system.replace(TABLE, &crate::engine::tools_table(&tools))
        }
        None => system.to_owned(),
    }
}

/// Providers refuse a call without its result and a result without its call. Cuts through a conversation (compaction,
/// revoking, a turn that was stopped) may leave either: a result without a call goes, a call without a result gets one.
fn pair_calls(messages: Vec<Message>) -> Vec<Message> {
    let mut paired: Vec<Message> = Vec::with_capacity(messages.len());
    let mut open: Vec<(String, String)> = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            if let Some(place) = called(&open, &message) {
                let (id, _) = open.remove(place);
                paired.push(Message { tool_call_id: Some(id), ..message });
            }
            continue;
        }
        close(&mut paired, &mut open);
        open.extend(message.tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())));
        let says_something = !message.content.is_empty()
            || !message.tool_calls.is_empty()
            || !message.images.is_empty()
            || message.audio.is_some();
        if says_something {
            paired.push(message);
        }
    }
    close(&mut paired, &mut open);
    paired
}

/// Which of the open calls a result is of. One without an id is of the first call of its tool, or of the first at all
/// where it names none (S1-42).
fn called(open: &[(String, String)], result: &Message) -> Option<usize> {
    match (result.tool_call_id.as_deref().filter(|id| !id.is_empty()), result.name.as_deref()) {
        (Some(id), _) => open.iter().position(|(call, _)| call == id),
        (None, Some(name)) => open.iter().position(|(_, called)| called == name),
        (None, None) => (!open.is_empty()).then_some(0),
    }
}

fn close(messages: &mut Vec<Message>, open: &mut Vec<(String, String)>) {
    for (id, name) in open.drain(..) {
        let result = Message::tool_result(id, name, "Error: the call has no result");
        messages.push(Message { is_error: true, ..result });
    }
}

/// A rough count of tokens where a provider does not tell: a quarter of the characters (S1-134).
pub fn estimate_tokens(characters: usize) -> u64 {
    u64::try_from(characters.div_ceil(4)).unwrap_or(u64::MAX)
}

/// The characters of messages, for [`estimate_tokens`].
pub fn characters(messages: &[Message]) -> usize {
    let of = |message: &Message| {
        let calls: usize = message.tool_calls.iter().map(|call| call.arguments.len() + call.name.len()).sum();
        message.content.chars().count() + message.thinking.as_ref().map_or(0, |text| text.chars().count()) + calls
    };
    messages.iter().map(of).sum()
}

/// The JSON of a structured answer: the whole text, or what stands in its code fence, where models like to put it.
pub fn parse_output(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let inside = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"))?.strip_suffix("```")?;
    serde_json::from_str(inside.trim()).ok()
}

/// Why an answer does not satisfy a schema; `None` if it does. A schema that is none is reported as the problem.
pub fn output_problem(schema: &Value, text: &str) -> Option<String> {
    let Some(value) = parse_output(text) else { return Some("it is not JSON".to_owned()) };
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return Some(format!("the output schema itself is invalid: {error}")),
    };
    // The first few are what a model can act on; all of them can be thousands.
    let problems: Vec<_> = validator
        .iter_errors(&value)
        .take(5)
        .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
        .collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(content: &str) -> MemoryEntry {
        let content = content.to_owned();
        MemoryEntry { entry_type: "fact".to_owned(), content, source_turn_index: 0, confidence: 1.0, created_at: 0 }
    }

    /// A summary of 25 tokens and three memories of 10 tokens each, with their headings.
    fn context() -> SessionContext {
        SessionContext {
            summary: Some("s".repeat(100 - "## Summary\n".len())),
            memories: ["a", "b", "c"].map(|letter| memory(&letter.repeat(40 - "## Memory\nfact: ".len()))).into(),
            ..SessionContext::default()
        }
    }

    /// Whether the summary is kept, and the letters of the memories that are.
    fn kept(said: u64, budget: u64) -> (bool, String) {
        let context = context();
        let (summary, memories) = trim(&context, said, budget);
        (summary.is_some(), memories.iter().map(|memory| &memory.content[..1]).collect())
    }

    #[test]
    fn what_fits_is_told_whole() {
        assert_eq!(kept(0, 55), (true, "abc".to_owned()));
        assert_eq!(kept(1_000, 1_055), (true, "abc".to_owned()));
    }

    #[test]
    fn memories_go_oldest_first_and_then_the_summary() {
        assert_eq!(kept(0, 54), (true, "bc".to_owned()));
        assert_eq!(kept(0, 44), (true, "c".to_owned()));
        assert_eq!(kept(0, 34), (true, String::new()));
        assert_eq!(kept(0, 25), (true, String::new()));
        assert_eq!(kept(0, 24), (false, String::new()));
        assert_eq!(kept(100, 50), (false, String::new()), "more is said than fits");
    }

    #[test]
    fn memories_without_a_summary_are_trimmed_alike() {
        let context = SessionContext { summary: None, ..context() };
        assert_eq!(trim(&context, 0, 20).1.len(), 2);
        assert_eq!(trim(&SessionContext::default(), 0, 0), (None, &[][..]));
    }
}
