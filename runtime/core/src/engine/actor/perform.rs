//! Performs what is outstanding: asks models, makes calls, begins sub-agents, and stops what is to end.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryFutureExt};
use tokio_util::sync::CancellationToken;

use super::{Actor, Signal, Underway};
use crate::context;
use crate::engine::Inner;
use crate::engine::assembly::Assembly;
use crate::engine::child::{self, Parenthood};
use crate::event::{AttemptFailure, Event, Partial};
use crate::id::{CallId, RunId};
use crate::model::{ModelRequest, Usage};
use crate::port::ToolContext;
use crate::run::{Effect, EffectKey};
use crate::session::SessionContext;
use crate::tool::{Artifact, ToolResult};

impl Actor {
    /// Starts asking models. This may overlap the commit of the attempt: nothing of the answer is shown before it is done.
    pub(super) fn perform_asks(&mut self, effects: &[Effect]) {
        for effect in effects {
            let (Effect::Ask { run, model, .. }, Some(key)) = (effect, effect.key()) else { continue };
            if !self.underway.contains_key(&key) {
                self.ask(key, *run, *model);
            }
        }
    }

    /// Makes calls and begins sub-agents, whose start is in the store by now.
    pub(super) fn perform_calls(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Some(key) = effect.key().filter(|key| !self.underway.contains_key(key)) else { continue };
            match effect {
                Effect::Call { run, call, .. } => self.call(key, *run, *call),
                Effect::Spawn { run, call } => self.spawn(key, *run, *call),
                _ => {}
            }
        }
    }

    fn ask(&mut self, key: EffectKey, id: RunId, model: usize) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let (Some(agent), Some(attempt)) = (&run.agent, &run.attempt) else { return };
        let Some(model) = agent.models.get(model) else { return };
        let nothing = SessionContext::default();
        let mut parameters = model.parameters.clone();
        parameters.extend(agent.parameters.clone());
        let request = ModelRequest {
            model: Arc::clone(model),
            messages: context::messages(run, self.contexts.get(&id).unwrap_or(&nothing)),
            tools: run.specs().into(),
            parameters,
            output_schema: agent.output.as_ref().map(|output| output.schema.clone()),
            // A forced choice holds for the first step only: held on to, it would never let the model answer.
            tool_choice: agent.tool_choice.clone().filter(|_| run.steps == 0),
            request_id: run.accepted.request_id.clone(),
        };
        let schema = request.output_schema.clone();
        let asked = if model.pricing.is_some() { context::characters(&request.messages) } else { 0 };
        let answer = Assembly::new(attempt.clone(), schema, model.pricing.clone(), asked);
        let client = Arc::clone(&self.engine.ports.models);
        let events = async move { client.stream(request).await }.try_flatten_stream();
        let signals = events.map(move |event| Signal::Model(key, event));
        let signals = signals.chain(stream::once(async move { Signal::ModelEnded(key) }));
        self.begin(key, id, Some(answer), CancellationToken::new(), signals.boxed());
    }

    fn call(&mut self, key: EffectKey, id: RunId, call: CallId) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let Some(made) = run.call(call) else { return };
        let Some(tool) = made.tool.clone() else { return };
        let cancel = CancellationToken::new();
        let context = ToolContext {
            run: id,
            root: self.tree.root,
            call,
            session: run.accepted.session.clone(),
            workspace: run.accepted.workspace.as_ref().map(PathBuf::from),
            read_only: run.agent.as_ref().is_some_and(|agent| agent.workspace.read_only),
            directory: run.skill_directory.as_ref().map(PathBuf::from),
            user: run.accepted.user.clone(),
            request_id: run.accepted.request_id.clone(),
            cancel: cancel.clone(),
        };
        let arguments = made.effective().arguments();
        let engine = Arc::clone(&self.engine);
        let durable = !self.tree.ephemeral;
        let began = self.engine.now();
        let signal = async move {
            let result = engine.ports.tools.call(&tool, arguments, context).await;
            let result = keep_large(&engine, result, durable).await;
            Signal::Tool { key, run: id, call, result, began }
        };
        self.begin(key, id, None, cancel, stream::once(signal).boxed());
    }

    fn spawn(&mut self, key: EffectKey, id: RunId, call: CallId) {
        let Some(run) = self.tree.runs.get(&id) else { return };
        let Some(parent) = Parenthood::of(run, call, &|hash| self.tree.snapshot(hash).cloned()) else {
            let result = ToolResult::error("the sub-agent cannot be begun");
            self.pending.push((id, Event::ToolCallFinished { call, result, duration_us: 0 }));
            return;
        };
        let ports = self.engine.ports.clone();
        let (now, durable) = (self.engine.now(), !self.tree.ephemeral);
        let signal = async move {
            let child = child::prepare(parent, ports, now, durable).await.map(Box::new);
            Signal::Child { key, run: id, call, child }
        };
        self.begin(key, id, None, CancellationToken::new(), stream::once(signal).boxed());
    }

    fn begin(
        &mut self,
        key: EffectKey,
        run: RunId,
        answer: Option<Assembly>,
        cancel: CancellationToken,
        signals: BoxStream<'static, Signal>,
    ) {
        let (signals, abort) = stream::abortable(signals);
        self.underway.insert(key, Underway { abort, cancel, answer, run });
        self.signals.push(signals.boxed());
    }

    pub(super) fn stop_asking(&mut self, run: RunId, step: u32, attempt: u32) {
        let key = EffectKey::Ask(run, step, attempt);
        let event = match self.underway.remove(&key) {
            Some(Underway { abort, answer: Some(answer), .. }) => {
                abort.abort();
                answer.stopped()
            }
            _ => Event::AttemptFailed {
                step,
                attempt,
                reason: AttemptFailure::Stopped,
                partial: Partial::default(),
                usage: Usage::default(),
                cost: 0,
            },
        };
        self.pending.push((run, event));
    }

    pub(super) fn stop_call(&mut self, run: RunId, call: CallId, reason: &str) {
        let attempt = self.tree.runs.get(&run).and_then(|run| run.call(call)).map_or(0, |call| call.attempts);
        if let Some(underway) = self.underway.remove(&EffectKey::Call(call, attempt)) {
            // The tool ends what it began when it sees this; the stream that waits for it is left to do so.
            underway.cancel.cancel();
        }
        let result = ToolResult::error(format!("the call was stopped: {reason}"));
        self.pending.push((run, Event::ToolCallFinished { call, result, duration_us: 0 }));
    }
}

/// A result above what the model may see is kept whole as an artifact, and cut, with a reference to the whole.
async fn keep_large(engine: &Inner, mut result: ToolResult, durable: bool) -> ToolResult {
    let most = engine.options.max_model_bytes;
    if result.content.len() <= most {
        return result;
    }
    let whole = Bytes::from(std::mem::take(&mut result.content));
    let text = String::from_utf8_lossy(&whole);
    let cut = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let bytes = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    if durable {
        match engine.ports.store.put_blob(whole.clone()).await {
            Ok(hash) => result.artifact = Some(Artifact { hash, bytes }),
            Err(error) => tracing::warn!(error = %error, "the whole result of a tool cannot be kept"),
        }
    }
    let kept = result.artifact.as_ref().map(|artifact| format!("; the whole is the artifact {}", artifact.hash));
    let shown = &text[..cut];
    result.content = format!("{shown}\n[cut: {cut} of {bytes} bytes are shown{}]", kept.unwrap_or_default());
    result
}
