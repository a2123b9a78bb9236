//! The scenario: which requests get which answers, at which pace, with which faults. Read from YAML or built in code.
//!
//! ```yaml
//! rules:
//!   - when: {last_user_contains: weather, tool_offered: get_weather, last_role: user}
//!     reply: {tool_calls: [{name: get_weather, arguments: {city: Oslo}, fragment: 4}]}
//!   - when: {last_role: tool}
//!     reply: {text: "The tool says: {{last_tool}}"}
//!     pace: {first_token_ms: 50, between_ms: 5, characters: 8}
//!   - times: 1
//!     fault: {status: {code: 429, retry_after: 1}}
//! ```

use serde::Deserialize;
use serde_json::Value;

use crate::Protocol;

/// An ordered list of rules; the first rule that fits a request and is not used up answers it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The model names that exist. Empty: every name is accepted, and the lists show `scripted`.
    pub models: Vec<String>,
    /// Let requests pass that the real providers would refuse.
    pub lenient: bool,
    /// When set, requests must carry exactly this key, in the way of their protocol, or get a 401. Ollama has no keys and ignores it.
    pub api_key: Option<String>,
    /// What happens to a request that no rule fits.
    pub unmatched: Unmatched,
    /// How many requests are kept for [`crate::ModelServer::requests`], the newest ones. Absent: 10,000; 0 records nothing.
    pub record: Option<usize>,
    /// The rules, tried in this order.
    pub rules: Vec<Rule>,
}

/// What happens to a request that no rule fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// The echo assistant answers in words, and calls a fitting tool once when asked for the time, for files, or to use bash.
    #[default]
    Assistant,
    /// A 500 that says so: a test that expects only scripted requests notices the others.
    Fail,
}

/// One rule: a condition, and what is done when it holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The condition; an empty one fits every request.
    pub when: When,
    /// The rule is used at most this often. Absent: without bound.
    pub times: Option<u32>,
    /// The answer. Empty: the echo assistant's.
    pub reply: Reply,
    /// How fast the answer comes.
    pub pace: Pace,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// All fields that are set must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The model name, exactly.
    pub model: Option<String>,
    /// The wire protocol.
    pub protocol: Option<Protocol>,
    /// Whether the client asked for a stream.
    pub stream: Option<bool>,
    /// The text of the last user message contains this (case matters).
    pub last_user_contains: Option<String>,
    /// The text of the last user message matches this regular expression.
    pub last_user_matches: Option<String>,
    /// The system prompt contains this.
    pub system_contains: Option<String>,
    /// The last tool result contains this.
    pub last_tool_contains: Option<String>,
    /// What the last message is. Anthropic's `tool_result` blocks count as `tool`.
    pub last_role: Option<Role>,
    /// A tool of this name is offered.
    pub tool_offered: Option<String>,
    /// The number of this inference request since the scenario was set, from 1.
    pub number: Option<u64>,
}

/// The role of a message, the same for the three protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions (`system`, OpenAI's `developer`).
    System,
    /// A person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// What the model says. Texts may hold `{{last_user}}`, `{{last_tool}}`, `{{model}}` and `{{number}}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// The text, cut into deltas at word boundaries or as [`Pace::characters`] says.
    pub text: Option<String>,
    /// The text as exactly these deltas. Wins over `text`.
    pub deltas: Vec<String>,
    /// Thinking, sent before the text. Anthropic streams it only to clients that enabled thinking; the others always.
    pub thinking: Option<String>,
    /// Tool calls, sent after the text.
    pub tool_calls: Vec<ToolCall>,
    /// Token counts. Absent: estimated, four characters to a token.
    pub usage: Option<Usage>,
    /// Why the model stopped. Absent: `tool_calls` if there are calls, else `stop`.
    pub finish: Option<Finish>,
}

/// One tool call of a reply.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolCall {
    /// The call's id. Absent: made from the request's number, so that ids never repeat.
    pub id: Option<String>,
    /// The tool's name, offered or not.
    pub name: String,
    /// The arguments; placeholders work in the strings within.
    pub arguments: Value,
    /// The arguments as this text, valid JSON or not. Wins over `arguments`.
    pub raw_arguments: Option<String>,
    /// Characters per streamed fragment of the arguments. Absent: 12.
    pub fragment: Option<usize>,
}

