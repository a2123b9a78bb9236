//! Metrics in the `OpenMetrics` text form: runs, model calls, tokens, cost, tools, the queue.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use troupe_core::event::{AttemptFailure, Event, Finished, Outcome, Recorded};
use troupe_core::run::{Run, Tree};

/// The content type of what [`Metrics::render`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AgentOutcome {
    agent: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Agent {
    agent: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Model {
    model: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelOutcome {
    model: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelTokens {
    model: String,
    direction: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolOutcome {
    tool: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tool {
    tool: String,
}

/// From a millisecond to nine minutes, each bucket 2.4 times the one before.
#[derive(Clone, Debug, Default)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.001, 2.4, 16))
    }
}

type Durations<L> = Family<L, Histogram, Seconds>;

/// Counters and histograms of everything that runs.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    runs: Family<AgentOutcome, Counter>,
    run_seconds: Durations<Agent>,
    model_calls: Family<ModelOutcome, Counter>,
    model_seconds: Durations<Model>,
    first_token_seconds: Durations<Model>,
    tokens: Family<ModelTokens, Counter<u64, AtomicU64>>,
    cost: Family<Model, Counter>,
    tool_calls: Family<ToolOutcome, Counter>,
    tool_seconds: Durations<Tool>,
    running: Gauge<i64, AtomicI64>,
    queued: Gauge<i64, AtomicI64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("troupe"),
            runs: Family::default(),
            run_seconds: Family::new_with_constructor(Seconds),
            model_calls: Family::default(),
            model_seconds: Family::new_with_constructor(Seconds),
            first_token_seconds: Family::new_with_constructor(Seconds),
            tokens: Family::default(),
            cost: Family::default(),
            tool_calls: Family::default(),
            tool_seconds: Family::new_with_constructor(Seconds),
            running: Gauge::default(),
            queued: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("runs", "Runs that ended, by agent and outcome", self.runs.clone());
        registry.register("run_seconds", "Seconds from a run's start to its end", self.run_seconds.clone());
        registry.register("model_calls", "Model calls, by model and outcome", self.model_calls.clone());
        registry.register("model_seconds", "Seconds of a model call", self.model_seconds.clone());
        registry.register("first_token_seconds", "Seconds to a model's first token", self.first_token_seconds.clone());
        registry.register("tokens", "Tokens, by model and direction", self.tokens.clone());
        registry.register("cost_micro_units", "Cost in micro-units of the model's currency", self.cost.clone());
        registry.register("tool_calls", "Tool calls, by tool and outcome", self.tool_calls.clone());
        registry.register("tool_seconds", "Seconds of a tool call", self.tool_seconds.clone());
        registry.register("runs_running", "Run trees at work", self.running.clone());
        registry.register("runs_queued", "Runs that wait for a slot or their session", self.queued.clone());
    }

    /// Counts what was recorded.
    pub fn recorded(&self, tree: &Tree, recorded: &Recorded) {
        let Some(run) = tree.runs.get(&recorded.run) else { return };
        match &recorded.event {
            Event::MessageFinished(finished) => self.message(run, finished),
            Event::AttemptFailed { reason: AttemptFailure::Model { .. }, .. } => {
                self.model_calls.get_or_create(&ModelOutcome { model: model(run), outcome: "error" }).inc();
            }
            Event::ToolCallFinished { call, result, duration_us } => {
                let name = run.call(*call).map(|call| call.call.name.clone());
                // The last result of a round ends it: its calls are turns by then.
                let name =
                    name.or_else(|| run.transcript.last().and_then(|turn| turn.name.clone())).unwrap_or_default();
                let outcome = if result.is_error { "error" } else { "ok" };
                self.tool_calls.get_or_create(&ToolOutcome { tool: name.clone(), outcome }).inc();
                self.tool_seconds.get_or_create(&Tool { tool: name }).observe(seconds(*duration_us));
            }
            Event::RunFinished { outcome } => self.finished(run, recorded, outcome),
            _ => {}
        }
    }

    fn message(&self, run: &Run, finished: &Finished) {
        let model = model(run);
        self.model_calls.get_or_create(&ModelOutcome { model: model.clone(), outcome: "ok" }).inc();
        let named = Model { model: model.clone() };
        self.model_seconds.get_or_create(&named).observe(seconds(finished.duration_us));
        if let Some(first) = finished.first_token_us {
            self.first_token_seconds.get_or_create(&named).observe(seconds(first));
        }
        let tokens = |direction| ModelTokens { model: model.clone(), direction };
        self.tokens.get_or_create(&tokens("input")).inc_by(finished.usage.input_tokens);
        self.tokens.get_or_create(&tokens("output")).inc_by(finished.usage.output_tokens);
        self.cost.get_or_create(&named).inc_by(u64::try_from(finished.cost).unwrap_or(0));
    }

    fn finished(&self, run: &Run, recorded: &Recorded, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Completed { limit: None, .. } => "completed",
            Outcome::Completed { limit: Some(_), .. } => "limit",
            Outcome::Failed { .. } => "failed",
            Outcome::Cancelled { .. } => "cancelled",
        };
        let agent = run.accepted.agent.clone();
        self.runs.get_or_create(&AgentOutcome { agent: agent.clone(), outcome }).inc();
        if let Some(started) = run.started_at {
            self.run_seconds.get_or_create(&Agent { agent }).observe(seconds(recorded.at - started));
        }
    }

    /// Everything as text, with how much runs and waits now.
    pub fn render(&self, (running, queued): (usize, usize)) -> String {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The name of the model that a run asks now.
fn model(run: &Run) -> String {
    let agent = run.agent.as_ref();
    agent.and_then(|agent| agent.models.get(run.model)).map(|model| model.name.clone()).unwrap_or_default()
}

fn seconds(microseconds: i64) -> f64 {
    Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)).as_secs_f64()
}
