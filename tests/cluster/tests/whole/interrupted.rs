//! A runtime's pod that is killed in the middle of a turn that calls tools.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    asking::Event,
    release,
    team::{Team, volume},
};

/// Every event of a run, over however many connections it takes.
fn typed(events: &[Event]) -> Vec<Value> {
    events.iter().filter_map(|event| serde_json::from_str(&event.data).ok()).collect()
}

#[tokio::test]
async fn a_killed_pod_loses_no_turn_no_event_and_repeats_no_call() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "killed").await?;
    let caller = team.caller("troupe-invoker").await?;
    let run = team.start(&caller, &json!({"input": "make a note", "session_id": "new"}))?;
    let path = format!("/v1/runs/{run}/events");

    // The call is over, and the model speaks of it, slowly.
    let mut heard = Vec::new();
    let mut stream = team.stream(&caller, &path, &[])?;
    for event in stream.by_ref() {
        let speaks = event.data.contains("written");
        heard.push(event);
        if speaks {
            break;
        }
    }
    let of_pod = ["get", "pod/troupe-runtime-0", "--output=jsonpath={.metadata.uid}"];
    let before = team.kubectl(&of_pod)?;
    team.kubectl(&["delete", "pod/troupe-runtime-0", "--grace-period=0", "--force"])?;
    heard.extend(stream);
    let replaced = async {
        while team.kubectl(&of_pod).is_ok_and(|now| now == before) || team.kubectl(&of_pod).is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), replaced).await?;
    team.eventually(&caller, &format!("/v1/runs/{run}")).await?;

    // The client goes on where it was.
    let last = heard.last().map(|event| event.id.clone()).context("something was heard")?;
    heard.extend(team.stream(&caller, &path, &["--header", &format!("Last-Event-ID: {last}")])?);
    let over = team.eventually(&caller, &format!("/v1/runs/{run}")).await?;
    assert_eq!(over["status"], "completed", "{over}");
    // Who reads it from the beginning now sees what the interrupted reader saw in two parts.
    let whole: Vec<Event> = team.stream(&caller, &path, &[])?.collect();
    let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<BTreeSet<_>>();
    assert!(ids(&whole).is_subset(&ids(&heard)), "missed: {:?}", typed(&whole));
    assert!(typed(&heard).iter().any(|event| event.to_string().contains("It is now written down in the notes.")));

    let notes = std::fs::read_dir(volume(&team, "workspace"))?
        .filter_map(|user| std::fs::read_to_string(user.ok()?.path().join("notes.txt")).ok())
        .collect::<String>();
    assert_eq!(notes, "noted\n", "the finished call ran once");
    team.end()
}
