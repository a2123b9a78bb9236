//! Traces over OTLP, by OpenTelemetry's conventions for generative AI: a span a run, with one below it for each model call
//! and each tool call.
//!
//! Spans are made of the journal's events when a run ends, with the events' times: they say what happened, also in the
//! part of a run that another process made.

mod parent;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use troupe_core::event::{AttemptFailure, Event, Finished, Outcome, Recorded};
use troupe_core::id::{CallId, RunId, Timestamp};
use troupe_core::model::Protocol;
use troupe_core::run::{Run, Tree};

use parent::Parents;

/// Makes traces of runs and sends them to a collector.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    open: Mutex<HashMap<RunId, Open>>,
    /// The callers' spans.
    pub(super) parents: Parents,
}

/// What is remembered of a tree until its root ends.
#[derive(Default)]
struct Open {
    /// The caller's span; that of another process is not known any more.
    parent: Context,
    events: Vec<Recorded>,
}

impl Traces {
    /// Traces to the collector that the usual variables name (`OTEL_EXPORTER_OTLP_ENDPOINT`, …); `None` where none does.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Self>> {
        let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        if !named.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty())) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build().context("cannot make the OTLP exporter")?;
        let processor = BatchSpanProcessor::builder(exporter, Tokio).build();
        let resource = Resource::builder().with_service_name("troupe").build();
        let provider = SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource).build();
        let tracer = provider.tracer("troupe");
        Ok(Some(Self { provider, tracer, open: Mutex::default(), parents: Parents::default() }))
    }

    /// Remembers what was recorded; makes the tree's spans when its root ends.
    pub fn recorded(&self, tree: &Tree, recorded: &Recorded) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.entry(tree.root).or_default();
        known.events.push(light(recorded));
        match &recorded.event {
            Event::RunAccepted(accepted) if recorded.run == tree.root => {
                known.parent = self.parents.take(accepted.request_id.as_deref());
            }
            Event::RunFinished { .. } if recorded.run == tree.root => {
                let Open { parent, events } = open.remove(&tree.root).unwrap_or_default();
                drop(open);
                self.emit(tree, &events, tree.root, &parent);
            }
            _ => {}
        }
    }

    /// Sends what waits, for a graceful stop.
    pub fn flush(&self) {
        if let Err(error) = self.provider.force_flush() {
            tracing::warn!(error = %error, "traces cannot be sent");
        }
    }

    fn emit(&self, tree: &Tree, events: &[Recorded], id: RunId, parent: &Context) {
        let Some(run) = tree.runs.get(&id) else { return };
        let own: Vec<&Recorded> = events.iter().filter(|recorded| recorded.run == id).collect();
        let Some(first) = own.first() else { return };
        let started = run.started_at.unwrap_or(first.at);
        let name = if run.accepted.agent.is_empty() { "agent" } else { &run.accepted.agent };
        let builder = self.tracer.span_builder(format!("invoke_agent {name}"));
        let builder = builder.with_kind(SpanKind::Internal).with_start_time(time(started)).with_attributes(about(run));
        let span = builder.start_with_context(&self.tracer, parent);
        let context = parent.with_span(span);
        self.emit_steps(tree, events, &own, &context);
        let span = context.span();
        if let Some(Outcome::Failed { code, message }) = &run.outcome {
            span.set_attribute(KeyValue::new("error.type", code.clone()));
            span.set_status(Status::error(message.clone()));
        }
        span.end_with_timestamp(time(run.finished_at.unwrap_or(tree.last_at)));
    }

    fn emit_steps(&self, tree: &Tree, events: &[Recorded], own: &[&Recorded], context: &Context) {
        let mut attempts: HashMap<u32, (Timestamp, usize)> = HashMap::new();
        let mut calls: HashMap<CallId, (Timestamp, String)> = HashMap::new();
        for recorded in own {
            match &recorded.event {
                Event::ModelAttemptStarted { step, model, .. } => {
                    attempts.insert(*step, (recorded.at, *model));
                }
                Event::MessageFinished(finished) => {
                    let begun = attempts.remove(&finished.step).unwrap_or((recorded.at, 0));
                    self.chat(tree, recorded, begun, Ok(finished), context);
                    for (index, call) in finished.calls.iter().enumerate() {
                        calls.insert(
                            CallId::derive(recorded.run, finished.step, index),
                            (recorded.at, call.name.clone()),
                        );
                    }
                }
                Event::AttemptFailed { step, reason: AttemptFailure::Model { error, .. }, .. } => {
                    let begun = attempts.remove(step).unwrap_or((recorded.at, 0));
                    self.chat(tree, recorded, begun, Err(error), context);
                }
                Event::ToolCallStarted { call, .. } => {
                    if let Some((begun, _)) = calls.get_mut(call) {
                        *begun = recorded.at;
                    }
                }
                Event::ToolCallFinished { call, result, .. } => {
                    if let Some((begun, name)) = calls.remove(call) {
                        self.tool(&name, *call, begun, recorded.at, result.is_error, context);
                    }
                }
                Event::ChildStarted { child, .. } => self.emit(tree, events, *child, context),
                _ => {}
            }
        }
    }

    fn chat(
        &self,
        tree: &Tree,
        recorded: &Recorded,
        (begun, model): (Timestamp, usize),
        result: Result<&Finished, &troupe_core::model::ModelError>,
        context: &Context,
    ) {
        let asked = tree.runs.get(&recorded.run).and_then(|run| run.agent.as_ref()?.models.get(model));
        let name = asked.map_or("", |model| model.model.as_str());
        let mut attributes = vec![
            KeyValue::new("gen_ai.operation.name", "chat"),
            KeyValue::new("gen_ai.request.model", name.to_owned()),
            KeyValue::new("gen_ai.provider.name", asked.map_or("", |model| provider(model.protocol))),
        ];
        if let Ok(finished) = result {
            attributes.push(KeyValue::new("gen_ai.usage.input_tokens", signed(finished.usage.input_tokens)));
            attributes.push(KeyValue::new("gen_ai.usage.output_tokens", signed(finished.usage.output_tokens)));
        }
        let builder = self.tracer.span_builder(format!("chat {name}"));
        let builder = builder.with_kind(SpanKind::Client).with_start_time(time(begun)).with_attributes(attributes);
        let mut span = builder.start_with_context(&self.tracer, context);
        if let Err(error) = result {
            span.set_attribute(KeyValue::new("error.type", error.code.clone()));
            span.set_status(Status::error(error.message.clone()));
        }
        span.end_with_timestamp(time(recorded.at));
    }

    fn tool(&self, name: &str, call: CallId, begun: Timestamp, ended: Timestamp, failed: bool, context: &Context) {
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.tool.name", name.to_owned()),
            KeyValue::new("gen_ai.tool.call.id", call.to_string()),
        ];
        let builder = self.tracer.span_builder(format!("execute_tool {name}"));
        let builder = builder.with_kind(SpanKind::Internal).with_start_time(time(begun)).with_attributes(attributes);
        let mut span = builder.start_with_context(&self.tracer, context);
        if failed {
            span.set_status(Status::error("the tool gave an error"));
        }
        span.end_with_timestamp(time(ended));
    }
}

