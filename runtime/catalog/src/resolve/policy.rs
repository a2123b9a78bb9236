//! Limits and context: the agent's, else the Runtime's defaults, else the constants of the resources.

use std::time::Duration;

use troupe_core::agent::{ContextPolicy, Limits};
use troupe_crds::agent::{Context, Limits as LimitsSpec, policy};

use super::model;
use crate::view::View;

/// Tool calls of one round at one time, where nobody says otherwise.
const PARALLEL_TOOL_CALLS: u32 = 8;

/// How long an approval may take, where nobody says otherwise.
const APPROVAL_TIMEOUT: Duration = Duration::from_hours(168);

/// The limits of an agent's run, field by field.
pub(super) fn limits(view: &View, agent: Option<&LimitsSpec>) -> Limits {
    let none = LimitsSpec::default();
    let defaults = view.runtime().and_then(|runtime| runtime.defaults.as_ref()?.limits.as_ref());
    let (agent, default) = (agent.unwrap_or(&none), defaults.unwrap_or(&none));
    let timeout = agent.timeout.as_ref().or(default.timeout.as_ref());
    let approval = agent.approval_timeout.as_ref().or(default.approval_timeout.as_ref());
    let rounds = agent.max_tool_rounds.or(default.max_tool_rounds);
    let parallel = agent.parallel_tool_calls.or(default.parallel_tool_calls);
    Limits {
        max_tool_rounds: rounds.unwrap_or(policy::DEFAULT_MAX_TOOL_ROUNDS),
        max_tool_calls: agent.max_tool_calls.or(default.max_tool_calls),
        timeout_ms: timeout.map(|timeout| model::millis(Some(timeout), Duration::ZERO)),
        max_tokens: agent.max_tokens.or(default.max_tokens),
        max_cost: agent.max_cost.as_ref().or(default.max_cost.as_ref()).map(model::micros),
        parallel_tool_calls: parallel.unwrap_or(PARALLEL_TOOL_CALLS),
        approval_timeout_ms: model::millis(approval, APPROVAL_TIMEOUT),
    }
}

/// How an agent's long sessions are kept within bounds, field by field.
pub(super) fn context(view: &View, agent: Option<&Context>) -> ContextPolicy {
    let none = Context::default();
    let runtime = view.runtime().and_then(|runtime| runtime.defaults.as_ref());
    let default = runtime.and_then(|defaults| defaults.context.as_ref()).unwrap_or(&none);
    let agent = agent.unwrap_or(&none);
    let summary = agent.summary_model_ref.as_ref().or(default.summary_model_ref.as_ref());
    let summary = summary.or_else(|| runtime?.summary_model_ref.as_ref());
    let confidence = agent.memory_confidence.as_ref().or(default.memory_confidence.as_ref());
    let confidence = confidence.map_or(policy::DEFAULT_MEMORY_CONFIDENCE_MICROS, troupe_crds::Decimal::micros);
    ContextPolicy {
        max_tokens: agent.max_tokens.or(default.max_tokens).unwrap_or(policy::DEFAULT_MAX_CONTEXT_TOKENS),
        summary_model: summary.and_then(|reference| model::snapshot(view, &reference.name)),
        keep_turns: agent.keep_turns.or(default.keep_turns).unwrap_or(policy::DEFAULT_KEEP_TURNS) as usize,
        memory_confidence: u32::try_from(confidence / 1000).unwrap_or(1000),
    }
}
