//! Drives the pure core through a generated world: performs what is outstanding, one thing at a time, in any order.

use std::sync::Arc;

use troupe_core::agent::{AgentSnapshot, PinnedSnapshot, Snapshot};
use troupe_core::event::{Accepted, AttemptFailure, Event, Finished, Parent, Partial, Recorded, VERSION};
use troupe_core::id::{CallId, ContentHash, RunId};
use troupe_core::message::Role;
use troupe_core::model::{FinishReason, Usage};
use troupe_core::run::{CallState, Effect, Run, Tree, apply, outstanding};
use troupe_core::session::Turn;
use troupe_core::tool::{ToolCall, ToolKind, ToolResult};

use super::agents::Company;
use super::checks::{self, Ledger};
use super::moves::{Answer, Manner, Move, Script, What, Wish};
use crate::world::failure;

/// More events than any generated company can bring forth within its limits once the script is used up.
const ENDLESS: usize = 5_000;

/// Lets a company live through a script and checks everything that is promised.
pub(crate) fn live(company: &Company, script: &Script) {
    let mut machine = Machine::new(company);
    for next in &script.moves {
        machine.make(next);
    }
    while machine.tree.outcome().is_none() {
        assert!(machine.events.len() < ENDLESS, "the run does not end");
        machine.go_on(script);
    }
    checks::prefixes(machine.tree.root, &machine.snapshots, &machine.events, &machine.outstanding);
}

struct Machine {
    tree: Tree,
    snapshots: Vec<(ContentHash, Arc<Snapshot>)>,
    events: Vec<Recorded>,
    /// What was outstanding before each event.
    outstanding: Vec<Vec<Effect>>,
    ledger: Ledger,
    now: i64,
    epoch: i64,
}

impl Machine {
    fn new(company: &Company) -> Self {
        let root = RunId(uuid(1));
        let mut machine = Self {
            tree: Tree::new(root, false),
            snapshots: Vec::new(),
            events: Vec::new(),
            outstanding: Vec::new(),
            ledger: Ledger::default(),
            now: 1_700_000_000_000_000,
            epoch: 1,
        };
        let pinned = company.pinned();
        let agent = Arc::clone(pinned.snapshot.agent().unwrap());
        let accepted = accepted(&pinned, &agent, None, 0);
        machine.know(&pinned);
        machine.record(root, Event::RunAccepted(Box::new(accepted)));
        machine.record(root, Event::RunStarted { high_water: 0, summary_version: 0 });
        machine
    }

    fn know(&mut self, pinned: &PinnedSnapshot) {
        self.tree.know(pinned.hash.clone(), Arc::clone(&pinned.snapshot));
        self.snapshots.push((pinned.hash.clone(), Arc::clone(&pinned.snapshot)));
    }

    fn record(&mut self, run: RunId, event: Event) {
        let effects = outstanding(&self.tree);
        let recorded = Recorded { seq: self.tree.seq + 1, run, at: self.now, event };
        self.ledger.before(&self.tree, &effects, &recorded);
        apply(&mut self.tree, &recorded);
        self.ledger.after(&self.tree, &recorded);
        self.events.push(recorded);
        self.outstanding.push(effects);
    }

    fn make(&mut self, next: &Move) {
        if self.tree.outcome().is_some() {
            return;
        }
        self.now += next.gap;
        let effects = outstanding(&self.tree);
        match &next.what {
            What::Perform { which, answer } => {
                let effect = effects[which % effects.len()].clone();
                self.perform(effect, answer);
            }
            What::Die if effects.iter().all(Effect::is_waiting) => {}
            What::Die => {
                self.epoch += 1;
                self.record(self.tree.root, Event::Resumed { epoch: self.epoch });
            }
            What::Cancel { forced } => {
                self.record(self.tree.root, Event::CancelRequested { by: "someone".to_owned(), forced: *forced });
            }
        }
    }

