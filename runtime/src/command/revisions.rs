//! `troupe get`, `diff` and `publish`: an agent's versions, where they differ, and which one is served.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::namespace::{Connection, NamespaceOptions};
use super::service::Service;
use super::{UsageError, variable};

const NO_ANSWER: &str = "start one with `troupe serve DIR`, or name another one with --url or --namespace";

/// Which service.
#[derive(Clone, Debug, clap::Args)]
pub struct ServiceOptions {
    /// Where the service is
    #[arg(long, env = "TROUPE_URL", value_name = "URL", default_value = "http://127.0.0.1:7988")]
    url: String,
    /// A file that holds the service's token [or the token itself in `TROUPE_TOKEN`]
    #[arg(long, env = "TROUPE_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    cluster: NamespaceOptions,
}

/// What has versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Subject {
    /// An agent's versions
    #[value(alias = "revision")]
    Revisions,
}

/// What `get` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct GetArguments {
    #[arg(value_enum)]
    subject: Subject,
    /// The agent's name or id
    agent: String,
    #[command(flatten)]
    service: ServiceOptions,
}

/// What `diff` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct DiffArguments {
    #[arg(value_enum)]
    subject: Subject,
    /// The agent's name or id
    agent: String,
    /// A version, by the first digits of its hash [default: the one that is served]
    from: Option<String>,
    /// The version that it is compared with [default: the newest]
    to: Option<String>,
    #[command(flatten)]
    service: ServiceOptions,
}

/// What `publish` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct PublishArguments {
    #[arg(value_enum)]
    subject: Subject,
    /// The agent's name or id
    agent: String,
    /// The version to serve, as `troupe get revisions` names it; without one, always the newest is served
    revision: Option<String>,
    #[command(flatten)]
    service: ServiceOptions,
}

/// The service that the options name. What carries the bytes must live as long as it is asked.
enum Reached {
    Here(Service),
    Namespace(Connection),
}

impl Reached {
    fn service(&self) -> &Service {
        match self {
            Self::Here(service) => service,
            Self::Namespace(connection) => &connection.service,
        }
    }
}

impl ServiceOptions {
    async fn reach(&self) -> anyhow::Result<Reached> {
        if let Some(namespace) = &self.cluster.namespace {
            return Ok(Reached::Namespace(self.cluster.connect(namespace).await?));
        }
        self.cluster.check_unused()?;
        let token = super::serve::token(self.token_file.as_deref(), &variable::process)?;
        Ok(Reached::Here(Service::new(&self.url, token, NO_ANSWER)?))
    }
}

