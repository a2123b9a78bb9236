//! What this replica thinks of one object, and when it said so last.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use troupe_crds::condition::{ConditionStatus, ConditionType, Observation, Reason};
use troupe_crds::mcp_server::{MAX_STATUS_DESCRIPTION, MAX_STATUS_TOOLS};

use super::{hash_of, shortened};
use crate::resolve::DiscoveredTool;

/// How long an opinion that depends on the moment stands, so that an endpoint that answers every other call is not a
/// stream of writes.
const HOLD: Duration = Duration::from_secs(30);

/// How a model answered a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// It did.
    Answered,
    /// It could not be connected to; why.
    ConnectionFailed(String),
    /// It refused the credentials; its words.
    Unauthorized(String),
    /// It answered with an error; which.
    ErrorAnswered(String),
}

impl Reachability {
    fn observation(self) -> Observation {
        let (reason, message) = match self {
            Self::Answered => (Reason::Answered, String::new()),
            Self::ConnectionFailed(message) => (Reason::ConnectionFailed, message),
            Self::Unauthorized(message) => (Reason::Unauthorized, message),
            Self::ErrorAnswered(message) => (Reason::ErrorAnswered, message),
        };
        observation(ConditionType::Reachable, reason == Reason::Answered, reason, &message)
    }
}

/// An opinion that depends on the moment.
#[derive(Clone, Debug, PartialEq)]
struct Momentary {
    holds: Observation,
    since: Instant,
    /// What was seen since, where it is something else.
    newer: Option<Observation>,
}

/// What this replica thinks of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Opinions {
    reachable: Option<Momentary>,
    discovered: Option<Momentary>,
    tools: Option<Map<String, Value>>,
    /// The opinion that was written last, as a number.
    told: Option<u64>,
    /// Since when the status says something else than what this replica told.
    disagrees: Option<Instant>,
}

/// What is to be done about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Nothing,
    Write,
    Later(Instant),
}

impl Opinions {
    /// Notes how a model answered; says whether there is anything to be done.
    pub(super) fn reached(&mut self, told: Reachability, now: Instant) -> bool {
        note(&mut self.reachable, told.observation(), now)
    }

    /// Notes which tools a server listed.
    pub(super) fn discovered(&mut self, told: Result<&[DiscoveredTool], &str>, now: Instant) -> bool {
        let (turned, fields) = match told {
            Ok(tools) => {
                let seen = observation(ConditionType::Discovered, true, Reason::ToolsListed, "");
                (note(&mut self.discovered, seen, now), Some(listed(tools)))
            }
            Err(message) => {
                let seen = observation(ConditionType::Discovered, false, Reason::DiscoveryFailed, message);
                (note(&mut self.discovered, seen, now), None)
            }
        };
        // A failure says nothing of which tools there are.
        let other = fields.is_some() && fields != self.tools;
        if other {
            self.tools = fields;
        }
        turned || other
    }

    /// Lets newer sights count that were held back for long enough; otherwise says when they are to be looked at.
    pub(super) fn ripen(&mut self, now: Instant) -> Option<Instant> {
        let waiting = [&mut self.reachable, &mut self.discovered].into_iter().flatten();
        waiting.filter_map(|opinion| opinion.ripen(now)).min()
    }

    /// Opinions that depend on the moment.
    pub(super) fn momentary(&self) -> impl Iterator<Item = &Observation> {
        [&self.reachable, &self.discovered].into_iter().flatten().map(|opinion| &opinion.holds)
    }

    /// What was discovered.
    pub(super) fn fields(&self) -> Option<&Map<String, Value>> {
        self.tools.as_ref()
    }

    /// Decides on a status that does, or does not, say what this replica thinks; `print` is a number for that.
    pub(super) fn decide(&mut self, differs: bool, print: u64, now: Instant, patience: Duration) -> Decision {
        if !differs {
            (self.told, self.disagrees) = (Some(print), None);
            return Decision::Nothing;
        }
        if self.told != Some(print) {
            (self.told, self.disagrees) = (Some(print), None);
            return Decision::Write;
        }
        // It was said before, and another replica has said something else since.
        let since = *self.disagrees.get_or_insert(now);
        if now.duration_since(since) < patience {
            return Decision::Later(since + patience);
        }
        self.disagrees = None;
        Decision::Write
    }

    /// What was told did not arrive.
    pub(super) fn forget_told(&mut self) {
        self.told = None;
    }
}

impl Momentary {
    fn ripen(&mut self, now: Instant) -> Option<Instant> {
        self.newer.as_ref()?;
        let ripe = self.since + HOLD;
        if ripe > now {
            return Some(ripe);
        }
        if let Some(newer) = self.newer.take() {
            (self.holds, self.since) = (newer, now);
        }
        None
    }
}

