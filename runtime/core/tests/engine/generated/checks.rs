//! What is promised of a journal, told a second time and otherwise than the engine tells it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use troupe_core::agent::Snapshot;
use troupe_core::event::{Event, Outcome, Recorded};
use troupe_core::id::{CallId, ContentHash, RunId};
use troupe_core::message::Role;
use troupe_core::run::{CallState, Effect, Run, Tree, apply, outstanding};
use troupe_core::stream::{Item, replay};
use troupe_core::tool::{OnInterrupted, ToolKind};

/// What was seen so far, kept apart from the tree.
#[derive(Default)]
pub(crate) struct Ledger {
    finished: HashSet<CallId>,
    started: HashMap<RunId, HashSet<CallId>>,
    spent: HashMap<RunId, (u64, i64)>,
    parents: HashMap<RunId, RunId>,
    ran: HashMap<RunId, i64>,
    /// Runs that are to end: cancelled, or at a limit.
    ending: HashSet<RunId>,
    over: HashSet<RunId>,
    /// Arguments as people edited them.
    edited: HashMap<CallId, String>,
    deaths: u32,
}

impl Ledger {
    /// Checks an event against what is outstanding before it.
    pub(crate) fn before(&mut self, tree: &Tree, effects: &[Effect], next: &Recorded) {
        self.check_effects(tree, effects);
        self.count_time(tree, effects, next);
        self.check_deadlines(tree, effects);
        assert!(!self.over.contains(&next.run), "a run that is over says nothing: {next:?}");
        match &next.event {
            Event::ModelAttemptStarted { .. } => {
                assert!(!self.ending.contains(&next.run), "a run that is to end asks no model");
                self.check_budgets(tree, next.run);
            }
            Event::ToolCallStarted { call, attempt } => self.check_start(tree, next.run, *call, *attempt),
            Event::ChildStarted { call, .. } => {
                assert!(!self.ending.contains(&next.run) && !self.finished.contains(call));
                let run = &tree.runs[&next.run];
                assert!(run.accepted.depth < run.agent.as_ref().unwrap().max_depth, "sub-agents nest too deep");
            }
            Event::ToolCallFinished { call, .. }
            | Event::ChildFinished { call, .. }
            | Event::InputReceived { call, .. } => assert!(self.finished.insert(*call), "a call has one result"),
            Event::DeadlineReached => {
                let most = micros(tree.runs[&next.run].limits().timeout_ms.unwrap());
                assert!(self.ran[&next.run] >= most, "time is up before it is");
            }
            _ => {}
        }
    }

    /// Takes an event in, and checks the state after it.
    pub(crate) fn after(&mut self, tree: &Tree, recorded: &Recorded) {
        let id = recorded.run;
        match &recorded.event {
            Event::RunAccepted(accepted) => self.parents.extend(accepted.parent.map(|parent| (id, parent.run))),
            Event::AttemptFailed { usage, cost, .. } => self.spend(id, usage.total(), *cost),
            Event::MessageFinished(finished) => self.spend(id, finished.usage.total(), finished.cost),
            Event::LimitReached { .. } | Event::DeadlineReached | Event::CancelRequested { .. } => {
                self.ending.insert(id);
            }
            Event::ApprovalDecided { call, approved: true, arguments: Some(arguments), .. } => {
                self.edited.insert(*call, arguments.clone());
            }
            Event::Resumed { .. } => self.deaths += 1,
            Event::RunFinished { outcome } => {
                self.over.insert(id);
                check_end(&tree.runs[&id], outcome);
            }
            _ => {}
        }
        for run in tree.runs.values() {
            self.check_run(run);
            assert_eq!(run.ran_us, self.ran.get(&run.id).copied().unwrap_or(0), "running time");
        }
    }

    fn check_effects(&self, tree: &Tree, effects: &[Effect]) {
        let mut keys = HashSet::new();
        for effect in effects {
            let (run, call) = place(effect);
            assert!(tree.runs[&run].outcome.is_none(), "nothing is outstanding of a run that is over");
            assert!(effect.key().is_none_or(|key| keys.insert(key)), "no effect is outstanding twice: {effect:?}");
            assert!(
                call.is_none_or(|call| !self.finished.contains(&call)),
                "a finished call is made again: {effect:?}"
            );
        }
        let at_work = tree.outcome().is_none() && tree.root_run().is_some_and(|run| run.started_at.is_some());
        assert!(!at_work || !effects.is_empty(), "a run that is not over has something to do");
        let timed = |effect: &Effect| matches!(effect, Effect::Record { not_before: Some(_), .. });
        let asleep = at_work && effects.iter().all(Effect::is_waiting);
        assert!(!asleep || effects.iter().any(timed), "no sleep is for ever");
    }

