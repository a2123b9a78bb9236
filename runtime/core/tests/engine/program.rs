//! The agent's program: rounds, limits, retries, fallbacks, skills, structured output.

use serde_json::json;
use troupe_core::agent::{AgentSnapshot, Limits};
use troupe_core::engine::{Command, StartRequest};
use troupe_core::event::{Event, Limit, Outcome, Recorded};
use troupe_core::message::Role;
use troupe_core::model::{FinishReason, ModelEvent, ToolCallDelta};
use troupe_core::stream::{Item, Piece};
use troupe_core::tool::{SkillTool, ToolKind, ToolResult, ToolSnapshot};

use crate::world::{World, agent, ask, failure, in_session, request, results, say, tool, with_schema};
use crate::{drain, finish};

pub(crate) fn answer(events: &[Recorded]) -> String {
    let root = events[0].run;
    let texts = events.iter().filter(|recorded| recorded.run == root).filter_map(|recorded| match &recorded.event {
        Event::MessageFinished(finished) => Some(finished.content.clone()),
        _ => None,
    });
    texts.collect()
}

pub(crate) fn tool_results(events: &[Recorded]) -> Vec<ToolResult> {
    events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::ToolCallFinished { result, .. } | Event::ChildFinished { result, .. } => Some(result.clone()),
            _ => None,
        })
        .collect()
}

pub(crate) fn stateless(request: StartRequest) -> StartRequest {
    StartRequest { durable: false, ..request }
}

pub(crate) fn limited(agent: AgentSnapshot, limits: Limits) -> AgentSnapshot {
    AgentSnapshot { limits, ..agent }
}

#[tokio::test]
async fn a_stateless_run_writes_nothing() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("read", json!({}))]),
        _ => say("done"),
    });
    let started = world.calm().start(stateless(request(vec![agent("a", vec![tool("read")])], "hi"))).await.unwrap();
    let (events, outcome) = finish(started).await;
    assert_eq!(answer(&events), "done");
    assert!(matches!(outcome, Outcome::Completed { limit: None, note: None, output: None }));
    assert_eq!(world.disk.lock().unwrap().commits, 0);
}

#[tokio::test]
async fn rounds_end_at_their_limit_and_every_pending_call_is_told() {
    let world = World::new(|_| ask(&[("read", json!({})), ("write", json!({}))]));
    let limits = Limits { max_tool_rounds: 2, ..Limits::default() };
    let agent = limited(agent("a", vec![tool("read"), tool("write")]), limits);
    let (events, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::ToolRounds), .. }));
    let results = tool_results(&events);
    assert_eq!(results.len(), 6);
    assert_eq!(results[4].content, "Error: maximum tool-call rounds (2) reached. Tool 'read' was not executed.");
    assert_eq!(results[5].content, "Error: maximum tool-call rounds (2) reached. Tool 'write' was not executed.");
    assert_eq!((world.ran("read"), world.ran("write")), (2, 2));
}

