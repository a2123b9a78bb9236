//! A runtime's pod that is killed in the middle of a turn that calls tools, and during the calls themselves.

use std::{collections::HashSet, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    asking::{Event, Stream},
    release,
    team::{Team, VERSION, volume},
};

/// Longer than a pod takes to come back on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// How often something is looked at that has no way to tell.
const PAUSE: Duration = Duration::from_millis(100);

const OF_POD: [&str; 3] = ["get", "pod/troupe-runtime-0", "--output=jsonpath={.metadata.uid}"];

/// A client that follows a run, over however many connections it takes.
struct Reader<'team> {
    team: &'team Team,
    token: String,
    run: String,
    heard: Vec<Event>,
}

impl<'team> Reader<'team> {
    /// Starts a run of an agent.
    fn of(team: &'team Team, token: &str, agent: &str, input: &str) -> anyhow::Result<Self> {
        let run = team.start(token, agent, &json!({"input": input, "session_id": "new"}))?;
        Ok(Self { team, token: token.to_owned(), run, heard: Vec::new() })
    }

    /// Connects, and goes on after what was heard.
    fn connect(&self) -> anyhow::Result<Stream> {
        let header = self.heard.last().map(|last| format!("Last-Event-ID: {}", last.id));
        let more: Vec<&str> = header.iter().flat_map(|header| ["--header", header.as_str()]).collect();
        self.team.stream(&self.token, &format!("/v1/runs/{}/events", self.run), &more)
    }

    /// Reads to the first event that holds `text`.
    fn until(&mut self, stream: &mut Stream, text: &str) -> anyhow::Result<()> {
        for event in stream.by_ref() {
            let found = event.data.contains(text);
            self.heard.push(event);
            if found {
                return Ok(());
            }
        }
        anyhow::bail!("nothing spoke of {text:?}: {:?}", self.heard)
    }

    /// Hears the rest of the run, and holds all of it against what one hears who reads it from its beginning now: nothing is
    /// missed, and nothing came twice.
    async fn to_the_end(&mut self) -> anyhow::Result<()> {
        self.follow().await?;
        let over = self.team.run_over(&self.token, &self.run).await?;
        assert_eq!(over["status"], "completed", "{over}");
        let pair = |event: &Event| (event.id.clone(), event.data.clone());
        let heard: HashSet<_> = self.heard.iter().map(pair).collect();
        ensure!(heard.len() == self.heard.len(), "something came twice: {:?}", self.heard);
        let mut other = Self { team: self.team, token: self.token.clone(), run: self.run.clone(), heard: Vec::new() };
        other.follow().await?;
        let missed: Vec<_> = other.heard.iter().filter(|event| !heard.contains(&pair(event))).collect();
        ensure!(missed.is_empty(), "missed {missed:?}, heard {:?}", self.heard);
        Ok(())
    }

    /// Reads until the run has finished, and connects again whenever a connection ended before: the kubelet may start the container
    /// of a pod again that is about to go.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let finished = async {
            while !self.heard.last().is_some_and(|last| last.data.contains(r#""type":"run_finished""#)) {
                tokio::time::sleep(PAUSE).await;
                self.heard.extend(self.connect()?);
            }
            Ok::<_, anyhow::Error>(())
        };
        let in_time = tokio::time::timeout(LIMIT, finished).await;
        in_time.unwrap_or_else(|_| anyhow::bail!("the run did not finish: {:?}", self.heard))
    }

    /// The events of a type.
    fn events(&self, kind: &str) -> Vec<Value> {
        let read = self.heard.iter().filter_map(|event| serde_json::from_str::<Value>(&event.data).ok());
        read.filter(|event| event["type"] == kind).collect()
    }
}