    /// Running time is what passes while something that does not wait is outstanding below a run, and its process lives.
    fn count_time(&mut self, tree: &Tree, effects: &[Effect], next: &Recorded) {
        if tree.last_at == 0 || matches!(next.event, Event::Resumed { .. }) {
            return;
        }
        let awake: HashSet<RunId> = self.awake(effects);
        for run in tree.runs.values().filter(|run| run.started_at.is_some() && awake.contains(&run.id)) {
            *self.ran.entry(run.id).or_default() += next.at - tree.last_at;
        }
    }

    /// The runs of what is outstanding and does not wait, and all above them.
    fn awake(&self, effects: &[Effect]) -> HashSet<RunId> {
        let mut awake = HashSet::new();
        for effect in effects.iter().filter(|effect| !effect.is_waiting() && !is_deadline(effect)) {
            let run = place(effect).0;
            // A sub-agent is cancelled by the run above it: the time until then is that one's.
            let cancels = matches!(effect, Effect::Record { event: Event::CancelRequested { .. }, .. });
            let mut next = if cancels { self.parents.get(&run).copied() } else { Some(run) };
            while let Some(run) = next {
                awake.insert(run);
                next = self.parents.get(&run).copied();
            }
        }
        awake
    }

    /// Every run with a time limit whose time runs has a deadline, and no other has one.
    fn check_deadlines(&self, tree: &Tree, effects: &[Effect]) {
        let awake = self.awake(effects);
        for run in tree.runs.values() {
            let found = effects.iter().any(|effect| is_deadline(effect) && place(effect).0 == run.id);
            let runs = run.outcome.is_none() && run.started_at.is_some() && !self.ending.contains(&run.id);
            let expected = runs && run.limits().timeout_ms.is_some() && awake.contains(&run.id);
            assert_eq!(found, expected, "the deadline of {} at depth {}", run.id, run.accepted.depth);
        }
    }

    fn check_start(&mut self, tree: &Tree, id: RunId, call: CallId, attempt: u32) {
        assert!(!self.ending.contains(&id), "a run that is to end calls nothing");
        assert!(!self.finished.contains(&call), "a finished call is made again");
        let run = &tree.runs[&id];
        let made = run.call(call).unwrap();
        let tool = made.tool.as_ref().unwrap();
        assert!(!tool.needs_approval() || made.approved, "nobody agreed");
        assert!(attempt == 1 || tool.after_interruption() != OnInterrupted::Report, "it is not to be repeated");
        assert!(attempt <= 1 + self.deaths);
        assert_eq!(made.edited.as_ref(), self.edited.get(&call), "what a person edited is what is called");
        let started = self.started.entry(id).or_default();
        started.insert(call);
        let most = run.limits().max_tool_calls.map_or(usize::MAX, |most| most as usize);
        assert!(started.len() <= most, "more calls than the limit");
    }

    fn spend(&mut self, run: RunId, tokens: u64, cost: i64) {
        let mut next = Some(run);
        while let Some(run) = next {
            let spent = self.spent.entry(run).or_default();
            *spent = (spent.0 + tokens, spent.1 + cost);
            next = self.parents.get(&run).copied();
        }
    }

    /// No model is asked when the tokens or the money of the run, or of one above it, are used up.
    fn check_budgets(&self, tree: &Tree, run: RunId) {
        let mut next = Some(run);
        while let Some(run) = next {
            let (tokens, cost) = self.spent.get(&run).copied().unwrap_or_default();
            let limits = tree.runs[&run].limits();
            assert!(limits.max_tokens.is_none_or(|most| tokens < most), "more tokens than the limit");
            assert!(limits.max_cost.is_none_or(|most| cost < most), "more money than the limit");
            next = self.parents.get(&run).copied();
        }
    }