#[tokio::test]
async fn tokens_calls_and_money_end_a_run_with_an_answer_that_says_so() {
    let cases = [
        (Limits { max_tokens: Some(30), ..Limits::default() }, Limit::Tokens),
        (Limits { max_tool_calls: Some(1), ..Limits::default() }, Limit::ToolCalls),
    ];
    for (limits, expected) in cases {
        let world = World::new(|_| ask(&[("read", json!({}))]));
        let agent = limited(agent("a", vec![tool("read")]), limits);
        let (_, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
        let Outcome::Completed { limit: Some(limit), note: Some(note), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(limit, expected);
        assert!(note.starts_with("Stopped: the limit of "), "{note}");
    }
}

#[tokio::test]
async fn a_failing_model_is_asked_again_then_its_fallback() {
    let world = World::new(|request| match request.model.name.as_str() {
        "large" => vec![Err(failure("500", true))],
        _ => say("from the spare one"),
    });
    let (events, outcome) = finish(world.calm().start(request(vec![agent("a", vec![])], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert_eq!(answer(&events), "from the spare one");
    let asked: Vec<_> = world.asked.lock().unwrap().iter().map(|request| request.model.name.clone()).collect();
    assert_eq!(asked, ["large", "large", "large", "spare"]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_fails_and_keeps_what_was_said() {
    let world =
        World::new(|_| vec![Ok(ModelEvent::Content("half".to_owned())), Err(failure("CONNECTION_ERROR", true))]);
    let start = in_session(request(vec![agent("a", vec![])], "hi"), "s", true);
    let (_, outcome) = finish(world.calm().start(start).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "CONNECTION_ERROR"));
    assert_eq!(world.asked.lock().unwrap().len(), 1, "after the first token it is not asked again");
    let turns: Vec<_> = world.disk.lock().unwrap().sessions["s"].iter().map(|turn| turn.content.clone()).collect();
    assert_eq!(turns, ["hi", "half", "Error: model failed with CONNECTION_ERROR"]);
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_result_that_names_the_known_ones() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("raed", json!({}))]),
        _ => say("sorry"),
    });
    let (events, _) =
        finish(world.calm().start(request(vec![agent("a", vec![tool("read")])], "hi")).await.unwrap()).await;
    assert_eq!(tool_results(&events)[0].content, "Error: unknown tool 'raed'; available: read");
}

#[tokio::test]
async fn parallel_calls_keep_their_bound_and_results_their_order() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("slow", json!({"n": 1})), ("slow", json!({"n": 2})), ("read", json!({"n": 3}))]),
        _ => say("done"),
    });
    let limits = Limits { parallel_tool_calls: 2, ..Limits::default() };
    let agent = limited(agent("a", vec![tool("slow"), tool("read")]), limits);
    let mut started = world.calm().start(request(vec![agent], "hi")).await.unwrap();
    let mut begun = 0;
    while begun < 2 {
        let item = started.subscription.next().await.unwrap();
        begun += usize::from(
            matches!(&item, Item::Event(recorded) if matches!(recorded.event, Event::ToolCallStarted { .. })),
        );
    }
    tokio::task::yield_now().await;
    assert_eq!(world.ran("read"), 0, "the third waits for a free place");
    world.gate.notify_one();
    world.gate.notify_one();
    drain(&mut started.subscription).await;
    let last = world.asked.lock().unwrap().last().unwrap().messages.clone();
    let order: Vec<_> =
        last.iter().filter(|message| message.role == Role::Tool).map(|message| message.name.clone().unwrap()).collect();
    assert_eq!(order, ["slow", "slow", "read"]);
}

#[tokio::test]
async fn cancelling_stops_a_call_and_ends_the_run() {
    let world = World::new(|_| ask(&[("slow", json!({}))]));
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![tool("slow")])], "hi"), "s", true)).await.unwrap();
    loop {
        let item = started.subscription.next().await.unwrap();
        if matches!(&item, Item::Event(recorded) if matches!(recorded.event, Event::ToolCallStarted { .. })) {
            break;
        }
    }
    engine.command(started.run, Command::Cancel { by: "a person".to_owned(), forced: false }).await.unwrap();
    let (events, outcome) = finish(started).await;
    assert!(matches!(outcome, Outcome::Cancelled { by } if by == "a person"));
    assert!(tool_results(&events).is_empty() || tool_results(&events)[0].is_error);
    let run = events.last().unwrap().run;
    engine.command(run, Command::Cancel { by: "again".to_owned(), forced: false }).await.unwrap();
}

#[tokio::test]
async fn a_skill_that_cannot_be_opened_is_not_tried_for_ever() {
    let skill = SkillTool {
        name: "pdf".to_owned(),
        body: None,
        directory: None,
        files: std::collections::BTreeMap::default(),
        steps: Vec::new(),
    };
    let skill = ToolSnapshot { kind: ToolKind::Skill(skill), ..tool("pdf") };
    let world = World::new(|_| ask(&[("pdf", json!({}))]));
    world.results.lock().unwrap().extend((0..99).map(|_| ToolResult::error("its folder is gone")));
    let limits = Limits { max_tool_rounds: 2, ..Limits::default() };
    let start = request(vec![limited(agent("a", vec![skill]), limits)], "hi");
    let (_, outcome) = finish(world.calm().start(start).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::ToolRounds), .. }));
    assert_eq!(world.ran("pdf"), 3);
}

