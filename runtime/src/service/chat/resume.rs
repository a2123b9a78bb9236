//! Goes on with a run that waits for its caller's tools, when the tool messages come.

use std::path::PathBuf;
use std::sync::Arc;

use troupe_core::agent::{PinnedSnapshot, Snapshot};
use troupe_core::engine::{Command, CommandError};
use troupe_core::event::Event;
use troupe_core::id::{CallId, RunId};
use troupe_core::port::RunStore;
use troupe_core::session::Turn;
use troupe_core::stream::Subscription;
use troupe_core::tool::ToolResult;

use super::request::ChatInput;
use super::{Chat, Target, style};
use crate::app::App;
use crate::frame::openai::OpenAiFramer;
use crate::frame::openai::handover::HandedOver;
use crate::http::error::Problem;
use crate::service::infer::InferInput;
use crate::service::message::MessageInput;
use crate::service::rights::Caller;

/// A result that a request brings.
struct Given {
    call: HandedOver,
    message: MessageInput,
}

impl App {
    /// The run that the request's last messages answer; `None` if they answer none, or one that is gone: then the
    /// messages are a conversation like any other.
    pub(super) async fn resume_chat(
        &self,
        input: &ChatInput,
        target: &Target,
        caller: &Caller,
    ) -> Result<Option<Chat>, Problem> {
        let Some(given) = results(&input.messages) else { return Ok(None) };
        let Some(run) = given.first().map(|given| given.call.run) else { return Ok(None) };
        let Some(row) = self.store.run(run).await? else { return Ok(None) };
        if row.state.is_terminal() || row.owner != caller.asker.user() {
            return Ok(None);
        }
        let Some(snapshot) = self.pinned_by(run).await? else { return Ok(None) };
        if !same_target(&snapshot, &target.snapshot().snapshot) {
            return Ok(None);
        }
        let Some(mut subscription) = self.engine.subscribe(run, None).await? else { return Ok(None) };
        let mut framer = OpenAiFramer::new(run, snapshot, style(input, false));
        if !find(&mut framer, &mut subscription, &given)? {
            return Ok(None);
        }
        let workspace = self.workspace_for(&caller.asker, None)?;
        for Given { call, message } in given {
            let result = self.client_result(message, target.snapshot(), workspace.as_ref()).await?;
            if !self.give(run, call.call(), result).await? {
                return Ok(None);
            }
        }
        framer.next_answer();
        Ok(Some(Chat { run, subscription, framer, session: row.session, stateless: false }))
    }

    /// The snapshot that a journalled run pins; `None` if there is no such run.
    pub async fn pinned_by(&self, run: RunId) -> Result<Option<Arc<Snapshot>>, Problem> {
        let first = self.store.events(run, 0, 1).await?.into_iter().next();
        let Some(Event::RunAccepted(accepted)) = first.map(|recorded| recorded.event) else { return Ok(None) };
        let pinned = RunStore::snapshot(&self.store, &accepted.snapshot).await?;
        Ok(pinned.map(|pinned| pinned.snapshot))
    }

    async fn client_result(
        &self,
        message: MessageInput,
        pinned: &PinnedSnapshot,
        workspace: Option<&PathBuf>,
    ) -> Result<ToolResult, Problem> {
        let like_infer = InferInput { messages: Some(vec![message]), ..InferInput::default() };
        let turns = self.turns(&like_infer, pinned, workspace).await?;
        let Turn { content, images, .. } = turns.into_iter().next().unwrap_or_else(empty);
        Ok(ToolResult { content, images, ..ToolResult::default() })
    }

    /// Gives a run a result; `false` if it no longer waits for it. The same result twice is one: a client that lost the
    /// connection sends its request again.
    async fn give(&self, run: RunId, call: CallId, result: ToolResult) -> Result<bool, Problem> {
        let command = Command::Input { call, result: result.clone() };
        match self.engine.command(run, command).await {
            Ok(()) => Ok(true),
            Err(CommandError::Conflict(_)) => self.was_given(run, call, &result).await,
            Err(CommandError::NoRun(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn was_given(&self, run: RunId, call: CallId, result: &ToolResult) -> Result<bool, Problem> {
        let journal = self.store.journal(run).await?;
        let same = |event: &Event| matches!(event, Event::InputReceived { call: of, result: was } if *of == call && was == result);
        let Some(journal) = journal.filter(|journal| !journal.state.is_terminal()) else { return Ok(false) };
        Ok(journal.events.iter().any(|recorded| same(&recorded.event)))
    }
}

fn empty() -> Turn {
    Turn::text(troupe_core::message::Role::Tool, "")
}

/// The tool messages that end a conversation, if all of them answer calls of one message of one run.
fn results(messages: &[MessageInput]) -> Option<Vec<Given>> {
    let last = messages.iter().rev().take_while(|message| message.role == "tool");
    let given = last.map(|message| {
        let call = HandedOver::parse(message.tool_use_id.as_deref()?)?;
        Some(Given { call, message: message.clone() })
    });
    let mut given = given.collect::<Option<Vec<_>>>()?;
    given.reverse();
    let first = given.first()?.call;
    given.iter().all(|given| (given.call.run, given.call.step) == (first.run, first.step)).then_some(given)
}

/// Whether a run that began with one snapshot may be gone on with by a request for the other.
fn same_target(began: &Snapshot, asked: &Snapshot) -> bool {
    let model = |snapshot: &Snapshot| {
        let agent = snapshot.agent()?;
        Some((agent.name.clone(), agent.models.first().map(|model| model.name.clone())?))
    };
    // An agent stays the same one when its model is edited; a model's composition has no name of its own.
    if began.target.is_empty() { model(began) == model(asked) } else { began.target == asked.target }
}

/// Reads the run up to the answer that handed these calls over; `false` if there is none.
fn find(framer: &mut OpenAiFramer, subscription: &mut Subscription, given: &[Given]) -> Result<bool, Problem> {
    let mut out = Vec::new();
    while let Some(item) = subscription.ready() {
        framer.take(&item, &mut out);
        out.clear();
        let handed = framer.handed_over();
        if handed.iter().any(|handed| given.iter().any(|given| given.call == *handed)) {
            return complete(handed, given);
        }
        if !handed.is_empty() {
            framer.next_answer();
        }
    }
    Ok(false)
}

/// Every call that was handed over has a result, and no other.
fn complete(handed: &[HandedOver], given: &[Given]) -> Result<bool, Problem> {
    let missing: Vec<_> =
        handed.iter().filter(|handed| !given.iter().any(|given| given.call == **handed)).map(HandedOver::id).collect();
    if !missing.is_empty() {
        let detail =
            format!("Missing tool messages: every call needs its result; there is none for {}", missing.join(", "));
        return Err(Problem::bad_request(detail).with("field", "messages"));
    }
    Ok(given.iter().all(|given| handed.contains(&given.call)))
}
