//! Says something to a run: to the actor that works on it, or by waking it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::order::event_of;
use super::takeover::{fold, take_over};
use super::{Command, CommandError, Inner, Order};
use crate::id::RunId;

pub(super) async fn command(engine: &Arc<Inner>, root: RunId, command: Command) -> Result<(), CommandError> {
    match tell(engine, root, command.clone(), false).await {
        Some(answer) => answer,
        None => wake(engine, root, command).await,
    }
}

pub(super) async fn command_stateless(engine: &Inner, root: RunId, command: Command) -> Result<(), CommandError> {
    // Nobody works on it any more: it ended in the meantime.
    tell(engine, root, command, true).await.unwrap_or(Ok(()))
}

/// What the actor that works on a run answers; `None` if there is none, or none any more.
async fn tell(engine: &Inner, root: RunId, command: Command, stateless_only: bool) -> Option<Result<(), CommandError>> {
    let commands = engine.lock().live.get(&root)?.commands.clone()?;
    let (done, answer) = oneshot::channel();
    commands.send(Order { command, done, stateless_only }).await.ok()?;
    answer.await.ok()
}

/// Says something to a run that no actor works on: it is claimed for it.
async fn wake(engine: &Arc<Inner>, root: RunId, command: Command) -> Result<(), CommandError> {
    let Some(journal) = engine.ports.store.journal(root).await? else { return Err(CommandError::NoRun(root)) };
    if journal.state.is_terminal() {
        return match command {
            // Ending what is over is no error: S1's abort is idempotent.
            Command::Cancel { .. } => Ok(()),
            _ => Err(CommandError::Conflict(format!("run {root} is over ({})", journal.state.as_str()))),
        };
    }
    let tree = fold(engine, &journal).await?;
    if command == Command::Dispatch {
        let session = tree.root_run().and_then(|run| run.accepted.session.as_deref());
        let active = session.and_then(|session| engine.lock().sessions.get(session)?.active);
        if active.is_some_and(|active| active != root) {
            return Err(CommandError::Conflict(
                "another run of its session is active; try again when it is over".to_owned(),
            ));
        }
    }
    event_of(&tree, command.clone())?;
    let owner = &engine.options.owner;
    let claimed = engine.ports.store.claim_one(root, owner, engine.lease_until(), engine.now()).await?;
    let claim = claimed.ok_or_else(|| CommandError::Conflict("the run is being handed over; try again".to_owned()))?;
    let (woken, done) = oneshot::channel();
    take_over(engine, claim, Some(command), Some(woken)).await?;
    done.await.unwrap_or_else(|_| Err(CommandError::Conflict("the run is being handed over; try again".to_owned())))
}
