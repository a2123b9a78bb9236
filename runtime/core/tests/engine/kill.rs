//! Processes die before and after every commit of a tool-calling, delegating turn; another goes on.

use std::sync::Arc;

use serde_json::json;
use troupe_core::engine::EngineOptions;
use troupe_core::event::{Event, Outcome};
use troupe_core::id::RunId;
use troupe_core::message::Role;
use troupe_core::model::{ModelError, ModelEvent, ModelRequest};
use troupe_core::port::RunState;
use troupe_core::run::{Tree, outstanding};
use troupe_core::stream::{Item, replay};
use troupe_core::tool::builtin;

use crate::memory::Death;
use crate::world::{PATIENCE, World, agent, ask, in_session, request, results, say, tool};
use crate::{drain, outcome};

/// A turn with two parallel calls, a sub-agent that calls a tool itself, and an answer.
fn script(request: &ModelRequest) -> Vec<Result<ModelEvent, ModelError>> {
    let done = results(&request.messages);
    if request.messages.iter().any(|message| message.role == Role::User && message.content == "count the files") {
        return if done.is_empty() { ask(&[("write_child", json!({"n": 1}))]) } else { say("three files") };
    }
    match done.len() {
        0 => ask(&[("write", json!({"path": "a"})), ("read", json!({"path": "b"}))]),
        2 => {
            ask(&[("delegate", json!({"model_id": "small", "tool_names": ["write_child"], "task": "count the files"}))])
        }
        _ => say("all is done"),
    }
}

fn start() -> troupe_core::engine::StartRequest {
    let tools = vec![tool("write"), tool("read"), tool("write_child"), builtin::delegate()];
    in_session(request(vec![agent("assistant", tools)], "go"), "s1", true)
}

/// One process: starts the turn if there is none yet, else resumes; ends when the turn is over or the process dies.
fn process(world: &World, death: Death) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let (engine, died) = world.engine(death, EngineOptions::default());
        let work = async {
            let known = world.disk.lock().unwrap().runs.keys().next().copied();
            let run = match known {
                None => engine.start(start()).await.unwrap().run,
                Some(run) => {
                    for row in world.disk.lock().unwrap().runs.values_mut() {
                        row.expired = true;
                    }
                    engine.recover().await.unwrap();
                    run
                }
            };
            let mut subscription = engine.subscribe(run, None).await.unwrap().unwrap();
            let live = drain(&mut subscription).await;
            let events = world.disk.lock().unwrap().runs[&run].events.clone();
            assert_eq!(live, replay(&events), "a live stream equals a replayed one");
        };
        tokio::select! {
            () = work => true,
            () = died.notified() => false,
            () = tokio::time::sleep(PATIENCE) => panic!("the turn hangs ({death:?})"),
        }
    });
    runtime.shutdown_background();
    ended
}

fn check(world: &World, deaths: usize) {
    let disk = world.disk.lock().unwrap();
    let (run, row) = disk.runs.iter().next().unwrap();
    assert_eq!(row.state, RunState::Completed);
    assert!(matches!(outcome(&row.events), Some(Outcome::Completed { limit: None, .. })));
    check_calls(world, &row.events);
    check_prefixes(*run, row, &disk.snapshots);
    let turns = &disk.sessions["s1"];
    let roles: Vec<_> = turns.iter().map(|turn| turn.role).collect();

    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::Tool, Role::Tool, Role::Assistant, Role::Tool, Role::Assistant],
        "the transcript is complete"
    );
    assert_eq!(turns.last().unwrap().content, "all is done");
    if deaths == 0 {
        assert_eq!(turns[5].content, "three files");
    }
}

/// Finished calls ran once; interrupted ones at most once, unless they are repeatable.
fn check_calls(world: &World, events: &[troupe_core::event::Recorded]) {
    let ran = world.ran.lock().unwrap();
    for recorded in events {
        let Event::ToolCallFinished { call, result, .. } = &recorded.event else { continue };
        let times: usize =
            ran.iter().filter(|(name, _)| name.contains(&call.to_string())).map(|(_, times)| times).sum();
        let repeatable = ran.keys().any(|name| name.contains(&call.to_string()) && name.starts_with("read"));
        if result.is_error {
            assert!(result.content.contains("interrupted"), "{}", result.content);
            assert!(times <= 1, "an interrupted call that changes something ran {times} times");
        } else if !repeatable {
            assert_eq!(times, 1, "a finished call ran {times} times");
        } else {
            assert!(times >= 1);
        }
    }
}

/// Any prefix of the journal, replayed twice, has the same outstanding effects, and none of them makes a finished call.
fn check_prefixes(
    run: RunId,
    row: &crate::memory::Row,
    snapshots: &std::collections::HashMap<troupe_core::id::ContentHash, troupe_core::agent::PinnedSnapshot>,
) {
    let known = || snapshots.values().map(|pinned| (pinned.hash.clone(), Arc::clone(&pinned.snapshot)));
    let mut finished = std::collections::HashSet::new();
    for length in 0..=row.events.len() {
        let prefix = &row.events[..length];
        if let Some(Event::ToolCallFinished { call, .. }) = prefix.last().map(|recorded| &recorded.event) {
            finished.insert(*call);
        }
        let tree = Tree::replay(run, known(), prefix);
        let effects = outstanding(&tree);
        assert_eq!(effects, outstanding(&Tree::replay(run, known(), prefix)));
        for effect in effects {
            if let troupe_core::run::Effect::Call { call, .. } = effect {
                assert!(!finished.contains(&call), "a finished call is made again");
            }
        }
    }
}

#[test]
fn a_turn_survives_a_death_at_every_commit() {
    let world = World::new(script);
    assert!(process(&world, Death::Never));
    check(&world, 0);
    let commits = world.disk.lock().unwrap().commits;
    assert!(commits >= 8, "the turn has enough boundaries to die at: {commits}");
    for at in 1..=commits {
        for death in [Death::Before(at), Death::After(at)] {
            let world = World::new(script);
            assert!(!process(&world, death), "the process dies at {death:?}");
            assert!(process(&world, Death::Never));
            check(&world, 1);
        }
    }
}

#[test]
fn a_turn_survives_a_death_at_every_commit_of_every_life() {
    for step in 2..=4 {
        let world = World::new(script);
        let mut deaths = 0;
        // Each life gets `step` commits further; ones of one commit cannot get past the commit that records the takeover.
        loop {
            let commits = world.disk.lock().unwrap().commits;
            if process(&world, Death::After(commits + step)) {
                break;
            }
            deaths += 1;
            assert!(deaths < 60, "each life gets a bit further");
        }
        check(&world, deaths);
    }
}

#[test]
fn a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::new(script);
        let engine = world.calm();
        let mut started = engine.start(start()).await.unwrap();
        let whole = drain(&mut started.subscription).await;
        for cut in 0..whole.len() {
            let after = whole[..cut].last().map(Item::id);
            let mut again = engine.subscribe(started.run, after).await.unwrap().unwrap();
            assert_eq!(drain(&mut again).await, whole[cut..]);
        }
    });
}
