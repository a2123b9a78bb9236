//! Requests to a runtime from within the node's network, by curl.

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{release::said, team::Team};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Team {
    fn curl(&self, token: &str, path: &str, more: &[&str]) -> anyhow::Result<Command> {
        let host = format!("troupe-runtime.{}.svc", self.namespace);
        let mut command = self.release.node.inside("curl")?;
        command.args(["--silent", "--show-error", "--no-buffer", "--connect-timeout", "3", "--max-time", "120"]);
        command.args(["--resolve", &format!("{host}:7988:{}", self.address)]);
        command.args([
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--header",
            "Content-Type: application/json",
        ]);
        command.args(more).arg(format!("http://{host}:7988{path}"));
        Ok(command)
    }

    /// A request with a body, or a GET without one.
    pub(crate) fn call(&self, token: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let data = body.map(Value::to_string);
        let mut more = vec!["--write-out", "\n%{http_code}"];
        more.extend(data.iter().flat_map(|data| ["--data", data.as_str()]));
        let heard = said(&mut self.curl(token, path, &more)?)?;
        let (body, status) = heard.rsplit_once('\n').context("curl says the status last")?;
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
        Ok(Answer { status: status.parse()?, body })
    }

    /// Whether the runtime answers now.
    pub(crate) fn is_answering(&self, token: &str) -> anyhow::Result<bool> {
        // What goes to a pod that is gone gets no answer at all.
        Ok(said(&mut self.curl(token, "/v1/whoami", &["--fail", "--max-time", "3"])?).is_ok())
    }

    /// An inference that goes well.
    pub(crate) fn ask(&self, token: &str, body: &Value) -> anyhow::Result<Answer> {
        let answer = self.call(token, "/v1/infer", Some(body))?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(answer)
    }

    /// Starts a run of an agent: its id.
    pub(crate) fn start(&self, token: &str, agent: &str, input: &Value) -> anyhow::Result<String> {
        let started = self.call(token, &format!("/v1/agents/{agent}/runs"), Some(input))?;
        Ok(started.body["id"].as_str().with_context(|| format!("{started:?}"))?.to_owned())
    }

    /// A run once it is over.
    pub(crate) async fn run_over(&self, token: &str, run: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/runs/{run}");
        // The stream of its events ends with it, and with a connection that breaks.
        let over = async {
            loop {
                let seen = self.eventually(token, &path).await?;
                if !matches!(seen["status"].as_str(), Some("queued" | "running")) {
                    return Ok::<_, anyhow::Error>(seen);
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(2), over).await?
    }

    /// What a GET answers once the runtime is there for it.
    pub(crate) async fn eventually(&self, token: &str, path: &str) -> anyhow::Result<Value> {
        let answered = async {
            loop {
                match self.call(token, path, None) {
                    Ok(Answer { status: 200, body }) => return body,
                    _ => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
                }
            }
        };
        let limit = std::time::Duration::from_mins(2);
        match tokio::time::timeout(limit, answered).await {
            Ok(body) => Ok(body),
            Err(_) => anyhow::bail!("{path}: {:?}", self.call(token, path, None)),
        }
    }

    /// Server-sent events: of an inference, or of a path that is followed.
    pub(crate) fn stream(&self, token: &str, path: &str, more: &[&str]) -> anyhow::Result<Stream> {
        let mut child = self.curl(token, path, more)?.stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("it was asked for")?).lines();
        Ok(Stream { child, lines })
    }
}

/// The text of the last message of an inference.
pub(crate) fn last_text(answer: &Answer) -> &str {
    answer.body["messages"]
        .as_array()
        .and_then(|all| all.last())
        .and_then(|last| last["content"].as_str())
        .unwrap_or("")
}

/// A stream of events, which ends with its connection.
pub(crate) struct Stream {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// One event: its id and its data.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Iterator for Stream {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = Event::default();
        for line in self.lines.by_ref() {
            let line = line.ok()?;
            if line.is_empty() && !event.data.is_empty() {
                return Some(event);
            }
            match line.split_once(':') {
                Some(("id", id)) => id.trim().clone_into(&mut event.id),
                Some(("data", data)) => data.trim().clone_into(&mut event.data),
                _ => {}
            }
        }
        None
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