    /// The next thing of a world whose script is used up: what can be done is done, then people are asked, then time
    /// passes.
    fn go_on(&mut self, script: &Script) {
        self.now += 5;
        let effects = outstanding(&self.tree);
        let timed = |effect: &Effect| matches!(effect, Effect::Record { not_before: Some(at), .. } if *at > self.now);
        let awaited = |effect: &Effect| matches!(effect, Effect::Await { .. });
        let manner = if script.hostile { Manner::Bad } else { Manner::Good };
        let now = effects.iter().find(|effect| !timed(effect) && !awaited(effect));
        let person = effects.iter().find(|effect| awaited(effect) && !script.hostile);
        let later = effects.iter().filter(|effect| timed(effect)).min_by_key(|effect| match effect {
            Effect::Record { not_before, .. } => *not_before,
            _ => None,
        });
        let effect = now.or(person).or(later).expect("something is outstanding").clone();
        let asks_for_ever = script.stubborn && matches!(&effect, Effect::Ask { run, .. } if *run == self.tree.root);
        let calls = (0..3).map(|tool| Wish { tool, garbled: false });
        let calls = if asks_for_ever { calls.collect() } else { Vec::new() };
        self.perform(effect, &Answer { calls, ..Answer::plain(manner) });
    }

    fn perform(&mut self, effect: Effect, answer: &Answer) {
        match effect {
            Effect::Record { run, event, not_before } => {
                self.now = self.now.max(not_before.unwrap_or(0));
                self.record(run, event);
            }
            Effect::Ask { run, step, attempt, .. } => {
                let event = self.said(run, step, attempt, answer);
                self.record(run, event);
            }
            Effect::StopAsking { run, step, attempt } => {
                let partial = Partial { content: "half".to_owned(), ..Partial::default() };
                self.record(run, attempt_failed(step, attempt, AttemptFailure::Stopped, partial, answer.tokens));
            }
            Effect::Call { run, call, .. } => {
                let result = result(answer.manner);
                self.record(run, Event::ToolCallFinished { call, result, duration_us: 5 });
            }
            Effect::StopCall { run, call, reason, .. } => {
                let result = ToolResult::error(reason);
                self.record(run, Event::ToolCallFinished { call, result, duration_us: 0 });
            }
            Effect::Spawn { run, call } => self.spawn(run, call, answer.manner),
            Effect::Await { run, call } => self.say(run, call, answer),
        }
    }

    /// What a person or the caller says to what waits for it.
    fn say(&mut self, run: RunId, call: CallId, answer: &Answer) {
        let made = self.tree.runs[&run].call(call).unwrap();
        let event = match &made.state {
            CallState::Asked { .. } => Event::ApprovalDecided {
                call,
                approved: matches!(answer.manner, Manner::Good | Manner::Rich),
                arguments: (answer.manner == Manner::Rich).then(|| "{\"edited\":true}".to_owned()),
                by: "someone".to_owned(),
            },
            CallState::Pending => Event::InputReceived { call, result: result(answer.manner) },
            // It waits for its sub-agent to wind down.
            _ => return,
        };
        self.record(run, event);
    }

    fn said(&self, run: RunId, step: u32, attempt: u32, answer: &Answer) -> Event {
        let run = &self.tree.runs[&run];
        let refused = |code, retryable, streamed| AttemptFailure::Model { error: failure(code, retryable), streamed };
        let half = Partial { content: "half".to_owned(), ..Partial::default() };
        let failed = |reason, partial, tokens| attempt_failed(step, attempt, reason, partial, tokens);
        match answer.manner {
            Manner::Busy => failed(refused("429", true, false), Partial::default(), 0),
            Manner::Broken => failed(refused("400", false, false), Partial::default(), 0),
            Manner::Torn => failed(refused("CONNECTION_ERROR", true, true), half, answer.tokens),
            manner => finished(run, step, attempt, manner, answer),
        }
    }

