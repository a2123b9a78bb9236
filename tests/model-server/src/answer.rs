//! A reply made concrete for one request: placeholders filled, texts cut into deltas, ids and counts decided.

use serde_json::Value;

use crate::{
    Protocol,
    exchange::Exchange,
    scenario::{Finish, Pace, Reply, ToolCall, Usage},
};

/// Characters per fragment of streamed arguments, unless the script says otherwise: short enough to cut keys in two.
const FRAGMENT: usize = 12;

/// What is sent, before it has a wire format.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Distinguishes this answer's ids from every other answer's.
    pub(crate) number: u64,
    /// The model's name, as the request had it.
    pub(crate) model: String,
    /// When it was made, in seconds since the epoch.
    pub(crate) created: u64,
    /// Deltas of thinking.
    pub(crate) thinking: Vec<String>,
    /// Deltas of text.
    pub(crate) text: Vec<String>,
    /// Tool calls.
    pub(crate) calls: Vec<Call>,
    /// Token counts.
    pub(crate) usage: Usage,
    /// Why it ends.
    pub(crate) finish: Finish,
    /// Whether an OpenAI stream ends with a usage chunk.
    pub(crate) include_usage: bool,
}

/// A tool call of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its id, unique unless the script fixed it.
    pub(crate) id: String,
    /// The tool's name.
    pub(crate) name: String,
    /// The arguments as text, in the order and fragments they are streamed.
    pub(crate) fragments: Vec<String>,
}

impl Call {
    /// The arguments as one text.
    pub(crate) fn arguments(&self) -> String {
        self.fragments.concat()
    }

    /// The arguments as a JSON object, for protocols that do not send them as text; a script's broken text stays a string.
    pub(crate) fn input(&self) -> Value {
        let text = self.arguments();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

impl Answer {
    /// Fills a reply in for a request.
    pub(crate) fn new(reply: &Reply, pace: &Pace, exchange: &Exchange<'_>, number: u64, created: u64) -> Self {
        let fill = |text: &str| fill(text, exchange, number);
        let prefix = if exchange.protocol == Protocol::Anthropic { "toolu" } else { "call" };
        let text: Vec<String> = if reply.deltas.is_empty() {
            reply.text.as_deref().map_or_else(Vec::new, |text| cut(&fill(text), pace.characters))
        } else {
            reply.deltas.iter().map(|delta| fill(delta)).collect()
        };
        let thinking = reply.thinking.as_deref().filter(|_| exchange.thinking);
        let thinking = thinking.map_or_else(Vec::new, |text| cut(&fill(text), pace.characters));
        let calls: Vec<Call> = reply
            .tool_calls
            .iter()
            .enumerate()
            .map(|(i, call)| concrete(call, || format!("{prefix}_{number}_{i}"), &fill))
            .collect();
        let finish = reply.finish.unwrap_or(if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls });
        let mut answer = Self {
            number,
            model: exchange.model.to_owned(),
            created,
            thinking,
            text,
            calls,
            usage: Usage::default(),
            finish,
            include_usage: exchange.include_usage,
        };
        answer.usage = reply.usage.unwrap_or_else(|| answer.estimate(exchange.body_bytes));
        answer
    }

    /// Four characters to a token, which is what people reckon with for English.
    fn estimate(&self, body_bytes: usize) -> Usage {
        let length = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        let thinking = length(&self.thinking);
        let calls: usize = self.calls.iter().map(|call| length(&call.fragments) + call.name.len()).sum();
        let tokens = |characters: usize| characters.div_ceil(4) as u64;
        Usage {
            input: tokens(body_bytes),
            output: tokens(thinking + length(&self.text) + calls),
            reasoning: tokens(thinking),
            ..Usage::default()
        }
    }
}

/// Whether every request would get the same answer, so that its bytes can be kept.
pub(crate) fn is_fixed(reply: &Reply) -> bool {
    let plain = |text: &str| !text.contains("{{");
    reply.usage.is_some()
        && reply.tool_calls.is_empty()
        && !reply.is_empty()
        && reply.text.as_deref().is_none_or(plain)
        && reply.thinking.as_deref().is_none_or(plain)
        && reply.deltas.iter().all(|delta| plain(delta))
}

/// Replaces the placeholders once, so that a user's text cannot bring placeholders of its own.
fn fill(text: &str, exchange: &Exchange<'_>, number: u64) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = tail.split_once("}}") else {
            filled.push_str("{{");
            rest = tail;
            continue;
        };
        match name.trim() {
            "last_user" => filled.push_str(&exchange.last_user),
            "last_tool" => filled.push_str(&exchange.last_tool),
            "model" => filled.push_str(exchange.model),
            "number" => filled.push_str(&number.to_string()),
            _ => filled.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Cuts text into pieces of so many characters; 0 cuts before each word, as tokenizers of English mostly do.
fn cut(text: &str, characters: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut count = 0;
    for character in text.chars() {
        let full = if characters == 0 { character == ' ' } else { count == characters };
        if full && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            count = 0;
        }
        piece.push(character);
        count += 1;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A scripted call with its id, and its arguments as fragments.
fn concrete(call: &ToolCall, make_id: impl Fn() -> String, fill: &impl Fn(&str) -> String) -> Call {
    let id = call.id.clone().unwrap_or_else(make_id);
    let arguments = match (&call.raw_arguments, &call.arguments) {
        (Some(raw), _) => fill(raw),
        (None, Value::Null) => "{}".to_owned(),
        (None, arguments) => fill_within(arguments, fill).to_string(),
    };
    let fragments = cut(&arguments, call.fragment.unwrap_or(FRAGMENT).max(1));
    Call { id, name: call.name.clone(), fragments }
}

/// Fills the placeholders in the strings of a JSON value, so that quotes in what is filled in are escaped.
fn fill_within(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(values) => values.iter().map(|value| fill_within(value, fill)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill_within(value, fill))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_before_words_or_every_so_many_characters() {
        assert_eq!(cut("one two  three", 0), ["one", " two", " ", " three"]);
        assert_eq!(cut("äöü12", 2), ["äö", "ü1", "2"]);
        assert_eq!(cut("", 0), Vec::<String>::new());
    }
}
