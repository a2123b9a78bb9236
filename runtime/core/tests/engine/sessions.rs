//! Sessions: one run at a time, in order, bounded; what is told twice is done once.

use serde_json::json;
use troupe_core::engine::{Command, Dispatch, EngineOptions, StartError, StartRequest};
use troupe_core::event::Outcome;
use troupe_core::id::ContentHash;
use troupe_core::message::Role;
use troupe_core::port::{Idempotency, StoreError};

use crate::memory::Death;
use crate::world::{World, agent, ask, in_session, request, results, say, tool};
use crate::{drain, finish};

fn slow_world() -> World {
    World::new(|request| {
        let last = request.messages.iter().rev().find(|message| message.role == Role::User).unwrap();
        if last.content == "first" && results(&request.messages).is_empty() {
            return ask(&[("slow", json!({}))]);
        }
        say(&format!("re: {}", last.content))
    })
}

fn turn(text: &str, create: bool) -> StartRequest {
    in_session(request(vec![agent("a", vec![tool("slow")])], text), "s", create)
}

#[tokio::test]
async fn the_runs_of_a_session_wait_for_each_other_in_order() {
    let world = slow_world();
    let engine = world.calm();
    let first = engine.start(turn("first", true)).await.unwrap();
    let second = engine.start(turn("second", false)).await.unwrap();
    let third = engine.start(turn("third", false)).await.unwrap();
    assert_eq!(engine.load().1, 2);
    world.gate.notify_one();
    for started in [first, second, third] {
        assert!(matches!(finish(started).await.1, Outcome::Completed { .. }));
    }
    let disk = world.disk.lock().unwrap();
    let said: Vec<_> =
        disk.sessions["s"].iter().filter(|turn| turn.role == Role::User).map(|turn| turn.content.as_str()).collect();
    assert_eq!(said, ["first", "second", "third"]);
    let last = world.asked.lock().unwrap().last().unwrap().messages.len();
    assert_eq!(last, 1 + disk.sessions["s"].len() - 1, "the third read everything before it");
}

#[tokio::test]
async fn a_run_that_another_overtook_on_its_way_into_the_store_waits_for_it() {
    let world = slow_world();
    let engine = world.calm();
    assert!(matches!(finish(engine.start(turn("zero", true)).await.unwrap()).await.1, Outcome::Completed { .. }));
    world.disk.lock().unwrap().late = true;
    // The second is queued, and claimed, before the first is written.
    let (one, two) = tokio::join!(engine.start(turn("one", false)), engine.start(turn("two", false)));
    for started in [one, two] {
        assert!(matches!(finish(started.unwrap()).await.1, Outcome::Completed { .. }));
    }
    let disk = world.disk.lock().unwrap();
    let said: Vec<_> = disk.sessions["s"].iter().map(|turn| turn.content.as_str()).collect();
    assert_eq!(said, ["zero", "re: zero", "two", "re: two", "one", "re: one"]);
}

#[tokio::test]
async fn a_session_takes_only_so_many_waiting_runs() {
    let world = slow_world();
    let engine = world.calm();
    let _first = engine.start(turn("first", true)).await.unwrap();
    for _ in 0..8 {
        engine.start(turn("more", false)).await.unwrap();
    }
    let refused = engine.start(turn("too many", false)).await;
    assert!(matches!(refused, Err(StartError::SessionQueueFull { waiting: 8, .. })));
}

#[tokio::test]
async fn a_full_house_queues_and_a_full_queue_refuses() {
    let world = slow_world();
    let options = EngineOptions { max_running: 1, max_queued: 1, ..EngineOptions::default() };
    let (engine, _) = world.engine(Death::Never, options);
    let first = engine.start(request(vec![agent("a", vec![tool("slow")])], "first")).await.unwrap();
    let second = engine.start(request(vec![agent("a", vec![])], "second")).await.unwrap();
    let third = engine.start(request(vec![agent("a", vec![])], "third")).await;
    assert!(matches!(third, Err(StartError::QueueFull { waiting: 1 })));
    world.gate.notify_one();
    assert!(matches!(finish(first).await.1, Outcome::Completed { .. }));
    assert!(matches!(finish(second).await.1, Outcome::Completed { .. }));
}