    fn spawn(&mut self, id: RunId, call: CallId, manner: Manner) {
        let run = &self.tree.runs[&id];
        let pinned = PinnedSnapshot {
            hash: run.accepted.snapshot.clone(),
            body: "".into(),
            snapshot: Arc::clone(self.tree.snapshot(&run.accepted.snapshot).unwrap()),
        };
        let called = match &run.call(call).unwrap().tool.as_ref().unwrap().kind {
            ToolKind::Agent { agent } => {
                pinned.snapshot.agents.get(agent).map(|agent| (pinned.clone(), Arc::clone(agent)))
            }
            _ => Some(ad_hoc(run.agent.as_ref().unwrap())),
        };
        let Some((pinned, agent)) = called.filter(|_| matches!(manner, Manner::Good | Manner::Rich)) else {
            let result = ToolResult::error("the sub-agent cannot be begun");
            self.record(id, Event::ToolCallFinished { call, result, duration_us: 0 });
            return;
        };
        let child = id.child(call);
        let accepted = accepted(&pinned, &agent, Some(Parent { run: id, call }), run.accepted.depth + 1);
        self.know(&pinned);
        self.record(id, Event::ChildStarted { call, child });
        self.record(child, Event::RunAccepted(Box::new(accepted)));
        if manner == Manner::Rich {
            self.record(child, Event::RunStarted { high_water: 0, summary_version: 0 });
        }
    }
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn ad_hoc(agent: &Arc<AgentSnapshot>) -> (PinnedSnapshot, Arc<AgentSnapshot>) {
    let agent = Arc::new(AgentSnapshot { name: String::new(), output: None, ..AgentSnapshot::clone(agent) });
    let agents = std::collections::BTreeMap::from([(String::new(), Arc::clone(&agent))]);
    (PinnedSnapshot::new(Snapshot { target: String::new(), agents }).unwrap(), agent)
}

fn accepted(pinned: &PinnedSnapshot, agent: &AgentSnapshot, parent: Option<Parent>, depth: u32) -> Accepted {
    Accepted {
        version: VERSION,
        snapshot: pinned.hash.clone(),
        agent: agent.name.clone(),
        input: vec![Turn::text(Role::User, "go")],
        session: None,
        limits: agent.limits.clone(),
        parent,
        depth,
        workspace: None,
        user: String::new(),
        request_id: None,
    }
}

fn result(manner: Manner) -> ToolResult {
    match manner {
        Manner::Good => ToolResult::text("done"),
        Manner::Rich => ToolResult {
            structured: Some(serde_json::json!({"directory": "/skills/one"})),
            ..ToolResult::text("much ".repeat(50))
        },
        _ => ToolResult::error("it did not work"),
    }
}

fn attempt_failed(step: u32, attempt: u32, reason: AttemptFailure, partial: Partial, tokens: u64) -> Event {
    let (usage, cost) = spent(tokens);
    Event::AttemptFailed { step, attempt, reason, partial, usage, cost }
}

fn spent(tokens: u64) -> (Usage, i64) {
    (Usage { output_tokens: tokens, ..Usage::default() }, i64::try_from(tokens).unwrap())
}

fn finished(run: &Run, step: u32, attempt: u32, manner: Manner, answer: &Answer) -> Event {
    let tools = run.tools();
    let call = |(index, wish): (usize, &Wish)| ToolCall {
        id: format!("call_{step}_{index}"),
        name: tools.get(wish.tool).map_or_else(|| "nothing".to_owned(), |tool| tool.spec.name.clone()),
        arguments: if wish.garbled { "{\"a\":" } else { "{\"a\":1}" }.to_owned(),
    };
    let calls: Vec<_> = answer.calls.iter().enumerate().map(call).collect();
    let (usage, cost) = spent(answer.tokens);
    let must = run.agent.as_ref().is_some_and(|agent| agent.output.is_some());
    let refused = must && calls.is_empty() && manner == Manner::Bad;
    Event::MessageFinished(Box::new(Finished {
        step,
        attempt,
        content: if must { "{\"n\":1}" } else { "well" }.to_owned(),
        thinking: if manner == Manner::Rich { "hm" } else { "" }.to_owned(),
        thinking_signature: (manner == Manner::Rich).then(|| "signed".to_owned()),
        finish: if calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls },
        calls,
        usage,
        cost,
        first_token_us: Some(2),
        duration_us: 5,
        invalid: refused.then(|| "it is wrong".to_owned()),
        deltas: Vec::new(),
    }))
}
