//! Asking in this process, without a service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use troupe_core::engine::Command;

use super::show::Show;
use super::{End, Question};
use crate::app::App;
use crate::command::agents::AgentOptions;
use crate::command::variable;
use crate::frame::Framer;
use crate::http::error::Problem;
use crate::service::infer::{InferInput, Inference};
use crate::service::rights::Caller;
use crate::settings::Settings;

/// Which agents there are, and what they may do.
pub(super) struct Place {
    pub(super) directories: Vec<PathBuf>,
    pub(super) data: Option<PathBuf>,
    pub(super) options: AgentOptions,
}

/// Asks and shows what comes.
pub(super) async fn ask(place: Place, question: Question, show: &mut Show) -> anyhow::Result<End> {
    let temporary = tempfile::tempdir().context("cannot make a temporary data folder; name one with --data")?;
    let data = place.data.unwrap_or_else(|| temporary.path().to_owned());
    // Nobody changes the folders while one question is answered; and what is cut off stays cut off.
    let mut settings = Settings { watch: false, grace: Duration::ZERO, ..Settings::new(place.directories, data) };
    place.options.apply(&mut settings, &variable::process)?;
    let app = App::start(settings).await?;
    let end = answer(&app, question, show).await;
    app.stop().await;
    end
}

async fn answer(app: &Arc<App>, question: Question, show: &mut Show) -> anyhow::Result<End> {
    let input = InferInput {
        agent_id: Some(question.agent),
        text: Some(question.text),
        session_id: question.session,
        ..InferInput::default()
    };
    let inference = app.infer(input, Caller::default()).await;
    let Inference { mut started, mut framer, stateless, .. } = inference.map_err(|problem| told(&problem))?;
    let mut frames = Vec::new();
    loop {
        let item = tokio::select! {
            item = started.subscription.next() => item,
            _ = tokio::signal::ctrl_c() => {
                let cancel = Command::Cancel { by: "interrupted".to_owned(), forced: true };
                // A run that ended in the meantime needs nothing.
                let _ = if stateless {
                    app.engine.command_stateless(started.run, cancel).await
                } else {
                    app.engine.command(started.run, cancel).await
                };
                app.tools.kill(started.run);
                return Ok(End::Interrupted);
            }
        };
        let Some(item) = item else { break };
        framer.frames(&item, &mut frames);
        frames.drain(..).for_each(|frame| show.frame(frame.event, &frame.data));
        if framer.is_over() {
            break;
        }
    }
    Ok(show.end())
}

fn told(problem: &Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.detail())
}