/// Token counts of a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input: u64,
    /// Tokens of the answer, thinking included.
    pub output: u64,
    /// Of `input`, those read from the provider's cache.
    pub cached_input: u64,
    /// Of `input`, those written to the provider's cache (Anthropic only).
    pub cache_write: u64,
    /// Of `output`, those spent thinking (OpenAI only).
    pub reasoning: u64,
}

/// Why the model stopped, in OpenAI's words; the other protocols translate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// It wants tools called.
    ToolCalls,
    /// The token limit was reached.
    Length,
    /// The provider refused to go on.
    ContentFilter,
}

/// How fast an answer comes. All zero: at once, in as few writes as possible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Milliseconds before the first delta. A stream's headers are sent before; a plain answer waits as a whole.
    pub first_token_ms: u64,
    /// Milliseconds between deltas, each of which is then a write of its own.
    pub between_ms: u64,
    /// After so many deltas the answer waits until the test calls [`crate::ModelServer::release`]; a plain answer as a whole.
    pub hold_after: Option<usize>,
    /// Characters per delta of `text` and `thinking`. 0: a word per delta.
    pub characters: usize,
}

/// What goes wrong. `after` counts deltas (text, thinking and argument fragments alike); a plain answer breaks in its middle instead.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The connection is closed in an orderly way before anything is answered.
    Drop,
    /// Nothing more comes, while the connection stays open.
    Stall {
        /// Absent: not even headers are sent.
        #[serde(default)]
        after: Option<usize>,
    },
    /// An error status with the provider's envelope.
    Status {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header, in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// The message. Absent: what the provider usually says.
        #[serde(default)]
        message: Option<String>,
    },
    /// A chunk that is no JSON; then the answer goes on as if nothing had been.
    Malformed {
        /// Good deltas before it.
        after: usize,
    },
    /// The connection is reset (TCP RST).
    Reset {
        /// Deltas before it.
        after: usize,
    },
    /// The connection is closed (TCP FIN) within the body.
    HangUp {
        /// Deltas before it.
        after: usize,
    },
    /// The body ends properly, but without finish reason and terminator.
    Truncate {
        /// Deltas before it.
        after: usize,
    },
    /// An error event within the stream, which ends it; a plain answer is a 200 with an error envelope.
    ErrorEvent {
        /// Deltas before it.
        after: usize,
        /// The message. Absent: what the provider usually says.
        #[serde(default)]
        message: Option<String>,
    },
    /// The right body under this content type.
    ContentType(String),
    /// The text is one delta of so many bytes.
    Huge {
        /// Bytes of text.
        bytes: usize,
    },
    /// This body instead of an answer, such as the HTML page of a proxy.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It is no YAML, or not of this shape.
    #[error("cannot read the scenario")]
    Parse(#[from] serde_yaml::Error),
    /// A regular expression is wrong.
    #[error("rule {rule}: last_user_matches is no regular expression")]
    Pattern {
        /// The rule's place, from 0.
        rule: usize,
        /// What the regular expression engine says.
        #[source]
        source: Box<regex::Error>,
    },
}

impl Scenario {
    /// Reads a scenario from YAML, faults written as maps of one key (`fault: {reset: {after: 2}}`, `fault: drop`).
    pub fn from_yaml(text: &str) -> Result<Self, ScenarioError> {
        let reader = serde_yaml::Deserializer::from_str(text);
        Ok(serde_yaml::with::singleton_map_recursive::deserialize(reader)?)
    }

    /// A scenario of these rules, all else as usual.
    pub fn of(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), ..Self::default() }
    }
}

impl Rule {
    /// A rule that answers every request with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Reply::text(text).into()
    }

    /// A rule that calls this tool.
    pub fn call(name: impl Into<String>, arguments: Value) -> Self {
        Reply::call(name, arguments).into()
    }

    /// A rule that fails every request so.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// The same rule under this condition.
    #[must_use]
    pub fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// The same rule, used at most so often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The same rule at this pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same rule with this fault.
    #[must_use]
    pub fn failing(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }
}

impl From<Reply> for Rule {
    fn from(reply: Reply) -> Self {
        Self { reply, ..Self::default() }
    }
}

impl Reply {
    /// A reply of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// A reply that calls one tool.
    pub fn call(name: impl Into<String>, arguments: Value) -> Self {
        let call = ToolCall { name: name.into(), arguments, ..ToolCall::default() };
        Self { tool_calls: vec![call], ..Self::default() }
    }

    /// Whether nothing at all is scripted.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none() && self.deltas.is_empty() && self.thinking.is_none() && self.tool_calls.is_empty()
    }
}