/// An event without the texts that no span carries.
fn light(recorded: &Recorded) -> Recorded {
    let mut light = recorded.clone();
    match &mut light.event {
        Event::RunAccepted(accepted) => accepted.input.clear(),
        Event::MessageFinished(finished) => {
            finished.content.clear();
            finished.thinking.clear();
            finished.deltas.clear();
        }
        Event::ToolCallFinished { result, .. } | Event::ChildFinished { result, .. } => {
            result.content.clear();
            result.structured = None;
            result.images.clear();
        }
        _ => {}
    }
    light
}

fn about(run: &Run) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", "invoke_agent"),
        KeyValue::new("gen_ai.agent.name", run.accepted.agent.clone()),
        KeyValue::new("troupe.run.id", run.id.to_string()),
        KeyValue::new("gen_ai.usage.input_tokens", signed(run.usage.input_tokens)),
        KeyValue::new("gen_ai.usage.output_tokens", signed(run.usage.output_tokens)),
    ];
    if let Some(session) = &run.accepted.session {
        attributes.push(KeyValue::new("gen_ai.conversation.id", session.clone()));
    }
    attributes
}

fn provider(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAI | Protocol::OpenAIResponses => "openai",
        Protocol::Anthropic => "anthropic",
        Protocol::Ollama => "ollama",
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(at).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SimpleSpanProcessor, SpanData};
    use troupe_core::agent::Limits;
    use troupe_core::event::{Accepted, VERSION};
    use troupe_core::id::ContentHash;

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Collector(Arc<Mutex<Vec<SpanData>>>);

    impl opentelemetry_sdk::trace::SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    fn accepted() -> Event {
        Event::RunAccepted(Box::new(Accepted {
            version: VERSION,
            snapshot: ContentHash::of(b""),
            agent: "bo".to_owned(),
            input: Vec::new(),
            session: None,
            limits: Limits::default(),
            parent: None,
            depth: 0,
            workspace: None,
            user: String::new(),
            request_id: Some("r".to_owned()),
        }))
    }

    #[test]
    fn a_run_is_traced_below_its_callers_span() {
        let collector = Collector::default();
        let processor = SimpleSpanProcessor::new(collector.clone());
        let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
        let made = provider.tracer("troupe");
        let traces = Traces { provider, tracer: made, open: Mutex::default(), parents: Parents::default() };
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = [("traceparent".parse().unwrap(), parent.parse().unwrap())];
        traces.parents.expect("r", &headers.into_iter().collect());
        let root = RunId(uuid::Uuid::nil());
        let mut tree = Tree::new(root, true);
        let finished = Event::RunFinished { outcome: Outcome::Cancelled { by: String::new() } };
        for (seq, event) in (1..).zip([accepted(), finished]) {
            let recorded = Recorded { seq, run: root, at: 1, event };
            troupe_core::run::apply(&mut tree, &recorded);
            traces.recorded(&tree, &recorded);
        }
        let spans = collector.0.lock().unwrap();
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].name, "invoke_agent bo");
        assert_eq!(spans[0].span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(spans[0].parent_span_id.to_string(), "b7ad6b7169203331");
    }
}
