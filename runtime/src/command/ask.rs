//! `troupe ask`: one question to an agent, its answer as it comes.

mod local;
mod remote;
mod show;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use super::UsageError;
use super::agents::AgentOptions;
use super::namespace::NamespaceOptions;
use super::service::Service;
use super::variable;

/// The exit code of a program that Ctrl-C ended, as shells count.
const INTERRUPTED: u8 = 130;

const NO_ANSWER: &str =
    "start one with `troupe serve DIR`, name another one with --url, or ask without one with --dir DIR";

/// The longest question from standard input, in bytes: the service's own limit of a body.
const LONGEST: u64 = 10 * 1_024 * 1_024;

/// What `ask` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct AskArguments {
    /// The agent's name or id
    agent: String,
    /// The question; without one, or with `-`, it is read from standard input
    question: Vec<String>,
    /// Where the service is
    #[arg(long, env = "TROUPE_URL", value_name = "URL", default_value = "http://127.0.0.1:7988")]
    url: String,
    /// A file that holds the service's token [or the token itself in `TROUPE_TOKEN`]
    #[arg(long, env = "TROUPE_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A session that the question belongs to: `new`, or the id that an earlier answer named
    #[arg(long, env = "TROUPE_SESSION", value_name = "ID")]
    session: Option<String>,
    /// Without a service: runs the agent of these folders of manifests in this process; repeatable, a later one wins
    #[arg(long, env = "TROUPE_DIR", value_name = "DIR", value_delimiter = ':', conflicts_with = "namespace")]
    dir: Vec<PathBuf>,
    /// With --dir: the data folder, for sessions and kept Secrets [default: a temporary one]
    #[arg(long, env = "TROUPE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    cluster: NamespaceOptions,
    #[command(flatten)]
    options: AgentOptions,
}

/// What is asked, of whom.
#[derive(Clone, Debug)]
struct Question {
    agent: String,
    text: String,
    session: Option<String>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With an answer.
    Answered,
    /// With an error, which was shown.
    Failed,
    /// By Ctrl-C.
    Interrupted,
}

/// Asks, shows, and tells by the exit code how it went: 0 answered, 1 failed, 130 interrupted.
pub async fn ask(arguments: AskArguments) -> anyhow::Result<ExitCode> {
    let AskArguments { agent, question, url, token_file, session, dir, data, cluster, options } = arguments;
    let question = Question { agent, text: text_of(&question)?, session: session.clone() };
    let mut show = show::Show::in_terminal();
    let end = if !dir.is_empty() {
        let directories = super::folders(dir, &variable::process, "ask AGENT --dir")?;
        local::ask(local::Place { directories, data, options }, question, &mut show).await?
    } else if let Some(namespace) = &cluster.namespace {
        let connection = cluster.connect(namespace).await?;
        remote::ask(&connection.service, question, &mut show).await?
    } else {
        cluster.check_unused()?;
        let token = super::serve::token(token_file.as_deref(), &variable::process)?;
        remote::ask(&Service::new(&url, token, NO_ANSWER)?, question, &mut show).await?
    };
    show.finish(session.as_deref().filter(|_| end != End::Interrupted));
    Ok(match end {
        End::Answered => ExitCode::SUCCESS,
        End::Failed => ExitCode::FAILURE,
        End::Interrupted => ExitCode::from(INTERRUPTED),
    })
}

/// The question in words, or what standard input says.
fn text_of(words: &[String]) -> anyhow::Result<String> {
    let from_input = words.is_empty() || words == ["-"];
    if words.is_empty() && std::io::stdin().is_terminal() {
        return Err(UsageError("ask something: troupe ask AGENT \"…\"".to_owned()).into());
    }
    let mut text = words.join(" ");
    if from_input {
        text.clear();
        std::io::stdin().take(LONGEST).read_to_string(&mut text)?;
    }
    if text.trim().is_empty() {
        return Err(UsageError("the question is empty".to_owned()).into());
    }
    Ok(text)
}
