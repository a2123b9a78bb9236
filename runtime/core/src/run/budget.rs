//! What a tree has used up: tokens, money and time, each run against its own limits and those of the runs above it.

use crate::event::{Event, Limit};
use crate::id::Timestamp;
use crate::run::call::CallState;
use crate::run::decide::round_limit;
use crate::run::effect::Effect;
use crate::run::state::{Run, Tree};

/// Milliseconds as microseconds, never more than a timestamp can take.
pub(super) fn micros(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000)
}

/// A run and those above it, up to the root.
fn lineage<'a>(tree: &'a Tree, run: &'a Run) -> impl Iterator<Item = &'a Run> {
    std::iter::successors(Some(run), |run| tree.runs.get(&run.accepted.parent?.run))
}

fn is_out_of(run: &Run, limit: Limit) -> bool {
    match limit {
        Limit::Tokens => run.limits().max_tokens.is_some_and(|most| run.spent.total() >= most),
        Limit::Cost => run.limits().max_cost.is_some_and(|most| run.spent_cost >= most),
        Limit::ToolRounds | Limit::ToolCalls | Limit::Time => false,
    }
}

/// The limit that is used up, checked before each attempt: a sub-agent shares the budgets of all above it.
pub(super) fn spent(tree: &Tree, run: &Run) -> Option<Limit> {
    let limits = [Limit::Tokens, Limit::Cost];
    limits.into_iter().find(|limit| lineage(tree, run).any(|run| is_out_of(run, *limit)))
}

/// The run whose limit it is that `run` came to: its own, or the nearest above it that is used up.
pub(super) fn holder<'a>(tree: &'a Tree, run: &'a Run, limit: Limit) -> &'a Run {
    lineage(tree, run).find(|run| is_out_of(run, limit)).unwrap_or(run)
}

/// Whether a run's time runs: something of it or below it is at work, and does not wait for a person or the caller.
/// Exactly then something that does not wait is outstanding there.
pub(super) fn is_awake(tree: &Tree, run: &Run) -> bool {
    if run.outcome.is_some() {
        return false;
    }
    if run.cancel.is_some() || run.limit.is_some() {
        return true;
    }
    if run.started_at.is_none() {
        return run.accepted.parent.is_some();
    }
    if run.calls.is_empty() || round_limit(run).is_some() {
        return true;
    }
    let has_place = run.free_places() > 0;
    run.calls.iter().any(|call| match &call.state {
        CallState::Finished { .. } | CallState::Asked { .. } => false,
        CallState::Pending => has_place && !call.is_the_callers(),
        CallState::Child { run: child } => {
            tree.runs.get(child).is_none_or(|child| child.outcome.is_some() || is_awake(tree, child))
        }
        CallState::Refused { .. } | CallState::Started | CallState::Interrupted => true,
    })
}

/// The end of the time of every run that has a limit of it and whose time runs.
pub(super) fn add_deadlines(tree: &Tree, effects: &mut Vec<Effect>) {
    for run in tree.runs.values() {
        let Some(most) = run.limits().timeout_ms else { continue };
        let goes_on = run.started_at.is_some() && run.limit.is_none() && run.cancel.is_none();
        if goes_on && is_awake(tree, run) {
            let not_before: Timestamp = tree.last_at.saturating_add(micros(most) - run.ran_us);
            effects.push(Effect::Record { run: run.id, event: Event::DeadlineReached, not_before: Some(not_before) });
        }
    }
}
