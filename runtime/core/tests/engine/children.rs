//! Sub-agents: begun by name or ad hoc, within their own limits and those of the runs above them.

use serde_json::json;
use troupe_core::agent::Limits;
use troupe_core::engine::{Command, StartRequest};
use troupe_core::event::{Event, Limit, Outcome};
use troupe_core::model::{ModelError, ModelEvent, ModelRequest};
use troupe_core::stream::{Item, Piece};
use troupe_core::tool::{ToolKind, ToolResult, ToolSnapshot, builtin};

use crate::program::{answer, limited, tool_results};
use crate::waiting::{approved, asked_for};
use crate::world::{World, agent, ask, in_session, request, results, say, tool};
use crate::{drain, finish, outcome};

/// An agent `a` that asks an agent `helper` with these limits, which calls the tool `slow` for ever.
fn with_helper(limits: Limits, called: ToolSnapshot) -> StartRequest {
    let ask_helper = ToolSnapshot { kind: ToolKind::Agent { agent: "helper".to_owned() }, ..tool("ask_helper") };
    let helper = limited(agent("helper", vec![called]), limits);
    request(vec![agent("a", vec![ask_helper]), helper], "hi")
}

fn helped(request: &ModelRequest) -> Vec<Result<ModelEvent, ModelError>> {
    if request.messages[0].content == "You are helper." {
        return ask(&[("slow", json!({}))]);
    }
    match results(&request.messages).len() {
        0 => ask(&[("ask_helper", json!({"task": "how many?"}))]),
        _ => say("it does not know"),
    }
}

#[tokio::test]
async fn a_sub_agent_ends_at_its_own_time_and_the_run_goes_on() {
    let world = World::new(helped);
    let limits = Limits { timeout_ms: Some(20), ..Limits::default() };
    let start = with_helper(limits, tool("slow"));
    let mut started = world.calm().start(start).await.unwrap();
    while world.ran("slow") == 0 {
        started.subscription.next().await.unwrap();
    }
    world.skip(20_000);
    drain(&mut started.subscription).await;
    let root = started.run;
    let events = world.disk.lock().unwrap().runs[&root].events.clone();
    let outcome = outcome(&events).unwrap();
    assert!(matches!(outcome, Outcome::Completed { limit: None, .. }), "the root has no limit: {outcome:?}");
    let late: Vec<_> = events.iter().filter(|recorded| recorded.event == Event::DeadlineReached).collect();
    assert!(late.len() == 1 && late[0].run != root);
    let told = results(&world.asked.lock().unwrap().last().unwrap().messages);
    assert_eq!(told, ["Stopped: the time limit of 20 ms was reached. Send another message to continue."]);
}

#[tokio::test]
async fn a_sub_agent_that_waits_for_a_person_has_all_its_time() {
    let world = World::new(|request| match results(&request.messages).as_slice() {
        [.., last] if last.contains("slow done") => say("it was agreed to"),
        _ => helped(request),
    });
    world.gate.notify_one();
    let limits = Limits { timeout_ms: Some(20), ..Limits::default() };
    let start = in_session(with_helper(limits, approved("slow")), "s", true);
    let engine = world.calm();
    let mut started = engine.start(start).await.unwrap();
    let call = asked_for(&mut started).await;
    world.skip(3_600 * 1_000_000);
    let run = started.run;
    engine.command(run, Command::Decide { call, approved: true, arguments: None, by: "me".to_owned() }).await.unwrap();
    drain(&mut started.subscription).await;
    let events = world.disk.lock().unwrap().runs[&run].events.clone();
    assert!(matches!(outcome(&events), Some(Outcome::Completed { limit: None, .. })));
    assert!(events.iter().all(|recorded| recorded.event != Event::DeadlineReached));
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["it was agreed to"]);
}

#[tokio::test]
async fn a_sub_agent_spends_what_the_runs_above_it_have() {
    let world = World::new(helped);
    world.results.lock().unwrap().extend((0..9).map(|_| ToolResult::text("more")));
    let start = with_helper(Limits::default(), tool("slow"));
    let limits = Limits { max_tokens: Some(60), ..Limits::default() };
    let (events, outcome) = finish(world.calm().start(StartRequest { limits, ..start }).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::Tokens), .. }));
    // Of 28 tokens each: the root's step, the sub-agent's two, and then nobody is asked any more.
    assert_eq!(world.asked.lock().unwrap().len(), 3);
    let told = tool_results(&events).pop().unwrap();
    assert!(told.content.contains("the limit of 60 tokens was reached"), "{}", told.content);
}

#[tokio::test]
async fn an_agent_is_a_tool_of_another_and_its_words_are_streamed() {
    let called = ToolSnapshot { kind: ToolKind::Agent { agent: "helper".to_owned() }, ..tool("ask_helper") };
    let world = World::new(|request| {
        if request.messages[0].content == "You are helper." {
            return say("forty-two");
        }
        match results(&request.messages).len() {
            0 => ask(&[("ask_helper", json!({"task": "how many?"}))]),
            _ => say("it is forty-two"),
        }
    });
    let mut started =
        world.calm().start(request(vec![agent("a", vec![called]), agent("helper", vec![])], "hi")).await.unwrap();
    let root = started.run;
    let items = drain(&mut started.subscription).await;
    let streamed: String = items
        .iter()
        .filter_map(|item| match item {
            Item::Delta(delta) if delta.run != root => match &delta.piece {
                Piece::Content(text) => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(streamed, "forty-two");
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["forty-two"]);
}

#[tokio::test]
async fn sub_agents_nest_only_so_deep() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("delegate", json!({"model_id": "small", "tool_names": "delegate", "task": "deeper"}))]),
        _ => say(&results(&request.messages)[0]),
    });
    let (events, outcome) =
        finish(world.calm().start(request(vec![agent("a", vec![builtin::delegate()])], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert!(answer(&events).contains("sub-agents may nest 3 deep"), "{}", answer(&events));
}

#[tokio::test]
async fn a_delegate_of_an_unknown_model_or_tool_is_an_error_result() {
    for (arguments, said) in [
        (
            json!({"model_id": "none", "tool_names": [], "task": "x"}),
            "Error: delegate failed: there is no model \"none\"",
        ),
        (
            json!({"model_id": "small", "tool_names": ["x"], "task": "x"}),
            "Error: delegate failed: unknown tool 'x'; available: delegate",
        ),
        (
            json!({"model_id": "small", "tool_names": []}),
            "Error: delegate failed: the argument \"task\" is missing: say what the sub-agent shall do",
        ),
    ] {
        let world = World::new(move |request| match results(&request.messages).len() {
            0 => ask(&[("delegate", arguments.clone())]),
            _ => say("ok"),
        });
        let (events, _) =
            finish(world.calm().start(request(vec![agent("a", vec![builtin::delegate()])], "hi")).await.unwrap()).await;
        assert_eq!(tool_results(&events)[0].content, said);
    }
}