/// Lists the versions of an agent, the newest first.
pub async fn get(arguments: GetArguments) -> anyhow::Result<ExitCode> {
    let reached = arguments.service.reach().await?;
    let items = revisions(reached.service(), &arguments.agent).await?;
    say(&table(&items))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows where two versions of an agent differ. The exit code is 0 when they do not, else 1, as with `diff`.
pub async fn diff(arguments: DiffArguments) -> anyhow::Result<ExitCode> {
    let reached = arguments.service.reach().await?;
    let items = revisions(reached.service(), &arguments.agent).await?;
    let from = chosen(&items, arguments.from.as_deref(), "serving")?;
    let to = chosen(&items, arguments.to.as_deref(), "current")?;
    let lines = difference(from, to)?;
    say(&lines)?;
    Ok(if lines.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Pins the version of an agent that is served.
pub async fn publish(arguments: PublishArguments) -> anyhow::Result<ExitCode> {
    let reached = arguments.service.reach().await?;
    let PublishArguments { agent, revision, .. } = arguments;
    let path = ["v1", "agents", &agent, "publish"];
    let answer = reached.service().post(&path, &json!({"revision": revision})).await?;
    let published: Value = answer.json().await.context("the service's answer cannot be read")?;
    say(&match published["revision"].as_str() {
        Some(revision) => format!("{agent} serves {revision} from now on\n"),
        None => format!("{agent} serves its newest version from now on\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn revisions(service: &Service, agent: &str) -> anyhow::Result<Vec<Value>> {
    let answer = service.get(&["v1", "agents", agent, "revisions"]).await?;
    answer["items"].as_array().cloned().context("the service's answer has no list of versions")
}

/// The version whose hash begins with `digits`; without digits the one that is marked as `usual`.
fn chosen<'a>(items: &'a [Value], digits: Option<&str>, usual: &str) -> anyhow::Result<&'a Value> {
    let Some(digits) = digits else {
        let found = items.iter().find(|item| item[usual] == true);
        return found.with_context(|| format!("no version is {usual}; name one"));
    };
    let mut found = items.iter().filter(|item| text(item, "revision").starts_with(digits));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            Err(UsageError(format!("there is no version {digits:?}; `troupe get revisions` lists them")).into())
        }
        (Some(_), Some(_)) => {
            Err(UsageError(format!("several versions begin with {digits:?}; write more digits")).into())
        }
    }
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name].as_str().unwrap_or_default()
}

fn table(items: &[Value]) -> String {
    let mut lines = format!("{:<14}{:<28}{}\n", "REVISION", "CREATED", "STATE");
    for item in items {
        let states = ["current", "published", "serving"].into_iter().filter(|state| item[*state] == true);
        let states: Vec<_> = states.collect();
        let revision = text(item, "short");
        lines.push_str(format!("{revision:<14}{:<28}{}", text(item, "created_at"), states.join(",")).trim_end());
        lines.push('\n');
    }
    lines
}

/// The lines of two specs as YAML that differ, with what is around them.
fn difference(from: &Value, to: &Value) -> anyhow::Result<String> {
    let (old, new) = (serde_yaml::to_string(&from["spec"])?, serde_yaml::to_string(&to["spec"])?);
    let diff = similar::TextDiff::from_lines(&old, &new);
    Ok(diff.unified_diff().context_radius(3).header(text(from, "short"), text(to, "short")).to_string())
}

/// Writes to standard output.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write the answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(revision: &str, prompt: &str, state: &str) -> Value {
        let mut item = json!({"revision": revision, "short": revision, "created_at": "2026-01-02T03:04:05Z",
            "spec": {"modelRef": {"name": "m"}, "systemPrompt": {"text": prompt}}});
        item[state] = json!(true);
        item
    }

    #[test]
    fn versions_are_listed_with_their_state() {
        let items = [item("bbbbbbbbbbbb", "b", "current"), item("aaaaaaaaaaaa", "a", "serving")];
        let told = "REVISION      CREATED                     STATE\n\
                    bbbbbbbbbbbb  2026-01-02T03:04:05Z        current\n\
                    aaaaaaaaaaaa  2026-01-02T03:04:05Z        serving\n";
        assert_eq!(table(&items), told);
    }

    #[test]
    fn a_version_is_found_by_its_first_digits() {
        let items = [item("abcdefab01", "b", "current"), item("abcdefab02", "a", "serving")];
        assert_eq!(chosen(&items, Some("abcdefab01"), "").unwrap()["revision"], "abcdefab01");
        assert_eq!(chosen(&items, None, "serving").unwrap()["revision"], "abcdefab02");
        assert!(chosen(&items, Some("abcdefab"), "").unwrap_err().to_string().contains("several"));
        assert!(chosen(&items, Some("12345678"), "").unwrap_err().to_string().contains("no version"));
    }

    #[test]
    fn a_difference_is_shown_by_lines() {
        let shown = difference(&item("aaa", "Be kind.", "serving"), &item("bbb", "Be brief.", "current")).unwrap();
        assert!(shown.starts_with("--- aaa\n+++ bbb\n"), "{shown}");
        assert!(shown.contains("-  text: Be kind.\n+  text: Be brief.\n"), "{shown}");
        let same = item("aaa", "Be kind.", "serving");
        assert_eq!(difference(&same, &same).unwrap(), "");
    }
}