#[tokio::test]
async fn a_skill_is_opened_without_a_round_and_brings_bash_and_fetch() {
    let skill = SkillTool {
        name: "pdf".to_owned(),
        body: None,
        directory: Some("/skills/pdf".to_owned()),
        files: std::collections::BTreeMap::default(),
        steps: Vec::new(),
    };
    let skill = ToolSnapshot { kind: ToolKind::Skill(skill), ..tool("pdf") };
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("pdf", json!({})), ("read", json!({}))]),
        1 => ask(&[("bash", json!({"command": "ls"}))]),
        _ => say("done"),
    });
    let limits = Limits { max_tool_rounds: 1, ..Limits::default() };
    let agent = limited(agent("a", vec![skill, tool("read")]), limits);
    let (_, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: None, .. }), "opening a skill is no round");
    assert_eq!((world.ran("read"), world.ran("bash")), (0, 1), "what was asked for beside the skill is dropped");
    let asked = world.asked.lock().unwrap();
    let names: Vec<_> = asked[1].tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["read", "bash", "fetch"], "the skill itself is gone");
}

#[tokio::test]
async fn a_structured_answer_is_repaired_and_shown_only_when_valid() {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let world = World::new(|request| {
        if request.messages.iter().any(|message| message.content.contains("does not satisfy")) {
            say("```json\n{\"n\": 3}\n```")
        } else {
            say("{\"n\": \"three\"}")
        }
    });
    let mut started =
        world.calm().start(request(vec![with_schema(agent("a", vec![]), schema, 1)], "hi")).await.unwrap();
    let items = drain(&mut started.subscription).await;
    let shown: String = items
        .iter()
        .filter_map(|item| match item {
            Item::Delta(delta) => match &delta.piece {
                Piece::Content(text) => Some(text.as_str()),
                _ => None,
            },
            Item::Event(_) => None,
        })
        .collect();
    assert_eq!(shown, "```json\n{\"n\": 3}\n```");
    let outcome = items.iter().rev().find_map(|item| match item {
        Item::Event(recorded) => match &recorded.event {
            Event::RunFinished { outcome } => Some(outcome.clone()),
            _ => None,
        },
        Item::Delta(_) => None,
    });
    assert!(matches!(outcome, Some(Outcome::Completed { output: Some(value), .. }) if value == json!({"n": 3})));
}

#[tokio::test]
async fn an_answer_that_cannot_be_repaired_fails() {
    let schema = json!({"type": "object", "required": ["n"]});
    let world = World::new(|_| say("no"));
    let (_, outcome) =
        finish(world.calm().start(request(vec![with_schema(agent("a", vec![]), schema, 2)], "hi")).await.unwrap())
            .await;
    assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "OUTPUT_INVALID"));
    assert_eq!(world.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_large_result_is_cut_for_the_model_and_kept_whole() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("big", json!({}))]),
        _ => say("done"),
    });
    let (events, _) =
        finish(world.calm().start(request(vec![agent("a", vec![tool("big")])], "hi")).await.unwrap()).await;
    let result = &tool_results(&events)[0];
    let artifact = result.artifact.clone().unwrap();
    let note = format!("\n[cut: 262144 of 600000 bytes are shown; the whole is the artifact {}]", artifact.hash);
    assert!(result.content.ends_with(&note));
    assert_eq!(world.disk.lock().unwrap().blobs[&artifact.hash].len(), 600_000);
}

#[tokio::test]
async fn a_call_for_which_nothing_was_sent_has_an_empty_object() {
    let world = World::new(|request| {
        if results(&request.messages).is_empty() {
            let nothing = ModelEvent::ToolCall(ToolCallDelta {
                index: 0,
                id: Some("one".to_owned()),
                name: Some("slow".to_owned()),
                arguments: String::new(),
            });
            return vec![Ok(nothing), Ok(ModelEvent::Finished(FinishReason::ToolCalls))];
        }
        say("done")
    });
    world.gate.notify_one();
    let engine = world.calm();
    let mut started = engine.start(request(vec![agent("a", vec![tool("slow")])], "go")).await.unwrap();
    let items = drain(&mut started.subscription).await;
    let pieces = items.iter().filter_map(|item| match item {
        Item::Delta(delta) => match &delta.piece {
            Piece::ToolCall(call) => Some(call.arguments.as_str()),
            _ => None,
        },
        Item::Event(_) => None,
    });
    assert_eq!(pieces.collect::<String>(), "{}");
    let asked = world.asked.lock().unwrap();
    assert_eq!(asked[1].messages.iter().flat_map(|message| &message.tool_calls).next().unwrap().arguments, "{}");
}