#[tokio::test]
async fn a_new_message_may_interrupt_the_running_one() {
    let world = slow_world();
    let engine = world.calm();
    let first = engine.start(turn("first", true)).await.unwrap();
    let second = engine.start(StartRequest { interrupt: true, ..turn("second", false) }).await.unwrap();
    assert!(matches!(finish(first).await.1, Outcome::Cancelled { .. }));
    assert!(matches!(finish(second).await.1, Outcome::Completed { .. }));
}

#[tokio::test]
async fn the_same_call_is_answered_with_the_same_run() {
    let world = World::new(|_| say("once"));
    let engine = world.calm();
    let keyed = |body: &str| StartRequest {
        idempotency: Some(Idempotency {
            scope: "me POST /v1".to_owned(),
            key: "k".to_owned(),
            body: ContentHash::of(body.as_bytes()),
        }),
        ..request(vec![agent("a", vec![])], "hi")
    };
    let mut first = engine.start(keyed("x")).await.unwrap();
    let whole = drain(&mut first.subscription).await;
    let mut second = engine.start(keyed("x")).await.unwrap();
    assert!(second.existing && second.run == first.run);
    assert_eq!(drain(&mut second.subscription).await, whole);
    assert_eq!(world.asked.lock().unwrap().len(), 1);
    let refused = engine.start(keyed("y")).await;
    assert!(matches!(refused, Err(StartError::Store(StoreError::IdempotencyMismatch(_)))));
}

#[tokio::test]
async fn a_draft_runs_when_it_is_dispatched() {
    let world = World::new(|_| say("hello"));
    let engine = world.calm();
    let draft = StartRequest { dispatch: Dispatch::Draft, ..request(vec![agent("a", vec![])], "hi") };
    let started = engine.start(draft).await.unwrap();
    assert!(world.asked.lock().unwrap().is_empty());
    engine.command(started.run, Command::Dispatch).await.unwrap();
    assert!(matches!(finish(started).await.1, Outcome::Completed { .. }));
}

#[tokio::test]
async fn a_stopping_engine_hands_back_and_the_next_goes_on() {
    let world = slow_world();
    let engine = world.calm();
    let mut first = engine.start(turn("first", true)).await.unwrap();
    while world.ran("slow") == 0 {
        tokio::task::yield_now().await;
    }
    engine.stop(std::time::Duration::ZERO).await;
    let seen = drain(&mut first.subscription).await;
    assert!(matches!(engine.start(turn("second", false)).await, Err(StartError::Stopping)));
    let next = world.calm();
    next.recover().await.unwrap();
    let after = seen.last().map(troupe_core::stream::Item::id);
    let mut again = next.subscribe(first.run, after).await.unwrap().unwrap();
    assert!(!drain(&mut again).await.is_empty());
    assert_eq!(world.ran("slow"), 1, "an interrupted call that may change something is not repeated");
    let turns = world.disk.lock().unwrap().sessions["s"].clone();
    assert!(turns[2].content.contains("interrupted"));
}

#[tokio::test]
async fn a_queued_run_is_cancelled_without_touching_its_session() {
    let world = slow_world();
    let engine = world.calm();
    let first = engine.start(turn("first", true)).await.unwrap();
    let second = engine.start(turn("second", false)).await.unwrap();
    let cancel = Command::Cancel { by: "me".to_owned(), forced: false };
    engine.command(second.run, cancel).await.unwrap();
    assert!(matches!(finish(second).await.1, Outcome::Cancelled { .. }));
    assert_eq!(engine.active("s"), Some(first.run));
    let third = engine.start(turn("third", false)).await.unwrap();
    world.gate.notify_one();
    assert!(matches!(finish(first).await.1, Outcome::Completed { .. }));
    assert!(matches!(finish(third).await.1, Outcome::Completed { .. }));
    let disk = world.disk.lock().unwrap();
    let said: Vec<_> =
        disk.sessions["s"].iter().filter(|turn| turn.role == Role::User).map(|turn| turn.content.as_str()).collect();
    assert_eq!(said, ["first", "third"]);
}
