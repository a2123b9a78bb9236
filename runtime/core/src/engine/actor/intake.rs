//! Takes in what came of what was performed: pieces of answers, results, sub-agents that are ready.

use std::sync::Arc;

use super::{Actor, Signal};
use crate::engine::child::Child;
use crate::event::Event;
use crate::id::{CallId, RunId};
use crate::model::{ModelError, ModelEvent};
use crate::run::EffectKey;
use crate::stream::{Delta, Item, ItemId};
use crate::tool::ToolResult;

impl Actor {
    /// Takes in what came of something.
    pub(super) fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Model(key, Ok(event)) => self.take_piece(key, event),
            Signal::Model(key, Err(error)) => {
                if let Some(underway) = self.underway.remove(&key) {
                    underway.abort.abort();
                    if let Some(answer) = underway.answer {
                        self.pending.push((underway.run, answer.failed(error)));
                    }
                }
            }
            Signal::ModelEnded(key) => self.end_message(key),
            Signal::Tool { key, run, call, result, began } => {
                // A call that was stopped has its result already.
                if self.underway.remove(&key).is_some() {
                    let duration_us = (self.engine.now() - began).max(0);
                    self.pending.push((run, Event::ToolCallFinished { call, result, duration_us }));
                }
            }
            Signal::Child { key, run, call, child } => {
                if self.underway.remove(&key).is_some() {
                    self.begin_child(run, call, child);
                }
            }
        }
    }

    fn take_piece(&mut self, key: EffectKey, event: ModelEvent) {
        let now = self.engine.now();
        let Some(underway) = self.underway.get_mut(&key) else { return };
        let Some(answer) = &mut underway.answer else { return };
        if let Some(piece) = answer.take(event, now) {
            self.pieces += 1;
            let id = ItemId { seq: self.tree.seq, n: self.pieces };
            answer.shown(&piece, id);
            let EffectKey::Ask(run, step, _) = key else { return };
            self.stream.publish(Item::Delta(Arc::new(Delta { id, run, step, piece })));
        }
    }

    fn end_message(&mut self, key: EffectKey) {
        let Some(underway) = self.underway.remove(&key) else { return };
        let (Some(mut answer), EffectKey::Ask(run, step, _)) = (underway.answer, key) else { return };
        if !answer.is_finished() {
            let error = ModelError {
                code: "PARSE_ERROR".to_owned(),
                message: "the model's answer broke off without an end".to_owned(),
                retryable: true,
                retry_after_ms: None,
            };
            self.pending.push((run, answer.failed(error)));
            return;
        }
        let (invalid, held) = answer.check();
        for piece in held {
            self.pieces += 1;
            let id = ItemId { seq: self.tree.seq, n: self.pieces };
            answer.shown(&piece, id);
            self.stream.publish(Item::Delta(Arc::new(Delta { id, run, step, piece })));
        }
        let event = answer.finished(invalid, self.engine.now());
        self.pending.push((run, event));
    }

    fn begin_child(&mut self, run: RunId, call: CallId, child: Result<Box<Child>, String>) {
        let child = match child {
            Ok(child) => *child,
            Err(problem) => {
                // S1-125.
                let result = ToolResult::error(format!("delegate failed: {problem}"));
                self.pending.push((run, Event::ToolCallFinished { call, result, duration_us: 0 }));
                return;
            }
        };
        if let Some(pinned) = child.snapshot {
            self.tree.know(pinned.hash.clone(), Arc::clone(&pinned.snapshot));
            self.snapshots.push(pinned);
        }
        if let (true, Some(parent)) = (child.creates_session, self.tree.runs.get(&run)) {
            self.seeds.extend(parent.accepted.session.clone().map(|session| (child.id, session)));
        }
        let high_water = child.context.high_water;
        self.contexts.insert(child.id, child.context);
        self.pending.push((run, Event::ChildStarted { call, child: child.id }));
        self.pending.push((child.id, Event::RunAccepted(Box::new(child.accepted))));
        self.pending.push((child.id, Event::RunStarted { high_water, summary_version: 0 }));
    }
}
