//! What an attempt to ask a model comes to: a message, another attempt, or none.

use super::round::calls;
use super::{assistant, say};
use crate::event::{AttemptFailure, Finished, Partial};
use crate::id::Timestamp;
use crate::message::{Message, Role};
use crate::model::ModelError;
use crate::run::state::{Attempt, Run};
use crate::session::{TokenStat, Turn};

pub(super) fn attempt_failed(run: &mut Run, at: Timestamp, reason: &AttemptFailure, partial: &Partial) {
    let Some(attempt) = run.attempt.take() else { return };
    if !partial.content.is_empty() || !partial.thinking.is_empty() {
        let thinking = Some(partial.thinking.clone()).filter(|text| !text.is_empty());
        let message = Message { thinking, ..Message::assistant(partial.content.clone()) };
        let turn = assistant(run, message);
        say(run, at, turn);
    }
    if let AttemptFailure::Model { error, streamed } = reason {
        run.failures += 1;
        retry_or_give_up(run, at, &attempt, error, *streamed);
    }
}

/// What the failure means for the next attempt: the same model after a pause, the next fallback, or none.
fn retry_or_give_up(run: &mut Run, at: Timestamp, attempt: &Attempt, error: &ModelError, streamed: bool) {
    let models = run.agent.as_ref().map_or(&[][..], |agent| &agent.models);
    let Some(model) = models.get(attempt.model) else {
        run.error = Some(error.clone());
        return;
    };
    if streamed {
        run.error = Some(error.clone());
    } else if error.retryable && run.failures < model.max_attempts {
        let doubling = run.failures.saturating_sub(1).min(16);
        let backoff = model.initial_backoff_ms.saturating_mul(1 << doubling).min(MAX_BACKOFF_MS);
        let pause = error.retry_after_ms.unwrap_or(0).min(MAX_RETRY_AFTER_MS).max(backoff);
        run.retry_at = Some(at + i64::try_from(pause).unwrap_or(0) * 1_000);
    } else if attempt.model + 1 < models.len() {
        run.model = attempt.model + 1;
        run.failures = 0;
        run.retry_at = None;
    } else {
        run.error = Some(error.clone());
    }
}

/// Doubling stops here: a person waits for the answer.
const MAX_BACKOFF_MS: u64 = 30_000;

/// A provider that asks for more than this is treated as one that asks for this; the run's own limits end it earlier.
const MAX_RETRY_AFTER_MS: u64 = 120_000;

pub(super) fn message(run: &mut Run, at: Timestamp, finished: &Finished) {
    run.attempt = None;
    run.steps = finished.step;
    run.attempts = 0;
    run.failures = 0;
    run.retry_at = None;
    run.last_usage = finished.usage;
    run.invalid.clone_from(&finished.invalid);
    run.calls = calls(run, at, finished);
    run.calls_made += u32::try_from(run.calls.len()).unwrap_or(u32::MAX);
    let message = Message {
        thinking: Some(finished.thinking.clone()).filter(|text| !text.is_empty()),
        thinking_signature: finished.thinking_signature.clone(),
        tool_calls: run.calls.iter().map(|call| call.call.clone()).collect(),
        ..Message::assistant(finished.content.clone())
    };
    let turn = Turn { stat: Some(statistics(run, at, finished)), ..assistant(run, message) };
    say(run, at, turn);
    run.answered = run.calls.is_empty() && finished.invalid.is_none();
    if let (true, Some(problem)) = (run.calls.is_empty(), &finished.invalid) {
        run.repairs += 1;
        say(run, at, Turn::text(Role::User, repair_request(problem)));
    }
}

/// What the model is told about an answer that does not satisfy the schema.
fn repair_request(problem: &str) -> String {
    format!(
        "The answer does not satisfy the required JSON Schema: {problem}\n\
         Answer again with nothing but JSON that satisfies it."
    )
}

fn statistics(run: &Run, at: Timestamp, finished: &Finished) -> TokenStat {
    TokenStat {
        prompt_tokens: finished.usage.input_tokens,
        completion_tokens: finished.usage.output_tokens,
        total_tokens: finished.usage.total(),
        total_prompt_tokens: run.usage.input_tokens,
        total_completion_tokens: run.usage.output_tokens,
        total_all_tokens: run.usage.total(),
        ttft_us: finished.first_token_us,
        net_us: finished.first_token_us.map(|first| finished.duration_us - first),
        total_us: Some(finished.duration_us),
        overall_us: None,
        completed_at: at,
    }
}