    /// The bounds that follow from the limits.
    fn check_run(&self, run: &Run) {
        let Some(agent) = &run.agent else { return };
        let is_skill = |tool: &&Arc<troupe_core::tool::ToolSnapshot>| matches!(tool.kind, ToolKind::Skill(_));
        let skills = u32::try_from(agent.tools.iter().filter(is_skill).count()).unwrap();
        let repairs = agent.output.as_ref().map_or(0, |output| output.max_repairs);
        assert!(run.repairs <= repairs + 1, "repairs");
        // Beyond the limit are the attempt to open a skill that fails, and the round that is refused.
        assert!(run.rounds <= run.limits().max_tool_rounds + 2, "rounds");
        assert!(run.steps <= run.limits().max_tool_rounds + skills + repairs + 3, "steps");
        let attempts: u32 = agent.models.iter().map(|model| model.max_attempts).sum();
        assert!(run.attempts <= attempts + self.deaths, "attempts");
        let busy = run.calls.iter().filter(|call| matches!(call.state, CallState::Started | CallState::Child { .. }));
        assert!(busy.count() <= run.limits().parallel_tool_calls.max(1) as usize, "calls at one time");
    }
}

fn micros(millis: u64) -> i64 {
    i64::try_from(millis).unwrap() * 1_000
}

fn is_deadline(effect: &Effect) -> bool {
    matches!(effect, Effect::Record { event: Event::DeadlineReached, .. })
}

/// The run of an effect, and the call that it is about to make.
fn place(effect: &Effect) -> (RunId, Option<CallId>) {
    match effect {
        Effect::Record {
            run, event: Event::ToolCallStarted { call, .. } | Event::ChildStarted { call, .. }, ..
        }
        | Effect::Call { run, call, .. }
        | Effect::Spawn { run, call } => (*run, Some(*call)),
        Effect::Record { run, .. }
        | Effect::Ask { run, .. }
        | Effect::StopAsking { run, .. }
        | Effect::StopCall { run, .. }
        | Effect::Await { run, .. } => (*run, None),
    }
}

/// A transcript that is over is complete, in order, and tells the limit that it came to.
fn check_end(run: &Run, outcome: &Outcome) {
    let mut open: Vec<&str> = Vec::new();
    for turn in &run.transcript {
        if turn.role == Role::Tool {
            assert_eq!(turn.tool_use_id.as_deref(), Some(open.remove(0)), "results follow the order of the calls");
        } else {
            assert!(open.is_empty(), "every call has a result");
            open.extend(turn.tool_calls.iter().map(|call| call.id.as_str()));
        }
    }
    assert!(open.is_empty(), "every call has a result");
    let turns = || run.input.iter().chain(&run.transcript);
    assert!(turns().zip(turns().skip(1)).all(|(one, next)| one.at < next.at), "turns strictly increase");
    if let Outcome::Completed { note: Some(note), .. } = outcome {
        // No generated limit of these is 0.
        assert!(
            !note.contains(" of 0 tokens") && !note.contains(" of 0 micro") && !note.contains(" of 0 ms"),
            "{note}"
        );
    }
}

/// Every prefix, replayed from what is stored, has the outstanding effects that it had when it was lived.
pub(crate) fn prefixes(
    root: RunId,
    snapshots: &[(ContentHash, Arc<Snapshot>)],
    events: &[Recorded],
    lived: &[Vec<Effect>],
) {
    let stored = serde_json::to_string(events).unwrap();
    let read: Vec<Recorded> = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, events, "what is stored is what happened");
    let whole = Tree::replay(root, snapshots.iter().cloned(), &read);
    for (length, effects) in lived.iter().enumerate() {
        let mut tree = Tree::replay(root, snapshots.iter().cloned(), &read[..length]);
        assert_eq!(outstanding(&tree), *effects, "a prefix of {length} has one set of outstanding effects");
        assert_eq!(outstanding(&tree), outstanding(&tree));
        if length % 7 == 3 {
            read[length..].iter().for_each(|recorded| apply(&mut tree, recorded));
            assert_eq!(tree, whole, "a journal folded in pieces is the journal folded at once");
        }
    }
    assert!(outstanding(&whole).is_empty(), "nothing is outstanding of a tree that is over");
    let ids: Vec<_> = replay(&read).iter().map(Item::id).collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
}
