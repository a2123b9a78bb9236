//! Runs that wait for a person or for their caller: answered, refused, forgotten, over restarts.

use serde_json::json;
use troupe_core::engine::{Command, CommandError, StartRequest, Started};
use troupe_core::event::{Event, Outcome};
use troupe_core::id::CallId;
use troupe_core::port::RunState;
use troupe_core::stream::Item;
use troupe_core::tool::{Approval, ToolKind, ToolResult, ToolSnapshot};

use crate::program::{stateless, tool_results};
use crate::world::{World, agent, ask, in_session, request, results, say, tool};
use crate::{drain, finish};

pub(crate) fn approved(name: &str) -> ToolSnapshot {
    ToolSnapshot { approval: Approval::Always, ..tool(name) }
}

pub(crate) async fn asked_for(started: &mut Started) -> CallId {
    loop {
        if let Item::Event(recorded) = started.subscription.next().await.unwrap()
            && let Event::ApprovalRequested { call, .. } = &recorded.event
        {
            return *call;
        }
    }
}

#[tokio::test]
async fn a_call_waits_for_approval_and_takes_edited_arguments() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({"path": "a"}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    let run = started.run;
    let call = asked_for(&mut started).await;
    // A person takes a while: a second engine is a process that was started in between.
    let arguments = Some(json!({"path": "b"}).to_string());
    engine.command(run, Command::Decide { call, approved: true, arguments, by: "me".to_owned() }).await.unwrap();
    let (_, outcome) = finish(started).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert!(world.ran.lock().unwrap().keys().any(|call| call.ends_with(r#"{"path":"b"}"#)));
    let again = engine.command(run, Command::Decide { call, approved: true, arguments: None, by: String::new() }).await;
    assert!(matches!(again, Err(CommandError::Conflict(_))));
}

#[tokio::test]
async fn a_waiting_run_is_answered_in_another_process() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let first = world.calm();
    let mut started =
        first.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    let call = asked_for(&mut started).await;
    while world.disk.lock().unwrap().runs[&started.run].state != RunState::Waiting {
        tokio::task::yield_now().await;
    }
    let second = world.calm();
    second.recover().await.unwrap();
    assert_eq!(second.active("s"), Some(started.run), "its session is busy");
    let mut reader = second.subscribe(started.run, None).await.unwrap().unwrap();
    second
        .command(started.run, Command::Decide { call, approved: false, arguments: None, by: "me".to_owned() })
        .await
        .unwrap();
    drain(&mut reader).await;
    assert_eq!(world.ran("write"), 0);
    let turns = world.disk.lock().unwrap().sessions["s"].clone();
    assert_eq!(turns[2].content, "Error: the call of 'write' was refused (me)");
}

#[tokio::test]
async fn nobody_answers_for_seven_days() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    asked_for(&mut started).await;
    while world.disk.lock().unwrap().runs[&started.run].state != RunState::Waiting {
        tokio::task::yield_now().await;
    }
    world.skip(8 * 24 * 3_600 * 1_000_000);
    engine.recover().await.unwrap();
    let (events, _) = finish(started).await;
    assert_eq!(tool_results(&events)[0].content, "Error: the call of 'write' was refused (nobody answered in time)");
}

#[tokio::test]
async fn a_stateless_call_cannot_wait_for_a_person() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let (events, _) =
        finish(world.calm().start(stateless(request(vec![agent("a", vec![approved("write")])], "hi"))).await.unwrap())
            .await;
    assert!(tool_results(&events)[0].content.contains("use a session"));
}

#[tokio::test]
async fn a_callers_own_tool_is_handed_back_and_the_run_waits_in_the_journal() {
    let own = ToolSnapshot { kind: ToolKind::Client, ..tool("mine") };
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("mine", json!({})), ("read", json!({}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started = engine.start(stateless(request(vec![agent("a", vec![own, tool("read")])], "hi"))).await.unwrap();
    let run = started.run;
    while !world.disk.lock().unwrap().runs.contains_key(&run) {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.ran("read"), 1, "ours ran at once");
    let call = CallId::derive(run, 1, 0);
    engine.command(run, Command::Input { call, result: ToolResult::text("yours") }).await.unwrap();
    drain(&mut started.subscription).await;
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["yours", "read done"]);
}

#[tokio::test]
async fn a_caller_that_gives_no_result_in_seven_days_is_not_waited_for() {
    for durable in [false, true] {
        let own = ToolSnapshot { kind: ToolKind::Client, ..tool("mine") };
        let world = World::new(|request| match results(&request.messages).len() {
            0 => ask(&[("mine", json!({}))]),
            _ => say("done"),
        });
        let engine = world.calm();
        let start = StartRequest { durable, ..request(vec![agent("a", vec![own])], "hi") };
        let mut started = engine.start(start).await.unwrap();
        let waits = || world.disk.lock().unwrap().runs.get(&started.run).map(|row| row.state);
        while waits() != Some(RunState::Waiting) {
            tokio::task::yield_now().await;
        }
        world.skip(6 * 24 * 3_600 * 1_000_000);
        engine.recover().await.unwrap();
        assert_eq!(waits(), Some(RunState::Waiting), "six days are not too long");
        world.skip(2 * 24 * 3_600 * 1_000_000);
        engine.recover().await.unwrap();
        drain(&mut started.subscription).await;
        let told = results(&world.asked.lock().unwrap().last().unwrap().messages);
        assert_eq!(told, ["Error: the caller gave no result of 'mine' in time"]);
    }
}
