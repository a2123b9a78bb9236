//! Traces over OTLP, by OpenTelemetry's conventions for generative AI: a span a run, with one below it for each model call
//! and each tool call.
//!
//! Spans are made of the journal's events when a run ends, with the events' times: they say what happened, also in the
//! part of a run that another process made.

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

/// Makes traces of runs and sends them to a collector.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    open: Mutex<HashMap<RunId, Vec<Recorded>>>,
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
        Ok(Some(Self { provider, tracer, open: Mutex::default() }))
    }

    /// Remembers what was recorded; makes the tree's spans when its root ends.
    pub fn recorded(&self, tree: &Tree, recorded: &Recorded) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let events = open.entry(tree.root).or_default();
        events.push(light(recorded));
        if recorded.run == tree.root && matches!(recorded.event, Event::RunFinished { .. }) {
            let events = open.remove(&tree.root).unwrap_or_default();
            drop(open);
            self.emit(tree, &events, tree.root, &Context::new());
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