fn note(opinion: &mut Option<Momentary>, seen: Observation, now: Instant) -> bool {
    let Some(present) = opinion else {
        *opinion = Some(Momentary { holds: seen, since: now, newer: None });
        return true;
    };
    if (present.holds.status, present.holds.reason) == (seen.status, seen.reason) {
        // It was otherwise for a moment only.
        present.newer = None;
        return false;
    }
    let first = present.newer.is_none();
    present.newer = Some(seen);
    first
}

/// A number for what this replica thinks.
pub(super) fn print(lasting: Option<&[Observation]>, opinions: &Opinions) -> u64 {
    let all = lasting.into_iter().flatten().chain(opinions.momentary());
    let shown: Vec<_> = all.map(|seen| (seen.type_, seen.status.as_str(), seen.reason, seen.message.clone())).collect();
    let tools = opinions.tools.as_ref().map(|tools| json!(tools).to_string());
    hash_of(&(lasting.is_some(), shown, tools))
}

fn observation(type_: ConditionType, holds: bool, reason: Reason, message: &str) -> Observation {
    let status = if holds { ConditionStatus::True } else { ConditionStatus::False };
    Observation { type_, status, reason, message: shortened(message) }
}

/// Tools as a status lists them: so many, with so much of their descriptions, in the order of their names, since two
/// replicas must not differ by a server's mood.
fn listed(tools: &[DiscoveredTool]) -> Map<String, Value> {
    let mut sorted: Vec<&DiscoveredTool> = tools.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    let shown = sorted.into_iter().take(MAX_STATUS_TOOLS).map(|tool| {
        let description: String = tool.description.chars().take(MAX_STATUS_DESCRIPTION).collect();
        let mut shown = json!({
            "name": tool.name,
            "schemaHash": schema_hash(&tool.input_schema),
            "readOnly": tool.read_only,
            "destructive": tool.destructive,
        });
        if !description.is_empty() {
            shown["description"] = description.into();
        }
        shown
    });
    let shown: Vec<Value> = shown.collect();
    [("tools".to_owned(), Value::from(shown)), ("toolCount".to_owned(), tools.len().into())].into_iter().collect()
}

fn schema_hash(schema: &Value) -> String {
    let digest = Sha256::digest(canonical(schema).to_string().as_bytes());
    digest[..8].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The same schema with its keys in order: a server may write them in another one each time.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), canonical(value))).collect();
            sorted.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_turn_is_written_at_once_and_a_quarrel_once_a_minute() {
        let now = Instant::now();
        let mut opinions = Opinions::default();
        assert_eq!(opinions.decide(true, 1, now, MINUTE), Decision::Write);
        assert_eq!(opinions.decide(false, 1, now, MINUTE), Decision::Nothing);
        assert_eq!(opinions.decide(true, 1, now, MINUTE), Decision::Later(now + MINUTE), "another replica wrote");
        assert_eq!(opinions.decide(true, 1, now + MINUTE / 2, MINUTE), Decision::Later(now + MINUTE));
        assert_eq!(opinions.decide(true, 2, now + MINUTE / 2, MINUTE), Decision::Write, "its own opinion turned");
        assert_eq!(opinions.decide(true, 2, now + MINUTE, MINUTE), Decision::Later(now + MINUTE * 2));
        assert_eq!(opinions.decide(true, 2, now + MINUTE * 2, MINUTE), Decision::Write);
    }

    #[test]
    fn what_depends_on_the_moment_stands_for_a_while() {
        let now = Instant::now();
        let mut opinions = Opinions::default();
        let down = || Reachability::ConnectionFailed("refused".to_owned());
        assert!(opinions.reached(Reachability::Answered, now));
        assert!(!opinions.reached(Reachability::Answered, now));
        assert!(opinions.reached(down(), now));
        assert_eq!(opinions.ripen(now), Some(now + HOLD));
        assert_eq!(opinions.momentary().next().unwrap().reason, Reason::Answered);
        assert_eq!(opinions.ripen(now + HOLD), None);
        assert_eq!(opinions.momentary().next().unwrap().reason, Reason::ConnectionFailed);
        // A failure that passes is never told.
        opinions.reached(Reachability::Answered, now + HOLD);
        opinions.reached(down(), now + HOLD);
        assert_eq!(opinions.ripen(now + HOLD), None);
    }

    #[test]
    fn a_long_list_is_cut_and_counted_and_its_order_does_not_matter() {
        let tool = |number: usize| DiscoveredTool {
            name: format!("t{number:04}"),
            description: "ä".repeat(300),
            input_schema: json!({"b": 1, "a": 2}),
            ..DiscoveredTool::default()
        };
        let tools: Vec<_> = (0..600).map(tool).collect();
        let fields = listed(&tools);
        assert_eq!((fields["tools"].as_array().unwrap().len(), &fields["toolCount"]), (500, &json!(600)));
        assert_eq!(fields["tools"][0]["description"].as_str().unwrap().chars().count(), 256);
        let mut other: Vec<_> = tools.into_iter().rev().collect();
        other[0].input_schema = json!({"a": 2, "b": 1});
        assert_eq!(listed(&other), fields);
    }
}