/// Waits until another pod stands in the place of this one.
async fn replaced(team: &Team, before: &str) -> anyhow::Result<()> {
    let other = async {
        while team.kubectl(&OF_POD).map_or(true, |now| now == before) {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, other).await.context("no other pod came")
}

#[tokio::test]
async fn a_killed_pod_loses_no_turn_no_event_and_repeats_no_call() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "killed").await?;
    let caller = team.caller("troupe-invoker").await?;
    let mut reader = Reader::of(&team, &caller, "assistant", "make a note")?;

    // The call is over, and the model speaks of it, slowly.
    let mut stream = reader.connect()?;
    reader.until(&mut stream, "written")?;
    let before = team.kubectl(&OF_POD)?;
    team.kubectl(&["delete", "pod/troupe-runtime-0", "--grace-period=0", "--force"])?;
    reader.heard.extend(stream);
    replaced(&team, &before).await?;

    reader.to_the_end().await?;
    let told = json!(reader.events("message")).to_string();
    assert!(told.contains("It is now written down in the notes."), "{told}");
    let notes = std::fs::read_dir(volume(&team, "workspace"))?
        .filter_map(|user| std::fs::read_to_string(user.ok()?.path().join("notes.txt")).ok())
        .collect::<String>();
    assert_eq!(notes, "noted\n", "the finished call ran once");
    team.end()
}

#[tokio::test]
async fn a_pod_killed_during_calls_repeats_only_what_reads_and_tells_of_the_rest() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "calling").await?;
    let caller = team.caller("troupe-invoker").await?;
    team.apply(&include_str!("ledger.yaml").replace("VERSION", VERSION)).await?;
    team.kubectl(&["wait", "deployment/ledger", "--for=condition=Available", "--timeout=2m"])?;
    team.kubectl(&["wait", "agent/clerk", "--for=condition=Ready", "--timeout=2m"])?;
    // The node's own proxy learns of a new Service's pod a moment after us.
    let answering = async {
        while counts(&team).is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, answering).await.context("the service did not answer")?;
    let mut reader = Reader::of(&team, &caller, "clerk", "settle it")?;

    // One call is over, and the service holds the other two back.
    let mut stream = reader.connect()?;
    let held = async {
        while counts(&team)? != json!({"write": 1, "pay": 1, "look": 1}) {
            tokio::time::sleep(PAUSE).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(LIMIT, held).await.context("the calls did not come")??;
    reader.until(&mut stream, r#""name":"look""#)?;
    let before = team.kubectl(&OF_POD)?;
    // At once, as a lost machine ends: no signal that the runtime could heed.
    team.kill_runtime()?;
    team.kubectl(&["delete", "pod/troupe-runtime-0", "--grace-period=0", "--force"])?;
    reader.heard.extend(stream);
    ledger(&team, "release")?;
    replaced(&team, &before).await?;

    reader.to_the_end().await?;
    let counts = counts(&team)?;
    assert_eq!((&counts["write"], &counts["pay"]), (&json!(1), &json!(1)), "{counts}: {:?}", reader.heard);
    assert!(counts["look"].as_u64() >= Some(2), "what only reads is made again: {counts}");
    let finished = reader.events("tool_finished");
    let result = |name: &str| {
        let of_name: Vec<_> = finished.iter().filter(|event| event["name"] == name).map(Value::to_string).collect();
        assert_eq!(of_name.len(), 1, "{name}: {finished:?}");
        of_name.concat()
    };
    assert!(result("write").contains("write is done"));
    assert!(result("look").contains("look is done"));
    assert!(result("pay").contains("whether it took effect is unknown"), "{finished:?}");
    team.end()
}

/// How often each path was called.
fn counts(team: &Team) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&ledger(team, "counts")?)?)
}

/// What the service of `ledger.yaml` answers.
fn ledger(team: &Team, path: &str) -> anyhow::Result<String> {
    let address = team.kubectl(&["get", "service/ledger", "--output=jsonpath={.spec.clusterIP}"])?;
    let mut curl = team.release.node.inside("curl")?;
    release::said(curl.args(["--silent", "--show-error", "--fail", &format!("http://{address}:8080/{path}")]))
}
